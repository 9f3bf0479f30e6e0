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
    /// How often a batch is tried that panics or kills its invocation.
    pub(crate) max_attempts: u32,
    /// How long retryable errors at one position are waited out.
    pub(crate) retry_for: Duration,
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
        /// What the sender named it by.
        token: String,
        /// Whether a sweep sent it. Then the next sweep tries again, and Lambda need not.
        swept: bool,
    },
    /// A person wants a failed run to go on.
    Resume,
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
    /// Since 1970, by the host's clock: for people, never compared.
    pub(crate) wall: Duration,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    Begin,
    Read(Read),
    Saved(Saved, Duration),
    Batch(Batch),
    /// Where the run stands behind the record that was passed over.
    PassedOver(Result<Done, Failure>),
    SetAside(Result<(), Failure>),
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
    /// User code panicked: it counts against the batch, as a death does.
    Panicked,
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
    /// Read the record at the cursor and keep it with what is wrong with it.
    PassOver(LastError),
    /// Write what was passed over to where skipped records are kept.
    SetAside,
    /// Serialise the carried state as it stands.
    Capture,
    /// Run `on_complete`.
    Complete,
    /// Invoke the function for this record's `seq`.
    Signal {
        record: Box<Record>,
        token: String,
        swept: bool,
    },
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
    /// The event handed the run over and nobody took it up, or a sweep found it so; the run was signalled again.
    SignalledAgain,
    /// A duplicate that is behind: the event after it is due, or was delivered.
    Behind,
    /// A failed run goes on.
    Resumed,
    /// Nothing to resume: somebody is at work.
    AtWork,
    /// The run waits out an error, and a sweep tries it again.
    Waits,
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
        /// Where the batch begins, and its first line.
        position: u64,
        line: u64,
        /// It was no batch, but `on_complete`.
        on_complete: bool,
    },
    TooManyInvocations {
        invocations: u64,
    },
    TooManySetAside {
        set_aside: u64,
    },
    /// Every record of the object was skipped.
    NothingProcessed {
        set_aside: u64,
    },
    RecordGone,
    Unreadable(Unreadable),
    StoreFailed(String),
    SignalFailed,
    /// The driver answered what was not asked: a defect of this crate.
    OutOfStep,
}
