//! A log of everything that happened, in order, for assertions and progress displays. It only observes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::broadcast;

use crate::concurrency::locked;
use crate::faults::{Fault, Operation};

/// One entry of the journal.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// The entry's number, from 1.
    pub number: u64,
    /// The time since the platform started.
    pub at: Duration,
    /// What happened.
    pub what: What,
}

/// The id of a container: an environment with its own temporary folder, in which one process runs after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerId(pub(crate) u64);

impl ContainerId {
    /// The container with this number, the first being 1, for tests of code that reads the journal.
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self(number)
    }
}

impl std::fmt::Display for ContainerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "container-{}", self.0)
    }
}

/// The stream to which a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names explain themselves")]
pub enum Stream {
    Stdout,
    Stderr,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The function returned this.
    Ok(Bytes),
    /// The function returned an error, or it could not be started.
    Error {
        /// The error's type, for example `Runtime.ExitError`.
        error_type: String,
        /// The error's message.
        message: String,
    },
    /// The function timed out and its process was killed.
    TimedOut,
    /// The process exited or was killed before it answered.
    Crashed {
        /// The exit status or signal.
        status: String,
    },
}

impl Outcome {
    /// The error's type and message, in AWS's terms; `None` if the invocation succeeded.
    pub fn error(&self) -> Option<(String, String)> {
        match self {
            Self::Ok(_) => None,
            Self::Error { error_type, message } => Some((error_type.clone(), message.clone())),
            Self::TimedOut => Some(("Sandbox.Timedout".to_owned(), "Error: Task timed out".to_owned())),
            Self::Crashed { status } => {
                Some(("Runtime.ExitError".to_owned(), format!("Error: Runtime exited with error: {status}")))
            }
        }
    }
}

/// Why an event or SQS message was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Every attempt failed.
    AttemptsExhausted,
    /// The event became older than the maximum event age.
    TooOld,
    /// Recursion detection stopped the event.
    RecursiveLoop,
    /// The message was received as often as the queue allows.
    MaxReceives,
}

/// An event or SQS message that was given up.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The request id of the event, or the message id of the SQS message.
    pub id: String,
    /// The event, or the body of the SQS message.
    pub payload: Bytes,
    /// Why it was given up.
    pub reason: Reason,
    /// The error type of the last attempt.
    pub error_type: String,
    /// The error message of the last attempt.
    pub error_message: String,
    /// The number of attempts, or of receives.
    pub attempts: u32,
}

/// What happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields repeat: the container, the request id, the attempt (from 1)")]
pub enum What {
    /// An asynchronous event was accepted with 202. `function_arn` is the invoked ARN, including the qualifier if there was one. `trace`
    /// is the header that the invocation will get.
    Accepted { request_id: String, function_arn: String, payload: Bytes, trace: String, tenant_id: Option<String> },
    /// A container received an event.
    InvocationStarted { container: ContainerId, request_id: String, attempt: u32, payload: Bytes },
    /// The container answered, its process exited, or its process was killed.
    InvocationEnded { container: ContainerId, request_id: String, attempt: u32, outcome: Outcome, took: Duration },
    /// The event will be retried after `delay`. `attempt` is the number of the next attempt.
    Retried { request_id: String, attempt: u32, delay: Duration },
    /// An event or a message was given up: see [`Platform::dead_letters`](crate::Platform::dead_letters).
    DeadLettered { id: String, reason: Reason },
    /// No container was free. The event waits, or the caller received 429.
    Throttled { request_id: String },
    /// Recursion detection stopped an event. `count` is the function's count in the lineage.
    Dropped { request_id: String, count: u64 },
    /// A queue fault: the event will be delivered twice.
    Duplicated { request_id: String },
    /// A queue fault: the event will never be delivered.
    Lost { request_id: String },
    /// A process was started in a container.
    ContainerStarted { container: ContainerId, pid: u32 },
    /// A process ended.
    ContainerStopped { container: ContainerId, pid: u32, status: String },
    /// A fault: the container's process was killed during an invocation.
    Killed { container: ContainerId, request_id: String },
    /// A fault: the container was removed after an invocation.
    Evicted { container: ContainerId },
    /// A request to S3 or to Lambda's Invoke ended: the response was sent, or its connection was closed. `container` sent it, unless a test
    /// or a command did. `status` is what the service decided, even if a fault kept the response from the caller; `None` if it decided
    /// nothing. `bytes` are those of the response body that were sent, for `GetObject`. For `Invoke`, `bucket` is the function's name.
    Request {
        container: Option<ContainerId>,
        operation: Operation,
        bucket: String,
        key: String,
        status: Option<u16>,
        fault: Option<Fault>,
        bytes: u64,
        took: Duration,
    },
    /// The function wrote a line.
    LogLine { container: ContainerId, stream: Stream, line: String },
}

/// The number of times that each thing happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "one per kind of `What`; the last four are the invocations by outcome")]
pub struct Counters {
    pub accepted: u64,
    pub invocations: u64,
    /// The invocations that were not the first attempt at their event. A retry counts when it starts.
    pub retries: u64,
    pub dead_letters: u64,
    pub throttled: u64,
    pub dropped: u64,
    pub duplicated: u64,
    pub lost: u64,
    pub containers_started: u64,
    pub kills: u64,
    pub evicted: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub timed_out: u64,
    pub crashed: u64,
}

impl Counters {
    fn count(&mut self, what: &What) {
        let counter = match what {
            What::Accepted { .. } => &mut self.accepted,
            What::InvocationStarted { attempt, .. } => {
                self.retries += u64::from(*attempt > 1);
                &mut self.invocations
            }
            What::InvocationEnded { outcome, .. } => match outcome {
                Outcome::Ok(_) => &mut self.succeeded,
                Outcome::Error { .. } => &mut self.failed,
                Outcome::TimedOut => &mut self.timed_out,
                Outcome::Crashed { .. } => &mut self.crashed,
            },
            What::DeadLettered { .. } => &mut self.dead_letters,
            What::Throttled { .. } => &mut self.throttled,
            What::Dropped { .. } => &mut self.dropped,
            What::Duplicated { .. } => &mut self.duplicated,
            What::Lost { .. } => &mut self.lost,
            What::ContainerStarted { .. } => &mut self.containers_started,
            What::Killed { .. } => &mut self.kills,
            What::Evicted { .. } => &mut self.evicted,
            What::Retried { .. } | What::ContainerStopped { .. } | What::Request { .. } | What::LogLine { .. } => return,
        };
        *counter += 1;
    }
}

/// The maximum number of entries kept. The counters include older entries.
const MAX_ENTRIES: usize = 200_000;

#[derive(Debug)]
struct Contents {
    number: u64,
    entries: VecDeque<Entry>,
    counters: Counters,
    dead_letters: Vec<DeadLetter>,
}

#[derive(Debug)]
pub(crate) struct Journal {
    started: Instant,
    contents: Mutex<Contents>,
    readers: broadcast::Sender<Arc<Entry>>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        let contents = Contents { number: 0, entries: VecDeque::new(), counters: Counters::default(), dead_letters: Vec::new() };
        Self { started: Instant::now(), contents: Mutex::new(contents), readers: broadcast::Sender::new(4096) }
    }

    pub(crate) fn record(&self, what: What) {
        let mut contents = locked(&self.contents);
        contents.counters.count(&what);
        contents.number += 1;
        let entry = Entry { number: contents.number, at: self.started.elapsed(), what };
        if self.readers.receiver_count() > 0 {
            let _ = self.readers.send(Arc::new(entry.clone()));
        }
        if contents.entries.len() == MAX_ENTRIES {
            contents.entries.pop_front();
        }
        contents.entries.push_back(entry);
    }

    pub(crate) fn give_up(&self, letter: DeadLetter) {
        let (id, reason) = (letter.id.clone(), letter.reason);
        locked(&self.contents).dead_letters.push(letter);
        self.record(What::DeadLettered { id, reason });
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        locked(&self.contents).entries.iter().cloned().collect()
    }

    pub(crate) fn entries_after(&self, number: u64) -> Vec<Entry> {
        let contents = locked(&self.contents);
        // Entries have consecutive numbers.
        let new = usize::try_from(contents.number.saturating_sub(number)).unwrap_or(usize::MAX);
        let known = contents.entries.len().saturating_sub(new);
        contents.entries.iter().skip(known).cloned().collect()
    }

    pub(crate) fn dead_letters(&self) -> Vec<DeadLetter> {
        locked(&self.contents).dead_letters.clone()
    }

    pub(crate) fn counters(&self) -> Counters {
        locked(&self.contents).counters
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.readers.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_after_a_number_are_the_new_ones() {
        let journal = Journal::new();
        for id in ["a", "b", "c"] {
            journal.record(What::Lost { request_id: id.to_owned() });
        }
        for (number, expected) in [(0, &[1, 2, 3][..]), (1, &[2, 3]), (3, &[]), (9, &[])] {
            let numbers: Vec<_> = journal.entries_after(number).iter().map(|entry| entry.number).collect();
            assert_eq!(numbers, expected, "after {number}");
        }
    }

    #[test]
    fn a_retry_counts_when_it_starts() {
        let journal = Journal::new();
        let request_id = || "r".to_owned();
        let starts = |attempt| What::InvocationStarted {
            container: ContainerId(1),
            request_id: request_id(),
            attempt,
            payload: Bytes::new(),
        };
        let due = |attempt| What::Retried { request_id: request_id(), attempt, delay: Duration::ZERO };
        // What happens, and the number of invocations and retries after it.
        for (what, expected) in
            [(starts(1), (1, 0)), (due(2), (1, 0)), (starts(2), (2, 1)), (due(3), (2, 1)), (starts(3), (3, 2))]
        {
            journal.record(what.clone());
            let counters = journal.counters();
            assert_eq!((counters.invocations, counters.retries), expected, "{what:?}");
        }
    }
}
