//! The ports on AWS: S3 for objects and checkpoints, Lambda for signals, `lambda_runtime` for events.
//!
//! All calls to AWS run on one separate thread: user code that blocks its thread cannot delay a renewal of the lease or a
//! prefetch, and the connections of the one HTTP client live as long as the process.

mod clients;
mod logging;
#[cfg(feature = "metrics")]
mod metrics;
mod objects;
mod runtime;
mod sdk_error;
mod signals;
mod store;
mod store_clock;
mod watch;

pub(crate) use runtime::serve;
