//! What the reader found: a batch of records, one record as it is in the object, or what stops the reading.
//!
//! It reads nothing.

use crate::ports::SourceError;
use crate::{Error, ErrorKind, Place};
use recursive_lambda_core::compression::TextPosition;
use recursive_lambda_core::records::Cursor;

/// Records, in order.
pub(crate) struct ReadBatch<T> {
    pub(crate) records: Vec<T>,
    /// Where the first one begins.
    pub(crate) place: Option<Place>,
    /// After the last one.
    pub(crate) after: Reading,
}

/// How far the object is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// Its offset is in the text.
    pub(crate) cursor: Cursor,
    /// The offset in the object.
    pub(crate) offset: u64,
    /// If the object is compressed or not UTF-8.
    pub(crate) text: Option<TextPosition>,
    pub(crate) at_end: bool,
}

/// What stops the reading: the object, or a record in it.
pub(crate) enum ReadError {
    Source(SourceError),
    /// Nothing after it can be read.
    Unreadable(Error),
    /// The record at the cursor. The records after it can be read.
    Undecoded(Raw, Error),
}

/// One record as it is in the object, without its terminator.
pub(crate) struct Raw {
    pub(crate) place: Place,
    pub(crate) bytes: Vec<u8>,
    pub(crate) after: Reading,
}

/// The largest record that is skipped, in bytes.
const MOST_SKIPPED: usize = 1 << 20;

impl Raw {
    /// Fails if it is too large to be skipped for `error`: then it is more likely many records taken for one.
    pub(crate) fn check_skippable(&self, error: &str) -> Result<(), Error> {
        let length = self.bytes.len();
        if length <= MOST_SKIPPED {
            return Ok(());
        }
        let message =
            format!("{error}; this record is not skipped, because it has {length} bytes, and at most {MOST_SKIPPED} are allowed");
        Err(Error::terminal(Error::new(ErrorKind::Record, message).at(self.place)))
    }
}

/// What is wrong with text that does not decode.
pub(super) fn undecodable(encoding: &str, at: usize) -> String {
    let label = encoding.to_lowercase();
    format!(
        "after {at} bytes of its text come bytes that are not {encoding}: is `encoding` right? `encoding = replace({label:?})` reads \
         them as U+FFFD"
    )
}
