//! The bytes that a splitter was given and has not passed yet, and where in the object they begin.
//!
//! A format's answers are checked here, so that a wrong one is an error, never a panic or an endless loop.

use super::cursor::Cursor;
use super::{Format, Split};
use crate::error::OffsetIn;
use crate::excerpt;
use crate::{Error, ErrorKind, Place};

#[derive(Debug)]
pub(super) struct Buffer {
    held: Vec<u8>,
    /// How many bytes of the buffer are passed.
    passed: usize,
    /// The offset in the object of the first byte not passed.
    start: Cursor,
    finished: bool,
    /// What the offset is in.
    pub(super) offset_in: OffsetIn,
}

impl From<Cursor> for Buffer {
    fn from(start: Cursor) -> Self {
        Self { held: Vec::new(), passed: 0, start, finished: false, offset_in: OffsetIn::Object }
    }
}

impl Buffer {
    pub(super) fn push(&mut self, part: &[u8]) {
        // Bytes are moved only when at least as many were passed since the last move: linear over all pushes.
        if self.passed >= self.held.len() - self.passed {
            self.held.drain(..self.passed);
            self.passed = 0;
        }
        self.held.extend_from_slice(part);
    }

    pub(super) fn finish(&mut self) {
        self.finished = true;
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.held.get(self.passed..).unwrap_or_default()
    }

    pub(super) fn start(&self) -> Cursor {
        self.start
    }

    /// The place of a record that begins with the first of these bytes.
    pub(super) fn place(&self) -> Place {
        Place::new(self.start.position, self.start.line + 1, self.start.offset).offset_in(self.offset_in)
    }

    pub(super) fn wanted(&self) -> u64 {
        self.start.offset + self.bytes().len() as u64
    }

    /// Passes bytes that belong to no record.
    pub(super) fn advance(&mut self, format: &impl Format, count: usize) {
        let passed = self.bytes().get(..count).unwrap_or_default();
        self.start.line += format.line_ends(passed);
        self.start.offset += count as u64;
        self.passed += count;
    }

    /// Passes a record.
    pub(super) fn advance_record(&mut self, format: &impl Format, count: usize) {
        self.advance(format, count);
        self.start.position += 1;
    }

    /// The first bytes, `limit` of them at most.
    pub(super) fn first(&self, limit: usize) -> &[u8] {
        self.bytes().get(..limit).unwrap_or(self.bytes())
    }

    /// Whether a format that wants more bytes can have them within the limit.
    pub(super) fn may_grow(&self, limit: usize) -> Result<bool, Error> {
        if self.finished { Err(self.broken_contract(Split::More)) } else { Ok(self.bytes().len() <= limit) }
    }

    /// Whether the part that a format found, or could not find the end of, exceeds the limit.
    pub(super) fn is_too_long(&self, split: Split, limit: usize) -> bool {
        match split {
            Split::More => true,
            Split::Record { next, .. } | Split::Bad { next, .. } => next > limit && next <= self.bytes().len(),
            Split::Skip(_) => false,
        }
    }

    /// Content and length of a record that a format found.
    pub(super) fn record(&self, split: Split) -> Result<(usize, usize), Error> {
        match split {
            Split::Record { content, next } | Split::Bad { content, next, .. }
                if content <= next && (1..=self.bytes().len()).contains(&next) =>
            {
                Ok((content, next))
            }
            split => Err(self.broken_contract(split)),
        }
    }

    /// How many bytes a header has, and where the first record begins.
    pub(super) fn header(&self, split: Split) -> Result<(usize, usize), Error> {
        match split {
            Split::Record { content, next } if content.max(next) <= self.bytes().len() && content.max(next) > 0 => {
                Ok((content, next))
            }
            Split::Skip(skipped) => Ok((0, self.checked(0, skipped)?)),
            split => self.record(split),
        }
    }

    /// `count`, if that many bytes can be skipped.
    pub(super) fn checked(&self, least: usize, count: usize) -> Result<usize, Error> {
        if (least..=self.bytes().len()).contains(&count) { Ok(count) } else { Err(self.broken_contract(Split::Skip(count))) }
    }

    pub(super) fn too_long(&self, what: &str, limit: usize) -> Error {
        let first = self.first(limit);
        let ends = if first.contains(&b'\r') { " Its lines may end with `\\r` alone, and `\\n` must end them." } else { "" };
        let message = format!(
            "the {what} is longer than {limit} bytes: is `format` right? It begins with {}.{ends} A job over `FileBatch` reads records of any length",
            excerpt::bytes(first)
        );
        Error::terminal(Error::new(ErrorKind::Record, message).at(self.place()))
    }

    fn broken_contract(&self, split: Split) -> Error {
        let (bytes, end) = (self.bytes().len(), self.finished);
        let message = format!("the format answered {split:?} for {bytes} bytes (end: {end}), which `Format` does not allow");
        Error::terminal(Error::new(ErrorKind::Record, message).at(self.place()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Csv;

    #[test]
    fn memory_is_bounded_by_unread_bytes() {
        // (part, bytes passed after each push): all but a few, all, and fewer than arrive for a while.
        for (part, pass) in [(1_000, 999), (1_000, 1_000), (1_000, 500)] {
            let mut buffer = Buffer::from(Cursor::default());
            for _ in 0..200 {
                buffer.push(&vec![b'\n'; part]);
                buffer.advance(&Csv::default(), pass);
                let left = buffer.bytes().len();
                assert!(buffer.held.len() <= 2 * (left + part), "{} bytes kept of {left}", buffer.held.len());
            }
            assert_eq!(buffer.wanted(), 200 * part as u64);
            assert_eq!(buffer.start().line, 200 * pass as u64);
        }
    }
}
