//! Lines of text.

use super::cuts::Cut;
use super::first_bytes::{Look, is_text, look};
use super::line_end::LineEnd;
use super::{Decode, Format, Split};
use crate::BoxError;

/// Lines of text: `format = lines`, the default.
///
/// `\n` ends a line. A `\r` before it is not part of the line, and the last line may lack both. An empty line is a record, as in
/// [`str::lines`]. A UTF-8 byte order mark at the start of the object is skipped. A line becomes a `String`, which must be UTF-8,
/// or a `Vec<u8>`, which may be anything.
///
/// An object that does not consist of lines fails the run before its first batch, for `Vec<u8>` too: a zip, bzip2, xz, Parquet,
/// Avro or ORC file, UTF-32, and text whose lines end with `\r` alone. It is recognised by its first bytes, not by its
/// name.
///
/// ```
/// # extern crate recursive_lambda_core as recursive_lambda;
/// use recursive_lambda::format::{Decode, Format, Lines, Split};
///
/// let mut lines = Lines::default();
/// assert_eq!(lines.split(b"one\r\ntwo", false), Split::Record { content: 3, next: 5 });
/// assert_eq!(lines.split(b"two", false), Split::More);
/// assert_eq!(lines.split(b"two", true), Split::Record { content: 3, next: 3 });
/// let line: String = lines.decode(b"two").unwrap();
/// assert_eq!(line, "two");
/// ```
#[derive(Debug, Default)]
pub struct Lines {
    end: LineEnd,
}

const CARRIAGE_RETURNS: &str = "the object has no line feed (\\n), its lines end with a carriage return (\\r) alone, and `lines` does not end a \
    line there; convert it, for example with `tr '\\r' '\\n'`";

impl Format for Lines {
    const NAME: &'static str = "lines";
    const TEXT: bool = true;
    const CUT: Cut = Cut::AtNewline;

    /// It asks for bytes until the first line ends, because text without any `\n` but with `\r` is not one line.
    fn header(&self, bytes: &[u8], end: bool) -> Split {
        let mark = match look(bytes, end) {
            Look::More => return Split::More,
            Look::Other(reason) => return Split::Bad { content: bytes.len(), next: bytes.len(), reason },
            Look::Text(mark) => mark,
        };
        let text = bytes.get(mark..).unwrap_or_default();
        match (memchr::memchr(b'\n', text), memchr::memchr(b'\r', text)) {
            (None, _) if !end => Split::More,
            (None, Some(found)) if found + 1 < text.len() && text.iter().all(|byte| is_text(*byte)) => {
                Split::Bad { content: bytes.len(), next: bytes.len(), reason: CARRIAGE_RETURNS }
            }
            _ => Split::Skip(mark),
        }
    }

    fn split(&mut self, bytes: &[u8], end: bool) -> Split {
        self.end.find(bytes, end)
    }

    /// A record has no line end but its terminator.
    fn line_ends(&self, bytes: &[u8]) -> u64 {
        u64::from(bytes.ends_with(b"\n"))
    }
}

impl Decode<String> for Lines {
    fn decode(&mut self, record: &[u8]) -> Result<String, BoxError> {
        match std::str::from_utf8(record) {
            Ok(line) => Ok(line.to_owned()),
            Err(error) => Err(format!(
                "the line is not UTF-8 from its byte {} on: write its encoding, for example `encoding = \"windows-1252\"`; `Batch<Vec<u8>>` takes any bytes",
                error.valid_up_to()
            )
            .into()),
        }
    }
}

impl Decode<Vec<u8>> for Lines {
    fn decode(&mut self, record: &[u8]) -> Result<Vec<u8>, BoxError> {
        Ok(record.to_vec())
    }
}
