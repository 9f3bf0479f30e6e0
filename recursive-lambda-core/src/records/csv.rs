//! CSV rows under a header.
//!
//! It agrees with the default reader of the `csv` crate on every input: which rows there are, where they begin, and their fields.
//! `csv/agrees.rs` shows it. There is one difference: a quote that the object never closes is an error of the row that opened it,
//! and costs no other row.

#[cfg(test)]
mod agrees;
mod explain;
mod fields;
mod header;
mod quotes;
mod row_end;
mod shape;

use self::fields::Fields;
use self::row_end::{RowEnd, blank_lines};
use super::first_bytes::{Look, look};
use super::{Decode, Format, Split};
use crate::BoxError;
use csv::ByteRecord;
use serde::de::DeserializeOwned;

/// CSV rows under a header: `format = csv`.
///
/// Comma and double quote, doubled inside quotes; `\n`, `\r\n` or `\r` ends a row unless it is quoted; blank lines are skipped; a
/// UTF-8 byte order mark at the start of the object is skipped. It is what the `csv` crate reads by default, and a row becomes
/// any type that implements `serde::Deserialize` just as there: a struct by the header's names, a tuple or a `Vec` by order, a map with
/// all columns. The first row is always the header, for tuples too, and a row with another number of fields is an error. Another
/// delimiter, another quote, comments and files without a header row are not read. An object without any row is done at once.
///
/// ```
/// # extern crate recursive_lambda_core as recursive_lambda;
/// use recursive_lambda::format::{Csv, Decode, Format, Split};
/// use std::collections::BTreeMap;
///
/// let mut csv = Csv::open(b"id,city").unwrap();
/// assert_eq!(csv.split(b"1,\"Luchon,\n31\"\n2,Paris", false), Split::Record { content: 14, next: 15 });
/// let (id, city): (u64, String) = csv.decode(b"1,\"Luchon,\n31\"").unwrap();
/// assert_eq!((id, city.as_str()), (1, "Luchon,\n31"));
/// let row: BTreeMap<String, String> = csv.decode(b"2,Paris").unwrap();
/// assert_eq!(row["city"], "Paris");
/// ```
///
/// # What is refused
///
/// An object that is not such a file fails the run before its first batch, also with `on_error = skip(N)`: one that is compressed, a
/// Parquet, Avro or ORC file, UTF-16, JSON, XML or HTML; one whose header has none of the columns of the record's struct, or, for a tuple, a
/// `Vec` or a map, has numbers for names (years and a numbering from 0 are names), is separated by `;`, tabs or `|`, or is the whole object
/// without a line end; and one with two columns of a name that the record asks for.
///
/// A row is an error where its quotes are: a quote that is never closed, one that is closed lines later with text after it, one within a
/// field with a backslash before it. With `on_error = skip(N)` an open quote costs the line that it is on, and the next line is read again as
/// a row. Two stray quotes that make a legal field of all that is between them are a legal field.
///
/// # Text that looks like a number
///
/// A struct's field gets its text as it is. A struct with `#[serde(flatten)]`, a map of `serde_json::Value` and an untagged enum do not say
/// what they want, and the `csv` crate guesses: `01234` becomes 1234, `+336` becomes 336, `1e5` and `NaN` become floats, `true` becomes
/// a boolean. Name all columns in one struct, or take the row as a map of `String`:
///
/// ```
/// # extern crate recursive_lambda_core as recursive_lambda;
/// # use recursive_lambda::format::{Csv, Decode, Format};
/// # use serde_json::Value;
/// # use std::collections::HashMap;
/// let mut csv = Csv::open(b"id,zip").unwrap();
/// let guessed: HashMap<String, Value> = csv.decode(b"1,01234").unwrap();
/// assert_eq!(guessed["zip"], 1234);
/// let text: HashMap<String, String> = csv.decode(b"1,01234").unwrap();
/// assert_eq!(text["zip"], "01234");
/// ```
#[derive(Debug)]
pub struct Csv {
    header: ByteRecord,
    /// What is wrong with the quotes of the header.
    misquoted: Option<String>,
    row: ByteRecord,
    fields: Fields,
    end: RowEnd,
}

impl Format for Csv {
    const NAME: &'static str = "csv";

    /// The header is kept with the mark and blank lines before it: its bytes are those from the start of the object.
    fn header(bytes: &[u8], end: bool) -> Split {
        let mark = match look(bytes, end) {
            Look::More => return Split::More,
            Look::Other(reason) => return Split::Bad { content: bytes.len(), next: bytes.len(), reason },
            Look::Text(mark) => mark,
        };
        let blank = blank_lines(bytes.get(mark..).unwrap_or_default());
        let before = mark + blank;
        match bytes.get(before..).unwrap_or_default() {
            [] if end => Split::Skip(before),
            [] => Split::More,
            row => match RowEnd::default().find(row, end) {
                Split::Record { content, next } => Split::Record { content: before + content, next: before + next },
                Split::Bad { content, next, reason } => Split::Bad { content: before + content, next: before + next, reason },
                other => other,
            },
        }
    }

    fn open(header: &[u8]) -> Result<Self, BoxError> {
        let misquoted = quotes::check(header).err().map(|error| error.to_string());
        let (header, fields) = Fields::open(header);
        Ok(Self { header, misquoted, row: ByteRecord::new(), fields, end: RowEnd::default() })
    }

    fn split(&mut self, bytes: &[u8], end: bool) -> Split {
        match (blank_lines(bytes), bytes) {
            (0, _) => self.end.find(bytes, end),
            // A `\n` may follow, which belongs to this line end.
            (1, b"\r") if !end => Split::More,
            (blank, _) if !end && bytes.get(blank - 1..) == Some(b"\r") => Split::Skip(blank - 1),
            (blank, _) => Split::Skip(blank),
        }
    }

    /// A `\r` alone ends a line, too, as it ends a row.
    fn line_ends(bytes: &[u8]) -> u64 {
        let ends = |at: usize| bytes.get(at) == Some(&b'\n') || bytes.get(at + 1) != Some(&b'\n');
        memchr::memchr2_iter(b'\n', b'\r', bytes).filter(|at| ends(*at)).count() as u64
    }
}

impl<T: DeserializeOwned> Decode<T> for Csv {
    fn decode(&mut self, record: &[u8]) -> Result<T, BoxError> {
        quotes::check(record)?;
        self.fields.read(record, &mut self.row);
        if self.row.len() != self.header.len() || record == b"\x1a" {
            return Err(explain::count(record, &self.row, &self.header).into());
        }
        self.row.deserialize(Some(&self.header)).map_err(|error| explain::explain::<T>(&error, &self.header, &self.row).into())
    }

    fn check(&self, only: bool) -> Result<(), BoxError> {
        match &self.misquoted {
            Some(why) => Err(format!("the header is wrong: {why}").into()),
            None => Ok(header::check(&self.header, shape::shape_of::<T>(), only)?),
        }
    }
}
