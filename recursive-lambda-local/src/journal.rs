//! What happened, in order: for assertions, for a progress line, for a picture of the run. Only records; decides nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::broadcast;

use crate::sync::locked;

/// One thing that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// 1, 2, 3, ..
    pub number: u64,
    /// Since the platform started.
    pub at: Duration,
    /// What it was.
    pub what: What,
}

/// A container: an environment with its own temporary folder, in which one process after another may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerId(pub(crate) u64);

impl std::fmt::Display for ContainerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "container-{}", self.0)
    }
}

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Stream {
    Stdout,
    Stderr,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The function returned this.
    Ok(Bytes),
    /// The function returned an error, or could not be started.
    Error {
        /// As the function names it, for instance `Runtime.ExitError`.
        error_type: String,
        /// Its own words.
        message: String,
    },
    /// The function's time was up; its process was killed.
    TimedOut,
    /// The process ended, or was killed, before it answered.
    Crashed {
        /// The exit status or signal.
        status: String,
    },
}

impl Outcome {
    /// The type and message of the error, as AWS names them; `None` if the invocation succeeded.
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

/// Why an event, or a message of SQS, was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Every attempt failed.
    AttemptsExhausted,
    /// It became older than the maximum event age.
    TooOld,
    /// Recursion detection stopped it.
    RecursiveLoop,
    /// It was received as often as the queue allows.
    MaxReceives,
}

/// An event, or a message of SQS, that was given up.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The request id of the event; for a message of SQS, its message id.
    pub id: String,
    /// The event; for a message of SQS, its body.
    pub payload: Bytes,
    /// Why.
    pub reason: Reason,
    /// Of the last attempt.
    pub error_type: String,
    /// Of the last attempt.
    pub error_message: String,
    /// Attempts made, or times received.
    pub attempts: u32,
}

/// What can happen.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[allow(missing_docs, reason = "fields that repeat: the container, the request id, the attempt (from 1)")]
pub enum What {
    /// An asynchronous event was answered 202. `function_arn`: as it was invoked, with the qualifier if there was one; `trace`: the
    /// header that its invocation will get.
    Accepted { request_id: String, function_arn: String, payload: Bytes, trace: String, tenant_id: Option<String> },
    /// A container was given an event.
    InvocationStarted { container: ContainerId, request_id: String, attempt: u32, payload: Bytes },
    /// It answered, or ended, or was ended.
    InvocationEnded { container: ContainerId, request_id: String, attempt: u32, outcome: Outcome, took: Duration },
    /// The event will be tried again, after `delay`; `attempt` is the number of the coming one.
    Retried { request_id: String, attempt: u32, delay: Duration },
    /// An event or a message was given up: see [`Platform::dead_letters`](crate::Platform::dead_letters).
    DeadLettered { id: String, reason: Reason },
    /// No container was free; the event waits, or the caller was answered 429.
    Throttled { request_id: String },
    /// Recursion detection stopped an event; `count` is the lineage's.
    Dropped { request_id: String, count: u64 },
    /// By a fault of the queue: the event will be delivered twice.
    Duplicated { request_id: String },
    /// By a fault of the queue: the event will never be delivered.
    Lost { request_id: String },
    /// A process was started in a container.
    ContainerStarted { container: ContainerId, pid: u32 },
    /// A process ended.
    ContainerStopped { container: ContainerId, pid: u32, status: String },
    /// By a fault: the container's process was killed in the middle of an invocation.
    Killed { container: ContainerId, request_id: String },
    /// By a fault: the container was thrown away after an invocation.
    Evicted { container: ContainerId },
    /// A line the function wrote.
    LogLine { container: ContainerId, stream: Stream, line: String },
}

/// How often each thing happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "one per kind of `What`; the last four are the invocations by outcome")]
pub struct Counters {
    pub accepted: u64,
    pub invocations: u64,
    /// Of the invocations, those that were not the first at their event. One that is due has not begun.
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
            What::Retried { .. } | What::ContainerStopped { .. } | What::LogLine { .. } => return,
        };
        *counter += 1;
    }
}

/// The most entries kept; the counters go on.
const KEPT: usize = 200_000;

#[derive(Debug)]
struct Pages {
    number: u64,
    entries: VecDeque<Entry>,
    counters: Counters,
    dead_letters: Vec<DeadLetter>,
}

#[derive(Debug)]
pub(crate) struct Journal {
    started: Instant,
    pages: Mutex<Pages>,
    readers: broadcast::Sender<Arc<Entry>>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        let pages = Pages { number: 0, entries: VecDeque::new(), counters: Counters::default(), dead_letters: Vec::new() };
        Self { started: Instant::now(), pages: Mutex::new(pages), readers: broadcast::Sender::new(4096) }
    }

    pub(crate) fn record(&self, what: What) {
        let mut pages = locked(&self.pages);
        pages.counters.count(&what);
        pages.number += 1;
        let entry = Entry { number: pages.number, at: self.started.elapsed(), what };
        if self.readers.receiver_count() > 0 {
            let _ = self.readers.send(Arc::new(entry.clone()));
        }
        if pages.entries.len() == KEPT {
            pages.entries.pop_front();
        }
        pages.entries.push_back(entry);
    }

    pub(crate) fn give_up(&self, letter: DeadLetter) {
        let (id, reason) = (letter.id.clone(), letter.reason);
        locked(&self.pages).dead_letters.push(letter);
        self.record(What::DeadLettered { id, reason });
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        locked(&self.pages).entries.iter().cloned().collect()
    }

    pub(crate) fn dead_letters(&self) -> Vec<DeadLetter> {
        locked(&self.pages).dead_letters.clone()
    }

    pub(crate) fn counters(&self) -> Counters {
        locked(&self.pages).counters
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.readers.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_counts_when_it_begins() {
        let journal = Journal::new();
        let request_id = || "r".to_owned();
        let begins = |attempt| What::InvocationStarted {
            container: ContainerId(1),
            request_id: request_id(),
            attempt,
            payload: Bytes::new(),
        };
        let due = |attempt| What::Retried { request_id: request_id(), attempt, delay: Duration::ZERO };
        // What happens, and then invocations and retries.
        for (what, counted) in [(begins(1), (1, 0)), (due(2), (1, 0)), (begins(2), (2, 1)), (due(3), (2, 1)), (begins(3), (3, 2))]
        {
            journal.record(what.clone());
            let counters = journal.counters();
            assert_eq!((counters.invocations, counters.retries), counted, "{what:?}");
        }
    }
}
