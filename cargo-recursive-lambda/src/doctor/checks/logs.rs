//! Alarms that reach somebody, and a log that can be read and does not grow for ever.

use super::super::facts::{Action, Alarm, Facts};
use super::super::report::{Finding, Report};
use super::{configure, setting, word};

pub(super) fn alarms(facts: &Facts, report: &mut Report) {
    let Some(alarms) = report.known("alarms", &facts.alarms) else { return };
    if !alarms.alarms.iter().any(|alarm| alarms.from_log.contains(&alarm.metric) || alarm.metric.1 == "RunsFailed") {
        report.found(Finding {
            check: "alarms",
            what: "no alarm watches the ERROR lines of the log".into(),
            why: "a failed or stuck run waits for a person, and nothing calls one".into(),
            template: "AWS::Logs::MetricFilter and AWS::CloudWatch::Alarm, as `cargo recursive-lambda new` writes them".into(),
            command: None,
        });
    }
    for Alarm { name, action, .. } in &alarms.alarms {
        let (what, template, command) = match action {
            Action::Acts => continue,
            Action::Missing => ("has no action", "AlarmActions: [!Ref AlarmTopic]", None),
            Action::Disabled => (
                "has actions, but they are disabled",
                "ActionsEnabled: true",
                Some(format!("aws cloudwatch enable-alarm-actions --alarm-names {}", word(name))),
            ),
        };
        report.found(Finding {
            check: "alarms",
            what: format!("alarm `{name}` {what}"),
            why: "it changes its colour in the console and tells no one".into(),
            template: template.into(),
            command,
        });
    }
}

pub(super) fn log(facts: &Facts, report: &mut Report) {
    let group = &facts.function.log_group;
    if !facts.function.log_is_json {
        report.found(Finding {
            check: "log",
            what: "the log is text".into(),
            why: "metric filters and queries of its fields need JSON".into(),
            template: setting(&facts.function, "LoggingConfig: { LogFormat: JSON }"),
            command: Some(configure(&facts.function, "--logging-config LogFormat=JSON")),
        });
    }
    if report.known("log", &facts.retention_days) == Some(&None) {
        report.found(Finding {
            check: "log",
            what: format!("log group `{group}` keeps its lines for ever"),
            why: "their storage is paid for every month".into(),
            template: "RetentionInDays: 90".into(),
            command: Some(format!("aws logs put-retention-policy --log-group-name {} --retention-in-days 90", word(group))),
        });
    }
}
