//! JSON values, one per line.

use super::line_end::{LineEnd, skip_byte_order_mark};
use super::{Decode, Format, Split, brief};
use crate::BoxError;
use serde::de::DeserializeOwned;

/// JSON values, one per line: `format = jsonl`, also known as NDJSON.
///
/// `\n` ends a line; lines of nothing but white space are skipped and are no records. A UTF-8 byte order mark at the start of the
/// object is skipped. A value becomes any type that implements `serde::Deserialize`.
///
/// ```
/// use recursive_lambda::format::{Decode, Format, Jsonl, Split};
///
/// let mut jsonl = Jsonl::default();
/// assert_eq!(jsonl.split(b"[1, 2]\n\n[3]", false), Split::Record { content: 6, next: 7 });
/// assert_eq!(jsonl.split(b"\n[3]", false), Split::Skip(1));
/// let numbers: Vec<u64> = jsonl.decode(b"[1, 2]").unwrap();
/// assert_eq!(numbers, [1, 2]);
/// ```
#[derive(Debug, Default)]
pub struct Jsonl {
    end: LineEnd,
}

impl Format for Jsonl {
    fn header(bytes: &[u8], end: bool) -> Split {
        skip_byte_order_mark(bytes, end)
    }

    fn open(_: &[u8]) -> Result<Self, BoxError> {
        Ok(Self::default())
    }

    fn split(&mut self, bytes: &[u8], end: bool) -> Split {
        match self.end.find(bytes, end) {
            Split::Record { content, next } if bytes.iter().take(content).all(is_white_space) => Split::Skip(next),
            split => split,
        }
    }
}

/// White space as JSON knows it.
fn is_white_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl<T: DeserializeOwned> Decode<T> for Jsonl {
    fn decode(&mut self, record: &[u8]) -> Result<T, BoxError> {
        serde_json::from_slice(record).map_err(|error| explain(&error).into())
    }
}

/// The line within the record says nothing: a record is one line, and its place names it.
fn explain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.strip_suffix(&format!(" at line {} column {}", error.line(), error.column())) {
        Some(reason) => format!("{} at column {}", brief::message(reason), error.column()),
        None => brief::message(&text),
    }
}
