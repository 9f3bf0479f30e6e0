//! The shipped engine as this model uses it: each situation is stepped once and remembered by a number.

use super::Scenario;
use crate::checkpoint::tests::fresh;
use crate::checkpoint::{Checkpoint, LastError, Owner, Plan, Shards};
use crate::engine::budget::Budget;
use crate::engine::messages::{
    Batch, Cause, Done, Effect, Event, Failure, Gathered, Mode, Now, Rules, Signalled, Start, Trigger,
};
use crate::engine::run::Run;
use crate::engine::save::{Read, Saved, Stored};
use crate::object::PinnedObject;
use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(45);

/// An invocation's state machine, and the request that it waits for.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Actor {
    pub(super) run: Run,
    pub(super) effect: Effect,
}

/// A name: of the checkpoint that an invocation works on, and its own.
pub(super) type Name = (u8, u8);

/// A signal's seq, the name of its sender, and the sender's try.
pub(super) type Signal = (u64, Name, u8);

/// A stored checkpoint, by its number; its ETag; whether its lease is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) checkpoint: u32,
    pub(super) etag: u8,
    pub(super) expired: bool,
}

/// What the world tells an invocation.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Told {
    Read(Option<Cell>),
    Applied(u8),
    Lost(Cell),
    Worked,
    WorkFailed,
    Completed,
    Scattered(u32),
    Gathered(Gathered),
    /// The run's checkpoint.
    Joined(Option<u32>),
    Signalled(Signalled),
}

pub(super) struct Actors {
    scenario: Scenario,
    checkpoints: Numbered<Checkpoint>,
    actors: Numbered<Actor>,
    given: HashMap<(Name, Option<Signal>, bool), u32>,
    steps: HashMap<(u32, Told), u32>,
}

impl Actors {
    pub(super) fn new(scenario: Scenario) -> Self {
        Self { scenario, checkpoints: Numbered::new(), actors: Numbered::new(), given: HashMap::new(), steps: HashMap::new() }
    }

    pub(super) fn actor(&self, number: u32) -> Rc<Actor> {
        Rc::clone(&self.actors.values[number as usize])
    }

    pub(super) fn checkpoint(&self, number: u32) -> &Checkpoint {
        &self.checkpoints.values[number as usize]
    }

    pub(super) fn keep(&mut self, checkpoint: Checkpoint) -> u32 {
        self.checkpoints.number(checkpoint)
    }

    /// An invocation that was just given an event.
    pub(super) fn given(&mut self, name: Name, signal: Option<Signal>, swept: bool) -> u32 {
        if let Some(actor) = self.given.get(&(name, signal, swept)) {
            return *actor;
        }
        let trigger = match signal {
            None => {
                let object = PinnedObject { size: 6, ..PinnedObject::for_tests() };
                Trigger::Start(Start { object, mode: Mode::Admit })
            }
            Some((seq, sender, tries)) => Trigger::Signal { seq, token: format!("{}.{tries}", shown(sender)), swept },
        };
        let rules = Rules {
            lease: LEASE,
            checkpoint: Duration::ZERO,
            max_attempts: 9,
            retry_for: Duration::MAX,
            max_invocations: 1_000,
            on_complete: true,
            skip: None,
            shards: Some(Shards::new(self.scenario.shards, self.scenario.stages()[0])),
            plan: Plan { batch: 1, ..fresh().plan },
        };
        let budget = Budget::new(Some(Duration::from_secs(900)), Duration::from_secs(10), None);
        let me = Owner { request_id: "r".into(), nonce: shown(name) };
        let mut run = Run::new(rules, me, trigger, budget);
        let effect = run.step(now(), Event::Begin);
        let actor = self.actors.number(Actor { run, effect });
        self.given.insert((name, signal, swept), actor);
        actor
    }

    /// Up to the next request that concerns others.
    pub(super) fn step(&mut self, actor: u32, told: Told) -> u32 {
        if let Some(next) = self.steps.get(&(actor, told.clone())) {
            return *next;
        }
        let before = self.actor(actor);
        let mut run = before.run.clone();
        let mut effect = run.step(now(), self.event(&run, &told));
        loop {
            effect = match effect {
                Effect::Capture => run.step(now(), Event::Captured(None)),
                Effect::Sleep(_) => run.step(now(), Event::Slept),
                _ => break,
            };
        }
        let next = self.actors.number(Actor { run, effect });
        self.steps.insert((actor, told), next);
        next
    }

    fn event(&self, run: &Run, told: &Told) -> Event {
        let stored = |cell: Cell| {
            Box::new(Stored {
                checkpoint: self.checkpoint(cell.checkpoint).clone(),
                etag: cell.etag.to_string(),
                age: if cell.expired { LEASE * 2 } else { Duration::ZERO },
            })
        };
        match told {
            Told::Read(None) => Event::Read(Read::Absent),
            Told::Read(Some(cell)) => Event::Read(Read::Found(stored(*cell))),
            Told::Applied(etag) => Event::Saved(Saved::Applied { etag: etag.to_string() }, Duration::ZERO),
            Told::Lost(cell) => Event::Saved(Saved::Lost(stored(*cell)), Duration::ZERO),
            Told::Worked => Event::Batch(Batch::Done(done(run))),
            Told::WorkFailed => Event::Batch(Batch::Failed(failure())),
            Told::Completed => Event::Completed(Ok(())),
            Told::Scattered(asked) => Event::Scattered(Ok(*asked)),
            Told::Gathered(gathered) => Event::Gathered(Ok(gathered.clone())),
            Told::Joined(run) => Event::Joined(Ok(run.map(|run| Box::new(self.checkpoint(run).clone())))),
            Told::Signalled(signalled) => Event::Signalled(signalled.clone()),
        }
    }
}

/// Values by number, each once.
struct Numbered<T> {
    values: Vec<Rc<T>>,
    numbers: HashMap<Rc<T>, u32>,
}

impl<T: Eq + Hash> Numbered<T> {
    fn new() -> Self {
        Self { values: Vec::new(), numbers: HashMap::new() }
    }

    fn number(&mut self, value: T) -> u32 {
        let value = Rc::new(value);
        let next = self.values.len() as u32;
        let number = *self.numbers.entry(Rc::clone(&value)).or_insert(next);
        if number == next {
            self.values.push(value);
        }
        number
    }
}

pub(super) fn shown((cell, own): Name) -> String {
    format!("{cell}-{own}")
}

/// The name in an owner or a token.
pub(super) fn named(text: &str) -> Name {
    let name = text.split('.').next().unwrap();
    let (cell, own) = name.split_once('-').unwrap_or(("0", "0"));
    (cell.parse().unwrap(), own.parse().unwrap())
}

fn now() -> Now {
    Now { left: Some(Duration::from_secs(900)), ..Now::default() }
}

fn done(run: &Run) -> Done {
    let end = run.checkpoint().and_then(|checkpoint| checkpoint.shard).map_or(0, |shard| shard.end);
    Done {
        records: 1,
        offset: end,
        text: None,
        line: 1,
        header: None,
        took: Duration::ZERO,
        at_end: true,
        complete: false,
        in_flight: 0,
    }
}

fn failure() -> Failure {
    let error = LastError { kind: "Job".into(), message: "bad".into(), record: None, line: None, offset: None };
    Failure { cause: Cause::Other, terminal: true, records: 1, error }
}
