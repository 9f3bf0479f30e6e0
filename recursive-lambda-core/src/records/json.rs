//! JSON values in an array or one after another, over any number of lines.
//!
//! It looks at brackets, strings, commas and blanks only, and `serde_json` reads what is between them. An array that `serde_json`
//! reads gives the values that it does, and so do values one after another that its `StreamDeserializer` reads. What one of them
//! refuses is an error here, too, of the split or of a record. `tests/json.rs` shows it. There are three differences: a comma
//! after the last value of an array, and record separators between values in no array, are skipped; around the array of `at`,
//! numbers and words before it and all that follows it are not checked; and of two keys of that name `at` takes the first, where
//! `serde_json` takes the last.

pub(super) mod explain;
mod find_array;
mod scan;

use self::scan::{Found, Scan};
use super::first_bytes::{Look, look};
use super::{Decode, Format, Split};
use crate::BoxError;
use serde::de::DeserializeOwned;

/// JSON values over any number of lines: `format = json`, or `json(at = "Records")`.
///
/// The records are the values of the array that is the object, or without that array all values one after another, with or without
/// blanks and line ends between them. With [`at`](Self::at) they are the values of an array inside of the object. A UTF-8 byte
/// order mark at the start of the object is skipped, and so are the record separators of JSON text sequences (RFC 7464). A value
/// becomes any type that implements `serde::Deserialize`.
///
/// It never holds more than one value, so an array may have any length. [`Jsonl`](super::Jsonl) also reads one value per line; it
/// takes each line for a record, whatever is in it.
///
/// | option | method | meaning |
/// |---|---|---|
/// | `at = "Records"` | [`at`](Self::at) | the records are in the array at that key of the one JSON object |
///
/// ```
/// # extern crate recursive_lambda_core as recursive_lambda;
/// use recursive_lambda::format::{Decode, Format, Json, Split};
///
/// let object = b"[{\"id\": 1}, [2]]";
/// let mut json = Json::default();
/// assert_eq!(json.header(object, true), Split::Record { content: 1, next: 1 });
/// json.open(b"[").unwrap();
/// assert_eq!(json.split(&object[1..], true), Split::Record { content: 9, next: 11 });
/// assert_eq!(json.split(&object[12..], true), Split::Record { content: 3, next: 3 });
/// let numbers: Vec<u64> = json.decode(b"[2]").unwrap();
/// assert_eq!(numbers, [2]);
///
/// let json = Json::default().at("Records");
/// let object = br#"{"v": [0], "Records": [1, 2]}"#;
/// assert_eq!(json.header(object, true), Split::Record { content: 0, next: 23 });
/// ```
///
/// # What is refused
///
/// An object of another kind fails the run before its first batch, even with `on_error = skip(N)`: a zip, bzip2, Parquet, Avro or ORC
/// file, UTF-32, XML or HTML; and with `at`, an object without that array.
///
/// A value is an error where its brackets and strings are: one that is never closed, a bracket of the wrong kind, more than 128
/// brackets open at once, a line end inside of a string; and so is a comma that is missing or too many, except for one after the
/// last value. An array that is not closed is an error of its last value, because the upload may have been cut, and so is a value
/// after the array. With `on_error = skip(N)`, a string that is not closed costs its line. A bracket that is not closed costs
/// all up to the next line that begins with the same bracket; where the values are indented or on one line, that may be the rest
/// of the object.
#[derive(Debug, Default)]
pub struct Json {
    at: Option<String>,
    in_array: bool,
    /// Whether the array of `at` has ended.
    ended: bool,
    scan: Scan,
}

impl Json {
    /// The object is one JSON object, and the records are the values of the array at this key of it. What is before the array is
    /// passed over and may have 16 MiB at most; what follows it is ignored, and so is a second array at that key.
    ///
    /// ```
    /// # extern crate recursive_lambda_core as recursive_lambda;
    /// use recursive_lambda::format::{Format, Json};
    ///
    /// assert_eq!(Json::default().at("Records").options(), r#"(at = "Records")"#);
    /// ```
    #[must_use]
    pub fn at(mut self, key: impl Into<String>) -> Self {
        self.at = Some(key.into());
        self
    }
}

const RECORD_SEPARATOR: u8 = 0x1e;

const ARRAY_IS_OPEN: &str = "the array is not closed; was the upload cut?";
const VALUE_AFTER_ARRAY: &str = "another value follows the array (`format = jsonl` reads an array per line)";
const NO_COMMA: &str = "a comma is missing after this value";
const NO_VALUE: &str = "a value is missing before this comma";
const COMMA: &str = "this comma is in no array, and values without an array around them have no commas between them";
const CLOSES_NOTHING: &str = "this bracket closes nothing";

impl Format for Json {
    const NAME: &'static str = "json";
    const TEXT: bool = true;

    fn options(&self) -> String {
        self.at.as_ref().map(|key| format!("(at = {key:?})")).unwrap_or_default()
    }

    /// The `[` of an array is kept as the header, to know it again. With `at` there is always one; what is before it is not kept,
    /// because it can be long.
    fn header(&self, bytes: &[u8], end: bool) -> Split {
        let refused = |reason| Split::Bad { content: bytes.len(), next: bytes.len(), reason };
        let mark = match look(bytes, end) {
            Look::More => return Split::More,
            Look::Other(reason) => return refused(reason),
            Look::Text(mark) => mark,
        };
        let start = next_non_blank(bytes, mark);
        let (content, open) = match (bytes.get(start), &self.at) {
            (None, _) if !end => return Split::More,
            (Some(_), Some(key)) => match find_array::find_array(bytes, start, key) {
                Ok(Some(open)) => (0, open),
                Ok(None) if end => return refused(find_array::NOT_REACHED),
                Ok(None) => return Split::More,
                Err(reason) => return refused(reason),
            },
            (Some(b'['), None) => (start + 1, start + 1),
            _ => return Split::Skip(mark),
        };
        match next_non_blank(bytes, open) {
            next if next < bytes.len() => Split::Record { content, next },
            _ if end => refused(ARRAY_IS_OPEN),
            _ => Split::More,
        }
    }

    fn open(&mut self, header: &[u8]) -> Result<(), BoxError> {
        self.in_array = self.at.is_some() || header.ends_with(b"[");
        Ok(())
    }

    fn split(&mut self, bytes: &[u8], end: bool) -> Split {
        if self.ended {
            return Split::Skip(bytes.len());
        }
        let is_between = |byte: &&u8| is_white_space(byte) || (!self.in_array && **byte == RECORD_SEPARATOR);
        let between = bytes.iter().take_while(is_between).count();
        if between > 0 {
            return Split::Skip(between);
        }
        let bad = |reason| Found::Bad { content: 1, next: 1, reason };
        let found = match bytes {
            [b']', ..] if self.in_array => return self.end_array(bytes, end),
            [b',', ..] if self.in_array => bad(NO_VALUE),
            [b',', ..] => bad(COMMA),
            [b']' | b'}', ..] => bad(CLOSES_NOTHING),
            _ => self.scan.find(bytes, end),
        };
        let split = match found {
            Found::More => Split::More,
            found if self.in_array => in_array(found, bytes, end),
            Found::Value(content) => Split::Record { content, next: content },
            Found::Bad { content, next, reason } => Split::Bad { content, next, reason },
        };
        if split != Split::More {
            self.scan = Scan::default();
        }
        split
    }
}

impl Json {
    /// Passes the `]` that `bytes` begin with. Arrays that were joined cost an error each, and no value.
    fn end_array(&mut self, bytes: &[u8], end: bool) -> Split {
        if self.at.is_some() {
            self.ended = true;
            return Split::Skip(bytes.len());
        }
        let after = next_non_blank(bytes, 1);
        let rest = bytes.get(after..).unwrap_or_default();
        let (content, next) = match (rest, memchr::memchr(b'\n', rest)) {
            ([], _) if end => return Split::Skip(bytes.len()),
            ([b'[', ..], _) => (after + 1, after + 1),
            (_, Some(line_end)) => (without_line_end(bytes, after + line_end + 1), after + line_end + 1),
            (_, None) if end => (bytes.len(), bytes.len()),
            _ => return Split::More,
        };
        Split::Bad { content, next, reason: VALUE_AFTER_ARRAY }
    }
}

/// Where the record of an array ends that begins with what was found: before the next value, or at the `]`. It does not end before
/// either is seen, because after it no bytes may be left, and then nobody would notice that the array is not closed.
fn in_array(found: Found, bytes: &[u8], end: bool) -> Split {
    let (content, after, reason) = match found {
        Found::More => return Split::More,
        Found::Value(length) => (length, length, None),
        Found::Bad { content, next, reason } => (content, next, Some(reason)),
    };
    let follows = next_non_blank(bytes, after);
    let is_comma = bytes.get(follows) == Some(&b',');
    if let Some(reason) = reason {
        // Its comma is part of it: the next value is not bad, too.
        return match bytes.get(follows) {
            None if !end => Split::More,
            _ => Split::Bad { content, next: if is_comma { follows + 1 } else { after }, reason },
        };
    }
    let next = if is_comma { next_non_blank(bytes, follows + 1) } else { follows };
    match bytes.get(next) {
        None if !end => Split::More,
        None => Split::Bad { content, next, reason: ARRAY_IS_OPEN },
        Some(b']') => Split::Record { content, next },
        Some(_) if is_comma => Split::Record { content, next },
        Some(_) => Split::Bad { content, next, reason: NO_COMMA },
    }
}

/// White space as JSON knows it.
pub(super) fn is_white_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The first byte from `at` on that is not white space; the number of bytes if there is none.
fn next_non_blank(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|byte| !is_white_space(byte)).map_or(bytes.len(), |found| at + found)
}

/// The length of the first `next` bytes without the line end that they end with.
fn without_line_end(bytes: &[u8], next: usize) -> usize {
    let line = bytes.get(..next).unwrap_or_default();
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line).len()
}

impl<T: DeserializeOwned> Decode<T> for Json {
    fn decode(&mut self, record: &[u8]) -> Result<T, BoxError> {
        serde_json::from_slice(record).map_err(|error| explain::explain(&error, record, explain::of_json(record), None))
    }
}
