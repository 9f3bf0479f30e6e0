//! Everything that can happen next, faults included.
//!
//! What concerns one invocation alone happens at once. So does a delivery with its first request, and an answer to Lambda with
//! the request before it. An invocation can still die between the two.

use super::coverage::{Row, Rows};
use super::faulty_designs::Design;
use super::input::{Job, Wrote};
use super::interner::{Errand, Interner};
use super::world::{Base, Cell, Event, Invocation, Kind, Place, World};
use crate::checkpoint::{Action, Status};

/// A world to explore.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    pub(super) job: Job,
    pub(super) starts: &'static [Kind],
    pub(super) faults: u8,
    /// Whether user code may fail and the object may change; each is a fault.
    pub(super) errors: bool,
    /// Whether a write without an answer may be applied later.
    pub(super) late: bool,
    /// Whether the queue may lose an event of a run that has a checkpoint.
    pub(super) loses: bool,
    /// Whether a sweep looks at the checkpoint again and again.
    pub(super) sweeps: bool,
    /// Whether a person resumes a failed or paused run.
    pub(super) resumes: bool,
    /// How many times a person pauses or cancels the run.
    pub(super) commands: u8,
    pub(super) design: Design,
}

pub(super) type Next = (&'static str, World);

pub(super) struct Model {
    pub(super) scenario: Scenario,
    pub(super) interner: Interner,
    pub(super) coverage: Rows,
    /// The first invariant that a transition broke.
    pub(super) broken: Option<String>,
}

impl Model {
    pub(super) fn new(scenario: Scenario) -> Self {
        Self { scenario, interner: Interner::new(scenario.job, scenario.design), coverage: Rows::default(), broken: None }
    }

    pub(super) fn next(&mut self, world: &World, out: &mut Vec<Next>) {
        for (number, event) in world.events.iter().enumerate() {
            for waiting in 0..event.waiting.len() {
                if waiting == 0 || event.waiting[waiting] != event.waiting[waiting - 1] {
                    self.deliver(world, number, waiting, out);
                }
            }
            for place in 0..event.at_work.len() {
                let place = (number, place);
                if let Some(mut dead) = world.faulty() {
                    self.coverage.reach(Row::Death);
                    dead.fail(place);
                    out.push(("an invocation dies", dead));
                }
                self.renew(world, place, out);
                self.act(world, place, out);
            }
        }
        self.expire(world, out);
        self.sweep(world, out);
        self.command(world, out);
        if let Some(checkpoint) = world.late {
            let mut applied = world.clone();
            let writer = writer_of(&applied);
            let event = applied.events.iter().position(|event| event.late).unwrap();
            self.apply(&mut applied, event, writer, checkpoint);
            out.push(("a late write is applied", applied));
        }
        if world.is_quiet() && !self.is_over(world) {
            for number in 0..world.events.len() {
                if world.events[number].dead_letter {
                    let mut redriven = world.clone();
                    redriven.events[number].dead_letter = false;
                    redriven.events[number].waiting.push(1);
                    out.push(("a dead letter is redriven", redriven));
                }
            }
        }
    }

    fn deliver(&mut self, world: &World, number: usize, waiting: usize, out: &mut Vec<Next>) {
        let mut taken = world.clone();
        let attempt = taken.events[number].waiting.remove(waiting);
        if world.events[number].acknowledged {
            out.push(("the queue drops a duplicate", taken.clone()));
        }
        if let Some(mut lost) = world.faulty().filter(|_| self.scenario.loses && world.cell.is_some()) {
            let event = &mut lost.events[number];
            event.waiting.remove(waiting);
            // No invocation will hear of it again: for the world this equals an acknowledgement.
            event.acknowledged |= event.waiting.is_empty() && event.at_work.is_empty() && !event.dead_letter;
            out.push(("the queue loses an event", lost));
        }
        if let Some(mut twice) = world.faulty() {
            twice.events[number].waiting.push(attempt);
            out.push(("an event is delivered twice", twice));
        }
        let actor = self.given(world, world.events[number].kind);
        taken.events[number].at_work.push(Invocation::new(actor, attempt));
        let place = (number, taken.events[number].at_work.len() - 1);
        if let Some(mut dead) = taken.faulty() {
            dead.fail(place);
            out.push(("an invocation dies as it begins", dead));
        }
        self.act(&taken, place, out);
    }

    fn given(&mut self, world: &World, kind: Kind) -> u32 {
        match (self.scenario.design.takes_over(&self.interner, world, kind), kind) {
            (Some(seq), _) => self.interner.given(Kind::Signal(seq as u8)),
            (None, kind) => self.interner.given(kind),
        }
    }

    /// The lease of a dead invocation ends by itself; a live one's only if it or the clock misbehaves. A signal for a run without
    /// an owner: one too many, because another is on its way or about to be sent, counts as a fault, for sweeps never end.
    fn sweep(&mut self, world: &World, out: &mut Vec<Next>) {
        let Some(cell) = world.cell.filter(|_| self.scenario.sweeps && !self.is_over(world)) else { return };
        let facts = self.interner.facts(cell.checkpoint);
        if facts.owned && !cell.expired {
            return;
        }
        let is_signal = |kind| matches!(kind, Kind::Signal(_) | Kind::Swept(_)) && kind.seq() == facts.seq;
        let is_due = |event: &Event| !event.at_work.is_empty() || (is_signal(event.kind) && !event.waiting.is_empty());
        let swept = if world.events.iter().any(is_due) { world.faulty() } else { Some(world.clone()) };
        let Some(mut swept) = swept else { return };
        swept.events.push(Event::new(Kind::Swept(facts.seq as u8)));
        out.push(("a sweep signals again", swept));
    }

    fn command(&mut self, world: &World, out: &mut Vec<Next>) {
        let Some(cell) = world.cell else { return };
        let status = self.interner.facts(cell.checkpoint).status;
        let after = self.interner.checkpoint(cell.checkpoint).commands() as u8;
        let is_due = |action| {
            let is = |event: &Event| {
                matches!(event.kind, Kind::Command(due, _) if due == action)
                    && !(event.at_work.is_empty() && event.waiting.is_empty())
            };
            world.events.iter().any(is)
        };
        let mut give = |action, label| {
            let mut commanded = world.clone();
            commanded.commands -= u8::from(action != Action::Resume);
            commanded.events.push(Event::new(Kind::Command(action, after)));
            out.push((label, commanded));
        };
        if self.scenario.resumes && matches!(status, Status::Failed | Status::Paused) && !is_due(Action::Resume) {
            give(Action::Resume, "a person resumes the run");
        }
        if world.commands > 0 {
            give(Action::Pause, "a person pauses the run");
            give(Action::Cancel, "a person cancels the run");
        }
    }

    fn expire(&mut self, world: &World, out: &mut Vec<Next>) {
        let Some(cell) = world.cell else { return };
        if cell.expired || !self.interner.facts(cell.checkpoint).owned {
            return;
        }
        let expired = if world.owner_lives() { world.faulty() } else { Some(world.clone()) };
        let Some(mut expired) = expired else { return };
        expired.cell = Some(Cell { expired: true, ..cell });
        out.push(("the lease expires", expired));
    }

    /// The writer renews the lease during the work: the same checkpoint under another ETag.
    fn renew(&mut self, world: &World, place: Place, out: &mut Vec<Next>) {
        let invocation = world.events[place.0].at_work[place.1];
        let works = matches!(self.interner.errand(invocation.actor), Errand::Work { .. } | Errand::Complete);
        let (Some(cell), true, true) = (world.cell, works, invocation.owns) else { return };
        let renewed = |world: &World, base| {
            let mut world = world.clone();
            world.etag_changes();
            world.cell = Some(Cell { expired: false, ..cell });
            let invocation = world.at(place);
            (invocation.base, invocation.wrote) = (base, Wrote::Before);
            world
        };
        let known = renewed(world, Base::Current);
        if known != *world {
            out.push(("the lease is renewed", known));
        }
        if let Some(faulty) = world.faulty() {
            out.push(("the lease is renewed, but the answer is lost", renewed(&faulty, Base::Stale)));
        }
    }

    pub(super) fn is_over(&self, world: &World) -> bool {
        world.cell.is_some_and(|cell| self.interner.facts(cell.checkpoint).over)
    }
}

fn writer_of(world: &World) -> Option<Place> {
    world
        .events
        .iter()
        .enumerate()
        .find_map(|(number, event)| event.at_work.iter().position(|invocation| invocation.late).map(|place| (number, place)))
}
