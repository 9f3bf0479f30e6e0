//! Any event that can reach the function -> what it asks for: starts, signals, or nothing.
//!
//! It reads by structure and leniently: what AWS adds, or a stand-in leaves out, does not matter. It is pure, never
//! trusts a name before [`names`] has, never puts a value into an error, and does not judge whether a run or a
//! bucket is one that this function may work on, nor whether two triggers mean the same run.

mod fields;
mod names;
mod read;
mod signal;
#[cfg(test)]
mod tests;

pub(crate) use read::parse;
pub(crate) use signal::Signal;

use crate::Error;
use serde_json::{Value, json};

/// Whether a signal can name this job.
pub(crate) fn is_job_name(name: &str) -> bool {
    names::job(name.into()).is_ok()
}

/// Whether a region can have this name.
pub(crate) fn is_region_name(name: &str) -> bool {
    names::region(name.into()).is_ok()
}

/// Whether a signal can name this run.
pub(crate) fn is_run_name(name: &str) -> bool {
    names::run(name.into()).is_ok()
}

/// What one Lambda event holds.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// In the event's order. A message of a queue has at least one item, and may have several.
    pub(crate) items: Vec<Item>,
    pub(crate) channel: Channel,
}

/// Who reads the function's reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    /// A queue's event source mapping, which deletes the messages that the reply does not name.
    Sqs {
        fifo: bool,
    },
    Other,
}

#[derive(Debug)]
pub(crate) struct Item {
    /// The message the item came in, if it came from a queue.
    pub(crate) message_id: Option<String>,
    /// An error here is this item's alone.
    pub(crate) trigger: Result<Trigger, Error>,
}

#[derive(Debug)]
pub(crate) enum Trigger {
    Start(Start),
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
pub(crate) struct Start {
    pub(crate) bucket: String,
    /// Decoded as its channel encodes it.
    pub(crate) key: String,
    pub(crate) region: Option<String>,
    /// From a notification never `null`: that version is overwritten in place, and so pins nothing.
    pub(crate) version: Option<String>,
    /// Without quotes.
    pub(crate) etag: Option<String>,
    /// In bytes.
    pub(crate) size: Option<u64>,
    pub(crate) sequencer: Option<String>,
    /// The run's name, if a person started it.
    pub(crate) name: Option<String>,
}

/// What came of each item: the message it came in, and what there is to say of it, which nobody but a caller of its own reads.
pub(crate) type Outcomes = Vec<(Option<String>, Result<Value, Error>)>;

impl Delivery {
    /// Whether this is one thing that Lambda itself delivers again, and not a queue.
    pub(crate) fn is_alone(&self) -> bool {
        self.items.len() == 1 && self.channel == Channel::Other
    }
}

impl Channel {
    /// What Lambda is told of the event, in the order of [`Delivery::items`].
    ///
    /// A queue that is set up without `ReportBatchItemFailures` heeds only an error, so one where nothing was done gets one.
    pub(crate) fn answer(self, outcomes: Outcomes) -> Result<Value, Error> {
        let any_done = outcomes.is_empty() || outcomes.iter().any(|(_, outcome)| outcome.is_ok());
        if self != Self::Other && any_done {
            return Ok(self.respond(outcomes.iter().map(|(message, outcome)| (message.as_deref(), outcome.is_err()))));
        }
        let all = outcomes.into_iter().map(|(_, outcome)| outcome).collect::<Result<Vec<_>, _>>()?;
        Ok(all.into_iter().find(|said| !said.is_null()).unwrap_or_default())
    }

    /// The reply, from each item's message and whether the item failed, in the order of [`Delivery::items`].
    ///
    /// A FIFO queue's messages stay in order only if everything after a failure is handed back, too.
    fn respond<'a>(self, outcomes: impl IntoIterator<Item = (Option<&'a str>, bool)>) -> Value {
        let Self::Sqs { fifo } = self else { return Value::Null };
        let mut any_failed = false;
        let mut hand_back: Vec<&str> = Vec::new();
        for (message, failed) in outcomes {
            any_failed |= failed;
            if let Some(message) = message
                && (failed || (fifo && any_failed))
                && hand_back.last() != Some(&message)
            {
                hand_back.push(message);
            }
        }
        let failures: Vec<Value> = hand_back.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
        json!({ "batchItemFailures": failures })
    }
}
