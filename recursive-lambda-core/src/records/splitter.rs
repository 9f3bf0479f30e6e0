//! Between the parts of an object and its records: keeps the bytes, and knows their place in the object.
//!
//! The way the object is cut into parts, and where a run was resumed, change no record, place or cursor. It holds at most one
//! record's limit, one part, and what was pushed ahead, each at most twice.

use super::buffer::Buffer;
use super::cursor::Cursor;
use super::misread::{Extent, Misread};
use super::{Format, Split};
use crate::error::OffsetIn;
use crate::excerpt;
use crate::{BoxError, Error, ErrorKind, Place};

/// What the splitter found.
#[derive(Debug)]
pub enum Next<T> {
    /// A record. If it does not decode, the records after it can still be read.
    Record {
        /// The record's value.
        value: Result<T, Undecoded>,
        /// The record's place; it ends at [`Splitter::cursor`].
        place: Place,
    },
    /// Nothing, until more bytes are pushed or the splitter is told that there are no more.
    More,
    /// The end of the object. The cursor is at the end of its last byte, after everything that was skipped.
    End,
}

/// A record that does not decode.
#[derive(Debug)]
pub struct Undecoded {
    /// Terminal, of [`ErrorKind::Record`].
    pub error: Error,
    /// What cannot be read, as it is in the object, without its terminator: the record, or its first line if its end is in doubt.
    pub bytes: Vec<u8>,
}

/// Splits an object that arrives in parts into records of format `F`.
#[derive(Debug)]
pub struct Splitter<F> {
    format: F,
    /// `None` before it is found; empty if there is none.
    header: Option<Vec<u8>>,
    /// Whether the header is all of the object.
    only: bool,
    /// Whether records of the object come before the first one here.
    is_later_part: bool,
    checked: bool,
    buffer: Buffer,
    cursor: Cursor,
    limit: usize,
}

impl<F: Format> Splitter<F> {
    /// Starts at the object's first byte. A header or record of more than `limit` bytes, its terminator included, is an error.
    #[must_use]
    pub fn start(format: F, limit: usize) -> Self {
        Self::at(format, Cursor::default(), limit)
    }

    /// Continues at a cursor of an earlier splitter, with the header that it found. A cursor at offset 0 starts from the
    /// beginning.
    pub fn resume(format: F, at: Cursor, header: &[u8], limit: usize) -> Result<Self, Error> {
        if at.offset == 0 { Ok(Self::start(format, limit)) } else { Self::part(format, at, header, limit) }
    }

    /// Reads a part of the object that begins at a record, with the object's header.
    pub fn part(mut format: F, at: Cursor, header: &[u8], limit: usize) -> Result<Self, Error> {
        open(&mut format, header)?;
        Ok(Self { header: Some(header.to_vec()), ..Self::at(format, at, limit) })
    }

    fn at(format: F, cursor: Cursor, limit: usize) -> Self {
        Self {
            format,
            header: None,
            only: false,
            is_later_part: false,
            checked: false,
            buffer: Buffer::from(cursor),
            cursor,
            limit,
        }
    }

    /// Says that records of the object come before this part, which it does not know.
    pub fn set_later_part(&mut self) {
        self.is_later_part = true;
    }

    /// Takes the bytes after all that were pushed before: those of the object from [`wanted`](Self::wanted) on.
    pub fn push(&mut self, part: &[u8]) {
        self.buffer.push(part);
    }

    /// Says what the bytes' offsets are in, so that the places of records can tell.
    pub fn set_offset_in(&mut self, text: OffsetIn) {
        self.buffer.offset_in = text;
    }

    /// Takes note that no bytes follow.
    pub fn finish(&mut self) {
        self.buffer.finish();
    }

    /// Finds the header and checks it, once. False: more bytes are needed.
    ///
    /// `check` is given the format, and whether the object is its header and nothing else.
    pub fn begin(&mut self, check: impl FnOnce(&F, bool) -> Result<(), BoxError>) -> Result<bool, Error> {
        if !self.checked && self.find_header()? {
            check(&self.format, self.only).map_err(|error| at_the_start(error.to_string()))?;
            self.checked = true;
        }
        Ok(self.checked)
    }

    fn find_header(&mut self) -> Result<bool, Error> {
        if self.header.is_some() {
            return Ok(true);
        }
        let (format, buffer, limit) = (&mut self.format, &mut self.buffer, self.limit);
        let mut split = format.header(buffer.bytes(), buffer.is_finished());
        if split == Split::More && buffer.may_grow(limit)? {
            return Ok(false);
        }
        if buffer.is_too_long(split, limit) {
            split = match format.header(buffer.first(limit), true) {
                Split::Bad { content, reason, .. } => Split::Bad { content, next: limit, reason },
                _ => return Err(buffer.too_long("object's first line", limit)),
            };
        }
        let (content, next) = buffer.header(split)?;
        let header = buffer.bytes().get(..content).unwrap_or_default();
        if let Split::Bad { reason, .. } = split {
            return Err(at_the_start(format!("{reason}; it begins with {}", excerpt::bytes(header))));
        }
        open(format, header)?;
        self.header = Some(header.to_vec());
        self.only = buffer.is_finished() && content > 0 && content == next && content == buffer.bytes().len();
        buffer.advance(format, next);
        self.cursor = buffer.start();
        Ok(true)
    }

    /// The next record, turned into a value by `decode`.
    ///
    /// After an error nothing more can be split: a record above the limit, a header that the format refuses, a format that breaks
    /// its contract, an object of another format. Asked again, it gives the same error again.
    pub fn next<T>(&mut self, decode: impl FnOnce(&mut F, &[u8]) -> Result<T, BoxError>) -> Result<Next<T>, Error> {
        if self.header.is_none() && !self.find_header()? {
            return Ok(Next::More);
        }
        let (format, buffer, limit) = (&mut self.format, &mut self.buffer, self.limit);
        loop {
            if buffer.bytes().is_empty() {
                if !buffer.is_finished() {
                    return Ok(Next::More);
                }
                self.cursor = buffer.start();
                return Ok(Next::End);
            }
            let mut split = format.split(buffer.bytes(), buffer.is_finished());
            if let Split::Skip(skipped) = split {
                let skipped = buffer.checked(1, skipped)?;
                buffer.advance(format, skipped);
                continue;
            }
            if split == Split::More && buffer.may_grow(limit)? {
                return Ok(Next::More);
            }
            if buffer.is_too_long(split, limit) {
                // By its first bytes only, so that it does not matter how much of the rest has arrived.
                split = match format.split(buffer.first(limit), true) {
                    Split::Bad { content, next, reason } if next < limit => Split::Bad { content, next, reason },
                    _ => return Err(buffer.too_long("record", limit)),
                };
            }
            let (mut content, mut next) = buffer.record(split)?;
            let place = buffer.place();
            let record = buffer.bytes().get(..content).unwrap_or_default();
            let decoded = match split {
                Split::Bad { reason, .. } => Err(bad(format!("{reason}: {}", excerpt::quoted(record)), place)),
                _ => match decode(format, record) {
                    Ok(value) => Ok(value),
                    Err(error) => {
                        match error.downcast_ref::<Misread>().map(|misread| misread.extent) {
                            Some(Extent::Object { what }) if place.record == 0 && !self.is_later_part => {
                                return Err(bad(format!("{what}: {error}"), place));
                            }
                            Some(Extent::FirstLine { content: line, next: after }) if after <= next => {
                                (content, next) = (line, after);
                            }
                            _ => {}
                        }
                        Err(bad(format!("the record does not decode: {error}"), place))
                    }
                },
            };
            let value = decoded.map_err(|error| Undecoded { error, bytes: record.get(..content).unwrap_or_default().to_vec() });
            buffer.advance_record(format, next);
            self.cursor = buffer.start();
            return Ok(Next::Record { value, place });
        }
    }

    /// Where to continue after the last record.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The header's bytes, empty if the format has none; `None` before they are found.
    pub fn header(&self) -> Option<&[u8]> {
        self.header.as_deref()
    }

    /// The offset in the object of the first byte not yet pushed.
    pub fn wanted(&self) -> u64 {
        self.buffer.wanted()
    }
}

fn open(format: &mut impl Format, header: &[u8]) -> Result<(), Error> {
    format.open(header).map_err(|error| at_the_start(format!("the format refuses the object's header: {error}")))
}

fn at_the_start(message: String) -> Error {
    bad(message, Place::new(0, 1, 0))
}

fn bad(message: String, place: Place) -> Error {
    Error::terminal(Error::new(ErrorKind::Record, message).at(place))
}
