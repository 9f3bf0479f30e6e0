//! JSON values, one per line.

mod explain;

use super::cuts::Cut;
use super::first_bytes::{Look, look};
use super::json::is_white_space;
use super::line_end::LineEnd;
use super::{Decode, Format, Split};
use crate::BoxError;
use serde::de::DeserializeOwned;

/// JSON values, one per line: `format = jsonl`, also known as NDJSON.
///
/// `\n` ends a line. Lines of white space are skipped and do not count as records. A UTF-8 byte order mark at the start of the
/// object is skipped. A value becomes any type that implements `serde::Deserialize`.
///
/// An object of another kind fails the run before its first batch, even with `on_error = skip(N)`: a zip, bzip2, Parquet, Avro or
/// ORC file, UTF-32, XML or HTML; and JSON that does not have one value per line, such as an array of objects, values over
/// several lines, or lines that end with `\r` alone. Several values on one line are an error of that line. [`Json`](super::Json)
/// reads all of these.
///
/// ```
/// # extern crate recursive_lambda_core as recursive_lambda;
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
    const NAME: &'static str = "jsonl";
    const TEXT: bool = true;
    const CUT: Cut = Cut::AtNewline;

    fn header(&self, bytes: &[u8], end: bool) -> Split {
        match look(bytes, end) {
            Look::More => Split::More,
            Look::Other(reason) => Split::Bad { content: bytes.len(), next: bytes.len(), reason },
            Look::Text(mark) => Split::Skip(mark),
        }
    }

    fn split(&mut self, bytes: &[u8], end: bool) -> Split {
        match self.end.find(bytes, end) {
            Split::Record { content, next } if bytes.iter().take(content).all(is_white_space) => Split::Skip(next),
            split => split,
        }
    }

    /// A record has no line end but its terminator.
    fn line_ends(&self, bytes: &[u8]) -> u64 {
        u64::from(bytes.ends_with(b"\n"))
    }
}

impl<T: DeserializeOwned> Decode<T> for Jsonl {
    fn decode(&mut self, record: &[u8]) -> Result<T, BoxError> {
        serde_json::from_slice(record).map_err(|error| explain::explain(&error, record))
    }
}
