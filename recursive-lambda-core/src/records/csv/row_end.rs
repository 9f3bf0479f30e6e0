//! Where a CSV row ends: the state machine of the `csv` crate's reader, reduced to what decides the ends of rows.
//!
//! It never looks at a byte that cannot matter: it jumps from quote to quote and from terminator to terminator.

use crate::records::Split;
use crate::records::misread::bad_first_line;

const OPEN_QUOTE: &str = "a quote opens a field here and is not closed (a quote within a field is written twice, `\"\"`; one after a \
    backslash is not read)";

/// Finds where a row ends, and remembers how far it looked when it did not.
#[derive(Debug, Default)]
pub(super) struct RowEnd {
    searched: usize,
    /// Whether the byte at `searched` is inside a quoted field.
    quoted: bool,
}

impl RowEnd {
    /// `\n`, `\r\n` or `\r` outside quotes ends a row, and so does the end of the object. Inside quotes that end is an error of
    /// the row's first line, and the rest is read as rows again. `bytes` must begin with a row.
    pub(super) fn find(&mut self, bytes: &[u8], end: bool) -> Split {
        let Self { searched: mut at, mut quoted } = std::mem::take(self);
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let found = if quoted { memchr::memchr(b'"', rest) } else { memchr::memchr3(b'\n', b'\r', b'"', rest) };
            let Some(found) = found else { return self.unfinished(bytes, bytes.len(), quoted, end) };
            let hit = at + found;
            let follower = bytes.get(hit + 1);
            match (bytes.get(hit), follower) {
                (Some(b'\n'), _) => return Split::Record { content: hit, next: hit + 1 },
                // The next byte decides, and is not here yet: the row ends at the same byte however the object is cut.
                (_, None) if !end => return self.unfinished(bytes, hit, quoted, end),
                (Some(b'\r'), Some(b'\n')) => return Split::Record { content: hit, next: hit + 2 },
                (Some(b'\r'), _) => return Split::Record { content: hit, next: hit + 1 },
                (_, Some(b'"')) if quoted => at = hit + 2,
                // One quoted field is usually followed by another: half the jumps.
                (_, Some(b',')) if quoted && bytes.get(hit + 2) == Some(&b'"') => at = hit + 3,
                _ => {
                    quoted = !quoted && begins_a_field(bytes, hit);
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
fn begins_a_field(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|before| bytes.get(before) == Some(&b','))
}

/// How many bytes of blank lines `bytes` begins with.
pub(super) fn blank_lines(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count()
}
