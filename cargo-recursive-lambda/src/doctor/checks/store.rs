//! The store: that there is one, that writing it starts no run, and that checkpoints stay long enough.

use super::super::facts::{After, Expiration, Facts, Notification};
use super::super::report::{Finding, Report};
use super::{is_like, name};
use crate::remote::Place;
use recursive_lambda_core::layout::function_folder;

/// A late duplicate of an event must find the checkpoint.
const KEPT_DAYS: i32 = 30;
/// No checkpoint has fewer bytes.
const SMALLEST: i64 = 300;

pub(super) fn is_kept(facts: &Facts, report: &mut Report) {
    if facts.function.store.is_none() {
        report.found(Finding {
            check: "store",
            what: "RECURSIVE_LAMBDA_STATE is `none`".into(),
            why: "a signal that Lambda delivers twice forks the run, one that it loses ends the run, and no sweep finds it"
                .into(),
            template: "RECURSIVE_LAMBDA_STATE: !Sub \"s3://${State}/runs\"".into(),
            command: None,
        });
    }
}

pub(super) fn triggers(facts: &Facts, report: &mut Report) {
    let Some(store) = &facts.function.store else { return };
    let folder = function_folder(&store.prefix, &facts.function.name);
    let place = format!("s3://{}/{folder}", store.bucket);
    let mut found = |by: String, template: String| {
        report.found(Finding {
            check: "triggers",
            what: format!("{by} invokes the function when a checkpoint is written to {place}"),
            why: "each save starts an invocation that only logs an error, and is paid for".into(),
            template,
            command: None,
        });
    };
    let writes_trigger = |notification: &Notification| {
        let Notification { prefix, suffix, .. } = notification;
        let prefixes_meet = folder.starts_with(prefix.as_str()) || prefix.starts_with(&folder);
        prefixes_meet && (".json".ends_with(suffix.as_str()) || suffix.ends_with(".json"))
    };
    let notifications: Vec<_> =
        facts.notifications.iter().flatten().filter(|notification| writes_trigger(notification)).collect();
    for notification in notifications.iter().filter(|notification| reaches(facts, &notification.to)) {
        found(
            format!("the bucket's notification to `{}`", name(&notification.to)),
            "NotificationConfiguration: a `Filter` for the uploads' prefix, or uploads and store in two buckets".into(),
        );
    }
    for rule in facts.store_rules.iter().flatten() {
        found(format!("rule `{rule}`"), "EventPattern: `detail.object.key` with the uploads' prefix".into());
    }
    report.known("triggers", &facts.notifications);
    report.known("triggers", &facts.store_rules);
    // Only then is it unknown whether a notification reaches the function.
    if !notifications.is_empty() {
        report.known("triggers", &facts.queues);
        report.known("triggers", &facts.senders);
    }
}

/// Whether what a bucket sends there comes to the function: directly, by a queue, or by a topic.
fn reaches(facts: &Facts, to: &str) -> bool {
    let is_function = to.strip_prefix(&facts.function.arn).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
    let queues = || facts.queues.iter().flatten();
    let by_policy = || {
        let attributes = queues().filter_map(|queue| queue.attributes.as_ref().ok());
        attributes.flat_map(|attributes| &attributes.senders).chain(facts.senders.iter().flatten())
    };
    is_function
        || queues().any(|queue| queue.arn == to)
        || (to.contains(":sns:") && by_policy().any(|sender| is_like(sender, to)))
}

pub(super) fn lifecycle(facts: &Facts, report: &mut Report) {
    let (Some(Place { bucket, prefix }), Some(rules)) = (&facts.function.store, report.known("lifecycle", &facts.lifecycle))
    else {
        return;
    };
    let folder = function_folder(prefix, &facts.function.name);
    let largest = facts.runs.as_ref().ok().and_then(|runs| runs.largest_checkpoint);
    for rule in rules.iter().filter(|rule| deletes_checkpoints(rule, &folder, largest)) {
        let when = match &rule.after {
            After::Days(days) if *days >= KEPT_DAYS => continue,
            After::Days(days) => format!("after {days} days"),
            After::Date(date) => format!("from {date} on, those of runs at work, too"),
        };
        let of = match (rule.larger_than, rule.smaller_than) {
            (None, None) => String::new(),
            (Some(bytes), None) => format!(" of more than {bytes} bytes"),
            (None, Some(bytes)) => format!(" of less than {bytes} bytes"),
            (Some(more), Some(less)) => format!(" of {more} to {less} bytes"),
        };
        report.found(Finding {
            check: "lifecycle",
            what: format!("rule `{}` of bucket `{bucket}` deletes checkpoints{of} {when}", rule.id),
            why: "a late duplicate of an upload's event that finds no checkpoint starts the run again".into(),
            template: format!("ExpirationInDays: {KEPT_DAYS}"),
            command: None,
        });
    }
}

/// Whether keys and sizes of checkpoints are those of the rule. Its prefix is the beginning of a key, not a folder.
fn deletes_checkpoints(rule: &Expiration, folder: &str, largest: Option<i64>) -> bool {
    // A checkpoint is `JOB/RUN.json` in the function's folder.
    let is_below = |rest: &str| rest.matches('/').count() <= 1;
    let has_keys = folder.starts_with(&rule.prefix) || rule.prefix.strip_prefix(folder).is_some_and(is_below);
    let has_sizes = rule.smaller_than.is_none_or(|bytes| bytes > SMALLEST)
        && rule.larger_than.is_none_or(|bytes| largest.is_none_or(|largest| largest > bytes));
    has_keys && has_sizes
}
