//! What a job's `is_complete` and `on_complete` are told, and what the job says.

use std::time::SystemTime;

/// How far a run has come, as `is_complete` is told after every batch.
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
    /// The progress of a run after so many records, for tests of an `is_complete`: after one batch in one invocation, at byte 0 of an
    /// object of 0 bytes.
    #[must_use]
    pub fn of(position: u64) -> Self {
        Self { position, offset: 0, size: 0, batches: 1, invocations: 1, at_end: false }
    }

    /// Records done; for a [`FileBatch`](crate::FileBatch) what the job counts: the sum of its steps.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Bytes of the object done: the offset of the next record. 0 for a [`FileBatch`](crate::FileBatch), which reads as it likes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The object's size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Batches done, or calls for a [`FileBatch`](crate::FileBatch); each counts once, however often it was tried.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// Invocations that have worked on the run, this one included.
    #[must_use]
    pub fn invocations(&self) -> u64 {
        self.invocations
    }

    /// Whether the whole object has been read; of a [`FileBatch`](crate::FileBatch) that is not known, and false.
    #[must_use]
    pub fn at_end(&self) -> bool {
        self.at_end
    }
}

/// What a finished run amounts to, as `on_complete` is told.
///
/// ```
/// use recursive_lambda::{Error, Summary};
///
/// async fn report(summary: &Summary, cents: &u64) -> Result<(), Error> {
///     println!("run {}: {} orders, {cents} cents", summary.run_id(), summary.progress().position());
///     Ok(())
/// }
/// # futures_util::FutureExt::now_or_never(async {
/// // Its unit test.
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
    /// The summary of a run over so many records, begun now, for tests of an `on_complete`; its [`run_id`](Self::run_id) is `test`.
    #[must_use]
    pub fn of(position: u64) -> Self {
        let progress = Progress { at_end: true, ..Progress::of(position) };
        Self { progress, skipped: 0, started: SystemTime::now(), run_id: "test".into() }
    }

    /// How far the run came. Its [`at_end`](Progress::at_end) says whether the whole object was read, or `is_complete` or [`Flow::Complete`]
    /// ended the run early.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Records that could not be processed and were skipped.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// When the run was started.
    #[must_use]
    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// The run's identity: the idempotency key of `on_complete`.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.run_id
    }
}

/// What a job may say besides "done": whether to go on. A job over a [`FileBatch`](crate::FileBatch) can say more, by [`Advance`].
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

/// How far a job over a [`FileBatch`](crate::FileBatch) came, where that is not its `limit`.
///
/// A position means what the job says: frames, rows, bytes. It must grow with every call, or the run fails at once
/// instead of calling for ever.
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
#[must_use = "it says something only if the job returns it"]
pub struct Advance {
    /// `None`: by the file batch's limit.
    pub(crate) step: Option<u64>,
    pub(crate) complete: bool,
}

impl Advance {
    /// The position grows by `step`, at least 1; 0 only [`and_complete`](Self::and_complete).
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
