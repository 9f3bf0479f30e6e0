//! `Json` and `serde_json` on the same objects: every short one, and random ones.

use super::{Seen, at_a, read};
use crate::records::Json;
use crate::records::tests::{Random, every};
use serde_json::Deserializer;
use serde_json::value::RawValue;

/// The values as they are in the object, or `None` if `serde_json` refuses it.
fn values(object: &[u8]) -> Option<Vec<String>> {
    let values: Vec<Box<RawValue>> = if is_array(object) {
        serde_json::from_slice(object).ok()?
    } else {
        Deserializer::from_slice(object).into_iter().collect::<Result<_, _>>().ok()?
    };
    Some(values.iter().map(|value| value.get().to_owned()).collect())
}

fn is_array(object: &[u8]) -> bool {
    object.trim_ascii_start().starts_with(b"[")
}

/// The array without the comma after its last value.
fn without_last_comma(object: &[u8]) -> Option<Vec<u8>> {
    let values = object.trim_ascii_end().strip_suffix(b"]")?.trim_ascii_end().strip_suffix(b",")?;
    Some([values, b"]"].concat())
}

/// Whether both read it.
fn check(object: &[u8]) -> bool {
    let (seen, shown) = (read(Json::default(), object), object.escape_ascii());
    match values(object) {
        Some(records) => {
            assert_eq!(seen, Seen { records, errors: Vec::new() }, "{shown}");
            true
        }
        None if seen.errors.is_empty() => {
            let lenient = without_last_comma(object).and_then(|object| values(&object));
            assert_eq!(Some(seen.records), lenient, "{shown} is read, and should be an error");
            true
        }
        None => false,
    }
}

/// The same with the array in an object: it is read as it is alone, up to its end.
fn check_at(array: &[u8]) {
    let object = [br#"{"b": "\"a\":[", "\u0061" :"#, array].concat();
    let (seen, shown) = (read(at_a(), &object), object.escape_ascii());
    if let Some(records) = values(array).filter(|_| is_array(array)) {
        assert_eq!(seen, Seen { records, errors: Vec::new() }, "{shown}");
    } else if seen.errors.is_empty() {
        let is_the_same = |end: usize| is_array(&array[..end]) && read(Json::default(), &array[..end]) == seen;
        assert!((1..=array.len()).any(is_the_same), "{shown} is read: {seen:?}");
    }
}

#[test]
fn on_every_short_object() {
    let mut read = 0;
    for length in 0..=5 {
        for object in every(b"[]{}\",:1 \n", length) {
            read += usize::from(check(&object));
        }
    }
    assert!(read > 1_000, "{read} objects are read");
    for length in 0..=6 {
        every(b"[],\"\n1", length).for_each(|object| {
            check(&object);
            check_at(&object);
        });
        every(b"{}\"\\:1", length).for_each(|object| {
            check(&object);
        });
    }
}

#[test]
fn on_random_objects() {
    const TOKENS: [&str; 16] =
        ["[", "]", "{", "}", "{\"a\":", "\"b\":1", ",", ",", " ", "\n", "1", "-2.5", "null", "\"\\\"]\"", "\"", "\"\""];
    let mut random = Random(7);
    for round in 0..60_000 {
        let inner = random.text(&TOKENS, round % 12);
        check(&inner);
        let array = [b"[", inner.as_slice(), b"]"].concat();
        check(&array);
        check_at(&array);
    }
}

#[test]
fn on_random_values() {
    let mut random = Random(11);
    for _ in 0..5_000 {
        let values: Vec<String> = (0..random.below(5)).map(|_| value(&mut random, 3)).collect();
        let array = format!("{}[{}]{}", blank(&mut random), values.join(","), blank(&mut random));
        assert!(check(array.as_bytes()), "{array}");
        check_at(array.as_bytes());
        // One byte less or more: an error, or still the same as in serde_json.
        let mut changed = array.clone().into_bytes();
        let at = random.below(changed.len());
        if random.below(2) == 0 {
            changed.remove(at);
        } else {
            changed.insert(at, b"[]{}\",:\\\n1 "[random.below(11)]);
        }
        check(&changed);
        let objects = values.iter().map(|value| format!("{{\"a\":{value}}}{}", blank(&mut random))).collect::<String>();
        assert!(check(objects.as_bytes()), "{objects}");
    }
}

fn blank(random: &mut Random) -> &'static str {
    ["", " ", "\n", "\r\n\t"][random.below(4)]
}

/// A legal value with blanks around it.
fn value(random: &mut Random, depth: usize) -> String {
    let inner = |random: &mut Random, name: &str| {
        let values: Vec<String> = (0..random.below(4)).map(|_| format!("{name}{}", value(random, depth - 1))).collect();
        values.join(",")
    };
    let value = match random.below(if depth == 0 { 4 } else { 6 }) {
        0 => "-1.5E-3".to_owned(),
        1 => "\"}\\\\\\\",{[\\u00e9é\"".to_owned(),
        2 => "\"\"".to_owned(),
        3 => "true".to_owned(),
        4 => format!("[{}{}]", inner(random, ""), blank(random)),
        _ => format!("{{{}{}}}", blank(random), inner(random, "\"]\\\"\" :")),
    };
    format!("{}{value}{}", blank(random), blank(random))
}
