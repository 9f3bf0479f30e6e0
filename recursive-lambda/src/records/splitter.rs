//! Between the parts of an object and its records: keeps the bytes, and knows where in the object it stands.
//!
//! How the object is cut into parts, and where a run was resumed, changes no record, no place and no cursor. It never holds
//! more than a record's limit, a part, and what it was given ahead of need, each at most twice.

use super::unread::Unread;
use super::{Format, Split};
use crate::{BoxError, Error, ErrorKind, Place};

/// How far an object is read: after a record, or after the header where no record is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Records done.
    pub(crate) position: u64,
    /// Bytes done: where to read on.
    pub(crate) offset: u64,
    /// Newlines done: a record that begins here is on line `line + 1`.
    pub(crate) line: u64,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next<T> {
    /// A record. Where it does not decode, the records after it are still to be had.
    Record {
        /// The record's value.
        value: Result<T, Undecoded>,
        /// Where the record begins; it ends where [`Splitter::cursor`] now stands.
        place: Place,
    },
    /// Nothing, before more bytes are pushed or the splitter is told that there are none.
    More,
    /// The end of the object. The cursor is at its last byte's end, behind whatever was skipped.
    End,
}

/// A record that does not decode.
#[derive(Debug)]
pub(crate) struct Undecoded {
    /// Terminal, of [`ErrorKind::Record`].
    pub(crate) error: Error,
    /// The record as it stands in the object, without its terminator.
    pub(crate) bytes: Vec<u8>,
}

/// Splits an object that arrives in parts into records of format `F`.
#[derive(Debug)]
pub(crate) struct Splitter<F> {
    /// `None` before the header is found.
    format: Option<F>,
    header: Vec<u8>,
    unread: Unread,
    cursor: Cursor,
    limit: usize,
}

impl<F: Format> Splitter<F> {
    /// Starts at the object's first byte. A header or record of more than `limit` bytes, its terminator included, is an error.
    pub(crate) fn start(limit: usize) -> Self {
        Self { format: None, header: Vec::new(), unread: Unread::from(Cursor::default()), cursor: Cursor::default(), limit }
    }

    /// Goes on at a cursor of an earlier splitter, with the header that one found. A cursor at offset 0 starts anew.
    pub(crate) fn resume(at: Cursor, header: &[u8], limit: usize) -> Result<Self, Error> {
        if at.offset == 0 {
            return Ok(Self::start(limit));
        }
        let format = open(header)?;
        Ok(Self { format: Some(format), header: header.to_vec(), unread: Unread::from(at), cursor: at, limit })
    }

    /// Takes the bytes that follow all that were pushed before: those of the object from [`wanted`](Self::wanted) on.
    pub(crate) fn push(&mut self, part: &[u8]) {
        self.unread.push(part);
    }

    /// Takes note that no bytes follow.
    pub(crate) fn finish(&mut self) {
        self.unread.finish();
    }

    /// The next record, made a value by `decode`.
    ///
    /// The error is one after which nothing can be split: a record above the limit, a header that the format refuses, a format that
    /// breaks its contract. Asked again, it is given again.
    pub(crate) fn next<T>(&mut self, decode: impl FnOnce(&mut F, &[u8]) -> Result<T, BoxError>) -> Result<Next<T>, Error> {
        let unread = &mut self.unread;
        let format = match &mut self.format {
            Some(format) => format,
            none => {
                let (content, next) = match F::header(unread.bytes(), unread.is_finished()) {
                    Split::More => return unread.more("header", self.limit),
                    Split::Skip(skipped) => (0, unread.checked(0, skipped)?),
                    split => unread.record("header", split, self.limit)?,
                };
                let header = unread.bytes().get(..content).unwrap_or_default();
                let format = none.insert(open(header)?);
                self.header = header.to_vec();
                unread.advance(next);
                self.cursor = unread.start();
                format
            }
        };
        loop {
            if unread.bytes().is_empty() {
                if !unread.is_finished() {
                    return Ok(Next::More);
                }
                self.cursor = unread.start();
                return Ok(Next::End);
            }
            match format.split(unread.bytes(), unread.is_finished()) {
                Split::More => return unread.more("record", self.limit),
                Split::Skip(skipped) => {
                    let skipped = unread.checked(1, skipped)?;
                    unread.advance(skipped);
                }
                split => {
                    let (content, next) = unread.record("record", split, self.limit)?;
                    let place = unread.place();
                    let bytes = unread.bytes().get(..content).unwrap_or_default();
                    let value = decode(format, bytes)
                        .map_err(|error| Undecoded { error: undecodable(error, place), bytes: bytes.to_vec() });
                    unread.advance_record(next);
                    self.cursor = unread.start();
                    return Ok(Next::Record { value, place });
                }
            }
        }
    }

    /// Where to go on after the last record given out.
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The header's bytes, empty if the format has none; `None` before they are found.
    pub(crate) fn header(&self) -> Option<&[u8]> {
        self.format.as_ref().map(|_| self.header.as_slice())
    }

    /// The offset in the object of the first byte not yet pushed.
    pub(crate) fn wanted(&self) -> u64 {
        self.unread.wanted()
    }
}

fn open<F: Format>(header: &[u8]) -> Result<F, Error> {
    F::open(header).map_err(|error| {
        let refused = Error::new(ErrorKind::Record, format!("the format refuses the object's header: {error}"));
        Error::terminal(refused.at(Place::new(0, 1, 0)))
    })
}

fn undecodable(error: BoxError, place: Place) -> Error {
    Error::terminal(Error::new(ErrorKind::Record, format!("the record does not decode: {error}")).at(place))
}
