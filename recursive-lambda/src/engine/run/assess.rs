//! What the record says of an event, before any work: acknowledge it, give it back, signal again, or take the run up.

use super::{CLOCK_GRAIN, Run, Then, reply};
use crate::engine::record::{Record, Status};
use crate::engine::save::{Read, Stored};
use crate::engine::step::{Effect, Given, How, Refusal, Reply, Why};
use std::cmp::Ordering;
use std::time::Duration;

impl Run {
    fn admits(&self) -> bool {
        matches!(&self.given, Given::Start(record) if record.status == Status::Ready)
    }

    fn seq(&self) -> u64 {
        match self.given {
            Given::Start(_) => 0,
            Given::Signal { seq, .. } => seq,
            // A sweep is never assessed: it ends with its signal. What resumes has an assessment of its own.
            Given::Sweep(ref record) => record.seq,
            Given::Resume => 0,
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
        if self.given == Given::Resume {
            return self.assess_resume(stored);
        }
        let Stored { record, etag, age } = stored;
        let live = self.is_live(&record, age);
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
            // An upload's event that a person sends again makes a run go on whose signal was lost. It is not bred by signals.
            Ordering::Less if !live && matches!(self.given, Given::Start(_)) => {
                self.signal(Box::new(record), 1, Why::SignalledAgain)
            }
            Ordering::Less if record.was_handed_over_by(seq, self.token()) => {
                self.signal(Box::new(record), 1, Why::SignalledAgain)
            }
            // The event that handed the run over is not acknowledged before its signal is sent, or this one's successor was delivered.
            Ordering::Less => reply(Reply::Acknowledge(Why::Behind)),
            Ordering::Equal if live => reply(Reply::Refuse(Refusal::DuplicateInFlight)),
            // A queue's event is only ever admitted, whatever the run was started by.
            Ordering::Equal if self.admits() => self.signal(Box::new(record), 1, Why::SignalledAgain),
            Ordering::Equal => self.acquire(record, etag, age),
        }
    }

    /// A failed run goes on where it stands; one that waits is tried now.
    fn assess_resume(&mut self, stored: Stored) -> Effect {
        let Stored { mut record, etag, age } = stored;
        match record.status {
            Status::Failed if record.plan.hash != self.rules.plan_hash => {
                reply(Reply::Refuse(Refusal::PlanChanged { was: record.plan }))
            }
            Status::Failed => {
                record.resume();
                self.begin_save(How::Over { etag }, Box::new(record), Then::Signal(Why::Resumed), None)
            }
            _ if record.is_over() => reply(Reply::Acknowledge(Why::AlreadyOver)),
            _ if self.is_live(&record, age) => reply(Reply::Acknowledge(Why::AtWork)),
            _ => self.signal(Box::new(record), 1, Why::SignalledAgain),
        }
    }

    fn is_live(&self, record: &Record, age: Duration) -> bool {
        record.owner.is_some() && age < self.rules.lease + CLOCK_GRAIN
    }

    /// Rule R7.
    fn acquire(&mut self, mut record: Record, etag: String, age: Duration) -> Effect {
        if record.plan.hash != self.rules.plan_hash {
            return reply(Reply::Refuse(Refusal::PlanChanged { was: record.plan }));
        }
        // Without a store there is no age.
        if let Some(waiting) = record.waiting.as_mut().filter(|_| age != Duration::MAX) {
            waiting.waited_ms += age.as_millis() as u64;
        }
        if record.owner.is_some() {
            record.careful_ms = self.work_unsaved_at_most().as_millis() as u64;
        }
        let completing = record.status == Status::Completing;
        let then = if record.attempts >= self.rules.max_attempts {
            self.bury(&mut record)
        } else if record.invocations - record.forgiven >= self.rules.max_invocations {
            let invocations = record.invocations;
            fail(&mut record, Refusal::TooManyInvocations { invocations })
        } else if record.owner.is_some() && self.rules.skip.is_some() {
            // To find a record that kills takes more attempts than Lambda delivers an event: each death has a signal of its own.
            let attempts = record.attempts;
            record.hand_over(if completing { Status::Completing } else { Status::Ready }, self.token());
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
        let Record { attempts, position, line, .. } = *record;
        let on_complete = record.status == Status::Completing;
        let refusal = Refusal::TooManyDeaths { attempts, position, line: line + 1, on_complete };
        // A record may be too much even to be set aside, which is tried as often as a batch is.
        let is_in_vain = record.attempts >= self.rules.max_attempts.saturating_mul(2);
        let is_enough = self.rules.skip.is_none_or(|most| record.set_aside >= most);
        // Which record killed is not known where several were passed over in memory.
        let is_doubtful = record.search.is_some_and(|search| search.doubtful && search.step == 1);
        if record.status == Status::Completing || is_enough || is_in_vain || is_doubtful {
            return fail(record, refusal);
        }
        let error = refusal.as_last_error(record.last_error.take());
        let records = record.next_batch();
        if records == 1 {
            self.take_up(record);
            return Then::PassOver { error, certain: true };
        }
        record.last_error = Some(error);
        record.search_among(records, false);
        record.hand_over(Status::Ready, self.token());
        Then::Signal(Why::TakenOver)
    }

    /// What an invocation that died may have done since it last saved, at most, with as much again for batches that take longer this time.
    fn work_unsaved_at_most(&self) -> Duration {
        const LEAST: Duration = Duration::from_secs(10);
        const MOST: Duration = Duration::from_secs(1_800);
        self.rules.checkpoint.clamp(LEAST, MOST).saturating_mul(2).saturating_mul(self.budget.concurrency())
    }

    fn take_up(&self, record: &mut Record) {
        if record.status != Status::Completing {
            record.status = Status::Running;
        }
        record.owner = Some(self.me.clone());
        record.handed_over_by = None;
        record.epoch += 1;
        record.attempts += 1;
        record.invocations += 1;
    }
}

fn fail(record: &mut Record, refusal: Refusal) -> Then {
    record.fail(refusal.as_last_error(record.last_error.clone()));
    Then::Reply(Reply::Refuse(refusal))
}
