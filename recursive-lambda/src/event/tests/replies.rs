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
