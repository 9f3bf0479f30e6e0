//! Placeholder until the README is written.

#[cfg(feature = "aws")]
mod aws;
mod batch;
mod config;
#[cfg_attr(not(feature = "aws"), allow(dead_code, unused_imports, reason = "the runtime uses it"))]
mod driver;
#[cfg_attr(not(feature = "aws"), allow(dead_code, unused_imports, reason = "the runtime uses it"))]
mod engine;
mod error;
#[cfg_attr(not(feature = "aws"), allow(dead_code, unused_imports, reason = "the runtime uses it"))]
mod event;
#[cfg_attr(not(feature = "aws"), allow(dead_code, unused_imports, reason = "the runtime uses it"))]
mod invocation;
mod job;
#[cfg_attr(not(feature = "aws"), allow(dead_code, unused_imports, reason = "the runtime uses it"))]
mod ports;
mod progress;
#[cfg_attr(not(feature = "aws"), allow(dead_code, unused_imports, reason = "the runtime uses it"))]
mod records;
mod run;
#[cfg_attr(not(feature = "aws"), allow(dead_code, unused_imports, reason = "the runtime uses it"))]
mod settings;
#[cfg(any(test, feature = "simulation"))]
#[cfg_attr(not(test), allow(dead_code, reason = "its tests use it"))]
#[doc(hidden)]
pub mod simulation;

pub use batch::{Batch, IdempotencyKey};
pub use config::Config;
pub use engine::record::Object;
pub use error::{BoxError, Error, ErrorKind, Place, Terminal};
pub use job::{Handler, Input, IntoFinished, IntoOutcome, Job};
pub use progress::{Flow, Progress, Summary};
#[doc(inline)]
pub use recursive_lambda_macros::recursive_lambda;
pub use run::{ResourcesOf, Run, run, run_with};

/// How bytes become records: the formats, and the traits for one of your own.
pub mod format {
    pub use crate::records::{Csv, Decode, Format, Jsonl, Lines, Split};
}

/// What the attribute's expansion uses. Not part of the public API.
#[doc(hidden)]
pub mod __private {
    pub use crate::job::{EndsWithTheObject, Stub};
}
