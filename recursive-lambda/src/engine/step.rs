//! The words between the engine and the driver: what happened, and what to do next.

use super::record::{Carried, LastError, Plan, Record, Unreadable, Verbatim};
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
    /// How many records of a run may be set aside; `None`: what cannot be processed fails the run.
    pub(crate) skip: Option<u64>,
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
    SetAside(Result<Done, Failure>),
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
    pub(crate) header: Option<Verbatim>,
    pub(crate) took: Duration,
    /// Nothing of the object is left.
    pub(crate) at_end: bool,
    /// The job says that the run is complete. Then nothing is in flight any more.
    pub(crate) complete: bool,
    /// Batches behind this one that were started.
    pub(crate) in_flight: u64,
}

/// What went wrong, as far as it decides something; the driver holds the error itself. Nothing is in flight any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) terminal: bool,
    /// Records, from the cursor on, one or more of which may be at fault; 0 if none is.
    pub(crate) records: u64,
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
    /// Start up to so many batches of up to so many records, fewer if the object has no more. Then wait for the first one that is in flight.
    Work {
        start: u64,
        records: u64,
    },
    /// Write the record at the cursor, with what is wrong with it, to where records are set aside.
    SetAside(LastError),
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
    /// The run was left by an invocation that died, and signalled.
    TakenOver,
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
    TooManySetAside {
        set_aside: u64,
    },
    RecordGone,
    Unreadable(Unreadable),
    StoreFailed(String),
    SignalFailed,
    /// The driver answered what was not asked: a defect of this crate.
    OutOfStep,
}
