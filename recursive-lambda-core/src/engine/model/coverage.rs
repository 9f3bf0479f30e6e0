//! Which rows of the protocol's transition table were reached: a search that never reaches a row proves nothing about it.

use super::input::Input;
use super::interner::{Answer, Errand, Facts, Interner};
use super::world::{Place, World};
use crate::checkpoint::Status;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Admitted,
    StartedInPlace,
    TakenUp,
    LateAndFree,
    LateAndNotItsOwn,
    NowAndLive,
    NowAndExpired,
    LateAndLive,
    LateAndExpired,
    Checkpoint,
    HandedOver,
    Completing,
    Done,
    CompletingTakenOver,
    Death,
    FailedAlarms,
    FailedAcknowledged,
    ErrorGivenBack,
    CompletingHandedOver,
    CompletingTakenUp,
    Superseded,
    Failed,
    OverAcknowledged,
    Paused,
    Resumed,
    Cancelled,
}

impl Row {
    pub(super) const ALL: [Self; 26] = [
        Self::Admitted,
        Self::StartedInPlace,
        Self::TakenUp,
        Self::LateAndFree,
        Self::LateAndNotItsOwn,
        Self::NowAndLive,
        Self::NowAndExpired,
        Self::LateAndLive,
        Self::LateAndExpired,
        Self::Checkpoint,
        Self::HandedOver,
        Self::Completing,
        Self::Done,
        Self::CompletingTakenOver,
        Self::Death,
        Self::FailedAlarms,
        Self::FailedAcknowledged,
        Self::ErrorGivenBack,
        Self::CompletingHandedOver,
        Self::CompletingTakenUp,
        Self::Superseded,
        Self::Failed,
        Self::OverAcknowledged,
        Self::Paused,
        Self::Resumed,
        Self::Cancelled,
    ];
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rows(u32);

impl Rows {
    pub(super) fn reach(&mut self, row: Row) {
        self.0 |= 1 << row as u32;
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) fn missing(self) -> Vec<Row> {
        Row::ALL.into_iter().filter(|row| self.0 & (1 << *row as u32) == 0).collect()
    }

    /// `old`: the stored checkpoint, and whether its lease was over.
    pub(super) fn note_write(&mut self, old: Option<(Facts, bool)>, new: Facts) {
        use Status::{Completing, Ready, Running};
        let Some((old, expired)) = old else {
            return self.reach(if new.owned { Row::StartedInPlace } else { Row::Admitted });
        };
        self.reach(match (old.status, new.status) {
            (_, Status::Paused) => Row::Paused,
            (Status::Paused, Ready | Completing) => Row::Resumed,
            (Ready, Running) => Row::TakenUp,
            // An invocation that saves has a valid lease, or writes before anyone noticed that it expired.
            (Running, Running) if expired && new.position == old.position => Row::NowAndExpired,
            (Running, Running) => Row::Checkpoint,
            (_, Ready) if new.seq > old.seq => Row::HandedOver,
            (_, Ready) => Row::ErrorGivenBack,
            (Completing, Completing) if !new.owned => Row::ErrorGivenBack,
            (Completing, Completing) if old.owned => Row::CompletingTakenOver,
            (Completing, Completing) => Row::CompletingTakenUp,
            (_, Completing) if new.owned => Row::Completing,
            (_, Completing) => Row::CompletingHandedOver,
            (_, Status::Done) => Row::Done,
            (_, Status::Superseded) => Row::Superseded,
            (_, Status::Cancelled) => Row::Cancelled,
            (_, Status::Failed | Running) => Row::Failed,
        });
    }

    /// The outcome of an event when the checkpoint was read.
    pub(super) fn note_reading(&mut self, interner: &Interner, world: &World, place: Place, input: Input, next: u32) {
        let Input::Found(seen) = input else { return };
        let facts = interner.facts(seen.checkpoint);
        let late = world.events[place.0].kind.seq() < facts.seq;
        match interner.errand(next) {
            Errand::Answer(Answer::Acknowledge) if late && facts.owned && seen.expired => self.reach(Row::LateAndExpired),
            Errand::Answer(Answer::Acknowledge) if late && !facts.over && !facts.owned => self.reach(Row::LateAndNotItsOwn),
            Errand::Signal { .. } if late => self.reach(Row::LateAndFree),
            Errand::Answer(Answer::Acknowledge) if facts.status == Status::Failed => self.reach(Row::FailedAcknowledged),
            Errand::Answer(Answer::Acknowledge) if facts.over => self.reach(Row::OverAcknowledged),
            Errand::Answer(Answer::Acknowledge) if late => self.reach(Row::LateAndLive),
            Errand::Answer(Answer::DuplicateInFlight) => self.reach(Row::NowAndLive),
            Errand::Answer(Answer::RunFailed) => self.reach(Row::FailedAlarms),
            _ => {}
        }
    }
}
