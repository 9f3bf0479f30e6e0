//! The words between the engine and the driver: what happened, and what to do next.

use super::save::{Read, Saved};
use crate::checkpoint::{Checkpoint, LastError, Plan, RawBytes, SavedState, Unreadable};
use crate::compression::TextPosition;
use crate::object::PinnedObject;
use std::time::Duration;

/// What of the deployment decides about a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    pub lease: Duration,
    /// Time between saves; zero: after every batch.
    pub checkpoint: Duration,
    /// How often a batch is tried that panics or kills its invocation.
    pub max_attempts: u32,
    /// How long retryable errors at one position are waited out.
    pub retry_for: Duration,
    pub max_invocations: u64,
    pub on_complete: bool,
    /// How many records of a run may be set aside; `None`: what cannot be processed fails the run.
    pub skip: Option<u64>,
    pub plan: Plan,
}

/// The event this invocation was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    Start(Start),
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
    Sweep(Box<Checkpoint>),
}

/// An object whose run is to begin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Start {
    pub object: PinnedObject,
    pub mode: Mode,
}

/// Who works on a new run first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// This invocation, from the first checkpoint on. A small object then needs no signal.
    InPlace,
    /// The invocation that the first signal starts.
    Admit,
}

impl Mode {
    /// The `seq` of the first checkpoint.
    #[must_use]
    pub fn first_seq(self) -> u64 {
        u64::from(self == Self::Admit)
    }
}

/// The clock as an event comes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Now {
    /// Since the invocation began.
    pub elapsed: Duration,
    /// Until its deadline; `None` if that is unknown.
    pub left: Option<Duration>,
    /// Since the last successful save or renewal.
    pub renewed: Duration,
    /// Since 1970, by the host's clock: for people, never compared.
    pub wall: Duration,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    Begin,
    Read(Read),
    Saved(Saved, Duration),
    Batch(Batch),
    /// Where the run stands behind the record that was passed over.
    PassedOver(Result<Done, Failure>),
    Skipped(Result<(), Failure>),
    Captured(Result<Option<SavedState>, LastError>),
    Completed(Result<(), Failure>),
    Signalled(Signalled),
    Paused,
}

/// How a batch went.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Batch {
    /// `records` of the object were processed, up to the cursor. None: the object had only blanks left, or the job nothing to do but to
    /// say that the run is complete.
    Done(Done),
    Failed(Failure),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Done {
    pub records: u64,
    pub offset: u64,
    pub text: Option<TextPosition>,
    pub line: u64,
    pub header: Option<RawBytes>,
    pub took: Duration,
    /// Nothing of the object is left.
    pub at_end: bool,
    /// The job says that the run is complete. Then nothing is in flight any more.
    pub complete: bool,
    /// Batches behind this one that were started.
    pub in_flight: u64,
}

/// What went wrong, as far as it decides something; the driver holds the error itself. Nothing is in flight any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    pub cause: Cause,
    pub terminal: bool,
    /// Records, from the cursor on, one or more of which may be at fault; 0 if none is.
    pub records: u64,
    pub error: LastError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
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
pub enum Signalled {
    Accepted,
    /// It may have been accepted.
    Silence,
    Refused,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    Read,
    Save(How, Box<Checkpoint>),
    /// Start up to so many batches of up to so many records, fewer if the object has no more. Then wait for the first one that is in flight.
    Work {
        start: u64,
        records: u64,
    },
    /// Read the record at the cursor and keep it with what is wrong with it.
    PassOver(LastError),
    /// Write what was passed over to where skipped records are kept.
    Skip,
    /// Serialise the carried state as it stands.
    Capture,
    /// Run `on_complete`.
    Complete,
    /// Invoke the function for this record's `seq`.
    Signal {
        checkpoint: Box<Checkpoint>,
        token: String,
        swept: bool,
    },
    Pause(Duration),
    Reply(Reply),
}

/// How a record is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum How {
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
pub enum Reply {
    Acknowledge(AckReason),
    Refuse(Refusal),
    /// With the error that the driver holds.
    Fail,
}

/// Why an event needs no other delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AckReason {
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
pub enum Refusal {
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
    TooManySkipped {
        skipped: u64,
    },
    /// Every record of the object was skipped.
    NothingProcessed {
        skipped: u64,
    },
    CheckpointGone,
    Unreadable(Unreadable),
    StoreFailed(String),
    SignalFailed,
    /// The driver answered what was not asked: a defect of this crate.
    OutOfStep,
}
