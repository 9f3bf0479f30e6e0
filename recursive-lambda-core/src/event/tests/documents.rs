//! What each document asks for.

use super::*;

#[test]
fn documents_of_aws_and_moto_are_read() {
    const A: &str = "059f36b4-87a3-44ab-83d2-661975830a7d";
    const B: &str = "2e1424d4-f796-459a-8184-9c92662be6da";
    let start = "start acme-uploads \"orders/2026/red flower+leaf.csv\" eu-central-1 096fKKXTRTtl3on89fVO.nfljtsv6qko \
                 d41d8cd98f00b204e9800998ecf8427e 91000000 0055AED6DCD90281E5 -";
    let second = "start acme-uploads \"orders/bücher.csv\" eu-central-1 - 3858f62230ac3c915f300c664312c11f-9 91000000 \
                  0055AED6DCD90281E6 -";
    let moto = "start bkt \"d/a b+ü.csv\" us-east-1 - 5d41402abc4b2a76b9719d911017c592 5";
    let pinned = "- d41d8cd98f00b204e9800998ecf8427e 14 0055AED6DCD90281E5 -";
    let cases: [&[String]; DOCUMENTS.len()] = [
        &["other".into(), start.into()],
        &["other".into(), "nothing: s3:TestEvent".into()],
        &["sqs".into(), format!("{A} {start}"), format!("{A} {second}"), format!("{B} nothing: s3:TestEvent")],
        &["fifo".into(), format!("{A} {start}"), format!("{B} nothing: s3:TestEvent")],
        &["other".into(), start.into()],
        &["other".into(), start.into()],
        &["sqs".into(), format!("{A} {start}")],
        &[
            "sqs".into(),
            "moto-0 nothing: s3:TestEvent".into(),
            format!("moto-1 {moto} - -"),
            format!("moto-2 {moto} - -"),
            format!("moto-3 {moto} 617f08299329d189 -"),
        ],
        &["other".into(), "start uploads \"in/data.csv\" us-east-1 - - - 1 -".into()],
        &[
            "other".into(),
            "start acme-uploads \"orders/2026/red flower+leaf.csv\" eu-central-1 096fKKXTRTtl3on89fVO.nfljtsv6qko - - \
             0e6ee9f4-3f62-4b8e-9d3c-5f1d5d0f5f8f -"
                .into(),
        ],
        &["other".into(), format!("start uploads \"in/data.csv\" us-east-1 {pinned}")],
        &["tasks".into(), "dG start uploads \"in/data.csv\" - - - - f3cc -".into()],
        &[
            "tasks".into(),
            "dGFza2lkZ29lc2hlcmUK start acme-uploads \"orders/2026/red flower+leaf.csv\" - \
             096fKKXTRTtl3on89fVO.nfljtsv6qko - - f3cc4f60-61f6-4a2b-8a21-d07600c373ce -"
                .into(),
            "dGFza2lkMgo= start acme-uploads--euc1-az1--x-s3 \"orders/bücher.csv\" - - - - \
             f3cc4f60-61f6-4a2b-8a21-d07600c373ce -"
                .into(),
        ],
        &["other".into(), format!("start uploads \"in/data.csv\" - {pinned}")],
        &["pipe".into(), format!("start uploads \"in/data.csv\" us-east-1 {pinned}")],
        &["sqs".into(), format!("{A} {start}"), format!("{A} {second}"), format!("{B} nothing: s3:TestEvent")],
    ];
    for ((name, event), expected) in DOCUMENTS.iter().zip(cases) {
        assert_eq!(read(event), expected, "{name}");
    }
}

#[test]
fn all_channels_name_the_same_object() {
    let cases = [
        ("S3", s3("k")),
        ("SNS", sns(&s3("k"))),
        ("S3 in SQS", sqs(&s3("k"))),
        ("S3 in SNS in SQS, raw or not", sqs(&envelope(&s3("k")))),
        ("an event of SNS in SQS: redriven", sqs(&sns(&s3("k")))),
        ("EventBridge", bridge("k")),
        ("EventBridge in SQS", sqs(&bridge("k"))),
        ("EventBridge in SNS in SQS", sqs(&envelope(&bridge("k")))),
        ("a pipe from SQS", json!([{ "messageId": "m", "body": s3("k").to_string() }])),
        ("a pipe from SNS in SQS", json!([{ "messageId": "m", "body": envelope(&s3("k")).to_string() }])),
        ("a pipe that hands on events", json!([bridge("k")])),
        ("a dead-letter queue", sqs(&s3("k"))),
        ("a destination", failed(&s3("k"))),
    ];
    for (name, event) in cases {
        assert!(only(&event).ends_with("start bkt \"k\" - - - - - -"), "{name}: {}", only(&event));
    }
    let manual = manual("k");
    assert_eq!(only(&manual), "start bkt \"k\" - - - - - again");
    assert_eq!(only(&sqs(&manual)), "m start bkt \"k\" - - - - - again");
}

#[test]
fn what_is_no_upload_is_no_work() {
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "bkt" });
    let named = |name: &str| {
        let mut event = s3("k");
        event["Records"][0]["eventName"] = name.into();
        event
    };
    let typed = |name: &str| {
        let mut event = bridge("k");
        event["detail-type"] = name.into();
        event
    };
    let sized = |mut event: Value, at: &str, size: Value| {
        event.pointer_mut(at).unwrap()["size"] = size;
        event
    };
    let (object, detail) = ("/Records/0/s3/object", "/detail/object");
    let cases = [
        (test.clone(), "nothing: s3:TestEvent"),
        (sns(&test), "nothing: s3:TestEvent"),
        (sqs(&test), "m nothing: s3:TestEvent"),
        (sqs(&envelope(&test)), "m nothing: s3:TestEvent"),
        (named("ObjectRemoved:Delete"), "nothing: not a creation"),
        (named("ObjectRemoved:DeleteMarkerCreated"), "nothing: not a creation"),
        (named("s3:ObjectRestore:Completed"), "nothing: not a creation"),
        (named("ObjectTagging:Put"), "nothing: not a creation"),
        (named("LifecycleExpiration:Delete"), "nothing: not a creation"),
        (named("s3:ObjectCreated:Copy"), "start bkt \"k\" - - - - - -"),
        (named("ObjectCreated:CompleteMultipartUpload"), "start bkt \"k\" - - - - - -"),
        (typed("Object Deleted"), "nothing: not a creation"),
        (typed("Object Restore Completed"), "nothing: not a creation"),
        (sized(s3("dir/"), object, json!(0)), "nothing: a folder's marker"),
        (sized(bridge("dir/"), detail, json!(0)), "nothing: a folder's marker"),
        (sized(s3("dir%2F"), object, json!(0)), "nothing: a folder's marker"),
        (sized(s3("dir/"), object, json!(1)), "start bkt \"dir/\" - - - 1 - -"),
        (sized(s3("dir/"), object, Value::Null), "start bkt \"dir/\" - - - - - -"),
        (sized(s3("empty"), object, json!(0)), "start bkt \"empty\" - - - 0 - -"),
        (manual("dir/"), "start bkt \"dir/\" - - - - - again"),
        (sqs(&json!({ "Records": [] })), "m nothing: no records"),
    ];
    for (event, expected) in cases {
        assert_eq!(only(&event), expected, "{event}");
    }
    assert_eq!(read(r#"{"Records":[]}"#), ["other"], "no records, no items");
}

#[test]
fn absent_empty_and_null_are_equal() {
    let full = "start bkt \"k\" eu-west-1 v.1 e-2 7 00AF -";
    let bare = "start bkt \"k\" - - - - - -";
    let object = |fields: Value| {
        let mut event = s3("k");
        event["Records"][0]["awsRegion"] = "eu-west-1".into();
        event["Records"][0]["s3"]["object"] = fields;
        event
    };
    let mut nothing_else = s3("k");
    nothing_else["Records"][0]["eventVersion"] = Value::Null;
    nothing_else["Records"][0]["awsRegion"] = "".into();
    let mut pinned = manual("k");
    pinned["version"] = "v.1".into();
    let cases = [
        (object(json!({ "key": "k", "size": 7, "eTag": "e-2", "versionId": "v.1", "sequencer": "00AF" })), full),
        (object(json!({ "key": "k", "size": 7, "etag": "e-2", "version-id": "v.1", "sequencer": "00AF" })), full),
        (object(json!({ "key": "k", "size": 7, "eTag": "\"e-2\"", "versionId": "v.1", "sequencer": "00AF" })), full),
        (object(json!({ "key": "k", "versionId": "null", "eTag": "" })), "start bkt \"k\" eu-west-1 - - - - -"),
        (object(json!({ "key": "k", "size": null, "eTag": null })), "start bkt \"k\" eu-west-1 - - - - -"),
        (nothing_else, bare),
        (pinned, "start bkt \"k\" - v.1 - - - again"),
    ];
    for (event, expected) in cases {
        assert_eq!(only(&event), expected, "{event}");
    }
}

#[test]
fn a_bad_message_spoils_no_other() {
    let mut removed = record("b");
    removed["eventName"] = "ObjectRemoved:Delete".into();
    let event = json!({ "Records": [record("a"), record("%"), removed, record("a"), json!({ "kinesis": {} })] });
    let short = |lines: Vec<String>| -> Vec<String> { lines.iter().map(|line| line.chars().take(24).collect()).collect() };
    let direct = [
        "other",
        "start bkt \"a\" - - - - - ",
        "UnknownEvent: `Records[1",
        "nothing: not a creation",
        "start bkt \"a\" - - - - - ",
        "UnknownEvent: `Records[4",
    ];
    assert_eq!(short(read(&event.to_string())), direct);

    let messages = json!({ "Records": [
        { "messageId": "1", "body": "hello" },
        { "messageId": "2", "body": s3("a").to_string() },
        { "messageId": "3" },
        { "messageId": "4", "body": json!({ "Records": [record("a"), record("%")] }).to_string() },
    ]});
    let lines = [
        "sqs",
        "1 UnknownEvent: `Records",
        "2 start bkt \"a\" - - - - ",
        "3 UnknownEvent: `Records",
        "4 start bkt \"a\" - - - - ",
        "4 UnknownEvent: `Records",
    ];
    assert_eq!(short(read(&messages.to_string())), lines);
}
