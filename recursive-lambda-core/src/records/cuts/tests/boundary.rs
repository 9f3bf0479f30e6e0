//! The shards of formats that are cut after a newline or after a number of bytes.

use super::{Options, Whole, csv, decode, symbols};
use crate::BoxError;
use crate::records::cuts::{Boundary, Cut, ranges};
use crate::records::tests::{LIMIT, every};
use crate::records::{Csv, Cursor, Format, Json, Jsonl, Lines, Split};

/// Options without quotes, and options to promise `multiline = no` with.
const UNQUOTED: [Options; 2] =
    [(|csv| csv.without_header().quote(None), b"a,\"\n\r"), (|csv| csv.quote(None).comment(b'#'), b"#,a\n\r")];
const QUOTED: [Options; 3] = [
    (|csv| csv.without_header(), b"a,\"\n\r"),
    (|csv| csv.without_header().escape(b'\\'), b"\\,\"\n\r"),
    (|csv| csv.comment(b'#'), b"#,\"\n\r"),
];

fn promised(options: &Options) -> Csv {
    csv(options).without_multiline()
}

/// Three shards of an object, cut at every two places, are the object.
fn cut_everywhere<F: Format>(format: impl Fn() -> F, object: &[u8], decode: fn(&mut F, &[u8]) -> Result<(), BoxError>) {
    let Some(whole) = Whole::read(format(), object, LIMIT, decode) else { return };
    let (cut, size) = (format().cut(), object.len() as u64);
    let places: Vec<u64> = (0..=size).map(|bound| place(cut, &whole, bound, object)).collect();
    let mut seen = Vec::new();
    for (bound, &from) in places.iter().enumerate() {
        for &to in &places[bound..] {
            if seen.contains(&(from, to)) {
                continue;
            }
            seen.push((from, to));
            let cuts = [whole.first.offset, from, to, size];
            let cursor = |offset| Cursor { offset, ..Cursor::default() };
            let part = |cuts: &[u64]| whole.part(format(), object, cursor(cuts[0])..cursor(cuts[1]), decode);
            let rows = cuts.windows(2).flat_map(part).map(|row| (row.start.offset, row.after.offset, row.is_bad));
            let wanted = whole.rows.iter().map(|row| (row.start.offset, row.after.offset, row.is_bad));
            assert!(rows.eq(wanted), "{} cut at {cuts:?}", object.escape_ascii());
        }
    }
}

/// Where a shard begins, by the bytes in one part and one by one.
fn place(cut: Cut, whole: &Whole, bound: u64, object: &[u8]) -> u64 {
    let size = object.len() as u64;
    let mut search = Boundary::new(cut, whole.first.offset, bound, size).unwrap();
    let mut slow = search.clone();
    if let Some(from) = search.wanted() {
        search.push(&object[from as usize..]);
    }
    while let Some(at) = slow.wanted() {
        slow.push(&object[at as usize..][..1]);
    }
    assert_eq!(slow, search);
    let first = whole.first.offset;
    let is_cut = |at: &u64| match cut {
        _ if [first, size].contains(at) => true,
        Cut::EveryBytes(length) => (at - first).is_multiple_of(length.get()),
        _ => object[*at as usize - 1] == b'\n',
    };
    assert_eq!(search.place(), (bound.max(first)..=size).find(is_cut), "{} at {bound}", object.escape_ascii());
    search.place().unwrap()
}

#[test]
fn every_short_object_of_lines() {
    for object in (0..=symbols() + 1).flat_map(|length| every(b"1 \n\r", length)) {
        cut_everywhere(Lines::default, &object, |_, _| Ok(()));
        cut_everywhere(Jsonl::default, &object, |_, _| Ok(()));
        cut_everywhere(Lines::default, &[b"\xef\xbb\xbf", object.as_slice()].concat(), |_, _| Ok(()));
    }
}

#[test]
fn every_short_object_of_one_line_rows() {
    for length in 0..symbols() {
        for options in &UNQUOTED {
            every(options.1, length).for_each(|object| cut_everywhere(|| csv(options), &object, decode));
        }
        for options in &QUOTED {
            every(options.1, length).for_each(|object| cut_everywhere(|| promised(options), &object, decode));
        }
    }
}

/// If no row is an error, the promise is true, and the rows are those without it.
#[test]
fn a_broken_promise_is_an_error_of_a_row() {
    for options in &QUOTED {
        for object in (0..=symbols()).flat_map(|length| every(options.1, length)) {
            let promised = Whole::read(promised(options), &object, LIMIT, decode);
            let Some(promised) = promised.filter(|whole| whole.rows.iter().all(|row| !row.is_bad)) else { continue };
            let whole = Whole::read(csv(options), &object, LIMIT, decode).unwrap();
            assert_eq!((promised.rows, promised.header), (whole.rows, whole.header), "{}", object.escape_ascii());
        }
    }
}

#[test]
fn a_broken_promise_names_the_argument() {
    let cases: [(&[u8], Split); 5] = [
        (b"1,\"a\nb\",2\n", Split::Bad { content: 4, next: 5, reason: "" }),
        (b"1,\"a\r\nb\",2\n", Split::Bad { content: 4, next: 6, reason: "" }),
        (b"1,\"a\\\nb\",2\n", Split::Bad { content: 5, next: 6, reason: "" }),
        (b"1,\"a\"\n", Split::Record { content: 5, next: 6 }),
        (b"1,\"a\\\"\"\n", Split::Record { content: 7, next: 8 }),
    ];
    for (object, wanted) in cases {
        let mut csv = Csv::default().escape(b'\\').without_multiline();
        let split = match csv.split(object, false) {
            Split::Bad { content, next, reason } => {
                assert!(reason.contains("`multiline = no`"), "{reason}");
                Split::Bad { content, next, reason: "" }
            }
            split => split,
        };
        assert_eq!(split, wanted, "{}", object.escape_ascii());
    }
}

/// A header of one byte, then records of three.
#[derive(Debug, Default)]
struct Triples;

impl Format for Triples {
    const NAME: &'static str = "triples";
    const CUT: Cut = Cut::every_bytes(3);

    fn header(&self, bytes: &[u8], end: bool) -> Split {
        match bytes {
            [] if end => Split::Skip(0),
            [] => Split::More,
            _ => Split::Record { content: 1, next: 1 },
        }
    }

    fn split(&mut self, bytes: &[u8], end: bool) -> Split {
        match bytes.len() {
            0..3 if end => Split::Record { content: bytes.len(), next: bytes.len() },
            0..3 => Split::More,
            _ => Split::Record { content: 3, next: 3 },
        }
    }
}

#[test]
fn records_of_one_length_at_every_two_places() {
    (0..20).for_each(|length| cut_everywhere(Triples::default, &vec![b'x'; length], |_, _| Ok(())));
    assert_eq!(Cut::every_bytes(0), Cut::Nowhere);
}

#[test]
fn formats_say_how_they_are_cut() {
    let by_scan = |cut| matches!(cut, Cut::ByScan(_));
    assert!(by_scan(Csv::CUT) && Csv::default().cut() == Csv::CUT && by_scan(Csv::tsv().escape(b'\\').cut()));
    for csv in UNQUOTED.iter().map(csv).chain(QUOTED.iter().map(promised)) {
        assert_eq!(csv.cut(), Cut::AtNewline, "{}", csv.options());
    }
    assert_eq!((Lines::CUT, Jsonl::CUT), (Cut::AtNewline, Cut::AtNewline));
    for cut in [Json::CUT, Json::default().at("a").cut(), Csv::CUT] {
        assert_eq!(Boundary::new(cut, 0, 5, 9), None);
    }
}

#[test]
fn ranges_are_equal_parts_after_the_header() {
    let cases: [(u64, u64, u32, &[u64]); 6] = [
        (0, 10, 3, &[0, 3, 6, 10]),
        (5, 10, 4, &[5, 5, 5, 7, 10]),
        (2, 2, 2, &[2, 2, 2]),
        (0, 1, 3, &[0, 0, 0, 1]),
        (0, u64::MAX, 2, &[0, u64::MAX / 2, u64::MAX]),
        (0, 10, 0, &[]),
    ];
    for (first, size, shards, bounds) in cases {
        let wanted: Vec<_> = bounds.windows(2).map(|pair| pair[0]..pair[1]).collect();
        assert_eq!(ranges(first, size, shards).collect::<Vec<_>>(), wanted, "{shards} of {first}..{size}");
    }
}
