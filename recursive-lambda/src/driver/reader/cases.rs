//! Files as people have them, read as a run reads them: batch by batch, in one invocation and in many, skipping what may be skipped.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

use super::tests::Store;
use super::{ReadError, Reader};
use crate::fixtures::gzip;
use crate::format::{Csv, Decode, Format, Jsonl, Lines};
use crate::job::Decoding;
use bytes::Bytes;
use futures_util::FutureExt;
use recursive_lambda_core::object::PinnedObject;
use recursive_lambda_core::records::Cursor;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

/// How a reading went.
#[derive(Debug, PartialEq)]
struct Outcome {
    records: u64,
    /// What was skipped: its line, and how much of it there is.
    skipped: Vec<(u64, usize)>,
    /// The error that ends it, with its place.
    error: Option<String>,
}

type Read = fn(&[u8], usize) -> Outcome;

/// Reads all, and skips up to `skip` bad records: at once, with a new reader for every batch, and compressed. They must agree.
fn read<F: Decode<T>, T>(object: &[u8], skip: usize) -> Outcome {
    let outcome = read_in::<F, T>(object, skip, false);
    assert_eq!(outcome, read_in::<F, T>(object, skip, true), "resumed before every batch");
    let is_gzip = object.starts_with(b"\x1f\x8b");
    for piece in [40, 1 << 20].into_iter().filter(|_| !is_gzip) {
        let compressed = gzip(object, piece);
        assert_eq!(outcome, read_in::<F, T>(&compressed, skip, false), "compressed");
        assert_eq!(outcome, read_in::<F, T>(&compressed, skip, true), "compressed, and resumed before every batch");
    }
    outcome
}

fn read_in<F: Format + Decode<T>, T>(object: &[u8], skip: usize, resumed: bool) -> Outcome {
    const BATCH: usize = 7;
    let decoding = Decoding { check: <F as Decode<T>>::check, decode: <F as Decode<T>>::decode };
    let store = Arc::new(Store(Bytes::copy_from_slice(object)));
    let named = PinnedObject { size: object.len() as u64, ..PinnedObject::for_tests() };
    let open = |cursor, text: Option<&_>, header: Option<&_>| {
        Reader::<F, _>::new(Arc::clone(&store), named.clone(), cursor, text, header).unwrap()
    };
    let mut reader = open(Cursor::default(), None, None);
    let mut text = None;
    let (mut records, mut skipped) = (0, Vec::new());
    let error = loop {
        match reader.batch(BATCH, 1, decoding).now_or_never().unwrap() {
            Ok(read) => {
                records += read.records.len() as u64;
                text = read.after.text;
                if read.records.is_empty() || read.after.at_end {
                    break None;
                }
            }
            Err(ReadError::Undecoded(raw, _)) if skipped.len() < skip => {
                skipped.push((raw.place.line, raw.bytes.len()));
                text = raw.after.text;
                if raw.after.at_end {
                    break None;
                }
            }
            Err(ReadError::Undecoded(_, error) | ReadError::Unreadable(error)) => break Some(error.to_string()),
            Err(ReadError::Source(_)) => panic!("the store has all of it"),
        }
        if resumed {
            reader = open(reader.cursor(), text.as_ref(), reader.header().as_ref());
        }
    };
    Outcome { records, skipped, error }
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read is looked at")]
struct Row {
    id: u64,
    name: String,
    amount: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read is looked at")]
struct Optional {
    id: Option<u64>,
    name: Option<String>,
    amount: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read is looked at")]
struct Flattened {
    id: u64,
    #[serde(flatten)]
    rest: Address,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read is looked at")]
struct Address {
    zip: String,
    city: String,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read is looked at")]
struct A {
    a: i64,
}

type Tuple = (u64, String, f64);
type Map = HashMap<String, String>;

const ROWS: Read = read::<Csv, Row>;
const OPTIONAL: Read = read::<Csv, Optional>;
const TUPLES: Read = read::<Csv, Tuple>;
const LISTS: Read = read::<Csv, Vec<String>>;
const MAPS: Read = read::<Csv, Map>;
const JSON: Read = read::<Jsonl, A>;
const VALUES: Read = read::<Jsonl, serde_json::Value>;
const STRINGS: Read = read::<Lines, String>;
const BYTES: Read = read::<Lines, Vec<u8>>;

fn case(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/driver/reader/cases");
    std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn show(file: &str, outcome: &Outcome) {
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{file}: {outcome:?}\n");
    }
}

/// File, how it is read, records before the error, what the error says.
type Refused = (&'static str, Read, u64, &'static [&'static str]);

fn assert_refused(cases: &[Refused], skip: usize) {
    for (file, read, records, words) in cases {
        let outcome = read(&case(file), skip);
        show(file, &outcome);
        let error = outcome.error.as_deref().unwrap_or_else(|| panic!("{file} is read: {outcome:?}"));
        assert_eq!((outcome.records, outcome.skipped.len()), (*records, 0), "{file}: {error}");
        for word in *words {
            assert!(error.contains(word), "{file}: no {word:?} in {error}");
        }
        assert!(error.chars().count() <= 420, "{file}: {error}");
        assert!(!error.contains(|character: char| character.is_control()), "{file}: {error:?}");
    }
}

/// Objects that are not what the format says: refused before the first record, and never skipped through.
#[test]
fn an_object_of_another_kind_is_refused_by_name_before_its_first_record() {
    const START: &str = "(record 0, line 1, byte 0)";
    let cases: [Refused; 46] = [
        ("02-compressed/data.csv.gz", ROWS, 0, &["compressed (gzip)", "not read", "`FileBatch`", r#""\x1f\x8b\x08"#, START]),
        ("02-compressed/data.csv.gz", MAPS, 0, &["compressed (gzip)", START]),
        ("02-compressed/small.csv.gz", ROWS, 0, &["compressed (gzip)", START]),
        ("02-compressed/small.csv.gz", LISTS, 0, &["compressed (gzip)", START]),
        ("02-compressed/small.csv.gz", STRINGS, 0, &["compressed (gzip)", START]),
        ("02-compressed/small.csv.gz", BYTES, 0, &["compressed (gzip)", START]),
        ("02-compressed/data.jsonl.gz", JSON, 0, &["compressed (gzip)", START]),
        ("02-compressed/g.jsonl.gz", VALUES, 0, &["compressed (gzip)", START]),
        ("02-compressed/data.zip", ROWS, 0, &["compressed (zip", r#""PK\x03\x04"#, START]),
        ("02-compressed/data.zip", BYTES, 0, &["compressed (zip", START]),
        (
            "03-header-is-the-whole-object/b64.csv",
            ROWS,
            0,
            &["none of the record's columns", "aWQsbm", "one line; is it CSV?", START],
        ),
        ("03-header-is-the-whole-object/b64.csv", OPTIONAL, 0, &["none of the record's columns", "aWQsbm", START]),
        ("03-header-is-the-whole-object/b64.csv", TUPLES, 0, &["one line without a line end", "aWQsbm", "is it CSV?"]),
        ("03-header-is-the-whole-object/b64.csv", MAPS, 0, &["one line without a line end"]),
        ("03-header-is-the-whole-object/oneline.json", ROWS, 0, &["none of the record's columns", "JSON", "`format = jsonl`"]),
        ("03-header-is-the-whole-object/oneline.json", MAPS, 0, &["JSON", "`format = jsonl`"]),
        ("04-no-column-matches/sep_int.csv", OPTIONAL, 0, &["none of the record's columns", "`sep=`", r#""sep=;""#]),
        ("04-no-column-matches/sep_int.csv", LISTS, 0, &["`sep=`", r#""sep=;""#]),
        ("04-no-column-matches/tab.tsv", OPTIONAL, 0, &["none of the record's columns", r"id\tname\tamount", "by tabs"]),
        ("04-no-column-matches/tab.tsv", LISTS, 0, &[r"id\tname\tamount", "by tabs"]),
        ("04-no-column-matches/utf16le_tab.txt", OPTIONAL, 0, &["UTF-16", "`iconv -f UTF-16 -t UTF-8`", r"\xff\xfei\x00d"]),
        ("06-headerless/noheader.csv", ROWS, 0, &["none of the record's columns", r#""1", "a", "1.5""#, "without a header row?"]),
        ("06-headerless/noheader.csv", OPTIONAL, 0, &["none of the record's columns", "without a header row?"]),
        ("06-headerless/noheader.csv", TUPLES, 0, &[r#""1" where a column's name"#, "without a header row?", "first row"]),
        ("06-headerless/noheader.csv", LISTS, 0, &[r#""1" where a column's name"#, "without a header row?"]),
        ("06-headerless/noheader.csv", MAPS, 0, &[r#""1" where a column's name"#, "without a header row?"]),
        ("08-json-that-is-no-lines/array.json", JSON, 0, &["JSON array", "one value a line", "`jq -c '.[]'`", r#""[""#, START]),
        ("08-json-that-is-no-lines/array.json", VALUES, 0, &["JSON array", START]),
        ("08-json-that-is-no-lines/array_one.json", JSON, 0, &["JSON array", "`jq -c '.[]'`", r#"[{\"a\": 1}"#, START]),
        ("08-json-that-is-no-lines/pretty.json", JSON, 0, &["over several lines", "`jq -c .`", r#""{""#, START]),
        ("08-json-that-is-no-lines/pretty.json", VALUES, 0, &["over several lines", START]),
        ("09-delimiter/semicolon.csv", ROWS, 0, &["none of the record's columns", "id;name;amount", "separated by `;`"]),
        ("09-delimiter/semicolon.csv", TUPLES, 0, &["id;name;amount", "separated by `;`"]),
        ("09-delimiter/sep.csv", ROWS, 0, &["`sep=`", r#""sep=;""#]),
        ("09-delimiter/space_quote.csv", ROWS, 0, &[r#""name""#, r#"" name""#, "blanks are part of a name", "#[serde(rename"]),
        ("09-delimiter/space_quote.csv", OPTIONAL, 0, &[r#"" name""#, "blanks are part of a name"]),
        ("10-field-count-message/comment_top.csv", ROWS, 0, &["# exported 2024-04-22", "comments are not read"]),
        ("10-field-count-message/comment_top.csv", MAPS, 0, &["# exported 2024-04-22", "comments are not read"]),
        ("12-cr-only/cr_only.txt", STRINGS, 0, &["carriage return", "`tr '\\r' '\\n'`", r#""one\rtwo\rthree\r""#, START]),
        ("12-cr-only/cr_only.txt", BYTES, 0, &["carriage return", START]),
        ("12-cr-only/cr_only.jsonl", JSON, 0, &["carriage return", "`tr '\\r' '\\n'`", START]),
        ("13-utf16/utf16le_bom.csv", ROWS, 0, &["UTF-16", "`iconv", START]),
        ("13-utf16/utf16le_nobom.csv", MAPS, 0, &["`iconv -f UTF-16LE -t UTF-8`", r#"i\x00d\x00"#, START]),
        ("13-utf16/utf16le_nobom.csv", STRINGS, 0, &["UTF-16", START]),
        ("13-utf16/utf16le.jsonl", JSON, 0, &["UTF-16", START]),
        ("17-duplicate-header/dup_hdr.csv", ROWS, 0, &[r#"two columns of the name "name""#, r#""id", "name", "name""#, START]),
    ];
    assert_refused(&cases, 0);
    assert_refused(&cases, 1_000);
    assert_refused(&[("17-duplicate-header/dup_hdr.csv", MAPS, 0, &[r#"two columns of the name "name""#])], 9);
}

/// Records that are wrong: what stands there is shown, and what stands before is read.
#[test]
fn a_record_that_is_wrong_is_shown() {
    assert_refused(
        &[
            (
                "01-open-quote/quote_last.csv",
                ROWS,
                99,
                &["is not closed", r#"100,100.5,\"name100"#, "(record 99, line 101, byte 1473)"],
            ),
            (
                "01-open-quote/quote_mid.csv",
                ROWS,
                99,
                &["is not closed", r#"100,\"name100,100.5"#, "(record 99, line 101, byte 1473)"],
            ),
            (
                "08-json-that-is-no-lines/concat.jsonl",
                JSON,
                0,
                &["trailing characters", r#"found "{\"a\": 2}{"#, "line of its own"],
            ),
            ("09-delimiter/backslash.csv", ROWS, 0, &["a backslash before it", r#"1,\"say \\\"hi\\\" now\",1.5"#, "line 2"]),
            ("09-delimiter/backslash_one.csv", ROWS, 0, &["a backslash before it", "say", "line 2"]),
            ("09-delimiter/backslash_one.csv", LISTS, 0, &["a backslash before it", "say", "line 2"]),
            ("09-delimiter/ragged.csv", ROWS, 0, &["row has 2 fields, the header 3", r#""1,a""#, "line 2"]),
            ("09-delimiter/trail_rows.csv", ROWS, 0, &["row has 4 fields", r#""1,a,1,""#, "a comma at its end"]),
            ("09-delimiter/val_spaces.csv", ROWS, 0, &[r#"column "id": expected an integer, found " 1 ""#, "blanks"]),
            ("09-delimiter/space_quote.csv", LISTS, 0, &["row has 4 fields", r#"1, \"a, b\", 2"#, "without a blank"]),
            ("10-field-count-message/ctrlz.csv", ROWS, 2, &["row has 1 field", r#""\u{1a}""#, "Ctrl-Z", "line 4"]),
            ("10-field-count-message/spaces_line.csv", ROWS, 1, &["row has 1 field", r#""   ""#, "row of blanks", "line 3"]),
            ("11-jsonl-message/bom_mid.jsonl", JSON, 2, &["expected value", r#"\u{feff}{\"a\":3}"#, "byte order mark", "line 3"]),
            ("11-jsonl-message/ctrlz.jsonl", JSON, 2, &["expected value", r#""\u{1a}""#, "Ctrl-Z", "line 3"]),
            ("11-jsonl-message/nan.jsonl", JSON, 1, &["column 6", r#"found "NaN}""#, "no NaN", "line 2"]),
            ("11-jsonl-message/rs.jsonl", JSON, 0, &["column 1", r#"\u{1e}{\"a\":1}"#, "record separator", "line 1"]),
            ("12-cr-only/cr_only.csv", ROWS, 2, &[r#"column "amount": expected a number, found "x""#, "line 4, byte 27"]),
            ("14-csv-value-types/flat.csv", read::<Csv, Flattened>, 1, &["invalid type: integer `1234`", "flatten", "line 3"]),
        ],
        0,
    );
}

/// File, how it is read, records, and what is skipped: line and length.
type Skipped = (&'static str, Read, u64, &'static [(u64, usize)]);

#[test]
fn skipping_takes_the_bad_record_and_nothing_else() {
    let cases: [Skipped; 15] = [
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
fn an_open_quote_costs_its_line_where_a_later_row_closes_it() {
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

/// What is read, although it looks odd: object, how it is read, records.
#[test]
fn what_is_legal_is_read() {
    type Ids = (String, String);
    let long = format!("id,name,amount\n1,\"{}\",2\n2,b,3\n", "line\r\n".repeat(100_000));
    let cases: [(&[u8], Read, u64); 50] = [
        (b"", ROWS, 0),
        (b"", JSON, 0),
        (b"", STRINGS, 0),
        (b"\n\n", MAPS, 0),
        (b"id,name,amount", ROWS, 0),
        (b"id,name,amount\r\n", ROWS, 0),
        (b"id,name,amount\n", TUPLES, 0),
        (b"id,name,amount\n", MAPS, 0),
        (b"amount,\"id\",name\n2,1,a", ROWS, 1),
        (b"\xef\xbb\xbfid,name,amount\n1,a,2\n", ROWS, 1),
        (b"id,name,extra\n1,a,2\n", ROWS, 1),
        (b"id\n1\n", OPTIONAL, 1),
        (b"id,,\n1,,\n", MAPS, 1),
        (b"id,x,x\n1,,\n", OPTIONAL, 1),
        (b"id,x,x\n1,,\n", LISTS, 1),
        (b"city,2024,2025\nParis,1,2\n", MAPS, 1),
        (b",0,1\n0,a,b\n", MAPS, 1),
        (b"0,1,2\n5,a,2\n", TUPLES, 1),
        (b"n,1999\na,b\n", read::<Csv, BTreeMap<String, String>>, 1),
        (b"a;b,c\n1;2,3\n", MAPS, 1),
        (b"text\none; two\na|b\tc\n", LISTS, 2),
        (b"text\nC:\\dir\n\"C:\\dir\\\"\n5\" pipe\n\"odd\"x\n", LISTS, 4),
        (b"id,name,amount\r1,a,2\r2,b,3", ROWS, 2),
        (b"id,name,amount\n1,\"two\nlines, \"\"quoted\"\"\",2\n", ROWS, 1),
        (long.as_bytes(), ROWS, 2),
        (b"ORC,PAR1\na,b\n", read::<Csv, Ids>, 1),
        (b"BZh,PK\na,b\n", read::<Csv, Ids>, 1),
        (b"1", read::<Jsonl, u8>, 1),
        (b"[1]\n[2,3]\n", read::<Jsonl, Vec<u8>>, 2),
        (b"[1]\n[2,3]\n", VALUES, 2),
        (b"[{\"a\":1}]\n[]\n", VALUES, 2),
        (b"[4]\n[5]\n", JSON, 2),
        (b"{\"a\":\r1}\r\n{\"a\":2}", JSON, 2),
        (b"\xef\xbb\xbf\n \n{\"a\":2}", JSON, 1),
        (b"\"<\"\n", VALUES, 1),
        (b"\n", STRINGS, 1),
        (b"a\r\nb", STRINGS, 2),
        (b"a\r", STRINGS, 1),
        (b"10 %\r20 %\rdone\n", STRINGS, 1),
        (b"<?xml version=\"1.0\"?>\n<a/>\n", STRINGS, 2),
        (b"{\n[\n\"\n", STRINGS, 3),
        (b"a\0b\nc\0\n", STRINGS, 2),
        (b"\0\0\0\0\0\0\0\0after a crash\n", STRINGS, 1),
        (b"PARIS\nORCHARD\nBZh\n", STRINGS, 3),
        (b"one\n\x1a", STRINGS, 2),
        (b"\xff\xd8\xff\xe0\n\0\x01\r\x02", BYTES, 2),
        (b"\0\x01\r\x02\x03", BYTES, 1),
        (b"Gr\xfc\xdfe\n", BYTES, 1),
        (b"\x1f\x8b\n", BYTES, 1),
        (b"\xff\n", BYTES, 1),
    ];
    for (object, read, records) in cases {
        let outcome = read(object, 0);
        let shown = object.get(..80).unwrap_or(object).escape_ascii();
        assert_eq!(outcome, Outcome { records, skipped: Vec::new(), error: None }, "{shown}");
    }
}

/// What is not: object, how it is read, words of the error.
#[test]
fn what_is_not_what_it_seems_is_refused() {
    let cases: [(&[u8], Read, &str); 25] = [
        (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", ROWS, "XML or HTML"),
        (b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>\n", MAPS, "XML or HTML"),
        (b"<!DOCTYPE html>\n<html></html>\n", JSON, "XML or HTML"),
        (b"<html>\n", VALUES, "XML or HTML"),
        (b"{\"a\":\n1\n}\n", VALUES, "over several lines"),
        (b"[1,\n2\n]\n", read::<Jsonl, u8>, "JSON array"),
        (b"\n\n[\n1\n]\n", VALUES, "JSON array"),
        (b"id|name\n1|a\n", MAPS, "separated by `|`"),
        (b"Id,Name,Amount\n1,a,2\n", ROWS, "#[serde(rename"),
        (b"\xef\xbb\xbf\xef\xbb\xbfid,name,amount\n", OPTIONAL, "\\u{feff}id"),
        (b"id,amount \n1,2\n", OPTIONAL, "\"amount \" where the record has \"amount\""),
        (b"a,b,c\n1,2,3\n", OPTIONAL, "without a header row?"),
        (b"id,name,id\n1,a,2\n", ROWS, "two columns of the name \"id\""),
        (b"id,\"name,amount\n1,a,2\n", ROWS, "is not closed"),
        (b"\"", MAPS, "is not closed"),
        (b"id,\"name\n1,\"a\",2\n3,b\n", OPTIONAL, "the header is wrong: a quote opens"),
        (b"1,2\n3,4\n", read::<Csv, (u8, u8)>, "\"1\" where a column's name"),
        (b"2019,2020\n3,4\n", MAPS, "\"2019\" where a column's name"),
        (b"id\n1\n\x1a", LISTS, "Ctrl-Z"),
        (b"PAR1\x15\x04", LISTS, "Parquet"),
        (b"Obj\x01\x04\n", BYTES, "Avro"),
        (b"\x28\xb5\x2f\xfd\n", STRINGS, "zstd"),
        (b"\xfe\xff\0a\0\n", BYTES, "UTF-16"),
        (b"a\0\n\0", STRINGS, "UTF-16LE"),
        (b"a,b\rc", STRINGS, "carriage return"),
    ];
    for (object, read, words) in cases {
        let outcome = read(object, 0);
        let error = outcome.error.as_deref().unwrap_or_else(|| panic!("{} is read: {outcome:?}", object.escape_ascii()));
        assert!(error.contains(words), "no {words:?} in {error}");
    }
}

/// A quote that is not closed within the largest record, and what may be skipped of it.
#[test]
fn a_quote_that_is_left_open_for_more_than_a_record_may_have_costs_its_line() {
    const ROW: &str = "1,a row of some length that is no different from others,2\n";
    let rows = ROW.repeat(super::RECORD_LIMIT / ROW.len() + 1);
    let first = |name: &str| format!("id,name,amount\n{ROW}7,{name},1\n{rows}");
    let records = (rows.len() / ROW.len() + 1) as u64;
    let line = first("\"open");
    for (object, more) in [(line.clone(), 0), (format!("{line}8,b\",2\n"), 1), (format!("{line}8,\"b\",2\n"), 1)] {
        let outcome = read_in::<Csv, Row>(object.as_bytes(), 1, false);
        assert_eq!((outcome.records, outcome.error), (records + more, None), "{more}");
        assert_eq!(outcome.skipped, [(3, "7,\"open,1".len())]);
    }
    let outcome = read_in::<Csv, Row>(line.as_bytes(), 0, false);
    let error = outcome.error.unwrap();
    assert!(error.contains("is not closed") && error.contains("(record 1, line 3, byte 73)"), "{error}");
    let header = read_in::<Csv, Row>(line.replacen("id", "\"id", 1).as_bytes(), 9, false);
    assert!(header.error.unwrap().contains("is not closed"));
    let one_line = read_in::<Csv, Row>(format!("id,name,amount\n1,\"{}", "x".repeat(super::RECORD_LIMIT)).as_bytes(), 9, false);
    assert!(one_line.error.unwrap().contains("the record is longer than 16777216 bytes"));
    // What stands before a record that cannot be split is processed.
    let lines = read_in::<Lines, String>(format!("a\nb\n{}", "x".repeat(super::RECORD_LIMIT + 1)).as_bytes(), 9, false);
    assert_eq!(lines.records, 2);
    assert!(lines.error.unwrap().contains("(record 2, line 3, byte 4)"));
}

#[test]
fn a_record_of_more_than_a_mebibyte_is_not_skipped() {
    for (length, may_be) in [(0, true), (1 << 20, true), ((1 << 20) + 1, false)] {
        let raw = super::Raw {
            place: crate::Place::new(7, 8, 90),
            bytes: vec![b'x'; length],
            after: super::Reading { cursor: Cursor::default(), offset: 0, text: None, at_end: false },
        };
        let said = raw.check_skippable("the record does not decode: why").map_err(|error| {
            assert!(error.is_terminal());
            error.to_string()
        });
        let error = "the record does not decode: why; this record is not skipped, because it has 1048577 bytes, and at most 1048576 can be \
             (record 7, line 8, byte 90)";
        assert_eq!(said, if may_be { Ok(()) } else { Err(error.into()) });
    }
}
