//! Decides what happens to a run; performs nothing.
//!
//! Pure: no clock, no environment, no IO, no async, no randomness. Time comes in with each event, effects go out as values, and
//! the driver performs them through its ports. The same code runs on Lambda, on the local platform and in tests.
//!
//! Read it in this order: the record of the run, what it decides about an event, how a save is brought to a certain end, how
//! much fits into an invocation, what stops a run that got away, what finds one that was forgotten.

pub(crate) mod record;

pub(crate) mod step;

pub(crate) mod run;

pub(crate) mod refusal;

pub(crate) mod save;

pub(crate) mod aside;
pub(crate) mod budget;
pub(crate) mod guard;
pub(crate) mod identity;
pub(crate) mod read_ahead;
pub(crate) mod sweep;

#[cfg(test)]
mod run_tests;

#[cfg(test)]
mod model;
