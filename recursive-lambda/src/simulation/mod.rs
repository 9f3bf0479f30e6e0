//! The ports in memory, with a virtual clock and faults: the shipped driver and engine, run through whole worlds in milliseconds.
//!
//! A seed decides everything: the deployment, the job, the faults and their times, and the order of concurrent events. There are
//! no threads, no real clock and no other randomness, so a failing seed always fails.

mod chance;
mod check_record;
mod checks;
mod environment;
mod executor;
mod faults;
mod function;
mod jobs;
mod judge;
mod operator;
mod options;
mod oracle;
mod parts;
mod queue;
mod run;
mod store;
#[cfg(test)]
mod tests;
mod trace;
mod world;
