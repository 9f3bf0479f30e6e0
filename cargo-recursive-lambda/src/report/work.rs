//! Which work counted, and where the time went. A batch that begins again was lost before: its invocation died, or failed,
//! before the batch was saved. Pure.

use super::recorded::{Batch, Ending, Invocation};
use super::recording::Recording;
use std::time::Duration;

/// What came of some work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Fate {
    Counted,
    /// Counted, and its records had been processed before.
    Again,
    /// Did not count.
    Lost,
}

/// A part of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    pub(crate) fate: Fate,
}

/// A kind of invocation, by what it did for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Role {
    Worked,
    /// It neither called the job nor saved anything, and answered.
    Idle,
    /// The same, but it answered with an error: another invocation has the run, or there is no run yet.
    TurnedAway,
}

/// An invocation, judged.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) role: Role,
    pub(crate) parts: Vec<Part>,
    /// One for each batch.
    pub(crate) fates: Vec<Fate>,
}

impl Judged {
    pub(crate) fn count(&self, fate: Fate) -> usize {
        self.fates.iter().filter(|of| **of == fate).count()
    }
}

/// Judges each invocation. `position` is that of the last checkpoint: later batches did not count, either.
pub(crate) fn judge(recording: &Recording, position: Option<u64>) -> Vec<Judged> {
    let invocations = &recording.invocations;
    let mut fates: Vec<Vec<Fate>> = invocations.iter().map(|invocation| vec![Fate::Counted; invocation.batches.len()]).collect();
    let mut all: Vec<(usize, usize, Batch)> = Vec::new();
    for (index, invocation) in invocations.iter().enumerate() {
        all.extend(invocation.batches.iter().enumerate().map(|(number, batch)| (index, number, *batch)));
    }
    all.sort_by_key(|(.., batch)| batch.at);
    let mut set = |index: usize, number: usize, fate: Fate| {
        if let Some(place) = fates.get_mut(index).and_then(|fates| fates.get_mut(number)) {
            *place = fate;
        }
    };
    // The batches that count so far, in the order of their records.
    let mut live: Vec<(u64, usize, usize)> = Vec::new();
    let mut furthest = 0;
    for (index, number, batch) in all {
        let end = batch.record.saturating_add(batch.records);
        while let Some((_, index, number)) = live.pop_if(|(end, ..)| *end > batch.record) {
            set(index, number, Fate::Lost);
        }
        live.push((end, index, number));
        if batch.record < furthest {
            set(index, number, Fate::Again);
        }
        furthest = furthest.max(end);
    }
    while let Some((_, index, number)) = live.pop_if(|(end, ..)| position.is_some_and(|position| *end > position)) {
        set(index, number, Fate::Lost);
    }
    let judged = invocations.iter().zip(fates).map(|(invocation, fates)| {
        let parts = parts(invocation, recording.end_of(invocation), &fates);
        Judged { role: role(invocation), parts, fates }
    });
    judged.collect()
}

fn role(invocation: &Invocation) -> Role {
    match &invocation.ending {
        _ if !invocation.batches.is_empty() || invocation.saves > 0 => Role::Worked,
        Ending::Answered => Role::Idle,
        Ending::Error(..) => Role::TurnedAway,
        Ending::Open | Ending::Died(_) => Role::Worked,
    }
}

/// A batch ends when the next one begins. The time before the first batch belongs to it.
fn parts(invocation: &Invocation, end: Duration, fates: &[Fate]) -> Vec<Part> {
    let whole = |fate| vec![Part { from: invocation.from, to: end, fate }];
    let Some(first) = fates.first() else {
        return whole(if matches!(invocation.ending, Ending::Died(_)) { Fate::Lost } else { Fate::Counted });
    };
    let mut parts = whole(*first);
    for (batch, fate) in invocation.batches.iter().zip(fates).skip(1) {
        let Some(last) = parts.last_mut().filter(|last| last.fate != *fate) else { continue };
        let at = batch.at.clamp(last.from, end);
        last.to = at;
        parts.push(Part { from: at, to: end, fate: *fate });
    }
    parts
}

/// What a moment of the run was for. The first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Use {
    Work,
    Lost,
    Starting,
    Retry,
    Between,
    /// The run was over, but not its last events.
    After,
}

impl Use {
    pub(crate) const ALL: [Self; 6] = [Self::Work, Self::Lost, Self::After, Self::Starting, Self::Retry, Self::Between];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Work => "work that counted",
            Self::Lost => "work that was lost",
            Self::Starting => "starting a container",
            Self::Retry => "waiting for a retry",
            Self::Between => "between invocations",
            Self::After => "after the run was over",
        }
    }
}

/// When the last invocation that worked on the run ended. Only duplicates may come later.
pub(crate) fn over(recording: &Recording, judged: &[Judged]) -> Duration {
    let worked = recording.invocations.iter().zip(judged).filter(|(_, judged)| judged.role == Role::Worked);
    worked.map(|(invocation, _)| recording.end_of(invocation)).max().unwrap_or(recording.span().1)
}

/// How long the run did each of these. The sum is the length of the run.
pub(crate) fn uses(recording: &Recording, judged: &[Judged]) -> [(Use, Duration); 6] {
    let (start, end) = recording.span();
    let mut edges: Vec<(Duration, Use, bool)> = Vec::new();
    let mut add = |from: Duration, to: Duration, of: Use| {
        let (from, to) = (from.clamp(start, end), to.clamp(start, end));
        if from < to {
            edges.extend([(from, of, true), (to, of, false)]);
        }
    };
    for judged in judged.iter().filter(|judged| judged.role == Role::Worked) {
        for part in &judged.parts {
            add(part.from, part.to, if part.fate == Fate::Lost { Use::Lost } else { Use::Work });
        }
    }
    for process in &recording.processes {
        add(process.from, process.ready.or(process.to).unwrap_or(end), Use::Starting);
    }
    for wait in recording.waits.iter().filter(|wait| wait.attempt > 1) {
        add(wait.from, wait.to.unwrap_or(end), Use::Retry);
    }
    add(over(recording, judged), end, Use::After);
    add(start, end, Use::Between);
    edges.sort_unstable();
    let mut open = Use::ALL.map(|of| (of, 0_i64));
    let mut uses = Use::ALL.map(|of| (of, Duration::ZERO));
    let mut last = start;
    for (at, of, begins) in edges {
        let current = open.iter().position(|(_, open)| *open > 0);
        if let Some((_, total)) = current.and_then(|current| uses.get_mut(current)) {
            *total += at - last;
        }
        if let Some((_, open)) = open.iter_mut().find(|(other, _)| *other == of) {
            *open += if begins { 1 } else { -1 };
        }
        last = at;
    }
    uses
}
