//! What the record says of an event, before any work: acknowledge it, give it back, signal again, or take the run up.

use super::{CLOCK_GRAIN, Run, Then, reply};
use crate::engine::record::{Record, Status};
use crate::engine::save::{Read, Stored};
use crate::engine::step::{Effect, Given, How, Refusal, Reply, Why};
use std::cmp::Ordering;

impl Run {
    fn admits(&self) -> bool {
        matches!(&self.given, Given::Start(record) if record.status == Status::Ready)
    }

    fn seq(&self) -> u64 {
        match self.given {
            Given::Start(_) => 0,
            Given::Signal { seq } => seq,
            // Never assessed: it ends with its signal.
            Given::Sweep(ref record) => record.seq,
        }
    }

    pub(super) fn assess_reading(&mut self, read: Read) -> Effect {
        match read {
            Read::Found(stored) => self.assess(*stored),
            Read::Absent => reply(Reply::Refuse(Refusal::UnknownRun)),
            Read::Unreadable(why) => reply(Reply::Refuse(Refusal::Unreadable(why))),
            Read::Failed(why) => reply(Reply::Refuse(Refusal::StoreFailed(why))),
        }
    }

    /// Rules R3 to R6: what the record says of this event.
    pub(super) fn assess(&mut self, stored: Stored) -> Effect {
        let Stored { record, etag, age } = stored;
        let live = record.owner.is_some() && age < self.rules.lease + CLOCK_GRAIN;
        let seq = self.seq();
        if record.is_over() {
            let alarm = record.status == Status::Failed && seq == record.seq;
            return reply(if alarm {
                Reply::Refuse(Refusal::RunFailed(record.last_error))
            } else {
                Reply::Acknowledge(Why::AlreadyOver)
            });
        }
        match seq.cmp(&record.seq) {
            Ordering::Greater => reply(Reply::Refuse(Refusal::FromFuture { seq: record.seq })),
            Ordering::Less if live => reply(Reply::Acknowledge(Why::OthersWork)),
            Ordering::Less => self.signal(Box::new(record), 1, Why::SignalledAgain),
            Ordering::Equal if live => reply(Reply::Refuse(Refusal::DuplicateInFlight)),
            // A queue's event is only ever admitted, whatever the run was started by.
            Ordering::Equal if self.admits() => self.signal(Box::new(record), 1, Why::SignalledAgain),
            Ordering::Equal => self.acquire(record, etag),
        }
    }

    /// Rule R7.
    fn acquire(&mut self, mut record: Record, etag: String) -> Effect {
        if record.plan.hash != self.rules.plan_hash {
            return reply(Reply::Refuse(Refusal::PlanChanged { was: record.plan }));
        }
        let completing = record.status == Status::Completing;
        let then = if record.attempts >= self.rules.max_attempts {
            self.bury(&mut record)
        } else if record.invocations >= self.rules.max_invocations {
            let invocations = record.invocations;
            fail(&mut record, Refusal::TooManyInvocations { invocations })
        } else if record.owner.is_some() && self.rules.skip.is_some() {
            // To find a record that kills takes more attempts than Lambda delivers an event: each death has a signal of its own.
            let attempts = record.attempts;
            record.hand_over(if completing { Status::Completing } else { Status::Ready });
            record.attempts = attempts;
            Then::Signal(Why::TakenOver)
        } else {
            self.take_up(&mut record);
            if completing { Then::Complete } else { Then::Work }
        };
        self.begin_save(How::Over { etag }, Box::new(record), then, None)
    }

    /// What becomes of a batch that was tried too often, and nobody lived to say why.
    fn bury(&self, record: &mut Record) -> Then {
        let refusal = Refusal::TooManyDeaths { attempts: record.attempts };
        // A record may be too much even to be set aside, which is tried as often as a batch is.
        let is_in_vain = record.attempts >= self.rules.max_attempts.saturating_mul(2);
        let is_enough = self.rules.skip.is_none_or(|most| record.set_aside >= most);
        if record.status == Status::Completing || is_enough || is_in_vain {
            return fail(record, refusal);
        }
        let error = refusal.as_last_error(record.last_error.take());
        let records = record.next_batch();
        if records == 1 {
            self.take_up(record);
            return Then::SetAside(error);
        }
        record.last_error = Some(error);
        record.search_among(records);
        record.hand_over(Status::Ready);
        Then::Signal(Why::TakenOver)
    }

    fn take_up(&self, record: &mut Record) {
        if record.status != Status::Completing {
            record.status = Status::Running;
        }
        record.owner = Some(self.me.clone());
        record.epoch += 1;
        record.attempts += 1;
        record.invocations += 1;
    }
}

fn fail(record: &mut Record, refusal: Refusal) -> Then {
    record.fail(refusal.as_last_error(record.last_error.clone()));
    Then::Reply(Reply::Refuse(refusal))
}
