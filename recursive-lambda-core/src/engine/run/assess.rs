//! What the checkpoint decides about an event, before any work: acknowledge it, give it back, signal again, or acquire the run.
//!
//! `docs/protocol.md` has the rules.

use super::{Run, Then, reply};
use crate::checkpoint::{Action, Checkpoint, Command, Status};
use crate::engine::messages::{AckReason, During, Effect, How, Mode, Now, Refusal, Reply, Start, Trigger};
use crate::engine::save::{Read, Stored};
use std::cmp::Ordering;
use std::time::{Duration, SystemTime};

impl Run {
    fn admits(&self) -> bool {
        matches!(&self.trigger, Trigger::Start(Start { mode: Mode::Admit, .. }))
    }

    fn seq(&self) -> u64 {
        match self.trigger {
            Trigger::Start(_) => 0,
            Trigger::Signal { seq, .. } => seq,
            // A sweep is never assessed: it ends with its signal. A command has its own assessment.
            Trigger::Sweep(ref checkpoint) => checkpoint.seq,
            Trigger::Command(_) => 0,
        }
    }

    pub(super) fn assess_reading(&mut self, now: Now, read: Read) -> Effect {
        match read {
            Read::Found(stored) => self.assess(now, *stored),
            Read::Absent => reply(Reply::Refuse(Refusal::UnknownRun)),
            Read::Unreadable(why) => reply(Reply::Refuse(Refusal::Unreadable(why))),
            Read::Failed(why) => reply(Reply::Refuse(Refusal::StoreFailed(why))),
        }
    }

    /// R3 to R6: what the checkpoint decides about this event.
    pub(super) fn assess(&mut self, now: Now, stored: Stored) -> Effect {
        if let Trigger::Command(command) = &self.trigger {
            return self.assess_command(now, command.clone(), stored);
        }
        let Stored { checkpoint, etag, age } = stored;
        let live = self.is_live(&checkpoint, age);
        let seq = self.seq();
        if checkpoint.is_over() {
            let alarm = checkpoint.status == Status::Failed && seq == checkpoint.seq;
            let answer = if alarm {
                Reply::Refuse(Refusal::RunFailed(checkpoint.last_error.clone()))
            } else {
                Reply::Acknowledge(AckReason::AlreadyOver)
            };
            return self.answer(&checkpoint, answer);
        }
        if checkpoint.status == Status::Paused {
            return reply(Reply::Acknowledge(AckReason::Paused));
        }
        match seq.cmp(&checkpoint.seq) {
            Ordering::Greater => reply(Reply::Refuse(Refusal::FromFuture { seq: checkpoint.seq })),
            // A person may send an upload's event again, to continue a run whose signal was lost. Signals do not cause this
            // event, so it cannot multiply.
            Ordering::Less if !live && matches!(self.trigger, Trigger::Start(_)) => {
                self.signal(Box::new(checkpoint), 1, AckReason::SignalledAgain)
            }
            Ordering::Less if checkpoint.was_handed_over_by(seq, self.token()) => {
                self.signal(Box::new(checkpoint), 1, AckReason::SignalledAgain)
            }
            // The event that handed the run over is not acknowledged before its signal is sent or the next event is delivered.
            Ordering::Less => reply(Reply::Acknowledge(AckReason::Stale)),
            Ordering::Equal if live => reply(Reply::Refuse(Refusal::DuplicateInFlight)),
            // A queue's event is only ever admitted, no matter which event started the run.
            Ordering::Equal if self.admits() => self.signal(Box::new(checkpoint), 1, AckReason::SignalledAgain),
            Ordering::Equal => self.acquire(checkpoint, etag, age),
        }
    }

    /// R16: what a person's command does.
    fn assess_command(&mut self, now: Now, command: Command, stored: Stored) -> Effect {
        let Stored { mut checkpoint, etag, age } = stored;
        // The answer to an earlier delivery was lost.
        let is_repeated = checkpoint.has_obeyed(&command);
        if !is_repeated && command.after.is_some_and(|after| after != checkpoint.commands()) {
            return reply(Reply::Acknowledge(AckReason::NewerCommand));
        }
        let then = match (command.command, checkpoint.status) {
            (Action::Pause, Status::Paused) => return reply(Reply::Acknowledge(AckReason::Paused)),
            (Action::Cancel, Status::Cancelled) => return self.answer(&checkpoint, Reply::Acknowledge(AckReason::Cancelled)),
            (Action::Resume | Action::Cancel, Status::Failed) if is_repeated => {
                return self.answer(&checkpoint, Reply::Acknowledge(AckReason::AlreadyOver));
            }
            (Action::Resume, Status::Failed | Status::Paused) if checkpoint.plan.hash != self.rules.plan.hash => {
                return reply(Reply::Refuse(Refusal::PlanChanged { was: checkpoint.plan }));
            }
            (Action::Resume, Status::Failed | Status::Paused) => Then::Signal(AckReason::Resumed),
            (Action::Cancel, Status::Failed) => Then::Reply(Reply::Acknowledge(AckReason::Cancelled)),
            _ if checkpoint.is_over() => return self.answer(&checkpoint, Reply::Acknowledge(AckReason::AlreadyOver)),
            (Action::Pause, _) => Then::Reply(Reply::Acknowledge(AckReason::Paused)),
            (Action::Cancel, _) => Then::Reply(Reply::Acknowledge(AckReason::Cancelled)),
            (Action::Resume, _) if self.is_live(&checkpoint, age) => return reply(Reply::Acknowledge(AckReason::AtWork)),
            (Action::Resume, _) => return self.signal(Box::new(checkpoint), 1, AckReason::SignalledAgain),
        };
        checkpoint.obey(command, SystemTime::UNIX_EPOCH + now.wall);
        self.begin_save(How::Over { etag }, Box::new(checkpoint), then, None)
    }

    fn is_live(&self, checkpoint: &Checkpoint, age: Duration) -> bool {
        checkpoint.lease_left(self.rules.lease, age).is_some()
    }

    /// R7.
    fn acquire(&mut self, mut checkpoint: Checkpoint, etag: String, age: Duration) -> Effect {
        if checkpoint.plan.hash != self.rules.plan.hash {
            return reply(Reply::Refuse(Refusal::PlanChanged { was: checkpoint.plan }));
        }
        // Without a store there is no age.
        if let Some(waiting) = checkpoint.waiting.as_mut().filter(|_| age != Duration::MAX) {
            waiting.waited_ms += age.as_millis() as u64;
        }
        if checkpoint.owner.is_some() {
            checkpoint.one_at_a_time_ms = self.work_unsaved_at_most().as_millis() as u64;
        }
        let completing = checkpoint.status == Status::Completing;
        let then = if checkpoint.attempts >= self.rules.max_attempts {
            self.bury(&mut checkpoint)
        } else if checkpoint.invocations - checkpoint.forgiven >= self.rules.max_invocations {
            let invocations = checkpoint.invocations;
            fail(&mut checkpoint, Refusal::TooManyInvocations { invocations })
        } else if checkpoint.owner.is_some() && self.rules.skip.is_some() && checkpoint.shards.is_none() {
            // Finding a record that kills takes more attempts than Lambda delivers an event, so each death sends its own signal.
            let attempts = checkpoint.attempts;
            checkpoint.hand_over(if completing { Status::Completing } else { Status::Ready }, self.token());
            checkpoint.attempts = attempts;
            Then::Signal(AckReason::TakenOver)
        } else {
            self.take_up(&mut checkpoint);
            if completing { Then::Complete } else { Then::Work }
        };
        self.begin_save(How::Over { etag }, Box::new(checkpoint), then, None)
    }

    /// What happens to a batch that was tried too often, when no invocation lived to say why.
    fn bury(&self, checkpoint: &mut Checkpoint) -> Then {
        let Checkpoint { attempts, position, line, .. } = *checkpoint;
        let during = match checkpoint.status {
            Status::Completing => During::OnComplete,
            _ if checkpoint.shards.is_some() => During::Shards,
            _ => During::Batch,
        };
        let refusal = Refusal::TooManyDeaths { attempts, position, line: line + 1, during };
        // A record may be too large even to be skipped; that is tried as often as a batch.
        let is_in_vain = checkpoint.attempts >= self.rules.max_attempts.saturating_mul(2);
        let is_enough = self.rules.skip.is_none_or(|most| checkpoint.skipped >= most);
        // If several records were passed over in memory, it is unknown which one killed. Before the first of them, `alone` is
        // saved.
        let tries = self.rules.max_attempts;
        let is_doubtful = checkpoint.search.is_some_and(|search| search.doubtful && search.alone >= tries);
        if during != During::Batch || is_enough || is_in_vain || is_doubtful {
            return fail(checkpoint, refusal);
        }
        let error = refusal.as_last_error(checkpoint.last_error.take());
        let records = checkpoint.next_batch();
        if records == 1 {
            self.take_up(checkpoint);
            return Then::PassOver { error, certain: true };
        }
        checkpoint.last_error = Some(error);
        checkpoint.search_among(records, false);
        checkpoint.hand_over(Status::Ready, self.token());
        Then::Signal(AckReason::TakenOver)
    }

    /// The most that a dead invocation may have done since its last save, and as much again because batches may take longer this
    /// time.
    fn work_unsaved_at_most(&self) -> Duration {
        const LEAST: Duration = Duration::from_secs(10);
        const MOST: Duration = Duration::from_secs(1_800);
        self.rules.checkpoint.clamp(LEAST, MOST).saturating_mul(2).saturating_mul(self.budget.concurrency())
    }

    pub(super) fn take_up(&self, checkpoint: &mut Checkpoint) {
        if checkpoint.status != Status::Completing {
            checkpoint.status = Status::Running;
        }
        checkpoint.owner = Some(self.me.clone());
        checkpoint.handed_over_by = None;
        checkpoint.epoch += 1;
        checkpoint.attempts += 1;
        checkpoint.invocations += 1;
    }
}

fn fail(checkpoint: &mut Checkpoint, refusal: Refusal) -> Then {
    checkpoint.fail(refusal.as_last_error(checkpoint.last_error.clone()));
    Then::Reply(Reply::Refuse(refusal))
}
