//! Bad records that are skipped: each costs itself and nothing else.

use super::*;

/// File, how it is read, records, and what is skipped: line and length.
type Skipped = (&'static str, Read, u64, &'static [(u64, usize)]);

#[test]
fn only_the_bad_record_is_skipped() {
    let cases: [Skipped; 18] = [
        ("01-open-quote/quote_last.csv", ROWS, 499, &[(101, 18)]),
        ("01-open-quote/quote_mid.csv", ROWS, 499, &[(101, 18)]),
        ("01-open-quote/quote_mid.csv", LISTS, 499, &[(101, 18)]),
        ("01-open-quote/quote_pair.csv", ROWS, 200, &[]),
        ("09-delimiter/backslash.csv", ROWS, 0, &[(2, 22), (3, 14), (4, 6)]),
        ("09-delimiter/backslash_one.csv", ROWS, 1, &[(2, 22)]),
        ("09-delimiter/ragged.csv", ROWS, 1, &[(2, 3)]),
        ("09-delimiter/val_spaces.csv", ROWS, 1, &[(2, 13)]),
        ("10-field-count-message/ctrlz.csv", ROWS, 2, &[(4, 1)]),
        ("10-field-count-message/spaces_line.csv", ROWS, 2, &[(3, 3)]),
        ("11-jsonl-message/bom_mid.jsonl", JSON, 3, &[(3, 10)]),
        ("11-jsonl-message/ctrlz.jsonl", JSON, 2, &[(3, 1)]),
        ("11-jsonl-message/nan.jsonl", JSON, 1, &[(2, 9)]),
        ("11-jsonl-message/bom_mid.jsonl", read::<Json, A>, 4, &[(3, 3)]),
        ("11-jsonl-message/ctrlz.jsonl", read::<Json, A>, 2, &[(3, 1)]),
        ("11-jsonl-message/nan.jsonl", read::<Json, A>, 1, &[(2, 9)]),
        ("12-cr-only/cr_only.csv", ROWS, 2, &[(4, 5)]),
        ("14-csv-value-types/rest.csv", MAPS, 1, &[]),
    ];
    for (file, read, records, skipped) in cases {
        let outcome = read(&case(file), 100);
        show(file, &outcome);
        assert_eq!(outcome, Outcome { records, skipped: skipped.to_vec(), error: None }, "{file}");
    }
}

/// The same, where another row closes the quote: object, records, and what is skipped.
#[test]
fn an_open_quote_costs_its_line() {
    type Case = (&'static str, u64, &'static [(u64, usize)]);
    let cases: [Case; 6] = [
        ("1,\"open,1\n2,b,2\n3,\"a, b\",3\n4,d,4\n", 3, &[(2, 9)]),
        ("1,\"open,1\n2,b,2\n3,\"ab\",3\n4,d,4\n", 3, &[(2, 9)]),
        ("1,\"open,1\n2,\"open,2\n3,c,3\n", 1, &[(2, 9), (3, 9)]),
        ("1,\"open,1\n2,\"open,2\n3,\"open,3\n4,d,4", 1, &[(2, 9), (3, 9), (4, 9)]),
        ("1,\"a\nb\",\"1\n2,b,2\n", 1, &[(2, 4), (3, 5)]),
        ("1,a,1\n2,b,\"", 1, &[(3, 5)]),
    ];
    for (rows, records, skipped) in cases {
        for line_end in ["\n", "\r\n", "\r"] {
            let object = format!("id,name,amount\n{rows}").replace('\n', line_end);
            let outcome = ROWS(object.as_bytes(), 9);
            assert_eq!(outcome, Outcome { records, skipped: skipped.to_vec(), error: None }, "{object:?}");
        }
    }
}
/// A quote that is not closed within the largest record, and what may be skipped of it.
#[test]
fn a_long_open_quote_costs_its_line() {
    const ROW: &str = "1,a row of some length that is no different from others,2\n";
    let rows = ROW.repeat(RECORD_LIMIT / ROW.len() + 1);
    let first = |name: &str| format!("id,name,amount\n{ROW}7,{name},1\n{rows}");
    let records = (rows.len() / ROW.len() + 1) as u64;
    let line = first("\"open");
    for (object, more) in [(line.clone(), 0), (format!("{line}8,b\",2\n"), 1), (format!("{line}8,\"b\",2\n"), 1)] {
        let outcome = read_in::<Csv, Row>(Csv::default, CONFIG, object.as_bytes(), 1, false);
        assert_eq!((outcome.records, outcome.error), (records + more, None), "{more}");
        assert_eq!(outcome.skipped, [(3, "7,\"open,1".len())]);
    }
    let outcome = read_in::<Csv, Row>(Csv::default, CONFIG, line.as_bytes(), 0, false);
    let error = outcome.error.unwrap();
    assert!(error.contains("is not closed") && error.contains("(record 1, line 3, byte 73)"), "{error}");
    let header = read_in::<Csv, Row>(Csv::default, CONFIG, line.replacen("id", "\"id", 1).as_bytes(), 9, false);
    assert!(header.error.unwrap().contains("is not closed"));
    let one_line = read_in::<Csv, Row>(
        Csv::default,
        CONFIG,
        format!("id,name,amount\n1,\"{}", "x".repeat(RECORD_LIMIT)).as_bytes(),
        9,
        false,
    );
    assert!(one_line.error.unwrap().contains("the record is longer than 16777216 bytes"));
    // What stands before a record that cannot be split is processed.
    let lines =
        read_in::<Lines, String>(Lines::default, CONFIG, format!("a\nb\n{}", "x".repeat(RECORD_LIMIT + 1)).as_bytes(), 9, false);
    assert_eq!(lines.records, 2);
    assert!(lines.error.unwrap().contains("(record 2, line 3, byte 4)"));
}
#[test]
fn records_over_1_mib_are_not_skipped() {
    for (length, may_be) in [(0, true), (1 << 20, true), ((1 << 20) + 1, false)] {
        let raw = Raw {
            place: crate::Place::new(7, 8, 90),
            bytes: vec![b'x'; length],
            after: Reading { cursor: Cursor::default(), offset: 0, text: None, at_end: false },
        };
        let said = raw.check_skippable("the record does not decode: why").map_err(|error| {
            assert!(error.is_terminal());
            error.to_string()
        });
        let error = "the record does not decode: why; this record is not skipped, because it has 1048577 bytes, and at most 1048576 are allowed \
             (record 7, line 8, byte 90)";
        assert_eq!(said, if may_be { Ok(()) } else { Err(error.into()) });
    }
}
