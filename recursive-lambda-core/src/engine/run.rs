//! The run's state machine: what one invocation does about one event.
//!
//! `Run::step` takes what happened and says what to do next; it starts with `Event::Begin` and ends with `Effect::Reply`.
//! An event is acknowledged only if the run is over, or if a later signal is certain to arrive, so a run is never left without a
//! continuation. The driver performs effects one at a time, so each event has exactly one answer.
//!
//! `docs/protocol.md` has the rules.

mod assess;
mod failing;
mod sharding;
mod signalling;
mod work;

use self::failing::SearchIs;
use super::budget::Budget;
use super::messages::{
    AckReason, Batch, Cause, Done, Effect, Event, How, Mode, Now, Refusal, Reply, Rules, Signalled, Start, Trigger,
};
use super::save::{Saved, Stored};
use crate::checkpoint::{Checkpoint, LastError, Owner, Status};
use std::time::{Duration, SystemTime};

/// After a failed batch is done, an invocation works this long and then hands over, so that the next failure has all of Lambda's
/// deliveries.
const PAST_A_FAILURE: Duration = Duration::from_secs(10);

/// The token of every event that starts a run. Such events cannot be told apart.
const START: &str = "";

/// How many times a signal is sent before the event is given back, and the pause before the checkpoint is read to see whether one
/// arrived.
const SIGNAL_TRIES: u32 = 4;
const SIGNAL_SILENCE: Duration = Duration::from_secs(1);

/// One invocation's work on one event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    rules: Rules,
    me: Owner,
    trigger: Trigger,
    budget: Budget,
    phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Beginning,
    Reading,
    Saving {
        checkpoint: Box<Checkpoint>,
        then: Then,
        /// Known once work has begun.
        pace: Option<Pace>,
    },
    Working(Box<Work>),
    PassingOver {
        work: Box<Work>,
        error: LastError,
        /// Whether it is certain that the record is bad.
        certain: bool,
    },
    Skipping {
        work: Box<Work>,
        /// What comes after the skipped record is written.
        done: Done,
    },
    Capturing {
        work: Box<Work>,
        then: Then,
    },
    Completing(Box<Work>),
    Scattering(Box<Work>),
    Gathering(Box<Work>),
    /// The run waits for its shards and has no owner.
    Released(Box<Checkpoint>),
    /// A shard that is over, and the reply to its event.
    Joining(Reply),
    SignallingRun {
        run: Box<Checkpoint>,
        tries: u32,
        reply: Reply,
    },
    Signalling {
        checkpoint: Box<Checkpoint>,
        tries: u32,
        why: AckReason,
    },
    Sleeping {
        checkpoint: Box<Checkpoint>,
        tries: u32,
        why: AckReason,
    },
    Checking {
        checkpoint: Box<Checkpoint>,
        tries: u32,
        why: AckReason,
    },
    Over,
}

/// What comes after a save.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Then {
    Work,
    PassOver { error: LastError, certain: bool },
    Complete,
    Gather,
    Signal(AckReason),
    Reply(Reply),
}

/// Work in progress.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Work {
    /// As the store has it.
    saved: Checkpoint,
    /// With what was done since.
    checkpoint: Checkpoint,
    last_save: Duration,
    pace: Pace,
    /// The error of the record that was passed over last.
    suspicion: Option<LastError>,
}

impl Work {
    /// The place after these records, in memory.
    fn move_past(&mut self, done: &Done) {
        let checkpoint = &mut self.checkpoint;
        checkpoint.position += done.records;
        checkpoint.offset = done.offset;
        checkpoint.text.clone_from(&done.text);
        checkpoint.line = done.line;
        if done.header.is_some() {
            checkpoint.header.clone_from(&done.header);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pace {
    /// After a failure: when to hand over, once the run is past it.
    hand_over_after: Option<Duration>,
    /// Batches that started and are not yet done.
    in_flight: u64,
    /// When the first of them started.
    begun: Duration,
    /// Records passed over in memory only. They are skipped once another record is processed, and tried again otherwise.
    suspects: u64,
    /// Whether an earlier invocation tried records one by one, so that one of them may be processed without a save.
    tried_alone: bool,
}

impl Run {
    #[must_use]
    pub fn new(rules: Rules, me: Owner, trigger: Trigger, budget: Budget) -> Self {
        Self { rules, me, trigger, budget, phase: Phase::Beginning }
    }

    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The records that were passed over, to be skipped.
    #[cfg(test)]
    #[must_use]
    pub fn suspects(&self) -> u64 {
        match &self.phase {
            Phase::Skipping { work, .. } => work.pace.suspects,
            _ => 0,
        }
    }

    /// The checkpoint the driver works on, with what was done since the last save.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        match &self.phase {
            Phase::Working(work) | Phase::PassingOver { work, .. } | Phase::Skipping { work, .. } | Phase::Completing(work) => {
                Some(&work.checkpoint)
            }
            Phase::Scattering(work) | Phase::Gathering(work) => Some(&work.checkpoint),
            Phase::Released(checkpoint) => Some(checkpoint),
            _ => None,
        }
    }

    /// The effect of `event`.
    pub fn step(&mut self, now: Now, event: Event) -> Effect {
        match (std::mem::replace(&mut self.phase, Phase::Over), event) {
            (Phase::Beginning, Event::Begin) => self.begin(now),
            (Phase::Reading, Event::Read(read)) => self.assess_reading(now, read),
            (Phase::Saving { checkpoint, then, pace }, Event::Saved(saved, took)) => {
                self.budget.save_took(took);
                self.saved(now, *checkpoint, then, pace, saved)
            }
            (Phase::Working(work), Event::Batch(Batch::Done(done))) => self.batch_done(now, work, done),
            (Phase::Working(work), Event::Batch(Batch::Failed(failure))) => self.failed(now, work, failure),
            (Phase::PassingOver { work, error, certain }, Event::PassedOver(Ok(done))) => {
                self.passed_over(now, work, error, certain, done)
            }
            // A record that cannot be skipped must not fail the run while this may be an outage.
            (Phase::PassingOver { work, error, certain: false }, Event::PassedOver(Err(failure)))
                if failure.cause == Cause::Other =>
            {
                self.wait(now, work, SearchIs::Dropped, error)
            }
            (Phase::PassingOver { work, .. }, Event::PassedOver(Err(failure))) => self.failed(now, work, failure),
            (Phase::Skipping { work, done }, Event::Skipped(Ok(()))) => self.skipped(now, work, done),
            (Phase::Skipping { work, .. }, Event::Skipped(Err(failure))) => self.failed(now, work, failure),
            (Phase::Capturing { mut work, then }, Event::Captured(state)) => {
                work.checkpoint.state = state;
                self.write(&work, then)
            }
            (Phase::Completing(mut work), Event::Completed(Ok(()))) => {
                work.checkpoint.status = Status::Done;
                work.checkpoint.owner = None;
                self.save(work, Then::Reply(Reply::Acknowledge(AckReason::Done)))
            }
            (Phase::Completing(work), Event::Completed(Err(failure))) => self.failed(now, work, failure),
            (Phase::Scattering(work), Event::Scattered(Ok(asked))) => self.scattered(now, work, asked),
            (Phase::Gathering(work), Event::Gathered(Ok(gathered))) => self.gathered(now, work, gathered),
            (Phase::Scattering(work), Event::Scattered(Err(failure)))
            | (Phase::Gathering(work), Event::Gathered(Err(failure))) => self.failed(now, work, failure),
            (Phase::Released(checkpoint), Event::Gathered(gathered)) => self.gathered_after_release(checkpoint, gathered.ok()),
            (Phase::Joining(after), Event::Joined(joined)) => self.joined(after, joined.ok()),
            (Phase::SignallingRun { run, tries, reply }, Event::Signalled(signalled)) => {
                self.signalled_run(run, tries, reply, signalled)
            }
            (Phase::SignallingRun { run, tries, reply }, Event::Slept) => self.signal_run(run, tries + 1, reply),
            (Phase::Signalling { checkpoint, tries, why }, Event::Signalled(signalled)) => match signalled {
                Signalled::Accepted => reply(Reply::Acknowledge(why)),
                Signalled::Refused => reply(Reply::Refuse(Refusal::SignalFailed)),
                Signalled::Silence => {
                    self.phase = Phase::Sleeping { checkpoint, tries, why };
                    Effect::Sleep(SIGNAL_SILENCE)
                }
            },
            (Phase::Sleeping { checkpoint, tries, why }, Event::Slept) => {
                self.phase = Phase::Checking { checkpoint, tries, why };
                Effect::Read
            }
            (Phase::Checking { checkpoint, tries, why }, Event::Read(read)) => self.check_signal(checkpoint, tries, why, read),
            _ => reply(Reply::Refuse(Refusal::OutOfStep)),
        }
    }

    fn begin(&mut self, now: Now) -> Effect {
        match &self.trigger {
            Trigger::Signal { .. } | Trigger::Command(_) => {
                self.phase = Phase::Reading;
                Effect::Read
            }
            Trigger::Sweep(checkpoint) => self.signal(checkpoint.clone(), 1, AckReason::SignalledAgain),
            Trigger::Start(Start { object, mode }) => {
                let then = match mode {
                    Mode::InPlace => Then::Work,
                    Mode::Admit => Then::Signal(AckReason::Admitted),
                };
                let wall = SystemTime::UNIX_EPOCH + now.wall;
                let first = Checkpoint::first(object.clone(), self.rules.plan.clone(), mode.first_seq(), wall);
                let mut first = Checkpoint { shards: self.rules.shards, ..first };
                match mode {
                    Mode::InPlace => self.take_up(&mut first),
                    Mode::Admit => first.handed_over_by = Some(START.into()),
                }
                self.begin_save(How::Create, Box::new(first), then, None)
            }
        }
    }

    fn saved(&mut self, now: Now, checkpoint: Checkpoint, then: Then, pace: Option<Pace>, saved: Saved) -> Effect {
        match saved {
            Saved::Applied { .. } => self.go_on(now, checkpoint, then, pace),
            // The user's error matters more than a save that only helps the next attempt. The event is delivered again either
            // way.
            _ if then == Then::Reply(Reply::Fail) => reply(Reply::Fail),
            Saved::Lost(stored)
                if pace.is_some_and(|pace| pace.in_flight == 0) && is_paused_since(&checkpoint, &stored.checkpoint) =>
            {
                self.save_paused(checkpoint, then, *stored)
            }
            // R11: another invocation has written since. This one's unsaved work is dropped.
            Saved::Lost(stored) => self.assess(now, *stored),
            Saved::Gone => reply(Reply::Refuse(Refusal::CheckpointGone)),
            Saved::Unreadable(why) => reply(Reply::Refuse(Refusal::Unreadable(why))),
            Saved::Unknown(why) | Saved::Refused(why) => reply(Reply::Refuse(Refusal::StoreFailed(why))),
        }
    }

    /// Saves, with the current state if batches were done since the last save.
    fn save(&mut self, work: Box<Work>, then: Then) -> Effect {
        if work.checkpoint.batches == work.saved.batches {
            return self.write(&work, then);
        }
        self.phase = Phase::Capturing { work, then };
        Effect::Capture
    }

    fn write(&mut self, work: &Work, then: Then) -> Effect {
        self.begin_save(How::Swap, Box::new(work.checkpoint.clone()), then, Some(work.pace))
    }

    /// R16: the owner's progress is saved over the pause.
    fn save_paused(&mut self, checkpoint: Checkpoint, then: Then, stored: Stored) -> Effect {
        let checkpoint = checkpoint.paused_by(&stored.checkpoint);
        let then = if checkpoint.is_over() { then } else { Then::Reply(Reply::Acknowledge(AckReason::Paused)) };
        self.begin_save(How::Over { etag: stored.etag }, Box::new(checkpoint), then, None)
    }

    fn begin_save(&mut self, how: How, checkpoint: Box<Checkpoint>, then: Then, pace: Option<Pace>) -> Effect {
        self.phase = Phase::Saving { checkpoint: checkpoint.clone(), then, pace };
        Effect::Save(how, checkpoint)
    }

    /// The name of the event that this invocation was given.
    #[must_use]
    pub fn token(&self) -> &str {
        match &self.trigger {
            Trigger::Signal { token, .. } => token,
            Trigger::Start(_) | Trigger::Sweep(_) | Trigger::Command(_) => START,
        }
    }
}

/// Whether the run was only paused since its owner saved it last: nobody has acquired it, so the owner's progress is still the
/// newest.
fn is_paused_since(owners: &Checkpoint, stored: &Checkpoint) -> bool {
    stored.status == Status::Paused && stored.epoch == owners.epoch
}

fn reply(reply: Reply) -> Effect {
    Effect::Reply(reply)
}
