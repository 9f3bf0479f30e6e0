//! Limits, formats that break their contract, and what the splitter keeps in memory.

use super::{Reading, read_cut, read_whole};
use crate::records::cursor::Cursor;
use crate::records::splitter::{Next, Splitter};
use crate::records::{Csv, Decode, Format, Json, Jsonl, Lines, Split};
use crate::{BoxError, Error, ErrorKind, Place};

/// The error, which must be the same however the object is cut.
fn error_at<F: Format>(object: &[u8], limit: usize) -> Option<(Place, String)> {
    let of = |reading: Result<Reading, Error>| {
        let error = reading.err()?;
        assert!(error.is_terminal() && error.kind() == ErrorKind::Record);
        Some((error.place().unwrap(), error.to_string()))
    };
    let whole = of(read_whole(Splitter::start(F::default(), limit), object));
    for cuts in [(1..object.len()).collect::<Vec<_>>(), vec![object.len() / 2], vec![]] {
        assert_eq!(of(read_cut(Splitter::start(F::default(), limit), object, cuts)), whole, "{}", object.escape_ascii());
    }
    whole
}

#[test]
fn a_long_record_is_an_error() {
    let at = |record, line, offset| Some(Place::new(record, line, offset));
    type ErrorAt = fn(&[u8], usize) -> Option<(Place, String)>;
    let cases: [(&str, ErrorAt, &[u8], Option<Place>); 17] = [
        ("lines fit", error_at::<Lines>, b"1234567\n1234567\n12345678", None),
        ("terminator counts", error_at::<Lines>, b"1234567\n12345678\n", at(1, 2, 8)),
        ("both of its bytes", error_at::<Lines>, b"123456\r\n1234567\r\n", at(1, 2, 8)),
        ("no end in sight", error_at::<Lines>, b"a\n123456789", at(1, 2, 2)),
        ("far above", error_at::<Lines>, b"a\nb\n12345678901234567890\n", at(2, 3, 4)),
        ("rows fit", error_at::<Csv>, b"h\n123456\r\n12345678", None),
        ("open quote, first line too long", error_at::<Csv>, b"h\n\n\"2345678\n\n", at(0, 3, 3)),
        ("closed quote, as long", error_at::<Csv>, b"h\n\n\"2345678\n\"\n", at(0, 3, 3)),
        ("header", error_at::<Csv>, b"123456789\n1\n", at(0, 1, 0)),
        ("bare carriage return", error_at::<Csv>, b"h\n12345678\r1", at(0, 2, 2)),
        ("blank lines do not count", error_at::<Csv>, b"h\n1\n\n\n\n\n\n\n\n\n\n\n\n\n2\n", None),
        ("value", error_at::<Jsonl>, b"1\n\n[1,2,3,4]\n", at(1, 3, 3)),
        ("values fit", error_at::<Json>, b"12345678[2,4,67]\n\n\n\n\n\n\n\n1", None),
        ("far away", error_at::<Json>, b"1\n\n[2,4,6,89]", at(1, 3, 3)),
        ("with the comma and what is before the next value", error_at::<Json>, b"[\n12345, \n1 \n\n\n\n]", None),
        ("and blanks", error_at::<Json>, b"[12345, \n\n1]", at(0, 1, 1)),
        ("before the bracket, too", error_at::<Json>, b"[1,12345 \n\n\n]", at(1, 1, 3)),
    ];
    for (what, error_at, object, place) in cases {
        let error = error_at(object, 8);
        assert_eq!(error.as_ref().map(|(place, _)| *place), place, "{what}");
        if let Some((_, message)) = error {
            assert!(message.contains("is longer than 8 bytes") && message.contains("`FileBatch`"), "{message}");
        }
    }
}

#[test]
fn a_long_record_is_found_early() {
    let mut splitter = Splitter::start(Lines::default(), 100);
    splitter.push(b"short\n");
    assert!(matches!(splitter.next(|_, _| Ok(())), Ok(Next::Record { .. })));
    for _ in 0..10 {
        splitter.push(&[b'x'; 10]);
        assert!(matches!(splitter.next(|_, _| Ok(())), Ok(Next::More)));
    }
    splitter.push(b"x");
    for _ in 0..2 {
        let error = splitter.next(|_, _| Ok(())).unwrap_err();
        assert_eq!(error.place(), Some(Place::new(1, 2, 6)), "asked again, it is given again");
    }
    assert_eq!(splitter.cursor(), Cursor { position: 1, offset: 6, line: 1 });
}

/// A format that answers what its test wants; `A` and `B` are the numbers it gives.
macro_rules! answers {
    ($($name:ident: $header:expr, $split:expr;)*) => {$(
        #[derive(Debug, Default)]
        struct $name;
        impl Format for $name {
            const NAME: &'static str = stringify!($name);

            fn header(&self, _: &[u8], _: bool) -> Split { $header }
            fn split(&mut self, _: &[u8], _: bool) -> Split { $split }
        }
    )*};
}

answers! {
    BadOfNoLength: Split::Skip(0), Split::Bad { content: 0, next: 0, reason: "" };
    BadOfTooMuch: Split::Skip(0), Split::Bad { content: 4, next: 4, reason: "" };
    NoLength: Split::Skip(0), Split::Record { content: 0, next: 0 };
    TooMuch: Split::Skip(0), Split::Record { content: 1, next: 4 };
    ContentBehindNext: Split::Skip(0), Split::Record { content: 2, next: 1 };
    Huge: Split::Skip(0), Split::Record { content: usize::MAX, next: usize::MAX };
    SkipsNothing: Split::Skip(0), Split::Skip(0);
    SkipsTooMuch: Split::Skip(0), Split::Skip(usize::MAX);
    NeverEnough: Split::Skip(0), Split::More;
    HeaderNeverEnough: Split::More, Split::Skip(1);
    HeaderTooLong: Split::Record { content: 4, next: 4 }, Split::Skip(1);
    HeaderEmpty: Split::Record { content: 0, next: 0 }, Split::Skip(1);
    HeaderSkipsTooMuch: Split::Skip(4), Split::Skip(1);
}

#[test]
fn a_wrong_format_answer_is_an_error() {
    fn check<F: Format>() {
        let error = read_whole(Splitter::start(F::default(), 100), b"abc").unwrap_err();
        assert_eq!((error.kind(), error.place()), (ErrorKind::Record, Some(Place::new(0, 1, 0))));
        assert!(error.is_terminal());
        let message = error.to_string();
        assert!(message.starts_with("the format answered ") && message.contains("for 3 bytes (end: true)"), "{message}");
    }
    check::<BadOfNoLength>();
    check::<BadOfTooMuch>();
    check::<NoLength>();
    check::<TooMuch>();
    check::<ContentBehindNext>();
    check::<Huge>();
    check::<SkipsNothing>();
    check::<SkipsTooMuch>();
    check::<NeverEnough>();
    check::<HeaderNeverEnough>();
    check::<HeaderTooLong>();
    check::<HeaderEmpty>();
    check::<HeaderSkipsTooMuch>();
}

/// Records of as many bytes as the header's first byte says, as a user would write it.
#[derive(Debug, Default)]
struct Fixed(usize);

impl Format for Fixed {
    const NAME: &'static str = "fixed";

    fn header(&self, bytes: &[u8], end: bool) -> Split {
        match bytes {
            [] if end => Split::Skip(0),
            [] => Split::More,
            _ => Split::Record { content: 1, next: 1 },
        }
    }

    fn open(&mut self, header: &[u8]) -> Result<(), BoxError> {
        self.0 = match header {
            [b'0'] => return Err("records of no length".into()),
            [width] => usize::from(width - b'0'),
            _ => 1,
        };
        Ok(())
    }

    fn split(&mut self, bytes: &[u8], end: bool) -> Split {
        match bytes.len() {
            there if there >= self.0 => Split::Record { content: self.0, next: self.0 },
            there if end => Split::Record { content: there, next: there },
            _ => Split::More,
        }
    }
}

impl Decode<u64> for Fixed {
    fn decode(&mut self, record: &[u8]) -> Result<u64, BoxError> {
        Ok(std::str::from_utf8(record)?.parse()?)
    }
}

#[test]
fn a_users_format_keeps_its_header() {
    let whole = read_whole(Splitter::start(Fixed::default(), 8), b"2102030").unwrap();
    assert_eq!(whole.header, b"2");
    assert_eq!(whole.records.iter().map(|found| found.bytes.as_slice()).collect::<Vec<_>>(), [b"10", b"20", b"30"]);
    let resumed = Splitter::resume(Fixed::default(), whole.records[0].after, &whole.header, 8).unwrap();
    assert_eq!(read_cut(resumed, b"2102030", [4, 6]).unwrap().records, &whole.records[1..]);
}

#[test]
fn a_refused_header_is_an_error() {
    for error in [
        read_whole(Splitter::start(Fixed::default(), 8), b"0123").unwrap_err(),
        Splitter::resume(Fixed::default(), Cursor { position: 1, offset: 3, line: 0 }, b"0", 8).unwrap_err(),
    ] {
        let printed = "the format refuses the object's header: records of no length (record 0, line 1, byte 0)";
        assert_eq!(format!("{error:?}"), printed);
        assert!(error.is_terminal());
    }
}

#[test]
fn records_after_a_bad_one_are_read() {
    let mut splitter = Splitter::start(Fixed::default(), 8);
    splitter.push(b"210xx30");
    splitter.finish();
    let mut values = Vec::new();
    while let Next::Record { value, place } = splitter.next(|format, bytes| format.decode(bytes)).unwrap() {
        values.push((value.ok(), place.offset, splitter.cursor().position));
    }
    assert_eq!(values, [(Some(10), 1, 1), (None, 3, 2), (Some(30), 5, 3)]);
}

#[test]
fn the_cursor_is_after_header_and_end() {
    let mut splitter = Splitter::start(Csv::default(), 100);
    assert_eq!((splitter.header(), splitter.cursor(), splitter.wanted()), (None, Cursor::default(), 0));
    splitter.push(b"\n\"a\nb\"\n");
    assert!(matches!(splitter.next(|_, _| Ok(())), Ok(Next::More)));
    let behind_header = Cursor { position: 0, offset: 7, line: 3 };
    assert_eq!((splitter.header(), splitter.cursor(), splitter.wanted()), (Some(&b"\n\"a\nb\""[..]), behind_header, 7));
    splitter.push(b"\n\n1\n\n");
    assert!(matches!(splitter.next(|_, _| Ok(())), Ok(Next::Record { place, .. }) if place == Place::new(0, 6, 9)));
    let behind_record = Cursor { position: 1, offset: 11, line: 6 };
    assert!(matches!(splitter.next(|_, _| Ok(())), Ok(Next::More)));
    assert_eq!(splitter.cursor(), behind_record, "what is skipped moves no cursor before the end");
    splitter.finish();
    assert!(matches!(splitter.next(|_, _| Ok(())), Ok(Next::End)));
    assert_eq!(splitter.cursor(), Cursor { position: 1, offset: 12, line: 7 });
}

#[test]
fn the_cursor_is_outside_terminators() {
    let whole = read_whole(Splitter::start(Csv::default(), 100), b"h\r\n1\r\n\n2\r3\n\r\n").unwrap();
    let offsets: Vec<u64> = whole.records.iter().map(|found| found.after.offset).collect();
    assert_eq!(offsets, [6, 9, 11]);
    let whole = read_whole(Splitter::start(Lines::default(), 100), b"1\r\n\n2\r3\n\r\n").unwrap();
    let offsets: Vec<u64> = whole.records.iter().map(|found| found.after.offset).collect();
    assert_eq!(offsets, [3, 4, 8, 10]);
}
