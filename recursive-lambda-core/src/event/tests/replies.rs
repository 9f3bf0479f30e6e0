//! The answer to a queue.

use super::*;
use crate::ErrorKind;

#[test]
fn exactly_what_failed_is_handed_back() {
    const STANDARD: Channel = Channel::Sqs { fifo: false };
    const FIFO: Channel = Channel::Sqs { fifo: true };
    type Outcomes = &'static [(&'static str, bool)];
    let cases: [(Channel, Outcomes, Option<&[&str]>); 11] = [
        (STANDARD, &[], Some(&[])),
        (STANDARD, &[("a", false), ("b", false)], Some(&[])),
        (STANDARD, &[("a", false), ("b", true), ("c", false)], Some(&["b"])),
        (STANDARD, &[("a", true), ("a", false), ("b", false)], Some(&["a"])),
        (STANDARD, &[("a", true), ("a", true), ("b", true)], Some(&["a", "b"])),
        (FIFO, &[("a", false), ("b", false)], Some(&[])),
        (FIFO, &[("a", false), ("b", true), ("c", false), ("d", true)], Some(&["b", "c", "d"])),
        (FIFO, &[("a", false), ("a", true), ("b", false)], Some(&["a", "b"])),
        (FIFO, &[("a", true), ("a", false), ("b", false), ("b", false)], Some(&["a", "b"])),
        (Channel::Other, &[], None),
        (Channel::Other, &[("a", true)], None),
    ];
    for (channel, outcomes, expected) in cases {
        let reply = channel.clone().respond(outcomes.iter().map(|&(id, failed)| (Some(id), failed)));
        let expected = expected.map_or(Value::Null, |ids| {
            let failures: Vec<Value> = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect();
            json!({ "batchItemFailures": failures })
        });
        assert_eq!(reply, expected, "{channel:?} {outcomes:?}");
    }
}

#[test]
fn nothing_done_is_an_error_of_a_queue() {
    let sqs = Channel::Sqs { fifo: false };
    for (channel, done, want) in [
        (sqs.clone(), vec![], Ok(json!({ "batchItemFailures": [] }))),
        (sqs.clone(), vec![true, false], Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "1" }] }))),
        (sqs, vec![false, false], Err("0 failed".to_string())),
        (Channel::Other, vec![], Ok(Value::Null)),
        (Channel::Other, vec![true, true], Ok(Value::Null)),
        (Channel::Other, vec![true, false], Err("1 failed".to_string())),
        (Channel::Pipe, vec![true, true], Ok(Value::Null)),
        (Channel::Pipe, vec![true, false], Err("1 failed".to_string())),
    ] {
        let outcome = |(index, done): (usize, &bool)| {
            let outcome = if *done { Ok(Value::Null) } else { Err(Error::from(format!("{index} failed"))) };
            (Some(index.to_string()), outcome)
        };
        let outcomes = done.iter().enumerate().map(outcome).collect();
        assert_eq!(channel.answer(outcomes).map_err(|error| error.to_string()), want, "{channel:?} {done:?}");
    }
}

#[test]
fn errors_go_to_callers_not_queues() {
    let said = || json!({ "signalled": 1 });
    let sqs = Channel::Sqs { fifo: false };
    for (channel, outcomes, want) in [
        (Channel::Other, vec![said()], said()),
        (Channel::Other, vec![Value::Null, said()], said()),
        (sqs, vec![said()], json!({ "batchItemFailures": [] })),
    ] {
        let outcomes = outcomes.into_iter().map(|said| (Some("m".to_string()), Ok(said))).collect();
        assert_eq!(channel.answer(outcomes).unwrap(), want, "{channel:?}");
    }
}

#[test]
fn each_batch_operations_task_is_answered() {
    let channel = Channel::BatchOperations { schema: "1.0".into(), invocation_id: "i".into() };
    let kind = |kind, message: &str| Err(Error::new(kind, message));
    let long = "x".repeat(5_000);
    let cases = [
        (Ok(Value::Null), "Succeeded", ""),
        (Err(Error::from("the database is down")), "TemporaryFailure", "the database is down"),
        (Err(Error::terminal("no such object")), "PermanentFailure", "no such object"),
        (kind(ErrorKind::DuplicateInFlight, "at work"), "TemporaryFailure", "at work"),
        (kind(ErrorKind::UnknownEvent, "not a key"), "PermanentFailure", "not a key"),
        (kind(ErrorKind::RunFailed, "the run failed"), "PermanentFailure", "the run failed"),
        (Err(Error::from("two\nlines\u{1b}")), "TemporaryFailure", "two lines "),
        (Err(Error::from(long.as_str())), "TemporaryFailure", &long[..1_000]),
    ];
    let results = cases.iter().map(|(_, code, text)| json!({ "taskId": "t", "resultCode": code, "resultString": text }));
    let want = json!({
        "invocationSchemaVersion": "1.0",
        "treatMissingKeysAs": "PermanentFailure",
        "invocationId": "i",
        "results": results.collect::<Vec<_>>(),
    });
    let outcomes = cases.into_iter().map(|(outcome, ..)| (Some("t".into()), outcome)).collect();
    assert_eq!(channel.answer(outcomes).unwrap(), want, "one result for each task, also where all failed");
    assert_eq!(channel.answer(Vec::new()).unwrap()["results"], json!([]));
}
