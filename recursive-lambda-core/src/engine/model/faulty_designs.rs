//! Designs that look right and are wrong: each is a small change to the world around the shipped engine, and the search must find
//! each.

use super::input::{Input, Wrote};
use super::interner::{Answer, Errand, Interner, Way};
use super::world::{Kind, Place, World};
use crate::checkpoint::{Checkpoint, Status};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Design {
    Shipped,
    /// The successor is invoked before the hand-over is saved; an invocation that comes before its checkpoint is acknowledged.
    SignalsFirst,
    /// A late event is acknowledged without signalling again.
    AcknowledgesLate,
    /// A write without a plain success was won by another invocation.
    NeverReadsBack,
    /// A live lease of the same request means that an invocation works.
    AcknowledgesItself,
    /// A checkpoint that says `Done` is deleted.
    DeletesWhatIsDone,
    /// A late event may do the work itself; a live lease of another request means that an invocation works.
    TakesOverLate,
    /// An invocation that lost the run has nothing to do.
    AcknowledgesFenced,
    /// A live lease of another request means that an invocation works.
    Quiet,
    /// Any late event signals a run without an owner again, whether it handed the run over or not.
    AnyStaleEventSignals,
    /// An owner saves over any pause, also if another invocation has worked since.
    SavesOverAnyPause,
    /// A command is obeyed whenever it arrives.
    CommandsHaveNoNumber,
}

impl Design {
    fn is_quiet(self) -> bool {
        matches!(self, Self::Quiet | Self::TakesOverLate)
    }

    /// The epoch that the owner of `owners` sees in a stored checkpoint.
    pub(super) fn seen_epoch(self, stored: &Checkpoint, owners: &Checkpoint) -> u64 {
        let ignored = self == Self::SavesOverAnyPause && stored.status == Status::Paused;
        if ignored { owners.epoch } else { stored.epoch }
    }

    pub(super) fn takes_over(self, interner: &Interner, world: &World, kind: Kind) -> Option<u64> {
        let cell = world.cell.filter(|_| self == Self::TakesOverLate)?;
        let facts = interner.facts(cell.checkpoint);
        (kind.seq() < facts.seq && (!facts.owned || cell.expired)).then_some(facts.seq)
    }

    pub(super) fn signals_first(self, interner: &Interner, world: &World, place: Place, checkpoint: u32, way: Way) -> bool {
        let event = &world.events[place.0];
        self == Self::SignalsFirst
            && !event.at_work[place.1].signalled_first
            && way == Way::Swap
            && interner.facts(checkpoint).seq > event.kind.seq()
    }

    pub(super) fn remember_owner(self, world: &mut World, owner: Option<Place>) {
        if self.is_quiet() || self == Self::AcknowledgesItself {
            world.events.iter_mut().for_each(|event| event.owners = false);
            if let Some((event, _)) = owner {
                world.events[event].owners = true;
            }
        }
    }

    /// Whether the event is acknowledged here where the engine would not.
    pub(super) fn acknowledges(
        self,
        interner: &Interner,
        world: &World,
        place: Place,
        before: u32,
        input: Input,
        next: u32,
    ) -> bool {
        let event = &world.events[place.0];
        let errand = interner.errand(next);
        let in_flight = errand == Errand::Answer(Answer::DuplicateInFlight);
        match self {
            Self::SignalsFirst => errand == Errand::Answer(Answer::FromFuture),
            Self::AcknowledgesLate => {
                matches!((input, errand), (Input::Found(seen), Errand::Signal { .. }) if seen.wrote == Wrote::Not && interner.errand(before) != Errand::Check)
            }
            Self::NeverReadsBack => matches!(input, Input::Conflict | Input::Unknown),
            Self::AcknowledgesItself => in_flight && event.owners,
            Self::Quiet | Self::TakesOverLate => in_flight && !event.owners,
            Self::AcknowledgesFenced => is_fenced(interner, before, input),
            Self::Shipped
            | Self::DeletesWhatIsDone
            | Self::AnyStaleEventSignals
            | Self::SavesOverAnyPause
            | Self::CommandsHaveNoNumber => false,
        }
    }
}

fn is_fenced(interner: &Interner, before: u32, input: Input) -> bool {
    let swapping = interner.errand(before) == Errand::ReadBack { way: Way::Swap };
    matches!(input, Input::Found(seen) if swapping && !seen.base && seen.wrote == Wrote::Not)
}
