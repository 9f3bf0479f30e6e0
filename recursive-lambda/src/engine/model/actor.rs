//! The shipped engine as the model sees it: `Run` and `Save`, each situation stepped once and remembered.
//!
//! What an invocation is told is relative to itself: a record's owner is it or somebody else, an ETag is the one it holds or another.
//! So no name, nonce or ETag of the world gets into the engine's state, and equal situations are equal values.

use crate::engine::budget::Budget;
use crate::engine::record::tests::fresh;
use crate::engine::record::{LastError, Owner, Record, Status};
use crate::engine::run::Run;
use crate::engine::save::{Condition, Read, Save, Saved, Step, Stored, Written};
use crate::engine::step::{Batch, Cause, Done, Effect, Event, Failure, Given, How, Now, Reply, Rules, Signalled};
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(45);
const AMPLE: Duration = Duration::from_secs(900);

/// What of a job and its deployment matters here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) batches: u8,
    pub(super) on_complete: bool,
    /// Whether every batch is followed by a save; otherwise any may be.
    pub(super) every_batch: bool,
    pub(super) max_attempts: u32,
}

/// An invocation: its state machine, and what it is about to do to the world.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Actor {
    run: Run,
    pub(super) task: Task,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Task {
    Read,
    Write(Writing),
    ReadBack(Writing),
    Work,
    Complete,
    Signal { seq: u64 },
    Reply(Reply),
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Writing {
    save: Save,
    condition: Condition,
    /// The record to write, as the shelf numbers it.
    pub(super) record: u32,
    pub(super) how: How,
}

/// What the world answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Input {
    Found(Seen),
    Absent,
    NoReading,
    Applied,
    Conflict,
    Unknown,
    Did(Outcome, Pace),
    Accepted,
    Silence,
    Refused,
}

/// A record, seen by one invocation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    pub(super) record: u32,
    pub(super) mine: bool,
    pub(super) wrote: Wrote,
    pub(super) expired: bool,
    /// Whether its ETag is the one that this invocation's write goes out from.
    pub(super) base: bool,
}

/// Whether the record in the store is this invocation's writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Wrote {
    Not,
    Before,
    /// By the save under way.
    Now,
}

/// How user code went.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    Well,
    Fails,
    FailsForGood,
    Changed,
}

/// What the clock says after a batch.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pace {
    GoOn,
    Save,
    HandOver,
}

/// What the laws look at in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) status: Status,
    pub(super) seq: u64,
    pub(super) position: u8,
    pub(super) owned: bool,
    pub(super) over: bool,
}

/// All actors and records met so far, by number.
pub(super) struct Shelf {
    pub(super) job: Job,
    actors: Numbered<Actor>,
    records: Numbered<Record>,
    facts: Vec<Facts>,
    steps: HashMap<(u32, Input), u32>,
}

struct Numbered<T> {
    all: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn new() -> Self {
        Self { all: Vec::new(), numbers: HashMap::new() }
    }

    fn number(&mut self, item: T) -> u32 {
        if let Some(number) = self.numbers.get(&item) {
            return *number;
        }
        let number = self.all.len() as u32;
        self.all.push(item.clone());
        self.numbers.insert(item, number);
        number
    }
}

impl Shelf {
    pub(super) fn new(job: Job) -> Self {
        Self { job, actors: Numbered::new(), records: Numbered::new(), facts: Vec::new(), steps: HashMap::new() }
    }

    pub(super) fn task(&self, actor: u32) -> &Task {
        &self.actors.all[actor as usize].task
    }

    pub(super) fn facts(&self, record: u32) -> Facts {
        self.facts[record as usize]
    }

    /// How many situations of the engine were met.
    pub(super) fn len(&self) -> usize {
        self.actors.all.len()
    }

    /// An invocation that was given a signal; `None`: an object to work on in place or, `admits`, to admit.
    pub(super) fn given(&mut self, signal: Option<u64>, admits: bool) -> u32 {
        let record = Record { size: self.job.batches.into(), ..fresh() };
        let given = match signal {
            Some(seq) => Given::Signal { seq },
            None if admits => Given::Start(Box::new(record)),
            None => Given::Start(Box::new(Record {
                status: Status::Running,
                seq: 0,
                owner: Some(me("me")),
                epoch: 1,
                attempts: 1,
                invocations: 1,
                ..record
            })),
        };
        let rules = Rules {
            lease: LEASE,
            checkpoint: if self.job.every_batch { Duration::ZERO } else { Duration::from_secs(10) },
            max_attempts: self.job.max_attempts,
            max_invocations: 1_000,
            on_complete: self.job.on_complete,
            plan_hash: fresh().plan.hash,
        };
        let mut run = Run::new(rules, me("me"), given, Budget::new(Some(AMPLE), Duration::from_secs(10), None));
        let effect = run.step(now(Pace::GoOn), Event::Begin);
        let actor = self.settle(run, effect);
        self.actors.number(actor)
    }

    pub(super) fn step(&mut self, actor: u32, input: Input) -> u32 {
        if let Some(next) = self.steps.get(&(actor, input)) {
            return *next;
        }
        let next = self.advance(actor, input);
        let next = self.actors.number(next);
        self.steps.insert((actor, input), next);
        next
    }

    fn advance(&mut self, actor: u32, input: Input) -> Actor {
        let Actor { mut run, task } = self.actors.all[actor as usize].clone();
        let (event, pace) = match (task, input) {
            (Task::Write(mut writing), answer) => {
                let step = writing.save.written(match answer {
                    Input::Applied => Written::Applied { etag: HELD.into() },
                    Input::Conflict => Written::Conflict,
                    _ => Written::Unknown("silence".into()),
                });
                return self.save(run, writing, step);
            }
            (Task::ReadBack(mut writing), answer) => {
                let held = match &writing.condition {
                    Condition::Matches(etag) if etag == OTHER => [HELD, OTHER],
                    _ => [OTHER, HELD],
                };
                let read = self.reading(answer, held);
                let step = writing.save.read(read, |w| w.starts_with("me."));
                return self.save(run, writing, step);
            }
            (Task::Read, answer) => (Event::Read(self.reading(answer, [HELD, HELD])), Pace::GoOn),
            (Task::Work, Input::Did(outcome, pace)) => (Event::Batch(self.batch(&run, outcome)), pace),
            (Task::Complete, Input::Did(Outcome::Well, pace)) => (Event::Completed(Ok(())), pace),
            (Task::Complete, Input::Did(outcome, pace)) => (Event::Completed(Err(failure(outcome))), pace),
            (_, Input::Accepted) => (Event::Signalled(Signalled::Accepted), Pace::GoOn),
            (_, Input::Silence) => (Event::Signalled(Signalled::Silence), Pace::GoOn),
            (_, _) => (Event::Signalled(Signalled::Refused), Pace::GoOn),
        };
        let effect = run.step(now(pace), event);
        self.settle(run, effect)
    }

    /// Performs what concerns nobody else, up to the next thing that does.
    fn settle(&mut self, mut run: Run, mut effect: Effect) -> Actor {
        let task = loop {
            effect = match effect {
                Effect::Capture => run.step(now(Pace::GoOn), Event::Captured(Ok(None))),
                Effect::Pause(_) => run.step(now(Pace::GoOn), Event::Paused),
                Effect::Read => break Task::Read,
                Effect::Work => break Task::Work,
                Effect::Complete => break Task::Complete,
                Effect::Signal(record) => break Task::Signal { seq: record.seq },
                Effect::Reply(reply) => break Task::Reply(reply),
                Effect::Save(how, record) => {
                    let condition = if how == How::Create { Condition::Absent } else { Condition::Matches(HELD.into()) };
                    let mut save = Save::new(condition.clone(), "me.now".into());
                    let step = save.first();
                    let record = self.record(*record);
                    return self.save(run, Writing { save, condition, record, how }, step);
                }
            };
        };
        Actor { run, task }
    }

    fn save(&mut self, mut run: Run, mut writing: Writing, mut step: Step) -> Actor {
        loop {
            step = match step {
                Step::Pause(_) => writing.save.paused(),
                Step::Read => return Actor { run, task: Task::ReadBack(writing) },
                Step::Write { condition } => {
                    writing.condition = condition;
                    return Actor { run, task: Task::Write(writing) };
                }
                Step::End(saved) => {
                    let effect = run.step(now(Pace::GoOn), Event::Saved(saved, Duration::ZERO));
                    return self.settle(run, effect);
                }
            };
        }
    }

    fn record(&mut self, record: Record) -> u32 {
        let record = Record { w: String::new(), ..record };
        let facts = Facts {
            status: record.status,
            seq: record.seq,
            position: record.position as u8,
            owned: record.owner.is_some(),
            over: record.is_over(),
        };
        let number = self.records.number(record);
        if number as usize == self.facts.len() {
            self.facts.push(facts);
        }
        number
    }

    /// `etags`: of another record than the one that is held, and of that one.
    fn reading(&self, input: Input, etags: [&str; 2]) -> Read {
        let seen = match input {
            Input::Found(seen) => seen,
            Input::Absent => return Read::Absent,
            _ => return Read::Failed("silence".into()),
        };
        let record = &self.records.all[seen.record as usize];
        let owner = record.owner.as_ref().map(|_| me(if seen.mine { "me" } else { "other" }));
        let w = match seen.wrote {
            Wrote::Not => "other.1",
            Wrote::Before => "me.before",
            Wrote::Now => "me.now",
        };
        Read::Found(Box::new(Stored {
            record: Record { owner, w: w.into(), ..record.clone() },
            etag: etags[usize::from(seen.base)].into(),
            age: if seen.expired { LEASE * 2 } else { Duration::ZERO },
        }))
    }

    fn batch(&self, run: &Run, outcome: Outcome) -> Batch {
        if outcome != Outcome::Well {
            return Batch::Failed(failure(outcome));
        }
        let position = run.record().map_or(0, |record| record.position) + 1;
        Batch::Done(Done {
            records: 1,
            offset: position,
            line: position,
            header: None,
            took: Duration::ZERO,
            at_end: position == u64::from(self.job.batches),
            complete: false,
        })
    }
    /// The batch that an invocation at work is about to do.
    pub(super) fn position(&self, actor: u32) -> u8 {
        self.actors.all[actor as usize].run.record().map_or(0, |record| record.position as u8)
    }
}

/// The names of an ETag: there are never more than two at once that an invocation can tell apart.
const HELD: &str = "held";
const OTHER: &str = "other";

fn me(nonce: &str) -> Owner {
    Owner { request_id: "r".into(), nonce: nonce.into() }
}

fn now(pace: Pace) -> Now {
    let left = if pace == Pace::HandOver { Duration::ZERO } else { AMPLE };
    Now {
        elapsed: Duration::ZERO,
        left: Some(left),
        renewed: if pace == Pace::Save { LEASE } else { Duration::ZERO },
    }
}

fn failure(outcome: Outcome) -> Failure {
    Failure {
        cause: if outcome == Outcome::Changed { Cause::Changed } else { Cause::Other },
        terminal: outcome != Outcome::Fails,
        error: LastError { kind: "Job".into(), message: String::new(), record: None, line: None, offset: None },
    }
}
