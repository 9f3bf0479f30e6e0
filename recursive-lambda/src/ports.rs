//! The only ways out: objects, records of runs, signals, the disk, the clock. The driver knows nothing else of the world.
//!
//! AWS implements them; so does memory, for tests. Whatever a port returns is already tried as often as it makes sense at that place.

use crate::Error;
use crate::invocation::Invocation;
use bytes::Bytes;
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
    /// Pins an object: the same with the ETag and the size that it has now.
    fn head(&self, named: &PinnedObject) -> impl Future<Output = Result<PinnedObject, SourceError>> + Send;

    /// Reads exactly these bytes of exactly this object. The reading may begin before the future is awaited.
    fn get(&self, object: &PinnedObject, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send + 'static;
}

/// Why an object could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourceError {
    NoSuchObject,
    NoSuchBucket,
    /// It is not the one that was pinned.
    Changed,
    Denied(String),
    Archived,
    /// It is encrypted with a key that only the uploader has (SSE-C).
    CustomerKey,
    /// The bucket is in another region: which.
    Elsewhere(String),
    /// It does not fit into /tmp, which would need so many bytes.
    NoSpace {
        needed: u64,
    },
    /// It cannot be kept in /tmp: why.
    Disk(String),
    /// No answer, or none that helps: why.
    Failed(String),
}

/// Which record: the job's name and the run's identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RunKey {
    pub(crate) job: &'static str,
    pub(crate) run: String,
}

/// A part of the list of a job's runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) runs: Vec<Listed>,
    /// Where the next page begins; `None`: this is the last one.
    pub(crate) next: Option<String>,
}

/// A run as the list has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) run: String,
    /// Since the record was last written, by the store's clock alone.
    pub(crate) age: Duration,
}

/// The records of runs.
pub(crate) trait Store: Send + Sync + 'static {
    /// Whether a later event finds what is written here. If not, the signal carries the checkpoint.
    fn keeps(&self) -> bool {
        true
    }

    fn read(&self, id: &RunKey) -> impl Future<Output = Read> + Send;

    /// The runs of a job, one page at a time. What is set aside of them is not among them.
    fn list(&self, job: &'static str, page: Option<String>) -> impl Future<Output = Result<Page, Error>> + Send;

    /// One try, without any retry below: only the caller can tell what a refusal means.
    fn write(&self, id: &RunKey, body: Vec<u8>, condition: &Condition) -> impl Future<Output = Written> + Send;

    /// Keeps a record of the object that was set aside, by its index, beside the record of the run. Written again it is the same.
    fn write_skipped(&self, id: &RunKey, index: u64, body: Vec<u8>) -> impl Future<Output = Result<(), String>> + Send;
}

/// The function's invocation of itself.
pub(crate) trait Signals: Send + Sync + 'static {
    /// One try, in the name of this invocation. The text says why, where it was not accepted.
    fn signal(&self, invocation: &Invocation, payload: String) -> impl Future<Output = (Signalled, Option<String>)> + Send;
}

/// Files in /tmp.
pub(crate) trait Disk: Send + Sync + 'static {
    /// Where temporary files go.
    fn temporary(&self) -> PathBuf;

    /// Does what blocks where it holds up neither user code nor a call. It may begin before the future is awaited; without a result, the
    /// process is ending, or the work panicked.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static;

    /// Writes to a file. A method, so that a test can have a small disk.
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }
}

/// Time, and work beside the work.
pub(crate) trait Clock: Send + Sync + 'static {
    /// Monotonic, from an origin of its own.
    fn now(&self) -> Duration;
    fn wall(&self) -> SystemTime;
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
    /// Runs a task where user code cannot hold it up; the future ends when the task has.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static;
}
