//! Events as data. The documents in `testdata` are AWS's own shapes; `moto.json` is what moto 5.2 really delivered.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod documents;
mod faults;
mod keys;
mod mutations;
mod other_channels;
mod redrives;
mod replies;
mod signals;
mod sweeps;
mod vocabulary;

use super::*;
use serde_json::{Value, json};

const DOCUMENTS: [(&str, &str); 16] = [
    ("s3", include_str!("../testdata/s3.json")),
    ("test event", include_str!("../testdata/s3-test-event.json")),
    ("sqs", include_str!("../testdata/sqs-s3.json")),
    ("sns in fifo sqs", include_str!("../testdata/sqs-sns-s3.json")),
    ("sns", include_str!("../testdata/sns-s3.json")),
    ("eventbridge", include_str!("../testdata/eventbridge.json")),
    ("eventbridge in sqs", include_str!("../testdata/sqs-eventbridge.json")),
    ("moto", include_str!("../testdata/moto.json")),
    ("cloudtrail", include_str!("../testdata/cloudtrail.json")),
    ("cloudtrail, versioned", include_str!("../testdata/cloudtrail-versioned.json")),
    ("destination", include_str!("../testdata/destination.json")),
    ("batch operations 1.0", include_str!("../testdata/batch-operations.json")),
    ("batch operations 2.0", include_str!("../testdata/batch-operations-2.json")),
    ("eventbridge, detail alone", include_str!("../testdata/eventbridge-detail.json")),
    ("pipe", include_str!("../testdata/pipe-eventbridge.json")),
    ("pipe from a queue", include_str!("../testdata/pipe-sqs.json")),
];

/// One line per item, led by the channel.
fn read(event: &str) -> Vec<String> {
    match parse(event.as_bytes()) {
        Ok(Delivery { items, channel }) => {
            let channel = match channel {
                Channel::Sqs { fifo: true } => "fifo",
                Channel::Sqs { fifo: false } => "sqs",
                Channel::BatchOperations { .. } => "tasks",
                Channel::Pipe => "pipe",
                Channel::Other => "other",
            };
            std::iter::once(channel.to_owned()).chain(items.iter().map(line)).collect()
        }
        Err(error) => vec![format!("{:?}: {error}", error.kind())],
    }
}

fn line(item: &Item) -> String {
    let trigger = match &item.trigger {
        Ok(Request::Start(start)) => {
            let NamedObject { bucket, key, region, version, etag, size, sequencer, name } = start;
            let or = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".into());
            let (region, version, etag, sequencer, name) = (or(region), or(version), or(etag), or(sequencer), or(name));
            let size = or(&size.map(|size| size.to_string()));
            format!("start {bucket} {key:?} {region} {version} {etag} {size} {sequencer} {name}")
        }
        Ok(Request::Signal(Signal { job, run, seq, token, swept, position, carried })) => {
            let carried = carried.as_ref().map_or("-", |record| record.get());
            let token = if token.is_empty() { "-" } else { token };
            let swept = if *swept { " swept" } else { "" };
            format!("signal {job} {run} {seq} {token}{swept} {position} {carried}")
        }
        Ok(Request::Sweep) => "sweep".into(),
        Ok(Request::Command { run, command: Command { command, by, reason, after } }) => {
            let [by, reason] = [by, reason].map(|note| note.as_ref().map(|note| format!(" {note}")).unwrap_or_default());
            let after = after.map(|after| format!(" after {after}")).unwrap_or_default();
            format!("{} {run}{by}{reason}{after}", command.name())
        }
        Ok(Request::Nothing(why)) => format!("nothing: {why}"),
        Err(error) => format!("{:?}: {error}", error.kind()),
    };
    item.message_id.as_ref().map_or(trigger.clone(), |id| format!("{id} {trigger}"))
}

/// The only item of an event that has one.
fn only(event: &Value) -> String {
    let lines = read(&event.to_string());
    assert_eq!(lines.len(), 2, "{lines:?}");
    lines[1].clone()
}

fn record(key: &str) -> Value {
    json!({ "eventVersion": "2.1", "eventName": "ObjectCreated:Put", "s3": { "bucket": { "name": "bkt" }, "object": { "key": key } } })
}

fn s3(key: &str) -> Value {
    json!({ "Records": [record(key)] })
}

fn bridge(key: &str) -> Value {
    json!({ "source": "aws.s3", "detail-type": "Object Created", "detail": { "bucket": { "name": "bkt" }, "object": { "key": key } } })
}

fn call(key: &str) -> Value {
    json!({ "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": {
        "eventSource": "s3.amazonaws.com", "eventName": "PutObject", "eventID": "call-1",
        "requestParameters": { "bucketName": "bkt", "key": key },
    } })
}

fn tasks(key: &str) -> Value {
    json!({ "invocationSchemaVersion": "2.0", "invocationId": "i", "job": { "id": "job-1" }, "tasks": [
        { "taskId": "t", "s3Key": key, "s3VersionId": null, "s3Bucket": "bkt" },
    ] })
}

/// What a destination of Lambda has of an invocation that failed.
fn failed(payload: &Value) -> Value {
    json!({
        "version": "1.0",
        "requestContext": { "condition": "RetriesExhausted", "approximateInvokeCount": 3 },
        "requestPayload": payload,
        "responseContext": { "functionError": "Unhandled" },
        "responsePayload": { "errorType": "State" },
    })
}

fn manual(key: &str) -> Value {
    json!({ "bucket": "bkt", "key": key, "run": "again" })
}

fn sweep() -> Value {
    json!({ "recursive_lambda_sweep": { "v": 1 } })
}

fn sqs(body: &Value) -> Value {
    json!({ "Records": [{ "messageId": "m", "body": text(body) }] })
}

fn envelope(message: &Value) -> Value {
    json!({ "Type": "Notification", "Message": text(message) })
}

fn sns(message: &Value) -> Value {
    json!({ "Records": [{ "EventSource": "aws:sns", "Sns": envelope(message) }] })
}

fn text(body: &Value) -> String {
    body.as_str().map_or_else(|| body.to_string(), str::to_owned)
}
