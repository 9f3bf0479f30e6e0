//! What the world tells an invocation, in as few words as make a difference to it.

/// What of a job and its deployment matters here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) batches: u8,
    pub(super) on_complete: bool,
    /// Whether every batch is followed by a save; otherwise any may be.
    pub(super) every_batch: bool,
    pub(super) max_attempts: u32,
    /// Records of a batch. What is called a batch elsewhere in the model is a record, for it is what can be done and set aside.
    pub(super) size: u8,
    /// Whether records may be set aside.
    pub(super) skips: bool,
    /// Whether retryable errors are waited out without an end.
    pub(super) patient: bool,
    /// Batches that may be in flight at once.
    pub(super) concurrency: u8,
}

/// What the world answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Input {
    Found(Seen),
    Absent,
    NoReading,
    Applied,
    Conflict,
    Unknown,
    Did(Outcome, Pace),
    SetAside,
    NotSkipped,
    Accepted,
    Silence,
    Refused,
}

/// A record, seen by one invocation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    pub(super) checkpoint: u32,
    pub(super) mine: bool,
    pub(super) wrote: Wrote,
    pub(super) expired: bool,
    /// Whether this invocation's event handed the run over.
    pub(super) handed_over: bool,
    /// Whether its ETag is the one that this invocation's write goes out from.
    pub(super) base: bool,
}

/// Whether the record in the store is this invocation's writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Wrote {
    Not,
    Before,
    /// By the save under way.
    Now,
}

/// How user code went.
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
