//! Events of channels without a trigger in the local platform, in the form that AWS documents. Each upload starts one run, even if its
//! event is delivered several times.

use super::stage::{BATCHES, DOLLARS, KEY, ROWS, Stage, UPLOADS};
use recursive_lambda_local::{Channel, Outcome, Trigger, What};
use serde_json::{Value, json};

fn by_cloud_trail(event_id: &str) -> Value {
    json!({ "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "id": "1", "detail": {
        "eventSource": "s3.amazonaws.com", "eventName": "CompleteMultipartUpload", "awsRegion": "us-east-1", "eventID": event_id,
        "requestParameters": { "bucketName": UPLOADS, "key": KEY }, "responseElements": null,
    } })
}

fn by_batch_operations(task: &str) -> Value {
    json!({ "invocationSchemaVersion": "1.0", "invocationId": "i", "job": { "id": "job" }, "tasks": [
        { "taskId": task, "s3Key": KEY, "s3VersionId": null, "s3BucketArn": format!("arn:aws:s3:::{UPLOADS}") },
    ] })
}

fn failed(payload: &Value) -> Value {
    json!({ "requestContext": { "condition": "RetriesExhausted" }, "requestPayload": payload, "responseContext": {} })
}

fn answers(stage: &Stage, request: &str) -> Vec<Value> {
    let answers = stage.platform.journal().into_iter().filter_map(|entry| match entry.what {
        What::InvocationEnded { request_id, outcome: Outcome::Ok(answer), .. } if request_id == request => Some(answer),
        _ => None,
    });
    answers.map(|answer| serde_json::from_slice(&answer).unwrap()).collect()
}

#[tokio::test]
async fn every_channel_starts_one_run() {
    let stage = Stage::new("rows", |platform| platform).await;
    let object = stage.upload_birdstrikes().await;
    let Trigger::Events(events) = Channel::S3.trigger(std::slice::from_ref(&object)) else { panic!("S3 has no queue") };
    let by_s3: Value = serde_json::from_str(&events[0].to_string()).unwrap();

    // Each case is one upload whose event is delivered several times: duplicates, redriven events, arrays of events.
    let mut runs = 0;
    let calls = [by_cloud_trail("one"), by_cloud_trail("two")];
    let cases: [(&str, Vec<Value>); 4] = [
        ("CloudTrail", vec![calls[0].clone(), calls[0].clone(), failed(&calls[0]), json!([calls[0]])]),
        ("another call", vec![calls[1].clone(), calls[1]["detail"].clone()]),
        ("Batch Operations", vec![by_batch_operations("a"), by_batch_operations("a"), by_batch_operations("b")]),
        ("S3", vec![by_s3.clone(), failed(&by_s3), failed(&failed(&by_s3)), json!([by_s3])]),
    ];
    for (context, events) in cases {
        // Waits after each event, because a duplicate during the run is refused and delivered again.
        for event in events {
            stage.platform.send(event.to_string());
            stage.settle().await;
        }
        runs += 1;
        let checkpoints = stage.checkpoints();
        assert_eq!(checkpoints.len(), runs, "{context}: {}", stage.logged().join("\n"));
        for checkpoint in checkpoints {
            let outcome = (&checkpoint["status"], &checkpoint["state"], &checkpoint["object"]["etag"]);
            assert_eq!(outcome, (&json!("Done"), &json!({ "rows": ROWS, "dollars": DOLLARS }), &json!(object.etag)), "{context}");
        }
        assert_eq!(stage.executions().len(), runs * BATCHES, "{context}");
    }
    stage.platform.send_messages([failed(&calls[0]).to_string(), calls[1].to_string()]);
    stage.settle().await;
    assert_eq!((stage.checkpoints().len(), stage.executions().len()), (runs, runs * BATCHES), "from a queue");
    assert!(stage.dead_letters().is_empty(), "{:?}", stage.dead_letters());
}

#[tokio::test]
async fn batch_operations_tasks_are_answered() {
    let stage = Stage::new("rows", |platform| platform).await;
    stage.upload_birdstrikes().await;
    let mut event = by_batch_operations("a");
    let missing = json!({ "taskId": "b", "s3Key": "not+there", "s3VersionId": "", "s3Bucket": UPLOADS });
    let malformed = json!({ "taskId": "c", "s3Key": "%", "s3VersionId": null, "s3Bucket": UPLOADS });
    event["tasks"].as_array_mut().unwrap().extend([missing, malformed]);
    let request = stage.platform.send(event.to_string());
    stage.settle().await;
    let [answer] = &answers(&stage, &request)[..] else { panic!("{}", stage.logged().join("\n")) };
    assert_eq!((&answer["invocationSchemaVersion"], &answer["invocationId"]), (&json!("1.0"), &json!("i")));
    assert_eq!(answer["treatMissingKeysAs"], "PermanentFailure");
    let results: Vec<_> =
        answer["results"].as_array().unwrap().iter().map(|result| (&result["taskId"], &result["resultCode"])).collect();
    let [a, b, c] = [json!("a"), json!("b"), json!("c")];
    let (succeeded, permanent) = (json!("Succeeded"), json!("PermanentFailure"));
    assert_eq!(results, [(&a, &succeeded), (&b, &permanent), (&c, &permanent)], "{answer}");
    assert!(answer["results"][1]["resultString"].as_str().unwrap().contains("does not exist"), "{answer}");
    assert_eq!(stage.status(), "Done");
}
