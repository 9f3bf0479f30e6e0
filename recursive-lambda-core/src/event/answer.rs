//! The answer to an event: which messages of a queue to deliver again, and how each task of S3 Batch Operations ended.
//!
//! It decides nothing about a run, and of a run it tells only the error.

use super::{Channel, Outcomes};
use crate::{Error, ErrorKind};
use serde_json::{Value, json};

impl Channel {
    /// The answer to Lambda, in the order of `Delivery::items`.
    ///
    /// A queue without `ReportBatchItemFailures` only notices an error, so if nothing was done it gets one.
    pub fn answer(&self, outcomes: Outcomes) -> Result<Value, Error> {
        if let Self::BatchOperations { schema, invocation_id } = self {
            return Ok(of_tasks(schema, invocation_id, &outcomes));
        }
        let any_done = outcomes.is_empty() || outcomes.iter().any(|(_, outcome)| outcome.is_ok());
        if let (Self::Sqs { .. }, true) = (self, any_done) {
            return Ok(self.respond(outcomes.iter().map(|(message, outcome)| (message.as_deref(), outcome.is_err()))));
        }
        let all = outcomes.into_iter().map(|(_, outcome)| outcome).collect::<Result<Vec<_>, _>>()?;
        Ok(all.into_iter().find(|said| !said.is_null()).unwrap_or_default())
    }

    /// The reply, from each item's message and whether the item failed, in the order of `Delivery::items`.
    ///
    /// Messages of a FIFO queue stay in order only if everything after a failure is given back, too.
    pub(super) fn respond<'a>(&self, outcomes: impl IntoIterator<Item = (Option<&'a str>, bool)>) -> Value {
        let &Self::Sqs { fifo } = self else { return Value::Null };
        let mut any_failed = false;
        let mut hand_back: Vec<&str> = Vec::new();
        for (message, failed) in outcomes {
            any_failed |= failed;
            if let Some(message) = message
                && (failed || (fifo && any_failed))
                && hand_back.last() != Some(&message)
            {
                hand_back.push(message);
            }
        }
        let failures: Vec<Value> = hand_back.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
        json!({ "batchItemFailures": failures })
    }
}

/// The longest result text that the report of a job must hold, in characters.
const MAX_RESULT: usize = 1_000;

/// `Succeeded`: the run is admitted, or there was nothing to do. A permanent failure is one that another try would not change.
fn of_tasks(schema: &str, invocation_id: &str, outcomes: &Outcomes) -> Value {
    let result = |(task, outcome): &(Option<String>, Result<Value, Error>)| {
        let (code, text) = match outcome {
            Ok(_) => ("Succeeded", String::new()),
            Err(error) if is_permanent(error) => ("PermanentFailure", one_line(error)),
            Err(error) => ("TemporaryFailure", one_line(error)),
        };
        json!({ "taskId": task, "resultCode": code, "resultString": text })
    };
    json!({
        "invocationSchemaVersion": schema,
        "treatMissingKeysAs": "PermanentFailure",
        "invocationId": invocation_id,
        "results": outcomes.iter().map(result).collect::<Vec<_>>(),
    })
}

fn is_permanent(error: &Error) -> bool {
    error.is_terminal() || matches!(error.kind(), ErrorKind::UnknownEvent | ErrorKind::RunFailed)
}

fn one_line(error: &Error) -> String {
    error.to_string().chars().take(MAX_RESULT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
