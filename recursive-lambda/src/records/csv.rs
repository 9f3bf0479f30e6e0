//! CSV rows under a header.
//!
//! It agrees with the `csv` crate's default reader on every input: which rows there are, where they begin, what their fields
//! are. `csv/agrees.rs` shows it.

#[cfg(test)]
mod agrees;
mod explain;
mod fields;
mod row_end;

use self::fields::Fields;
use self::row_end::{RowEnd, blank_lines};
use super::line_end::skip_byte_order_mark;
use super::{Decode, Format, Split};
use crate::BoxError;
use csv::ByteRecord;
use serde::de::DeserializeOwned;

/// CSV rows under a header: `format = csv`.
///
/// Comma and double quote, doubled inside quotes; `\n`, `\r\n` or `\r` ends a row unless it is quoted; blank lines are skipped; a
/// UTF-8 byte order mark at the start of the object is skipped. It is what the `csv` crate reads by default, and a row becomes
/// any type that implements `serde::Deserialize` just as there: a struct by the header's names, a tuple by order. The first
/// row is the header, and a row with another number of fields is an error. An object without any row is done at once.
///
/// ```
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
#[derive(Debug)]
pub struct Csv {
    header: ByteRecord,
    row: ByteRecord,
    fields: Fields,
    end: RowEnd,
}

impl Format for Csv {
    /// The header is kept with what stands before it, mark and blank lines, because it is the bytes from the object's start.
    fn header(bytes: &[u8], end: bool) -> Split {
        let Split::Skip(mark) = skip_byte_order_mark(bytes, end) else { return Split::More };
        let blank = blank_lines(bytes.get(mark..).unwrap_or_default());
        let before = mark + blank;
        match bytes.get(before..).unwrap_or_default() {
            [] if end => Split::Skip(before),
            [] => Split::More,
            row => match RowEnd::default().find(row, end) {
                Split::Record { content, next } => Split::Record { content: before + content, next: before + next },
                other => other,
            },
        }
    }

    fn open(header: &[u8]) -> Result<Self, BoxError> {
        let (header, fields) = Fields::open(header);
        Ok(Self { header, row: ByteRecord::new(), fields, end: RowEnd::default() })
    }

    fn split(&mut self, bytes: &[u8], end: bool) -> Split {
        match blank_lines(bytes) {
            0 => self.end.find(bytes, end),
            blank => Split::Skip(blank),
        }
    }
}

impl<T: DeserializeOwned> Decode<T> for Csv {
    fn decode(&mut self, record: &[u8]) -> Result<T, BoxError> {
        self.fields.read(record, &mut self.row);
        let (found, expected) = (self.row.len(), self.header.len());
        if found != expected {
            let fields = if found == 1 { "field" } else { "fields" };
            return Err(format!("row has {found} {fields}, the header {expected}").into());
        }
        self.row.deserialize(Some(&self.header)).map_err(|error| explain::explain::<T>(&error, &self.header, &self.row).into())
    }
}
