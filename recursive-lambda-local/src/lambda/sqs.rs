//! An SQS queue with its event source mapping. The function gets messages synchronously. Unprocessed messages are received again until the
//! queue gives them up.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use s3s::crypto::{Checksum as _, Md5};
use serde_json::{Value, json};

use super::{Event, Lambda, request_id};
use crate::journal::{DeadLetter, Outcome, Reason};
use crate::{ACCOUNT, REGION};

/// A message in the queue.
#[derive(Debug, Clone)]
struct Message {
    id: String,
    body: String,
    received: u32,
    sent_millis: u128,
}

impl Lambda {
    /// Sends messages that are received together. Returns their message ids.
    pub(crate) fn send_messages(self: &Arc<Self>, bodies: Vec<String>) -> Vec<String> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let messages =
            bodies.into_iter().map(|body| Message { id: request_id(), body, received: 0, sent_millis: now.as_millis() });
        let messages: Vec<Message> = messages.collect();
        let ids = messages.iter().map(|message| message.id.clone()).collect();
        let (lambda, pending) = (Arc::clone(self), self.pending());
        self.tasks.spawn(async move {
            lambda.deliver_messages(messages).await;
            drop(pending);
        });
        ids
    }

    async fn deliver_messages(&self, mut messages: Vec<Message>) {
        while !messages.is_empty() {
            for message in &mut messages {
                message.received += 1;
            }
            let event = self.first_event(poll(&messages));
            let Some(permit) = self.admit(&event.request_id).await else { return };
            let outcome = self.attempt(&event, 1, permit).await;
            let failed = unprocessed(&outcome, &messages, self.function.report_batch_item_failures);
            messages.retain(|message| failed.contains(&message.id));
            let (remaining, given_up) =
                messages.into_iter().partition(|message| message.received < self.function.max_receive_count);
            messages = remaining;
            self.give_up_messages(&event, given_up, &outcome);
            if !messages.is_empty() {
                tokio::time::sleep(self.function.visibility_timeout).await;
            }
        }
    }

    fn give_up_messages(&self, event: &Event, messages: Vec<Message>, outcome: &Outcome) {
        for message in messages {
            let reported = || ("BatchItemFailure".to_owned(), format!("reported by request {}", event.request_id));
            let (error_type, error_message) = outcome.error().unwrap_or_else(reported);
            self.journal.give_up(DeadLetter {
                id: message.id,
                payload: Bytes::from(message.body),
                reason: Reason::MaxReceives,
                error_type,
                error_message,
                attempts: message.received,
            });
        }
    }
}

/// The event for one batch of messages.
fn poll(messages: &[Message]) -> Bytes {
    let records: Vec<Value> = messages
        .iter()
        .map(|message| {
            let md5: [u8; 16] = Md5::checksum(message.body.as_bytes());
            json!({
                "messageId": message.id,
                "receiptHandle": format!("receipt-{}-{}", message.id, message.received),
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": message.received.to_string(),
                    "SentTimestamp": message.sent_millis.to_string(),
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": message.sent_millis.to_string(),
                },
                "messageAttributes": {},
                "md5OfBody": crate::s3::hex(&md5),
                "eventSource": "aws:sqs",
                "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:uploads"),
                "awsRegion": REGION,
            })
        })
        .collect();
    Bytes::from(json!({ "Records": records }).to_string())
}

/// The ids of the unprocessed messages. As on AWS, an invalid report means all messages. Without partial reports, only an error of the
/// function means all messages.
fn unprocessed(outcome: &Outcome, messages: &[Message], partial: bool) -> HashSet<String> {
    let all = || messages.iter().map(|message| message.id.clone()).collect::<HashSet<_>>();
    let Outcome::Ok(payload) = outcome else { return all() };
    if !partial {
        return HashSet::new();
    }
    let Ok(report) = serde_json::from_slice::<Value>(payload) else {
        return if payload.is_empty() { HashSet::new() } else { all() };
    };
    let failures = match report.get("batchItemFailures") {
        None | Some(Value::Null) => return HashSet::new(),
        Some(failures) => failures.as_array(),
    };
    let known = all();
    let named = failures.and_then(|failures| {
        failures
            .iter()
            .map(|failure| failure.get("itemIdentifier")?.as_str().filter(|id| known.contains(*id)).map(str::to_owned))
            .collect::<Option<HashSet<_>>>()
    });
    named.unwrap_or(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_lists_failed_messages() {
        let message = |id: &str| Message { id: id.to_owned(), body: String::new(), received: 1, sent_millis: 0 };
        let messages = [message("a"), message("b")];
        let cases: &[(&str, bool, &[&str])] = &[
            ("null", true, &[]),
            ("", true, &[]),
            ("{}", true, &[]),
            (r#"{"batchItemFailures":null}"#, true, &[]),
            (r#"{"batchItemFailures":[]}"#, true, &[]),
            (r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, true, &["b"]),
            (r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, false, &[]),
            (r#"{"batchItemFailures":[{"itemIdentifier":"x"}]}"#, true, &["a", "b"]),
            (r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, true, &["a", "b"]),
            (r#"{"batchItemFailures":[{}]}"#, true, &["a", "b"]),
            (r#"{"batchItemFailures":"a"}"#, true, &["a", "b"]),
            ("not json", true, &["a", "b"]),
        ];
        for (payload, partial, expected) in cases {
            let outcome = Outcome::Ok(Bytes::from_static(payload.as_bytes()));
            let expected: HashSet<String> = expected.iter().map(|id| (*id).to_owned()).collect();
            assert_eq!(unprocessed(&outcome, &messages, *partial), expected, "{payload}");
        }
        assert_eq!(unprocessed(&Outcome::TimedOut, &messages, true).len(), 2);
    }
}
