//! The function's log, and the alarms about the function.

use super::super::facts::{Action, Alarm, Alarms, Deployed, FailedEvents, Invocations, Known, Pace, Queue};
use super::{nothing, or_absent, unknown};
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, Dimension, MetricAlarm};
use aws_sdk_cloudwatchlogs::Client;
use serde::Deserialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

type Logs = (Known<Invocations>, Known<Option<i32>>, Known<Alarms>);

const DAY: Duration = Duration::from_secs(86_400);
/// Answers that are read of one day's log. A busy function has more; then these are a sample.
const PAGES: usize = 20;
const LINES: &str = r#"{ $.message = "worked" || $.message = "*is still running*" }"#;

pub(super) async fn logs(
    config: &SdkConfig,
    function: &Deployed,
    failed: &Known<FailedEvents>,
    queues: &Known<Vec<Queue>>,
) -> Logs {
    let logs = Client::new(config);
    let about = about(function, failed, queues);
    tokio::join!(invocations(&logs, function), retention(&logs, &function.log_group), alarms(config, &logs, function, &about))
}

/// A line of the log, as far as it is used here.
#[derive(Deserialize)]
struct Line {
    message: String,
    #[serde(default)]
    span: Span,
    slowest_batch_ms: Option<u64>,
    reserve_ms: Option<u64>,
    in_tmp: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Span {
    #[serde(default)]
    job: String,
}

async fn invocations(logs: &Client, function: &Deployed) -> Known<Invocations> {
    if !function.log_is_json {
        return Err(nothing("the log is text"));
    }
    // What was before the last change may be repaired.
    let since = [Some(SystemTime::now() - DAY), function.changed].into_iter().flatten().max();
    let since = since.and_then(|since| since.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let (mut lines, mut next) = (Vec::new(), None);
    for _ in 0..PAGES {
        let request = logs.filter_log_events().log_group_name(&function.log_group).filter_pattern(LINES);
        let answer = request.start_time(since.as_millis() as i64).set_next_token(next).send().await;
        let page = or_absent("read the log", answer, &["ResourceNotFoundException"])?;
        let Some(page) = page else { return Err(nothing("there is no log yet")) };
        lines.extend(page.events.unwrap_or_default().into_iter().filter_map(|event| event.message));
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    read(&lines)
}

fn read(lines: &[String]) -> Known<Invocations> {
    let mut found = Invocations::default();
    for line in lines.iter().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
        found.ran_out_of_time += usize::from(line.message.contains("is still running"));
        let (Some(slowest), Some(reserve)) = (line.slowest_batch_ms, line.reserve_ms) else { continue };
        let pace = Pace {
            job: line.span.job,
            slowest_batch: Duration::from_millis(slowest),
            reserve: Duration::from_millis(reserve),
            in_tmp: line.in_tmp,
        };
        match found.jobs.iter_mut().find(|job| job.job == pace.job) {
            Some(job) => {
                job.slowest_batch = job.slowest_batch.max(pace.slowest_batch);
                job.reserve = pace.reserve;
                job.in_tmp = job.in_tmp.max(pace.in_tmp);
            }
            None => found.jobs.push(pace),
        }
    }
    if found.jobs.is_empty() && found.ran_out_of_time == 0 {
        return Err(nothing("no invocation logged its work in the last day, or since the function was changed"));
    }
    Ok(found)
}

async fn retention(logs: &Client, group: &str) -> Known<Option<i32>> {
    let mut groups = logs.describe_log_groups().log_group_name_prefix(group).into_paginator().items().send();
    while let Some(found) = groups.next().await {
        let found = found.map_err(|error| unknown("read the log group", &error))?;
        if found.log_group_name.as_deref() == Some(group) {
            return Ok(found.retention_in_days);
        }
    }
    Err(nothing(format!("there is no log group `{group}` yet")))
}

/// What a dimension of a metric about the function names: the function and the queues around it.
fn about(function: &Deployed, failed: &Known<FailedEvents>, queues: &Known<Vec<Queue>>) -> Vec<String> {
    let attributes = queues.iter().flatten().filter_map(|queue| queue.attributes.as_ref().ok());
    let dead_letters = attributes.filter_map(|attributes| attributes.dead_letters.as_ref()).map(|(arn, _)| arn);
    let destinations = failed.iter().filter_map(|failed| failed.destination.as_ref()).chain(&function.dead_letters);
    let arns = queues.iter().flatten().map(|queue| &queue.arn).chain(dead_letters).chain(destinations);
    let names = arns.filter_map(|arn| arn.rsplit(':').next()).map(String::from);
    names.chain([function.name.clone()]).collect()
}

async fn alarms(config: &SdkConfig, logs: &Client, function: &Deployed, about: &[String]) -> Known<Alarms> {
    let answer = logs.describe_metric_filters().log_group_name(&function.log_group).send().await;
    let filters = or_absent("read the metric filters of the log", answer, &["ResourceNotFoundException"])?;
    let filters = filters.and_then(|filters| filters.metric_filters).unwrap_or_default();
    let made = filters.into_iter().flat_map(|filter| filter.metric_transformations.unwrap_or_default());
    let from_log: Vec<_> = made.map(|metric| (metric.metric_namespace, metric.metric_name)).collect();
    let cloudwatch = aws_sdk_cloudwatch::Client::new(config);
    let request = cloudwatch.describe_alarms().alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
    let mut pages = request.into_paginator().send();
    let (mut by_metric, mut composite) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| unknown("list the alarms", &error))?;
        by_metric.extend(page.metric_alarms.unwrap_or_default());
        composite.extend(page.composite_alarms.unwrap_or_default());
    }
    let mut alarms = Vec::new();
    for alarm in by_metric {
        for (metric, dimensions) in metrics(&alarm) {
            let names = dimensions.iter().filter_map(|dimension| dimension.value.as_ref());
            if from_log.contains(&metric) || names.into_iter().any(|name| about.contains(name)) {
                alarms.push(Alarm {
                    name: alarm.alarm_name.clone().unwrap_or_default(),
                    metric,
                    action: action(&alarm, &composite),
                });
                break;
            }
        }
    }
    Ok(Alarms { from_log, alarms })
}

/// The metrics of an alarm: one, or those of an expression.
fn metrics(alarm: &MetricAlarm) -> Vec<((String, String), &[Dimension])> {
    let metric = |namespace: Option<&str>, name: Option<&str>| {
        (namespace.unwrap_or_default().to_string(), name.unwrap_or_default().to_string())
    };
    let own = alarm.metric_name.is_some().then(|| (metric(alarm.namespace(), alarm.metric_name()), alarm.dimensions()));
    let queried = alarm.metrics().iter().filter_map(|query| query.metric_stat()?.metric());
    own.into_iter().chain(queried.map(|of| (metric(of.namespace(), of.metric_name()), of.dimensions()))).collect()
}

fn action(alarm: &MetricAlarm, composite: &[CompositeAlarm]) -> Action {
    let name = alarm.alarm_name().unwrap_or_default();
    let names_it =
        |rule: &str| [format!("({name})"), format!("(\"{name}\")"), format!("('{name}')")].iter().any(|part| rule.contains(part));
    let acts_for_it = |other: &CompositeAlarm| {
        other.actions_enabled() == Some(true) && !other.alarm_actions().is_empty() && other.alarm_rule().is_some_and(names_it)
    };
    match alarm.alarm_actions().is_empty() {
        _ if composite.iter().any(acts_for_it) => Action::Acts,
        true => Action::Missing,
        false if alarm.actions_enabled() == Some(false) => Action::Disabled,
        false => Action::Acts,
    }
}
