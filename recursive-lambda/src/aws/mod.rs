//! The ports on AWS: S3 for objects and records, Lambda for signals, `lambda_runtime` for events.
//!
//! All calls to AWS run on one thread of their own: user code that blocks its thread can hold up neither a renewal of the
//! lease nor the reading ahead, and one HTTP client's connections live as long as the process.

mod clients;
mod dates;
mod logging;
mod objects;
mod records;
mod runtime;
mod signals;
mod watch;
mod why;

pub(crate) use runtime::serve;
