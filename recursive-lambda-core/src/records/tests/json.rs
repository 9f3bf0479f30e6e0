//! What the values of an object are, in an array and without one, and what is refused.

mod agrees;
mod array;
mod at_key;

use super::{LIMIT, first_error, read_whole};
use crate::records::splitter::{Next, Splitter};
use crate::records::{Decode, Format, Json};
use serde::Deserialize;
use serde_json::Value;

pub(super) fn at_a() -> Json {
    Json::default().at("a")
}

/// What a reader that skips every error sees: the records as they are in the object, and the errors with their line and offset.
#[derive(Debug, PartialEq)]
struct Seen {
    records: Vec<String>,
    errors: Vec<(u64, u64, String)>,
}

fn read(json: Json, object: &[u8]) -> Seen {
    let mut seen = Seen { records: Vec::new(), errors: Vec::new() };
    let mut splitter = Splitter::start(json, LIMIT);
    splitter.push(object);
    splitter.finish();
    let decode = |json: &mut Json, bytes: &[u8]| {
        let _: Value = json.decode(bytes)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    };
    loop {
        let error = match splitter.next(decode) {
            Ok(Next::Record { value: Ok(value), .. }) => {
                seen.records.push(value);
                continue;
            }
            Ok(Next::Record { value: Err(undecoded), .. }) => undecoded.error,
            Ok(Next::End) => return seen,
            Ok(Next::More) => panic!("more bytes asked for after the last"),
            Err(error) => error,
        };
        let place = error.place().unwrap();
        seen.errors.push((place.line, place.offset, error.to_string()));
        if splitter.header().is_none() {
            return seen;
        }
    }
}

/// Object, records, errors: line, offset, words.
type Case<'a> = (&'a str, &'a [&'a str], &'a [(u64, u64, &'a str)]);

fn check(json: fn() -> Json, cases: &[Case<'_>]) {
    for (object, records, errors) in cases {
        let seen = read(json(), object.as_bytes());
        assert_eq!(seen.records, *records, "{object:?}: {seen:?}");
        let places: Vec<_> = seen.errors.iter().map(|(line, offset, _)| (*line, *offset)).collect();
        assert_eq!(places, errors.iter().map(|(line, offset, _)| (*line, *offset)).collect::<Vec<_>>(), "{object:?}: {seen:?}");
        for ((_, _, error), (_, _, words)) in seen.errors.iter().zip(*errors) {
            assert!(error.contains(words), "{object:?}: no {words:?} in {error}");
            assert!(error.chars().count() <= 420, "{error}");
        }
    }
}

#[test]
fn values_without_an_array_are_records() {
    let cases: [Case<'_>; 9] = [
        ("", &[], &[]),
        (" \n\n\t", &[], &[]),
        ("\u{feff}", &[], &[]),
        ("{\"a\":1}{\"a\":2}\n\n{\"a\":\n3}", &["{\"a\":1}", "{\"a\":2}", "{\"a\":\n3}"], &[]),
        ("{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n", &["{\n  \"a\": 1\n}", "{\n  \"a\": 2\n}"], &[]),
        ("1 2\n3[4]\"5\"6", &["1", "2", "3", "[4]", "\"5\"", "6"], &[]),
        ("{}[][]{}", &["{}", "[]", "[]", "{}"], &[]),
        ("\u{1e}[1]\n\u{1e}[2]\n\u{1e}3\u{1e}{}", &["[1]", "[2]", "3", "{}"], &[]),
        ("{\"a\":\r1}\r{\"a\":2}\r", &["{\"a\":\r1}", "{\"a\":2}"], &[]),
    ];
    check(Json::default, &cases);
}

#[test]
fn wrong_values_without_an_array_are_refused() {
    let cases: [Case<'_>; 17] = [
        ("{", &[], &[(1, 0, "a string or bracket is not closed; was the upload cut?")]),
        ("{\"a\":1}\n{\"a\":", &["{\"a\":1}"], &[(2, 8, "a string or bracket is not closed")]),
        ("{\"a\":1},\n{\"a\":2},\n", &["{\"a\":1}", "{\"a\":2}"], &[(1, 7, "this comma is in no array"), (2, 16, "this comma")]),
        ("1,2", &["1", "2"], &[(1, 1, "this comma is in no array, and values without an array around them have no commas")]),
        ("}", &[], &[(1, 0, "this bracket closes nothing")]),
        ("{}]\n{}", &["{}", "{}"], &[(1, 2, "this bracket closes nothing: \"]\"")]),
        ("{\"a\":[1}\n{\"a\":2}", &["{\"a\":2}"], &[(1, 0, "another kind")]),
        // An open bracket costs its line, or the value, if another can be seen to begin.
        (
            "{\"a\":1\n{\"a\":2}\n{\"a\":3}\n",
            &["{\"a\":2}", "{\"a\":3}"],
            &[(1, 0, "is not closed; was the upload cut?: \"{\\\"a\\\":1\"")],
        ),
        ("{\n \"a\": [\n{\n \"a\": 1\n}\n", &["{\n \"a\": 1\n}"], &[(1, 0, "is not closed")]),
        ("{\n \"a\": {\n  \"b\": 1\n }\n", &[], &[(1, 0, "is not closed")]),
        (
            "\u{1e}{\"a\":1\n\u{1e}{\"a\":2}\n",
            &["{\"a\":2}"],
            &[(1, 1, "not closed before the next record separator (RFC 7464)")],
        ),
        // An open quote costs its line.
        (
            "{\"a\":\"x}\r\n{\"a\":2}\n{\"a\":\"\n\"",
            &["{\"a\":2}"],
            &[(1, 0, "on its line"), (3, 18, "on its line"), (4, 25, "is not closed")],
        ),
        ("{\"a\":\n\"x\\\n {\"a\":2}", &["{\"a\":2}"], &[(1, 0, "on its line")]),
        (
            "{\"a\":1}\n\u{feff}{\"a\":2}",
            &["{\"a\":1}", "{\"a\":2}"],
            &[(2, 8, "byte order mark, which is skipped only at the start")],
        ),
        ("{}\n\u{1a}", &["{}"], &[(2, 3, "Ctrl-Z")]),
        ("{\n \"a\": 1,\n \"b\": 01\n}", &[], &[(1, 0, "invalid number at line 3 of the value, column 8, found \"1\\n}\"")]),
        ("id,city\n", &[], &[(1, 0, "expected value at column 1, found \"id\""), (1, 2, "this comma"), (1, 3, "expected value")]),
    ];
    check(Json::default, &cases);
}

#[test]
fn brackets_may_be_128_deep() {
    for (depth, words) in [
        (127, None),
        (128, Some("recursion limit exceeded")),
        (129, Some("more than 128 brackets")),
        (500, Some("more than 128")),
    ] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let value = format!("{}0{}", open.repeat(depth), close.repeat(depth));
            for (json, object) in [(Json::default(), format!("[{value},1]")), (Json::default(), format!("0{value}1"))] {
                let seen = read(json, object.as_bytes());
                let found: Vec<_> = seen.errors.iter().map(|(line, offset, _)| (*line, *offset)).collect();
                let expected = if words.is_some() { vec![(1, 1)] } else { vec![] };
                assert_eq!((found, seen.records.last().unwrap().as_str()), (expected, "1"), "{depth}: {seen:?}");
                assert!(words.is_none_or(|words| seen.errors[0].2.contains(words)), "{depth}: {seen:?}");
            }
        }
    }
}

#[test]
fn a_long_value_costs_its_line_or_the_run() {
    let lines = "{\"a\":\"x\"}\n".repeat(LIMIT / 8);
    let read = |object: &str| read_whole(Splitter::start(Json::default(), LIMIT), object.as_bytes());
    for object in [format!("{{\"a\":[\n{lines}"), format!("{{\"a\":\"\n{lines}")] {
        let whole = read(&object).unwrap();
        let bad: Vec<_> = whole.records.iter().filter_map(|found| found.bad.as_ref().map(|_| found.place.offset)).collect();
        assert_eq!((whole.records.len(), bad), (LIMIT / 8 + 1, vec![0]));
    }
    let error = read(&format!("{{\"a\":[{}", lines.replace('\n', ","))).unwrap_err().to_string();
    assert!(error.contains("the record is longer than 1048576 bytes"), "{error}");
    let error =
        read_whole(Splitter::start(at_a(), LIMIT), format!("{{\"b\":[{}", lines.replace('\n', ",")).as_bytes()).unwrap_err();
    assert!(error.to_string().contains("more than 16 MiB before the array"), "{error}");
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only its errors are looked at")]
struct Order {
    id: u64,
}

#[test]
fn an_error_says_where_in_the_value() {
    let cases = [
        (
            "[{\"id\":1}, {\"id\":\"x\"}]",
            "the record does not decode: invalid type: string \"x\", expected u64 at column 9 (record 1, line 1, byte 11)",
        ),
        (
            "\n[\n{\n  \"id\": -1\n}]",
            "the record does not decode: invalid value: integer `-1`, expected u64 at line 2 of the value, column 10 (record 0, line 3, byte 3)",
        ),
        ("{}", "the record does not decode: missing field `id` at column 2 (record 0, line 1, byte 0)"),
        (
            "<html>",
            "the object is XML or HTML, as the error page of a server is, not JSON: expected value at column 1, found \"<html>\" (record 0, line 1, byte 0)",
        ),
        ("PK\x03\x04", "compressed (zip"),
    ];
    for (object, message) in cases {
        let error = first_error::<Json, Order>(object.as_bytes());
        assert!(error.contains(message), "{object:?}: {error}");
    }
}

#[test]
fn options_are_text() {
    assert_eq!(Json::default().options(), "");
    assert_eq!(Json::default().at("a \"b\"").options(), r#"(at = "a \"b\"")"#);
}
