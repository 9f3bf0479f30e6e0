//! What the attribute's arguments say: data, without behaviour.
//!
//! What depends on the deployment is not here but in `Settings`.

/// Where a job's bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Ranged reads, fetched ahead: nothing is read that is not used.
    Stream,
    /// The whole object, cached in /tmp and found there by the next warm invocation, which then only asks whether it is still the same.
    /// Every container that takes up the run fetches all of it.
    Tmp,
}

pub use recursive_lambda_core::compression::Compression;

/// What becomes of a run when a record or a batch cannot be processed: when a record does not decode, and when a batch fails with a
/// terminal error or for the last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnError {
    /// The run fails where it stands.
    #[default]
    Stop,
    /// Up to so many records of a run are set aside: each is written, with what is wrong with it, beside the record of the run, and the
    /// run goes on behind it. The record at fault in a batch is found by calling the job with ever smaller parts of the batch.
    /// A record of more than 1 MiB is never skipped, nor an object that is not of the job's format: the run fails.
    Skip(u64),
}

/// The attribute's arguments, as [`Handler::CONFIG`](crate::Handler::CONFIG).
///
/// ```
/// # use recursive_lambda::Config;
/// const CONFIG: Config = Config::new(400).reserve_ms(20_000);
/// assert_eq!(CONFIG.batch, 400);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Records per call, at least 1.
    pub batch: usize,
    /// Time kept free before the invocation's deadline, in milliseconds.
    pub reserve_ms: u64,
    /// The most batches of one invocation; `None`: as many as fit.
    pub batches_per_invocation: Option<u64>,
    /// Where the bytes come from; `None`: as the input has it, [`Source::Stream`] for `Batch` and [`Source::Tmp`] for `FileBatch`.
    pub source: Option<Source>,
    /// How the object's bytes become text. A `FileBatch` is the object as it is.
    pub compression: Compression,
    /// The most batches in flight at once, at least 1. More than one only without carried state, and not of a `FileBatch`.
    pub concurrency: u64,
    /// What becomes of the run when a record or a batch cannot be processed. A `FileBatch` job always stops.
    pub on_error: OnError,
    /// Whether the job has an `on_complete`: without one a run needs one save less at its end.
    pub on_complete: bool,
}

impl Config {
    /// Batches of so many records, and every other argument at its default.
    #[must_use]
    pub const fn new(batch: usize) -> Self {
        Self {
            batch,
            reserve_ms: 10_000,
            batches_per_invocation: None,
            source: None,
            compression: Compression::Auto,
            concurrency: 1,
            on_error: OnError::Stop,
            on_complete: false,
        }
    }

    /// Sets the time kept free before the deadline, in milliseconds.
    #[must_use]
    pub const fn reserve_ms(mut self, ms: u64) -> Self {
        self.reserve_ms = ms;
        self
    }

    /// Sets the most batches of one invocation, at least 1.
    #[must_use]
    pub const fn batches_per_invocation(mut self, batches: u64) -> Self {
        self.batches_per_invocation = Some(batches);
        self
    }

    /// Sets where the bytes come from. A `FileBatch` is always a file in /tmp.
    #[must_use]
    pub const fn source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// Sets how the object's bytes become text.
    #[must_use]
    pub const fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Sets the most batches in flight at once, at least 1.
    #[must_use]
    pub const fn concurrency(mut self, batches: u64) -> Self {
        self.concurrency = batches;
        self
    }

    /// Sets what becomes of the run when a record or a batch cannot be processed.
    #[must_use]
    pub const fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// Says that [`Handler::on_complete`](crate::Handler::on_complete) is implemented and is to be called.
    #[must_use]
    pub const fn on_complete(mut self) -> Self {
        self.on_complete = true;
        self
    }
}
