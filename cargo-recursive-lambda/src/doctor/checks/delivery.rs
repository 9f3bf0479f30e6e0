//! What happens to an event whose invocation fails, and to the messages of queues.

use super::super::facts::{Facts, FailedEvents, Queue, QueueAttributes};
use super::super::report::{Finding, Report};
use super::{name, word};
use humantime::format_duration;
use std::time::Duration;

/// Lambda's waits before the second and the third attempt.
const WAITS: Duration = Duration::from_secs(180);
/// AWS advises a visibility time-out of this many time-outs of the function.
const VISIBLE_AFTER: u32 = 6;
/// AWS advises to receive a message at least this often. A throttled delivery counts, too.
const RECEIVES: u32 = 5;

pub(super) fn retries(facts: &Facts, report: &mut Report) {
    let Some(failed) = report.known("retries", &facts.failed_events) else { return };
    let change = |option: &str, value: u64| {
        Some(format!(
            "aws lambda update-function-event-invoke-config --function-name {} {option} {value}",
            word(&facts.function.named())
        ))
    };
    if failed.retries < 2 {
        report.found(Finding {
            check: "retries",
            what: format!("Lambda tries a failed event {} more times, not 2", failed.retries),
            why: "the retries continue a run whose invocation died, and find the batch that kills".into(),
            template: "EventInvokeConfig: { MaximumRetryAttempts: 2 }".into(),
            command: change("--maximum-retry-attempts", 2),
        });
    }
    let needed = facts.function.timeout * 2 + WAITS;
    if failed.age < needed {
        report.found(Finding {
            check: "retries",
            what: format!("Lambda gives an event up after {}", format_duration(failed.age)),
            why: format!("the last attempt may begin {} after the event", format_duration(needed)),
            template: "EventInvokeConfig: { MaximumEventAgeInSeconds: 21600 }".into(),
            command: change("--maximum-event-age-in-seconds", 21_600),
        });
    }
}

pub(super) fn destination(facts: &Facts, report: &mut Report) {
    let Some(FailedEvents { destination, retries, age }) = report.known("destination", &facts.failed_events) else { return };
    let goes_to: Vec<_> = destination.iter().chain(&facts.function.dead_letters).collect();
    let finding = |what: String, why: &str| Finding {
        check: "destination",
        what,
        why: why.into(),
        template:
            "EventInvokeConfig: { DestinationConfig: { OnFailure: { Type: SQS, Destination: !GetAtt FailedSignals.Arn } } }"
                .into(),
        command: Some(format!(
            "aws lambda put-function-event-invoke-config --function-name {} --maximum-retry-attempts {retries} \
             --maximum-event-age-in-seconds {} --destination-config OnFailure={{Destination=ARN_OF_A_QUEUE}}",
            word(&facts.function.named()),
            age.as_secs()
        )),
    };
    if goes_to.is_empty() {
        report.found(finding(
            "events that Lambda gives up are lost".into(),
            "a lost signal stops its run until the next sweep; an upload whose event is lost starts no run",
        ));
    }
    let queues = facts.queues.iter().flatten().map(|queue| queue.arn.as_str());
    let own = [facts.function.arn.as_str()];
    let starts: Vec<_> = queues.chain(own).collect();
    for arn in goes_to.into_iter().filter(|arn| starts.iter().any(|start| is_function(arn, start))) {
        report.found(finding(
            format!("events that Lambda gives up go to `{}`, which starts the function again", name(arn)),
            "they fail again, without an end",
        ));
    }
}

/// Whether `arn` is `other`, apart from a qualifier.
fn is_function(arn: &str, other: &str) -> bool {
    arn.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

pub(super) fn queues(facts: &Facts, report: &mut Report) {
    let Some(queues) = report.known("queue", &facts.queues) else { return };
    for queue in queues {
        mapping(queue, report);
        if let Some(attributes) = report.known("queue", &queue.attributes) {
            attributes_of(facts, name(&queue.arn), attributes, report);
        }
    }
}

fn mapping(queue: &Queue, report: &mut Report) {
    let Queue { arn, mapping, is_enabled, reports_failures, .. } = queue;
    let mut found = |what: &str, why: &str, template: &str, option: &str| {
        report.found(Finding {
            check: "queue",
            what: format!("queue `{}`: {what}", name(arn)),
            why: why.into(),
            template: template.into(),
            command: Some(format!("aws lambda update-event-source-mapping --uuid {} {option}", word(mapping))),
        });
    };
    if !is_enabled {
        found("its mapping is disabled", "its messages start no run", "Enabled: true", "--enabled");
    }
    if !reports_failures {
        found(
            "its mapping does not report partial failures",
            "a batch of messages is given back only if all of it failed: the uploads of the others are lost",
            "FunctionResponseTypes: [ReportBatchItemFailures]",
            "--function-response-types ReportBatchItemFailures",
        );
    }
}

fn attributes_of(facts: &Facts, queue: &str, attributes: &QueueAttributes, report: &mut Report) {
    let QueueAttributes { url, visibility, dead_letters, .. } = attributes;
    let mut found = |what: String, why: &str, template: String, attribute: String| {
        report.found(Finding {
            check: "queue",
            what: format!("queue `{queue}`: {what}"),
            why: why.into(),
            template,
            command: Some(format!("aws sqs set-queue-attributes --queue-url {} --attributes {attribute}", word(url))),
        });
    };
    let advised = facts.function.timeout * VISIBLE_AFTER;
    if *visibility < advised {
        let seconds = advised.as_secs().min(43_200);
        found(
            format!("a message is delivered again after {}", format_duration(*visibility)),
            "AWS advises six time-outs of the function; before that, its invocation may still be at work",
            format!("VisibilityTimeout: {seconds}"),
            format!("VisibilityTimeout={seconds}"),
        );
    }
    let redrive = |arn: &str| {
        let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"{RECEIVES}"}}"#);
        word(&serde_json::json!({ "RedrivePolicy": policy }).to_string())
    };
    match dead_letters {
        None => found(
            "it has no dead-letter queue".into(),
            "a message that always fails is delivered until it expires, and its upload is lost",
            format!("RedrivePolicy: {{ deadLetterTargetArn: !GetAtt UndeliveredUploads.Arn, maxReceiveCount: {RECEIVES} }}"),
            redrive("ARN_OF_A_QUEUE"),
        ),
        Some((arn, receives)) if *receives < RECEIVES => found(
            format!("a message is given up after {receives} deliveries"),
            "throttled deliveries count, too; AWS advises at least five",
            format!("RedrivePolicy: {{ deadLetterTargetArn: {arn}, maxReceiveCount: {RECEIVES} }}"),
            redrive(arn),
        ),
        Some(_) => {}
    }
}
