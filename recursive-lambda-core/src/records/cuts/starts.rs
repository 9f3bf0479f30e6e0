//! From the scans of all ranges to the place where each shard begins.
//!
//! Each range was scanned for every state; in order, each one tells in which of them the next one begins. This stops at a row that
//! the splitter does not read as one row, because only the splitter knows how it reads on.

use super::scan::Scanned;
use super::state::State;
use crate::Place;
use crate::records::Cursor;
use std::fmt;

/// A part of the object that begins with a record, and what is known at both ends. All shards in order are the object without its
/// header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Before its first record.
    pub start: Cursor,
    /// Where the next shard begins, or the object's end.
    pub end: Cursor,
}

/// Why a shard has no place yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unplaced {
    /// The row that begins here is not read as one row: a quote opens a field and is not closed, or is closed on a later line with
    /// text after it, or the row is about as long as a row may be, or longer.
    BadRow(Cursor),
    /// A scan does not begin at this offset, or goes over the bound of a shard.
    Gap(u64),
}

/// Finds the shards' places from scans that are added in order.
///
/// After [`Unplaced::BadRow`] the caller can refuse to cut the object, or go on, as exactly as before: it reads that one row with
/// [`Splitter::part`](crate::records::Splitter::part), calls [`go_on`](Self::go_on) with the splitter's cursor after it, scans from
/// there to the end of the range, and adds this scan and those of the later ranges.
#[derive(Clone, Debug)]
pub struct ShardStarts {
    /// Where the range of each shard begins.
    bounds: Vec<u64>,
    /// Where the first shards begin.
    starts: Vec<Cursor>,
    /// Where the reading began that is followed now: after the header, or after a bad row.
    from: Cursor,
    /// What was read since.
    walked: Scanned,
    size: u64,
}

/// The shards of an object whose header ends at `first` and whose ranges, one for each shard, were scanned.
///
/// # Errors
/// See [`Unplaced`]. With [`ShardStarts`] it is possible to go on after a bad row.
pub fn compose(first: Cursor, scans: &[Scanned]) -> Result<Vec<Shard>, Unplaced> {
    let Some(last) = scans.last() else { return Ok(Vec::new()) };
    let bounds = scans.iter().map(|scan| scan.start).collect();
    let mut starts = ShardStarts::new(first, bounds, last.end, last.limit);
    scans.iter().try_for_each(|scan| starts.add(scan))?;
    starts.finish()
}

impl ShardStarts {
    /// Begins after the header. `bounds`: where the range of each shard begins, in order; `size`: that of the object; `limit`: the
    /// largest row in bytes.
    #[must_use]
    pub fn new(first: Cursor, bounds: Vec<u64>, size: u64, limit: usize) -> Self {
        Self { bounds, starts: vec![first], from: first, walked: walk(first, limit), size }
    }

    /// Adds the scan of the next range, which must not go over the bound of a shard.
    ///
    /// # Errors
    /// After [`Unplaced::BadRow`], shards can be placed again after [`go_on`](Self::go_on).
    pub fn add(&mut self, scan: &Scanned) -> Result<(), Unplaced> {
        let (start, end, before) = (scan.start, scan.end, self.reached());
        let goes_over_a_bound = self.bounds.iter().any(|bound| start < *bound && *bound < end);
        if start != before.offset || goes_over_a_bound {
            return Err(Unplaced::Gap(before.offset));
        }
        let lines = self.from.line + self.walked.lines_before(scan);
        let first = scan.path(self.state()).and_then(|path| path.first);
        self.walked.extend(scan);
        if let Some(first) = first.filter(|_| self.reached().position > before.position) {
            let placed = self.bounds.iter().take_while(|bound| **bound <= start).count();
            let cursor = Cursor { position: before.position, offset: first.offset, line: lines + first.lines };
            self.starts.resize(placed.max(self.starts.len()), cursor);
        }
        if self.state() == State::Astray { Err(self.bad_row()) } else { Ok(()) }
    }

    /// Goes on where the splitter is after the bad row. The next scan begins here.
    pub fn go_on(&mut self, after: Cursor) {
        (self.from, self.walked) = (after, walk(after, self.walked.limit));
    }

    /// The shards, after the scan of the last range.
    ///
    /// # Errors
    /// See [`add`](Self::add): a quote may be open at the end.
    pub fn finish(&self) -> Result<Vec<Shard>, Unplaced> {
        let end = self.reached();
        if end.offset != self.size {
            return Err(Unplaced::Gap(end.offset));
        }
        if !self.state().can_end() {
            return Err(self.bad_row());
        }
        let start = |shard: usize| self.starts.get(shard).copied().unwrap_or(end);
        Ok((0..self.bounds.len()).map(|shard| Shard { start: start(shard), end: start(shard + 1) }).collect())
    }

    fn state(&self) -> State {
        self.walked.path(State::RowStart).map_or(State::Astray, |path| path.to)
    }

    /// The end of all that was added.
    fn reached(&self) -> Cursor {
        let records = self.walked.path(State::RowStart).map_or(0, |path| path.records);
        let Cursor { position, line, .. } = self.from;
        Cursor { position: position + records, offset: self.walked.end, line: line + self.walked.lines }
    }

    /// The last row that begins in what was added.
    fn bad_row(&self) -> Unplaced {
        let last = self.walked.path(State::RowStart).and_then(|path| path.last);
        Unplaced::BadRow(last.map_or(self.from, |last| Cursor {
            position: self.reached().position.saturating_sub(1),
            offset: last.offset,
            line: self.from.line + last.lines,
        }))
    }
}

/// No bytes, before a row.
fn walk(from: Cursor, limit: usize) -> Scanned {
    Scanned::empty(from.offset, limit, [State::RowStart])
}

impl fmt::Display for Unplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRow(Cursor { position, offset, line }) => write!(
                f,
                "where rows begin after this one depends on how it is read, because its quotes are wrong or it is too long ({})",
                Place::new(*position, line + 1, *offset)
            ),
            Self::Gap(wanted) => {
                write!(f, "the scan of the bytes from {wanted} on is missing, or goes over the bound of a shard")
            }
        }
    }
}

impl std::error::Error for Unplaced {}
