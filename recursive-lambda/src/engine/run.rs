//! The run's state machine: what one invocation does about one event.
//!
//! `Run::step` takes what happened and says what to do next; it starts with `Event::Begin` and ends with `Effect::Reply`.
//! An event is acknowledged only if the run is over, or if a later signal of it is certain to arrive: work that nobody is due to
//! continue cannot come to be. The driver performs effects one at a time, so there is one answer to each event.

mod assess;

use super::budget::Budget;
use super::record::{LastError, Owner, Record, Status};
use super::save::{Read, Saved};
use super::step::{Batch, Cause, Done, Effect, Event, Failure, Given, How, Now, Refusal, Reply, Rules, Signalled, Why};
use std::time::Duration;

/// After the first acquisition failed, every batch is saved for so long, so that the batch at fault is the one at the cursor.
const CAREFUL: Duration = Duration::from_secs(10);

/// The store's times are whole seconds.
const CLOCK_GRAIN: Duration = Duration::from_secs(1);

/// How often a signal is sent before the event is given back, and the pause before asking whether one arrived.
const SIGNAL_TRIES: u32 = 4;
const SIGNAL_SILENCE: Duration = Duration::from_secs(1);

/// One invocation's work on one event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Run {
    rules: Rules,
    me: Owner,
    given: Given,
    budget: Budget,
    phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Beginning,
    Reading,
    Saving {
        record: Box<Record>,
        then: Then,
        /// Known once work has begun.
        careful_until: Option<Duration>,
    },
    Working(Box<Work>),
    Capturing {
        work: Box<Work>,
        then: Then,
    },
    Completing(Box<Work>),
    Signalling {
        record: Box<Record>,
        tries: u32,
        why: Why,
    },
    Pausing {
        record: Box<Record>,
        tries: u32,
        why: Why,
    },
    Checking {
        record: Box<Record>,
        tries: u32,
        why: Why,
    },
    Over,
}

/// What follows a save.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Then {
    Work,
    Complete,
    Signal(Why),
    Reply(Reply),
}

/// Work under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Work {
    /// As the store has it.
    saved: Record,
    /// With what was done since.
    record: Record,
    last_save: Duration,
    careful_until: Duration,
}

impl Run {
    pub(crate) fn new(rules: Rules, me: Owner, given: Given, budget: Budget) -> Self {
        Self { rules, me, given, budget, phase: Phase::Beginning }
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The record as far as it is known, with what was done since the last save.
    pub(crate) fn record(&self) -> Option<&Record> {
        match &self.phase {
            Phase::Working(work) | Phase::Capturing { work, .. } | Phase::Completing(work) => Some(&work.record),
            Phase::Saving { record, .. } => Some(record),
            _ => None,
        }
    }

    /// What follows from `event`.
    pub(crate) fn step(&mut self, now: Now, event: Event) -> Effect {
        match (std::mem::replace(&mut self.phase, Phase::Over), event) {
            (Phase::Beginning, Event::Begin) => self.begin(),
            (Phase::Reading, Event::Read(read)) => self.assess_reading(read),
            (Phase::Saving { record, then, careful_until }, Event::Saved(saved, took)) => {
                self.budget.save_took(took);
                self.saved(now, *record, then, careful_until, saved)
            }
            (Phase::Working(work), Event::Batch(Batch::Done(done))) => self.batch_done(now, work, done),
            (Phase::Working(work), Event::Batch(Batch::Failed(failure))) => self.failed(work, failure),
            (Phase::Capturing { mut work, then }, Event::Captured(Ok(state))) => {
                work.record.state = state;
                self.write(&work, then)
            }
            (Phase::Capturing { work, .. }, Event::Captured(Err(error))) => self.capture_failed(work, error),
            (Phase::Completing(mut work), Event::Completed(Ok(()))) => {
                work.record.status = Status::Done;
                work.record.owner = None;
                self.save(work, Then::Reply(Reply::Acknowledge(Why::Done)))
            }
            (Phase::Completing(work), Event::Completed(Err(failure))) => self.failed(work, failure),
            (Phase::Signalling { record, tries, why }, Event::Signalled(signalled)) => match signalled {
                Signalled::Accepted => reply(Reply::Acknowledge(why)),
                Signalled::Refused => reply(Reply::Refuse(Refusal::SignalFailed)),
                Signalled::Silence => {
                    self.phase = Phase::Pausing { record, tries, why };
                    Effect::Pause(SIGNAL_SILENCE)
                }
            },
            (Phase::Pausing { record, tries, why }, Event::Paused) => {
                self.phase = Phase::Checking { record, tries, why };
                Effect::Read
            }
            (Phase::Checking { record, tries, why }, Event::Read(read)) => self.check_signal(record, tries, why, read),
            _ => reply(Reply::Refuse(Refusal::OutOfStep)),
        }
    }

    fn begin(&mut self) -> Effect {
        match &self.given {
            Given::Signal { .. } => {
                self.phase = Phase::Reading;
                Effect::Read
            }
            Given::Sweep(record) => self.signal(record.clone(), 1, Why::SignalledAgain),
            Given::Start(record) => {
                let in_place = record.status == Status::Running;
                let then = if in_place { Then::Work } else { Then::Signal(Why::Admitted) };
                let record = record.clone();
                self.begin_save(How::Create, record, then, None)
            }
        }
    }

    fn saved(&mut self, now: Now, record: Record, then: Then, careful_until: Option<Duration>, saved: Saved) -> Effect {
        match saved {
            Saved::Applied { .. } => self.go_on(now, record, then, careful_until),
            // The user's error outweighs a save that was only to help the next attempt: the event comes again either way.
            _ if then == Then::Reply(Reply::Fail) => reply(Reply::Fail),
            Saved::Lost(stored) => self.assess(*stored),
            Saved::Gone => reply(Reply::Refuse(Refusal::RecordGone)),
            Saved::Unreadable(why) => reply(Reply::Refuse(Refusal::Unreadable(why))),
            Saved::Unknown(why) | Saved::Refused(why) => reply(Reply::Refuse(Refusal::StoreFailed(why))),
        }
    }

    fn go_on(&mut self, now: Now, record: Record, then: Then, careful_until: Option<Duration>) -> Effect {
        let careful = if record.attempts > 1 { now.elapsed + CAREFUL } else { Duration::ZERO };
        let careful_until = careful_until.unwrap_or(careful);
        let work = |record: Record| Box::new(Work { saved: record.clone(), record, last_save: now.elapsed, careful_until });
        match then {
            Then::Work => {
                self.phase = Phase::Working(work(record));
                Effect::Work
            }
            Then::Complete if !self.budget.half_is_left(now.left) => self.hand_over(work(record), Status::Completing),
            Then::Complete => {
                self.phase = Phase::Completing(work(record));
                Effect::Complete
            }
            Then::Signal(why) => self.signal(Box::new(record), 1, why),
            Then::Reply(answer) => reply(answer),
        }
    }

    /// Rules R8 to R10.
    fn batch_done(&mut self, now: Now, mut work: Box<Work>, done: Done) -> Effect {
        let record = &mut work.record;
        record.offset = done.offset;
        record.line = done.line;
        if done.header.is_some() {
            record.header = done.header;
        }
        // A call that says only that the run is complete may have changed the carried state, which is saved with its batch.
        if done.records > 0 || done.complete {
            record.position += done.records;
            record.batches += 1;
            record.attempts = 1;
            record.last_error = None;
            self.budget.batch_took(done.took);
        }
        if done.at_end || done.complete {
            return self.finish(now, work);
        }
        if !self.budget.allows_another(now.left) {
            return self.hand_over(work, Status::Ready);
        }
        let due = now.elapsed < work.careful_until
            || now.elapsed.saturating_sub(work.last_save) >= self.rules.checkpoint
            || now.renewed >= self.rules.lease * 2 / 3;
        if due {
            return self.save(work, Then::Work);
        }
        self.phase = Phase::Working(work);
        Effect::Work
    }

    fn finish(&mut self, now: Now, mut work: Box<Work>) -> Effect {
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
        work.record.status = status;
        work.record.owner = None;
        work.record.seq += 1;
        work.record.attempts = 0;
        self.save(work, Then::Signal(Why::Yielded))
    }

    /// Rules R12 and R13.
    fn failed(&mut self, mut work: Box<Work>, failure: Failure) -> Effect {
        let record = &mut work.record;
        record.owner = None;
        if failure.cause == Cause::Changed && record.position == 0 {
            record.status = Status::Superseded;
            return self.save(work, Then::Reply(Reply::Acknowledge(Why::Superseded)));
        }
        let waits = failure.cause == Cause::Environment;
        if waits {
            record.attempts = record.attempts.saturating_sub(1);
        }
        let stop = !waits && (failure.terminal || record.attempts >= self.rules.max_attempts);
        record.status = match record.status {
            _ if stop => Status::Failed,
            Status::Completing => Status::Completing,
            _ => Status::Ready,
        };
        record.last_error = Some(failure.error);
        self.save(work, Then::Reply(Reply::Fail))
    }

    /// State that cannot be saved stops the run where it was last saved.
    fn capture_failed(&mut self, work: Box<Work>, error: LastError) -> Effect {
        let record = Record { status: Status::Failed, owner: None, last_error: Some(error), ..work.saved };
        self.begin_save(How::Swap, Box::new(record), Then::Reply(Reply::Fail), None)
    }

    /// Saves, with the state as it stands if batches were done since the last time.
    fn save(&mut self, work: Box<Work>, then: Then) -> Effect {
        if work.record.batches == work.saved.batches {
            return self.write(&work, then);
        }
        self.phase = Phase::Capturing { work, then };
        Effect::Capture
    }

    fn write(&mut self, work: &Work, then: Then) -> Effect {
        self.begin_save(How::Swap, Box::new(work.record.clone()), then, Some(work.careful_until))
    }

    fn begin_save(&mut self, how: How, record: Box<Record>, then: Then, careful_until: Option<Duration>) -> Effect {
        self.phase = Phase::Saving { record: record.clone(), then, careful_until };
        Effect::Save(how, record)
    }

    fn signal(&mut self, record: Box<Record>, tries: u32, why: Why) -> Effect {
        self.phase = Phase::Signalling { record: record.clone(), tries, why };
        Effect::Signal(record)
    }

    /// Rule R14: after silence the record tells whether the signal arrived. Somebody took up the run since: the owner whose death
    /// the signal was sent for is in the record, too, and proves nothing.
    fn check_signal(&mut self, sent: Box<Record>, tries: u32, why: Why, read: Read) -> Effect {
        match read {
            Read::Found(stored) if stored.record.is_over() || stored.record.epoch > sent.epoch => reply(Reply::Acknowledge(why)),
            Read::Absent => reply(Reply::Refuse(Refusal::RecordGone)),
            _ if tries >= SIGNAL_TRIES => reply(Reply::Refuse(Refusal::SignalFailed)),
            _ => self.signal(sent, tries + 1, why),
        }
    }
}

fn reply(reply: Reply) -> Effect {
    Effect::Reply(reply)
}
