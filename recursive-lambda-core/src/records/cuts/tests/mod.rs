//! Cut objects against the splitter's reading of the whole: the same records, each in one shard.
//!
//! `RL_CUTS=8` tries all objects up to eight symbols.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod boundary;
mod rows;
mod scan;
mod speed;

use super::{Cut, RowRules, Scan, Scanned};
use crate::BoxError;
use crate::records::{Csv, Cursor, Decode, Format, Next, Splitter};
use std::ops::Range;

/// Options of CSV, and a symbol for each byte that they give a meaning.
type Options = (fn(Csv) -> Csv, &'static [u8]);

/// Those under which a quoted field can have several lines. Without a header row all symbols can be cut.
const SCANNED: [Options; 8] = [
    (|csv| csv.without_header(), b"a,\"\n\r"),
    (|csv| csv.without_header().delimiter(b';').trim(), b",;\"\n\r"),
    // A block is filled up with zeros.
    (|csv| csv.without_header().quote(0), b"\",\0\n\r"),
    (|csv| csv.without_header().escape(b'\\'), b"\\,\"\n\r"),
    (|csv| csv.without_header().comment(b'#'), b"#,\"\n\r"),
    (|csv| csv.without_header().delimiter(b';').quote(b'\'').escape(b'\\').comment(b'#'), b"#;'\n\\"),
    (|csv| csv.header_names(["x"]).trim(), b"a,\"\n\r"),
    (|csv| csv, b"a,\"\n\r"),
];

/// Rows of any number of fields, so that only quotes make a row bad.
fn csv((options, _): &Options) -> Csv {
    options(Csv::default().flexible())
}

fn scan_rules(csv: &Csv) -> RowRules {
    let Cut::ByScan(rules) = csv.cut() else { panic!("not cut by a scan: {}", csv.options()) };
    rules
}

/// A range in one part.
fn scan(rules: RowRules, object: &[u8], range: Range<usize>, limit: usize) -> Scanned {
    let mut scan = Scan::new(rules, range.start as u64, limit);
    scan.push(&object[range]);
    scan.scanned().clone()
}

fn decode(csv: &mut Csv, row: &[u8]) -> Result<(), BoxError> {
    Decode::<Vec<String>>::decode(csv, row).map(drop)
}

/// How many symbols the objects have that are all tried.
fn symbols() -> u32 {
    std::env::var("RL_CUTS").ok().and_then(|symbols| symbols.parse().ok()).unwrap_or(5)
}

/// A record as the splitter found it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    start: Cursor,
    after: Cursor,
    is_bad: bool,
}

/// An object as the splitter reads it.
#[derive(Debug)]
struct Whole {
    header: Vec<u8>,
    /// After the header.
    first: Cursor,
    rows: Vec<Row>,
    /// The object's end; `None` if the splitter stops at a row.
    end: Option<Cursor>,
    limit: usize,
}

impl Whole {
    /// `None`: the header is refused.
    fn read<F: Format>(
        format: F,
        object: &[u8],
        limit: usize,
        decode: fn(&mut F, &[u8]) -> Result<(), BoxError>,
    ) -> Option<Self> {
        let mut splitter = Splitter::start(format, limit);
        splitter.push(object);
        splitter.finish();
        splitter.begin(|_, _| Ok(())).ok()?;
        let (header, first) = (splitter.header().unwrap().to_vec(), splitter.cursor());
        let (rows, end) = rest(splitter, decode);
        Some(Self { header, first, rows, end, limit })
    }

    /// What the splitter reads in a part of the object.
    fn part<F: Format>(
        &self,
        format: F,
        object: &[u8],
        at: Range<Cursor>,
        decode: fn(&mut F, &[u8]) -> Result<(), BoxError>,
    ) -> Vec<Row> {
        let mut splitter = Splitter::part(format, at.start, &self.header, self.limit).unwrap();
        splitter.push(&object[at.start.offset as usize..at.end.offset as usize]);
        splitter.finish();
        let (rows, end) = rest(splitter, decode);
        assert_eq!(end.unwrap().offset, at.end.offset, "{}", object.escape_ascii());
        rows
    }
}

/// What is left, and the end; no end if the splitter stops.
fn rest<F: Format>(mut splitter: Splitter<F>, decode: fn(&mut F, &[u8]) -> Result<(), BoxError>) -> (Vec<Row>, Option<Cursor>) {
    let mut rows = Vec::new();
    loop {
        match splitter.next(decode) {
            Ok(Next::Record { value, place }) => rows.push(Row {
                start: Cursor { position: place.record, offset: place.offset, line: place.line - 1 },
                after: splitter.cursor(),
                is_bad: value.is_err(),
            }),
            Ok(Next::More) => panic!("more bytes asked for after the last"),
            Ok(Next::End) => return (rows, Some(splitter.cursor())),
            Err(_) => return (rows, None),
        }
    }
}
