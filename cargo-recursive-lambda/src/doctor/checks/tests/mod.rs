//! A sound deployment, and one change a row that makes it unsound.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

mod cases;

use super::super::facts::*;
use super::super::report::Report;
use super::{check, is_like};
use crate::remote::Place;
use cases::CASES;
use std::time::{Duration, SystemTime};

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:import";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:123456789012:uploads";
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:uploads";
const SWEEP: &str = r#"{"recursive_lambda_sweep":{"v":1}}"#;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn unknown(failed: bool) -> Unknown {
    Unknown { why: "cannot look: these credentials may not do that".into(), failed }
}

fn sound() -> Facts {
    Facts {
        function: Deployed {
            name: "import".into(),
            arn: FUNCTION.into(),
            qualifier: None,
            role: "arn:aws:iam::123456789012:role/service/import-role".into(),
            changed: Some(SystemTime::UNIX_EPOCH),
            timeout: s(900),
            longest_timeout: s(1_800),
            tmp_mb: 512,
            reserve: None,
            store: Some(Place { bucket: "state".into(), prefix: "runs".into() }),
            buckets: Some(vec!["uploads".into()]),
            log_group: "/aws/lambda/import".into(),
            log_is_json: true,
            dead_letters: None,
        },
        recursion_is_allowed: Ok(true),
        reserved_concurrency: Ok(None),
        failed_events: Ok(FailedEvents {
            destination: Some("arn:aws:sqs:eu-west-1:123456789012:failed".into()),
            ..FailedEvents::default()
        }),
        queues: Ok(vec![Queue {
            arn: QUEUE.into(),
            mapping: "14e0db71".into(),
            is_enabled: true,
            reports_failures: true,
            attributes: Ok(QueueAttributes {
                url: "https://sqs.eu-west-1.amazonaws.com/123456789012/uploads".into(),
                visibility: s(5_400),
                dead_letters: Some((format!("{QUEUE}-dead"), 5)),
                senders: vec![TOPIC.into()],
            }),
        }]),
        senders: Ok(vec!["arn:aws:events:eu-west-1:123456789012:rule/sweep".into()]),
        notifications: Ok(Vec::new()),
        store_rules: Ok(Vec::new()),
        lifecycle: Ok(vec![rule("", 30)]),
        runs: Ok(Runs { jobs: vec!["rows".into()], objects: Vec::new(), largest_checkpoint: Some(2_000) }),
        schedules: Ok(vec![Schedule {
            name: "sweep".into(),
            kind: ScheduleKind::Rule,
            is_enabled: true,
            expression: "rate(15 minutes)".into(),
            target: FUNCTION.into(),
            target_id: "own".into(),
            input: SWEEP.into(),
        }]),
        invocations: Ok(Invocations {
            jobs: vec![Pace { job: "rows".into(), slowest_batch: s(20), reserve: s(10), in_tmp: None }],
            ran_out_of_time: 0,
        }),
        refused: Ok(Vec::new()),
        retention_days: Ok(Some(90)),
        alarms: Ok(Alarms {
            from_log: vec![("stack".into(), "NeedsAttention".into())],
            alarms: vec![Alarm { name: "runs".into(), metric: ("stack".into(), "NeedsAttention".into()), action: Action::Acts }],
        }),
    }
}

fn queue(facts: &mut Facts) -> &mut Queue {
    &mut facts.queues.as_mut().unwrap()[0]
}

fn attributes(facts: &mut Facts) -> &mut QueueAttributes {
    queue(facts).attributes.as_mut().unwrap()
}

fn failed_events(facts: &mut Facts) -> &mut FailedEvents {
    facts.failed_events.as_mut().unwrap()
}

fn sweep(facts: &mut Facts) -> &mut Schedule {
    &mut facts.schedules.as_mut().unwrap()[0]
}

fn pace(facts: &mut Facts) -> &mut Pace {
    &mut facts.invocations.as_mut().unwrap().jobs[0]
}

fn announce(facts: &mut Facts, to: &str, prefix: &str, suffix: &str) {
    facts.notifications = Ok(vec![Notification { to: to.into(), prefix: prefix.into(), suffix: suffix.into() }]);
}

/// A lifecycle rule without sizes.
fn rule(prefix: &str, days: i32) -> Expiration {
    Expiration { id: "old".into(), prefix: prefix.into(), after: After::Days(days), larger_than: None, smaller_than: None }
}

fn refuse(facts: &mut Facts, need: Need, action: &str, resource: &str, by: Refusal) {
    let pattern = resource.replace("/rows/0.json", "/*");
    facts.refused = Ok(vec![Refused { need, action: action.into(), resource: resource.into(), pattern, by }]);
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    for (row, (change, expected)) in CASES.iter().enumerate() {
        let mut facts = sound();
        change(&mut facts);
        let Report { findings, unknown } = check(&facts);
        let found: Vec<_> = findings.iter().map(|finding| (finding.check, finding.what.as_str())).collect();
        assert_eq!((found.len(), unknown), (expected.len(), Vec::new()), "row {row}: {found:?}");
        for (finding, (check, what, template, command)) in findings.iter().zip(*expected) {
            let given = finding.command.clone().unwrap_or_default();
            assert!(finding.check == *check && finding.what.contains(what), "row {row}: {finding:?}");
            assert!(finding.template.contains(template) && given.contains(command), "row {row}: {finding:?}");
            assert!(!finding.why.is_empty() && given.is_empty() == command.is_empty(), "row {row}: {finding:?}");
        }
    }
}

/// What is hidden, and the checks that cannot be made.
#[test]
fn what_is_not_known_is_said() {
    type Hide = fn(&mut Facts, Unknown);
    let rows: [(Hide, &[&str]); 14] = [
        (|facts, why| facts.recursion_is_allowed = Err(why), &["recursion"]),
        (|facts, why| facts.reserved_concurrency = Err(why), &["concurrency"]),
        (|facts, why| facts.failed_events = Err(why), &["retries", "destination"]),
        (|facts, why| facts.queues = Err(why), &["queue"]),
        (|facts, why| queue(facts).attributes = Err(why), &["queue"]),
        (|facts, why| facts.senders = Err(why), &["sweep"]),
        (|facts, why| facts.notifications = Err(why), &["triggers"]),
        (|facts, why| facts.lifecycle = Err(why), &["lifecycle"]),
        (|facts, why| facts.runs = Err(why), &["permissions"]),
        (|facts, why| facts.schedules = Err(why), &["sweep"]),
        (|facts, why| facts.invocations = Err(why), &["time-out", "tmp"]),
        (|facts, why| facts.refused = Err(why), &["permissions"]),
        (|facts, why| facts.retention_days = Err(why), &["log"]),
        (|facts, why| facts.alarms = Err(why), &["alarms"]),
    ];
    for (row, (hide, checks)) in rows.into_iter().enumerate() {
        for failed in [false, true] {
            let mut facts = sound();
            hide(&mut facts, unknown(failed));
            let report = check(&facts);
            let unchecked: Vec<_> = report.unknown.iter().map(|(check, _)| *check).collect();
            assert_eq!((unchecked.as_slice(), report.findings.len()), (checks, 0), "row {row}");
            assert_eq!(report.is_complete(), !failed, "row {row}");
            assert!(report.text("import").contains("not checked: cannot look"), "row {row}");
        }
    }
}

/// What the simulation of the role leaves open.
#[test]
fn what_cannot_be_told_is_said() {
    type Change = fn(&mut Facts);
    let rows: [(Change, &str); 5] = [
        (|facts| facts.function.buckets = None, "RECURSIVE_LAMBDA_BUCKETS is not set"),
        (
            |facts| facts.function.buckets = Some(vec!["arn:aws:s3:eu-west-1:123456789012:accesspoint/one".into()]),
            "below an access point",
        ),
        (
            |facts| {
                let by = Refusal::DependsOn(vec!["aws:SourceVpce".into()]);
                refuse(facts, Need::Store, "s3:PutObject", "arn:aws:s3:::state/runs/import/rows/0.json", by);
            },
            "cannot tell whether role `import-role` may `s3:PutObject` on `arn:aws:s3:::state/runs/import/rows/0.json`: its policies \
             depend on `aws:SourceVpce`",
        ),
        (
            |facts| refuse(facts, Need::Source, "s3:GetObject", "arn:aws:s3:::uploads/object", Refusal::NotAllowedPerhaps),
            "may not `s3:GetObject` on `arn:aws:s3:::uploads/object`, and no run shows yet which objects it reads",
        ),
        (|_| (), ""),
    ];
    for (row, (change, words)) in rows.into_iter().enumerate() {
        let mut facts = sound();
        change(&mut facts);
        let report = check(&facts);
        assert!(report.is_complete() && report.findings.is_empty(), "row {row}: {report:?}");
        let said: Vec<_> = report.unknown.iter().map(|(check, why)| (*check, why.why.contains(words))).collect();
        assert_eq!(said, if words.is_empty() { vec![] } else { vec![("permissions", true)] }, "row {row}: {report:?}");
    }
}

#[test]
fn a_pattern_is_a_policys() {
    for (pattern, text, expected) in [
        ("arn:a:rule/sweep", "arn:a:rule/sweep", true),
        ("arn:a:rule/sweep", "arn:a:rule/sweeps", false),
        ("arn:a:rule/*", "arn:a:rule/sweep", true),
        ("*", "", true),
        ("*rule/swee?", "arn:a:rule/sweep", true),
        ("*rule/swee?", "arn:a:rule/swee", false),
        ("arn:*:rule/*p", "arn:a:b:rule/sweep-p", true),
        ("arn:*:rule/*x", "arn:a:rule/sweep", false),
        ("", "a", false),
    ] {
        assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn names_cannot_leave_their_line() {
    let mut facts = sound();
    facts.alarms.as_mut().unwrap().alarms[0] = Alarm {
        name: "a'\n\u{1b}[31m; rm -rf".into(),
        metric: ("stack".into(), "NeedsAttention".into()),
        action: Action::Disabled,
    };
    let report = check(&facts);
    let text = report.text("import");
    assert!(text.contains(r"alarm `a'\n\u{1b}[31m; rm -rf`") && !text.contains('\u{1b}'), "{text}");
    assert!(text.contains(r"--alarm-names 'a'\''\n\u{1b}[31m; rm -rf'"), "{text}");
    assert_eq!(report.json().lines().count(), 1);
}
