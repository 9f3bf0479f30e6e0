//! Requests to S3 and Lambda in the journal.

use std::time::Duration;

use recursive_lambda_local::{ContainerId, Fault, Operation, Platform, What};
use serde_json::json;

use crate::s3::{body, with_bucket};
use crate::support::platform;

/// The operation, its status, its fault, the bytes that were sent, and whether a container sent it.
type Seen = (Operation, Option<u16>, Option<Fault>, u64, Option<ContainerId>);

/// The requests so far, once there are this many: a response's entry is written a moment after the client has it.
async fn requests(platform: &Platform, count: usize) -> Vec<Seen> {
    let seen = || {
        let entries = platform.journal_after(0).into_iter();
        let requests = entries.filter_map(|entry| match entry.what {
            What::Request { container, operation, status, fault, bytes, .. } => {
                Some((operation, status, fault, bytes, container))
            }
            _ => None,
        });
        requests.collect::<Vec<_>>()
    };
    while seen().len() < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    seen()
}

#[tokio::test]
async fn requests_are_in_the_journal() {
    use Operation::{GetObject, PutObject};
    let (platform, client) = with_bucket().await;
    let known = requests(&platform, 1).await.len();
    platform.set_faults(|call| match (call.operation, call.key.as_str()) {
        (GetObject, "cut") => Some(Fault::CutBody(3)),
        (PutObject, "lost") => Some(Fault::LoseResponse),
        (PutObject, "refused") => Some(Fault::Unavailable),
        (PutObject, "hangup") => Some(Fault::Hangup),
        _ => None,
    });
    let mut expected = Vec::new();
    for (key, status, fault) in [
        ("k", Some(200), None),
        ("cut", Some(200), None),
        ("lost", Some(200), Some(Fault::LoseResponse)),
        ("refused", Some(503), Some(Fault::Unavailable)),
        ("hangup", None, Some(Fault::Hangup)),
    ] {
        let _ = client.put_object().bucket("bucket").key(key).body(body("hello")).send().await;
        expected.push((PutObject, status, fault, 0, None));
        requests(&platform, known + expected.len()).await;
    }
    for (key, status, fault, bytes) in [("k", 200, None, 5), ("cut", 200, Some(Fault::CutBody(3)), 3), ("absent", 404, None, 0)] {
        if let Ok(found) = client.get_object().bucket("bucket").key(key).send().await {
            let _ = found.body.collect().await;
        }
        expected.push((GetObject, Some(status), fault, bytes, None));
        requests(&platform, known + expected.len()).await;
    }
    assert_eq!(requests(&platform, 0).await.split_off(known), expected);
}

#[tokio::test]
async fn a_request_names_its_container() {
    let platform = platform().start().await.unwrap();
    platform.send(json!({ "do": "recurse", "left": 1 }).to_string());
    platform.idle().await;
    let expected = [(Operation::Invoke, Some(202), None, 0, Some(ContainerId::new(1)))];
    assert_eq!(requests(&platform, 1).await, expected);
}
