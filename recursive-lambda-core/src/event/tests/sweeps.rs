//! The events that people write: the sweep's, into a template, and the one that resumes a run.

use super::*;

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
fn a_resume_is_read_on_any_channel() {
    let written = r#"{"recursive_lambda_resume":{"v":1,"run":"9f86d081884c7d65"}}"#;
    assert_eq!(read(written), ["other", "resume 9f86d081884c7d65"]);
    let resume: Value = serde_json::from_str(written).unwrap();
    assert_eq!(only(&sqs(&resume)), "m resume 9f86d081884c7d65");
    let of = |resume: Value| json!({ "recursive_lambda_resume": resume });
    for (event, expected) in [
        (of(json!({ "v": 2, "run": "r" })), "`recursive_lambda_resume.v` is 2, and this release only knows 1"),
        (of(json!({ "run": "r" })), "`recursive_lambda_resume.v` is missing"),
        (of(json!({ "v": 1 })), "`recursive_lambda_resume.run` is missing"),
        (of(json!({ "v": 1, "run": "../s3cret" })), "`recursive_lambda_resume.run` is not a run's name"),
        (
            of(json!({ "v": 1, "run": "r", "seq": "s3cret" })),
            "`recursive_lambda_resume.seq` is unknown; the fields are `v`, `run`",
        ),
        (json!({ "recursive_lambda_resume": { "v": 1, "run": "r" }, "job": "s3cret" }), "`job` is unknown; the fields are"),
    ] {
        let line = read(&event.to_string()).pop().unwrap();
        assert!(line.starts_with(&format!("UnknownEvent: {expected}")), "{event}: {line}");
        assert!(!line.contains("s3cret"), "{line}");
    }
}
