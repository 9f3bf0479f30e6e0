//! The events that tell a function of an object, in the form each channel gives them. Pure: builds them, sends nothing.

use std::time::SystemTime;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::lambda::request_id;
use crate::s3::ObjectInfo;
use crate::{ACCOUNT, REGION};

/// The way from the upload to the function.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Channel {
    /// S3 notifies the function.
    S3,
    /// S3 notifies a topic of SNS, which invokes the function.
    S3Sns,
    /// S3 notifies a queue.
    S3Sqs,
    /// S3 notifies a topic, which writes to a queue: the notification in SNS's envelope, in the message.
    S3SnsSqs,
    /// The same with raw message delivery: without the envelope.
    S3SnsSqsRaw,
    /// S3 -> EventBridge -> the function.
    EventBridge,
    /// S3 -> EventBridge -> a queue.
    EventBridgeSqs,
    /// Somebody starts a run by hand, under this name.
    Manual(String),
}

/// A channel's event for some objects.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// Invoked asynchronously, once per event.
    Events(Vec<Value>),
    /// Given to a queue of SQS: the bodies of messages.
    Messages(Vec<String>),
}

impl Channel {
    /// Every channel but [`Manual`](Channel::Manual), for tests that try them all.
    pub const NOTIFICATIONS: [Self; 7] =
        [Self::S3, Self::S3Sns, Self::S3Sqs, Self::S3SnsSqs, Self::S3SnsSqsRaw, Self::EventBridge, Self::EventBridgeSqs];

    /// The events or messages this channel would give a function for these objects: one each, as at AWS.
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

/// As S3 encodes keys in notifications: like an HTML form, but `/` stays.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b' ');

fn form_encoded(key: &str) -> String {
    utf8_percent_encode(key, FORM).to_string().replace(' ', "+")
}

fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

/// One S3 event record, with everything AWS puts in it.
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

/// What SNS writes to a queue.
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

/// What SNS invokes a function with.
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

/// EventBridge gives keys as they are.
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
    fn keys_are_form_encoded_but_for_slashes() {
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
