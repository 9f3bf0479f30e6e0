//! What a line of JSON is.

use super::{decode_all, first_error};
use crate::records::Jsonl;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only its errors are looked at")]
struct Order {
    id: u64,
    status: Status,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Open,
}

#[test]
fn each_nonblank_line_is_a_value() {
    let cases: [(&str, &[i64]); 7] = [
        ("", &[]),
        ("\u{feff}", &[]),
        ("1", &[1]),
        ("\u{feff}1\n2\n", &[1, 2]),
        ("1\r\n\r\n \t\r\n2", &[1, 2]),
        ("\n\n 1 \n\n", &[1]),
        ("1\n   ", &[1]),
    ];
    for (object, values) in cases {
        let (found, error) = decode_all::<Jsonl, i64>(object.as_bytes());
        assert!(error.is_none(), "{object:?}: {error:?}");
        assert_eq!(found, values, "{object:?}");
    }
}

#[test]
fn an_error_says_where_in_the_line() {
    let long = format!(r#"{{"id":"{}"}}"#, "9".repeat(5_000));
    let cases: [(&str, &str); 6] = [
        (r#"{"id":1"#, r#"EOF while parsing an object at column 7, found "{\"id\":1""#),
        (r#"{"id":1,}"#, r#"trailing comma at column 9, found "}""#),
        (
            r#"{"id":1,"status":"open"} {}"#,
            r#"trailing characters at column 26, found "{}"; each value needs a line of its own; without that, write `format = json`"#,
        ),
        (r#"{"id":1,"status":"\u0007"}"#, "unknown variant `\\u{7}`, expected `open` at column 25"),
        (r#"{"id":1}"#, "missing field `status` at column 8"),
        (&long, "…"),
    ];
    for (line, reason) in cases {
        let error = first_error::<Jsonl, Order>(format!("\n{{\"id\":7,\"status\":\"open\"}}\n{line}\n").as_bytes());
        let found = error.strip_prefix("the record does not decode: ").unwrap();
        let found = found.strip_suffix(" (record 1, line 3, byte 26)").unwrap();
        if reason == "…" {
            assert!(found.len() < 300 && found.contains("expected u64 at column 5008"), "{found}");
        } else {
            assert_eq!(found, reason);
        }
    }
}
