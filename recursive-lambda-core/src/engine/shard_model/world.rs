//! The world of the model: checkpoints, marks, events and invocations.
//!
//! Names are small numbers that nothing else about the same checkpoint has, so a number is free again once nothing holds it. Two
//! worlds that differ only in what happened first about different checkpoints are then the same.

use super::Scenario;
use super::actors::{Actors, Cell, Name, Signal, named};
use crate::checkpoint::{Checkpoint, Status};
use crate::engine::messages::{Effect, How};

/// Deliveries of one event before it is a dead letter.
const ATTEMPTS: u8 = 3;

/// The run is checkpoint 0. Its shards are 1 and so on, and then once more if they scan first.
pub(super) const RUN: usize = 0;

/// The number of an event, and of an invocation that was given it.
pub(super) type Place = (usize, usize);

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) cells: Vec<Option<Cell>>,
    /// The shards that left their mark, one bit each.
    pub(super) marks: u8,
    /// For the design that counts.
    pub(super) counter: [u8; 2],
    pub(super) events: Vec<Event>,
    pub(super) faults: u8,
    /// How many times each shard's batch was done.
    pub(super) executed: [u8; 6],
    pub(super) completed: u8,
    /// How many times the run was saved as done.
    pub(super) done: u8,
    /// Whether a person resumed the failed run.
    pub(super) resumed: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Event {
    pub(super) to: usize,
    /// `None`: the upload's own event.
    pub(super) signal: Option<Signal>,
    pub(super) swept: bool,
    pub(super) acknowledged: bool,
    pub(super) dead_letter: bool,
    /// The attempts in which it is due.
    pub(super) waiting: Vec<u8>,
    pub(super) at_work: Vec<Invocation>,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Invocation {
    pub(super) name: Name,
    pub(super) attempt: u8,
    pub(super) actor: u32,
    /// The ETag of its last write.
    pub(super) base: Option<u8>,
    /// How far it is within a request of several parts.
    pub(super) part: u8,
    /// Whether it has saved anything.
    pub(super) has_saved: bool,
}

impl Event {
    fn new(to: usize, signal: Option<Signal>, copies: usize) -> Self {
        let waiting = vec![1; copies];
        Self { to, signal, swept: false, acknowledged: false, dead_letter: false, waiting, at_work: Vec::new() }
    }
}

impl World {
    pub(super) fn new(scenario: Scenario) -> Self {
        Self {
            cells: vec![None; scenario.shards as usize * scenario.stages().len() + 1],
            marks: 0,
            counter: [0; 2],
            events: vec![Event::new(RUN, None, 1); scenario.starts.into()],
            faults: scenario.faults,
            executed: [0; 6],
            completed: 0,
            done: 0,
            resumed: false,
        }
    }

    pub(super) fn faulty(&self) -> Option<Self> {
        (self.faults > 0).then(|| Self { faults: self.faults - 1, ..self.clone() })
    }

    pub(super) fn checkpoint<'a>(&self, actors: &'a Actors, cell: usize) -> Option<&'a Checkpoint> {
        self.cells[cell].map(|cell| actors.checkpoint(cell.checkpoint))
    }

    pub(super) fn status(&self, actors: &Actors, cell: usize) -> Option<Status> {
        self.checkpoint(actors, cell).map(|checkpoint| checkpoint.status)
    }

    pub(super) fn is_over(&self, actors: &Actors, cell: usize) -> bool {
        self.checkpoint(actors, cell).is_some_and(Checkpoint::is_over)
    }

    /// Whether nothing will happen by itself: no event is due, no invocation lives.
    pub(super) fn is_quiet(&self) -> bool {
        self.events.iter().all(|event| event.waiting.is_empty() && event.at_work.is_empty())
    }

    pub(super) fn owner_lives(&self, actors: &Actors, cell: usize) -> bool {
        let owner = self.checkpoint(actors, cell).and_then(|checkpoint| checkpoint.owner.as_ref());
        owner.is_some_and(|owner| self.invocations().any(|invocation| invocation.name == named(&owner.nonce)))
    }

    pub(super) fn invocations(&self) -> impl Iterator<Item = &Invocation> {
        self.events.iter().flat_map(|event| &event.at_work)
    }

    pub(super) fn free_name(&self, actors: &Actors, to: usize) -> Name {
        let mut held: Vec<Name> = self.invocations().map(|invocation| invocation.name).collect();
        held.extend(self.events.iter().filter_map(|event| event.signal).map(|(_, sender, _)| sender));
        for checkpoint in (0..self.cells.len()).filter_map(|cell| self.checkpoint(actors, cell)) {
            held.extend(checkpoint.owner.as_ref().map(|owner| named(&owner.nonce)));
            held.extend(checkpoint.handed_over_by.as_deref().map(named));
        }
        (1..).map(|own| (to as u8, own)).find(|name| !held.contains(name)).unwrap()
    }

    pub(super) fn free_etag(&self, actors: &Actors, cell: usize) -> u8 {
        let mut held: Vec<u8> = self.cells[cell].iter().map(|cell| cell.etag).collect();
        for invocation in self.events.iter().filter(|event| event.to == cell).flat_map(|event| &event.at_work) {
            held.extend(invocation.base);
            if let Effect::Save(How::Over { etag }, _) = &actors.actor(invocation.actor).effect {
                held.push(etag.parse().unwrap());
            }
        }
        (1..).find(|etag| !held.contains(etag)).unwrap()
    }

    pub(super) fn send(&mut self, to: usize, signal: Signal, copies: usize) {
        self.events.push(Event::new(to, Some(signal), copies));
    }

    /// The invocation ends without an answer, or with an error: its event is delivered again.
    pub(super) fn fail(&mut self, (event, place): Place) {
        let event = &mut self.events[event];
        let dead = event.at_work.remove(place);
        if event.acknowledged {
            return;
        }
        if dead.attempt < ATTEMPTS {
            event.waiting.push(dead.attempt + 1);
        } else {
            event.dead_letter = true;
        }
    }

    /// A delivery that is due may still come; one that would be a retry will not.
    pub(super) fn acknowledge(&mut self, (event, place): Place) {
        let event = &mut self.events[event];
        event.at_work.remove(place);
        event.acknowledged = true;
        event.dead_letter = false;
        event.waiting.retain(|attempt| *attempt == 1);
    }

    /// Forgets what can no longer matter, and brings the rest into one order.
    pub(super) fn tidied(mut self) -> Self {
        self.events.retain(|event| !event.waiting.is_empty() || !event.at_work.is_empty() || event.dead_letter);
        for event in &mut self.events {
            event.waiting.sort_unstable();
            event.at_work.sort_unstable();
        }
        self.events.sort_unstable();
        self
    }
}
