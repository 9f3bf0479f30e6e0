//! What must hold in every world: the invariants I1 to I8 of the protocol, and rule R15.
//!
//! `docs/protocol.md` has the rules and invariants.

use super::faulty_designs::Design;
use super::interner::{Errand, Way};
use super::transitions::Model;
use super::world::{Base, Place, World};
use crate::checkpoint::Status;

impl Model {
    /// I1 and I3, when a checkpoint is written.
    pub(super) fn check_commit(&mut self, world: &World, writer: Option<Place>, checkpoint: u32) {
        let new = self.interner.facts(checkpoint);
        if new.status == Status::Done {
            let batches = &world.executed[..usize::from(self.scenario.job.batches)];
            self.must(world.done == 0, "I3: the run is recorded as done twice");
            let passed = |(batch, times): (usize, &u8)| *times > 0 || world.skipped & (1 << batch) != 0;
            self.must(batches.iter().enumerate().all(passed), "I3: done without a batch");
            self.must(!self.scenario.job.on_complete || world.completed > 0, "I3: done without on_complete");
        }
        let Some(cell) = world.cell else { return };
        let old = self.interner.facts(cell.checkpoint);
        let resumed = self.scenario.resumes && old.status == Status::Failed && !new.over && new.seq == old.seq + 1;
        let cancelled = old.status == Status::Failed && new.status == Status::Cancelled;
        self.must(!old.over || resumed || cancelled, "I3: a run that is over is written again");
        self.must(new.position >= old.position, "I1: the cursor goes back");
        self.must(new.seq == old.seq || new.seq == old.seq + 1, "I1: the number of the invocation jumps");
        let Some((event, place)) = writer else { return };
        let writer = world.events[event].at_work[place];
        let done = writer.unsaved | world.skipped;
        self.must(new.owned || !self.interner.is_flying(writer.actor), "R15: the run is left with batches in flight");
        let all = (old.position..new.position).all(|batch| done & (1 << batch) != 0);
        self.must(all, "I1, I7: the cursor passes a batch that its writer did not do, and that was not skipped");
    }

    fn must(&mut self, holds: bool, invariant: &str) {
        if !holds && self.broken.is_none() {
            self.broken = Some(invariant.into());
        }
    }

    /// What is wrong with this world, if anything.
    pub(super) fn wrong(&self, world: &World) -> Option<&'static str> {
        // What a command interrupts may be done again.
        let faults = self.scenario.faults - world.faults + self.scenario.commands - world.commands;
        let again = |times: &u8| times.saturating_sub(1);
        // The shipped design keeps an event unacknowledged until the end; a duplicate of an acknowledged event does not count. A
        // sweep finds every run with a checkpoint; that it helps is I5.
        let found = self.scenario.sweeps && world.cell.is_some();
        let live = match self.scenario.design {
            Design::Shipped | Design::AnyStaleEventSignals | Design::CommandsHaveNoNumber => {
                world.events.iter().any(|event| !event.acknowledged)
            }
            _ => world.events.iter().any(|event| event.dead_letter) || !world.is_quiet(),
        };
        let holders = world.events.iter().flat_map(|event| &event.at_work).filter(|invocation| {
            let works = match self.interner.errand(invocation.actor) {
                Errand::Work { .. } | Errand::Complete => true,
                Errand::Write { way, .. } => way == Way::Swap,
                _ => false,
            };
            works && invocation.base == Base::Current
        });
        let owners = holders.clone().filter(|invocation| invocation.owns).count();
        if holders.count() != owners || owners > 1 {
            Some("I2: who works with the current ETag is not the owner")
        } else if !live && !found && !self.is_at_rest(world) && world.done == 0 {
            Some("I4: silent death: no event is left to continue the run")
        } else if world.executed.iter().any(|times| again(times) > faults) || again(&world.completed) > faults {
            Some("I6: a batch was repeated more often than there were faults")
        } else if self.scenario.job.every_batch
            && world.executed.iter().map(again).sum::<u8>() > faults * self.scenario.job.concurrency
        {
            Some("I6: more batches were repeated than there were faults")
        } else if self.counts_signals() && u64::from(world.signals) > self.signals_allowed(world, faults) {
            Some("I8: signals breed signals")
        } else if !self.scenario.errors && self.status(world) == Some(Status::Failed) {
            Some("a run failed though user code did not")
        } else {
            None
        }
    }

    /// A sweep may send any number. The search must find the other faulty designs by their own fault.
    fn counts_signals(&self) -> bool {
        !self.scenario.sweeps && matches!(self.scenario.design, Design::Shipped | Design::AnyStaleEventSignals)
    }

    /// One for each hand-over, and for each fault and each extra start its own and one more.
    fn signals_allowed(&self, world: &World, faults: u8) -> u64 {
        let hand_overs = world.cell.map_or(0, |cell| self.interner.facts(cell.checkpoint).seq);
        hand_overs + 2 * (u64::from(faults) + self.scenario.starts.len() as u64 - 1)
    }

    /// Where a run may end: done, or stopped by user code.
    pub(super) fn is_goal(&self, world: &World) -> bool {
        match self.status(world) {
            Some(Status::Done | Status::Cancelled) => true,
            Some(Status::Failed) => self.scenario.errors && !self.scenario.resumes,
            Some(Status::Superseded) => self.scenario.errors,
            _ => false,
        }
    }

    /// A paused run goes on when a person resumes it.
    fn is_at_rest(&self, world: &World) -> bool {
        self.is_over(world) || self.status(world) == Some(Status::Paused)
    }

    fn status(&self, world: &World) -> Option<Status> {
        world.cell.map(|cell| self.interner.facts(cell.checkpoint).status)
    }
}
