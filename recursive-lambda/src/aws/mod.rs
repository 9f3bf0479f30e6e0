//! The ports on AWS: S3 for objects and records, Lambda for signals, `lambda_runtime` for events.
//!
//! All calls to AWS run on one thread of their own: user code that blocks its thread can hold up neither a renewal of the
//! lease nor the reading ahead, and one HTTP client's connections live as long as the process.

mod clients;
mod logging;
mod objects;
mod runtime;
mod sdk_error;
mod signals;
mod store;
mod store_clock;
mod watch;

pub(crate) use runtime::serve;
