//! What an invocation does next, with every answer the world may give: the store, the queue and user code, faults included.

use super::faulty_designs::Design;
use super::input::{Input, Outcome, Pace, Seen, Wrote};
use super::interner::{Answer, Errand, Way};
use super::transitions::{Model, Next};
use super::world::{Base, Cell, Kind, Place, World};
use crate::checkpoint::Status;
use std::ops::Range;

impl Model {
    /// The next request of an invocation, with all its answers.
    pub(super) fn act(&mut self, world: &World, place: Place, out: &mut Vec<Next>) {
        let invocation = world.events[place.0].at_work[place.1];
        match self.interner.errand(invocation.actor) {
            Errand::Read => self.tell(world.clone(), place, see(self.scenario.design, world, place), "reads", out),
            Errand::Check => {
                self.tell(world.clone(), place, see(self.scenario.design, world, place), "asks whether its signal arrived", out)
            }
            Errand::ReadBack { .. } => {
                let input = see(self.scenario.design, world, place);
                self.tell(world.clone(), place, input, "reads back", out);
                if let Some(faulty) = world.faulty() {
                    self.tell(faulty, place, Input::NoReading, "cannot read back", out);
                }
            }
            Errand::Write { checkpoint, way } => self.write(world, place, checkpoint, way, out),
            Errand::Work { from, to, begins, ends } => self.work(world, place, from..to, begins..ends, out),
            Errand::Skipped { from, to } => {
                let mut well = world.clone();
                (from..to).for_each(|batch| well.skipped |= 1 << batch);
                self.tell(well, place, Input::Skipped, "skips", out);
                if let Some(faulty) = world.faulty() {
                    self.tell(faulty, place, Input::NotSkipped, "cannot skip", out);
                }
            }
            Errand::Complete => {
                let mut well = world.clone();
                well.completed += 1;
                self.tell(well, place, Input::Did(Outcome::Well, Pace::GoOn), "on_complete", out);
                self.fail(world, place, &[Outcome::Fails, Outcome::FailsForGood], out);
            }
            Errand::Signal { seq } => self.signal(world, place, seq, out),
            Errand::Answer(_) => {}
        }
    }

    fn write(&mut self, world: &World, place: Place, checkpoint: u32, way: Way, out: &mut Vec<Next>) {
        let invocation = world.events[place.0].at_work[place.1];
        if self.scenario.design.signals_first(&self.interner, world, place, checkpoint, way) {
            let mut signalled = world.clone();
            signalled.at(place).signalled_first = true;
            signalled.send(Kind::Signal(self.interner.facts(checkpoint).seq as u8), 1);
            return out.push(("signals before saving", signalled));
        }
        let applies = match way {
            Way::Create => world.cell.is_none(),
            _ => world.cell.is_some() && invocation.base == Base::Current,
        };
        if applies {
            let mut applied = world.clone();
            self.apply(&mut applied, place.0, Some(place), checkpoint);
            applied.at(place).base = Base::Current;
            self.tell(applied, place, Input::Applied, "saves", out);
        } else {
            self.tell(world.clone(), place, Input::Conflict, "is refused a save", out);
        }
        let Some(faulty) = world.faulty() else { return };
        if applies {
            let mut applied = faulty.clone();
            self.apply(&mut applied, place.0, Some(place), checkpoint);
            applied.at(place).base = Base::Stale;
            self.tell(applied, place, Input::Unknown, "saves, but the answer is lost", out);
        }
        let mut silent = faulty;
        if applies && self.scenario.late && silent.late.is_none() {
            self.check_commit(&silent, Some(place), checkpoint);
            silent.late = Some(checkpoint);
            silent.at(place).late = true;
            silent.events[place.0].late = true;
        }
        self.tell(silent, place, Input::Unknown, "hears nothing of a save", out);
    }

    fn work(&mut self, world: &World, place: Place, first: Range<u8>, begun: Range<u8>, out: &mut Vec<Next>) {
        let actor = world.events[place.0].at_work[place.1].actor;
        let executes = |mut world: World, batches: &mut dyn Iterator<Item = u8>| {
            batches.for_each(|batch| world.executed[usize::from(batch)] += 1);
            world
        };
        let mut well = executes(world.clone(), &mut begun.clone());
        first.clone().for_each(|batch| well.at(place).unsaved |= 1 << batch);
        let mut nexts = Vec::new();
        for pace in [Pace::GoOn, Pace::Save, Pace::HandOver] {
            let next = self.interner.step(actor, Input::Did(Outcome::Well, pace));
            if !nexts.contains(&next) {
                nexts.push(next);
                self.tell(well.clone(), place, Input::Did(Outcome::Well, pace), "does a batch", out);
            }
        }
        // The rest is waited for.
        let failed = executes(world.clone(), &mut begun.filter(|batch| !first.contains(batch)));
        self.fail(&failed, place, &[Outcome::Fails, Outcome::FailsForGood, Outcome::Changed], out);
    }

    fn fail(&mut self, world: &World, place: Place, outcomes: &[Outcome], out: &mut Vec<Next>) {
        let Some(faulty) = world.faulty().filter(|_| self.scenario.errors) else { return };
        for outcome in outcomes {
            self.tell(faulty.clone(), place, Input::Did(*outcome, Pace::GoOn), "user code fails", out);
        }
    }

    fn signal(&mut self, world: &World, place: Place, seq: u8, out: &mut Vec<Next>) {
        if world.events[place.0].at_work[place.1].signalled_first {
            return self.tell(world.clone(), place, Input::Accepted, "has signalled already", out);
        }
        let sent = |mut world: World, copies: u8| {
            world.send(Kind::Signal(seq), copies);
            world
        };
        self.tell(sent(world.clone(), 1), place, Input::Accepted, "signals", out);
        let Some(faulty) = world.faulty() else { return };
        self.tell(sent(faulty.clone(), 2), place, Input::Accepted, "signals, and the request is doubled", out);
        self.tell(sent(faulty.clone(), 1), place, Input::Silence, "signals, but the answer is lost", out);
        self.tell(faulty.clone(), place, Input::Silence, "signals in vain, without an answer", out);
        self.tell(faulty, place, Input::Refused, "is refused a signal", out);
    }

    /// Steps an invocation, and answers Lambda once it has an answer.
    fn tell(&mut self, mut world: World, place: Place, input: Input, label: &'static str, out: &mut Vec<Next>) {
        let before = world.events[place.0].at_work[place.1].actor;
        let next = self.interner.step(before, input);
        let read = matches!(input, Input::Found(_));
        let over_a_pause = matches!(input, Input::Found(seen) if self.interner.facts(seen.checkpoint).status == Status::Paused)
            || matches!(self.interner.errand(before), Errand::Write { .. } | Errand::ReadBack { .. }) && !read;
        let invocation = world.at(place);
        invocation.actor = next;
        match self.interner.errand(next) {
            Errand::Write { way, .. } => {
                if read && way != Way::Create {
                    invocation.base = Base::Current;
                }
                // Its own work may be saved over a pause only.
                if way == Way::Over && !over_a_pause {
                    invocation.unsaved = 0;
                }
            }
            Errand::ReadBack { .. } => {}
            Errand::Work { .. } | Errand::Skipped { .. } | Errand::Complete => {
                if read {
                    invocation.base = Base::Current;
                }
                if !matches!(input, Input::Did(..) | Input::Skipped) {
                    (invocation.wrote, invocation.unsaved) = (Wrote::Before, 0);
                }
            }
            Errand::Read | Errand::Check | Errand::Signal { .. } | Errand::Answer(_) => {
                (invocation.base, invocation.wrote, invocation.unsaved) = (Base::None, Wrote::Not, 0);
            }
        }
        self.coverage.note_reading(&self.interner, &world, place, input, next);
        let wrong = self.scenario.design.acknowledges(&self.interner, &world, place, before, input, next);
        let acknowledges = match self.interner.errand(next) {
            _ if wrong => Some(true),
            Errand::Answer(answer) => Some(answer == Answer::Acknowledge),
            _ => None,
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

    /// Puts a checkpoint into the store: an invocation of that event wrote it, and may still live.
    pub(super) fn apply(&mut self, world: &mut World, event: usize, writer: Option<Place>, checkpoint: u32) {
        self.check_commit(world, writer, checkpoint);
        let facts = self.interner.facts(checkpoint);
        let before = world.cell.map(|cell| self.interner.facts(cell.checkpoint));
        match before {
            _ if !facts.handed_over => world.nobody_handed_over(),
            Some(before) if before.seq == facts.seq => {}
            _ => world.handed_over_by(event),
        }
        self.coverage.note_write(world.cell.map(|cell| (self.interner.facts(cell.checkpoint), cell.expired)), facts);
        world.etag_changes();
        world.cell = Some(Cell { checkpoint, expired: false });
        world.invocations().for_each(|invocation| invocation.owns = false);
        if let Some(writer) = writer {
            let invocation = world.at(writer);
            invocation.owns = facts.owned;
            invocation.wrote = Wrote::Now;
        }
        self.scenario.design.remember_owner(world, writer.filter(|_| facts.owned));
        if facts.status == Status::Done {
            world.done += 1;
            if self.scenario.design == Design::DeletesWhatIsDone {
                world.cell = None;
            }
        }
    }
}

/// What an invocation finds in the store.
fn see(design: Design, world: &World, place: Place) -> Input {
    let event = &world.events[place.0];
    let invocation = event.at_work[place.1];
    world.cell.map_or(Input::Absent, |cell| {
        Input::Found(Seen {
            checkpoint: cell.checkpoint,
            mine: invocation.owns,
            wrote: invocation.wrote,
            expired: cell.expired,
            handed_over: event.handed_over || design == Design::AnyStaleEventSignals,
            base: invocation.base == Base::Current,
        })
    })
}
