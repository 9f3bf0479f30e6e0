//! What a job's `is_complete` and `on_complete` receive, and what the job returns.

use std::time::SystemTime;

/// The progress of a run. `is_complete` receives it after every batch.
///
/// ```
/// use recursive_lambda::Progress;
///
/// fn sample(progress: &Progress) -> bool {
///     progress.position() >= 10_000
/// }
///
/// assert!(!sample(&Progress::of(9_999)) && sample(&Progress::of(10_000)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub(crate) position: u64,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) batches: u64,
    pub(crate) invocations: u64,
    pub(crate) at_end: bool,
}

impl Progress {
    /// The progress of a run after `records` records, for tests of an `is_complete`: after one batch in one invocation, at byte 0
    /// of an object of 0 bytes.
    #[must_use]
    pub fn of(position: u64) -> Self {
        Self { position, offset: 0, size: 0, batches: 1, invocations: 1, at_end: false }
    }

    /// Records done; for a [`FileBatch`](crate::FileBatch) the sum of the job's steps, in its own unit.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Bytes of the object done: the offset of the next record. 0 for a [`FileBatch`](crate::FileBatch), which reads where it
    /// likes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The object's size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Batches done, or calls for a [`FileBatch`](crate::FileBatch). Each counts once, no matter how often it was tried.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// Invocations that have worked on the run, including this one.
    #[must_use]
    pub fn invocations(&self) -> u64 {
        self.invocations
    }

    /// Whether the whole object has been read; always false for a [`FileBatch`](crate::FileBatch), where this is unknown.
    #[must_use]
    pub fn at_end(&self) -> bool {
        self.at_end
    }
}

/// The result of a finished run. `on_complete` receives it.
///
/// ```
/// use recursive_lambda::{Error, Summary};
///
/// async fn report(summary: &Summary, cents: &u64) -> Result<(), Error> {
///     println!("run {}: {} orders, {cents} cents", summary.run_id(), summary.progress().position());
///     Ok(())
/// }
/// # futures_util::FutureExt::now_or_never(async {
/// // A unit test.
/// report(&Summary::of(2), &300).await.unwrap();
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub(crate) progress: Progress,
    pub(crate) skipped: u64,
    pub(crate) started: SystemTime,
    pub(crate) run_id: String,
}

impl Summary {
    /// The summary of a run over `records` records that started now, for tests of an `on_complete`; its [`run_id`](Self::run_id)
    /// is `test`.
    #[must_use]
    pub fn of(position: u64) -> Self {
        let progress = Progress { at_end: true, ..Progress::of(position) };
        Self { progress, skipped: 0, started: SystemTime::now(), run_id: "test".into() }
    }

    /// How far the run came. [`at_end`](Progress::at_end) tells whether the whole object was read, or whether `is_complete` or
    /// [`Flow::Complete`] ended the run early.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Records that could not be processed and were skipped.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// When the run started.
    #[must_use]
    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// The run's id: the idempotency key of `on_complete`.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.run_id
    }
}

/// Whether the run goes on after this batch. A job over a [`FileBatch`](crate::FileBatch) can say more, with [`Advance`].
///
/// ```
/// use recursive_lambda::{Batch, Error, Flow, recursive_lambda};
///
/// #[recursive_lambda(batch = 100)]
/// async fn find(batch: Batch<String>) -> Result<Flow, Error> {
///     let found = batch.iter().any(|line| line.contains("Rock pigeon"));
///     Ok(if found { Flow::Complete } else { Flow::Continue })
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// Go on with the next batch.
    #[default]
    Continue,
    /// The run is complete; this batch was the last.
    Complete,
}

/// How far a job over a [`FileBatch`](crate::FileBatch) came, if that is not its `limit`.
///
/// A position is in the job's own unit: frames, rows, bytes. It must grow with every call, or the run fails at once instead of
/// calling forever.
///
/// ```
/// use recursive_lambda::{Advance, Error, Progress, FileBatch, recursive_lambda};
///
/// # async fn decode(_: &std::path::Path, _: u64, _: usize) -> Result<u64, Error> { Ok(3) }
/// /// Decodes up to 400 frames; fewer are left at the end of the film.
/// #[recursive_lambda(batch = 400, is_complete = never)]
/// async fn frames(film: FileBatch) -> Result<Advance, Error> {
///     let decoded = decode(film.path(), film.position(), film.limit()).await?;
///     let advance = Advance::by(decoded);
///     Ok(if decoded < film.limit() as u64 { advance.and_complete() } else { advance })
/// }
///
/// fn never(_: &Progress) -> bool {
///     false
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "it has an effect only if the job returns it"]
pub struct Advance {
    /// `None`: by the file batch's limit.
    pub(crate) step: Option<u64>,
    pub(crate) complete: bool,
}

impl Advance {
    /// The position grows by `step`, at least 1. 0 is only allowed with [`and_complete`](Self::and_complete).
    pub const fn by(step: u64) -> Self {
        Self { step: Some(step), complete: false }
    }

    /// The run is complete; this call was the last.
    pub const fn and_complete(self) -> Self {
        Self { complete: true, ..self }
    }
}

/// By the file batch's limit.
impl From<Flow> for Advance {
    fn from(flow: Flow) -> Self {
        Self { step: None, complete: flow == Flow::Complete }
    }
}
