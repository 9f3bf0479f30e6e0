//! A sound deployment, and one change a row that makes it unsound.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use super::super::facts::*;
use super::super::report::Report;
use super::check;
use crate::remote::Place;
use std::time::Duration;

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
            timeout: s(900),
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
        lifecycle: Ok(vec![Expiration { id: "old".into(), prefix: String::new(), days: 30 }]),
        schedules: Ok(vec![Schedule {
            name: "sweep".into(),
            kind: ScheduleKind::Rule,
            is_enabled: true,
            expression: "rate(15 minutes)".into(),
            target: FUNCTION.into(),
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

fn refuse(facts: &mut Facts, need: Need, action: &str, resource: &str) {
    facts.refused = Ok(vec![Refused { need, action: action.into(), resource: resource.into() }]);
}

/// What is changed, and the findings: the check and words of what it says, of the template and of the command.
type Case = (fn(&mut Facts), &'static [(&'static str, &'static str, &'static str, &'static str)]);

const CASES: &[Case] = &[
    (|_| {}, &[]),
    (
        |facts| facts.recursion_is_allowed = Ok(false),
        &[(
            "recursion",
            "`RecursiveLoop` is `Terminate`",
            "RecursiveLoop: Allow",
            "--function-name import --recursive-loop Allow",
        )],
    ),
    // The time-out.
    (
        |facts| facts.function.timeout = s(30),
        &[
            ("time-out", "30s leaves a reserve of 7s 500ms, not 10s", "Timeout: 40", "--timeout 40"),
            ("time-out", "a batch of job `rows` took 20s of the time-out of 30s", "Timeout: 81", "--timeout 81"),
        ],
    ),
    (
        |facts| facts.function.reserve = Some(s(300)),
        &[("time-out", "15m leaves a reserve of 3m 45s, not 5m", "Timeout: 1200", "--timeout 1200")],
    ),
    (
        |facts| pace(facts).slowest_batch = s(500),
        &[("time-out", "took 8m 20s", "Timeout: 1800, and a smaller `batch` in the job", "--timeout 1800")],
    ),
    (
        |facts| facts.invocations.as_mut().unwrap().ran_out_of_time = 3,
        &[("time-out", "3 invocations of the last day", "Timeout: 1800", "--timeout 1800")],
    ),
    (
        |facts| facts.reserved_concurrency = Ok(Some(0)),
        &[("concurrency", "concurrency is 0", "ReservedConcurrentExecutions", "delete-function-concurrency")],
    ),
    (|facts| facts.reserved_concurrency = Ok(Some(1)), &[]),
    // /tmp.
    (|facts| pace(facts).in_tmp = Some(512 << 20), &[]),
    (
        |facts| pace(facts).in_tmp = Some((512 << 20) + 1),
        &[("tmp", "keeps objects of 512.00 MiB in a /tmp of 512 MB", "Size: 576", "--ephemeral-storage Size=576")],
    ),
    (|facts| pace(facts).in_tmp = Some(11 << 30), &[("tmp", "11.00 GiB", "Size: 10240 }; larger objects", "Size=10240")]),
    // Failed events.
    (
        |facts| failed_events(facts).retries = 1,
        &[("retries", "1 more times, not 2", "MaximumRetryAttempts: 2", "--maximum-retry-attempts 2")],
    ),
    (
        |facts| failed_events(facts).age = s(1_979),
        &[("retries", "after 32m 59s", "MaximumEventAgeInSeconds: 21600", "--maximum-event-age-in-seconds 21600")],
    ),
    (
        |facts| failed_events(facts).destination = None,
        &[("destination", "are lost", "OnFailure: { Type: SQS", "OnFailure={Destination=")],
    ),
    (
        |facts| {
            failed_events(facts).destination = None;
            facts.function.dead_letters = Some("arn:aws:sns:eu-west-1:123456789012:failed".into());
        },
        &[],
    ),
    (
        |facts| failed_events(facts).destination = Some(QUEUE.into()),
        &[("destination", "go to `uploads`, which starts the function again", "OnFailure", "put-function-event-invoke-config")],
    ),
    (
        |facts| failed_events(facts).destination = Some(format!("{FUNCTION}:live")),
        &[("destination", "go to `live`", "OnFailure", "--function-name import")],
    ),
    // Queues.
    (
        |facts| queue(facts).reports_failures = false,
        &[("queue", "`uploads`: its mapping does not report", "ReportBatchItemFailures", "--uuid 14e0db71")],
    ),
    (|facts| queue(facts).is_enabled = false, &[("queue", "mapping is disabled", "Enabled: true", "--enabled")]),
    (
        |facts| attributes(facts).visibility = s(30),
        &[("queue", "again after 30s", "VisibilityTimeout: 5400", "--attributes VisibilityTimeout=5400")],
    ),
    (
        |facts| attributes(facts).dead_letters = None,
        &[("queue", "no dead-letter queue", "maxReceiveCount: 5", r#"'{"RedrivePolicy":"{\"deadLetter"#)],
    ),
    (
        |facts| attributes(facts).dead_letters = Some(("arn:d".into(), 1)),
        &[("queue", "given up after 1 deliveries", "maxReceiveCount: 5", "arn:d")],
    ),
    // The store.
    (|facts| facts.function.store = None, &[("store", "RECURSIVE_LAMBDA_STATE is `none`", "s3://${State}/runs", "")]),
    (
        |facts| announce(facts, FUNCTION, "", ""),
        &[(
            "triggers",
            "notification to `import` invokes the function when a checkpoint is written to s3://state/runs/import/",
            "Filter",
            "",
        )],
    ),
    (|facts| announce(facts, QUEUE, "runs/", ".json"), &[("triggers", "notification to `uploads`", "Filter", "")]),
    (|facts| announce(facts, TOPIC, "runs/import/rows/", "json"), &[("triggers", "notification to `uploads`", "Filter", "")]),
    (|facts| announce(facts, FUNCTION, "uploads/", ""), &[]),
    (|facts| announce(facts, FUNCTION, "", ".csv"), &[]),
    (|facts| announce(facts, &format!("{QUEUE}-other"), "", ""), &[]),
    (|facts| announce(facts, &format!("{FUNCTION}er"), "", ""), &[]),
    (
        |facts| facts.store_rules = Ok(vec!["uploads".into()]),
        &[("triggers", "rule `uploads` invokes the function", "EventPattern", "")],
    ),
    (
        |facts| facts.lifecycle.as_mut().unwrap()[0].days = 7,
        &[("lifecycle", "rule `old` of bucket `state` deletes checkpoints after 7 days", "ExpirationInDays: 30", "")],
    ),
    (|facts| facts.lifecycle = Ok(vec![Expiration { id: "other".into(), prefix: "uploads/".into(), days: 1 }]), &[]),
    // Permissions.
    (
        |facts| refuse(facts, Need::Store, "s3:PutObject", "arn:aws:s3:::state/runs/*"),
        &[(
            "permissions",
            "role `import-role` may not `s3:PutObject` on `arn:aws:s3:::state/runs/*`",
            r#""Resource":"arn:aws:s3:::state/runs/*""#,
            "put-role-policy --role-name import-role --policy-name recursive-lambda-store",
        )],
    ),
    (
        |facts| refuse(facts, Need::Signal, "lambda:InvokeFunction", FUNCTION),
        &[("permissions", "`lambda:InvokeFunction`", "\"lambda:InvokeFunction\"", "recursive-lambda-signal")],
    ),
    // Sweeps.
    (
        |facts| facts.schedules = Ok(Vec::new()),
        &[("sweep", "there is no schedule of sweeps", "rate(15 minutes)", "put-rule --name import-sweep")],
    ),
    (
        |facts| sweep(facts).input = "{}".into(),
        &[("sweep", "`sweep` sends another event", "recursive_lambda_sweep", "put-targets --rule sweep")],
    ),
    (|facts| sweep(facts).is_enabled = false, &[("sweep", "`sweep` is disabled", "State: ENABLED", "enable-rule --name sweep")]),
    (
        |facts| facts.function.qualifier = Some("live".into()),
        &[("sweep", "invokes `arn:aws:lambda:eu-west-1:123456789012:function:import`, not", ":import:live", ":import:live")],
    ),
    (|facts| sweep(facts).expression = "rate(1 day)".into(), &[("sweep", "runs rarely: rate(1 day)", "rate(15 minutes)", "")]),
    (|facts| sweep(facts).expression = "cron(0/15 * * * ? *)".into(), &[]),
    (
        |facts| facts.senders = Ok(Vec::new()),
        &[(
            "sweep",
            "rule `sweep` may not invoke",
            "SourceArn: arn:aws:events:eu-west-1:123456789012:rule/sweep",
            "--source-arn arn:",
        )],
    ),
    (
        |facts| {
            facts.senders = Ok(Vec::new());
            sweep(facts).kind = ScheduleKind::Scheduler;
        },
        &[],
    ),
    // Alarms and the log.
    (
        |facts| facts.alarms = Ok(Alarms { from_log: Vec::new(), alarms: Vec::new() }),
        &[("alarms", "no alarm watches", "AWS::Logs::MetricFilter", "")],
    ),
    (
        |facts| facts.alarms.as_mut().unwrap().alarms[0].action = Action::Missing,
        &[("alarms", "`runs` has no action", "AlarmActions", "")],
    ),
    (
        |facts| facts.alarms.as_mut().unwrap().alarms[0].action = Action::Disabled,
        &[("alarms", "`runs` has actions, but they are disabled", "ActionsEnabled: true", "--alarm-names runs")],
    ),
    (|facts| facts.function.log_is_json = false, &[("log", "the log is text", "LogFormat: JSON", "LogFormat=JSON")]),
    (
        |facts| facts.retention_days = Ok(None),
        &[("log", "`/aws/lambda/import` keeps its lines for ever", "RetentionInDays: 90", "--retention-in-days 90")],
    ),
];

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
    let rows: [(Hide, &[&str]); 13] = [
        (|facts, why| facts.recursion_is_allowed = Err(why), &["recursion"]),
        (|facts, why| facts.reserved_concurrency = Err(why), &["concurrency"]),
        (|facts, why| facts.failed_events = Err(why), &["retries", "destination"]),
        (|facts, why| facts.queues = Err(why), &["queue"]),
        (|facts, why| queue(facts).attributes = Err(why), &["queue"]),
        (|facts, why| facts.senders = Err(why), &["sweep"]),
        (|facts, why| facts.notifications = Err(why), &["triggers"]),
        (|facts, why| facts.lifecycle = Err(why), &["lifecycle"]),
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

#[test]
fn unnamed_sources_are_said() {
    let arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/one";
    for (buckets, words) in [
        (None, Some("RECURSIVE_LAMBDA_BUCKETS is not set")),
        (Some(vec![arn.to_owned()]), Some("below an access point")),
        (Some(vec!["uploads".into()]), None),
    ] {
        let mut facts = sound();
        facts.function.buckets = buckets;
        let report = check(&facts);
        assert!(report.is_complete() && report.findings.is_empty());
        assert_eq!(
            report.unknown.first().map(|(check, why)| (*check, why.why.contains(words.unwrap()))),
            words.map(|_| ("permissions", true))
        );
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
