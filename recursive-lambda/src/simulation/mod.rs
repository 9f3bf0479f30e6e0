//! The ports in memory, with a virtual clock and faults: the shipped driver and engine, run through whole worlds in milliseconds.
//!
//! A seed decides everything: the deployment, the job, what goes wrong and when, and which of two things that could happen at once
//! happens first. There is no thread, no real clock and no other source of chance, so a seed that fails does so again.

mod chance;
mod check_record;
mod checks;
mod environment;
mod executor;
mod faults;
mod function;
mod jobs;
mod judge;
mod options;
mod oracle;
mod queue;
mod run;
mod store;
#[cfg(test)]
mod tests;
mod trace;
mod world;
