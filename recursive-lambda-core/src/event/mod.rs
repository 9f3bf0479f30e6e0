//! Any event that can reach the function -> what it asks for: starts, signals, or nothing.
//!
//! It reads by structure and leniently: fields that AWS adds or an emulator leaves out do not matter. It is pure, checks every
//! name in `names` first and never puts a value into an error. It does not judge whether this function may work on a run or
//! bucket, nor whether two triggers mean the same run.

mod answer;
mod command;
mod fields;
mod names;
mod read;
mod signal;
#[cfg(test)]
mod tests;
mod uploads;
mod vocabulary;

pub use command::{MAX_NOTE, command_event, resume_event};
pub use read::parse;
pub use signal::Signal;

use crate::Error;
use crate::checkpoint::Command;
use serde_json::Value;

/// Whether a signal can name this job.
#[must_use]
pub fn is_job_name(name: &str) -> bool {
    names::job(name.into()).is_ok()
}

/// Whether a region can have this name.
#[must_use]
pub fn is_region_name(name: &str) -> bool {
    names::region(name.into()).is_ok()
}

/// Whether a signal can name this run.
#[must_use]
pub fn is_run_name(name: &str) -> bool {
    names::run(name.into()).is_ok()
}

/// What one Lambda event holds.
#[derive(Debug)]
pub struct Delivery {
    /// In the event's order. A message of a queue has one item or several.
    pub items: Vec<Item>,
    pub channel: Channel,
}

/// Who reads the function's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A queue's event source mapping, or a pipe from a queue. It deletes the messages that the answer does not name.
    Sqs {
        fifo: bool,
    },
    /// A job of S3 Batch Operations. It expects an answer for each task.
    BatchOperations {
        schema: String,
        invocation_id: String,
    },
    /// An EventBridge pipe from another source. After an error it delivers everything again.
    Pipe,
    Other,
}

#[derive(Debug)]
pub struct Item {
    /// The message that held the item, if it came from a queue; the task, if it came from S3 Batch Operations.
    pub message_id: Option<String>,
    /// An error here belongs to this item alone.
    pub trigger: Result<Request, Error>,
}

#[derive(Debug)]
pub enum Request {
    Start(NamedObject),
    Signal(Signal),
    /// Look for runs whose signal was lost.
    Sweep,
    /// Pause, cancel or resume a run.
    Command {
        run: String,
        command: Command,
    },
    /// Understood, but there is nothing to do; the reason, for the log.
    Nothing(&'static str),
}

/// An object to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedObject {
    pub bucket: String,
    /// Decoded as its channel encodes it.
    pub key: String,
    pub region: Option<String>,
    /// From a notification never `null`: that version is overwritten in place, so it pins nothing.
    pub version: Option<String>,
    /// Without quotes.
    pub etag: Option<String>,
    /// In bytes.
    pub size: Option<u64>,
    /// Tells this upload from the next one with the same key: S3's sequencer, the id of the call in CloudTrail, or the id of the
    /// job in S3 Batch Operations.
    pub sequencer: Option<String>,
    /// The run's name, if a person started it.
    pub name: Option<String>,
}

/// The result of each item: its message, and its error. Only a caller of this crate reads the error.
pub type Outcomes = Vec<(Option<String>, Result<Value, Error>)>;

impl Delivery {
    /// Whether this is one event that Lambda itself delivers again, not messages of a queue.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.items.len() == 1 && self.channel == Channel::Other
    }
}
