//! Invocations that ended without an answer: which batch they were processing, and what to change.
//!
//! A killed process cannot report where it was, so the place is the last batch that it logged. Without such a line, the place is that of
//! the last checkpoint.

use crate::batch_line::{StartedBatch, is_batch, started_batch};
use indicatif::HumanCount;
use recursive_lambda_core::checkpoint::Checkpoint;
use recursive_lambda_local::Outcome;
use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;

pub(crate) struct Deaths {
    file: String,
    timeout: Duration,
    /// The last batch that each container started.
    batches: HashMap<String, StartedBatch>,
    /// The description of the last death.
    pub(crate) last: Option<String>,
}

impl Deaths {
    pub(crate) fn new(file: &str, timeout: Duration) -> Self {
        Self { file: file.into(), timeout, batches: HashMap::new(), last: None }
    }

    /// Whether the line is a batch message, which is not shown. Remembers the batch.
    pub(crate) fn takes_line(&mut self, container: impl Display, line: &str) -> bool {
        if let Some(batch) = started_batch(line) {
            self.batches.insert(container.to_string(), batch);
        }
        is_batch(line)
    }

    /// The message about an invocation with this outcome; `None` if it answered.
    pub(crate) fn of(&mut self, container: impl Display, outcome: &Outcome, saved: Option<&Checkpoint>) -> Option<String> {
        let batch = self.batches.remove(&container.to_string());
        let (what, advice) = match outcome {
            Outcome::Ok(_) | Outcome::Error { .. } => return None,
            Outcome::TimedOut => (
                format!("an invocation timed out after {:?}", self.timeout),
                "use a longer `--timeout`, a smaller `batch` or a larger `reserve`",
            ),
            Outcome::Crashed { status } if status.contains("signal") => (
                format!("an invocation died ({status})"),
                "if it ran out of memory, give the function more memory or use a smaller `batch`",
            ),
            Outcome::Crashed { status } => {
                (format!("the program exited during an invocation ({status})"), "look for `std::process::exit` in the job")
            }
        };
        let message = format!("{what} {}: {advice}", self.place(batch, saved));
        self.last = Some(message.clone());
        Some(message)
    }

    fn place(&self, batch: Option<StartedBatch>, saved: Option<&Checkpoint>) -> String {
        let file = &self.file;
        match (batch, saved) {
            (Some(StartedBatch { record, line: Some(line), records, .. }), _) => {
                format!("in the batch of {} records at record {record}, line {line} of {file}", HumanCount(records))
            }
            (Some(StartedBatch { record, .. }), _) => format!("in the batch at position {record} of {file}"),
            (None, Some(saved)) => {
                format!("at or after record {} of {file}, the position of the last checkpoint", saved.position)
            }
            (None, None) => format!("before the first checkpoint of {file}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    #[test]
    fn a_death_names_its_batch() {
        let crashed = |status: &str| Outcome::Crashed { status: status.into() };
        let saved = Checkpoint { position: 300, ..Checkpoint::for_tests() };
        let named = Some("DEBUG a batch begins record=400 line=402 records=10 object=o");
        for (line, outcome, saved, expected) in [
            (
                named,
                Outcome::TimedOut,
                None,
                "an invocation timed out after 3s in the batch of 10 records at record 400, line 402 of a.csv: use a longer `--timeout`, \
                 a smaller `batch` or a larger `reserve`",
            ),
            (
                Some("DEBUG a batch begins record=7 records=1 object=o"),
                Outcome::TimedOut,
                None,
                "an invocation timed out after 3s in the batch at position 7 of a.csv: use a longer `--timeout`, a smaller `batch` or a \
                 larger `reserve`",
            ),
            (
                named,
                crashed("signal: 6 (SIGABRT) (core dumped)"),
                Some(&saved),
                "an invocation died (signal: 6 (SIGABRT) (core dumped)) in the batch of 10 records at record 400, line 402 of a.csv: if it ran \
                 out of memory, give the function more memory or use a smaller `batch`",
            ),
            (
                None,
                crashed("exit status: 1"),
                Some(&saved),
                "the program exited during an invocation (exit status: 1) at or after record 300 of a.csv, the position of the last \
                 checkpoint: look for `std::process::exit` in the job",
            ),
            (
                None,
                crashed("exit status: 1"),
                None,
                "the program exited during an invocation (exit status: 1) before the first checkpoint of a.csv: look for \
                 `std::process::exit` in the job",
            ),
        ] {
            let mut deaths = Deaths::new("a.csv", Duration::from_secs(3));
            let container = "container-1";
            assert!(!deaths.takes_line(container, "row 7"));
            assert!(line.is_none_or(|line| deaths.takes_line(container, line)));
            assert_eq!(deaths.of(container, &outcome, saved).as_deref(), Some(expected));
            assert_eq!(deaths.last.as_deref(), Some(expected));
        }
    }

    #[test]
    fn an_answer_is_not_a_death() {
        let mut deaths = Deaths::new("a.csv", Duration::from_secs(3));
        let container = "container-1";
        deaths.takes_line(container, "DEBUG a batch begins record=400 line=402 records=10");
        assert_eq!(deaths.of(container, &Outcome::Ok(Default::default()), None), None);
        assert!(deaths.of(container, &Outcome::TimedOut, None).unwrap().contains("before the first checkpoint of a.csv"));
    }
}
