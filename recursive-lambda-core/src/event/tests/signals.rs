//! The signal on the wire.

use super::*;
use crate::event::names::MAX_JOB_NAME;
use serde_json::value::RawValue;

fn signal(job: &str, run: &str, seq: u64, position: u64) -> Signal {
    Signal { job: job.into(), run: run.into(), seq, token: "ab-0.1".into(), swept: false, position, carried: None }
}

#[test]
fn the_wire_is_what_the_design_says() {
    let json = signal("import", "9f", 57, 22_800).to_json();
    assert_eq!(json, r#"{"recursive_lambda":{"v":1,"job":"import","run":"9f","seq":57,"token":"ab-0.1"},"position":22800}"#);
    assert_eq!(read(&json), ["other", "signal import 9f 57 ab-0.1 22800 -"]);
    let swept = Signal { swept: true, ..signal("import", "9f", 57, 0) }.to_json();
    assert_eq!(read(&swept), ["other", "signal import 9f 57 ab-0.1 swept 0 -"]);
}

#[test]
fn a_signal_is_at_most_400_bytes() {
    let longest = "j".repeat(MAX_JOB_NAME);
    let run = "9".repeat(64);
    let cases = [signal(&longest, &run, u64::MAX, u64::MAX), signal(&"ü".repeat(MAX_JOB_NAME / 2), &run, 0, 0)];
    for signal in cases {
        let signal = Signal { token: "t".repeat(32), swept: true, ..signal };
        let json = signal.to_json();
        assert!(json.len() <= 400, "{} bytes", json.len());
        let Signal { job, run, seq, token, position, .. } = signal;
        let expected = format!("signal {job} {run} {seq} {token} swept {position} -");
        assert_eq!(read(&json), ["other".to_owned(), expected]);
    }
}

#[test]
fn signal_contents_pass_unchanged() {
    // Numbers that would not survive an f64, spacing, order, escapes.
    let record = r#"{ "z":0.1000000000000000055511, "a":340282366920938463463374607431768211455,"t":"\u00e9" }"#;
    let carried = RawValue::from_string(record.to_owned()).unwrap();
    let json = Signal { carried: Some(carried), ..signal("import", "9f", 1, 0) }.to_json();
    assert_eq!(
        json,
        format!(
            r#"{{"recursive_lambda":{{"v":1,"job":"import","run":"9f","seq":1,"token":"ab-0.1"}},"position":0,"record":{record}}}"#
        )
    );
    assert_eq!(read(&json), ["other".to_owned(), format!("signal import 9f 1 ab-0.1 0 {record}")]);
    let redriven = sqs(&Value::from(json));
    assert_eq!(only(&redriven), format!("m signal import 9f 1 ab-0.1 0 {record}"));
    let item = parse(redriven.to_string().as_bytes()).unwrap().items.remove(0);
    assert!(!format!("{item:?}").contains("340282"), "state is never logged");
}

#[test]
fn foreign_signals_are_refused() {
    let of = |signal: Value| json!({ "recursive_lambda": signal });
    let cases = [
        (of(json!({ "v": 2, "job": "s3cret" })), "`recursive_lambda.v` is 2, and this release only knows 1"),
        (of(json!({ "v": 0 })), "`recursive_lambda.v` is 0, and this release only knows 1"),
        (of(json!({})), "`recursive_lambda.v` is missing"),
        (of(json!({ "v": "1" })), "`recursive_lambda.v` is not a whole number"),
        (of(json!("s3cret")), "`recursive_lambda` is not a JSON object"),
        (of(json!({ "v": 1, "job": "j", "run": "r" })), "`recursive_lambda.seq` is missing"),
        (of(json!({ "v": 1, "job": "j", "run": "r", "seq": -1 })), "`recursive_lambda.seq` is not a whole number"),
        (of(json!({ "v": 1, "job": "j", "run": "r", "seq": 1, "swept": 1 })), "`recursive_lambda.swept` is not true or false"),
        (
            of(json!({ "v": 1, "job": "j", "run": "r", "seq": 1, "token": "s3cret".repeat(6) })),
            "`recursive_lambda.token` is longer than a signal's token",
        ),
        (of(json!({ "v": 1, "job": "j", "run": "../s3cret", "seq": 1 })), "`recursive_lambda.run` is not a run's name"),
        (of(json!({ "v": 1, "job": "a/s3cret", "run": "r", "seq": 1 })), "`recursive_lambda.job` is not a job's name"),
        (of(json!({ "v": 1, "job": "", "run": "r", "seq": 1 })), "`recursive_lambda.job` is not a job's name"),
        (
            of(json!({ "v": 1, "job": "j".repeat(MAX_JOB_NAME + 1), "run": "r", "seq": 1 })),
            "`recursive_lambda.job` is not a job's name",
        ),
    ];
    for (event, expected) in cases {
        let line = only(&event);
        assert!(line.starts_with(&format!("UnknownEvent: {expected}")), "{event}: {line}");
        assert!(!line.contains("s3cret"), "{line}");
    }
    let lenient =
        json!({ "recursive_lambda": { "v": 1, "job": "j", "run": "r", "seq": 1, "sent": 7 }, "record": null, "Records": [] });
    assert_eq!(only(&lenient), "signal j r 1 - 0 -", "position is for people, null is absent, the rest is not ours");
}
