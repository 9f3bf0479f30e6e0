//! What the world tells an invocation, with no more detail than makes a difference.

/// What matters about a job and its deployment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) batches: u8,
    pub(super) on_complete: bool,
    /// Whether a save follows every batch; otherwise it may follow any batch.
    pub(super) every_batch: bool,
    pub(super) max_attempts: u32,
    /// Records of a batch. What the rest of the model calls a batch is a record here, because records are done and skipped.
    pub(super) size: u8,
    /// Whether records may be skipped.
    pub(super) skips: bool,
    /// Whether retryable errors are retried without end.
    pub(super) patient: bool,
    /// The most batches in flight at once.
    pub(super) concurrency: u8,
}

/// The world's answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Input {
    Found(Seen),
    Absent,
    NoReading,
    Applied,
    Conflict,
    Unknown,
    Did(Outcome, Pace),
    Skipped,
    NotSkipped,
    Accepted,
    Silence,
    Refused,
}

/// A checkpoint, seen by one invocation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    pub(super) checkpoint: u32,
    pub(super) mine: bool,
    pub(super) wrote: Wrote,
    pub(super) expired: bool,
    /// Whether this invocation's event handed the run over.
    pub(super) handed_over: bool,
    /// Whether this invocation's write replaces the checkpoint with this ETag.
    pub(super) base: bool,
}

/// Whether this invocation wrote the stored checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Wrote {
    Not,
    Before,
    /// By the current save.
    Now,
}

/// The result of user code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    Well,
    Fails,
    FailsForGood,
    Changed,
}

/// What the clock says after a batch.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pace {
    GoOn,
    Save,
    HandOver,
}
