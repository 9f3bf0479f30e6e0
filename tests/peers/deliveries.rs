//! The events that moto's S3 sends, on every path to an SQS queue, start exactly one run for each upload.

use crate::peer::{Moto, program, script};
use recursive_lambda_local::{Platform, RecursiveLoop};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The most hostile keys that moto accepts. It rejects line breaks.
const KEYS: [&str; 16] = [
    "plain.txt",
    "in/2026/orders.txt",
    "a b.txt",
    "a+b.txt",
    "a b+c/d e.txt",
    "%20.txt",
    "100%.txt",
    "a%2Fb.txt",
    "ü/雪.txt",
    "../up.txt",
    "in/../../../etc/passwd",
    "a//b/./c.txt",
    "tab\there.txt",
    "\u{202e}txt.exe",
    "~!@$&'()*,;=:?#\"<>[]{}|^`\\",
    "trailing/",
];

/// Paths from S3 to the queue, and the number of `s3:TestEvent` messages on each.
const CHANNELS: [(&str, usize); 4] = [("by_queue", 1), ("by_topic", 1), ("by_topic_raw", 1), ("by_event_bridge", 0)];

/// The maximum number of messages that SQS delivers at once.
const RECEIVED_AT_ONCE: usize = 10;

/// The number of lines in the object of the nth key, different for each.
fn lines_of(nth: usize) -> usize {
    390 + 2 * nth
}

fn body_of(nth: usize) -> String {
    "one word more\n".repeat(lines_of(nth))
}

async fn platform() -> Platform {
    let builder = Platform::builder()
        .binary(program("lines"))
        .function_name("lines")
        .env("RECURSIVE_LAMBDA_STATE", "s3://state/runs")
        .timeout(Duration::from_secs(60))
        .init_timeout(Duration::from_secs(120))
        .max_concurrency(4)
        .recursive_loop(RecursiveLoop::Allow);
    let platform = builder.start().await.unwrap();
    platform.s3().create_bucket("state").unwrap();
    platform
}

async fn deliver(platform: &Platform, messages: &[String]) {
    for received in messages.chunks(RECEIVED_AT_ONCE) {
        platform.send_messages(received);
    }
    let idle = tokio::time::timeout(Duration::from_secs(300), platform.idle()).await;
    assert!(idle.is_ok(), "not idle: {:?}", platform.counters());
    let counters = platform.counters();
    assert_eq!(counters.succeeded, counters.invocations, "{counters:?}");
    assert_eq!(counters.dead_letters, 0, "{:?}", platform.dead_letters());
}

fn checkpoints(platform: &Platform) -> Vec<Value> {
    let s3 = platform.s3();
    let all = s3.list("state", "runs/").unwrap();
    all.iter().map(|object| serde_json::from_slice(&s3.get("state", &object.key).unwrap()).unwrap()).collect()
}

/// Bucket and key of each object, with its run's status, records and words.
type Done = BTreeMap<(String, String), (String, u64, u64)>;

fn done(checkpoints: &[Value]) -> Done {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let each = checkpoints.iter().map(|checkpoint| {
        let object = &checkpoint["object"];
        let outcome =
            (text(&checkpoint["status"]), checkpoint["position"].as_u64().unwrap(), checkpoint["state"].as_u64().unwrap());
        ((text(&object["bucket"]), text(&object["key"])), outcome)
    });
    each.collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: cargo xtask test"]
async fn every_moto_upload_starts_one_run() {
    let moto = Moto::start().await;
    let objects: Vec<Value> = KEYS.iter().enumerate().map(|(nth, key)| json!({ "key": key, "body": body_of(nth) })).collect();
    let delivered = script("deliver.py", &json!({ "endpoint": moto.url, "objects": objects })).await;

    let platform = platform().await;
    let (mut tests, mut messages, mut expected) = (Vec::new(), Vec::new(), Done::new());
    for (channel, announced) in CHANNELS {
        let arrived: Vec<String> = serde_json::from_value(delivered[channel]["messages"].clone()).unwrap();
        let (test, uploads): (Vec<_>, Vec<_>) = arrived.into_iter().partition(|message| message.contains("s3:TestEvent"));
        assert_eq!(test.len(), announced, "{channel}");
        assert!(uploads.len() >= KEYS.len(), "{channel}: {uploads:?}");
        tests.extend(test);
        messages.extend(uploads);
        let bucket = delivered[channel]["bucket"].as_str().unwrap();
        platform.s3().create_bucket(bucket).unwrap();
        for (nth, key) in KEYS.into_iter().enumerate() {
            platform.s3().put(bucket, key, body_of(nth)).unwrap();
            let lines = lines_of(nth) as u64;
            expected.insert((bucket.to_owned(), key.to_owned()), ("Done".to_owned(), lines, 3 * lines));
        }
    }

    deliver(&platform, &tests).await;
    assert!(checkpoints(&platform).is_empty(), "s3:TestEvent starts no run");

    deliver(&platform, &messages).await;
    let first = checkpoints(&platform);
    assert_eq!(done(&first), expected);
    assert_eq!(first.len(), expected.len(), "one run for each object");

    // SQS delivers at least once.
    deliver(&platform, &messages).await;
    assert_eq!(checkpoints(&platform), first, "a finished run does not change");
    platform.shutdown().await;
}
