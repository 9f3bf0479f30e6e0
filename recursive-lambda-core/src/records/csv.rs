//! CSV rows, with the options that files need.
//!
//! It agrees with the reader of the `csv` crate with the same options on every input: which rows there are, where they begin, and
//! their fields. `csv/agrees.rs` shows it. There are two differences: a quote that the object never closes is an error of the row
//! that opened it, and costs no other row; and a first line `sep=` with the delimiter, which Excel writes, is skipped.

#[cfg(test)]
mod agrees;
mod columns;
mod dialect;
mod explain;
mod fields;
mod header;
mod options;
mod quotes;
mod row;
mod row_end;
mod shape;

use self::columns::Columns;
use self::dialect::{Dialect, Names, separator_line};
use self::fields::Fields;
use self::row::Row;
use self::row_end::{Before, RowEnd, before_row};
use super::cuts::{Cut, RowRules};
use super::first_bytes::{Look, look};
use super::line_end::{BYTE_ORDER_MARK, line_breaks};
use super::{Decode, Format, Split};
use crate::BoxError;
use csv::ByteRecord;
use serde::de::DeserializeOwned;

/// CSV rows: `format = csv`, `tsv` or `csv(..)` with options.
///
/// By default it reads what the `csv` crate does: comma and double quote, doubled inside quotes; `\n`, `\r\n` or `\r` ends a row
/// unless it is quoted; blank lines are skipped. A UTF-8 byte order mark at the start of the object is skipped. A row becomes any
/// type that implements `serde::Deserialize` just as there: a struct by the columns' names, a tuple or a `Vec` by order, a map with
/// all columns. The first row is the header, for tuples too, and a row with another number of fields is an error. An object
/// without any row is done at once.
///
/// | option | method | meaning |
/// |---|---|---|
/// | `delimiter = ';'` | [`delimiter`](Self::delimiter) | the character between two fields; `tsv` is `csv(delimiter = '\t')` |
/// | `quote = '\''`, `quote = none` | [`quote`](Self::quote) | the character around a field, or none |
/// | `escape = '\\'` | [`escape`](Self::escape) | inside quotes, the character after it is text |
/// | `comment = '#'` | [`comment`](Self::comment) | a line that begins with it is skipped |
/// | `header = none` | [`without_header`](Self::without_header) | the first row is a record; rows become tuples, `Vec`s, or structs by the order of their fields |
/// | `header = ["id", "name"]` | [`header_names`](Self::header_names) | the first row is a record, and these are the columns' names |
/// | `trim` | [`trim`](Self::trim) | ASCII white space around names and values is removed |
/// | `flexible` | [`flexible`](Self::flexible) | rows may have fewer or more fields than the header |
///
/// A first line `sep=;`, as Excel writes it, is skipped if that is the delimiter.
///
/// ```
/// # extern crate recursive_lambda_core as recursive_lambda;
/// use recursive_lambda::format::{Csv, Decode, Format, Split};
/// use std::collections::BTreeMap;
///
/// let mut csv = Csv::default();
/// csv.open(b"id,city").unwrap();
/// assert_eq!(csv.split(b"1,\"Luchon,\n31\"\n2,Paris", false), Split::Record { content: 14, next: 15 });
/// let (id, city): (u64, String) = csv.decode(b"1,\"Luchon,\n31\"").unwrap();
/// assert_eq!((id, city.as_str()), (1, "Luchon,\n31"));
/// let row: BTreeMap<String, String> = csv.decode(b"2,Paris").unwrap();
/// assert_eq!(row["city"], "Paris");
///
/// let mut csv = Csv::default().delimiter(b';').trim();
/// csv.open(b"id; city").unwrap();
/// let row: BTreeMap<String, String> = csv.decode(b"2; Paris, Texas").unwrap();
/// assert_eq!(row["city"], "Paris, Texas");
/// ```
///
/// # What is refused
///
/// An object that is not such a file fails the run before its first batch, also with `on_error = skip(N)`: one that is compressed, a
/// Parquet, Avro or ORC file, UTF-32, JSON, XML or HTML; one whose header has none of the columns of the record's struct, or, for a tuple, a
/// `Vec` or a map, has numbers for names (years and a numbering from 0 are names), is separated by another of `,`, `;`, tabs and `|`, or is
/// the whole object without a line end; and one with two columns of a name that the record asks for.
///
/// A row is an error where its quotes are: a quote that is never closed, one that is closed lines later with text after it, one within a
/// field with a backslash before it (if that is not the `escape`). With `on_error = skip(N)` an open quote costs the line that it is on, and the next line is read again as
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
/// let mut csv = Csv::default();
/// csv.open(b"id,zip").unwrap();
/// let guessed: HashMap<String, Value> = csv.decode(b"1,01234").unwrap();
/// assert_eq!(guessed["zip"], 1234);
/// let text: HashMap<String, String> = csv.decode(b"1,01234").unwrap();
/// assert_eq!(text["zip"], "01234");
/// ```
#[derive(Debug, Default)]
pub struct Csv {
    dialect: Dialect,
    /// The columns' names; empty if they have none.
    header: Row,
    /// How many fields a row has; `None` for any number.
    width: Option<usize>,
    /// What is wrong with the quotes of the header.
    misquoted: Option<String>,
    row: Row,
    fields: Fields,
    /// The columns of the type that was decoded last.
    columns: Option<Columns>,
    end: RowEnd,
}

impl Format for Csv {
    const NAME: &'static str = "csv";
    const TEXT: bool = true;
    const CUT: Cut = Cut::ByScan(RowRules { delimiter: b',', quote: b'"', escape: None, comment: None });

    fn options(&self) -> String {
        self.dialect.text()
    }

    /// The header is kept with what is before it: its bytes are those from the start of the object. Without a header row, the
    /// first row is kept for its number of fields.
    fn header(&self, bytes: &[u8], end: bool) -> Split {
        let mark = match look(bytes, end) {
            Look::More => return Split::More,
            Look::Other(reason) => return Split::Bad { content: bytes.len(), next: bytes.len(), reason },
            Look::Text(mark) => mark,
        };
        let text = bytes.get(mark..).unwrap_or_default();
        let Some(separator) = separator_line(&self.dialect, text, end) else { return Split::More };
        let start = mark + separator;
        let text = bytes.get(start..).unwrap_or_default();
        let Before::Row(before) = before_row(&self.dialect, text, end) else { return Split::More };
        let row = text.get(before..).unwrap_or_default();
        if row.is_empty() {
            return Split::Skip(if self.dialect.names == Names::FirstRow { bytes.len() } else { start });
        }
        let before = start + before;
        match (RowEnd::default().find(&self.dialect, row, end), &self.dialect.names) {
            (Split::More, _) => Split::More,
            (Split::Record { content, next }, Names::FirstRow) => {
                Split::Record { content: before + content, next: before + next }
            }
            (Split::Bad { content, next, reason }, Names::FirstRow) => {
                Split::Bad { content: before + content, next: before + next, reason }
            }
            (Split::Record { content, .. } | Split::Bad { content, .. }, Names::None) => {
                Split::Record { content: before + content, next: start }
            }
            (Split::Record { content, next }, Names::Given(names)) if self.are(names, row.get(..content)) => {
                Split::Bad { content: before + content, next: before + next, reason: header::IS_THERE }
            }
            _ => Split::Skip(start),
        }
    }

    fn open(&mut self, header: &[u8]) -> Result<(), BoxError> {
        self.dialect.check()?;
        self.fields = Fields::new(&self.dialect);
        let text = header.strip_prefix(BYTE_ORDER_MARK).unwrap_or(header);
        let text = text.get(separator_line(&self.dialect, text, true).unwrap_or_default()..).unwrap_or_default();
        let (Before::Row(before) | Before::More(before)) = before_row(&self.dialect, text, true);
        let text = text.get(before..).unwrap_or_default();
        let first = match &self.dialect.names {
            Names::Given(names) => ByteRecord::from(names.iter().map(String::as_bytes).collect::<Vec<_>>()),
            Names::FirstRow | Names::None => {
                let mut row = ByteRecord::new();
                self.fields.split(text);
                self.fields.fill(text, None, &mut row);
                row
            }
        };
        let is_any = self.dialect.flexible || first.is_empty() && self.dialect.names == Names::None;
        self.width = (!is_any).then_some(first.len());
        let mut header = first;
        self.misquoted = None;
        self.columns = None;
        match self.dialect.names {
            Names::FirstRow => self.misquoted = quotes::check(&self.dialect, text).err().map(|error| error.to_string()),
            Names::None => header.clear(),
            Names::Given(_) => {}
        }
        if self.dialect.trim {
            header.trim();
        }
        self.header = Row::of(header);
        Ok(())
    }

    fn split(&mut self, bytes: &[u8], end: bool) -> Split {
        match before_row(&self.dialect, bytes, end) {
            Before::Row(0) => self.end.find(&self.dialect, bytes, end),
            Before::Row(skipped @ 1..) | Before::More(skipped @ 1..) => Split::Skip(skipped),
            Before::More(0) => Split::More,
        }
    }

    /// Where quotes cannot hold a line end, everything up to a `\n` is split without what is after it.
    fn cut(&self) -> Cut {
        let Dialect { delimiter, escape, comment, .. } = self.dialect;
        match self.dialect.quote.filter(|_| self.dialect.multiline) {
            Some(quote) => Cut::ByScan(RowRules { delimiter, quote, escape, comment }),
            None => Cut::AtNewline,
        }
    }

    /// A `\r` alone ends a line, too, as it ends a row.
    fn line_ends(&self, bytes: &[u8]) -> u64 {
        line_breaks(bytes)
    }
}

impl Csv {
    /// Makes `row` these fields of the row that was split, or all of them.
    fn fill(&mut self, record: &[u8], only: Option<&[usize]>) {
        let mut row = self.row.take();
        self.fields.fill(record, only, &mut row);
        if self.dialect.trim {
            row.trim();
        }
        self.row = Row::of(row);
    }

    /// The value of the row that was split: from the columns of its type, if the type is known to need no others.
    fn value<T: DeserializeOwned>(&mut self, record: &[u8], columns: &mut Columns) -> Result<T, BoxError> {
        if let (true, Some(indices)) = (columns.is_proven, &columns.indices) {
            self.fill(record, Some(indices));
            if let Ok(value) = self.row.deserialize(Some(&columns.names)) {
                return Ok(value);
            }
        }
        self.fill(record, None);
        let names = (self.dialect.names != Names::None).then_some(&self.header);
        let value = self.row.deserialize(names);
        let value = value.map_err(|error| explain::explain::<T>(&error, names.map(Row::bytes), self.row.bytes()))?;
        columns.is_proven = names.is_some();
        Ok(value)
    }

    /// Whether a row is these names.
    fn are(&self, names: &[String], row: Option<&[u8]>) -> bool {
        let (row, mut found) = (row.unwrap_or_default(), ByteRecord::new());
        let mut fields = Fields::new(&self.dialect);
        fields.split(row);
        fields.fill(row, None, &mut found);
        found.iter().eq(names.iter().map(String::as_bytes))
    }
}

impl<T: DeserializeOwned> Decode<T> for Csv {
    fn decode(&mut self, record: &[u8]) -> Result<T, BoxError> {
        if !self.fields.split(record) {
            quotes::check(&self.dialect, record)?;
        }
        if self.width.is_some_and(|width| width != self.fields.len()) || record == b"\x1a" {
            self.fill(record, None);
            return Err(explain::count(&self.dialect, record, self.row.bytes(), self.width).into());
        }
        let columns = self.columns.take().filter(Columns::is_of::<T>);
        let mut columns = columns.unwrap_or_else(|| Columns::of::<T>(self.header.bytes()));
        let value = self.value(record, &mut columns);
        self.columns = Some(columns);
        value
    }

    fn check(&self, only: bool) -> Result<(), BoxError> {
        let shape = shape::shape_of::<T>();
        match (&self.misquoted, &self.dialect.names) {
            (Some(why), _) => Err(format!("the header is wrong: {why}").into()),
            (_, Names::FirstRow) => Ok(header::check(&self.dialect, self.header.bytes(), shape, only)?),
            (_, Names::Given(_)) => Ok(header::check_given(self.header.bytes(), shape)?),
            (_, Names::None) => Ok(()),
        }
    }
}
