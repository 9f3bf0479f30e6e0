//! AWS Lambda and S3 on loopback, for integration tests and for `cargo recursive-lambda run`.
//!
//! Unlike other emulators, it implements Lambda's asynchronous invocation faithfully: the queue, retries, time-outs that kill the process,
//! crashes, recursion detection, dead letters, duplicates and losses. The real program runs as child processes through the real Runtime
//! API. There is also a small S3 with atomic conditional writes, which counts requests. Both services work with the AWS SDK.
//!
//! Only S3 checks signatures, and everything listens on 127.0.0.1. This is not a sandbox: the program runs as the current user.
//!
//! To test a `recursive-lambda` job, [`Platform::for_job`] and [`Platform::run_over`] are enough. The repository's `docs/testing.md` shows
//! a package that uses them.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod builder;
mod cleanup;
mod concurrency;
mod error;
mod faults;
mod http;
mod journal;
mod lambda;
mod platform;
mod requests;
mod runs;
mod s3;
mod triggers;

pub use self::builder::Builder;
pub use self::error::{Error, ErrorKind};
pub use self::faults::{ApiCall, Fault, Operation};
pub use self::journal::{ContainerId, Counters, DeadLetter, Entry, Outcome, Reason, Stream, What};
pub use self::lambda::{QueueFaults, RecursiveLoop};
pub use self::platform::{IdleContainer, Platform};
pub use self::runs::RunReport;
pub use self::s3::{ObjectInfo, S3, S3Counts};
pub use self::triggers::{Channel, Trigger};

/// The AWS account that owns everything on the platform.
pub const ACCOUNT: &str = "123456789012";
/// The AWS region of everything on the platform.
pub const REGION: &str = "us-east-1";
const ACCESS_KEY: &str = "LOCALACCESSKEY";
const SECRET_KEY: &str = "local-secret-key";
