//! Decoding errors that say more than "this record is wrong": how much of it to skip, or that the whole object is something else.
//!
//! A user's format never makes one: its errors are about one record.

use super::Split;
use std::fmt;

/// What is wrong with a record, and how much of it.
#[derive(Debug)]
pub(super) struct Misread {
    message: String,
    pub(super) extent: Extent,
}

/// The extent of a [`Misread`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// The record's first `content` bytes; the next record begins at byte `next` of it.
    FirstLine { content: usize, next: usize },
    /// The object is `what`, if this is the first record.
    Object { what: &'static str },
}

impl Misread {
    /// The record is several lines taken for one: only the first is bad.
    pub(super) fn first_line(record: &[u8], message: String) -> Self {
        let (content, next) = first_line(record);
        Self { message, extent: Extent::FirstLine { content, next } }
    }

    /// As the first record, it shows that the object is something else.
    pub(super) fn object(what: &'static str, message: String) -> Self {
        Self { message, extent: Extent::Object { what } }
    }
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misread {}

/// Where the first line of `bytes` ends, even inside quotes: its length without and with its terminator.
pub(super) fn first_line(bytes: &[u8]) -> (usize, usize) {
    let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) else { return (bytes.len(), bytes.len()) };
    let terminator = if bytes.get(end..).is_some_and(|rest| rest.starts_with(b"\r\n")) { 2 } else { 1 };
    (end, end + terminator)
}

/// The first line of a record that cannot be split as a whole.
pub(super) fn bad_first_line(bytes: &[u8], reason: &'static str) -> Split {
    let (content, next) = first_line(bytes);
    Split::Bad { content, next, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_ends_at_a_break() {
        let cases: [(&[u8], (usize, usize)); 6] =
            [(b"a\nb", (1, 2)), (b"a\r\nb", (1, 3)), (b"a\rb", (1, 2)), (b"a\r", (1, 2)), (b"ab", (2, 2)), (b"\n", (0, 1))];
        for (bytes, line) in cases {
            assert_eq!(first_line(bytes), line, "{}", bytes.escape_ascii());
        }
    }
}
