//! The rules of a run, one table each: what was given, what then happened, and the effects.
//!
//! A line's last column is the trace of effects; `fixtures` has the few words it uses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod acquiring;
mod commanded;
mod concurrent;
mod delivered;
mod ending;
mod fenced;
mod fixtures;
mod sharding;
mod signalling;
mod skipping;
mod waiting;
mod working;
