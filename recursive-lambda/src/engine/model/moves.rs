//! Everything that can happen next, faults included.
//!
//! What concerns one invocation alone is done at once; so is a delivery with its first request, and an answer to Lambda with the request
//! before it. An invocation can still die between the two.

use super::actor::{Input, Job, Outcome, Pace, Seen, Shelf, Task, Writing, Wrote};
use super::broken::Design;
use super::rows::{Row, Rows};
use super::world::{Base, Event, Invocation, Kind, Place, World};
use crate::engine::step::{How, Reply};

/// A world to explore.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    pub(super) job: Job,
    pub(super) starts: &'static [Kind],
    pub(super) faults: u8,
    /// Whether user code may fail and the object may change, each for a fault.
    pub(super) errors: bool,
    /// Whether a write without an answer may be applied later.
    pub(super) late: bool,
    pub(super) design: Design,
}

pub(super) type Next = (&'static str, World);

pub(super) struct Model {
    pub(super) scenario: Scenario,
    pub(super) shelf: Shelf,
    pub(super) rows: Rows,
    /// The first law a move broke.
    pub(super) broken: Option<String>,
}

impl Model {
    pub(super) fn new(scenario: Scenario) -> Self {
        Self { scenario, shelf: Shelf::new(scenario.job), rows: Rows::default(), broken: None }
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
                    self.rows.reach(Row::Death);
                    dead.fail(place);
                    out.push(("an invocation dies", dead));
                }
                self.renew(world, place, out);
                self.act(world, place, out);
            }
        }
        self.expire(world, out);
        if let Some(record) = world.late {
            let mut applied = world.clone();
            let writer = writer_of(&applied);
            self.apply(&mut applied, writer, record);
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
        match (self.scenario.design.takes_over(&self.shelf, world, kind), kind) {
            (Some(seq), _) => self.shelf.given(Some(seq), false),
            (None, Kind::Signal(seq)) => self.shelf.given(Some(seq.into()), false),
            (None, start) => self.shelf.given(None, start == Kind::Admit),
        }
    }

    /// The lease of the dead ends by itself; that of the living only if they or the clock misbehave.
    fn expire(&mut self, world: &World, out: &mut Vec<Next>) {
        let Some(cell) = world.cell else { return };
        if cell.expired || !self.shelf.facts(cell.record).owned {
            return;
        }
        let expired = if world.owner_lives() { world.faulty() } else { Some(world.clone()) };
        let Some(mut expired) = expired else { return };
        expired.cell = Some(super::world::Cell { expired: true, ..cell });
        out.push(("the lease expires", expired));
    }

    /// The writer renews the lease beside the work: the same record under another ETag.
    fn renew(&mut self, world: &World, place: Place, out: &mut Vec<Next>) {
        let invocation = world.events[place.0].at_work[place.1];
        let works = matches!(self.shelf.task(invocation.actor), Task::Work | Task::Complete);
        let (Some(cell), true, true) = (world.cell, works, invocation.owns) else { return };
        let renewed = |world: &World, base| {
            let mut world = world.clone();
            world.etag_changes();
            world.cell = Some(super::world::Cell { expired: false, ..cell });
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

    /// The next request of an invocation, with all its answers.
    fn act(&mut self, world: &World, place: Place, out: &mut Vec<Next>) {
        let invocation = world.events[place.0].at_work[place.1];
        match self.shelf.task(invocation.actor).clone() {
            Task::Read => {
                let input = see(world, place);
                self.tell(world.clone(), place, input, "reads", out);
            }
            Task::ReadBack(_) => {
                let input = see(world, place);
                self.tell(world.clone(), place, input, "reads back", out);
                if let Some(faulty) = world.faulty() {
                    self.tell(faulty, place, Input::NoReading, "cannot read back", out);
                }
            }
            Task::Write(writing) => self.write(world, place, &writing, out),
            Task::Work => self.work(world, place, out),
            Task::Complete => {
                let mut well = world.clone();
                well.completed += 1;
                self.tell(well, place, Input::Did(Outcome::Well, Pace::GoOn), "on_complete", out);
                self.fail(world, place, &[Outcome::Fails, Outcome::FailsForGood], out);
            }
            Task::Signal { seq } => self.signal(world, place, seq, out),
            Task::Reply(_) => {}
        }
    }

    fn write(&mut self, world: &World, place: Place, writing: &Writing, out: &mut Vec<Next>) {
        let invocation = world.events[place.0].at_work[place.1];
        if self.scenario.design.signals_first(&self.shelf, world, place, writing) {
            let mut signalled = world.clone();
            signalled.at(place).signalled_first = true;
            signalled.events.push(Event::new(Kind::Signal(self.shelf.facts(writing.record).seq as u8)));
            return out.push(("signals before saving", signalled));
        }
        let applies = match writing.how {
            How::Create => world.cell.is_none(),
            _ => world.cell.is_some() && invocation.base == Base::Current,
        };
        if applies {
            let mut applied = world.clone();
            self.apply(&mut applied, Some(place), writing.record);
            applied.at(place).base = Base::Current;
            self.tell(applied, place, Input::Applied, "saves", out);
        } else {
            self.tell(world.clone(), place, Input::Conflict, "is refused a save", out);
        }
        let Some(faulty) = world.faulty() else { return };
        if applies {
            let mut applied = faulty.clone();
            self.apply(&mut applied, Some(place), writing.record);
            applied.at(place).base = Base::Stale;
            self.tell(applied, place, Input::Unknown, "saves, but the answer is lost", out);
        }
        let mut silent = faulty;
        if applies && self.scenario.late && silent.late.is_none() {
            self.check_commit(&silent, Some(place), writing.record);
            silent.late = Some(writing.record);
            silent.at(place).late = true;
        }
        self.tell(silent, place, Input::Unknown, "hears nothing of a save", out);
    }

    fn work(&mut self, world: &World, place: Place, out: &mut Vec<Next>) {
        let actor = world.events[place.0].at_work[place.1].actor;
        let batch = self.shelf.position(actor);
        let mut well = world.clone();
        well.executed[usize::from(batch)] += 1;
        well.at(place).unsaved |= 1 << batch;
        let mut nexts = Vec::new();
        for pace in [Pace::GoOn, Pace::Save, Pace::HandOver] {
            let next = self.shelf.step(actor, Input::Did(Outcome::Well, pace));
            if !nexts.contains(&next) {
                nexts.push(next);
                self.tell(well.clone(), place, Input::Did(Outcome::Well, pace), "does a batch", out);
            }
        }
        self.fail(world, place, &[Outcome::Fails, Outcome::FailsForGood, Outcome::Changed], out);
    }

    fn fail(&mut self, world: &World, place: Place, outcomes: &[Outcome], out: &mut Vec<Next>) {
        let Some(faulty) = world.faulty().filter(|_| self.scenario.errors) else { return };
        for outcome in outcomes {
            self.tell(faulty.clone(), place, Input::Did(*outcome, Pace::GoOn), "user code fails", out);
        }
    }

    fn signal(&mut self, world: &World, place: Place, seq: u64, out: &mut Vec<Next>) {
        if world.events[place.0].at_work[place.1].signalled_first {
            return self.tell(world.clone(), place, Input::Accepted, "has signalled already", out);
        }
        let event = || Event::new(Kind::Signal(seq as u8));
        let sent = |mut world: World, copies: usize| {
            world.events.extend((0..copies).map(|_| event()));
            world
        };
        self.tell(sent(world.clone(), 1), place, Input::Accepted, "signals", out);
        let Some(faulty) = world.faulty() else { return };
        self.tell(sent(faulty.clone(), 2), place, Input::Accepted, "signals, and the request is doubled", out);
        self.tell(sent(faulty.clone(), 1), place, Input::Silence, "signals, but the answer is lost", out);
        self.tell(faulty.clone(), place, Input::Silence, "signals in vain, without an answer", out);
        self.tell(faulty, place, Input::Refused, "is refused a signal", out);
    }

    /// Steps an invocation, and answers Lambda if it has an answer.
    fn tell(&mut self, mut world: World, place: Place, input: Input, label: &'static str, out: &mut Vec<Next>) {
        let before = world.events[place.0].at_work[place.1].actor;
        let next = self.shelf.step(before, input);
        let read = matches!(input, Input::Found(_));
        let invocation = world.at(place);
        invocation.actor = next;
        let reply = match self.shelf.task(next) {
            Task::Write(writing) => {
                if read && writing.how != How::Create {
                    invocation.base = Base::Current;
                }
                if matches!(writing.how, How::Over { .. }) {
                    invocation.unsaved = 0;
                }
                None
            }
            Task::ReadBack(_) => None,
            Task::Work | Task::Complete => {
                if read {
                    invocation.base = Base::Current;
                }
                if !matches!(input, Input::Did(..)) {
                    invocation.wrote = Wrote::Before;
                    invocation.unsaved = 0;
                }
                None
            }
            Task::Read | Task::Signal { .. } | Task::Reply(_) => {
                (invocation.base, invocation.wrote, invocation.unsaved) = (Base::None, Wrote::Not, 0);
                match self.shelf.task(next) {
                    Task::Reply(reply) => Some(reply.clone()),
                    _ => None,
                }
            }
        };
        self.rows.note_reading(&self.shelf, &world, place, input, next);
        let acknowledges = match self.scenario.design.answers(&self.shelf, &world, place, before, input, next) {
            Some(acknowledges) => Some(acknowledges),
            None => reply.map(|reply| matches!(reply, Reply::Acknowledge(_))),
        };
        match acknowledges {
            None => {}
            Some(false) => world.fail(place),
            Some(true) => {
                if let Some(mut dead) = world.faulty() {
                    dead.fail(place);
                    out.push(("dies before it can acknowledge", dead));
                }
                world.acknowledge(place);
            }
        }
        out.push((label, world));
    }

    /// Puts a record into the store.
    fn apply(&mut self, world: &mut World, writer: Option<Place>, record: u32) {
        self.check_commit(world, writer, record);
        let facts = self.shelf.facts(record);
        self.rows.note_write(world.cell.map(|cell| (self.shelf.facts(cell.record), cell.expired)), facts);
        world.etag_changes();
        world.cell = Some(super::world::Cell { record, expired: false });
        world.invocations().for_each(|invocation| invocation.owns = false);
        if let Some(writer) = writer {
            let invocation = world.at(writer);
            invocation.owns = facts.owned;
            invocation.wrote = Wrote::Now;
        }
        self.scenario.design.remember_owner(world, writer.filter(|_| facts.owned));
        if facts.status == crate::engine::record::Status::Done {
            world.done += 1;
            if self.scenario.design == Design::DeletesWhatIsDone {
                world.cell = None;
            }
        }
    }

    pub(super) fn is_over(&self, world: &World) -> bool {
        world.cell.is_some_and(|cell| self.shelf.facts(cell.record).over)
    }
}

fn writer_of(world: &World) -> Option<Place> {
    world.events.iter().enumerate().find_map(|(number, event)| {
        event.at_work.iter().position(|invocation| invocation.late).map(|place| (number, place))
    })
}

fn see(world: &World, place: Place) -> Input {
    let invocation = world.events[place.0].at_work[place.1];
    world.cell.map_or(Input::Absent, |cell| {
        Input::Found(Seen {
            record: cell.record,
            mine: invocation.owns,
            wrote: invocation.wrote,
            expired: cell.expired,
            base: invocation.base == Base::Current,
        })
    })
}
