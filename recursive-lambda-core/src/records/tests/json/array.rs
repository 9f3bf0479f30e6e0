//! An array that is the object.

use super::{Case, check};
use crate::records::Json;

#[test]
fn the_values_of_an_array_are_records() {
    let cases: [Case<'_>; 11] = [
        ("[]", &[], &[]),
        ("[\n]\n", &[], &[]),
        ("\u{feff} \n[ ] \r\n\t", &[], &[]),
        ("[1]", &["1"], &[]),
        ("[1,2,3]", &["1", "2", "3"], &[]),
        ("[1,]", &["1"], &[]),
        ("\u{feff}\n [\n  1 ,\n  [2, [3]],\r\n  {\"a\": [\"]}\\\"\"]}\n]\n", &["1", "[2, [3]]", "{\"a\": [\"]}\\\"\"]}"], &[]),
        (r#"["","\\","\"",",]","\u005d"]"#, &[r#""""#, r#""\\""#, r#""\"""#, r#"",]""#, r#""\u005d""#], &[]),
        ("[true,false,null,-1.5e+3]", &["true", "false", "null", "-1.5e+3"], &[]),
        ("[{\n\"a\": 1\n},\n{\n\"a\": 2\n}]", &["{\n\"a\": 1\n}", "{\n\"a\": 2\n}"], &[]),
        ("[[],{}, [] ]", &["[]", "{}", "[]"], &[]),
    ];
    check(Json::default, &cases);
}

#[test]
fn an_array_is_refused_where_it_is_wrong() {
    let cases: [Case<'_>; 29] = [
        // Cut.
        ("[", &[], &[(1, 0, "the array is not closed; was the upload cut?")]),
        ("\n [ \n", &[], &[(1, 0, "the array is not closed")]),
        ("[1", &[], &[(1, 1, "the array is not closed; was the upload cut?: \"1\"")]),
        ("[1,", &[], &[(1, 1, "the array is not closed")]),
        ("[1,\n2,\n", &["1"], &[(2, 4, "the array is not closed; was the upload cut?: \"2\"")]),
        ("[1,2\n", &["1"], &[(1, 3, "the array is not closed")]),
        ("[1,{\"a\":[", &["1"], &[(1, 3, "a string or bracket is not closed; was the upload cut?: \"{\\\"a\\\":[\"")]),
        ("[1,\"a", &["1"], &[(1, 3, "a string or bracket is not closed")]),
        ("[1,\"a\\", &["1"], &[(1, 3, "a string or bracket is not closed")]),
        // Commas.
        ("[1 2]", &["2"], &[(1, 1, "a comma is missing after this value: \"1\"")]),
        ("[{\"a\":1}\n{\"a\":2}]", &["{\"a\":2}"], &[(1, 1, "a comma is missing")]),
        ("[,1]", &["1"], &[(1, 1, "a value is missing before this comma: \",\"")]),
        ("[1,,2]", &["1", "2"], &[(1, 3, "a value is missing")]),
        ("[1,\n,,2]", &["1", "2"], &[(2, 4, "a value is missing")]),
        // Brackets.
        ("[},1]", &["1"], &[(1, 1, "this bracket closes nothing: \"}\"")]),
        ("[1}", &[], &[(1, 1, "a comma is missing"), (1, 2, "closes nothing")]),
        (
            "[{\"a\":[1},\n{\"a\":2}]",
            &["{\"a\":2}"],
            &[(1, 1, "the last bracket is of another kind than the one that it closes")],
        ),
        ("[{\"a\":1,{\"a\":2}]", &[], &[(1, 1, "another kind")]),
        (
            "[\n{\"a\":1,\n{\"a\":2},\n{\"a\":3}\n]\n",
            &["{\"a\":2}", "{\"a\":3}"],
            &[(2, 2, "is not closed; was the upload cut?: \"{\\\"a\\\":1,\"")],
        ),
        // Strings.
        (
            "[\n\"a,\n\"b\",\n\"c\"\n]",
            &["\"b\"", "\"c\""],
            &[(2, 2, "a string is not closed on its line (a line end in a string is written `\\n`): \"\\\"a,\"")],
        ),
        ("[\n{\"a\":\"x\\\r\n,{\"a\":2}\n]", &["{\"a\":2}"], &[(2, 2, "a string is not closed on its line")]),
        // What the decoder refuses.
        ("[1,nope,3]", &["1", "3"], &[(1, 3, "expected ident at column 2, found \"ope\"")]),
        ("[NaN,{\"a\":1,}]", &[], &[(1, 1, "JSON has no NaN"), (1, 5, "trailing comma at column 8, found \"}\"")]),
        ("[1,\u{1e}2]", &["1"], &[(1, 3, "expected value")]),
        // After the array.
        (
            "[1]\n[2, 3]\n[4]\n",
            &["1", "2", "3", "4"],
            &[
                (1, 2, "another value follows the array (`format = jsonl` reads an array per line): \"]\\n[\""),
                (2, 9, "another value"),
            ],
        ),
        ("[][1]", &["1"], &[(1, 1, "another value follows the array")]),
        ("[1]]\n", &["1"], &[(1, 2, "another value follows the array")]),
        ("[1]\n\u{1a}", &["1"], &[(1, 2, "another value follows the array")]),
        (
            "[1] x\r\n2",
            &["1"],
            &[(1, 2, "the array (`format = jsonl` reads an array per line): \"] x\""), (2, 7, "is not closed")],
        ),
    ];
    check(Json::default, &cases);
}
