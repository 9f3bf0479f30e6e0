//! What JSON does to a state: it keeps it, or the field's place is in the error.
#![allow(clippy::unwrap_used, reason = "a test may")]

use super::*;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, HashMap, HashSet};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Totals {
    rows: u64,
    max: Option<f64>,
    by_shop: BTreeMap<String, Shop>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Shop {
    mean: f32,
    seen: Option<Option<u8>>,
}

#[derive(Serialize, Deserialize)]
struct Unit;

#[derive(Serialize, Deserialize)]
struct Meters(f64);

#[derive(Serialize, Deserialize)]
enum Shape {
    Circle { r: f64 },
    Named(Option<Unit>),
    Pair(f64, f64),
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(untagged)]
enum Loose {
    #[default]
    Nothing,
    Float(f64),
    Int(u64),
}

#[derive(Serialize, Deserialize)]
struct OneWay {
    #[serde(serialize_with = "as_text")]
    count: u64,
}

fn as_text<S: Serializer>(count: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&count.to_string())
}

/// Panics when it is saved.
struct Explosive;

impl Serialize for Explosive {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        std::panic::resume_unwind(Box::new("no"))
    }
}

impl<'de> Deserialize<'de> for Explosive {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

fn said<S: Serialize + DeserializeOwned + 'static>(state: S) -> String {
    match after_batch(state) {
        Ok(saved) => saved.json.map_or("nothing".into(), |json| json.json().to_owned()),
        Err(error) => {
            let message = error.to_string();
            assert_eq!((error.kind(), error.is_terminal()), (ErrorKind::Job, true), "{message}");
            message
        }
    }
}

fn shop(mean: f32, seen: Option<Option<u8>>) -> Totals {
    Totals { by_shop: BTreeMap::from([("Über\u{1b}".into(), Shop { mean, seen })]), ..Totals::default() }
}

#[test]
fn state_json_cannot_hold_is_refused() {
    const NOT_FINITE: &str = "and JSON has only finite numbers; leave it out of the state, or use an `Option` and `None`";
    const SOME_NULL: &str = "`Some` of a value that JSON writes as null, which reads back as `None`; use an enum instead";
    let max = |max| Totals { max: Some(max), ..Totals::default() };
    let saved = |what: &str| format!("the state after this batch cannot be saved as JSON: {what}");
    let read = |what: &str| format!("the state after this batch does not read back from its own JSON: {what}");
    let json = |json: &str| json.to_owned();
    let cases = [
        (said(()), json("nothing")),
        (said(7_u64), json("7")),
        (said(Totals::default()), json(r#"{"rows":0,"max":null,"by_shop":{}}"#)),
        (said(max(1.5)), json(r#"{"rows":0,"max":1.5,"by_shop":{}}"#)),
        (said(max(f64::NAN)), saved(&format!("`max`: NaN, {NOT_FINITE}"))),
        (said(max(f64::NEG_INFINITY)), saved(&format!("`max`: -inf, {NOT_FINITE}"))),
        (said(f64::INFINITY), saved(&format!("inf, {NOT_FINITE}"))),
        (said(shop(f32::NAN, None)), saved(&format!("`by_shop.?.mean`: NaN, {NOT_FINITE}"))),
        (said(shop(0.1, Some(None))), saved(&format!("`by_shop.?.seen`: {SOME_NULL}"))),
        (
            said(shop(0.1, Some(Some(1)))),
            json("{\"rows\":0,\"max\":null,\"by_shop\":{\"Über\\u001b\":{\"mean\":0.1,\"seen\":1}}}"),
        ),
        (said(vec![Some(1), None]), json("[1,null]")),
        (said(vec![Some(Some(1)), Some(None)]), saved(&format!("`[1]`: {SOME_NULL}"))),
        (said(Some(Unit)), saved(SOME_NULL)),
        (said(Some(serde_json::Value::Null)), saved(SOME_NULL)),
        (said((None::<u8>, Meters(f64::NAN))), saved(&format!("`[1]`: NaN, {NOT_FINITE}"))),
        (said(Shape::Circle { r: f64::NAN }), saved(&format!("`r`: NaN, {NOT_FINITE}"))),
        (said(Shape::Named(Some(Unit))), saved(SOME_NULL)),
        (said(Shape::Named(None)), json(r#"{"Named":null}"#)),
        (said(Shape::Pair(1.0, f64::INFINITY)), saved(&format!("`[1]`: inf, {NOT_FINITE}"))),
        (said(HashMap::from([((1, 2), 3)])), saved("key must be a string")),
        (said(vec![BTreeMap::from([((1, 2), 3)])]), saved("`[0]`: key must be a string")),
        (said(HashMap::from([(7_u64, true)])), json(r#"{"7":true}"#)),
        (said(HashMap::from([(true, 1)])), json(r#"{"true":1}"#)),
        (said(u128::MAX), json("340282366920938463463374607431768211455")),
        (said(i128::MIN), json("-170141183460469231731687303715884105728")),
        (said(HashSet::from(["null".to_owned()])), json(r#"["null"]"#)),
        (said(OneWay { count: 7 }), read("`count`: invalid type: string \"7\", expected u64 at line 1 column 12")),
        (said(vec![Loose::Int(1)]), json("[1]")),
        (said(Explosive), json("the `Serialize` or `Deserialize` of the state panicked: no")),
    ];
    for (said, want) in cases {
        assert_eq!(said, want);
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Unsaveable {
    least: f64,
}

impl Default for Unsaveable {
    fn default() -> Self {
        Self { least: f64::INFINITY }
    }
}

#[test]
fn unsavable_state_is_refused_early() {
    assert_eq!(mistake::<()>(), None);
    assert_eq!(mistake::<Totals>(), None);
    assert_eq!(mistake::<Loose>(), None);
    let want = "the job's state, as it is before the first batch, cannot be saved as JSON: `least`: inf, and JSON has only finite numbers";
    assert!(mistake::<Unsaveable>().unwrap().starts_with(want), "{:?}", mistake::<Unsaveable>());
    assert_eq!(State::<Unsaveable>::open(None).err().unwrap().kind(), ErrorKind::Config);
}

#[test]
fn an_old_state_names_the_bad_field() {
    let saved = |json: &str| SavedState::new(serde_json::value::RawValue::from_string(json.to_owned()).unwrap());
    for (json, because) in [
        (r#"{"rows":"7","max":null,"by_shop":{}}"#, "`rows`: invalid type: string \"7\", expected u64 at line 1 column 11"),
        (r#"{"rows":7,"max":null,"by_shop":{"a\nb":{"mean":true}}}"#, "`by_shop.a\\nb.mean`: invalid type: boolean `true`"),
        (r#"{"rows":7,"max":null}"#, "missing field `by_shop`"),
        ("7", "invalid type: integer `7`"),
    ] {
        let error = State::<Totals>::open(Some(&saved(json))).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::PlanChanged);
        assert!(
            error.to_string().contains("does not read as `recursive_lambda::driver::state::tests::Totals`; the type"),
            "{error}"
        );
        assert!(error.source().unwrap().to_string().starts_with(because), "{error:?}");
    }
}

#[test]
fn a_batch_that_fails_leaves_no_trace() {
    let mut state = State::<Totals>::open(None).unwrap();
    let mut first = state.take().unwrap();
    first.rows = 3;
    state.keep(after_batch(first).unwrap());
    let mut lost = state.take().unwrap();
    lost.rows = 100;
    drop(lost);
    assert_eq!(state.json().unwrap().json(), r#"{"rows":3,"max":null,"by_shop":{}}"#);
    assert_eq!(state.live().unwrap().rows, 3);
    assert_eq!(state.take().unwrap().rows, 3);
}
