//! The messages between the engine and the driver: what happened, and what to do next.

use super::save::{Read, Saved};
use crate::checkpoint::{Checkpoint, Command, LastError, Plan, RawBytes, SavedState, Shard, Shards, Unreadable};
use crate::compression::TextPosition;
use crate::object::PinnedObject;
use std::time::Duration;

/// The deployment's settings that decide about a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    pub lease: Duration,
    /// Time between saves; zero: after every batch.
    pub checkpoint: Duration,
    /// How many times a batch that panics or kills its invocation is tried.
    pub max_attempts: u32,
    /// How long the run retries errors at one position.
    pub retry_for: Duration,
    pub max_invocations: u64,
    pub on_complete: bool,
    /// How many records of a run may be skipped; `None`: a record that cannot be processed fails the run.
    pub skip: Option<u64>,
    /// The shards of a new run; `None`: it has none, and processes the records itself.
    pub shards: Option<Shards>,
    pub plan: Plan,
}

/// The event that started this invocation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    Start(Start),
    Signal {
        seq: u64,
        /// What the sender named it by.
        token: String,
        /// Whether a sweep sent it. Then Lambda does not need to retry it, because the next sweep will.
        swept: bool,
    },
    Command(Command),
    /// A sweep found this checkpoint: no invocation works on the run, and a signal is due. The run is signalled, nothing else.
    Sweep(Box<Checkpoint>),
}

/// The object of a new run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Start {
    pub object: PinnedObject,
    pub mode: Mode,
}

/// Who works first on a new run.
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

/// The clock when an event arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Now {
    /// Since the invocation began.
    pub elapsed: Duration,
    /// Until its deadline; `None` if that is unknown.
    pub left: Option<Duration>,
    /// Since the last successful save or renewal.
    pub renewed: Duration,
    /// Since 1970, by the host's clock. People read it; the engine never compares it.
    pub wall: Duration,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    Begin,
    Read(Read),
    Saved(Saved, Duration),
    Batch(Batch),
    /// The run's place after the skipped record.
    PassedOver(Result<Done, Failure>),
    Skipped(Result<(), Failure>),
    Captured(Option<SavedState>),
    Completed(Result<(), Failure>),
    /// How many shards, from the first one on, have a checkpoint and were signalled.
    Scattered(Result<u32, Failure>),
    Gathered(Result<Gathered, Failure>),
    /// The checkpoint of the run, if all of its shards are over and it is not.
    Joined(Result<Option<Box<Checkpoint>>, Failure>),
    Signalled(Signalled),
    Slept,
}

/// How a batch went.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Batch {
    /// `records` of the object were processed, up to the cursor. Zero: the object had only blanks left, or the job only said that
    /// the run is complete.
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
    /// The job said that the run is complete. Nothing is in flight any more.
    pub complete: bool,
    /// Batches after this one that have started.
    pub in_flight: u64,
}

/// What went wrong, as far as the engine needs to know; the driver holds the error itself. Nothing is in flight any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    pub cause: Cause,
    pub terminal: bool,
    /// The records, from the cursor on, of which at least one may be bad; 0 if the records are not the cause.
    pub records: u64,
    pub error: LastError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The object is no longer the one that was pinned.
    Changed,
    /// The deployment or a service it depends on. The object and the job are fine, so the run waits until it is put right.
    Environment,
    /// User code panicked. It counts against the batch, as a death does.
    Panicked,
    Other,
}

/// What the shards of a run have done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Gathered {
    /// At least one is not over.
    Waiting,
    /// All are done.
    Done(Totals),
    /// All are over, and this is what happened to the first one that is not done.
    Failed(LastError),
    /// The object was replaced before any record was processed.
    Superseded,
}

/// What all shards have done together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Totals {
    pub records: u64,
    pub lines: u64,
    pub batches: u64,
    pub skipped: u64,
}

/// The result of a signal.
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
    /// Start up to `start` batches of up to `records` records each, fewer at the end of the object. Then wait for the first batch
    /// in flight.
    Work {
        start: u64,
        records: u64,
    },
    /// Read the record at the cursor and keep it together with its error.
    PassOver(LastError),
    /// Write the record that was passed over to the store's skipped records.
    Skip,
    /// Serialise the job's state.
    Capture,
    /// Run `on_complete`.
    Complete,
    /// Create the checkpoints of the shards that were not asked yet, and signal each: at least one, or it failed.
    Scatter,
    /// See from the checkpoints of all shards whether they are over, and what they did.
    Gather,
    /// Leave the mark of this shard in the store. Then see whether every shard has left its own, and if so, read the run's
    /// checkpoint.
    Join(Shard),
    /// Invoke the function for the `seq` of this checkpoint.
    Signal {
        checkpoint: Box<Checkpoint>,
        token: String,
        swept: bool,
    },
    Sleep(Duration),
    Reply(Reply),
}

/// How a checkpoint is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum How {
    Create,
    /// Over the checkpoint with this ETag, which another invocation wrote.
    Over {
        etag: String,
    },
    /// Over this invocation's last write.
    Swap,
}

/// The answer to Lambda.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    Acknowledge(AckReason),
    Refuse(Refusal),
    /// With the error that the driver holds.
    Fail,
}

/// Why an event does not need another delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AckReason {
    Admitted,
    Yielded,
    /// An invocation that died left the run; the run was signalled.
    TakenOver,
    Done,
    Superseded,
    /// A duplicate of a run that is over.
    AlreadyOver,
    /// The event handed the run over and no invocation has acquired it since, or a sweep found it like that. The run was
    /// signalled again.
    SignalledAgain,
    /// A stale duplicate: the next event is due, or was delivered.
    Stale,
    /// A failed or paused run goes on.
    Resumed,
    /// The run is paused. Its signals are not needed: resuming it sends one.
    Paused,
    Cancelled,
    /// The run has obeyed another command since this one was given.
    NewerCommand,
    /// Nothing to resume: an invocation works on the run.
    AtWork,
    /// The run waits after an error; a sweep will retry it.
    Waits,
    /// The run waits for its shards. The last one will signal it.
    Sharded,
}

/// What an invocation was at when it died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum During {
    Batch,
    OnComplete,
    /// It asked the run's shards, or looked at them.
    Shards,
}

/// Why an event must be delivered again, or end up with the failed events.
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
        during: During,
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
    /// The driver answered a question that the engine did not ask. This is a bug in this crate.
    OutOfStep,
}
