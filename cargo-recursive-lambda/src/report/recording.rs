//! The platform's journal, folded into what the page shows: invocations with their batches, waits, marks and reads. A run may be
//! longer than the journal, so it is folded while the run goes on, and keeps no log lines.
//!
//! It only reads entries. It never asks the platform, a clock or a file, and it judges nothing.

use super::marks::{Kind, Mark, Strip};
use super::recorded::{Batch, Bytes, Cause, Ending, Invocation, Process, Wait};
use crate::batch_line::started_batch;
use recursive_lambda_local::{ContainerId, Entry, Fault, Operation, Outcome, What};
use std::collections::HashMap;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Recording {
    uploads: String,
    store: String,
    pub(crate) invocations: Vec<Invocation>,
    pub(crate) processes: Vec<Process>,
    pub(crate) waits: Vec<Wait>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) reads: Vec<Bytes>,
    /// The last entry's number, from which the reader goes on.
    pub(crate) read_to: u64,
    /// Entries that the journal dropped before they were read.
    pub(crate) missing: u64,
    first: Option<Duration>,
    last: Duration,
    /// The last invocation of each container, and of each request.
    of_container: HashMap<ContainerId, usize>,
    of_request: HashMap<String, usize>,
}

impl Recording {
    /// `uploads` and `store` are the buckets of the object and of the checkpoints.
    pub(crate) fn new(uploads: &str, store: &str) -> Self {
        Self {
            uploads: uploads.into(),
            store: store.into(),
            invocations: Vec::new(),
            processes: Vec::new(),
            waits: Vec::new(),
            marks: Vec::new(),
            reads: Vec::new(),
            read_to: 0,
            missing: 0,
            first: None,
            last: Duration::ZERO,
            of_container: HashMap::new(),
            of_request: HashMap::new(),
        }
    }

    /// Takes the entries after [`read_to`](Self::read_to).
    pub(crate) fn read(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.missing += entry.number.saturating_sub(self.read_to + 1);
            self.read_to = entry.number;
            self.take(entry.at, &entry.what);
        }
    }

    /// From the first event to the last thing that happened.
    pub(crate) fn span(&self) -> (Duration, Duration) {
        let from = self.first.unwrap_or(self.last);
        (from, self.last.max(from))
    }

    pub(crate) fn end_of(&self, invocation: &Invocation) -> Duration {
        invocation.to.unwrap_or(self.last).max(invocation.from)
    }

    pub(crate) fn take(&mut self, at: Duration, what: &What) {
        match what {
            What::Accepted { request_id, .. } => {
                let kind = if self.first.is_none() { Kind::Start } else { Kind::Signal };
                self.first.get_or_insert(at);
                self.mark(at, kind, String::new());
                self.waits.push(Wait { request_id: request_id.clone(), attempt: 1, from: at, to: None });
            }
            What::Retried { request_id, attempt, .. } => {
                self.waits.push(Wait { request_id: request_id.clone(), attempt: *attempt, from: at, to: None });
            }
            What::InvocationStarted { container, request_id, attempt, .. } => self.started(at, *container, request_id, *attempt),
            What::InvocationEnded { container, request_id, outcome, .. } => self.ended(at, *container, request_id, outcome),
            What::Duplicated { .. } => self.mark(at, Kind::Twice, String::new()),
            What::Lost { .. } => self.mark(at, Kind::Lost, String::new()),
            What::Throttled { .. } => self.mark(at, Kind::Throttled, "no container was free".into()),
            What::Dropped { .. } => {}
            What::DeadLettered { reason, .. } => self.mark(at, Kind::GivenUp, format!("{reason:?}")),
            What::ContainerStarted { container, .. } => {
                let container = *container;
                self.processes.push(Process { container, from: at, ready: None, to: None, evicted: false });
            }
            What::ContainerStopped { container, .. } => {
                if let Some(process) = self.process(*container) {
                    process.to = Some(at);
                }
            }
            What::Evicted { container } => {
                if let Some(process) = self.process(*container) {
                    process.to.get_or_insert(at);
                    process.evicted = true;
                }
            }
            // Its end says the same, with the reason.
            What::Killed { container, request_id } => {
                if let Some(killed) = self.last_of(*container, request_id) {
                    killed.ending = Ending::Died("killed".into());
                }
            }
            What::Request { container, operation, bucket, status, fault, bytes, .. } => {
                let request = Request { operation: *operation, bucket, status: *status, fault: *fault, bytes: *bytes };
                self.requested(at, *container, &request);
            }
            What::LogLine { container, line, .. } => {
                let Some(batch) = started_batch(line) else { return };
                // The line may be read after the container's next invocation has begun.
                let named = batch.request_id.as_ref().and_then(|id| self.of_request.get(id));
                let Some(&index) = named.or_else(|| self.of_container.get(container)) else { return };
                if let Some(invocation) = self.invocations.get_mut(index) {
                    invocation.batches.push(Batch { at, record: batch.record, records: batch.records });
                }
            }
            _ => {}
        }
        // A container that is thrown away after the run is not part of it.
        if !matches!(what, What::ContainerStopped { .. } | What::Evicted { .. } | What::LogLine { .. }) {
            self.last = self.last.max(at);
        }
    }

    fn started(&mut self, at: Duration, container: ContainerId, request_id: &str, attempt: u32) {
        let wait = self
            .waits
            .iter_mut()
            .rev()
            .find(|wait| wait.to.is_none() && wait.request_id == request_id && wait.attempt == attempt);
        let cause = match (wait, attempt) {
            (None, 1) => Cause::Duplicate,
            (Some(wait), 1) => {
                wait.to = Some(at);
                if self.invocations.is_empty() { Cause::Start } else { Cause::Signal }
            }
            (wait, attempt) => {
                if let Some(wait) = wait {
                    wait.to = Some(at);
                }
                Cause::Retry(attempt)
            }
        };
        if let Some(process) = self.process(container) {
            process.ready.get_or_insert(at);
        }
        let index = self.invocations.len();
        self.of_container.insert(container, index);
        self.of_request.insert(request_id.into(), index);
        self.invocations.push(Invocation {
            container,
            request_id: request_id.into(),
            cause,
            from: at,
            to: None,
            ending: Ending::Open,
            batches: Vec::new(),
            saves: 0,
            bytes: 0,
        });
    }

    fn ended(&mut self, at: Duration, container: ContainerId, request_id: &str, outcome: &Outcome) {
        let Some(invocation) = self.last_of(container, request_id) else { return };
        invocation.to = Some(at);
        invocation.ending = match (outcome, &invocation.ending) {
            (_, Ending::Died(how)) => Ending::Died(how.clone()),
            (Outcome::Ok(_), _) => Ending::Answered,
            (Outcome::Error { error_type, message }, _) => Ending::Error(error_type.clone(), message.clone()),
            (Outcome::TimedOut, _) => Ending::Died("timed out".into()),
            (Outcome::Crashed { status }, _) => Ending::Died(status.clone()),
        };
    }

    fn requested(&mut self, at: Duration, container: Option<ContainerId>, request: &Request<'_>) {
        let Request { operation, bucket, status, fault, bytes } = *request;
        let strip = match operation {
            Operation::Invoke => Strip::Queue,
            _ if *bucket == self.store => Strip::Store,
            _ if *bucket == self.uploads => Strip::Object,
            _ => return,
        };
        let decided = status.is_some_and(|status| (200..300).contains(&status));
        let index = container.and_then(|container| self.of_container.get(&container).copied());
        if let Some(invocation) = index.and_then(|index| self.invocations.get_mut(index)) {
            match (strip, operation) {
                (Strip::Object, Operation::GetObject) => invocation.bytes += bytes,
                (Strip::Store, Operation::PutObject) => invocation.saves += u32::from(decided),
                _ => {}
            }
        }
        if strip == Strip::Object && bytes > 0 {
            self.reads.push(Bytes { at, bytes });
        }
        let is_lost = matches!(fault, Some(Fault::LoseResponse | Fault::Hangup | Fault::CutBody(_)));
        let name = name(operation);
        match (status, operation) {
            _ if is_lost && decided => self.mark_on(at, strip, Kind::AnswerLost, format!("{name}, which had taken effect")),
            _ if is_lost => self.mark_on(at, strip, Kind::AnswerLost, name.into()),
            (Some(429), _) => self.mark_on(at, strip, Kind::Throttled, name.into()),
            (Some(status), _) if status >= 500 => self.mark_on(at, strip, Kind::Refused, format!("{name}, status {status}")),
            // The condition did not hold: another invocation was first, or this write was applied already.
            (Some(status @ (409 | 412)), Operation::PutObject) => {
                self.mark_on(at, strip, Kind::Conflict, format!("{name}, status {status}"));
            }
            (Some(_), Operation::PutObject) if decided && strip == Strip::Store => {
                self.mark_on(at, strip, Kind::Saved, String::new())
            }
            _ => {}
        }
    }

    fn mark(&mut self, at: Duration, kind: Kind, detail: String) {
        self.mark_on(at, Strip::Queue, kind, detail);
    }

    fn mark_on(&mut self, at: Duration, strip: Strip, kind: Kind, detail: String) {
        self.marks.push(Mark { at, strip, kind, detail });
    }

    /// The container's last process.
    fn process(&mut self, container: ContainerId) -> Option<&mut Process> {
        self.processes.iter_mut().rev().find(|process| process.container == container)
    }

    fn last_of(&mut self, container: ContainerId, request_id: &str) -> Option<&mut Invocation> {
        let is_it = |invocation: &&mut Invocation| invocation.container == container && invocation.request_id == request_id;
        self.invocations.iter_mut().rev().find(is_it)
    }
}

/// A request to S3 or Lambda, as far as the page needs it.
struct Request<'a> {
    operation: Operation,
    bucket: &'a str,
    status: Option<u16>,
    fault: Option<Fault>,
    bytes: u64,
}

fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::GetObject => "GetObject",
        Operation::HeadObject => "HeadObject",
        Operation::PutObject => "PutObject",
        Operation::ListObjects => "ListObjects",
        Operation::Invoke => "Invoke",
        _ => "another request",
    }
}
