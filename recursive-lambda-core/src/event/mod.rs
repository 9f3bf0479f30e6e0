//! Any event that can reach the function -> what it asks for: starts, signals, or nothing.
//!
//! It reads by structure and leniently: what AWS adds, or a stand-in leaves out, does not matter. It is pure, never
//! trusts a name before `names` has, never puts a value into an error, and does not judge whether a run or a
//! bucket is one that this function may work on, nor whether two triggers mean the same run.

mod answer;
mod fields;
mod names;
mod read;
mod signal;
#[cfg(test)]
mod tests;
mod uploads;
mod vocabulary;

pub use read::parse;
pub use signal::{Signal, resume_event};

use crate::Error;
use serde_json::Value;

/// Whether a signal can name this job.
pub fn is_job_name(name: &str) -> bool {
    names::job(name.into()).is_ok()
}

/// Whether a region can have this name.
pub fn is_region_name(name: &str) -> bool {
    names::region(name.into()).is_ok()
}

/// Whether a signal can name this run.
pub fn is_run_name(name: &str) -> bool {
    names::run(name.into()).is_ok()
}

/// What one Lambda event holds.
#[derive(Debug)]
pub struct Delivery {
    /// In the event's order. A message of a queue has at least one item, and may have several.
    pub items: Vec<Item>,
    pub channel: Channel,
}

/// Who reads the function's reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A queue's event source mapping, or a pipe from a queue. It deletes the messages that the reply does not name.
    Sqs {
        fifo: bool,
    },
    /// A job of S3 Batch Operations, which is told of each of its tasks.
    BatchOperations {
        schema: String,
        invocation_id: String,
    },
    /// A pipe of EventBridge from another source. After an error it delivers everything again.
    Pipe,
    Other,
}

#[derive(Debug)]
pub struct Item {
    /// The message that held the item, if it came from a queue; the task that it is, if it came from S3 Batch Operations.
    pub message_id: Option<String>,
    /// An error here is this item's alone.
    pub trigger: Result<Request, Error>,
}

#[derive(Debug)]
pub enum Request {
    Start(NamedObject),
    Signal(Signal),
    /// Look for runs whose signal was lost.
    Sweep,
    /// A failed run is to go on.
    Resume {
        run: String,
    },
    /// Understood, and no work; why, for the log.
    Nothing(&'static str),
}

/// An object to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedObject {
    pub bucket: String,
    /// Decoded as its channel encodes it.
    pub key: String,
    pub region: Option<String>,
    /// From a notification never `null`: that version is overwritten in place, and so pins nothing.
    pub version: Option<String>,
    /// Without quotes.
    pub etag: Option<String>,
    /// In bytes.
    pub size: Option<u64>,
    /// What tells this upload from the next one of the same key: S3's sequencer, the id of the call in CloudTrail, or that of the job of S3
    /// Batch Operations.
    pub sequencer: Option<String>,
    /// The run's name, if a person started it.
    pub name: Option<String>,
}

/// What came of each item: the message it came in, and what there is to say of it, which nobody but a caller of its own reads.
pub type Outcomes = Vec<(Option<String>, Result<Value, Error>)>;

impl Delivery {
    /// Whether this is one thing that Lambda itself delivers again, and not a queue.
    pub fn is_alone(&self) -> bool {
        self.items.len() == 1 && self.channel == Channel::Other
    }
}
