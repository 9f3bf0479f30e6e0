//! A made-up run: a chain of invocations over two containers, with the faults that a seed chooses.

use super::super::recording::Recording;
use recursive_lambda_local::{ContainerId, Fault, Operation, Outcome, Stream, What};
use std::time::Duration;

pub(crate) const UPLOADS: &str = "uploads";
pub(crate) const STORE: &str = "state";

/// A journal that is written entry by entry.
pub(crate) struct Journal {
    pub(crate) recording: Recording,
    pub(crate) now: Duration,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self { recording: Recording::new(UPLOADS, STORE), now: Duration::from_millis(50) }
    }

    pub(crate) fn after(&mut self, ms: u64, what: What) {
        self.now += Duration::from_millis(ms);
        self.recording.take(self.now, &what);
    }

    pub(crate) fn process(&mut self, ms: u64, container: u64) {
        self.after(ms, What::ContainerStarted { container: ContainerId::new(container), pid: 4711 });
    }

    pub(crate) fn stopped(&mut self, ms: u64, container: u64) {
        self.after(ms, What::ContainerStopped { container: ContainerId::new(container), pid: 4711, status: "signal: 9".into() });
    }

    pub(crate) fn accepted(&mut self, ms: u64, id: &str) {
        let text = String::new;
        self.after(
            ms,
            What::Accepted { request_id: id.into(), function_arn: text(), payload: "{}".into(), trace: text(), tenant_id: None },
        );
    }

    pub(crate) fn retried(&mut self, ms: u64, id: &str, attempt: u32) {
        self.after(ms, What::Retried { request_id: id.into(), attempt, delay: Duration::from_secs(4) });
    }

    pub(crate) fn started(&mut self, ms: u64, container: u64, id: &str, attempt: u32) {
        let (container, payload) = (ContainerId::new(container), "{}".into());
        self.after(ms, What::InvocationStarted { container, request_id: id.into(), attempt, payload });
    }

    pub(crate) fn ended(&mut self, ms: u64, container: u64, id: &str, outcome: Outcome) {
        let took = Duration::ZERO;
        self.after(
            ms,
            What::InvocationEnded { container: ContainerId::new(container), request_id: id.into(), attempt: 1, outcome, took },
        );
    }

    pub(crate) fn answered(&mut self, ms: u64, container: u64, id: &str) {
        self.ended(ms, container, id, Outcome::Ok("null".into()));
    }

    pub(crate) fn killed(&mut self, ms: u64, container: u64, id: &str) {
        self.after(ms, What::Killed { container: ContainerId::new(container), request_id: id.into() });
        self.stopped(1, container);
        self.ended(0, container, id, Outcome::Crashed { status: "signal: 9 (SIGKILL)".into() });
    }

    pub(crate) fn batch(&mut self, ms: u64, container: u64, record: u64) {
        let line = format!("DEBUG a batch begins record={record} line={record} records=100 object=s3://uploads/k");
        self.after(ms, What::LogLine { container: ContainerId::new(container), stream: Stream::Stderr, line });
    }

    pub(crate) fn request(
        &mut self,
        ms: u64,
        container: u64,
        operation: Operation,
        bucket: &str,
        (status, fault): (u16, Option<Fault>),
    ) {
        let bytes = if operation == Operation::GetObject { 60_000 } else { 0 };
        self.after(
            ms,
            What::Request {
                container: Some(ContainerId::new(container)),
                operation,
                bucket: bucket.into(),
                key: "k".into(),
                status: Some(status),
                fault,
                bytes,
                took: Duration::from_millis(1),
            },
        );
    }

    pub(crate) fn saved(&mut self, ms: u64, container: u64) {
        self.request(ms, container, Operation::PutObject, STORE, (200, None));
    }
}

/// A run of this many invocations of eight batches, and its last position. With faults, every ninth one dies, every fifth event comes twice, and so on.
pub(crate) fn run(invocations: u64, has_faults: bool) -> (Recording, u64) {
    let mut journal = Journal::new();
    let (mut container, mut record, mut alive) = (1, 0, false);
    journal.accepted(0, "r0");
    for number in 0..invocations {
        let id = format!("r{number}");
        let mut attempt = 1;
        loop {
            if !alive {
                journal.process(5, container);
                journal.now += Duration::from_millis(60);
                alive = true;
            }
            journal.started(3, container, &id, attempt);
            journal.saved(4, container);
            journal.request(4, container, Operation::GetObject, UPLOADS, (206, None));
            let dies = has_faults && attempt == 1 && number % 9 == 2;
            for batch in 0..8 {
                journal.batch(20, container, record + batch * 100);
                let is_saved = batch == 3;
                if is_saved {
                    let fault = (has_faults && number % 7 == 1).then_some(Fault::LoseResponse);
                    journal.request(5, container, Operation::PutObject, STORE, (200, fault));
                }
                if dies && batch == 6 {
                    break;
                }
            }
            if !dies {
                record += 800;
                break;
            }
            journal.killed(9, container, &id);
            attempt += 1;
            record += 400;
            journal.retried(0, &id, attempt);
            journal.now += Duration::from_secs(4);
            alive = false;
        }
        journal.saved(12, container);
        let next = format!("r{}", number + 1);
        let is_last = number + 1 == invocations;
        if !is_last {
            if has_faults && number % 11 == 4 {
                journal.request(
                    3,
                    container,
                    Operation::Invoke,
                    "function",
                    (429, Some(Fault::Refuse(429, "TooManyRequestsException"))),
                );
            }
            journal.accepted(3, &next);
            if has_faults && number % 5 == 3 {
                journal.after(0, What::Duplicated { request_id: next.clone() });
            }
        }
        journal.answered(4, container, &id);
        if has_faults && number % 5 == 4 && number > 0 {
            // The duplicate of this invocation's event.
            journal.process(1, 99);
            journal.started(30, 99, &id, 1);
            let message = "another invocation has the run".to_owned();
            journal.ended(10, 99, &id, Outcome::Error { error_type: "Busy".into(), message });
        }
        if has_faults && number % 6 == 5 {
            journal.stopped(1, container);
            journal.after(0, What::Evicted { container: ContainerId::new(container) });
            container += 1;
            alive = false;
        }
    }
    (journal.recording, record)
}
