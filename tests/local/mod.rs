//! The shipped crate in real processes: the program `tally` on `recursive-lambda-local`, through the real Lambda runtime and AWS SDK.
//!
//! Cases that must wait, mostly for a lease to expire, run concurrently in one test.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

mod alarms;
mod command;
mod command_ends;
mod concurrent;
mod contract;
mod crashes;
mod deployments;
mod design;
mod ends;
mod events;
mod keys;
mod limits;
mod metrics;
mod naive;
mod new_package;
mod objects;
mod operating;
mod operating_errors;
mod outages;
mod reading;
mod recursion;
mod settings;
mod shards;
mod shared_process;
mod skipping;
mod stage;
mod storm;
mod storm_faults;
mod sweep;
mod wire;
