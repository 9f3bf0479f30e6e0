//! A scan of one range of CSV, for all states in which the range can begin.
//!
//! Most states soon lead to the same one, and a state that is wrong soon meets quotes that are wrong for it. So nearly all of a range is
//! read once.

use super::block::pass;
use super::marks::Marks;
use super::path::{Joint, Path};
use super::state::{RowRules, State};
use crate::records::line_end::line_breaks;
use serde::{Deserialize, Serialize};

/// Scans a range that arrives in parts. How it is divided does not change the result.
#[derive(Clone, Debug)]
pub struct Scan {
    rules: RowRules,
    scanned: Scanned,
}

/// What is known of a range. Two that are adjacent join to one: [`then`](Self::then).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scanned {
    pub(super) start: u64,
    pub(super) end: u64,
    /// `\n`, and `\r` without a `\n` after it in this range.
    pub(super) lines: u64,
    begins_with_line_feed: bool,
    ends_with_carriage_return: bool,
    pub(super) limit: usize,
    paths: Vec<Path>,
}

/// Small enough for a processor's nearest cache, where a block may be read more than once.
const BLOCK: usize = 32 << 10;

impl Scan {
    /// Starts at a byte of the object. A row of more than `limit` bytes is not read as one row.
    #[must_use]
    pub fn new(rules: RowRules, offset: u64, limit: usize) -> Self {
        Self { rules, scanned: Scanned::empty(offset, limit, State::all(&rules)) }
    }

    /// Continues where an earlier scan by the same rules stopped.
    #[must_use]
    pub fn resume(rules: RowRules, scanned: Scanned) -> Self {
        Self { rules, scanned }
    }

    /// Takes the object's bytes from [`wanted`](Self::wanted) on.
    pub fn push(&mut self, bytes: &[u8]) {
        // No row within a block is longer than the limit, so that only the rows between two blocks have to be measured.
        let length = BLOCK.min(self.scanned.limit / 2).max(1);
        for block in bytes.chunks(length) {
            let block = Scanned::of(&self.rules, &self.scanned, block);
            self.scanned.extend(&block);
        }
    }

    /// The offset after the last byte that was scanned.
    #[must_use]
    pub fn wanted(&self) -> u64 {
        self.scanned.end
    }

    /// What is known so far. A range that was stopped early can be saved and resumed.
    #[must_use]
    pub fn scanned(&self) -> &Scanned {
        &self.scanned
    }
}

impl Scanned {
    /// No bytes at this offset.
    pub(super) fn empty(offset: u64, limit: usize, states: impl IntoIterator<Item = State>) -> Self {
        Self {
            start: offset,
            end: offset,
            lines: 0,
            begins_with_line_feed: false,
            ends_with_carriage_return: false,
            limit,
            paths: states.into_iter().map(Path::empty).collect(),
        }
    }

    /// A block that is not empty and follows `before`: the paths from the states in which that ends.
    fn of(rules: &RowRules, before: &Self, block: &[u8]) -> Self {
        let (start, lines, marks) = (before.end, line_breaks(block), Marks::of(rules, block));
        // By the shorter part. A place where a record begins divides no `\r\n`.
        let lines_before = |at: usize| match block.split_at_checked(at) {
            Some((before, after)) if before.len() > after.len() => lines - line_breaks(after),
            Some((before, _)) => line_breaks(before),
            None => lines,
        };
        let mut paths: Vec<Path> = Vec::with_capacity(before.paths.len());
        for from in before.paths.iter().map(|path| path.to) {
            if paths.iter().all(|path| path.from != from) {
                paths.push(Path::of(from, &pass(rules, &marks, from, block), start, lines_before));
            }
        }
        Self {
            start,
            end: start + block.len() as u64,
            lines,
            begins_with_line_feed: block.starts_with(b"\n"),
            ends_with_carriage_return: block.ends_with(b"\r"),
            limit: before.limit,
            paths,
        }
    }

    /// This range and the next one; `None` if that is not the one after it.
    #[must_use]
    pub fn then(&self, next: &Self) -> Option<Self> {
        let mut joined = self.clone();
        (self.end == next.start && self.limit == next.limit).then(|| joined.extend(next))?;
        Some(joined)
    }

    /// Adds the range after this one.
    pub(super) fn extend(&mut self, next: &Self) {
        if next.start == next.end {
            return;
        }
        let lines = self.lines_before(next);
        let joint = Joint { start: self.start, end: next.end, lines, limit: self.limit as u64 };
        for path in &mut self.paths {
            *path = match next.path(path.to) {
                Some(next) => path.then(next, joint),
                // It ended before, or the other range was scanned by other rules.
                None => Path { to: State::Astray, ..*path },
            };
        }
        if self.start == self.end {
            self.begins_with_line_feed = next.begins_with_line_feed;
        }
        self.lines = lines + next.lines;
        self.ends_with_carriage_return = next.ends_with_carriage_return;
        self.end = next.end;
    }

    /// Line ends before the range that follows: one less if the two share a `\r\n`.
    pub(super) fn lines_before(&self, next: &Self) -> u64 {
        self.lines.saturating_sub(u64::from(self.ends_with_carriage_return && next.begins_with_line_feed))
    }

    pub(super) fn path(&self, from: State) -> Option<&Path> {
        self.paths.iter().find(|path| path.from == from)
    }
}
