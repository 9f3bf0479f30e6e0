//! Work on a run that this invocation owns: batches, checkpoints, the hand-over, the end, and what fails on the way.

use super::{CAREFUL, Pace, Phase, Run, Then, Work, reply};
use crate::engine::record::{LastError, Record, Search, Status};
use crate::engine::step::{Cause, Done, Effect, Failure, How, Now, Refusal, Reply, Why};

impl Run {
    /// After a save.
    pub(super) fn go_on(&mut self, now: Now, record: Record, then: Then, pace: Option<Pace>) -> Effect {
        let careful = (record.attempts > 1).then(|| now.elapsed + CAREFUL);
        let pace = pace.unwrap_or(Pace { careful_until: careful, in_flight: 0 });
        let work = |record: Record| Box::new(Work { saved: record.clone(), record, last_save: now.elapsed, pace });
        match then {
            Then::Work => self.work(now, work(record)),
            Then::SetAside(error) => self.begin_to_set_aside(work(record), error),
            Then::Complete if !self.budget.half_is_left(now.left) => self.hand_over(work(record), Status::Completing),
            Then::Complete => {
                self.phase = Phase::Completing(work(record));
                Effect::Complete
            }
            Then::Signal(why) => self.signal(Box::new(record), 1, why),
            Then::Reply(answer) => reply(answer),
        }
    }

    fn is_careful(&self, now: Now, work: &Work) -> bool {
        work.pace.careful_until.is_some_and(|until| now.elapsed < until) || work.record.search.is_some()
    }

    /// Starts what may be started, and at least one batch where none is in flight: a run always moves.
    fn work(&mut self, now: Now, work: Box<Work>) -> Effect {
        let in_flight = work.pace.in_flight;
        let most = if self.is_careful(now, &work) { 1_u64.saturating_sub(in_flight) } else { u64::MAX };
        let start = self.budget.allows(in_flight, now.left).min(most).max(u64::from(in_flight == 0));
        let records = work.record.next_batch();
        self.phase = Phase::Working(work);
        Effect::Work { start, records }
    }

    /// Rules R8 to R10.
    pub(super) fn batch_done(&mut self, now: Now, mut work: Box<Work>, done: Done) -> Effect {
        work.pace.in_flight = done.in_flight;
        let record = &mut work.record;
        // A call that says only that the run is complete may have changed the carried state, which is saved with its batch.
        if done.records > 0 || done.complete {
            record.batches += 1;
            record.last_error = None;
            self.budget.batch_took(done.took);
        }
        self.passed(now, work, done)
    }

    /// Behind the cursor stands what was done, or set aside.
    fn passed(&mut self, now: Now, mut work: Box<Work>, done: Done) -> Effect {
        let record = &mut work.record;
        record.offset = done.offset;
        record.line = done.line;
        if done.header.is_some() {
            record.header = done.header;
        }
        record.position += done.records;
        // Where nothing was left, the attempts that found it out are none of `on_complete`'s.
        record.attempts = 1;
        if record.search.is_some_and(|search| record.position >= search.until) {
            record.search = None;
            work.pace.careful_until = work.pace.careful_until.map(|_| now.elapsed);
        }
        if done.at_end || done.complete {
            return self.finish(now, work);
        }
        // Past what was tried before: whatever fails from here on shall have all of Lambda's deliveries.
        let is_past = work.pace.careful_until.is_some() && !self.is_careful(now, &work);
        let is_late = self.budget.allows(0, now.left) == 0;
        if work.pace.in_flight == 0 && (is_past || is_late) {
            return self.hand_over(work, Status::Ready);
        }
        // What is in flight at the end is saved together, by the hand-over: a save for each could take what time is left.
        let due = self.is_careful(now, &work)
            || (!is_late && now.elapsed.saturating_sub(work.last_save) >= self.rules.checkpoint)
            || now.renewed >= self.rules.lease * 2 / 3;
        if due { self.save(work, Then::Work) } else { self.work(now, work) }
    }

    fn finish(&mut self, now: Now, mut work: Box<Work>) -> Effect {
        work.record.search = None;
        if !self.rules.on_complete {
            work.record.status = Status::Done;
            work.record.owner = None;
            return self.save(work, Then::Reply(Reply::Acknowledge(Why::Done)));
        }
        if !self.budget.half_is_left(now.left) {
            return self.hand_over(work, Status::Completing);
        }
        work.record.status = Status::Completing;
        self.save(work, Then::Complete)
    }

    /// Rule R9: save, then signal, then acknowledge.
    fn hand_over(&mut self, mut work: Box<Work>, status: Status) -> Effect {
        work.record.hand_over(status);
        self.save(work, Then::Signal(Why::Yielded))
    }

    /// Rules R12 and R13.
    pub(super) fn failed(&mut self, now: Now, mut work: Box<Work>, failure: Failure) -> Effect {
        work.pace.in_flight = 0;
        let record = &mut work.record;
        if failure.cause == Cause::Changed && record.position == 0 {
            record.owner = None;
            record.status = Status::Superseded;
            return self.save(work, Then::Reply(Reply::Acknowledge(Why::Superseded)));
        }
        let waits = failure.cause == Cause::Environment;
        // Without the whole batch it was tried often enough; its parts are tried once.
        let last = failure.terminal || record.attempts >= self.rules.max_attempts || record.search.is_some();
        let skips = failure.cause == Cause::Other && failure.records > 0 && last;
        match self.rules.skip.filter(|_| skips) {
            Some(most) if record.set_aside >= most => {
                let refusal = Refusal::TooManySetAside { set_aside: record.set_aside };
                record.fail(refusal.as_last_error(Some(failure.error)));
                return self.save(work, Then::Reply(Reply::Refuse(refusal)));
            }
            Some(_) => return self.search(now, work, failure),
            None => {}
        }
        if waits {
            record.attempts = record.attempts.saturating_sub(1);
        }
        record.owner = None;
        record.status = match record.status {
            _ if last && !waits => Status::Failed,
            Status::Completing => Status::Completing,
            _ => Status::Ready,
        };
        record.last_error = Some(failure.error);
        self.save(work, Then::Reply(Reply::Fail))
    }

    /// One of the records after the cursor cannot be processed: sets it aside, or looks where it is.
    fn search(&mut self, now: Now, mut work: Box<Work>, failure: Failure) -> Effect {
        let Failure { records, error, .. } = failure;
        if records == 1 {
            return self.begin_to_set_aside(work, error);
        }
        let record = &mut work.record;
        record.search_among(records);
        record.last_error = Some(error);
        record.attempts = 1;
        if self.budget.allows(0, now.left) == 0 {
            return self.hand_over(work, Status::Ready);
        }
        self.save(work, Then::Work)
    }

    fn begin_to_set_aside(&mut self, work: Box<Work>, error: LastError) -> Effect {
        self.phase = Phase::SettingAside { work, error: error.clone() };
        Effect::SetAside(error)
    }

    /// Invariant I7: what is set aside is written before the cursor passes it.
    pub(super) fn set_aside(&mut self, now: Now, mut work: Box<Work>, error: LastError, done: Done) -> Effect {
        let record = &mut work.record;
        if done.records > 0 {
            record.set_aside += done.records;
            record.last_error = Some(error);
            // The rest of the batch may be without fault.
            let behind = record.position + done.records;
            record.search = record.search.map(|search| Search { step: search.until.saturating_sub(behind), ..search });
        }
        self.passed(now, work, done)
    }

    /// State that cannot be saved stops the run where it was last saved.
    pub(super) fn capture_failed(&mut self, work: Box<Work>, error: LastError) -> Effect {
        let mut record = work.saved;
        record.fail(error);
        self.begin_save(How::Swap, Box::new(record), Then::Reply(Reply::Fail), None)
    }
}
