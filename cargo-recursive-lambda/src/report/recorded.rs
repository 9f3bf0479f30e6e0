//! What the page knows of a run's parts: its invocations, processes and events. Data only.

use recursive_lambda_local::ContainerId;
use std::time::Duration;

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It had not ended when the recording did.
    Open,
    Answered,
    /// It answered with an error; the error's type and message.
    Error(String, String),
    /// Its process ended before it answered; how.
    Died(String),
}

/// How its event came to the invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The upload, or the event that resumes an earlier run.
    Start,
    Signal,
    /// The queue delivered the event a second time.
    Duplicate,
    /// The number of the attempt, from 2.
    Retry(u32),
}

/// The job was called with these records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) at: Duration,
    pub(crate) record: u64,
    pub(crate) records: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    pub(crate) container: ContainerId,
    pub(crate) request_id: String,
    pub(crate) cause: Cause,
    pub(crate) from: Duration,
    /// `None` while it is open.
    pub(crate) to: Option<Duration>,
    pub(crate) ending: Ending,
    pub(crate) batches: Vec<Batch>,
    /// Its writes to the store that took effect.
    pub(crate) saves: u32,
    pub(crate) bytes: u64,
}

/// The life of one process in a container.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    pub(crate) container: ContainerId,
    pub(crate) from: Duration,
    /// When its first invocation began.
    pub(crate) ready: Option<Duration>,
    pub(crate) to: Option<Duration>,
    /// The container was thrown away, too.
    pub(crate) evicted: bool,
}

/// An event in the queue: before its first delivery, or until it is retried.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    pub(crate) request_id: String,
    pub(crate) attempt: u32,
    pub(crate) from: Duration,
    pub(crate) to: Option<Duration>,
}

/// Bytes of the object, at the end of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes {
    pub(crate) at: Duration,
    pub(crate) bytes: u64,
}
