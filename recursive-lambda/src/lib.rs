#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "aws"), allow(dead_code, unused_imports, reason = "the runtime that uses the rest is not built"))]

#[cfg(doctest)]
#[doc = include_str!("../../docs/jobs.md")]
mod jobs_page {}

mod input;
mod job;
mod lent;

mod batch;
mod config;
mod file_batch;
mod object;
mod progress;

mod ports;

mod driver;

mod cache;

#[cfg(test)]
mod fixtures;
mod invocation;
mod run;
mod settings;

#[cfg(feature = "aws")]
mod aws;

#[cfg(test)]
mod simulation;

pub use batch::{Batch, IdempotencyKey};
pub use config::{Compression, Config, Encoding, OnError, Shards, Source};
pub use file_batch::FileBatch;
pub use input::Input;
pub use job::{FlowOf, Handler, IntoFinished, IntoOutcome, Job};
pub use object::Object;
pub use progress::{Advance, Flow, Progress, Summary};
pub use recursive_lambda_core::{BoxError, Error, ErrorKind, OffsetIn, Place, Terminal};
/// Turns an async function into a job: each call processes one batch of records, and as many invocations as needed process the
/// whole object.
///
/// ```
/// use recursive_lambda::{Batch, Error, Progress, Summary, Terminal, recursive_lambda};
/// # struct Db;
/// # impl Db { async fn insert(&self, _: impl std::fmt::Display, _: &[Order]) -> std::io::Result<()> { Ok(()) } }
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     customer: String,
///     cents: u64,
/// }
///
/// #[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
/// struct Totals {
///     cents: u64,
/// }
///
/// #[recursive_lambda(batch = 400, format = csv, reserve = "20s", is_complete = enough, on_complete = report)]
/// async fn import(batch: Batch<Order>, totals: &mut Totals, db: &Db) -> Result<(), Error> {
///     for order in &batch {
///         // `?`: the run waits and retries the batch. `.terminal()?`: the run fails.
///         totals.cents = totals.cents.checked_add(order.cents).ok_or("too much money").terminal()?;
///     }
///     db.insert(batch.idempotency_key(), &batch).await?;
///     Ok(())
/// }
///
/// fn enough(_: &Progress, totals: &Totals) -> bool {
///     totals.cents >= 1_000_000_00
/// }
///
/// async fn report(summary: &Summary, totals: &Totals, _: &Db) -> Result<(), Error> {
///     println!("{} orders, {} cents", summary.progress().position(), totals.cents);
///     Ok(())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// // The function can still be called, as in this unit test.
/// let order = Order { customer: "c1".into(), cents: 250 };
/// let mut totals = Totals::default();
/// import(Batch::of([order]), &mut totals, &Db).await.unwrap();
/// assert_eq!(totals.cents, 250);
/// # });
/// ```
#[doc(inline)]
pub use recursive_lambda_macros::recursive_lambda;
pub use run::{ResourcesOf, Run, run, run_with};

/// How bytes become records: the built-in formats, and the traits for your own.
///
/// ```
/// use recursive_lambda::format::{Decode, Format, Split};
/// use recursive_lambda::{Batch, BoxError, Error, recursive_lambda};
///
/// /// Samples of 4 bytes, big-endian.
/// #[derive(Default)]
/// struct Samples;
///
/// impl Format for Samples {
///     const NAME: &'static str = "samples";
///
///     fn split(&mut self, bytes: &[u8], end: bool) -> Split {
///         match bytes.len() {
///             0..4 if end => Split::Record { content: bytes.len(), next: bytes.len() },
///             0..4 => Split::More,
///             _ => Split::Record { content: 4, next: 4 },
///         }
///     }
/// }
///
/// impl Decode<u32> for Samples {
///     fn decode(&mut self, record: &[u8]) -> Result<u32, BoxError> {
///         Ok(u32::from_be_bytes(record.try_into()?))
///     }
/// }
///
/// #[recursive_lambda(batch = 10_000, format = Samples)]
/// async fn sum(batch: Batch<u32>, sum: &mut u64) -> Result<(), Error> {
///     *sum += batch.iter().map(|sample| u64::from(*sample)).sum::<u64>();
///     Ok(())
/// }
/// ```
pub mod format {
    pub use recursive_lambda_core::records::{Csv, Cut, Decode, Format, Json, Jsonl, Lines, Split};
}

/// Used by the attribute's expansion. Not part of the public API.
#[doc(hidden)]
pub mod __private {
    pub use crate::input::{EndsWithTheObject, can_be_cut, read_by_record};
    pub use crate::job::Stub;
    pub use crate::lent::{Lent, NotShared, Shared};
}
