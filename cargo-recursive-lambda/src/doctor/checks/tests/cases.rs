//! One change a row that makes a sound deployment unsound, and what is found.

use super::*;

const CHECKPOINT: &str = "arn:aws:s3:::state/runs/import/rows/0.json";
const EXPIRES: Findings = &[("lifecycle", "deletes checkpoints after 7 days", "ExpirationInDays: 30", "")];

/// The findings: the check, and words of what it says, of the template and of the command.
pub(super) type Findings = &'static [(&'static str, &'static str, &'static str, &'static str)];

/// What is changed, and the findings.
pub(super) type Case = (fn(&mut Facts), Findings);

/// The user names this alias or version, and the sweep invokes it.
fn name(facts: &mut Facts, qualifier: &str) {
    facts.function.qualifier = Some(qualifier.into());
    sweep(facts).target = format!("{FUNCTION}:{qualifier}");
}

pub(super) const CASES: &[Case] = &[
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
        |facts| {
            pace(facts).slowest_batch = s(500);
            facts.function.longest_timeout = s(5_400);
        },
        &[("time-out", "took 8m 20s", "Timeout: 2001", "--timeout 2001")],
    ),
    (
        |facts| {
            facts.function.timeout = s(39);
            name(facts, "live");
        },
        &[
            ("time-out", "a reserve of 9s 750ms", "Timeout: 40; a version keeps its settings", "--timeout 40 && aws lambda wait"),
            (
                "time-out",
                "took 20s",
                "publish a new one, and let alias `live` point to it",
                "update-alias --function-name import",
            ),
        ],
    ),
    (
        |facts| {
            facts.function.log_is_json = false;
            name(facts, "7");
        },
        &[("log", "the log is text", "let the triggers invoke that", "function-name import && aws lambda publish-version")],
    ),
    (
        |facts| facts.invocations.as_mut().unwrap().ran_out_of_time = 3,
        &[("time-out", "3 invocations were still at work", "Timeout: 1800", "--timeout 1800")],
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
        &[("queue", "given up after 1 deliveries", "deadLetterTargetArn: arn:d, maxReceiveCount: 5", "arn:d")],
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
        |facts| facts.lifecycle = Ok(vec![rule("", 7)]),
        &[("lifecycle", "rule `old` of bucket `state` deletes checkpoints after 7 days", "ExpirationInDays: 30", "")],
    ),
    (|facts| facts.lifecycle = Ok(vec![rule("run", 7)]), EXPIRES),
    (|facts| facts.lifecycle = Ok(vec![rule("runs/import", 7)]), EXPIRES),
    (|facts| facts.lifecycle = Ok(vec![rule("runs/import/ro", 7)]), EXPIRES),
    (|facts| facts.lifecycle = Ok(vec![rule("runs/import/rows/0", 7)]), EXPIRES),
    (|facts| facts.lifecycle = Ok(vec![rule("runs/import/rows/0/skipped/", 7)]), &[]),
    (|facts| facts.lifecycle = Ok(vec![rule("runs/other/", 7)]), &[]),
    (|facts| facts.lifecycle = Ok(vec![rule("runs-of-old/", 7)]), &[]),
    (|facts| facts.lifecycle = Ok(vec![rule("uploads/", 1)]), &[]),
    (
        |facts| facts.lifecycle = Ok(vec![Expiration { larger_than: Some(1_999), ..rule("", 7) }]),
        &[("lifecycle", "deletes checkpoints of more than 1999 bytes after 7 days", "ExpirationInDays: 30", "")],
    ),
    (|facts| facts.lifecycle = Ok(vec![Expiration { larger_than: Some(2_000), ..rule("", 7) }]), &[]),
    (
        |facts| facts.lifecycle = Ok(vec![Expiration { smaller_than: Some(4_096), ..rule("", 7) }]),
        &[("lifecycle", "deletes checkpoints of less than 4096 bytes after 7 days", "ExpirationInDays: 30", "")],
    ),
    (|facts| facts.lifecycle = Ok(vec![Expiration { smaller_than: Some(1), ..rule("", 7) }]), &[]),
    (
        |facts| facts.lifecycle = Ok(vec![Expiration { after: After::Date("2026-12-24T00:00:00Z".into()), ..rule("", 0) }]),
        &[("lifecycle", "deletes checkpoints from 2026-12-24T00:00:00Z on, those of runs at work", "ExpirationInDays: 30", "")],
    ),
    // Permissions.
    (
        |facts| refuse(facts, Need::Store, "s3:PutObject", CHECKPOINT, Refusal::NotAllowed),
        &[(
            "permissions",
            "role `import-role` may not `s3:PutObject` on `arn:aws:s3:::state/runs/import/rows/0.json`",
            r#""Resource":"arn:aws:s3:::state/runs/import/*""#,
            "put-role-policy --role-name import-role --policy-name recursive-lambda-store",
        )],
    ),
    (
        |facts| refuse(facts, Need::Signal, "lambda:InvokeFunction", FUNCTION, Refusal::NotAllowed),
        &[("permissions", "`lambda:InvokeFunction`", "\"lambda:InvokeFunction\"", "recursive-lambda-signal")],
    ),
    (
        |facts| {
            let by = Refusal::Denied(vec!["policy `guard`, line 7".into()]);
            refuse(facts, Need::Store, "s3:PutObject", CHECKPOINT, by);
        },
        &[("permissions", "0.json`: policy `guard`, line 7, denies it", "policy `guard`, line 7: the Deny statement there", "")],
    ),
    (
        |facts| refuse(facts, Need::Store, "s3:PutObject", CHECKPOINT, Refusal::Denied(Vec::new())),
        &[("permissions", ": a policy denies it", "a further Allow does not help", "")],
    ),
    (
        |facts| refuse(facts, Need::Store, "s3:PutObject", CHECKPOINT, Refusal::Boundary),
        &[("permissions", "its permissions boundary does not allow it", "PermissionsBoundary: a policy with [{", "")],
    ),
    (
        |facts| refuse(facts, Need::Store, "s3:PutObject", CHECKPOINT, Refusal::Organization),
        &[("permissions", "a policy of the organisation does not allow it", "(SCP)", "")],
    ),
    // Sweeps.
    (
        |facts| facts.schedules = Ok(Vec::new()),
        &[(
            "sweep",
            "there is no schedule of sweeps",
            "rate(15 minutes)",
            "--source-arn arn:aws:events:eu-west-1:123456789012:rule/import-sweep && aws events put-targets",
        )],
    ),
    (
        |facts| sweep(facts).input = "{}".into(),
        &[(
            "sweep",
            "`sweep` sends another event",
            "recursive_lambda_sweep",
            r#"put-targets --rule sweep --targets '[{"Arn":"arn:aws:lambda:eu-west-1:123456789012:function:import","Id":"own""#,
        )],
    ),
    (|facts| sweep(facts).is_enabled = false, &[("sweep", "`sweep` is disabled", "State: ENABLED", "enable-rule --name sweep")]),
    (
        |facts| facts.function.qualifier = Some("live".into()),
        &[("sweep", "invokes `arn:aws:lambda:eu-west-1:123456789012:function:import`, not", ":import:live", r#"","Id":"sweep-"#)],
    ),
    (
        |facts| facts.function.qualifier = Some("live".into()),
        &[("sweep", "invokes `arn", ":import:live", "add-permission --function-name import:live --statement-id sweep-")],
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
    (|facts| facts.senders = Ok(vec!["arn:aws:events:*:123456789012:rule/*".into()]), &[]),
    (
        |facts| facts.senders = Ok(vec!["arn:aws:events:eu-west-1:123456789012:rule/other-*".into()]),
        &[("sweep", "rule `sweep` may not invoke", "SourceArn", "--statement-id sweep-")],
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
