//! Placeholder until the README is written.

mod batch;
mod config;
#[allow(missing_docs, unreachable_pub, dead_code, reason = "being written")]
mod engine;
mod error;
#[allow(dead_code, unused_imports, reason = "until the driver reads events")]
mod event;
mod job;
mod progress;
mod records;
mod run;

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
