//! The shards of CSV whose fields can have several lines.

use super::{Options, Row, SCANNED, Whole, csv, decode, scan, scan_rules, symbols};
use crate::records::Cursor;
use crate::records::cuts::{Scanned, Shard, ShardStarts, Unplaced, compose, ranges};
use crate::records::tests::{LIMIT, Random, every};
use std::borrow::Borrow;

/// An object, and what the splitter finds in it.
struct Object<'a> {
    bytes: &'a [u8],
    whole: Whole,
}

impl<'a> Object<'a> {
    /// `None`: its header is refused.
    fn read(options: &Options, bytes: &'a [u8], limit: usize) -> Option<Self> {
        let whole = Whole::read(csv(options), bytes, limit, decode)?;
        Some(Self { bytes, whole })
    }

    /// Places shards as a run would: how reading goes on after a bad row, the splitter knows. `None`: the splitter stops there.
    fn place<S: Borrow<Scanned>>(&self, bounds: &[u64], scan: impl Fn(u64, u64) -> S) -> Option<Vec<Shard>> {
        let (mut at, size) = (self.whole.first.offset, self.bytes.len() as u64);
        let mut starts = ShardStarts::new(self.whole.first, bounds.to_vec(), size, self.whole.limit);
        loop {
            let end = bounds.iter().copied().find(|bound| *bound > at).unwrap_or(size);
            let placed = if at < size { starts.add(scan(at, end).borrow()).map(|()| None) } else { starts.finish().map(Some) };
            match placed {
                Ok(None) => at = end,
                Ok(shards) => return shards,
                Err(Unplaced::BadRow(cursor)) => {
                    let row = self.whole.rows.get(cursor.position as usize)?;
                    assert_eq!(row.start, cursor);
                    let is_long = row.after.offset - row.start.offset >= self.whole.limit as u64;
                    assert!(row.is_bad || is_long, "a false alarm: {cursor:?}");
                    starts.go_on(row.after);
                    at = row.after.offset;
                }
                Err(gap) => panic!("{gap}"),
            }
        }
    }

    /// The shards with these bounds by the definition: each begins with the first record that begins in its range.
    fn expected(&self, bounds: &[u64]) -> Option<Vec<Shard>> {
        let end = self.whole.end?;
        let start = |bound: u64| self.whole.rows.iter().map(|row| row.start).find(|start| start.offset >= bound).unwrap_or(end);
        let starts: Vec<Cursor> = [self.whole.first].into_iter().chain(bounds[1..].iter().copied().map(start)).collect();
        let ends = starts[1..].iter().copied().chain([end]);
        Some(starts.iter().zip(ends).map(|(&start, end)| Shard { start, end }).collect())
    }
}

/// Every three shards of an object, cut at every two places.
fn cut_everywhere(options: &Options, bytes: &[u8], limit: usize, check: impl Fn(&Object<'_>, &[Shard])) {
    let Some(object) = Object::read(options, bytes, limit) else { return };
    let (rules, first, size) = (scan_rules(&csv(options)), object.whole.first.offset as usize, bytes.len());
    let scan_from = |from: usize| (from..=size).map(|to| scan(rules, bytes, from..to, limit)).collect();
    let scans: Vec<Vec<Scanned>> = (first..=size).map(scan_from).collect();
    let scanned = |from: u64, to: u64| &scans[from as usize - first][(to - from) as usize];
    let mut seen = Vec::new();
    for cut in first..=size {
        for next in cut..=size {
            let bounds = [first, cut, next].map(|bound| bound as u64);
            let placed = object.place(&bounds, scanned);
            assert_eq!(placed, object.expected(&bounds), "{} cut at {cut} and {next}", bytes.escape_ascii());
            if let Some(shards) = placed.filter(|shards| !seen.contains(shards)) {
                check(&object, &shards);
                seen.push(shards);
            }
        }
    }
}

#[test]
fn every_short_object_at_every_two_places() {
    for options in &SCANNED {
        for object in (0..=symbols()).flat_map(|length| every(options.1, length)) {
            cut_everywhere(options, &object, LIMIT, |_, _| {});
        }
    }
}

#[test]
fn every_short_object_with_a_small_limit() {
    for options in &SCANNED {
        for object in (0..symbols()).flat_map(|length| every(options.1, length)) {
            (1..=object.len()).for_each(|limit| cut_everywhere(options, &object, limit, |_, _| {}));
        }
    }
}

/// The splitter takes the first line of such a row for bad, and the rest for rows.
#[test]
fn a_long_quoted_row_over_a_cut() {
    for object in ["\"\na\"\na", "1\n\"\na,\"\n2\n3\n", "1\n\"\r\n\"\"\"\"\n2\n\n3"] {
        for limit in 2..8 {
            cut_everywhere(&SCANNED[0], object.as_bytes(), limit, read_parts(&SCANNED[0]));
        }
    }
}

/// A header row, marks and a line `sep=` are before the first range.
#[test]
fn short_objects_after_a_start() {
    for options in &SCANNED {
        for start in ["a,a\n", "a\r\n", "\u{feff}", "\u{feff}\"a\n\"\n", "\n\n\"a\"\r", "sep=,\r\n", "sep=;\na;\n", "#\n"] {
            for rest in (0..=symbols() - 3).flat_map(|length| every(options.1, length)) {
                let object = [start.as_bytes(), &rest].concat();
                cut_everywhere(options, &object, LIMIT, read_parts(options));
            }
        }
    }
}

/// Reads each shard without the bytes of the others.
fn read_parts(options: &Options) -> impl Fn(&Object<'_>, &[Shard]) {
    |object, shards| {
        let part = |shard: &Shard| object.whole.part(csv(options), object.bytes, shard.start..shard.end, decode);
        let rows: Vec<Row> = shards.iter().flat_map(part).collect();
        assert_eq!(rows, object.whole.rows, "{}", object.bytes.escape_ascii());
    }
}

#[test]
fn composing_all_scans_places_all_shards() {
    let bytes = "a,b\n1,\"x\ny\"\r\n2,\"\"\"\n\"\n\n3,z\n".repeat(20);
    let options = &SCANNED[7];
    let object = Object::read(options, bytes.as_bytes(), LIMIT).unwrap();
    for shards in [1, 2, 3, 10, 100, bytes.len() as u32 * 2] {
        let ranges: Vec<_> = ranges(object.whole.first.offset, bytes.len() as u64, shards).collect();
        let scans: Vec<Scanned> = ranges
            .iter()
            .map(|range| scan(scan_rules(&csv(options)), object.bytes, range.start as usize..range.end as usize, LIMIT))
            .collect();
        let bounds: Vec<u64> = ranges.iter().map(|range| range.start).collect();
        assert_eq!(compose(object.whole.first, &scans).ok(), object.expected(&bounds), "{shards} shards");
    }
    assert_eq!(compose(object.whole.first, &[]), Ok(Vec::new()));
}

#[test]
fn scans_that_do_not_fit_are_refused() {
    let bytes = b"1\n2\n3\n4\n";
    let rules = scan_rules(&csv(&SCANNED[0]));
    let scan = |from, to| scan(rules, bytes, from..to, LIMIT);
    let first = Cursor::default();
    let cases: [(&str, Vec<Scanned>, Result<usize, Unplaced>); 4] = [
        ("all", vec![scan(0, 4), scan(4, 8)], Ok(2)),
        ("a gap", vec![scan(0, 3), scan(4, 8)], Err(Unplaced::Gap(3))),
        ("twice", vec![scan(0, 4), scan(0, 4)], Err(Unplaced::Gap(4))),
        ("not from the first", vec![scan(1, 8)], Err(Unplaced::Gap(0))),
    ];
    for (what, scans, wanted) in cases {
        assert_eq!(compose(first, &scans).map(|shards| shards.len()), wanted, "{what}");
    }
    let mut starts = ShardStarts::new(first, vec![0, 3], 8, LIMIT);
    assert_eq!(starts.add(&scan(0, 4)), Err(Unplaced::Gap(0)), "over a bound");
    assert_eq!(starts.finish(), Err(Unplaced::Gap(0)), "not to the end");
}

/// Object, limit, and the row that is named, if any.
#[test]
fn a_row_that_is_not_one_row_is_named() {
    let at = |position, offset, line| Some(Cursor { position, offset, line });
    let cases: [(&str, usize, Option<Cursor>); 9] = [
        ("1\n2,\"x\ny\"\n3\n", LIMIT, None),
        ("1\n2,\"x\n3\n", LIMIT, at(1, 2, 1)),
        ("1\r\n\r\n2,\"\r\n\",\"x\r\n3\r\n", LIMIT, at(1, 5, 2)),
        ("1\n2,\"x\n3,\"y\"\n", LIMIT, at(1, 2, 1)),
        ("1\n2,\"x\"y\n3,\"\n", LIMIT, at(2, 9, 2)),
        ("1\n234567\n8\n", 8, None),
        ("1\n23456789\n8\n", 8, at(1, 2, 1)),
        ("1\n\"345678\n\"\n", 8, at(1, 2, 1)),
        ("1\n23456789", 7, at(1, 2, 1)),
    ];
    for (object, limit, row) in cases {
        let scans = [scan(scan_rules(&csv(&SCANNED[0])), object.as_bytes(), 0..object.len(), limit)];
        let refused = compose(Cursor::default(), &scans).err();
        assert_eq!(refused, row.map(Unplaced::BadRow), "{object:?}");
        if let Some(refused) = refused {
            let mut starts = ShardStarts::new(Cursor::default(), vec![0], object.len() as u64, limit);
            let _ = starts.add(&scans[0]);
            assert_eq!(starts.finish(), Err(refused), "{object:?}: it is not forgotten");
        }
    }
    let message = Unplaced::BadRow(Cursor { position: 1, offset: 2, line: 1 }).to_string();
    assert!(message.ends_with("its quotes are wrong or it is too long (record 1, line 2, byte 2)"), "{message}");
}

/// Rows with quoted line ends, and with quotes that are wrong, over many cuts.
#[test]
fn long_objects_in_many_shards() {
    const LINES: &[&str] = &["\n", "\r\n", "\r", "\"\n", ",\"two\nlines\"\n", "\n#", ",\"a \"\"word\"\"\r\n\","];
    const FIELDS: &[&str] = &["a", "é", ",", "\"", "\"\"", ",\"", "\",", "some text", "\\", ";", "'", ";'", "';"];
    let mut random = Random(7);
    for round in 0..100 {
        let limit = if round % 2 == 0 { LIMIT } else { 40 };
        let bytes = [b"a,b\n".as_slice(), &random.text(&[LINES, FIELDS].concat(), round * 8)].concat();
        for options in &SCANNED {
            let Some(object) = Object::read(options, &bytes, limit) else { continue };
            let (rules, first) = (scan_rules(&csv(options)), object.whole.first.offset);
            let shards = 1 + random.below(40) as u32;
            let bounds: Vec<u64> = ranges(first, bytes.len() as u64, shards).map(|range| range.start).collect();
            let shards = object.place(&bounds, |from, to| scan(rules, &bytes, from as usize..to as usize, limit));
            assert_eq!(shards, object.expected(&bounds), "{}", bytes.escape_ascii());
            if let Some(shards) = shards {
                read_parts(options)(&object, &shards);
            }
        }
    }
}
