//! The queues whose messages start runs.

use super::super::facts::{Known, Queue, QueueAttributes};
use super::{nothing, policy, unknown};
use aws_config::SdkConfig;
use aws_sdk_lambda::types::{EventSourceMappingConfiguration, FunctionResponseType};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use std::time::Duration;

pub(super) async fn queues(config: &SdkConfig, lambda: &aws_sdk_lambda::Client, named: &str) -> Known<Vec<Queue>> {
    let sqs = aws_sdk_sqs::Client::new(config);
    let mut mappings = lambda.list_event_source_mappings().function_name(named).into_paginator().items().send();
    let mut queues = Vec::new();
    while let Some(mapping) = mappings.next().await {
        let mapping = mapping.map_err(|error| unknown("list the event source mappings", &error))?;
        if let Some(arn) = mapping.event_source_arn.clone().filter(|arn| arn.contains(":sqs:")) {
            let attributes = attributes(&sqs, &arn).await;
            queues.push(queue(arn, mapping, attributes));
        }
    }
    Ok(queues)
}

fn queue(arn: String, mapping: EventSourceMappingConfiguration, attributes: Known<QueueAttributes>) -> Queue {
    let responses = mapping.function_response_types.unwrap_or_default();
    Queue {
        arn,
        mapping: mapping.uuid.unwrap_or_default(),
        is_enabled: !matches!(mapping.state.as_deref(), Some("Disabled" | "Disabling")),
        reports_failures: responses.contains(&FunctionResponseType::ReportBatchItemFailures),
        attributes,
    }
}

async fn attributes(sqs: &aws_sdk_sqs::Client, arn: &str) -> Known<QueueAttributes> {
    let [.., account, name] = arn.split(':').collect::<Vec<_>>()[..] else { return Err(nothing("the queue's ARN has no name")) };
    let doing = format!("read queue `{name}`");
    let found = sqs.get_queue_url().queue_name(name).queue_owner_aws_account_id(account).send().await;
    let url = found.map_err(|error| unknown(&doing, &error))?.queue_url.unwrap_or_default();
    let answer = sqs.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::All).send().await;
    let attributes = answer.map_err(|error| unknown(&doing, &error))?.attributes.unwrap_or_default();
    let text = |name: QueueAttributeName| attributes.get(&name).map(String::as_str).unwrap_or_default();
    Ok(QueueAttributes {
        visibility: Duration::from_secs(text(QueueAttributeName::VisibilityTimeout).parse().unwrap_or(30)),
        dead_letters: dead_letters(text(QueueAttributeName::RedrivePolicy)),
        senders: policy::senders(text(QueueAttributeName::Policy)),
        url,
    })
}

/// `maxReceiveCount` is a number or a text.
fn dead_letters(policy: &str) -> Option<(String, u32)> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let receives = match policy.get("maxReceiveCount")? {
        Value::String(count) => count.parse().ok()?,
        count => count.as_u64()?.try_into().ok()?,
    };
    Some((policy.get("deadLetterTargetArn")?.as_str()?.into(), receives))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_counts_in_any_form() {
        for (policy, expected) in [
            (r#"{"deadLetterTargetArn":"arn:d","maxReceiveCount":5}"#, Some(("arn:d".to_string(), 5))),
            (r#"{"deadLetterTargetArn":"arn:d","maxReceiveCount":"3"}"#, Some(("arn:d".to_string(), 3))),
            ("{}", None),
            ("", None),
        ] {
            assert_eq!(dead_letters(policy), expected, "{policy}");
        }
    }
}
