//! Work on a run that this invocation owns: batches, checkpoints, the hand-over and the end. Failures are in `failing`.
//!
//! `docs/protocol.md` has the rules.

use super::{PAST_A_FAILURE, Pace, Phase, Run, Then, Work};
use crate::checkpoint::{Checkpoint, Status};
use crate::engine::messages::{AckReason, Done, Effect, Now, Refusal, Reply};

impl Run {
    /// After a save.
    pub(super) fn go_on(&mut self, now: Now, checkpoint: Checkpoint, then: Then, pace: Option<Pace>) -> Effect {
        let failed_before = checkpoint.attempts > 1 || checkpoint.waiting.is_some();
        let tried_alone = checkpoint.search.is_some_and(|search| search.alone_until > 0);
        let hand_over_after = failed_before.then(|| now.elapsed + PAST_A_FAILURE);
        let pace = pace.unwrap_or(Pace { hand_over_after, in_flight: 0, begun: now.elapsed, suspects: 0, tried_alone });
        let work = |checkpoint: Checkpoint| {
            Box::new(Work { saved: checkpoint.clone(), checkpoint, last_save: now.elapsed, pace, suspicion: None })
        };
        match then {
            Then::Work => self.work(now, work(checkpoint)),
            Then::PassOver { error, certain } => self.pass_over(work(checkpoint), error, certain),
            // An invocation that has done nothing else runs `on_complete`, however late it is, so that a run always moves.
            Then::Complete if self.budget.has_worked() && !self.budget.half_is_left(now.left) => {
                self.hand_over(work(checkpoint), Status::Completing)
            }
            Then::Complete => {
                self.phase = Phase::Completing(work(checkpoint));
                Effect::Complete
            }
            Then::Gather => self.gather_after_release(checkpoint),
            Then::Signal(why) => self.signal(Box::new(checkpoint), 1, why),
            Then::Reply(answer) => self.answer(&checkpoint, answer),
        }
    }

    /// Whether batches run one at a time, with a save after each.
    fn is_one_at_a_time(work: &Work) -> bool {
        work.checkpoint.one_at_a_time_ms > 0 || work.checkpoint.search.is_some()
    }

    /// Starts the batches that may start, and at least one if none is in flight, so that a run always moves.
    pub(super) fn work(&mut self, now: Now, mut work: Box<Work>) -> Effect {
        if work.checkpoint.shards.is_some() {
            return self.oversee(work);
        }
        let in_flight = work.pace.in_flight;
        if in_flight == 0 {
            work.pace.begun = now.elapsed;
        }
        let is_alone = Self::is_one_at_a_time(&work) || self.lease_is_old(now);
        let most = if is_alone { 1_u64.saturating_sub(in_flight) } else { u64::MAX };
        let start = self.budget.allows(in_flight, now.left).min(most).max(u64::from(in_flight == 0));
        let records = work.checkpoint.next_batch();
        self.phase = Phase::Working(work);
        Effect::Work { start, records }
    }

    /// R8 to R10.
    pub(super) fn batch_done(&mut self, now: Now, mut work: Box<Work>, done: Done) -> Effect {
        work.pace.in_flight = done.in_flight;
        work.pace.begun = now.elapsed;
        let checkpoint = &mut work.checkpoint;
        // A call that only ends the run may have changed the job's state, which is saved with its batch.
        let worked = done.records > 0 || done.complete;
        if worked {
            checkpoint.batches += 1;
            checkpoint.last_error = None;
            checkpoint.one_at_a_time_ms = checkpoint.one_at_a_time_ms.saturating_sub((done.took.as_millis() as u64).max(1));
            self.budget.batch_took(done.took);
            if let Some(search) = &mut checkpoint.search {
                search.witness = true;
            }
        }
        if work.pace.suspects > 0 { self.witnessed(now, work, worked, done) } else { self.passed(now, work, done) }
    }

    /// Moves the cursor past what was done or skipped.
    pub(super) fn passed(&mut self, now: Now, mut work: Box<Work>, done: Done) -> Effect {
        work.move_past(&done);
        let checkpoint = &mut work.checkpoint;
        // If no record was left, the attempts that found this out do not count against `on_complete`.
        checkpoint.attempts = 1;
        checkpoint.waiting = None;
        let position = checkpoint.position;
        checkpoint.search = checkpoint.search.map(|search| search.past(position));
        if checkpoint.search.is_some_and(|search| position >= search.until) {
            checkpoint.search = None;
            work.pace.hand_over_after = work.pace.hand_over_after.map(|_| now.elapsed);
        }
        if done.at_end || done.complete {
            return self.finish(now, work);
        }
        let is_one_at_a_time = Self::is_one_at_a_time(&work);
        let is_past = work.pace.hand_over_after.is_some_and(|after| now.elapsed >= after) && !is_one_at_a_time;
        let is_late = self.budget.allows(0, now.left) == 0;
        if work.pace.in_flight == 0 && (is_past || is_late) {
            return self.hand_over(work, Status::Ready);
        }
        // Batches in flight at the end are saved together by the hand-over. A save for each could take the time that is left.
        let due = is_one_at_a_time
            || (!is_late && now.elapsed.saturating_sub(work.last_save) >= self.rules.checkpoint)
            || self.lease_is_old(now);
        if due { self.save(work, Then::Work) } else { self.work(now, work) }
    }

    /// Whether another invocation may soon take the run over. One batch begins all the same, because a run must move.
    fn lease_is_old(&self, now: Now) -> bool {
        now.renewed >= self.rules.lease * 2 / 3
    }

    pub(super) fn finish(&mut self, now: Now, mut work: Box<Work>) -> Effect {
        work.checkpoint.search = None;
        work.checkpoint.one_at_a_time_ms = 0;
        let Checkpoint { skipped, batches, .. } = work.checkpoint;
        // Of a shard, all records may be bad.
        if skipped > 0 && batches == 0 && work.checkpoint.shard.is_none() {
            let refusal = Refusal::NothingProcessed { skipped };
            let error = work.checkpoint.last_error.take();
            work.checkpoint.fail(refusal.as_last_error(error));
            return self.save(work, Then::Reply(Reply::Refuse(refusal)));
        }
        if !self.rules.on_complete || work.checkpoint.shard.is_some() {
            work.checkpoint.status = Status::Done;
            work.checkpoint.owner = None;
            return self.save(work, Then::Reply(Reply::Acknowledge(AckReason::Done)));
        }
        work.checkpoint.input_finished = true;
        if self.budget.has_worked() && !self.budget.half_is_left(now.left) {
            return self.hand_over(work, Status::Completing);
        }
        work.checkpoint.status = Status::Completing;
        self.save(work, Then::Complete)
    }

    /// R9: save, then signal, then acknowledge.
    pub(super) fn hand_over(&mut self, mut work: Box<Work>, status: Status) -> Effect {
        work.checkpoint.hand_over(status, self.token());
        self.save(work, Then::Signal(AckReason::Yielded))
    }
}
