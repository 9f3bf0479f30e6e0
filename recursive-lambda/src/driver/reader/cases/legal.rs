//! Objects that are read to their end, although they look odd.

use super::*;

/// What is read, although it looks odd: object, how it is read, records.
#[test]
fn legal_objects_are_read() {
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

#[test]
fn json_over_any_lines_is_read() {
    for (file, records) in [
        ("08-json-that-is-no-lines/array.json", 4),
        ("08-json-that-is-no-lines/array_one.json", 499),
        ("08-json-that-is-no-lines/concat.jsonl", 499),
        ("08-json-that-is-no-lines/pretty.json", 2),
        ("11-jsonl-message/rs.jsonl", 2),
        ("12-cr-only/cr_only.jsonl", 3),
        ("02-compressed/data.jsonl.gz", 499),
    ] {
        for read in [read::<Json, A>, read::<Json, serde_json::Value>] {
            let outcome = read(&case(file), 0);
            assert_eq!(outcome, Outcome { records, skipped: Vec::new(), error: None }, "{file}");
        }
    }
}

#[test]
fn compressed_objects_are_read() {
    for (file, read, records) in [
        ("data.csv.gz", ROWS, 500),
        ("data.csv.gz", MAPS, 500),
        ("small.csv.gz", ROWS, 20),
        ("small.csv.gz", LISTS, 20),
        ("small.csv.gz", STRINGS, 21),
        ("small.csv.gz", BYTES, 21),
        ("data.jsonl.gz", JSON, 499),
        ("g.jsonl.gz", VALUES, 100),
        ("data.csv.zst", ROWS, 500),
        ("data.csv.zst", LISTS, 500),
    ] {
        let outcome = read(&case(&format!("02-compressed/{file}")), 0);
        assert_eq!(outcome, Outcome { records, skipped: Vec::new(), error: None }, "{file}");
    }
}
