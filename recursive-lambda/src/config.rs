//! The attribute's arguments as data, without behaviour.
//!
//! Everything that depends on the deployment is in `Settings`.

/// Where a job's bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Ranged reads, prefetched: little is read that is not used.
    Stream,
    /// The whole object, cached in /tmp. The next warm invocation finds it there and only checks that it has not changed. Each
    /// container that takes over the run fetches all of it.
    Tmp,
}

pub use recursive_lambda_core::compression::Compression;
pub use recursive_lambda_core::encoding::Encoding;

/// What happens when a record does not decode, or when a batch fails with a terminal error or for the last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnError {
    /// The run fails at its position.
    #[default]
    Stop,
    /// Up to N records of a run are skipped. Each is written to the store with its error, and the run goes on after it. To find
    /// the bad record of a batch, the job is called with smaller and smaller parts of the batch. Two things are never skipped and
    /// fail the run: a record of more than 1 MiB, and an object that is not of the job's format.
    Skip(u64),
}

/// How many shards a run has, which are processed at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shards {
    /// This many, 2 to 1,000.
    Exactly(u32),
    /// One for each 256 MiB of the object, at most 100. A smaller object is not divided.
    Auto,
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
    /// The most batches of one invocation; `None`: as many as its time allows.
    pub batches_per_invocation: Option<u64>,
    /// Where the bytes come from; `None`: [`Source::Stream`] for a `Batch`, [`Source::Tmp`] for a `FileBatch`.
    pub source: Option<Source>,
    /// How the object's bytes become text. A `FileBatch` is never decompressed.
    pub compression: Compression,
    /// How the text's bytes become UTF-8. A `FileBatch` is never decoded.
    pub encoding: Encoding,
    /// The most batches in flight at once, at least 1. More than one only without state, and not for a `FileBatch`.
    pub concurrency: u64,
    /// What happens when a record or a batch cannot be processed. A `FileBatch` job always stops.
    pub on_error: OnError,
    /// Whether the job has an `on_complete`. Without one a run needs one save less at its end.
    pub on_complete: bool,
    /// How many shards a run has; `None`: one invocation at a time processes the object.
    pub shards: Option<Shards>,
    /// Whether the job's states of two shards can be merged. A job with state needs it for shards.
    pub merge: bool,
}

impl Config {
    /// Batches of `batch` records, with the defaults for every other argument.
    #[must_use]
    pub const fn new(batch: usize) -> Self {
        Self {
            batch,
            reserve_ms: 10_000,
            batches_per_invocation: None,
            source: None,
            compression: Compression::Auto,
            encoding: Encoding::UTF_8,
            concurrency: 1,
            on_error: OnError::Stop,
            on_complete: false,
            shards: None,
            merge: false,
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

    /// Sets how the text's bytes become UTF-8.
    #[must_use]
    pub const fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sets the most batches in flight at once, at least 1.
    #[must_use]
    pub const fn concurrency(mut self, batches: u64) -> Self {
        self.concurrency = batches;
        self
    }

    /// Sets what happens when a record or a batch cannot be processed.
    #[must_use]
    pub const fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// Says that [`Handler::on_complete`](crate::Handler::on_complete) is implemented and must be called.
    #[must_use]
    pub const fn on_complete(mut self) -> Self {
        self.on_complete = true;
        self
    }

    /// Sets how many shards a run has. The format must say how it can be cut: [`Format::CUT`](crate::format::Format::CUT).
    #[must_use]
    pub const fn shards(mut self, shards: Shards) -> Self {
        self.shards = Some(shards);
        self
    }

    /// Says that [`Handler::merge`](crate::Handler::merge) is implemented.
    #[must_use]
    pub const fn merge(mut self) -> Self {
        self.merge = true;
        self
    }
}
