//! What a queue is told.

use super::*;

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
        let reply = channel.respond(outcomes.iter().map(|&(id, failed)| (Some(id), failed)));
        let expected = expected.map_or(Value::Null, |ids| {
            let failures: Vec<Value> = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect();
            json!({ "batchItemFailures": failures })
        });
        assert_eq!(reply, expected, "{channel:?} {outcomes:?}");
    }
}

#[test]
fn an_event_of_which_nothing_was_done_is_an_error_from_a_queue_too() {
    let sqs = Channel::Sqs { fifo: false };
    for (channel, done, want) in [
        (sqs, vec![], Ok(json!({ "batchItemFailures": [] }))),
        (sqs, vec![true, false], Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "1" }] }))),
        (sqs, vec![false, false], Err("0 failed".to_string())),
        (Channel::Other, vec![], Ok(Value::Null)),
        (Channel::Other, vec![true, true], Ok(Value::Null)),
        (Channel::Other, vec![true, false], Err("1 failed".to_string())),
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
fn what_there_is_to_say_goes_to_a_caller_and_never_to_a_queue() {
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
