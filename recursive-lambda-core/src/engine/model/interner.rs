//! All situations of the engine: each is stepped once, then remembered by number.

use super::actor::Actor;
use super::faulty_designs::Design;
use super::input::{Input, Job};
use crate::checkpoint::{Checkpoint, Status};
use std::collections::HashMap;
use std::hash::Hash;

/// What the invariants look at in a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) status: Status,
    pub(super) seq: u64,
    pub(super) position: u8,
    pub(super) owned: bool,
    pub(super) handed_over: bool,
    pub(super) over: bool,
}

/// What an invocation will do to the world next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    Read,
    /// Whether a signal arrived.
    Check,
    Write {
        checkpoint: u32,
        way: Way,
    },
    ReadBack {
        way: Way,
    },
    /// Wait for the batches from `from` to `to`, when those from `begins` to `ends` are begun, too.
    Work {
        from: u8,
        to: u8,
        begins: u8,
        ends: u8,
    },
    /// The batches from `from` to `to`.
    Skipped {
        from: u8,
        to: u8,
    },
    Complete,
    Signal {
        seq: u8,
    },
    Answer(Answer),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Create,
    Over,
    Swap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Acknowledge,
    DuplicateInFlight,
    FromFuture,
    RunFailed,
    Error,
}

/// All actions and checkpoints seen so far, by number.
pub(super) struct Interner {
    pub(super) job: Job,
    pub(super) design: Design,
    actors: Numbered<Actor>,
    errands: Vec<Errand>,
    /// What each actor has in flight.
    flying: Vec<u8>,
    records: Numbered<Checkpoint>,
    facts: Vec<Facts>,
    /// By actor and input.
    steps: Vec<HashMap<Input, u32>>,
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

impl Interner {
    pub(super) fn new(job: Job, design: Design) -> Self {
        Self {
            job,
            design,
            actors: Numbered::new(),
            errands: Vec::new(),
            flying: Vec::new(),
            records: Numbered::new(),
            facts: Vec::new(),
            steps: Vec::new(),
        }
    }

    pub(super) fn errand(&self, actor: u32) -> Errand {
        self.errands[actor as usize]
    }

    pub(super) fn is_flying(&self, actor: u32) -> bool {
        self.flying[actor as usize] > 0
    }

    pub(super) fn facts(&self, checkpoint: u32) -> Facts {
        self.facts[checkpoint as usize]
    }

    pub(super) fn checkpoint(&self, checkpoint: u32) -> &Checkpoint {
        &self.records.all[checkpoint as usize]
    }

    /// How many situations of the engine were seen.
    pub(super) fn len(&self) -> usize {
        self.actors.all.len()
    }

    pub(super) fn step(&mut self, actor: u32, input: Input) -> u32 {
        if let Some(next) = self.steps[actor as usize].get(&input) {
            return *next;
        }
        let next = self.advance(self.actors.all[actor as usize].clone(), input);
        let next = self.number(next);
        self.steps[actor as usize].insert(input, next);
        next
    }

    pub(super) fn number(&mut self, actor: Actor) -> u32 {
        let (errand, flying) = (actor.errand(), actor.flying());
        let number = self.actors.number(actor);
        if number as usize == self.errands.len() {
            self.errands.push(errand);
            self.flying.push(flying);
            self.steps.push(HashMap::new());
        }
        number
    }

    pub(super) fn keep(&mut self, checkpoint: Checkpoint) -> u32 {
        // The events say which one handed it over.
        let handed_over_by = checkpoint.handed_over_by.as_ref().map(|_| String::new());
        let checkpoint = Checkpoint { w: String::new(), handed_over_by, ..checkpoint };
        let facts = Facts {
            status: checkpoint.status,
            seq: checkpoint.seq,
            position: checkpoint.position as u8,
            owned: checkpoint.owner.is_some(),
            handed_over: checkpoint.handed_over_by.is_some(),
            over: checkpoint.is_over(),
        };
        let number = self.records.number(checkpoint);
        if number as usize == self.facts.len() {
            self.facts.push(facts);
        }
        number
    }
}
