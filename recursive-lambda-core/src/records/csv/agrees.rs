//! The splitter and the fields against the `csv` crate's default reader: every short input, and many longer ones.
//!
//! They differ in one thing. If the object does not close a quoted field, the csv crate reads a field to the end of the object.
//! For us the first line of the row is bad, and the rest is read as an object of its own; there the comparison ends.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::Csv;
use crate::records::splitter::Splitter;
use crate::records::tests::{LIMIT, Random, every, read_cut, read_whole};
use crate::records::{Format, Split};
use std::io::{Cursor, SeekFrom};

/// What moves csv's state machine, each once, and one byte that does not.
const ALPHABET: &[u8] = b"a,\"\n\r";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A row: its fields, and its first byte's line (counted from 1) and offset.
type Row = (Vec<Vec<u8>>, u64, u64);

/// A row with an open quote: its first line, and where that stands.
type BadRow = (Vec<u8>, u64, u64);

/// The `csv` crate, kept from input to input because building its tables takes longer than reading a short one.
struct Peer(csv::Reader<Cursor<Vec<u8>>>);

impl Peer {
    fn new() -> Self {
        // Neither option changes what a row is: the header comes as the first row, and lengths are compared elsewhere.
        Self(csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Cursor::default()))
    }

    fn rows(&mut self, object: &[u8]) -> Vec<Row> {
        *self.0.get_mut() = Cursor::new(object.to_vec());
        self.0.seek_raw(SeekFrom::Start(0), csv::Position::new()).unwrap();
        let mut rows = Vec::new();
        let mut row = csv::ByteRecord::new();
        while self.0.read_byte_record(&mut row).unwrap() {
            // It counts from where it left the row before: ahead of what is skipped, and of the `\n` of a `\r\n`.
            let left = row.position().unwrap();
            let mut skipped = &object[left.byte() as usize..];
            if left.byte() == 0 {
                skipped = skipped.strip_prefix(BYTE_ORDER_MARK).unwrap_or(skipped);
            }
            let skipped: Vec<u8> = skipped.iter().copied().take_while(|byte| b"\r\n".contains(byte)).collect();
            let mark = if left.byte() == 0 && object.starts_with(BYTE_ORDER_MARK) { 3 } else { 0 };
            let newlines = skipped.iter().filter(|&&byte| byte == b'\n').count();
            let fields = row.iter().map(<[u8]>::to_vec).collect();
            let offset = left.byte() as usize + mark + skipped.len();
            rows.push((fields, left.line() + (newlines + carriage_returns(&object[..offset])) as u64, offset as u64));
        }
        rows
    }

    /// The rows, and whether the last one is inside an open quote: then the next row would become part of it.
    fn rows_to_an_open_quote(&mut self, object: &[u8]) -> (Vec<Row>, bool) {
        let rows = self.rows(object);
        let is_open = object.contains(&b'"') && self.rows(&[object, b"\na"].concat()).len() == rows.len();
        (rows, is_open)
    }
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
    let (mut at, mut split) = (0, Csv::header(object, true));
    loop {
        match split {
            Split::Record { content, next } => {
                let before = if at == 0 { object.iter().take_while(|byte| b"\r\n".contains(byte)).count() } else { 0 };
                let bytes = &object[at + before..at + content];
                rows.push((fields(csv, bytes), line(object, at + before), (at + before) as u64));
                at += next;
            }
            Split::Skip(skipped) => at += skipped,
            Split::Bad { content, next, .. } => {
                let before = if at == 0 { object.iter().take_while(|byte| b"\r\n".contains(byte)).count() } else { 0 };
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
    csv.fields.read(bytes, &mut csv.row);
    csv.row.iter().map(<[u8]>::to_vec).collect()
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
fn check(peer: &mut Peer, object: &[u8], cuts: impl IntoIterator<Item = usize>) {
    let shown = object.escape_ascii();
    let (mut expected, is_open) = peer.rows_to_an_open_quote(object);
    let whole = read_whole(Splitter::<Csv>::start(LIMIT), object);
    let cut = read_cut(Splitter::<Csv>::start(LIMIT), object, cuts);
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
    let mut csv = Csv::open(&whole.header).unwrap();
    let header: Vec<Vec<u8>> = csv.header.iter().map(<[u8]>::to_vec).collect();
    let records = whole.records.iter().take(bad.unwrap_or(usize::MAX));
    let rows: Vec<Row> = records.map(|found| (fields(&mut csv, &found.bytes), found.place.line, found.place.offset)).collect();
    assert_eq!(header, expected.first().map(|row| row.0.clone()).unwrap_or_default(), "{shown}");
    assert_eq!(rows, expected.get(1..).unwrap_or_default(), "{shown}");
}

#[test]
fn on_every_input_up_to_eight_bytes() {
    let (mut peer, mut csv) = (Peer::new(), Csv::open(b"").unwrap());
    for length in 0..=8 {
        for object in every(ALPHABET, length) {
            let (mut expected, is_open) = peer.rows_to_an_open_quote(&object);
            let bad = is_open.then(|| bad_row(&object, &mut expected));
            assert_eq!(rows(&mut csv, &object), (expected, bad), "{}", object.escape_ascii());
        }
    }
}

#[test]
fn on_every_short_input_byte_by_byte() {
    let mut peer = Peer::new();
    for length in 0..=5 {
        every(ALPHABET, length).for_each(|object| check(&mut peer, &object, 1..object.len()));
    }
    // After a header, so that all symbols belong to rows.
    for length in 1..=5 {
        every(ALPHABET, length).for_each(|rest| {
            let object = [b"a,a\n", rest.as_slice()].concat();
            check(&mut peer, &object, 4..object.len());
        });
    }
}

#[test]
fn on_short_inputs_after_a_mark() {
    let mut peer = Peer::new();
    for mark in [BYTE_ORDER_MARK, b"\xef", b"\xef\xbb", b"\xef\xbb\xbf\xef\xbb\xbf", b"\n\xef\xbb\xbf", b"a\n\xef\xbb\xbf"] {
        for length in 0..=4 {
            every(ALPHABET, length).for_each(|rest| {
                let object = [mark, rest.as_slice()].concat();
                check(&mut peer, &object, 1..object.len());
            });
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
    ];
    let mut peer = Peer::new();
    let mut random = Random(1);
    for round in 0..600 {
        // The last ones are larger than the peer's buffer.
        let object = random.text(TOKENS, if round < 596 { 1 + round } else { 60_000 });
        let cuts = random.cuts(object.len());
        check(&mut peer, &object, cuts);
        if round % 20 == 0 {
            check(&mut peer, &object, 1..object.len());
        }
    }
}
