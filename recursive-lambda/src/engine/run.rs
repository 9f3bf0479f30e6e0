//! The run's state machine: what one invocation does about one event.
//!
//! `Run::step` takes what happened and says what to do next; it starts with `Event::Begin` and ends with `Effect::Reply`.
//! An event is acknowledged only if the run is over, or if a later signal of it is certain to arrive: work that nobody is due to
//! continue cannot come to be. The driver performs effects one at a time, so there is one answer to each event.

mod assess;
mod failing;
mod work;

use self::failing::SearchIs;
use super::budget::Budget;
use super::record::{LastError, Owner, Record, Status};
use super::save::{Read, Saved};
use super::step::{Batch, Cause, Done, Effect, Event, Given, How, Now, Refusal, Reply, Rules, Signalled, Why};
use std::time::Duration;

/// Past what failed before, an invocation works so long and then hands over: whatever fails next has all of Lambda's deliveries again.
const PAST_A_FAILURE: Duration = Duration::from_secs(10);

/// The token of every event that starts a run: they cannot be told apart.
const START: &str = "";

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
        pace: Option<Pace>,
    },
    Working(Box<Work>),
    PassingOver {
        work: Box<Work>,
        error: LastError,
        /// Whether the record is at fault beyond doubt.
        certain: bool,
    },
    SettingAside {
        work: Box<Work>,
        /// What follows behind what is set aside.
        done: Done,
    },
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
    PassOver { error: LastError, certain: bool },
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
    pace: Pace,
    /// What was wrong with the record that was passed over last.
    suspicion: Option<LastError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pace {
    /// After a failure: when to hand over, if the run is past it.
    hand_over_after: Option<Duration>,
    /// Batches that were started and are not yet done.
    in_flight: u64,
    /// When the first of them was started.
    begun: Duration,
    /// Records passed over in memory only: they are set aside once another record is processed, and tried again otherwise.
    suspects: u64,
    /// Whether an earlier invocation tried records one by one, and one of them may be processed without a save.
    tried_alone: bool,
}

impl Run {
    pub(crate) fn new(rules: Rules, me: Owner, given: Given, budget: Budget) -> Self {
        Self { rules, me, given, budget, phase: Phase::Beginning }
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Records that were passed over and are to be set aside.
    #[cfg(test)]
    pub(in crate::engine) fn suspects(&self) -> u64 {
        match &self.phase {
            Phase::SettingAside { work, .. } => work.pace.suspects,
            _ => 0,
        }
    }

    /// What the driver is asked to work on: the record, with what was done since the last save.
    pub(crate) fn record(&self) -> Option<&Record> {
        match &self.phase {
            Phase::Working(work)
            | Phase::PassingOver { work, .. }
            | Phase::SettingAside { work, .. }
            | Phase::Completing(work) => Some(&work.record),
            _ => None,
        }
    }

    /// What follows from `event`.
    pub(crate) fn step(&mut self, now: Now, event: Event) -> Effect {
        match (std::mem::replace(&mut self.phase, Phase::Over), event) {
            (Phase::Beginning, Event::Begin) => self.begin(),
            (Phase::Reading, Event::Read(read)) => self.assess_reading(read),
            (Phase::Saving { record, then, pace }, Event::Saved(saved, took)) => {
                self.budget.save_took(took);
                self.saved(now, *record, then, pace, saved)
            }
            (Phase::Working(work), Event::Batch(Batch::Done(done))) => self.batch_done(now, work, done),
            (Phase::Working(work), Event::Batch(Batch::Failed(failure))) => self.failed(now, work, failure),
            (Phase::PassingOver { work, error, certain }, Event::PassedOver(Ok(done))) => {
                self.passed_over(now, work, error, certain, done)
            }
            // A record that cannot be skipped is no reason to fail while it may be an outage.
            (Phase::PassingOver { work, error, certain: false }, Event::PassedOver(Err(failure)))
                if failure.cause == Cause::Other =>
            {
                self.wait(now, work, SearchIs::Dropped, error)
            }
            (Phase::PassingOver { work, .. }, Event::PassedOver(Err(failure))) => self.failed(now, work, failure),
            (Phase::SettingAside { work, done }, Event::SetAside(Ok(()))) => self.set_aside(now, work, done),
            (Phase::SettingAside { work, .. }, Event::SetAside(Err(failure))) => self.failed(now, work, failure),
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
            (Phase::Completing(work), Event::Completed(Err(failure))) => self.failed(now, work, failure),
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
            Given::Signal { .. } | Given::Resume => {
                self.phase = Phase::Reading;
                Effect::Read
            }
            Given::Sweep(record) => self.signal(record.clone(), 1, Why::SignalledAgain),
            Given::Start(record) => {
                let in_place = record.status == Status::Running;
                let then = if in_place { Then::Work } else { Then::Signal(Why::Admitted) };
                let mut record = record.clone();
                record.handed_over_by = (!in_place).then(|| START.into());
                self.begin_save(How::Create, record, then, None)
            }
        }
    }

    fn saved(&mut self, now: Now, record: Record, then: Then, pace: Option<Pace>, saved: Saved) -> Effect {
        match saved {
            Saved::Applied { .. } => self.go_on(now, record, then, pace),
            // The user's error outweighs a save that was only to help the next attempt: the event comes again either way.
            _ if then == Then::Reply(Reply::Fail) => reply(Reply::Fail),
            Saved::Lost(stored) => self.assess(*stored),
            Saved::Gone => reply(Reply::Refuse(Refusal::RecordGone)),
            Saved::Unreadable(why) => reply(Reply::Refuse(Refusal::Unreadable(why))),
            Saved::Unknown(why) | Saved::Refused(why) => reply(Reply::Refuse(Refusal::StoreFailed(why))),
        }
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
        self.begin_save(How::Swap, Box::new(work.record.clone()), then, Some(work.pace))
    }

    fn begin_save(&mut self, how: How, record: Box<Record>, then: Then, pace: Option<Pace>) -> Effect {
        self.phase = Phase::Saving { record: record.clone(), then, pace };
        Effect::Save(how, record)
    }

    fn signal(&mut self, record: Box<Record>, tries: u32, why: Why) -> Effect {
        self.phase = Phase::Signalling { record: record.clone(), tries, why };
        // Each try has a token of its own: of two that arrive, one only may be sent again.
        let token = format!("{}.{tries}", self.me.nonce);
        Effect::Signal { record, token, swept: matches!(self.given, Given::Sweep(_)) }
    }

    /// What names the event that this invocation was given.
    pub(in crate::engine) fn token(&self) -> &str {
        match &self.given {
            Given::Signal { token, .. } => token,
            Given::Start(_) | Given::Sweep(_) | Given::Resume => START,
        }
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
