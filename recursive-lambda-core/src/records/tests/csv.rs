//! Rows as values, and the messages for rows that are not.

use super::{LIMIT, Random, decode_all, first_error, read_whole};
use crate::records::Csv;
use crate::records::splitter::Splitter;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize, PartialEq)]
struct Order {
    id: u64,
    city: String,
    price: Option<f64>,
    paid: bool,
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    #[default]
    Open,
    Closed,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only its errors are looked at")]
struct Flattened {
    id: u64,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only its errors are looked at")]
struct Rest {
    city: String,
    status: Status,
}

#[test]
fn objects_without_rows_are_fine() {
    for (object, header) in [
        ("", ""),
        ("\n\r\n", ""),
        ("\u{feff}", ""),
        ("id,city", "id,city"),
        ("id,city\n", "id,city"),
        ("id,city\r\n\r\n", "id,city"),
        ("\u{feff}\nid,\"ci\nty\"\n", "\u{feff}\nid,\"ci\nty\""),
    ] {
        let reading = read_whole(Splitter::start(Csv::default(), LIMIT), object.as_bytes()).unwrap();
        assert_eq!((reading.records.len(), reading.header.as_slice()), (0, header.as_bytes()), "{object:?}");
        assert!(decode_all::<Csv, Order>(object.as_bytes()).1.is_none(), "{object:?}");
    }
}

#[test]
fn rows_become_values() {
    let object = "\u{feff}city,\"id\",paid,price,status\r\n\"Luchon,\n\"\"31\"\"\",1,true,,closed\r\n\r\nParis,2,false,1.5,open";
    let (orders, error) = decode_all::<Csv, Order>(object.as_bytes());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        orders,
        [
            Order { id: 1, city: "Luchon,\n\"31\"".into(), price: None, paid: true, status: Status::Closed },
            Order { id: 2, city: "Paris".into(), price: Some(1.5), paid: false, status: Status::Open },
        ]
    );
    assert_eq!(decode_all::<Csv, (String, u64, bool, String, String)>(object.as_bytes()).0[1].0, "Paris");
    assert_eq!(decode_all::<Csv, BTreeMap<String, String>>(object.as_bytes()).0[0]["city"], "Luchon,\n\"31\"");
}

#[test]
fn an_error_names_the_column() {
    let long = "x".repeat(1_000);
    let cases: [(&str, &str); 12] = [
        ("1,Paris,1.5", "row has 3 fields, the header 5"),
        ("1", "row has 1 field, the header 5"),
        ("1,Paris,1.5,true,open,", "row has 6 fields, the header 5"),
        ("one,Paris,,true,open", r#"column "id": expected an integer, found "one" (invalid digit found in string)"#),
        ("-1,Paris,,true,open", r#"column "id": expected an integer, found "-1" (invalid digit found in string)"#),
        ("1,Paris,\"1,5\",true,open", r#"column "price": expected a number, found "1,5" (invalid float literal)"#),
        (
            "1,Paris,,\"\x1b[2J\",open",
            r#"column "paid": expected true or false, found "\u{1b}[2J" (provided string was not `true` or `false`)"#,
        ),
        ("1,Paris,,true,shut", r#"column "status": unknown variant `shut`, expected `open` or `closed`"#),
        ("1,Paris,,true,\n", r#"column "status": unknown variant ``, expected `open` or `closed`"#),
        ("1,\"\n\",,true,open\n2,Paris,,yes,open", "(record 2, line 5, byte 62)"),
        (&format!("{long},Paris,,true,open"), &format!("found \"{}…\" (invalid", &long[..64])),
        (&format!("1,Paris,,true,{long}"), "…"),
    ];
    for (row, reason) in cases {
        let object = format!("id,city,price,paid,status\n7,Paris,,true,open\n{row}");
        let error = first_error::<Csv, Order>(object.as_bytes());
        assert!(error.contains(reason), "{row:?}: {error}");
        assert!(error.len() < 360, "{error}");
    }
}

#[test]
fn an_error_names_a_late_column() {
    let object = b"id,city,status\n1,Paris,open\n2,Paris,shut\n";
    let error = first_error::<Csv, Flattened>(object);
    assert!(error.contains(r#"decode: column "status": unknown variant `shut`, expected `open` or `closed` (record"#), "{error}");
}

#[test]
fn an_error_names_missing_columns() {
    let error = first_error::<Csv, Order>(b"id,town,price,paid\n1,Paris,,true\n");
    assert!(error.contains(r#"decode: missing field `city`; the columns are "id", "town", "price", "paid" (record"#), "{error}");
    let error = first_error::<Csv, (u64, u64, u64)>(b"id,town\n1,2\n");
    assert!(
        error.contains(r#"decode: invalid length 2, expected a tuple of size 3; the columns are "id", "town" (record"#),
        "{error}"
    );
}

#[test]
fn latin_1_is_an_error_of_its_column() {
    let error = first_error::<Csv, Order>(b"id,city,price,paid,status\n1,Orl\xe9ans,,true,open\n");
    assert!(error.contains("column \"city\": expected UTF-8, found \"Orl\u{fffd}ans\" (invalid utf-8"), "{error}");
}

#[test]
fn wide_rows_fit_the_buffers() {
    let mut random = Random(3);
    for fields in [1, 15, 16, 17, 33, 1_000] {
        let row: Vec<String> = (0..fields).map(|_| "\"\"".repeat(random.below(9))).collect();
        let quoted: Vec<String> = row.iter().map(|field| format!("\"{field}\"")).collect();
        let object = format!("{header}\n{row}\n{row}", header = vec!["h"; fields].join(","), row = quoted.join(","));
        let (rows, error) = decode_all::<Csv, Vec<String>>(object.as_bytes());
        assert!(error.is_none(), "{error:?}");
        let expected: Vec<String> = row.iter().map(|field| field.replace("\"\"", "\"")).collect();
        assert_eq!(rows, [expected.clone(), expected]);
    }
}
