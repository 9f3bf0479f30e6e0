//! What a range is if it begins in one state, and how the paths of two ranges join.

use super::block::Pass;
use super::state::State;
use serde::{Deserialize, Serialize};

/// The way through a range from one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Path {
    pub(super) from: State,
    pub(super) to: State,
    /// How many records begin in the range.
    pub(super) records: u64,
    pub(super) first: Option<Start>,
    pub(super) last: Option<Start>,
    /// The offset where the row ends in which the range begins.
    pub(super) row_end: Option<u64>,
}

/// Where a record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) offset: u64,
    /// Line ends between the start of the range and this place.
    pub(super) lines: u64,
}

/// A range and what follows it, as far as the paths of the two join.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joint {
    /// Where the first range begins.
    pub(super) start: u64,
    /// Where the second range ends.
    pub(super) end: u64,
    /// Line ends in the first range.
    pub(super) lines: u64,
    /// The largest row in bytes.
    pub(super) limit: u64,
}

impl Path {
    /// Through no bytes.
    pub(super) fn empty(from: State) -> Self {
        Self { from, to: from, records: 0, first: None, last: None, row_end: None }
    }

    /// What a pass found in a block that begins at this offset. `lines` counts the line ends up to an index of the block.
    pub(super) fn of(from: State, pass: &Pass, offset: u64, lines: impl Fn(usize) -> u64) -> Self {
        let start = |at: usize| Start { offset: offset + at as u64, lines: lines(at) };
        Self {
            from,
            to: pass.to,
            records: pass.records,
            first: pass.first.map(start),
            last: pass.last.map(start),
            row_end: pass.row_end.map(|at| offset + at as u64),
        }
    }

    /// This path, then `next`, which begins in the state in which this one ends.
    pub(super) fn then(&self, next: &Self, joint: Joint) -> Self {
        if !self.to.is_in_row() {
            return if self.to == State::Astray { *self } else { self.joined(next, joint) };
        }
        // The row that is open between the two. If it begins before both, it is at least this long.
        let row_start = self.last.map_or(joint.start, |last| last.offset);
        let row_length = match next.row_end {
            // A `\n` may follow, which counts.
            Some(end) => end.saturating_sub(row_start) + 1,
            None if next.to.is_in_row() && next.records == 0 => joint.end.saturating_sub(row_start),
            None => 0,
        };
        if row_length > joint.limit { Self { to: State::Astray, ..*self } } else { self.joined(next, joint) }
    }

    fn joined(&self, next: &Self, joint: Joint) -> Self {
        let shifted = |start: Start| Start { lines: start.lines + joint.lines, ..start };
        let is_same_row = self.from.is_in_row() && self.row_end.is_none();
        Self {
            from: self.from,
            to: next.to,
            records: self.records + next.records,
            first: self.first.or(next.first.map(shifted)),
            last: next.last.map(shifted).or(self.last),
            row_end: self.row_end.or(next.row_end.filter(|_| is_same_row)),
        }
    }
}
