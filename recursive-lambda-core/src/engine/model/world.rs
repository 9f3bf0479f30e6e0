//! The world around the invocations: the checkpoint in its store, Lambda's queue, and the work done so far.
//!
//! Nothing has a name. An invocation carries the marks that say whether it owns or wrote the checkpoint, so two worlds that
//! differ only in names are the same after sorting.

use super::input::Wrote;
use crate::checkpoint::Action;
use std::hash::{DefaultHasher, Hasher};

/// Deliveries of one event before it goes to the dead-letter queue.
const ATTEMPTS: u8 = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct World {
    pub(super) cell: Option<Cell>,
    /// A write without an answer: it may be applied as long as the checkpoint it replaces is still there.
    pub(super) late: Option<u32>,
    pub(super) events: Vec<Event>,
    pub(super) faults: u8,
    /// Commands to pause or cancel that a person may still give.
    pub(super) commands: u8,
    /// Signals that were sent; a doubled request counts twice.
    pub(super) signals: u8,
    /// How many times each batch was done.
    pub(super) executed: [u8; 4],
    /// The batches that were skipped, one bit each.
    pub(super) skipped: u8,
    pub(super) completed: u8,
    /// How many times the run was saved as done.
    pub(super) done: u8,
}

/// The stored checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) checkpoint: u32,
    pub(super) expired: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Event {
    pub(super) kind: Kind,
    pub(super) acknowledged: bool,
    pub(super) dead_letter: bool,
    /// Whether the checkpoint says that the event with this token handed the run over.
    pub(super) handed_over: bool,
    /// Events with the same number, other than 0, were sent as one and share a token.
    pub(super) twin: u8,
    /// Whether an invocation of this event wrote `World::late`.
    pub(super) late: bool,
    /// Whether the owner of the checkpoint was given this event. Only kept if a faulty design asks for it.
    pub(super) owners: bool,
    /// The attempts in which it is due.
    pub(super) waiting: Vec<u8>,
    pub(super) at_work: Vec<Invocation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Admit,
    InPlace,
    Signal(u8),
    /// Sent by a sweep.
    Swept(u8),
    /// A person's command, after this many others.
    Command(Action, u8),
}

impl Kind {
    pub(super) fn seq(self) -> u64 {
        match self {
            Self::Admit | Self::InPlace | Self::Command(..) => 0,
            Self::Signal(seq) | Self::Swept(seq) => seq.into(),
        }
    }

    fn starts(self) -> bool {
        matches!(self, Self::Admit | Self::InPlace)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Invocation {
    pub(super) actor: u32,
    pub(super) attempt: u8,
    pub(super) base: Base,
    pub(super) owns: bool,
    pub(super) wrote: Wrote,
    /// Whether `World::late` is its write.
    pub(super) late: bool,
    /// The batches it did since its last save, one bit each.
    pub(super) unsaved: u8,
    /// Whether it sent the signal before saving the hand-over, as one faulty design does.
    pub(super) signalled_first: bool,
}

/// The ETag an invocation holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Base {
    None,
    Stale,
    Current,
}

/// An invocation in the world: its event and its place there.
pub(super) type Place = (usize, usize);

impl Event {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            acknowledged: false,
            dead_letter: false,
            handed_over: false,
            twin: 0,
            late: false,
            owners: false,
            waiting: vec![1],
            at_work: Vec::new(),
        }
    }

    /// All starts have one token.
    fn has_the_token_of(&self, other: &Self) -> bool {
        (self.kind.starts() && other.kind.starts()) || (self.twin > 0 && self.twin == other.twin)
    }
}

impl Invocation {
    pub(super) fn new(actor: u32, attempt: u8) -> Self {
        Self { actor, attempt, base: Base::None, owns: false, wrote: Wrote::Not, late: false, unsaved: 0, signalled_first: false }
    }
}

impl World {
    pub(super) fn new(starts: &[Kind], faults: u8, commands: u8) -> Self {
        Self {
            cell: None,
            late: None,
            events: starts.iter().copied().map(Event::new).collect(),
            faults,
            commands,
            signals: 0,
            executed: [0; 4],
            skipped: 0,
            completed: 0,
            done: 0,
        }
    }

    /// The same world with one fault fewer left.
    pub(super) fn faulty(&self) -> Option<Self> {
        (self.faults > 0).then(|| Self { faults: self.faults - 1, ..self.clone() })
    }

    pub(super) fn at(&mut self, (event, place): Place) -> &mut Invocation {
        &mut self.events[event].at_work[place]
    }

    pub(super) fn invocations(&mut self) -> impl Iterator<Item = &mut Invocation> {
        self.events.iter_mut().flat_map(|event| event.at_work.iter_mut())
    }

    pub(super) fn owner_lives(&self) -> bool {
        self.events.iter().any(|event| event.at_work.iter().any(|invocation| invocation.owns))
    }

    /// The checkpoint gets another ETag: every held ETag is stale.
    pub(super) fn etag_changes(&mut self) {
        self.late = None;
        self.events.iter_mut().for_each(|event| event.late = false);
        for invocation in self.invocations() {
            invocation.late = false;
            invocation.wrote = Wrote::Not;
            if invocation.base == Base::Current {
                invocation.base = Base::Stale;
            }
        }
    }

    /// The run was handed over by an invocation of that event.
    pub(super) fn handed_over_by(&mut self, by: usize) {
        let writer = self.events[by].clone();
        for (number, event) in self.events.iter_mut().enumerate() {
            event.handed_over = number == by || event.has_the_token_of(&writer);
        }
    }

    pub(super) fn nobody_handed_over(&mut self) {
        self.events.iter_mut().for_each(|event| event.handed_over = false);
    }

    /// Events of one signal.
    pub(super) fn send(&mut self, kind: Kind, copies: u8) {
        let twins = self.events.iter().map(|event| event.twin).max().unwrap_or_default();
        let twin = if copies > 1 { twins + 1 } else { 0 };
        self.signals += copies;
        self.events.extend((0..copies).map(|_| Event { twin, ..Event::new(kind) }));
    }

    pub(super) fn acknowledge(&mut self, (event, place): Place) {
        let event = &mut self.events[event];
        event.at_work.remove(place);
        event.acknowledged = true;
        event.dead_letter = false;
    }

    /// Lambda delivers a failed event again. An acknowledgement of another delivery of it ends that, which is the worse case.
    pub(super) fn fail(&mut self, (event, place): Place) {
        let event = &mut self.events[event];
        let attempt = event.at_work.remove(place).attempt;
        if !event.acknowledged {
            if attempt < ATTEMPTS {
                event.waiting.push(attempt + 1);
            } else {
                event.dead_letter = true;
            }
        }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.events.iter().all(|event| event.waiting.is_empty() && event.at_work.is_empty())
    }

    pub(super) fn normalise(&mut self) {
        self.events.retain(|event| {
            !event.acknowledged
                || event.dead_letter
                || event.owners
                || event.late
                || !event.waiting.is_empty()
                || !event.at_work.is_empty()
        });
        for event in &mut self.events {
            event.waiting.sort_unstable();
            event.at_work.sort_unstable();
        }
        self.events.sort_unstable();
        // Numbered anew, in the order of the events.
        let mut known = Vec::new();
        for event in self.events.iter_mut().filter(|event| event.twin > 0) {
            let number = known.iter().position(|twin| *twin == event.twin);
            event.twin = 1 + number.unwrap_or_else(|| {
                known.push(event.twin);
                known.len() - 1
            }) as u8;
        }
    }

    pub(super) fn fingerprint(&self, buffer: &mut Vec<u8>) -> u64 {
        buffer.clear();
        let cell = self.cell.map_or(u32::MAX, |cell| cell.checkpoint * 2 + u32::from(cell.expired));
        buffer.extend_from_slice(&cell.to_le_bytes());
        buffer.extend_from_slice(&self.late.unwrap_or(u32::MAX).to_le_bytes());
        buffer.extend_from_slice(&self.executed);
        buffer.extend_from_slice(&[self.faults, self.commands, self.signals, self.skipped, self.completed, self.done]);
        for event in &self.events {
            let kind = match event.kind {
                Kind::Admit => 249,
                Kind::InPlace => 250,
                Kind::Signal(seq) => seq,
                Kind::Swept(seq) => 128 + seq,
                Kind::Command(action, after) => 160 + action as u8 * 20 + after,
            };
            let flags = u8::from(event.acknowledged)
                | u8::from(event.dead_letter) << 1
                | u8::from(event.owners) << 2
                | u8::from(event.handed_over) << 3
                | u8::from(event.late) << 4;
            buffer.extend_from_slice(&[kind, flags, event.twin, event.waiting.len() as u8, event.at_work.len() as u8]);
            buffer.extend_from_slice(&event.waiting);
            for invocation in &event.at_work {
                let flags = invocation.base as u8
                    | (invocation.wrote as u8) << 2
                    | u8::from(invocation.owns) << 4
                    | u8::from(invocation.late) << 5
                    | u8::from(invocation.signalled_first) << 6;
                buffer.extend_from_slice(&invocation.actor.to_le_bytes());
                buffer.extend_from_slice(&[invocation.attempt, flags, invocation.unsaved]);
            }
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(buffer);
        hasher.finish()
    }
}
