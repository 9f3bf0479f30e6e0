//! The events that people write: the sweep's, into a template, and commands to runs.

use super::*;
use crate::checkpoint::Action;

#[test]
fn schedules_ask_for_a_sweep() {
    let written = r#"{"recursive_lambda_sweep":{"v":1}}"#;
    assert_eq!(read(written), ["other", "sweep"]);
    assert_eq!(only(&sweep()), "sweep");
    assert_eq!(only(&sqs(&sweep())), "m sweep");
    assert_eq!(only(&sns(&sweep())), "sweep");
}

#[test]
fn foreign_sweeps_are_refused() {
    let of = |sweep: Value| json!({ "recursive_lambda_sweep": sweep });
    for (event, expected) in [
        (of(json!({ "v": 2 })), "`recursive_lambda_sweep.v` is 2, and this release only knows 1"),
        (of(json!({ "v": 0 })), "`recursive_lambda_sweep.v` is 0, and this release only knows 1"),
        (of(json!({ "v": 2, "since": "s3cret" })), "`recursive_lambda_sweep.v` is 2, and this release only knows 1"),
        (of(json!({})), "`recursive_lambda_sweep.v` is missing"),
        (of(json!({ "v": "1" })), "`recursive_lambda_sweep.v` is not a whole number"),
        (of(json!({ "v": -1 })), "`recursive_lambda_sweep.v` is not a whole number"),
        (of(json!("s3cret")), "`recursive_lambda_sweep` is not a JSON object"),
        (of(json!({ "v": 1, "job": "s3cret" })), "`recursive_lambda_sweep.job` is unknown; the fields are `v`"),
        (
            json!({ "recursive_lambda_sweep": { "v": 1 }, "job": "s3cret" }),
            "`job` is unknown; the fields are `recursive_lambda_sweep`",
        ),
        (json!({ "recursive_lambda_sweep": null }), "the event has no fields"),
    ] {
        let line = read(&event.to_string()).pop().unwrap();
        assert!(line.starts_with(&format!("UnknownEvent: {expected}")), "{event}: {line}");
        assert!(!line.contains("s3cret"), "{line}");
    }
}

#[test]
fn commands_are_read_on_any_channel() {
    for (written, expected) in [
        (r#"{"recursive_lambda_resume":{"v":1,"run":"9f86d081884c7d65"}}"#, "resume 9f86d081884c7d65"),
        (
            r#"{"recursive_lambda_pause":{"v":1,"run":"r","by":"ann","reason":"the \u0444 is full","after":7}}"#,
            "pause r ann the ф is full after 7",
        ),
        (r#"{"recursive_lambda_cancel":{"v":1,"run":"r","reason":"wrong file"}}"#, "cancel r wrong file"),
    ] {
        assert_eq!(read(written), ["other", expected]);
        let command: Value = serde_json::from_str(written).unwrap();
        assert_eq!(only(&sqs(&command)), format!("m {expected}"));
    }
}

#[test]
fn foreign_commands_are_refused() {
    for action in Action::ALL {
        let name = format!("recursive_lambda_{}", action.name());
        let of = |command: Value| json!({ name.as_str(): command });
        for (event, expected) in [
            (of(json!({ "v": 2, "run": "r" })), "`{name}.v` is 2, and this release only knows 1"),
            (of(json!({ "run": "r" })), "`{name}.v` is missing"),
            (of(json!({ "v": 1 })), "`{name}.run` is missing"),
            (of(json!({ "v": 1, "run": "../s3cret" })), "`{name}.run` is not a run's name"),
            (of(json!({ "v": 1, "run": "r", "after": "s3cret" })), "`{name}.after` is not a whole number"),
            (of(json!({ "v": 1, "run": "r", "by": "s3cret\n" })), "`{name}.by` is not a note"),
            (of(json!({ "v": 1, "run": "r", "reason": "s3cret".repeat(200) })), "`{name}.reason` is not a note"),
            (
                of(json!({ "v": 1, "run": "r", "seq": "s3cret" })),
                "`{name}.seq` is unknown; the fields are `v`, `run`, `by`, `reason`, `after`",
            ),
            (json!({ name.as_str(): { "v": 1, "run": "r" }, "job": "s3cret" }), "`job` is unknown; the fields are"),
        ] {
            let line = read(&event.to_string()).pop().unwrap();
            assert!(line.starts_with(&format!("UnknownEvent: {}", expected.replace("{name}", &name))), "{event}: {line}");
            assert!(!line.contains("s3cret"), "{line}");
        }
    }
}
