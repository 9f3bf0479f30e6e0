//! Objects and records that are refused, and what the error shows of them.

use super::*;

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
fn other_formats_are_refused() {
    const START: &str = "(record 0, line 1, byte 0)";
    let cases: [Refused; 36] = [
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
        (
            "03-header-is-the-whole-object/oneline.json",
            ROWS,
            0,
            &["none of the record's columns", "JSON", "`format = json`", "`format = jsonl`"],
        ),
        ("03-header-is-the-whole-object/oneline.json", MAPS, 0, &["JSON", "`format = jsonl`"]),
        ("04-no-column-matches/sep_int.csv", OPTIONAL, 0, &["none of the record's columns", "`sep=`", r#""sep=;""#]),
        ("04-no-column-matches/sep_int.csv", LISTS, 0, &["`sep=`", r#""sep=;""#]),
        (
            "04-no-column-matches/tab.tsv",
            OPTIONAL,
            0,
            &["none of the record's columns", r"id\tname\tamount", r"separated by '\t': write `tsv`"],
        ),
        ("04-no-column-matches/tab.tsv", LISTS, 0, &[r"id\tname\tamount", r"separated by '\t': write `tsv`"]),
        ("04-no-column-matches/utf16le_tab.txt", OPTIONAL, 0, &[r"id\tname\tamount", r"separated by '\t': write `tsv`"]),
        ("06-headerless/noheader.csv", ROWS, 0, &["none of the record's columns", r#""1", "a", "1.5""#, "without a header row?"]),
        ("06-headerless/noheader.csv", OPTIONAL, 0, &["none of the record's columns", "without a header row?"]),
        (
            "06-headerless/noheader.csv",
            TUPLES,
            0,
            &[r#""1" where a column's name"#, "without a header row?", "`csv(header = none)`"],
        ),
        ("06-headerless/noheader.csv", LISTS, 0, &[r#""1" where a column's name"#, "without a header row?"]),
        ("06-headerless/noheader.csv", MAPS, 0, &[r#""1" where a column's name"#, "without a header row?"]),
        ("08-json-that-is-no-lines/array.json", JSON, 0, &["JSON array", "one value a line", "`format = json`", r#""[""#, START]),
        ("08-json-that-is-no-lines/array.json", VALUES, 0, &["JSON array", START]),
        ("08-json-that-is-no-lines/array_one.json", JSON, 0, &["JSON array", "`format = json`", r#"[{\"a\": 1}"#, START]),
        ("08-json-that-is-no-lines/pretty.json", JSON, 0, &["over several lines", "`format = json`", r#""{""#, START]),
        ("08-json-that-is-no-lines/pretty.json", VALUES, 0, &["over several lines", START]),
        (
            "09-delimiter/semicolon.csv",
            ROWS,
            0,
            &["none of the record's columns", "id;name;amount", "separated by ';': write `csv(delimiter = ';')`"],
        ),
        ("09-delimiter/semicolon.csv", TUPLES, 0, &["id;name;amount", "separated by ';': write `csv(delimiter = ';')`"]),
        ("09-delimiter/sep.csv", ROWS, 0, &["`sep=`", r#""sep=;""#]),
        ("09-delimiter/space_quote.csv", ROWS, 0, &[r#""name""#, r#"" name""#, "blanks are part of a name", "`csv(trim)`"]),
        ("09-delimiter/space_quote.csv", OPTIONAL, 0, &[r#"" name""#, "blanks are part of a name"]),
        ("10-field-count-message/comment_top.csv", ROWS, 0, &["# exported 2024-04-22", "write `csv(comment = '#')`"]),
        ("10-field-count-message/comment_top.csv", MAPS, 0, &["# exported 2024-04-22", "write `csv(comment = '#')`"]),
        ("12-cr-only/cr_only.txt", STRINGS, 0, &["carriage return", "`tr '\\r' '\\n'`", r#""one\rtwo\rthree\r""#, START]),
        ("12-cr-only/cr_only.txt", BYTES, 0, &["carriage return", START]),
        ("12-cr-only/cr_only.jsonl", JSON, 0, &["carriage return", "`tr '\\r' '\\n'`", START]),
        ("13-utf16/utf16le_nobom.csv", MAPS, 0, &["write `encoding = \"utf-16le\"`", r#"i\x00d\x00"#, START]),
        ("13-utf16/utf16le_nobom.csv", STRINGS, 0, &["UTF-16", START]),
        ("17-duplicate-header/dup_hdr.csv", ROWS, 0, &[r#"two columns of the name "name""#, r#""id", "name", "name""#, START]),
    ];
    assert_refused(&cases, 0);
    assert_refused(&cases, 1_000);
    assert_refused(&[("17-duplicate-header/dup_hdr.csv", MAPS, 0, &[r#"two columns of the name "name""#])], 9);
}
/// Records that are wrong: what stands there is shown, and what stands before is read.
#[test]
fn a_bad_record_is_shown() {
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
                &["trailing characters", r#"found "{\"a\": 2}{"#, "line of its own", "`format = json`"],
            ),
            ("09-delimiter/backslash.csv", ROWS, 0, &["a backslash before it", r#"1,\"say \\\"hi\\\" now\",1.5"#, "line 2"]),
            ("09-delimiter/backslash_one.csv", ROWS, 0, &["a backslash before it", "say", "line 2"]),
            ("09-delimiter/backslash_one.csv", LISTS, 0, &["a backslash before it", "say", "line 2"]),
            ("09-delimiter/ragged.csv", ROWS, 0, &["row has 2 fields, the header 3", r#""1,a""#, "line 2"]),
            (
                "09-delimiter/trail_rows.csv",
                ROWS,
                0,
                &["row has 4 fields", r#""1,a,1,""#, "it has ',' at its end", "`csv(flexible)`"],
            ),
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
/// What is not: object, how it is read, words of the error.
#[test]
fn misleading_objects_are_refused() {
    let cases: [(&[u8], Read, &str); 25] = [
        (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", ROWS, "XML or HTML"),
        (b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>\n", MAPS, "XML or HTML"),
        (b"<!DOCTYPE html>\n<html></html>\n", JSON, "XML or HTML"),
        (b"<html>\n", VALUES, "XML or HTML"),
        (b"{\"a\":\n1\n}\n", VALUES, "over several lines"),
        (b"[1,\n2\n]\n", read::<Jsonl, u8>, "JSON array"),
        (b"\n\n[\n1\n]\n", VALUES, "JSON array"),
        (b"id|name\n1|a\n", MAPS, "write `csv(delimiter = '|')`"),
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
        (b"\x28\xb5\x2f\xfd\n", STRINGS, "a zstd header is not one"),
        (b"\xff\xfe\0\0a\0\0\0", BYTES, "UTF-32"),
        (b"a\0\n\0", STRINGS, "UTF-16LE"),
        (b"a,b\rc", STRINGS, "carriage return"),
    ];
    for (object, read, words) in cases {
        let outcome = read(object, 0);
        let error = outcome.error.as_deref().unwrap_or_else(|| panic!("{} is read: {outcome:?}", object.escape_ascii()));
        assert!(error.contains(words), "no {words:?} in {error}");
    }
}

/// A compressed object that is damaged or cut, or whose text is wrong: the records before it are read.
#[test]
fn damaged_compression_names_its_offset() {
    let text = "id,name,amount\n".to_owned() + &"1,a,2\n".repeat(99);
    let cases = |compressed: fn(usize) -> Compressed, magic: &[u8], kind| {
        let whole = compress(text.as_bytes(), compressed(200));
        let at = whole.len() - 8;
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        [
            ("cut", whole[..whole.len() - 30].to_vec(), format!("the object ends in the middle of {kind} data (at byte ")),
            ("damaged", damaged, format!("{kind} data is")),
            (
                "a bad record",
                compress((text.clone() + "x,a,2\n").as_bytes(), compressed(200)),
                "line 101, byte 609 of the decompressed text)".into(),
            ),
            ("twice", compress(&[magic, &[0; 20]].concat(), compressed(1 << 20)), format!("({kind}): `compression = none`")),
            ("trailing text", [&whole, b"id\nid\n".as_slice()].concat(), format!("these bytes are not {kind}")),
        ]
    };
    let gzip = cases(Compressed::Gzip, b"\x1f\x8b\x08", "gzip");
    let zstd = cases(Compressed::Zstd, b"\x28\xb5\x2f\xfd", "zstd");
    for (name, object, words) in gzip.into_iter().chain(zstd) {
        let outcome = ROWS(&object, 0);
        let error = outcome.error.unwrap_or_else(|| panic!("{name} is read"));
        assert!(error.contains(&words), "{name}: {error}");
        assert!(outcome.records <= 99, "{name}: {}", outcome.records);
    }
}
