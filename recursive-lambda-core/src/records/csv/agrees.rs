//! The splitter and the fields against the `csv` crate's reader with the same options: every short input, and many longer ones.
//!
//! They differ in one thing here. If the object does not close a quoted field, the csv crate reads a field to the end of the object.
//! For us the first line of the row is bad, and the rest is read as an object of its own; there the comparison ends.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::Csv;
use super::dialect::Dialect;
use crate::records::splitter::Splitter;
use crate::records::tests::{LIMIT, Random, every, read_cut, read_whole};
use crate::records::{Format, Split};
use std::io::{Cursor, SeekFrom};

/// One set of options: ours, the csv crate's, and what moves its state machine, each byte once, and one that does not.
struct Options {
    ours: fn(Csv) -> Csv,
    theirs: fn(&mut csv::ReaderBuilder) -> &mut csv::ReaderBuilder,
    alphabet: &'static [u8],
}

const DEFAULT: Options = Options { ours: |csv| csv, theirs: |csv| csv, alphabet: b"a,\"\n\r" };
const DELIMITER: Options = Options { ours: |csv| csv.delimiter(b';'), theirs: |csv| csv.delimiter(b';'), alphabet: b",;\"\n\r" };
const QUOTE: Options = Options { ours: |csv| csv.quote(b'\''), theirs: |csv| csv.quote(b'\''), alphabet: b"\",'\n\r" };
const NO_QUOTE: Options = Options { ours: |csv| csv.quote(None), theirs: |csv| csv.quoting(false), alphabet: b"a,\"\n\r" };
const ESCAPE: Options = Options { ours: |csv| csv.escape(b'\\'), theirs: |csv| csv.escape(Some(b'\\')), alphabet: b"\\,\"\n\r" };
const COMMENT: Options = Options { ours: |csv| csv.comment(b'#'), theirs: |csv| csv.comment(Some(b'#')), alphabet: b"#,\"\n\r" };
/// All of them, as files of a program may have them.
const ALL: Options = Options {
    ours: |csv| csv.delimiter(b';').quote(b'\'').escape(b'\\').comment(b'#'),
    theirs: |csv| csv.delimiter(b';').quote(b'\'').escape(Some(b'\\')).comment(Some(b'#')),
    alphabet: b"#;'\n\\",
};
const EVERY: [Options; 7] = [DEFAULT, DELIMITER, QUOTE, NO_QUOTE, ESCAPE, COMMENT, ALL];

impl Options {
    fn csv(&self) -> Csv {
        (self.ours)(Csv::default())
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A row: its fields, and its first byte's line (counted from 1) and offset.
type Row = (Vec<Vec<u8>>, u64, u64);

/// A row with an open quote: its first line, and where that stands.
type BadRow = (Vec<u8>, u64, u64);

/// The `csv` crate, kept from input to input because building its tables takes longer than reading a short one.
struct Peer {
    reader: csv::Reader<Cursor<Vec<u8>>>,
    dialect: Dialect,
}

impl Peer {
    fn new(options: &Options) -> Self {
        let mut builder = csv::ReaderBuilder::new();
        // Neither option changes what a row is: the header comes as the first row, and lengths are compared elsewhere.
        let reader = (options.theirs)(builder.has_headers(false).flexible(true)).from_reader(Cursor::default());
        Self { reader, dialect: options.csv().dialect }
    }

    fn rows(&mut self, object: &[u8]) -> Vec<Row> {
        *self.reader.get_mut() = Cursor::new(object.to_vec());
        self.reader.seek_raw(SeekFrom::Start(0), csv::Position::new()).unwrap();
        let mut rows = Vec::new();
        let mut row = csv::ByteRecord::new();
        while self.reader.read_byte_record(&mut row).unwrap() {
            // It counts from where it left the row before: ahead of what is skipped, and of the `\n` of a `\r\n`.
            let left = row.position().unwrap();
            let mark = if left.byte() == 0 && object.starts_with(BYTE_ORDER_MARK) { 3 } else { 0 };
            let from = left.byte() as usize + mark;
            let skipped = before(&self.dialect, &object[from..]);
            let newlines = object[from..from + skipped].iter().filter(|&&byte| byte == b'\n').count();
            let fields = row.iter().map(<[u8]>::to_vec).collect();
            let offset = from + skipped;
            // For a comment without a line end it makes a row of one empty field.
            if offset == object.len() {
                break;
            }
            rows.push((fields, left.line() + (newlines + carriage_returns(&object[..offset])) as u64, offset as u64));
        }
        rows
    }

    /// The rows, and whether the last one is inside an open quote: then the next row would become part of it.
    fn rows_to_an_open_quote(&mut self, object: &[u8]) -> (Vec<Row>, bool) {
        let rows = self.rows(object);
        let has_quotes = self.dialect.quote.is_some_and(|quote| object.contains(&quote));
        let is_open = has_quotes && self.rows(&[object, b"\na"].concat()).len() == rows.len();
        (rows, is_open)
    }
}

/// Bytes of blank lines and comments, by their definition.
fn before(dialect: &Dialect, bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\r' | b'\n' => at += 1,
            byte if Some(*byte) == dialect.comment => {
                at += bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len() - at, |found| found + 1);
            }
            _ => break,
        }
    }
    at
}

/// Where an object that ends in an open quote has that quote, and its first line.
fn bad_row(object: &[u8], rows: &mut Vec<Row>) -> BadRow {
    let (_, line, offset) = rows.pop().unwrap();
    let first = object[offset as usize..].split(|byte| b"\r\n".contains(byte)).next().unwrap();
    (first.to_vec(), line, offset)
}

/// Ours, kept from input to input for the same reason: the header and the rows as the format alone splits them.
fn rows(csv: &mut Csv, object: &[u8]) -> (Vec<Row>, Option<BadRow>) {
    let mut rows = Vec::new();
    let (mut at, mut split) = (0, csv.header(object, true));
    loop {
        match split {
            Split::Record { content, next } => {
                let before = if at == 0 { before(&csv.dialect, object) } else { 0 };
                let bytes = &object[at + before..at + content];
                rows.push((fields(csv, bytes), line(object, at + before), (at + before) as u64));
                at += next;
            }
            Split::Skip(skipped) => at += skipped,
            Split::Bad { content, next, .. } => {
                let before = if at == 0 { before(&csv.dialect, object) } else { 0 };
                let first = object[at + before..at + content].to_vec();
                assert!(matches!(&object[at + content..at + next], b"" | b"\n" | b"\r" | b"\r\n"), "{}", object.escape_ascii());
                return (rows, Some((first, line(object, at + before), (at + before) as u64)));
            }
            Split::More => panic!("more asked for after the end: {}", object.escape_ascii()),
        }
        if at == object.len() {
            return (rows, None);
        }
        split = csv.split(&object[at..], true);
    }
}

fn fields(csv: &mut Csv, bytes: &[u8]) -> Vec<Vec<u8>> {
    csv.fields.split(bytes);
    csv.fill(bytes, None);
    csv.row.bytes().iter().map(<[u8]>::to_vec).collect()
}

fn line(object: &[u8], offset: usize) -> u64 {
    let before = &object[..offset];
    1 + (before.iter().filter(|&&byte| byte == b'\n').count() + carriage_returns(before)) as u64
}

/// Lines that end with `\r` alone, which end a row for the csv crate and no line.
fn carriage_returns(before: &[u8]) -> usize {
    before.iter().enumerate().filter(|(at, byte)| **byte == b'\r' && before.get(at + 1) != Some(&b'\n')).count()
}

/// By the splitter, in one piece and cut.
fn check(options: &Options, peer: &mut Peer, object: &[u8], cuts: impl IntoIterator<Item = usize>) {
    let shown = object.escape_ascii();
    let (mut expected, is_open) = peer.rows_to_an_open_quote(object);
    let whole = read_whole(Splitter::start(options.csv(), LIMIT), object);
    let cut = read_cut(Splitter::start(options.csv(), LIMIT), object, cuts);
    if is_open && expected.len() == 1 {
        let error = whole.unwrap_err().to_string();
        assert!(error.contains("is not closed") && cut.unwrap_err().to_string() == error, "{shown}: {error}");
        return;
    }
    let (whole, cut) = (whole.unwrap(), cut.unwrap());
    assert_eq!(cut, whole, "cut: {shown}");
    let bad = whole.records.iter().position(|found| found.bad.is_some());
    assert_eq!(bad.is_some(), is_open, "{shown}");
    if let Some(bad) = bad {
        let found = &whole.records[bad];
        assert_eq!((found.bytes.clone(), found.place.line, found.place.offset), bad_row(object, &mut expected), "{shown}");
    }
    let mut csv = options.csv();
    csv.open(&whole.header).unwrap();
    let header: Vec<Vec<u8>> = csv.header.bytes().iter().map(<[u8]>::to_vec).collect();
    let records = whole.records.iter().take(bad.unwrap_or(usize::MAX));
    let rows: Vec<Row> = records.map(|found| (fields(&mut csv, &found.bytes), found.place.line, found.place.offset)).collect();
    assert_eq!(header, expected.first().map(|row| row.0.clone()).unwrap_or_default(), "{shown}");
    assert_eq!(rows, expected.get(1..).unwrap_or_default(), "{shown}");
}

/// All inputs up to eight bytes of the alphabet of these options.
fn on_every_input(options: &Options) {
    let (mut peer, mut csv) = (Peer::new(options), options.csv());
    csv.open(b"").unwrap();
    for length in 0..=8 {
        for object in every(options.alphabet, length) {
            let (mut expected, is_open) = peer.rows_to_an_open_quote(&object);
            let bad = is_open.then(|| bad_row(&object, &mut expected));
            assert_eq!(rows(&mut csv, &object), (expected, bad), "{}", object.escape_ascii());
        }
    }
}

#[test]
fn every_input_by_default() {
    on_every_input(&DEFAULT);
}

#[test]
fn every_input_with_another_delimiter() {
    on_every_input(&DELIMITER);
}

#[test]
fn every_input_with_another_quote() {
    on_every_input(&QUOTE);
}

#[test]
fn every_input_without_quotes() {
    on_every_input(&NO_QUOTE);
}

#[test]
fn every_input_with_an_escape() {
    on_every_input(&ESCAPE);
}

#[test]
fn every_input_with_comments() {
    on_every_input(&COMMENT);
}

#[test]
fn every_input_with_all_options() {
    on_every_input(&ALL);
}

#[test]
fn every_short_input_byte_by_byte() {
    for options in &EVERY {
        let mut peer = Peer::new(options);
        for length in 0..=5 {
            every(options.alphabet, length).for_each(|object| check(options, &mut peer, &object, 1..object.len()));
        }
        // After a header, so that all symbols belong to rows.
        for length in 1..=5 {
            every(options.alphabet, length).for_each(|rest| {
                let object = [b"a,a\n", rest.as_slice()].concat();
                check(options, &mut peer, &object, 4..object.len());
            });
        }
    }
}

#[test]
fn on_short_inputs_after_a_mark() {
    for options in &EVERY {
        let mut peer = Peer::new(options);
        for mark in [BYTE_ORDER_MARK, b"\xef", b"\xef\xbb", b"\xef\xbb\xbf\xef\xbb\xbf", b"\n\xef\xbb\xbf", b"a\n\xef\xbb\xbf"] {
            for length in 0..=4 {
                every(options.alphabet, length).for_each(|rest| {
                    let object = [mark, rest.as_slice()].concat();
                    check(options, &mut peer, &object, 1..object.len());
                });
            }
        }
    }
}

#[test]
fn on_longer_inputs_cut_anywhere() {
    const TOKENS: &[&str] = &[
        "a",
        "bc",
        "é",
        "\u{feff}",
        " ",
        ",",
        ",",
        "\"",
        "\"\"",
        ",\"",
        "\",",
        "\"\n",
        "\n",
        "\r\n",
        "\r",
        "a field of some length",
        ";",
        ";'",
        "'",
        "\\",
        "#",
        "\n#",
    ];
    for options in &EVERY {
        let mut peer = Peer::new(options);
        let mut random = Random(1);
        for round in 0..300 {
            // The last ones are larger than the peer's buffer.
            let object = random.text(TOKENS, if round < 298 { 1 + round } else { 60_000 });
            let cuts = random.cuts(object.len());
            check(options, &mut peer, &object, cuts);
            if round % 20 == 0 {
                check(options, &mut peer, &object, 1..object.len());
            }
        }
    }
}
