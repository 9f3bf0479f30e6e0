//! Events that Lambda gave up, sent again as they are in a dead-letter queue or a destination.

use super::*;

fn by_event_bridge(record: &Value) -> Value {
    json!({ "version": "0", "source": "lambda", "detail-type": "Lambda Function Invocation Result - Failure", "detail": record })
}

#[test]
fn a_redriven_event_is_unchanged() {
    let signal = signal();
    let start = "start bkt \"k\" - - - - - -";
    let payloads = [
        (s3("k"), start),
        (sns(&s3("k")), start),
        (bridge("k"), start),
        (call("k"), "start bkt \"k\" - - - - call-1 -"),
        (json!([bridge("k")]), start),
        (json!([{ "messageId": "x", "body": s3("k").to_string() }]), start),
        (manual("k"), "start bkt \"k\" - - - - - again"),
        (sweep(), "sweep"),
        (signal, "signal import 9f 57 ab-0.1 22800 -"),
    ];
    for (payload, expected) in payloads {
        let record = failed(&payload);
        let as_they_lie = [
            (record.clone(), ""),
            (sqs(&record), "m "),
            (sns(&record), ""),
            (sqs(&envelope(&record)), "m "),
            (by_event_bridge(&record), ""),
            (sqs(&by_event_bridge(&record)), "m "),
            (json!([by_event_bridge(&record)]), ""),
            (failed(&record), ""),
            (failed(&by_event_bridge(&record)), ""),
        ];
        for (event, message) in as_they_lie {
            assert_eq!(only(&event), format!("{message}{expected}"), "{event}");
        }
    }
}

fn signal() -> Value {
    let signal = Signal {
        job: "import".into(),
        run: "9f".into(),
        seq: 57,
        token: "ab-0.1".into(),
        swept: false,
        position: 22_800,
        carried: None,
    };
    serde_json::from_str(&signal.to_json()).unwrap()
}

/// An old dead-letter queue has the event itself; the error is in the message's attributes.
#[test]
fn a_dead_letter_is_the_event_itself() {
    let attribute = json!({ "stringValue": "200", "dataType": "Number" });
    let message = json!({ "messageId": "m", "body": s3("k").to_string(), "messageAttributes": {
        "ErrorCode": attribute, "ErrorMessage": { "stringValue": "x", "dataType": "String" }, "RequestID": { "stringValue": "r", "dataType": "String" },
    } });
    assert_eq!(only(&json!({ "Records": [message] })), "m start bkt \"k\" - - - - - -");
}

#[test]
fn redriven_contents_pass_unchanged() {
    let record = r#"{ "z":0.1000000000000000055511, "t":"\u00e9" }"#;
    let signal = format!(r#"{{"recursive_lambda":{{"v":1,"job":"import","run":"9f","seq":1}},"position":0,"record":{record}}}"#);
    let event = format!(r#"{{"requestContext":{{"condition":"EventAgeExceeded"}},"requestPayload":{signal}}}"#);
    assert_eq!(read(&event), ["other".to_owned(), format!("signal import 9f 1 - 0 {record}")]);
}

#[test]
fn an_empty_redrive_is_refused() {
    let mut succeeded = failed(&s3("k"));
    succeeded["requestContext"]["condition"] = "Success".into();
    let mut dropped = failed(&s3("k"));
    dropped["requestPayload"] = Value::Null;
    let nested = |times| (0..times).fold(s3("k"), |event, _| failed(&event));
    let success = "requestContext.condition` is `Success`: this invocation succeeded, and there is nothing to do again";
    let cases = [
        (succeeded.clone(), format!("`{success}")),
        (sqs(&succeeded), format!("`Records[0].body.{success}")),
        (by_event_bridge(&succeeded), format!("`detail.{success}")),
        (dropped, "`requestPayload` is missing: Lambda leaves it out of a record that would be too large".into()),
        (failed(&json!("s3cret")), "`requestPayload` is not a JSON object;".into()),
        (failed(&json!({})), "`requestPayload` has no fields;".into()),
        (failed(&sqs(&s3("k"))), "`requestPayload.Records[0]` has the fields `body`, `messageId`;".into()),
        (
            failed(&tasks("k")),
            "`requestPayload` has the fields `invocationId`, `invocationSchemaVersion`, `job`, `tasks`;".into(),
        ),
        (nested(11), "`requestPayload.requestPayload.".into()),
        (
            json!({ "requestContext": { "http": {} }, "rawPath": "/" }),
            "the event has the fields `rawPath`, `requestContext`;".into(),
        ),
    ];
    for (event, expected) in cases {
        let line = read(&event.to_string()).pop().unwrap();
        let line = line.strip_prefix("m ").unwrap_or(&line);
        assert!(line.starts_with(&format!("UnknownEvent: {expected}")) && !line.contains("s3cret"), "{event}: {line}");
    }
    assert_eq!(only(&nested(10)), "start bkt \"k\" - - - - - -", "ten redrives are not too many");
}
