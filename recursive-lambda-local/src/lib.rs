//! AWS Lambda and S3 on loopback, for integration tests and for `cargo recursive-lambda run`.
//!
//! What no other emulator has: Lambda's asynchronous invocation as it is, with a queue, retries, time-outs that kill, crashes,
//! recursion detection, dead letters, duplicates and losses, running the real program as child processes through the real
//! Runtime API. It also has a small S3 with atomic conditional writes, which counts requests. Both work with the AWS SDK.
//! Signatures are checked by S3 only, and everything listens on 127.0.0.1. Not a sandbox: the program runs as this user.
//!
//! For tests of a job of `recursive-lambda`, [`Platform::for_job`] and [`Platform::run_over`] are all there is to know; the repository's
//! `docs/testing.md` has a package that uses them.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod builder;
mod cleanup;
mod error;
mod faults;
mod http;
mod journal;
mod lambda;
mod platform;
mod runs;
mod s3;
mod sync;
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

/// The account everything belongs to.
pub const ACCOUNT: &str = "123456789012";
/// The region everything is in.
pub const REGION: &str = "us-east-1";
const ACCESS_KEY: &str = "LOCALACCESSKEY";
const SECRET_KEY: &str = "local-secret-key";
