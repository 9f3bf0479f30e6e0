//! Failures during a run: errors that are retried later, errors that end the run, and the search for the bad record.
//!
//! A retryable error does not count as an attempt, because it may be an outage: the run waits. Where records may be skipped, a
//! record with such an error is skipped only if another record is processed in the same search. This module measures durations
//! and reads no clock.
//!
//! `docs/protocol.md` has the rules and invariants.

use super::{Phase, Run, Then, Work};
use crate::checkpoint::{Checkpoint, LastError, Search, Status, Waiting};
use crate::engine::messages::{AckReason, Cause, Done, Effect, Failure, How, Now, Refusal, Reply, Trigger};
use std::time::{Duration, SystemTime};

/// If this many records fail in a row after a failed one, it is an outage.
const MOST_SUSPECTS: u64 = 8;

/// When Lambda delivers a failed event again:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
const DELIVERIES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

impl Run {
    /// R12 and R13.
    pub(super) fn failed(&mut self, now: Now, mut work: Box<Work>, failure: Failure) -> Effect {
        work.pace.in_flight = 0;
        self.budget.try_took(now.elapsed.saturating_sub(work.pace.begun));
        let is_of_records = failure.records > 0 && matches!(failure.cause, Cause::Panicked | Cause::Other);
        let is_retryable = match failure.cause {
            Cause::Environment => true,
            Cause::Other => !failure.terminal,
            Cause::Changed | Cause::Panicked => false,
        };
        if work.pace.suspects > 0 {
            if is_of_records {
                return self.pass_over(work, failure.error, false);
            }
            work.forget_suspects();
        }
        if failure.cause == Cause::Changed && work.checkpoint.position == 0 {
            work.checkpoint.owner = None;
            work.checkpoint.status = Status::Superseded;
            return self.save(work, Then::Reply(Reply::Acknowledge(AckReason::Superseded)));
        }
        let skips = self.rules.skip.filter(|_| is_of_records);
        if is_retryable && skips.is_some() && self.is_to_be_searched(&work.checkpoint) {
            return self.doubt(now, work, failure);
        }
        if is_retryable {
            let outage = failure.cause == Cause::Other;
            return self.wait(now, work, if outage { SearchIs::Dropped } else { SearchIs::Kept }, failure.error);
        }
        let checkpoint = &mut work.checkpoint;
        // A search that a terminal error began says nothing about a panic: a record that panics alone is tried as often as a
        // batch is.
        if failure.cause == Cause::Panicked
            && failure.records == 1
            && skips.is_some()
            && let Some(search) = checkpoint.search.as_mut().filter(|search| search.alone + 1 < self.rules.max_attempts)
        {
            search.alone += 1;
            checkpoint.last_error = Some(failure.error);
            return if self.is_out_of_time(now) { self.hand_over(work, Status::Ready) } else { self.work(now, work) };
        }
        // The whole batch was tried often enough; its parts are tried once.
        let last = failure.terminal || checkpoint.attempts >= self.rules.max_attempts || checkpoint.search.is_some();
        match skips.filter(|_| last) {
            Some(most) if checkpoint.skipped >= most => {
                let refusal = Refusal::TooManySkipped { skipped: checkpoint.skipped };
                checkpoint.fail(refusal.as_last_error(Some(failure.error)));
                return self.save(work, Then::Reply(Reply::Refuse(refusal)));
            }
            Some(_) if failure.records == 1 => return self.pass_over(work, failure.error, true),
            Some(_) => return self.halve(now, work, failure, false),
            None => {}
        }
        checkpoint.give_back(last, failure.error);
        self.save(work, Then::Reply(Reply::Fail))
    }

    /// The run stays at its position and is retried, by Lambda's next delivery, then by sweeps, until `retry_for` is over.
    pub(super) fn wait(&mut self, now: Now, mut work: Box<Work>, search: SearchIs, error: LastError) -> Effect {
        work.forget_suspects();
        let wall = SystemTime::UNIX_EPOCH + now.wall;
        let checkpoint = &mut work.checkpoint;
        if search == SearchIs::Dropped {
            checkpoint.search = checkpoint.search.filter(|search| !search.doubtful || work.pace.tried_alone);
        }
        let waiting = match checkpoint.waiting.take() {
            None => Waiting { since: wall, next: wall, errors: 1, waited_ms: 0 },
            Some(before) => Waiting {
                errors: before.errors.saturating_add(1),
                waited_ms: before.waited_ms + now.elapsed.as_millis() as u64,
                ..before
            },
        };
        let swept = matches!(self.trigger, Trigger::Signal { swept: true, .. });
        let delivered = DELIVERIES.get(waiting.errors as usize - 1).filter(|_| !swept);
        let pause = delivered.copied().unwrap_or(waiting.pause().max(self.rules.lease * 2));
        let is_over = waiting.errors >= self.rules.max_attempts && waiting.waited() >= self.rules.retry_for;
        checkpoint.attempts = checkpoint.attempts.saturating_sub(1);
        checkpoint.give_back(is_over, error);
        checkpoint.waiting = Some(Waiting { next: wall + pause, ..waiting });
        // A waiting run has not run away.
        checkpoint.forgiven = (checkpoint.forgiven + 1).min(checkpoint.invocations);
        // Lambda does not retry a sweep's signal; the next sweep does.
        let answer = if swept && !is_over { Reply::Acknowledge(AckReason::Waits) } else { Reply::Fail };
        self.save(work, Then::Reply(answer))
    }

    /// Without a known deadline a search goes on. It is short, and would otherwise never end.
    fn is_out_of_time(&self, now: Now) -> bool {
        now.left.is_some() && self.budget.allows(0, now.left) == 0
    }

    fn is_to_be_searched(&self, checkpoint: &Checkpoint) -> bool {
        let errors = checkpoint.waiting.as_ref().map_or(0, |waiting| waiting.errors) + 1;
        checkpoint.search.is_some_and(|search| search.doubtful) || errors.is_multiple_of(self.rules.max_attempts)
    }

    /// A retryable error came several times: is one of the records bad, or is it an outage?
    fn doubt(&mut self, now: Now, mut work: Box<Work>, failure: Failure) -> Effect {
        if failure.records > 1 {
            return self.halve(now, work, failure, true);
        }
        let checkpoint = &mut work.checkpoint;
        // A search after certain errors keeps its range.
        let until = checkpoint.search.map_or(checkpoint.position + 1, |search| search.until);
        let search = checkpoint.search.filter(|search| search.doubtful).unwrap_or(Search::begun(until, 1, true));
        let alone = search.alone + 1;
        checkpoint.search = Some(Search { step: 1, alone, ..search });
        // Alone it is tried as often as a batch is: a record that fails only now and then is not bad.
        if alone >= self.rules.max_attempts && search.proven {
            return self.pass_over(work, failure.error, true);
        }
        if alone >= self.rules.max_attempts {
            // Saved before the first of them is tried, so that after a death the next invocation gives them the same keys.
            let alone_until = search.alone_until.max(checkpoint.position + 1 + MOST_SUSPECTS);
            let until = search.until.max(alone_until);
            checkpoint.search = Some(Search { until, step: 1, alone, alone_until, ..search });
            return self.save(work, Then::PassOver { error: failure.error, certain: false });
        }
        if self.is_out_of_time(now) { self.wait(now, work, SearchIs::Kept, failure.error) } else { self.work(now, work) }
    }

    /// One of the batch's records is bad: half of them are tried next.
    fn halve(&mut self, now: Now, mut work: Box<Work>, failure: Failure, doubtful: bool) -> Effect {
        let checkpoint = &mut work.checkpoint;
        checkpoint.search_among(failure.records, doubtful);
        checkpoint.last_error = Some(failure.error);
        checkpoint.attempts = 1;
        if self.is_out_of_time(now) {
            return self.hand_over(work, Status::Ready);
        }
        self.save(work, Then::Work)
    }

    /// Earlier work is saved first, because the record is passed over in memory only.
    pub(super) fn pass_over(&mut self, work: Box<Work>, error: LastError, certain: bool) -> Effect {
        if work.pace.suspects == 0 && work.checkpoint.position != work.saved.position {
            return self.save(work, Then::PassOver { error, certain });
        }
        self.phase = Phase::PassingOver { work, error: error.clone(), certain };
        Effect::PassOver(error)
    }

    /// Keeps the record at the cursor, and moves the cursor past it, in memory only.
    pub(super) fn passed_over(&mut self, now: Now, mut work: Box<Work>, error: LastError, certain: bool, done: Done) -> Effect {
        work.move_past(&done);
        let checkpoint = &work.checkpoint;
        work.pace.suspects += done.records;
        work.suspicion = Some(error.clone());
        let done = Done { records: 0, ..done };
        if certain {
            return self.begin_skip(work, done);
        }
        // The object ends here, so the record before it is the witness.
        if done.at_end && work.pace.suspects == 1 && checkpoint.search.is_some_and(|search| search.witness) {
            return self.begin_skip(work, done);
        }
        if done.at_end || checkpoint.search.is_none_or(|search| checkpoint.position >= search.alone_until) {
            return self.wait(now, work, SearchIs::Dropped, error);
        }
        if self.is_out_of_time(now) { self.wait(now, work, SearchIs::Kept, error) } else { self.work(now, work) }
    }

    /// A record after the suspects was processed, so it is not an outage. The run goes back to the first suspect and skips it if
    /// it fails as often again. `worked`: false at the end of the object, if no record was left.
    pub(super) fn witnessed(&mut self, now: Now, mut work: Box<Work>, worked: bool, done: Done) -> Effect {
        let end = work.checkpoint.position + done.records;
        let error = work.suspicion.clone();
        match error {
            Some(error) if !worked => self.wait(now, work, SearchIs::Dropped, error),
            _ => {
                work.forget_suspects();
                let search = work.checkpoint.search.unwrap_or(Search::begun(end, 1, true));
                let alone_until = search.alone_until.max(end);
                work.checkpoint.search = Some(Search { step: 1, doubtful: true, alone: 0, alone_until, proven: true, ..search });
                // The job's state includes the witness's work, so the next invocation begins with the saved state.
                self.hand_over(work, Status::Ready)
            }
        }
    }

    /// I7: a skipped record is written before the cursor passes it in the store. `done`: what was processed after it.
    fn begin_skip(&mut self, work: Box<Work>, done: Done) -> Effect {
        let Work { saved, checkpoint, pace, suspicion, .. } = &*work;
        let most = self.rules.skip.unwrap_or(u64::MAX);
        if pace.suspects > 0 && checkpoint.skipped.saturating_add(pace.suspects) > most {
            let refusal = Refusal::TooManySkipped { skipped: checkpoint.skipped };
            let mut checkpoint = saved.clone();
            checkpoint.fail(refusal.as_last_error(suspicion.clone()));
            return self.begin_save(How::Swap, Box::new(checkpoint), Then::Reply(Reply::Refuse(refusal)), None);
        }
        self.phase = Phase::Skipping { work, done };
        Effect::Skip
    }

    pub(super) fn skipped(&mut self, now: Now, mut work: Box<Work>, done: Done) -> Effect {
        let checkpoint = &mut work.checkpoint;
        if work.pace.suspects > 0 {
            checkpoint.skipped += work.pace.suspects;
            checkpoint.last_error = work.suspicion.take();
            work.pace.suspects = 0;
            // The rest of the batch may be fine. The next failure needs its own witness.
            let rest = search_step(checkpoint, done.records);
            checkpoint.search =
                checkpoint.search.map(|search| Search { step: rest, alone: 0, proven: false, witness: false, ..search });
        }
        self.passed(now, work, done)
    }
}

/// How many records are tried next after a skipped one.
fn search_step(checkpoint: &Checkpoint, done: u64) -> u64 {
    let next = checkpoint.position + done;
    match checkpoint.search {
        Some(search) if next < search.alone_until => 1,
        Some(search) => search.until.saturating_sub(next).max(1),
        None => 0,
    }
}

/// What happens to a doubtful search while the run waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SearchIs {
    /// It continues at its position.
    Kept,
    /// The next try is of the whole batch: the end of an outage is the end for all of its records.
    Dropped,
}

impl Work {
    /// Goes back to the last save.
    fn forget_suspects(&mut self) {
        if self.pace.suspects > 0 {
            self.checkpoint = self.saved.clone();
            self.pace.suspects = 0;
            self.suspicion = None;
        }
    }
}
