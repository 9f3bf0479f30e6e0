//! What a job is given: a batch of records, and where it stands in its run.
//!
//! A batch never changes once it is handed over, and knows nothing of how it was read.

use crate::object::Object;
use recursive_lambda_core::object::PinnedObject;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// Consecutive records of the object, at most as many as the attribute's `batch`.
///
/// It dereferences to a slice and iterates by value and by reference. It holds exactly `batch` records, the same in every invocation,
/// retry and deployment; fewer at the end of the object, before a record that does not decode, and, with `on_error = skip(N)`, while a record
/// at fault is searched.
///
/// ```
/// use recursive_lambda::{Batch, Error};
///
/// async fn import(batch: Batch<String>) -> Result<(), Error> {
///     for line in &batch {
///         println!("{}: {line}", batch.position());
///     }
///     Ok(())
/// }
/// # futures_util::FutureExt::now_or_never(async {
/// // An annotated function stays a function: this is its unit test.
/// import(Batch::of(["one".to_string(), "two".to_string()])).await.unwrap();
/// # }).unwrap();
/// ```
pub struct Batch<T> {
    records: Vec<T>,
    context: Context,
}

/// Where a batch stands.
#[derive(Clone)]
#[doc(hidden)]
pub struct Context {
    pub(crate) run: Arc<RunContext>,
    pub(crate) position: u64,
    pub(crate) attempt: u32,
}

/// What all batches of an invocation share.
pub(crate) struct RunContext {
    pub(crate) run_id: String,
    pub(crate) object: Object,
    pub(crate) epoch: u64,
    /// Time until the invocation's deadline; a function, because the clock is the driver's.
    pub(crate) time_left: Box<dyn Fn() -> Duration + Send + Sync>,
}

impl Context {
    /// What a unit test of a job is given.
    pub(crate) fn for_tests(position: u64, object: PinnedObject) -> Self {
        let time_left = Box::new(|| Duration::from_secs(900));
        let run = RunContext { run_id: "test".into(), object: object.into(), epoch: 1, time_left };
        Self { run: Arc::new(run), position, attempt: 1 }
    }

    pub(crate) fn idempotency_key(&self, len: usize) -> IdempotencyKey {
        IdempotencyKey { run: self.run.run_id.clone(), position: self.position, len }
    }
}

/// What makes the effect of a batch recognisable when it comes again: `run:position+len`.
///
/// It is the same over retries, invocations and deployments. Text of at most 74 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    run: String,
    position: u64,
    len: usize,
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}+{}", self.run, self.position, self.len)
    }
}

impl<T> Batch<T> {
    pub(crate) fn new(records: Vec<T>, context: Context) -> Self {
        Self { records, context }
    }

    /// A batch of these records at position 0 of a made-up object, for tests of a job: the first attempt of the run `test`, with epoch 1
    /// and 900 s left. [docs/testing.md](https://github.com/recursive-lambda/recursive-lambda/blob/main/docs/testing.md) goes on from
    /// here to tests of whole runs.
    ///
    /// ```
    /// # use recursive_lambda::Batch;
    /// let batch = Batch::of([1, 2, 3]);
    /// assert_eq!(batch.len(), 3);
    /// assert_eq!(batch.idempotency_key().to_string(), "test:0+3");
    /// ```
    pub fn of(records: impl IntoIterator<Item = T>) -> Self {
        Self::new(records.into_iter().collect(), Context::for_tests(0, PinnedObject::for_tests()))
    }

    /// How many records of the object come before this batch.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.context.position
    }

    /// The object that is read.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.context.run.object
    }

    /// The run's identity: 32 hexadecimal digits, the same for every delivery of the same upload.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.context.run.run_id
    }

    /// What to store beside this batch's effect, to recognise it when the batch comes again after a crash. With `on_error = skip(N)` a batch that
    /// failed comes again in parts, which have keys of their own.
    #[must_use]
    pub fn idempotency_key(&self) -> IdempotencyKey {
        self.context.idempotency_key(self.records.len())
    }

    /// A number that grows with every takeover of the run. A sink that refuses smaller ones than it has seen is fenced
    /// against an invocation that lost its lease without noticing.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.context.run.epoch
    }

    /// Which attempt at this position this is, counted from 1. Of a batch that is begun beside others it is not known, and 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.context.attempt
    }

    /// Time until the invocation's deadline; zero if it is past or unknown.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        (self.context.run.time_left)()
    }
}

impl<T> Deref for Batch<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.records
    }
}

impl<T> IntoIterator for Batch<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Batch<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.iter()
    }
}

/// Without the records: they are the user's data, and a log is no place for them.
impl<T> fmt::Debug for Batch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("len", &self.records.len())
            .field("position", &self.context.position)
            .field("run_id", &self.context.run.run_id)
            .finish_non_exhaustive()
    }
}
