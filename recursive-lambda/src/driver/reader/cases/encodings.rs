//! Objects that are not UTF-8: decoded, and what cannot be decoded is an error of its record.

use super::*;
use crate::Encoding;

type ReadAs = fn(&Config, &[u8], usize) -> Outcome;

const fn encoding(label: &'static str) -> Config {
    Config::new(1).encoding(Encoding::new(label))
}

fn bytes(encoding: &str, text: &str) -> Vec<u8> {
    let label = encoding_rs::Encoding::for_label(encoding.as_bytes()).unwrap();
    let (bytes, _, is_missing) = label.encode(text);
    assert!(!is_missing, "{encoding}");
    bytes.into_owned()
}

#[test]
fn utf_16_with_a_mark_is_read() {
    for (file, read, records) in [
        ("13-utf16/utf16le_bom.csv", ROWS, 500),
        ("13-utf16/utf16le_bom.csv", STRINGS, 501),
        ("13-utf16/utf16le_bom.csv", BYTES, 501),
        ("13-utf16/utf16le.jsonl", JSON, 49),
    ] {
        let outcome = read(&case(file), 0);
        assert_eq!(outcome, Outcome { records, skipped: Vec::new(), error: None }, "{file}");
    }
}

#[test]
fn an_encoding_is_read() {
    let text: String = (0..300).map(|row| format!("{row},Müller €,{row}.5\n")).collect();
    let text = "id,name,amount\n".to_owned() + &text;
    let fine = |records| Outcome { records, skipped: Vec::new(), error: None };
    let config = encoding("windows-1252");
    let object = bytes("windows-1252", &text);
    assert_eq!(read_as::<Csv, Row>(Csv::default, &config, &object, 0), fine(300));
    assert_eq!(read_as::<Lines, String>(Lines::default, &config, &object, 0), fine(301));
    let config = encoding("utf-16le");
    assert_eq!(read_as::<Csv, Row>(Csv::default, &config, &case("13-utf16/utf16le_nobom.csv"), 0), fine(500));
    let text = "{\"a\":1,\"b\":\"東京\"}\n".repeat(50);
    for label in ["shift_jis", "iso-2022-jp", "euc-jp", "gb18030", "big5"] {
        let object = bytes(label, &text);
        assert_eq!(read_as::<Jsonl, A>(Jsonl::default, &encoding(label), &object, 0), fine(50), "{label}");
        assert_eq!(read_as::<Json, A>(Json::default, &encoding(label), &object, 0), fine(50), "{label}");
    }
}

#[test]
fn bytes_that_cannot_be_decoded_cost_their_record() {
    let mut object = bytes("shift_jis", "id,name,amount\n1,東,1\n2,?,2\n3,京,3\n");
    let at = object.iter().position(|byte| *byte == b'?').unwrap();
    object[at] = 0xfd;
    let config = encoding("shift_jis");
    let words = "after 2 bytes of its text come bytes that are not Shift_JIS: is `encoding` right? `encoding = replace(\"shift_jis\")` reads \
                 them as U+FFFD (record 1, line 3, byte 23 of the decoded text)";
    let formats: [(ReadAs, u64); 4] = [
        (|config, object, skip| read_as::<Csv, Row>(Csv::default, config, object, skip), 1),
        // The bad column is not asked for.
        (|config, object, skip| read_as::<Csv, Id>(Csv::default, config, object, skip), 1),
        (|config, object, skip| read_as::<Lines, String>(Lines::default, config, object, skip), 2),
        (|config, object, skip| read_as::<Lines, Vec<u8>>(Lines::default, config, object, skip), 2),
    ];
    for (read, before) in formats {
        let found = read(&config, &object, 0);
        let error = found.error.unwrap();
        assert!(found.records == before && error.contains(&words.replace("record 1", &format!("record {before}"))), "{error}");
        assert_eq!(read(&config, &object, 1), Outcome { records: before + 1, skipped: vec![(3, 5)], error: None });
        let replacing = Config::new(1).encoding(Encoding::new("shift_jis").replacing());
        assert_eq!(read(&replacing, &object, 0), Outcome { records: before + 2, skipped: Vec::new(), error: None });
    }
    let header = [b"id,n\xfdme\n".as_slice(), b"1,a\n"].concat();
    let error = read_as::<Csv, Id>(Csv::default, &config, &header, 1).error.unwrap();
    assert!(error.starts_with("the header does not decode: after 4 bytes"), "{error}");
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read is looked at")]
struct Id {
    id: u64,
}
