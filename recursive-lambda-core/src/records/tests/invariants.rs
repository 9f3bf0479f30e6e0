//! How an object is cut into parts and where a run is resumed changes nothing.

use super::{LIMIT, Random, every, read_cut, read_whole};
use crate::records::splitter::Splitter;
use crate::records::{Csv, Format, Json, Jsonl, Lines};

/// One piece, byte by byte, at every cut, and resumed after every record: all give the same.
fn check<F: Format>(object: &[u8], more_cuts: &[usize]) {
    check_with(F::default, object, more_cuts);
}

fn check_with<F: Format>(format: impl Fn() -> F, object: &[u8], more_cuts: &[usize]) {
    let shown = object.escape_ascii();
    let Ok(whole) = read_whole(Splitter::start(format(), LIMIT), object) else {
        // The start of the object is refused, however it arrives.
        assert!(read_cut(Splitter::start(format(), LIMIT), object, 0..object.len()).is_err(), "{shown}");
        return;
    };
    assert_eq!(whole.end.offset, object.len() as u64, "{shown}");
    assert_eq!(
        whole.end.line,
        object.split_inclusive(|byte| *byte == b'\n').map(|line| format().line_ends(line)).sum::<u64>(),
        "{shown}"
    );

    assert_eq!(read_cut(Splitter::start(format(), LIMIT), object, 0..object.len()).unwrap(), whole, "byte by byte: {shown}");
    for &cut in more_cuts {
        assert_eq!(read_cut(Splitter::start(format(), LIMIT), object, [cut]).unwrap(), whole, "cut at {cut}: {shown}");
    }
    for (index, found) in whole.records.iter().enumerate() {
        assert_eq!((found.place.record, found.after.position), (index as u64, index as u64 + 1), "{shown}");
        let resumed = || Splitter::resume(format(), found.after, &whole.header, LIMIT).unwrap();
        assert_eq!(resumed().cursor(), found.after);
        let rest = read_whole(resumed(), object).unwrap();
        assert_eq!((rest.records.as_slice(), rest.end), (&whole.records[index + 1..], whole.end), "from {index}: {shown}");
        assert_eq!(rest.header, whole.header);
        let from = found.after.offset as usize;
        assert_eq!(read_cut(resumed(), object, from..object.len()).unwrap(), rest, "byte by byte from {index}: {shown}");
    }
    let again = Splitter::resume(format(), whole.end, &whole.header, LIMIT).unwrap();
    assert_eq!(read_whole(again, object).unwrap().records, whole.records[whole.end.position as usize..], "at the end: {shown}");
}

#[test]
fn over_every_short_object() {
    for length in 0..=5 {
        for object in every(b"a,\"\n\r", length) {
            let cuts: Vec<usize> = (1..object.len()).collect();
            check::<Csv>(&object, &cuts);
            check::<Lines>(&object, &cuts);
            check_with(|| Csv::default().without_header(), &object, &cuts);
            check_with(|| Csv::default().header_names(["x"]).comment(b'a'), &object, &cuts);
            check_with(|| Csv::default().escape(b'a').flexible(), &object, &cuts);
        }
        every(b"1 \t\n\r", length).for_each(|object| check::<Jsonl>(&object, &[]));
        every(b"[]{},\"1\n", length).for_each(|object| check::<Json>(&object, &[]));
        every(b"[]{},\"1\n", length.min(4)).for_each(|values| check_with(at_a, &[b"{\"a\":", values.as_slice()].concat(), &[]));
    }
}

fn at_a() -> Json {
    Json::default().at("a")
}

#[test]
fn over_longer_objects() {
    let mut random = Random(2);
    for round in 0..60 {
        let mark = if round % 3 == 0 { "\u{feff}" } else { "" };
        let text = random.text(&["a", ",", "\"", ",\"", "\",", "\n", "\r\n", "\r", "long long long", "é", " "], round * 4);
        let object = [mark.as_bytes(), &text].concat();
        let cuts = random.cuts(object.len());
        check::<Csv>(&object, &cuts);
        check_with(|| Csv::default().without_header().comment(b'l').escape(b'a'), &object, &cuts);
        check::<Lines>(&object, &cuts);
        check::<Jsonl>(&object, &cuts);
    }
    const TOKENS: [&str; 14] =
        ["[", "]", "{\"a\":", "}", "\"a\" :", ",", ",\n", "\"", "\\", "\n{", "\r\n", "\u{1e}", "\"é\\\"\"", "-1.5"];
    for round in 0..2_000 {
        let text = random.text(&TOKENS, round % 30);
        let cuts = random.cuts(text.len());
        for start in ["", "\u{feff} ["] {
            check::<Json>(&[start.as_bytes(), &text].concat(), &cuts);
        }
        check_with(at_a, &[b"{\"b\":[{}], \"a\": [", text.as_slice()].concat(), &cuts);
    }
}
