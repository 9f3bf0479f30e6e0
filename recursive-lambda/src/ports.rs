//! The only ways out: objects, checkpoints, signals, the disk, the clock. The driver has no other contact with the world.
//!
//! AWS implements them, and memory does for tests. A port has already retried its call as often as makes sense there.

use crate::Error;
use crate::invocation::Invocation;
use bytes::Bytes;
use recursive_lambda_core::checkpoint::{Stage, Status};
use recursive_lambda_core::engine::messages::Signalled;
use recursive_lambda_core::engine::save::{Condition, Read, Written};
use recursive_lambda_core::object::PinnedObject;
use std::fs::File;
use std::future::Future;
use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// The objects that runs read.
pub(crate) trait Objects: Send + Sync + 'static {
    /// Pins an object: returns it with its current ETag and size.
    fn head(&self, named: &PinnedObject) -> impl Future<Output = Result<PinnedObject, SourceError>> + Send;

    /// Reads exactly these bytes of exactly this object. The read may start before the future is awaited.
    fn get(&self, object: &PinnedObject, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send + 'static;
}

/// Why an object could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourceError {
    NoSuchObject,
    NoSuchBucket,
    /// The object is no longer the one that was pinned.
    Changed,
    Denied(String),
    Archived,
    /// The object is encrypted with a key that only the uploader has (SSE-C).
    CustomerKey,
    /// The bucket is in this other region.
    Elsewhere(String),
    /// The object does not fit into /tmp; it needs this many bytes.
    NoSpace {
        needed: u64,
    },
    /// The object cannot be kept in /tmp; the reason.
    Disk(String),
    /// No answer, or no useful one; the reason.
    Failed(String),
}

/// The key of a checkpoint: the job's name and the run's id, or the name of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RunKey {
    pub(crate) job: &'static str,
    pub(crate) run: String,
}

/// One page of the list of a job's runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) runs: Vec<Listed>,
    /// Where the next page begins; `None`: this is the last one.
    pub(crate) next: Option<String>,
}

/// A run in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) run: String,
    /// The time since the checkpoint was written, by the store's clock alone.
    pub(crate) age: Duration,
}

/// The store of checkpoints.
pub(crate) trait Store: Send + Sync + 'static {
    /// Whether a later event finds what is written here. If not, the signal carries the checkpoint.
    fn keeps(&self) -> bool {
        true
    }

    fn read(&self, id: &RunKey) -> impl Future<Output = Read> + Send;

    /// The runs of a job, one page at a time, without their skipped records.
    fn list(&self, job: &'static str, page: Option<String>) -> impl Future<Output = Result<Page, Error>> + Send;

    /// One try, without any retry below: only the caller knows what a refusal means.
    fn write(&self, id: &RunKey, body: Vec<u8>, condition: &Condition) -> impl Future<Output = Written> + Send;

    /// Keeps a skipped record, by its index. Writing it again changes nothing.
    fn write_skipped(&self, id: &RunKey, index: u64, body: Vec<u8>) -> impl Future<Output = Result<(), String>> + Send;

    /// Leaves the mark of a shard of this run that is over. Leaving it again changes nothing.
    fn mark(&self, run: &RunKey, stage: Stage, shard: u32) -> impl Future<Output = Result<(), String>> + Send;

    /// How many shards of this run have left their mark.
    fn marks(&self, run: &RunKey, stage: Stage) -> impl Future<Output = Result<u32, String>> + Send;
}

/// The function's invocation of itself, and figures of its work.
pub(crate) trait Signals: Send + Sync + 'static {
    /// One try, on behalf of this invocation. The error says why the signal was not accepted.
    fn signal(&self, invocation: &Invocation, payload: String) -> impl Future<Output = (Signalled, Option<String>)> + Send;

    /// Called at the end of an invocation that worked on a run of this job, for metrics.
    fn measured(&self, _invocation: &Invocation, _job: &'static str, _work: &Work) {}
}

/// What one invocation did for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    /// How the run ended, if it did.
    pub(crate) ended: Option<Status>,
    pub(crate) records: u64,
    /// Of the object.
    pub(crate) bytes: u64,
    pub(crate) batches: u64,
    pub(crate) skipped: u64,
    /// It began with a batch that had failed.
    pub(crate) is_retry: bool,
    /// Until the run ends, at the pace of this invocation; `None` if no bytes were counted, or nothing is left.
    pub(crate) left: Option<Duration>,
}

/// Files in /tmp.
pub(crate) trait Disk: Send + Sync + 'static {
    /// The folder for temporary files.
    fn temporary(&self) -> PathBuf;

    /// Runs blocking work on a thread where it delays neither user code nor a call. It may start before the future is awaited.
    /// `None`: the process is shutting down, or the work panicked.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static;

    /// Writes to a file. It is a method so that a test can have a small disk.
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }
}

/// Time, and tasks that run during user code.
pub(crate) trait Clock: Send + Sync + 'static {
    /// Monotonic, with its own origin.
    fn now(&self) -> Duration;
    fn wall(&self) -> SystemTime;
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
    /// Runs a task where user code cannot delay it. The future ends when the task has ended.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static;
    /// Runs a task that contains user code, on the user's runtime: while other user code waits, and, where that runs on the main
    /// thread and another one is free, while it computes. The future ends when the task has ended.
    fn spawn_user_code(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static;
}
