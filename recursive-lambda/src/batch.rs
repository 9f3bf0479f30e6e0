//! What a job is given: a batch of records, and its place in the run.
//!
//! A batch never changes after it is handed over, and does not know how it was read.

use crate::object::Object;
use recursive_lambda_core::object::PinnedObject;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// Consecutive records of the object: at most as many as the attribute's `batch`.
///
/// It dereferences to a slice and iterates by value and by reference. It holds exactly `batch` records, the same in every
/// invocation, retry and deployment. There are fewer at the end of the object, before a record that does not decode, and, with
/// `on_error = skip(N)`, during the search for a bad record.
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

/// The place of a batch.
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
    pub(crate) shard: Option<u32>,
    pub(crate) object: Object,
    pub(crate) epoch: u64,
    /// The time until the invocation's deadline. It is a function because the driver has the clock.
    pub(crate) time_left: Box<dyn Fn() -> Duration + Send + Sync>,
}

impl Context {
    /// The context in a unit test of a job.
    pub(crate) fn for_tests(position: u64, object: PinnedObject) -> Self {
        let time_left = Box::new(|| Duration::from_secs(900));
        let run = RunContext { run_id: "test".into(), shard: None, object: object.into(), epoch: 1, time_left };
        Self { run: Arc::new(run), position, attempt: 1 }
    }

    pub(crate) fn idempotency_key(&self, len: usize) -> IdempotencyKey {
        IdempotencyKey { run: self.run.run_id.clone(), shard: self.run.shard, position: self.position, len }
    }
}

/// Identifies the effect of a batch, so that a sink can recognise a repetition: `run:position+len`, or `run/shard:position+len`.
///
/// It is the same across retries, invocations and deployments. As text it has at most 78 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    run: String,
    shard: Option<u32>,
    position: u64,
    len: usize,
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, position, len, .. } = self;
        match self.shard {
            Some(shard) => write!(f, "{run}/{shard}:{position}+{len}"),
            None => write!(f, "{run}:{position}+{len}"),
        }
    }
}

impl<T> Batch<T> {
    pub(crate) fn new(records: Vec<T>, context: Context) -> Self {
        Self { records, context }
    }

    /// A batch of these records at position 0 of a made-up object, for tests of a job: the first attempt of the run `test`, with
    /// epoch 1 and 900 s left. [docs/testing.md](https://github.com/recursive-lambda/recursive-lambda/blob/main/docs/testing.md)
    /// shows how to test whole runs.
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

    /// The number of records before this batch: of the object or, in a run over shards, of this shard.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.context.position
    }

    /// Which shard of the run this batch belongs to, from 0 on; `None`: the run has no shards.
    #[must_use]
    pub fn shard(&self) -> Option<u32> {
        self.context.run.shard
    }

    /// The object that is read.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.context.run.object
    }

    /// The run's id: 32 hexadecimal digits, the same for every delivery of the same upload, and for all shards of the run.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.context.run.run_id
    }

    /// Store this with the batch's effect, and you recognise the batch if a crash repeats it. With `on_error = skip(N)` a failed
    /// batch is repeated in parts, which have their own keys.
    #[must_use]
    pub fn idempotency_key(&self) -> IdempotencyKey {
        self.context.idempotency_key(self.records.len())
    }

    /// A number that grows whenever another invocation takes over the run. A sink that refuses smaller numbers than it has seen
    /// is safe from an invocation that lost its lease without noticing.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.context.run.epoch
    }

    /// Which attempt at this position this is, counted from 1. For a batch that runs concurrently with earlier ones it is
    /// unknown, and 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.context.attempt
    }

    /// The time until the invocation's deadline; zero if it is past or unknown.
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

/// Without the records: they are the user's data and do not belong in a log.
impl<T> fmt::Debug for Batch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("len", &self.records.len())
            .field("position", &self.context.position)
            .field("run_id", &self.context.run.run_id)
            .finish_non_exhaustive()
    }
}
