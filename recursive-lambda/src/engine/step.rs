//! The words between the engine and the driver: what happened, and what to do next.

use super::record::{Carried, Header, LastError, Plan, Record, Unreadable};
use super::save::{Read, Saved};
use std::time::Duration;

/// What of the deployment decides about a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rules {
    pub(crate) lease: Duration,
    /// Time between saves; zero: after every batch.
    pub(crate) checkpoint: Duration,
    pub(crate) max_attempts: u32,
    pub(crate) max_invocations: u64,
    pub(crate) on_complete: bool,
    pub(crate) plan_hash: String,
}

/// The event this invocation was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Given {
    /// An object: the record to create. `Running` and owned works in place, `Ready` admits and signals.
    Start(Box<Record>),
    Signal {
        seq: u64,
    },
    /// A sweep found this record, with nobody at work and a signal due: it is signalled, and nothing else.
    Sweep(Box<Record>),
}

/// The clock as an event comes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Now {
    /// Since the invocation began.
    pub(crate) elapsed: Duration,
    /// Until its deadline; `None` if that is unknown.
    pub(crate) left: Option<Duration>,
    /// Since the last successful save or renewal.
    pub(crate) renewed: Duration,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    Begin,
    Read(Read),
    Saved(Saved, Duration),
    Batch(Batch),
    Captured(Result<Option<Carried>, LastError>),
    Completed(Result<(), Failure>),
    Signalled(Signalled),
    Paused,
}

/// How a batch went.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Batch {
    /// `records` of the object were processed, up to the cursor. None: the object had only blanks left, or the job nothing to do but to
    /// say that the run is complete.
    Done(Done),
    Failed(Failure),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Done {
    pub(crate) records: u64,
    pub(crate) offset: u64,
    pub(crate) line: u64,
    pub(crate) header: Option<Header>,
    pub(crate) took: Duration,
    /// Nothing of the object is left.
    pub(crate) at_end: bool,
    /// The job says that the run is complete.
    pub(crate) complete: bool,
}

/// What went wrong, as far as it decides something; the driver holds the error itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) terminal: bool,
    pub(crate) error: LastError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cause {
    /// The object is not the one that was pinned.
    Changed,
    /// The deployment, or what it stands on: neither the object nor the job is at fault, so the run waits until it is put right.
    Environment,
    Other,
}

/// How a signal went.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Signalled {
    Accepted,
    /// It may have been accepted.
    Silence,
    Refused,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Effect {
    Read,
    Save(How, Box<Record>),
    /// Read and process the next batch.
    Work,
    /// Serialise the carried state as it stands.
    Capture,
    /// Run `on_complete`.
    Complete,
    /// Invoke the function for this record's `seq`.
    Signal(Box<Record>),
    Pause(Duration),
    Reply(Reply),
}

/// How a record is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum How {
    Create,
    /// Over the record with this ETag, which another invocation wrote.
    Over {
        etag: String,
    },
    /// Over one's own last write.
    Swap,
}

/// What Lambda is told of the event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reply {
    Acknowledge(Why),
    Refuse(Refusal),
    /// With the error that the driver holds.
    Fail,
}

/// Why an event needs no other delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Why {
    Admitted,
    Yielded,
    Done,
    Superseded,
    /// A duplicate of a run that is over.
    AlreadyOver,
    /// A duplicate that is behind, or a sweep; the run was signalled again.
    SignalledAgain,
    /// A duplicate that is behind; somebody is at work.
    OthersWork,
}

/// Why an event must be delivered again, or end where failed events do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    DuplicateInFlight,
    RunFailed(Option<LastError>),
    UnknownRun,
    FromFuture {
        seq: u64,
    },
    PlanChanged {
        was: Plan,
    },
    TooManyDeaths {
        attempts: u32,
    },
    TooManyInvocations {
        invocations: u64,
    },
    RecordGone,
    Unreadable(Unreadable),
    StoreFailed(String),
    SignalFailed,
    /// The driver answered what was not asked: a defect of this crate.
    OutOfStep,
}
