//! Notifications: every channel reaches the function, and a queue delivers unprocessed messages again.

use recursive_lambda_local::{Channel, Reason, What};
use serde_json::Value;

use crate::support::platform;

#[tokio::test]
async fn each_channel_encodes_keys_as_aws_does() {
    let key = "in/a b+c/ü.csv";
    let form = "in/a+b%2Bc/%C3%BC.csv";
    let inner = |event: &Value, pointer: &str| -> Value {
        serde_json::from_str(event.pointer(pointer).and_then(Value::as_str).unwrap()).unwrap()
    };
    let s3_key = "/Records/0/s3/object/key";
    let platform = platform().start().await.unwrap();
    platform.s3().create_bucket("uploads").unwrap();
    let object = platform.s3().put("uploads", key, "x").unwrap();
    let mut channels = Channel::NOTIFICATIONS.to_vec();
    channels.push(Channel::Manual("again".to_owned()));
    for channel in channels {
        let seen = platform.journal().len();
        let ids = platform.notify(&channel, "uploads", key).unwrap();
        assert_eq!(ids.len(), 1);
        platform.idle().await;
        let payload = platform.journal().into_iter().skip(seen).find_map(|entry| match entry.what {
            What::InvocationStarted { payload, .. } => Some(payload),
            _ => None,
        });
        let event: Value = serde_json::from_slice(&payload.unwrap()).unwrap();
        let (record, pointer, expected) = match &channel {
            Channel::S3 => (event, s3_key, form),
            Channel::S3Sns => (inner(&event, "/Records/0/Sns/Message"), s3_key, form),
            Channel::S3Sqs | Channel::S3SnsSqsRaw => (inner(&event, "/Records/0/body"), s3_key, form),
            Channel::S3SnsSqs => (inner(&inner(&event, "/Records/0/body"), "/Message"), s3_key, form),
            Channel::EventBridge => (event, "/detail/object/key", key),
            Channel::EventBridgeSqs => (inner(&event, "/Records/0/body"), "/detail/object/key", key),
            _ => (event, "/key", key),
        };
        assert_eq!(record.pointer(pointer).unwrap(), expected, "{channel:?}");
        if let Some(sequencer) = record.pointer(&pointer.replace("/key", "/sequencer")) {
            assert_eq!(sequencer, object.sequencer.as_str(), "{channel:?}");
        }
    }
    assert_eq!((platform.counters().failed, platform.dead_letters().len()), (0, 0));
}

#[tokio::test]
async fn a_missing_object_cannot_be_notified() {
    let platform = platform().start().await.unwrap();
    assert!(platform.notify(&Channel::S3, "uploads", "x").is_err());
}

#[tokio::test]
async fn unprocessed_messages_are_redelivered() {
    // The bodies, and whether partial reports are enabled; then the number of polls and of messages given up.
    let cases: [(&[&str], bool, u64, usize); 4] = [
        (&["good", "fine"], true, 1, 0),
        (&["good", "bad 1", "fine", "bad 2"], true, 3, 2),
        (&["bad"], true, 3, 1),
        (&["good", "bad"], false, 1, 0),
    ];
    for (bodies, enabled, polls, given_up) in cases {
        let platform = platform().report_batch_item_failures(enabled).max_receive_count(3).start().await.unwrap();
        let ids = platform.send_messages(bodies.iter().copied());
        platform.idle().await;
        let letters = platform.dead_letters();
        assert_eq!((platform.counters().invocations, letters.len()), (polls, given_up), "{bodies:?}");
        for letter in &letters {
            assert_eq!((letter.reason, letter.attempts), (Reason::MaxReceives, 3));
            assert!(letter.payload.starts_with(b"bad") && ids.contains(&letter.id), "{letter:?}");
        }
        let polled = platform.journal().into_iter().filter_map(|entry| match entry.what {
            What::InvocationStarted { payload, .. } => Some(serde_json::from_slice::<Value>(&payload).unwrap()),
            _ => None,
        });
        for (poll, event) in polled.enumerate() {
            let records = event["Records"].as_array().unwrap().clone();
            let received = (poll + 1).to_string();
            assert!(records.iter().all(|record| record["attributes"]["ApproximateReceiveCount"] == received.as_str()));
            assert!(poll == 0 || records.iter().all(|record| record["body"].as_str().unwrap().starts_with("bad")));
        }
    }
}
