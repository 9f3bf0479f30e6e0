//! Builds the events that notify a function of an object, in the format of each channel. Sends nothing.

use std::time::SystemTime;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::lambda::request_id;
use crate::s3::ObjectInfo;
use crate::{ACCOUNT, REGION};

/// The path from an upload to the function.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Channel {
    /// S3 notifies the function.
    S3,
    /// S3 notifies an SNS topic, which invokes the function.
    S3Sns,
    /// S3 notifies an SQS queue.
    S3Sqs,
    /// S3 notifies an SNS topic, which writes to an SQS queue. The message holds the notification in SNS's envelope.
    S3SnsSqs,
    /// Like `S3SnsSqs`, with raw message delivery: the message holds the notification without the envelope.
    S3SnsSqsRaw,
    /// S3 -> EventBridge -> the function.
    EventBridge,
    /// S3 -> EventBridge -> a queue.
    EventBridgeSqs,
    /// A person starts a run with this name.
    Manual(String),
}

/// What a channel sends for some objects.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// Events for asynchronous invocations, one each.
    Events(Vec<Value>),
    /// The bodies of SQS messages.
    Messages(Vec<String>),
}

impl Channel {
    /// Every channel except [`Manual`](Channel::Manual), for tests that try them all.
    pub const NOTIFICATIONS: [Self; 7] =
        [Self::S3, Self::S3Sns, Self::S3Sqs, Self::S3SnsSqs, Self::S3SnsSqsRaw, Self::EventBridge, Self::EventBridgeSqs];

    /// The events or messages that this channel sends for these objects: one per object, as on AWS.
    #[must_use]
    pub fn trigger(&self, objects: &[ObjectInfo]) -> Trigger {
        let each = |build: &dyn Fn(&ObjectInfo) -> Value| objects.iter().map(build).collect::<Vec<_>>();
        let text = |events: Vec<Value>| Trigger::Messages(events.iter().map(Value::to_string).collect());
        match self {
            Self::S3 => Trigger::Events(each(&notification)),
            Self::S3Sns => Trigger::Events(each(&|object| sns_event(&notification(object)))),
            Self::S3Sqs | Self::S3SnsSqsRaw => text(each(&notification)),
            Self::S3SnsSqs => text(each(&|object| sns_envelope(&notification(object)))),
            Self::EventBridge => Trigger::Events(each(&event_bridge)),
            Self::EventBridgeSqs => text(each(&event_bridge)),
            Self::Manual(name) => {
                Trigger::Events(each(&|object| json!({ "bucket": object.bucket, "key": object.key, "run": name })))
            }
        }
    }
}

/// The characters that S3 escapes in the keys of notifications: those of an HTML form, except `/`.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b' ');

fn form_encoded(key: &str) -> String {
    utf8_percent_encode(key, FORM).to_string().replace(' ', "+")
}

fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

/// An S3 notification, with every field that AWS sets.
fn notification(object: &ObjectInfo) -> Value {
    let name = if object.etag.contains('-') { "ObjectCreated:CompleteMultipartUpload" } else { "ObjectCreated:Put" };
    json!({ "Records": [{
        "eventVersion": "2.4",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": timestamp(object.modified),
        "eventName": name,
        "userIdentity": { "principalId": "AWS:AIDAIENQZJOLO23YVJ4VO" },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": { "x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "local" },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "local",
            "bucket": {
                "name": object.bucket,
                "ownerIdentity": { "principalId": "A3NL1KOZZKExample" },
                "arn": format!("arn:aws:s3:::{}", object.bucket),
            },
            "object": {
                "key": form_encoded(&object.key),
                "size": object.size,
                "eTag": object.etag,
                "sequencer": object.sequencer,
            },
        },
    }] })
}

fn topic() -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:uploads")
}

/// The message that SNS writes to a queue.
fn sns_envelope(message: &Value) -> Value {
    json!({
        "Type": "Notification",
        "MessageId": request_id(),
        "TopicArn": topic(),
        "Subject": "Amazon S3 Notification",
        "Message": message.to_string(),
        "Timestamp": timestamp(SystemTime::now()),
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertURL": "EXAMPLE",
        "UnsubscribeURL": "EXAMPLE",
    })
}

/// The event with which SNS invokes a function.
fn sns_event(message: &Value) -> Value {
    json!({ "Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": format!("{}:local", topic()),
        "Sns": {
            "Type": "Notification",
            "MessageId": request_id(),
            "TopicArn": topic(),
            "Subject": "Amazon S3 Notification",
            "Message": message.to_string(),
            "Timestamp": timestamp(SystemTime::now()),
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": "EXAMPLE",
            "UnsubscribeUrl": "EXAMPLE",
            "MessageAttributes": {},
        },
    }] })
}

/// The EventBridge event. It does not encode keys.
fn event_bridge(object: &ObjectInfo) -> Value {
    let reason = if object.etag.contains('-') { "CompleteMultipartUpload" } else { "PutObject" };
    json!({
        "version": "0",
        "id": request_id(),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": ACCOUNT,
        "time": timestamp(object.modified),
        "region": REGION,
        "resources": [format!("arn:aws:s3:::{}", object.bucket)],
        "detail": {
            "version": "0",
            "bucket": { "name": object.bucket },
            "object": {
                "key": object.key,
                "size": object.size,
                "etag": object.etag,
                "sequencer": object.sequencer,
            },
            "request-id": "C3D13FE58DE4C810",
            "requester": ACCOUNT,
            "source-ip-address": "127.0.0.1",
            "reason": reason,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_form_encoded_except_slashes() {
        let cases = [
            ("red flower.jpg", "red+flower.jpg"),
            ("a+b.csv", "a%2Bb.csv"),
            ("in/2024/a.csv", "in/2024/a.csv"),
            ("%2B++ %20.mp3", "%252B%2B%2B+%2520.mp3"),
            ("ü&=~'", "%C3%BC%26%3D%7E%27"),
        ];
        for (key, encoded) in cases {
            assert_eq!(form_encoded(key), encoded);
        }
    }
}
