//! Where a CSV row ends: the state machine of the `csv` crate's reader, reduced to what decides the ends of rows.
//!
//! It never looks at a byte that cannot matter: it jumps from quote to quote and from terminator to terminator.

use super::dialect::Dialect;
use crate::records::Split;
use crate::records::misread::bad_first_line;

const OPEN_QUOTE: &str = "a quote opens a field here and is not closed (inside quotes a quote is written twice; `csv(escape = '\\\\')` \
    reads one after a backslash, and `csv(quote = none)` takes quotes for text)";

const OPEN_AT_NEWLINE: &str = "a quote opens a field here and is not closed on its line, and `multiline = no` promises that every field is; \
    without that argument a quoted field can hold line ends";

/// Finds where a row ends, and remembers how far it looked when it did not.
#[derive(Debug, Default)]
pub(super) struct RowEnd {
    searched: usize,
    /// Whether the byte at `searched` is inside a quoted field.
    quoted: bool,
}

impl RowEnd {
    /// `\n`, `\r\n` or `\r` outside quotes ends a row, and so does the end of the object. Inside quotes that end is an error of
    /// the row's first line, and the rest is read as rows again; so is `\n` if it is promised not to be there. `bytes` must begin
    /// with a row.
    pub(super) fn find(&mut self, dialect: &Dialect, bytes: &[u8], end: bool) -> Split {
        let Self { searched: mut at, mut quoted } = std::mem::take(self);
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let found = match (dialect.quote, dialect.escape) {
                (Some(quote), escape) if quoted && !dialect.multiline => {
                    memchr::memchr3(b'\n', quote, escape.unwrap_or(quote), rest)
                }
                (Some(quote), None) if quoted => memchr::memchr(quote, rest),
                (Some(quote), Some(escape)) if quoted => memchr::memchr2(quote, escape, rest),
                (Some(quote), _) => memchr::memchr3(b'\n', b'\r', quote, rest),
                (None, _) => memchr::memchr2(b'\n', b'\r', rest),
            };
            let Some(found) = found else { return self.unfinished(bytes, bytes.len(), quoted, end) };
            let hit = at + found;
            let is_quote = |at: usize| bytes.get(at).copied().is_some_and(|byte| Some(byte) == dialect.quote);
            match (bytes.get(hit), bytes.get(hit + 1)) {
                (Some(b'\n'), _) if quoted => return bad_first_line(bytes, OPEN_AT_NEWLINE),
                (Some(b'\n'), _) => return Split::Record { content: hit, next: hit + 1 },
                // The next byte decides, and is not here yet: the row ends at the same byte however the object is cut.
                (_, None) if !end => return self.unfinished(bytes, hit, quoted, end),
                (Some(b'\r'), Some(b'\n')) => return Split::Record { content: hit, next: hit + 2 },
                (Some(b'\r'), _) => return Split::Record { content: hit, next: hit + 1 },
                (_, Some(b'\n')) if quoted && !dialect.multiline && !is_quote(hit) => at = hit + 1,
                // After an escape, and the second of two quotes: text.
                _ if quoted && (!is_quote(hit) || is_quote(hit + 1)) => at = hit + 2,
                // One quoted field is usually followed by another: half the jumps.
                (_, Some(next)) if quoted && *next == dialect.delimiter && is_quote(hit + 2) => at = hit + 3,
                _ => {
                    quoted = !quoted && begins_a_field(dialect, bytes, hit);
                    at = hit + 1;
                }
            }
        }
    }

    fn unfinished(&mut self, bytes: &[u8], searched: usize, quoted: bool, end: bool) -> Split {
        if end && quoted {
            return bad_first_line(bytes, OPEN_QUOTE);
        }
        if end {
            return Split::Record { content: bytes.len(), next: bytes.len() };
        }
        *self = Self { searched, quoted };
        Split::More
    }
}

/// Whether a field begins at `at`, which is outside quotes. Only there does a quote open a field.
fn begins_a_field(dialect: &Dialect, bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|before| bytes.get(before) == Some(&dialect.delimiter))
}

/// The bytes before a row that are no row: blank lines and comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// So many bytes, before a row or the end of the object.
    Row(usize),
    /// These bytes, and perhaps more of them follow.
    More(usize),
}

/// What is before the first row in `bytes`, which begin where a row can. A comment ends with `\n`, as it does for the csv crate.
pub(super) fn before_row(dialect: &Dialect, bytes: &[u8], end: bool) -> Before {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        match rest {
            [] if end => return Before::Row(at),
            [] => return Before::More(at),
            // A `\n` may follow, which belongs to this line end.
            [b'\r'] if !end => return Before::More(at),
            [b'\n' | b'\r', ..] => at += 1,
            [first, ..] if Some(*first) == dialect.comment => match memchr::memchr(b'\n', rest) {
                Some(found) => at += found + 1,
                None if end => return Before::Row(bytes.len()),
                None => return Before::More(at),
            },
            _ => return Before::Row(at),
        }
    }
}
