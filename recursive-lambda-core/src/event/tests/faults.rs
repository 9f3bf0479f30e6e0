//! Refusals and their words: the field that is wrong, never its value.

use super::*;

fn with(mut event: Value, pointer: &str, value: Value) -> Value {
    *event.pointer_mut(pointer).unwrap() = value;
    event
}

#[test]
fn an_unrecognised_event_is_refused_whole() {
    let cases = [
        ("", "the event is not JSON;"),
        ("{", "the event is not JSON;"),
        ("[]", "the event is an empty array;"),
        ("[", "the event is not an array"),
        (r#"[{"messageId":"1","body":"{}"},"s3cret"]"#, "`[1]` is not a JSON object;"),
        (r#"[{"messageId":"1","body":"{}"},{"s3":{}}]"#, "`[1].messageId` is missing"),
        ("\"s3cret\"", "the event is not a JSON object;"),
        ("null", "the event is not a JSON object;"),
        ("{}", "the event has no fields;"),
        (r#"{"a":null}"#, "the event has no fields;"),
        (r#"{"foo":"s3cret","Bar":1}"#, "the event has the fields `Bar`, `foo`;"),
        (
            r#"{"h":1,"g":1,"f":1,"e":1,"d":1,"c":1,"b":1,"a":1}"#,
            "the event has the fields `a`, `b`, `c`, `d`, `e`, `f` and 2 more;",
        ),
        (r#"{"a\u001b[31m\n\u202e`":1}"#, "the event has the fields `a\\u{1b}[31m\\n\\u{202e}``;"),
        (r#"{"Event":"s3cret"}"#, "the event has the fields `Event`;"),
        (r#"{"Records":"s3cret"}"#, "`Records` is not an array"),
        (r#"{"Records":["s3cret"]}"#, "`Records[0]` is not a JSON object;"),
        (r#"{"Records":[{"body":"{}"}]}"#, "`Records[0].messageId` is missing"),
        (r#"{"Records":[{"messageId":"","body":"{}"}]}"#, "`Records[0].messageId` is not an identifier"),
        (r#"{"Records":[{"messageId":"1","body":"{}"},{"s3":{}}]}"#, "`Records[1].messageId` is missing"),
        (r#"{"Message":"hello"}"#, "`Message` is not JSON;"),
    ];
    for (event, expected) in cases {
        let lines = read(event);
        assert_eq!(lines.len(), 1, "{event}: {lines:?}");
        assert!(lines[0].starts_with(&format!("UnknownEvent: {expected}")), "{event}: {}", lines[0]);
        assert_eq!(expected.ends_with(';'), lines[0].contains("expected an event of S3"), "{}", lines[0]);
    }
    assert_eq!(parse(b"{\"\xff\":1}").unwrap_err().to_string().split(';').next(), Some("the event is not UTF-8"));
}

#[test]
fn an_item_is_refused_by_its_field() {
    let object = "/Records/0/s3/object";
    let bucket = |name: Value| with(s3("k"), "/Records/0/s3/bucket/name", name);
    let version = |version: Value| with(s3("k"), "/Records/0/eventVersion", version);
    let region = |region: &str| {
        let mut event = s3("k");
        event["Records"][0]["awsRegion"] = region.into();
        event
    };
    let field = |name: &str, value: Value| with(s3("k"), object, json!({ "key": "k", name: value }));
    let deep = (0..4).fold(s3("k"), |event, _| envelope(&event));
    let cases = [
        (s3(""), "`Records[0].s3.object.key` is not a key"),
        (s3("+"), "`Records[0].s3.object.key` is only white space, which the AWS SDK cannot request"),
        (bridge("\u{a0}\n"), "`detail.object.key` is only white space"),
        (s3(&"k".repeat(1025)), "`Records[0].s3.object.key` is not a key"),
        (bridge(&"é".repeat(513)), "`detail.object.key` is not a key"),
        (s3("%"), "`Records[0].s3.object.key` is not a form-encoded key: a `%`"),
        (s3("a%2"), "`Records[0].s3.object.key` is not a form-encoded key: a `%`"),
        (s3("%+1"), "`Records[0].s3.object.key` is not a form-encoded key: a `%`"),
        (s3("%zz"), "`Records[0].s3.object.key` is not a form-encoded key: a `%`"),
        (s3("%é"), "`Records[0].s3.object.key` is not a form-encoded key: a `%`"),
        (s3("%ff"), "`Records[0].s3.object.key` is not a form-encoded key: its bytes"),
        (s3("%ED%A0%80"), "`Records[0].s3.object.key` is not a form-encoded key: its bytes"),
        (with(s3("k"), object, json!({})), "`Records[0].s3.object.key` is missing"),
        (with(s3("k"), object, json!("s3cret")), "`Records[0].s3.object` is not a JSON object"),
        (with(s3("k"), "/Records/0/s3", json!({})), "`Records[0].s3.bucket` is missing"),
        (bucket(json!("ab")), "`Records[0].s3.bucket.name` is not a bucket's name"),
        (bucket(json!("b".repeat(256))), "`Records[0].s3.bucket.name` is not a bucket's name"),
        (bucket(json!("a/../s3cret")), "`Records[0].s3.bucket.name` is not a bucket's name"),
        (bucket(json!("s3cret\n")), "`Records[0].s3.bucket.name` is not a bucket's name"),
        (bucket(json!("s3cret.com#")), "`Records[0].s3.bucket.name` is not a bucket's name"),
        (bucket(json!(7)), "`Records[0].s3.bucket.name` is not text"),
        (with(s3("k"), "/Records/0/eventName", Value::Null), "`Records[0].eventName` is missing"),
        (version(json!("3.0")), "`Records[0].eventVersion` is not 2.x"),
        (version(json!("22.0")), "`Records[0].eventVersion` is not 2.x"),
        (version(json!("")), "`Records[0].eventVersion` is not 2.x"),
        (version(json!(2.1)), "`Records[0].eventVersion` is not text"),
        (region("s3cret.example.com/"), "`Records[0].awsRegion` is not a region's name"),
        (field("eTag", json!("a\r\nb")), "`Records[0].s3.object.eTag` is not an identifier"),
        (field("eTag", json!("a\"b")), "`Records[0].s3.object.eTag` is not an identifier"),
        (region(&"r".repeat(64)), "`Records[0].awsRegion` is not a region's name"),
        (field("versionId", json!("v".repeat(1025))), "`Records[0].s3.object.versionId` is not an identifier"),
        (field("sequencer", json!("ü")), "`Records[0].s3.object.sequencer` is not an identifier"),
        (field("size", json!(-1)), "`Records[0].s3.object.size` is not a whole number"),
        (field("size", json!("s3cret")), "`Records[0].s3.object.size` is not a whole number"),
        (with(bridge("k"), "/source", Value::Null), "`source` is missing"),
        (with(bridge("k"), "/detail", Value::Null), "`detail` is missing"),
        (
            json!({ "Records": [{ "kinesis": {}, "eventSource": "s3cret" }] }),
            "`Records[0]` has the fields `eventSource`, `kinesis`;",
        ),
        (sns(&json!("hello")), "`Records[0].Sns.Message` is not JSON;"),
        (json!({ "Records": [{ "messageId": "m" }] }), "`Records[0].body` is missing"),
        (sqs(&json!("hello")), "`Records[0].body` is not JSON;"),
        (sqs(&json!({})), "`Records[0].body` has no fields;"),
        (sqs(&sqs(&s3("k"))), "`Records[0].body.Records[0]` has the fields `body`, `messageId`;"),
        (sqs(&envelope(&envelope(&envelope(&s3("k"))))), "`Records[0].body.Message.Message.Message` is nested deeper"),
        (sqs(&deep), "`Records[0].body.Message.Message.Message` is nested deeper"),
        (json!({ "bucket": "bkt" }), "`key` is missing"),
        (json!({ "bucket": "bkt", "key": "k" }), "`run` is missing"),
        (json!({ "bucket": "bkt", "key": "k", "run": "" }), "`run` is not a run's name"),
        (json!({ "bucket": "bkt", "key": "k", "run": "a/b" }), "`run` is not a run's name"),
        (json!({ "bucket": "bkt", "key": "k", "run": "r".repeat(65) }), "`run` is not a run's name"),
        (
            json!({ "bucket": "bkt", "key": "k", "run": "r", "verison": "s3cret" }),
            "`verison` is unknown; the fields are `bucket`, `key`, `run`, `version`",
        ),
    ];
    for (event, expected) in cases {
        let line = only(&event);
        let line = line.strip_prefix("m ").unwrap_or(&line);
        assert!(line.starts_with(&format!("UnknownEvent: {expected}")), "{event}: {line}");
        assert!(!line.contains("s3cret"), "{line}");
    }
    assert!(only(&sqs(&envelope(&envelope(&s3("k"))))).starts_with("m start"), "four documents deep is not too deep");
}

#[test]
fn names_at_their_bounds_are_taken() {
    let bucket = |name: &str| with(s3("k"), "/Records/0/s3/bucket/name", name.into());
    let cases = [
        bucket("abc"),
        bucket(&"b".repeat(255)),
        bucket("Old_Bucket.eu"),
        bucket("arn:aws:s3:eu-west-1:123456789012:accesspoint/name"),
        s3(&"k".repeat(1024)),
        s3(&"%C3%A9".repeat(512)),
        bridge(&"é".repeat(512)),
        json!({ "bucket": "bkt", "key": "k", "run": "r".repeat(64) }),
        json!({ "bucket": "bkt", "key": "k", "run": "2026-03-04_a.B" }),
    ];
    for event in cases {
        assert!(only(&event).starts_with("start "), "{}", only(&event));
    }
}

#[test]
fn too_many_records_are_one_error() {
    let crowd = format!(r#"{{"Records":[{}{{}}]}}"#, "{},".repeat(1_000_000));
    assert_eq!(read(&crowd), ["UnknownEvent: `Records` has more entries than one event of AWS can have"]);
    let half = json!({ "Records": vec![json!({}); 15_000] }).to_string();
    let two = json!({ "Records": [{ "messageId": "1", "body": half }, { "messageId": "2", "body": half }] });
    let lines = read(&two.to_string());
    assert_eq!(lines.len(), 15_002);
    assert_eq!(lines[15_001], "2 UnknownEvent: `Records[1].body.Records` has more entries than one event of AWS can have");
}

#[test]
fn deep_nesting_keeps_the_stack() {
    let deep = format!(r#"{{"x":{}1{}}}"#, "[".repeat(1_000_000), "]".repeat(1_000_000));
    assert!(read(&deep)[0].starts_with("UnknownEvent: the event has the fields `x`;"));
    let in_place = format!(r#"{{"Records":[{{"s3":{}1{}}}]}}"#, r#"{"a":"#.repeat(500_000), "}".repeat(500_000));
    assert!(read(&in_place)[1].starts_with("UnknownEvent: `Records[0].eventName` is missing"));
}
