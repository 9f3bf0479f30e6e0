//! Decides what happens to a run; performs nothing.
//!
//! Pure: no clock, no environment, no IO, no async, no randomness. Time comes in with each event, effects go out as values, and
//! the driver performs them through its ports. The same code runs on Lambda, on the local platform and in tests.
//!
//! Read it in this order: the messages, what a checkpoint decides about an event, how a save is brought to a certain end, how
//! much fits into an invocation, what stops a runaway run, what finds a forgotten one.

pub mod messages;

pub mod run;

pub mod refusal;

pub mod save;

pub mod budget;
pub mod prefetch;
pub mod recursion;
pub mod sweep;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod model;

#[cfg(test)]
mod shard_model;
