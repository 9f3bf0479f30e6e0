//! The shipped engine as the model sees it: `Run` and `Save`, each situation stepped once and remembered.
//!
//! What an invocation learns is relative to itself: it owns the checkpoint or another one does, an ETag is the one it holds or a
//! different one. So no name, nonce or ETag of the world enters the engine's state, and equal situations are equal values.

use super::faulty_designs::Design;
use super::input::{Input, Outcome, Pace, Wrote};
use super::interner::{Answer, Errand, Interner, Way};
use super::world::Kind;
use crate::checkpoint::tests::fresh;
use crate::checkpoint::{Checkpoint, Command, LastError, Owner, Plan};
use crate::engine::budget::Budget;
use crate::engine::messages::{
    Batch, Cause, Done, Effect, Event, Failure, How, Mode, Now, Refusal, Reply, Rules, Signalled, Start, Trigger,
};
use crate::engine::run::Run;
use crate::engine::save::{Condition, Read, Save, Step, Stored, Written};
use crate::object::PinnedObject;
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(45);
const AMPLE: Duration = Duration::from_secs(900);

/// An invocation: its state machine, and what it will do to the world next.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Actor {
    run: Run,
    task: Task,
    /// What has begun after the cursor and is not yet reported.
    flying: u8,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Task {
    Read {
        /// Finds out whether a signal arrived.
        checks: bool,
    },
    Write(Writing),
    ReadBack(Writing),
    Work {
        /// Of the first batch in flight.
        records: u8,
        /// Of those to begin.
        begins: u8,
    },
    Skipped,
    Complete,
    Signal {
        seq: u64,
    },
    Reply(Reply),
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Writing {
    save: Save,
    condition: Condition,
    /// The checkpoint to write, by its number in the interner.
    checkpoint: u32,
    how: How,
}

impl Interner {
    /// An invocation that was given this event.
    pub(super) fn given(&mut self, kind: Kind) -> u32 {
        let plan = Plan { batch: self.job.size.into(), ..fresh().plan };
        let object = PinnedObject { size: self.job.batches.into(), ..PinnedObject::for_tests() };
        let start = |mode| Trigger::Start(Start { object, mode });
        let signal = |seq: u8, swept| Trigger::Signal { seq: seq.into(), token: "own".into(), swept };
        let trigger = match kind {
            Kind::Signal(seq) => signal(seq, false),
            Kind::Swept(seq) => signal(seq, true),
            Kind::Command(command, after) => {
                let after = (self.design != Design::CommandsHaveNoNumber).then_some(after.into());
                Trigger::Command(Command { after, ..Command::new(command) })
            }
            Kind::Admit => start(Mode::Admit),
            Kind::InPlace => start(Mode::InPlace),
        };
        let rules = Rules {
            lease: LEASE,
            checkpoint: if self.job.every_batch { Duration::ZERO } else { Duration::from_secs(10) },
            max_attempts: self.job.max_attempts,
            retry_for: if self.job.patient { Duration::MAX } else { Duration::ZERO },
            max_invocations: 1_000,
            on_complete: self.job.on_complete,
            skip: self.job.skips.then_some(9),
            shards: None,
            plan,
        };
        let budget = Budget::new(Some(AMPLE), Duration::from_secs(10), None).concurrent(self.job.concurrency.into());
        let mut run = Run::new(rules, me("me"), trigger, budget);
        let effect = run.step(now(Pace::GoOn), Event::Begin);
        let actor = self.settle(run, 0, effect);
        self.number(actor)
    }

    pub(super) fn advance(&mut self, Actor { mut run, task, mut flying }: Actor, input: Input) -> Actor {
        let (event, pace) = match (task, input) {
            (Task::Write(mut writing), answer) => {
                let step = writing.save.written(match answer {
                    Input::Applied => Written::Applied { etag: HELD.into() },
                    Input::Conflict => Written::Conflict,
                    _ => Written::Unknown("silence".into()),
                });
                return self.save(run, flying, writing, step);
            }
            (Task::ReadBack(mut writing), answer) => {
                let held = match &writing.condition {
                    Condition::Matches(etag) if etag == OTHER => [HELD, OTHER],
                    _ => [OTHER, HELD],
                };
                let mut read = self.reading(answer, held, run.token());
                if let Read::Found(stored) = &mut read {
                    stored.checkpoint.epoch = self.design.seen_epoch(&stored.checkpoint, self.checkpoint(writing.checkpoint));
                }
                let step = writing.save.read(read, |w| w.starts_with("me."));
                return self.save(run, flying, writing, step);
            }
            (Task::Read { .. }, answer) => (Event::Read(self.reading(answer, [HELD, HELD], run.token())), Pace::GoOn),
            (Task::Work { records, begins }, Input::Did(outcome, pace)) => {
                // A failure is reported when nothing is in flight any more.
                flying = if outcome == Outcome::Well { flying + begins - records } else { 0 };
                (Event::Batch(self.batch(&run, records, flying, outcome)), pace)
            }
            (Task::Skipped, Input::Skipped) => (Event::Skipped(Ok(())), Pace::GoOn),
            (Task::Skipped, _) => {
                (Event::Skipped(Err(Failure { cause: Cause::Environment, ..failure(Outcome::Fails, 0) })), Pace::GoOn)
            }
            (Task::Complete, Input::Did(Outcome::Well, pace)) => (Event::Completed(Ok(())), pace),
            (Task::Complete, Input::Did(outcome, pace)) => (Event::Completed(Err(failure(outcome, 0))), pace),
            (_, Input::Accepted) => (Event::Signalled(Signalled::Accepted), Pace::GoOn),
            (_, Input::Silence) => (Event::Signalled(Signalled::Silence), Pace::GoOn),
            (_, _) => (Event::Signalled(Signalled::Refused), Pace::GoOn),
        };
        let effect = run.step(now(pace), event);
        self.settle(run, flying, effect)
    }

    /// Performs what concerns no other invocation, up to the next effect that does.
    fn settle(&mut self, mut run: Run, mut flying: u8, mut effect: Effect) -> Actor {
        let mut checks = false;
        let task = loop {
            effect = match effect {
                Effect::Capture => run.step(now(Pace::GoOn), Event::Captured(None)),
                Effect::PassOver(_) => run.step(now(Pace::GoOn), Event::PassedOver(Ok(self.done(&run, 1, 0)))),
                Effect::Sleep(_) => {
                    checks = true;
                    run.step(now(Pace::GoOn), Event::Slept)
                }
                Effect::Read => break Task::Read { checks },
                Effect::Work { start, records } => {
                    let left = self.left(&run);
                    let begins = (left - u64::from(flying)).min(start * records) as u8;
                    break Task::Work { records: left.min(records) as u8, begins };
                }
                Effect::Complete => break Task::Complete,
                Effect::Skip => break Task::Skipped,
                Effect::Scatter | Effect::Gather | Effect::Join(_) => panic!("a run without shards has none"),
                Effect::Signal { checkpoint, .. } => break Task::Signal { seq: checkpoint.seq },
                Effect::Reply(reply) => break Task::Reply(reply),
                Effect::Save(how, checkpoint) => {
                    // What a fenced owner had in flight no longer matters.
                    flying = if how == How::Swap { flying } else { 0 };
                    let condition = if how == How::Create { Condition::Absent } else { Condition::Matches(HELD.into()) };
                    let mut save = Save::new(condition.clone(), "me.now".into());
                    let step = save.first();
                    let checkpoint = self.keep(*checkpoint);
                    return self.save(run, flying, Writing { save, condition, checkpoint, how }, step);
                }
            };
        };
        Actor { run, task, flying }
    }

    fn save(&mut self, mut run: Run, flying: u8, mut writing: Writing, mut step: Step) -> Actor {
        loop {
            step = match step {
                Step::Sleep(_) => writing.save.slept(),
                Step::Read => return Actor { run, task: Task::ReadBack(writing), flying },
                Step::Write { condition } => {
                    writing.condition = condition;
                    return Actor { run, task: Task::Write(writing), flying };
                }
                Step::End(saved) => {
                    let effect = run.step(now(Pace::GoOn), Event::Saved(saved, Duration::ZERO));
                    return self.settle(run, flying, effect);
                }
            };
        }
    }

    /// `etags`: of a different checkpoint than the held one, and of the held one.
    fn reading(&self, input: Input, etags: [&str; 2], token: &str) -> Read {
        let seen = match input {
            Input::Found(seen) => seen,
            Input::Absent => return Read::Absent,
            _ => return Read::Failed("silence".into()),
        };
        let checkpoint = self.checkpoint(seen.checkpoint);
        let owner = checkpoint.owner.as_ref().map(|_| me(if seen.mine { "me" } else { "other" }));
        let handed_over_by =
            checkpoint.handed_over_by.as_ref().map(|_| if seen.handed_over { token } else { "another's" }.into());
        let w = match seen.wrote {
            Wrote::Not => "other.1",
            Wrote::Before => "me.before",
            Wrote::Now => "me.now",
        };
        Read::Found(Box::new(Stored {
            checkpoint: Checkpoint { owner, w: w.into(), handed_over_by, ..checkpoint.clone() },
            etag: etags[usize::from(seen.base)].into(),
            age: if seen.expired { LEASE * 2 } else { Duration::ZERO },
        }))
    }

    fn left(&self, run: &Run) -> u64 {
        u64::from(self.job.batches) - position(run)
    }

    fn batch(&self, run: &Run, records: u8, flying: u8, outcome: Outcome) -> Batch {
        match outcome {
            Outcome::Well => Batch::Done(self.done(run, records.into(), flying)),
            _ => Batch::Failed(failure(outcome, records.into())),
        }
    }

    fn done(&self, run: &Run, records: u64, flying: u8) -> Done {
        let position = position(run) + records;
        Done {
            records,
            offset: position,
            text: None,
            line: position,
            header: None,
            took: Duration::ZERO,
            at_end: position == u64::from(self.job.batches),
            complete: false,
            in_flight: flying.div_ceil(self.job.size).into(),
        }
    }
}

impl Actor {
    pub(super) fn errand(&self) -> Errand {
        match &self.task {
            Task::Read { checks: false } => Errand::Read,
            Task::Read { checks: true } => Errand::Check,
            Task::Write(writing) => Errand::Write { checkpoint: writing.checkpoint, way: writing.way() },
            Task::ReadBack(writing) => Errand::ReadBack { way: writing.way() },
            Task::Work { records, begins } => {
                let from = position(&self.run) as u8;
                let flown = from + self.flying;
                Errand::Work { from, to: from + records, begins: flown, ends: flown + begins }
            }
            Task::Skipped => {
                let to = position(&self.run) as u8;
                Errand::Skipped { from: to - self.run.suspects() as u8, to }
            }
            Task::Complete => Errand::Complete,
            Task::Signal { seq } => Errand::Signal { seq: *seq as u8 },
            Task::Reply(reply) => Errand::Answer(match reply {
                Reply::Acknowledge(_) => Answer::Acknowledge,
                Reply::Refuse(Refusal::DuplicateInFlight) => Answer::DuplicateInFlight,
                Reply::Refuse(Refusal::FromFuture { .. }) => Answer::FromFuture,
                Reply::Refuse(Refusal::RunFailed(_)) => Answer::RunFailed,
                Reply::Refuse(_) | Reply::Fail => Answer::Error,
            }),
        }
    }

    pub(super) fn flying(&self) -> u8 {
        self.flying
    }
}

impl Writing {
    fn way(&self) -> Way {
        match self.how {
            How::Create => Way::Create,
            How::Over { .. } => Way::Over,
            How::Swap => Way::Swap,
        }
    }
}

/// The names of an ETag: an invocation never has to tell more than two apart.
const HELD: &str = "held";
const OTHER: &str = "other";

fn me(nonce: &str) -> Owner {
    Owner { request_id: "r".into(), nonce: nonce.into() }
}

fn now(pace: Pace) -> Now {
    let left = if pace == Pace::HandOver { Duration::ZERO } else { AMPLE };
    Now { left: Some(left), renewed: if pace == Pace::Save { LEASE } else { Duration::ZERO }, ..Now::default() }
}

fn position(run: &Run) -> u64 {
    run.checkpoint().map_or(0, |checkpoint| checkpoint.position)
}

fn failure(outcome: Outcome, records: u64) -> Failure {
    Failure {
        cause: if outcome == Outcome::Changed { Cause::Changed } else { Cause::Other },
        terminal: outcome != Outcome::Fails,
        records,
        error: LastError { kind: "Job".into(), message: String::new(), record: None, line: None, offset: None },
    }
}
