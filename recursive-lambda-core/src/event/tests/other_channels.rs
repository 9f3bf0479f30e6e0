//! CloudTrail, S3 Batch Operations, pipes, and the detail of an event alone.

use super::*;

fn with(mut event: Value, pointer: &str, name: &str, value: Value) -> Value {
    event.pointer_mut(pointer).unwrap()[name] = value;
    event
}

#[test]
fn cloudtrail_calls_start_runs() {
    let detail = |name: &str, value: Value| with(call("k"), "/detail", name, value);
    let named = |name: &str| detail("eventName", name.into());
    let put = |key: &str, bytes: f64| with(call(key), "/detail", "additionalEventData", json!({ "bytesTransferredIn": bytes }));
    let answered = |version: &str| detail("responseElements", json!({ "x-amz-version-id": version }));
    let asked = |asked: Value| detail("requestParameters", asked);
    let start = "start bkt \"k\" - - - - call-1 -";
    let cases = [
        (call("k"), start),
        (call("k")["detail"].clone(), start),
        (sqs(&call("k")), "m start bkt \"k\" - - - - call-1 -"),
        (named("CopyObject"), start),
        (named("CompleteMultipartUpload"), start),
        (named("PostObject"), start),
        (named("GetObject"), "nothing: not a creation"),
        (named("UploadPart"), "nothing: not a creation"),
        (detail("errorCode", "AccessDenied".into()), "nothing: a call that failed"),
        (detail("errorCode", Value::Null), start),
        (detail("awsRegion", "eu-west-1".into()), "start bkt \"k\" eu-west-1 - - - call-1 -"),
        (answered("v.1"), "start bkt \"k\" - v.1 - - call-1 -"),
        (answered("null"), start),
        (answered(""), start),
        (detail("responseElements", Value::Null), start),
        (put("dir/", 0.0), "nothing: a folder's marker"),
        (put("dir/", 7.0), "start bkt \"dir/\" - - - - call-1 -"),
        (with(put("dir/", 0.0), "/detail", "eventName", "CopyObject".into()), "start bkt \"dir/\" - - - - call-1 -"),
        (put("empty", 0.0), "start bkt \"empty\" - - - - call-1 -"),
        (with(detail("eventID", Value::Null), "", "id", "event-1".into()), "start bkt \"k\" - - - - event-1 -"),
        (detail("eventID", Value::Null), "UnknownEvent: `detail.eventID` is missing; it tells two uploads of one key apart"),
        (asked(Value::Null), "UnknownEvent: `detail.requestParameters` is missing"),
        (asked(json!({ "bucketName": "bkt" })), "UnknownEvent: `detail.requestParameters.key` is missing"),
        (asked(json!({ "key": "k" })), "UnknownEvent: `detail.requestParameters.bucketName` is missing"),
        (detail("eventName", Value::Null), "UnknownEvent: `detail.eventName` is missing"),
    ];
    for (event, expected) in cases {
        assert_eq!(only(&event), expected, "{event}");
    }
}

#[test]
fn a_detail_alone_starts_a_run() {
    let base = json!({ "version": "0", "bucket": { "name": "bkt" }, "object": { "key": "a+b", "size": 7, "etag": "e", "sequencer": "00" } });
    let detail = |name: &str, value: &str| with(base.clone(), "", name, value.into());
    let start = "start bkt \"a+b\" - - e 7 00 -";
    let cases = [
        (detail("reason", "PutObject"), start),
        (detail("reason", "POST Object"), start),
        (detail("reason", "CopyObject"), start),
        (detail("reason", "CompleteMultipartUpload"), start),
        (detail("reason", "DeleteObject"), "nothing: not a creation"),
        (detail("reason", "Lifecycle Expiration"), "nothing: not a creation"),
        (detail("deletion-type", "Permanently Deleted"), "nothing: not a creation"),
        (detail("restore-expiry-time", "2026"), "nothing: not a creation"),
        (detail("source-storage-class", "GLACIER"), "nothing: not a creation"),
        (detail("destination-access-tier", "ARCHIVE_ACCESS"), "nothing: not a creation"),
        (
            base.clone(),
            "UnknownEvent: `reason` is missing, and without it an upload cannot be told from a change of tags; let the rule pass the whole event",
        ),
        (json!({ "bucket": { "name": "bkt" }, "object": {}, "reason": "PutObject" }), "UnknownEvent: `object.key` is missing"),
    ];
    for (event, expected) in cases {
        assert_eq!(only(&event), expected, "{event}");
    }
    let partial = read(r#"{"bucketName":"bkt","key":"k"}"#);
    assert!(
        partial[0].starts_with("UnknownEvent: the event has the fields `bucketName`, `key`;"),
        "a transformer's: {partial:?}"
    );
}

#[test]
fn a_batch_operations_task_is_one_run() {
    let task = |name: &str, value: &str| with(tasks("k"), "/tasks/0", name, value.into());
    let arn = |arn: &str| task("s3BucketArn", arn);
    let start = |bucket: &str| format!("t start {bucket} \"k\" - - - - job-1 -");
    let access_point = "arn:aws:s3:eu-west-1:123456789012:accesspoint/name";
    let cases = [
        (tasks("k"), start("bkt")),
        (arn("arn:aws:s3:::uploads"), start("uploads")),
        (arn("arn:aws:s3:us-east-1:0123456788:uploads"), start("uploads")),
        (arn("arn:aws:s3express:eu-west-1:123456789012:bucket/uploads--az--x-s3"), start("uploads--az--x-s3")),
        (arn(access_point), start(access_point)),
        (task("s3VersionId", ""), start("bkt")),
        (task("s3VersionId", "v.1"), "t start bkt \"k\" - v.1 - - job-1 -".into()),
        (task("taskId", "other"), format!("other{}", start("bkt").trim_start_matches('t'))),
        (
            tasks("a%"),
            "t UnknownEvent: `tasks[0].s3Key` is not a form-encoded key: a `%` lacks its two hexadecimal digits".into(),
        ),
    ];
    for (event, expected) in cases {
        assert_eq!(only(&event), expected, "{event}");
    }
    for (event, expected) in [
        (with(tasks("k"), "", "invocationSchemaVersion", "3.0".into()), "`invocationSchemaVersion` is neither 1.0 nor 2.0"),
        (with(tasks("k"), "", "invocationId", Value::Null), "`invocationId` is missing"),
        (with(tasks("k"), "", "job", Value::Null), "`job` is missing"),
        (with(tasks("k"), "/job", "id", Value::Null), "`job.id` is missing"),
        (with(tasks("k"), "/tasks/0", "taskId", Value::Null), "`tasks[0].taskId` is missing"),
    ] {
        let lines = read(&event.to_string());
        assert!(lines.len() == 1 && lines[0].starts_with(&format!("UnknownEvent: {expected}")), "{event}: {lines:?}");
    }
    let delivery = parse(tasks("k").to_string().as_bytes()).unwrap();
    assert!(!delivery.is_alone(), "a task only admits its run");
}

#[test]
fn a_pipe_gives_an_array() {
    let message =
        |id: &str, body: &Value, queue: &str| json!({ "messageId": id, "body": body.to_string(), "eventSourceARN": queue });
    let start = "start bkt \"k\" - - - - - -";
    let cases: [(Value, &[&str]); 6] = [
        (json!([bridge("k")]), &["pipe", start]),
        (json!([bridge("k"), s3("k"), sweep()]), &["pipe", start, start, "sweep"]),
        (
            json!([message("1", &s3("k"), "q"), message("2", &sns(&s3("k")), "q")]),
            &["sqs", &format!("1 {start}"), &format!("2 {start}")],
        ),
        (json!([message("1", &s3("k"), "q.fifo")]), &["fifo", &format!("1 {start}")]),
        (json!([message("1", &json!({ "Records": [] }), "q")]), &["sqs", "1 nothing: no records"]),
        (json!([message("1", &failed(&s3("k")), "q")]), &["sqs", &format!("1 {start}")]),
    ];
    for (event, expected) in cases {
        assert_eq!(read(&event.to_string()), expected, "{event}");
    }
    let mixed = read(&json!([bridge("k"), "s3cret", { "x": 1 }]).to_string());
    assert_eq!(mixed[1], start);
    assert!(mixed[2].starts_with("UnknownEvent: `[1]` is not a JSON object;"), "{mixed:?}");
    assert!(mixed[3].starts_with("UnknownEvent: `[2]` has the fields `x`;"), "{mixed:?}");
    let most = json!(vec![bridge("k"); 10_000]);
    assert_eq!(read(&most.to_string()).len(), 10_001, "as many as a pipe can give");
    let delivery = parse(json!([bridge("k")]).to_string().as_bytes()).unwrap();
    assert!(!delivery.is_alone(), "a pipe waits for its answer");
}

#[test]
fn a_subscription_notice_is_recognised() {
    let envelope = |kind: &str| json!({ "Type": kind, "Message": "You have chosen to ..", "SubscribeURL": "https://s3cret", "Token": "s3cret" });
    for (event, expected) in [
        (envelope("SubscriptionConfirmation"), "UnknownEvent: `Type` is `SubscriptionConfirmation`: a topic asks"),
        (envelope("UnsubscribeConfirmation"), "UnknownEvent: `Type` is `UnsubscribeConfirmation`: someone ended"),
        (
            sqs(&envelope("SubscriptionConfirmation")),
            "m UnknownEvent: `Records[0].body.Type` is `SubscriptionConfirmation`: a topic",
        ),
    ] {
        let line = read(&event.to_string()).pop().unwrap();
        assert!(line.starts_with(expected) && !line.contains("s3cret"), "{line}");
    }
}
