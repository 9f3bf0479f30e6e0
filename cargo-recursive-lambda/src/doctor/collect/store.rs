//! The store's bucket: what its objects trigger, and how long they stay.

use super::super::facts::{After, Deployed, Expiration, Known, Notification, Queue};
use super::{or_absent, rules, unknown};
use crate::remote::{Place, s3_client};
use aws_config::SdkConfig;
use aws_sdk_eventbridge::types::RuleState;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Event, ExpirationStatus, FilterRuleName, LifecycleRuleAndOperator, NotificationConfigurationFilter};
use recursive_lambda_core::layout::{checkpoint_key, function_folder, job_folder};
use serde_json::json;

type Store = (Known<Vec<Notification>>, Known<Vec<String>>, Known<Vec<Expiration>>);

pub(super) async fn store(config: &SdkConfig, function: &Deployed, queues: &Known<Vec<Queue>>) -> Store {
    let Some(place) = &function.store else { return (Ok(Vec::new()), Ok(Vec::new()), Ok(Vec::new())) };
    let s3 = s3_client(config);
    let (announced, lifecycle) = tokio::join!(announced(&s3, place), lifecycle(&s3, place));
    let (notifications, by_event_bridge) = match announced {
        Ok((notifications, by_event_bridge)) => (Ok(notifications), Ok(by_event_bridge)),
        Err(unknown) => (Err(unknown.clone()), Err(unknown)),
    };
    let rules = match by_event_bridge {
        Ok(by_event_bridge) => matching_rules(config, function, place, queues, by_event_bridge).await,
        Err(unknown) => Err(unknown),
    };
    (notifications, rules, lifecycle)
}

/// What the bucket announces of new objects, and whether EventBridge gets all of it.
async fn announced(s3: &Client, place: &Place) -> Known<(Vec<Notification>, bool)> {
    let answer = s3.get_bucket_notification_configuration().bucket(&place.bucket).send().await;
    let found = answer.map_err(|error| unknown(&format!("read the notifications of bucket `{}`", place.bucket), &error))?;
    let created = |events: &[Event]| events.iter().any(|event| event.as_str().starts_with("s3:ObjectCreated:"));
    let mut notifications = Vec::new();
    let mut add = |to: &str, events: &[Event], filter: Option<&NotificationConfigurationFilter>| {
        if created(events) {
            let (prefix, suffix) = (part(filter, &FilterRuleName::Prefix), part(filter, &FilterRuleName::Suffix));
            notifications.push(Notification { to: to.into(), prefix, suffix });
        }
    };
    found.lambda_function_configurations().iter().for_each(|to| add(to.lambda_function_arn(), to.events(), to.filter()));
    found.queue_configurations().iter().for_each(|to| add(to.queue_arn(), to.events(), to.filter()));
    found.topic_configurations().iter().for_each(|to| add(to.topic_arn(), to.events(), to.filter()));
    Ok((notifications, found.event_bridge_configuration().is_some()))
}

fn part(filter: Option<&NotificationConfigurationFilter>, name: &FilterRuleName) -> String {
    let rules = filter.and_then(|filter| filter.key()).map(|key| key.filter_rules()).unwrap_or_default();
    // AWS writes the names with a capital in some answers.
    let is_part = |found: &FilterRuleName| found.as_str().eq_ignore_ascii_case(name.as_str());
    rules.iter().find(|rule| rule.name().is_some_and(is_part)).and_then(|rule| rule.value()).unwrap_or_default().into()
}

/// The rules that match the event of a checkpoint, by AWS's own judgement.
async fn matching_rules(
    config: &SdkConfig,
    function: &Deployed,
    place: &Place,
    queues: &Known<Vec<Queue>>,
    by_event_bridge: bool,
) -> Known<Vec<String>> {
    let events = aws_sdk_eventbridge::Client::new(config);
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let samples = samples(function, place, &region, by_event_bridge);
    let queues = queues.as_ref().map_err(Clone::clone)?.iter().map(|queue| queue.arn.clone());
    let mut matching = Vec::new();
    for target in [function.arn.clone(), function.named_arn()].into_iter().chain(queues) {
        for name in rules::names(&events, &target).await? {
            let doing = format!("read rule `{name}`");
            let rule = events.describe_rule().name(&name).send().await.map_err(|error| unknown(&doing, &error))?;
            let is_enabled = rule.state != Some(RuleState::Disabled);
            let Some(pattern) = rule.event_pattern.filter(|pattern| is_enabled && !pattern.is_empty()) else { continue };
            for sample in &samples {
                let answer = events.test_event_pattern().event_pattern(&pattern).event(sample).send().await;
                let answer = answer.map_err(|error| unknown(&format!("test the pattern of rule `{name}`"), &error))?;
                if answer.result && !matching.contains(&name) {
                    matching.push(name.clone());
                }
            }
        }
    }
    Ok(matching)
}

/// The events of a checkpoint that is written: CloudTrail's, and S3's if the bucket sends them.
fn samples(function: &Deployed, place: &Place, region: &str, by_event_bridge: bool) -> Vec<String> {
    let Place { bucket, prefix } = place;
    let key = checkpoint_key(&job_folder(&function_folder(prefix, &function.name), "job"), &"0".repeat(32));
    let account = function.arn.split(':').nth(4).unwrap_or_default();
    let event = |source: &str, kind: &str, detail| {
        json!({
            "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "time": "2026-11-27T00:00:00Z", "account": account,
            "region": region, "resources": [format!("arn:aws:s3:::{bucket}")], "source": source, "detail-type": kind, "detail": detail,
        })
        .to_string()
    };
    let object = json!({ "key": key, "size": 1_000, "etag": "e", "sequencer": "0" });
    let created = json!({ "version": "0", "bucket": { "name": bucket }, "object": object, "reason": "PutObject" });
    let request = json!({ "bucketName": bucket, "key": key });
    let put = json!({ "eventSource": "s3.amazonaws.com", "eventName": "PutObject", "requestParameters": request });
    let by_s3 = by_event_bridge.then(|| event("aws.s3", "Object Created", created));
    by_s3.into_iter().chain([event("aws.s3", "AWS API Call via CloudTrail", put)]).collect()
}

async fn lifecycle(s3: &Client, place: &Place) -> Known<Vec<Expiration>> {
    let answer = s3.get_bucket_lifecycle_configuration().bucket(&place.bucket).send().await;
    let doing = format!("read the lifecycle rules of bucket `{}`", place.bucket);
    let found = or_absent(&doing, answer, &["NoSuchLifecycleConfiguration"])?;
    let rules = found.map(|found| found.rules.unwrap_or_default()).unwrap_or_default();
    let enabled = rules.into_iter().filter(|rule| rule.status == ExpirationStatus::Enabled);
    Ok(enabled
        .filter_map(|rule| {
            let and = rule.filter().and_then(|filter| filter.and());
            let of_filter = rule.filter().and_then(|filter| filter.prefix().or(and.and_then(|and| and.prefix())));
            #[allow(deprecated, reason = "old buckets have it")]
            let prefix = of_filter.or(rule.prefix()).unwrap_or_default().to_string();
            // Checkpoints have no tags.
            let is_tagged =
                rule.filter().is_some_and(|filter| filter.tag().is_some()) || and.is_some_and(|and| !and.tags().is_empty());
            let expiration = rule.expiration().filter(|_| !is_tagged)?;
            let days = expiration.days().filter(|days| *days > 0).map(After::Days);
            let date = expiration.date().map(|date| After::Date(date.to_string()));
            let filter = rule.filter();
            let larger_than = |and: &LifecycleRuleAndOperator| and.object_size_greater_than();
            let smaller_than = |and: &LifecycleRuleAndOperator| and.object_size_less_than();
            Some(Expiration {
                id: rule.id().unwrap_or("without a name").into(),
                prefix,
                after: days.or(date)?,
                larger_than: filter.and_then(|filter| filter.object_size_greater_than()).or(and.and_then(larger_than)),
                smaller_than: filter.and_then(|filter| filter.object_size_less_than()).or(and.and_then(smaller_than)),
            })
        })
        .collect())
}
