//! The array at a key of the object.

use super::{Case, at_a, check};

#[test]
fn the_array_at_a_key_is_read() {
    let cases: [Case<'_>; 10] = [
        ("", &[], &[]),
        ("\u{feff}\n", &[], &[]),
        ("{\"a\":[]}", &[], &[]),
        ("{\"a\":[1,2]}", &["1", "2"], &[]),
        ("\u{feff}\n{ \"b\" : [0] , \"a\" : [ 1 , 2 ] , \"a\": [3] }", &["1", "2"], &[]),
        ("{\"b\":{\"a\":[0]},\"c\":\"\\\"a\\\":[0]\",\"d\":1.5,\"e\":nope,\"\\u0061\":[1]}", &["1"], &[]),
        ("{\"a\\\"\":[0],\"A\":[0],\"a\":[1]}", &["1"], &[]),
        ("{\"a\":[1]", &["1"], &[]),
        ("{\"a\":[1]]{\"\n\n[", &["1"], &[]),
        ("{\"a\":[[1],{\"a\":[2]},]", &["[1]", "{\"a\":[2]}"], &[]),
    ];
    check(at_a, &cases);
}

#[test]
fn an_object_without_the_array_is_refused() {
    const LATE: &str = "the object ends before the array that `at` names; was the upload cut,";
    let cases: [Case<'_>; 23] = [
        ("[1]", &[], &[(1, 0, "the object is not one JSON object, in which `at` names an array; without `at`, `json` reads")]),
        ("1", &[], &[(1, 0, "not one JSON object")]),
        ("{", &[], &[(1, 0, LATE)]),
        ("{\"a", &[], &[(1, 0, LATE)]),
        ("{\"a\"", &[], &[(1, 0, LATE)]),
        ("{\"a\":", &[], &[(1, 0, LATE)]),
        ("{\"b\":1", &[], &[(1, 0, LATE)]),
        ("{\"b\":[", &[], &[(1, 0, LATE)]),
        ("{\"b\":1,", &[], &[(1, 0, LATE)]),
        ("{\"a\":[", &[], &[(1, 0, "the array is not closed; was the upload cut?")]),
        ("{\"a\":[1", &[], &[(1, 6, "the array is not closed; was the upload cut?: \"1\"")]),
        ("{}", &[], &[(1, 0, "does not have the key that `at` names")]),
        ("{\"b\":{\"a\":[1]}}{\"a\":[1]}", &[], &[(1, 0, "does not have the key that `at` names; only its own keys count")]),
        ("{\"A\":[1],}", &[], &[(1, 0, "does not have the key that `at` names")]),
        ("{\"a\":{\"a\":[1]}}", &[], &[(1, 0, "the value of the key that `at` names is not an array; it begins with \"{")]),
        ("{\"a\":null}", &[], &[(1, 0, "is not an array")]),
        ("{a:[1]}", &[], &[(1, 0, "the object is not JSON: before the array")]),
        ("{\"b\" 1,\"a\":[1]}", &[], &[(1, 0, "the object is not JSON")]),
        ("{\"b\":,\"a\":[1]}", &[], &[(1, 0, "the object is not JSON")]),
        ("{\"b\":1 2,\"a\":[1]}", &[], &[(1, 0, "the object is not JSON")]),
        ("{\"b\":[1},\"a\":[1]}", &[], &[(1, 0, "another kind")]),
        ("{\"\\x\":1,\"a\":[1]}", &[], &[(1, 0, "the object is not JSON")]),
        ("{\"b\n\":1,\"a\":[1]}", &[], &[(1, 0, "a string is not closed on its line")]),
    ];
    check(at_a, &cases);
}
