//! The summary at the end: what the run did, or where and why it failed.

use crate::checkpoint::Skipped;
use indicatif::{HumanBytes, HumanCount};
use recursive_lambda_core::checkpoint::{Checkpoint, LastError, Status};
use recursive_lambda_core::excerpt;
use recursive_lambda_core::skipped_record::SkippedRecord;
use recursive_lambda_local::{Counters, DeadLetter, S3Counts};
use std::fmt::Write;
use std::time::Duration;

/// The maximum number of skipped records to list.
pub(crate) const SHOWN: usize = 10;

/// The width at which the error of a skipped record is cut, in characters.
const WIDTH: usize = 100;

/// The facts that the summary is made from.
pub(crate) struct Summary<'a> {
    pub(crate) file: &'a str,
    pub(crate) checkpoint: Option<&'a Checkpoint>,
    /// Whether the job keeps checkpoints.
    pub(crate) has_checkpoints: bool,
    pub(crate) counters: Counters,
    pub(crate) read: S3Counts,
    pub(crate) size: u64,
    pub(crate) took: Duration,
    pub(crate) dead: &'a [DeadLetter],
    /// The first skipped records, at most [`SHOWN`].
    pub(crate) skipped: &'a [Skipped],
    /// Whether their files remain after the command exits.
    pub(crate) kept: bool,
    /// The description of the last invocation that ended without an answer.
    pub(crate) death: Option<&'a str>,
}

impl Summary<'_> {
    /// Whether the run succeeded. A job that keeps no checkpoints has succeeded unless an event was given up.
    pub(crate) fn succeeded(&self) -> bool {
        self.checkpoint.map_or(!self.has_checkpoints && self.dead.is_empty(), |checkpoint| checkpoint.status == Status::Done)
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = match self.succeeded() {
            true => writeln!(text, "\ndone: {}", self.file),
            false => writeln!(text, "\nerror: {}", self.failure()),
        };
        let ratio = self.read.bytes_read as f64 / self.size.max(1) as f64;
        if let Some(checkpoint) = self.checkpoint {
            let _ = writeln!(text, "  records      {}", HumanCount(checkpoint.position));
            let _ = writeln!(text, "  batches      {}", HumanCount(checkpoint.batches));
            if checkpoint.skipped > 0 {
                let _ = writeln!(text, "  skipped      {}", self.skipped(checkpoint.skipped));
            }
        }
        let Counters { invocations, retries, kills, timed_out, .. } = self.counters;
        let _ = writeln!(text, "  invocations  {invocations}, {retries} of them retries; {kills} killed, {timed_out} timed out");
        let _ = writeln!(
            text,
            "  read         {} from S3 in {} requests: {ratio:.3} times the object's {}",
            HumanBytes(self.read.bytes_read),
            self.read.gets,
            HumanBytes(self.size)
        );
        let _ = write!(text, "  time         {:.1?}", self.took);
        text
    }

    /// The number of skipped records, and for the first of them its place, its error and its file.
    fn skipped(&self, count: u64) -> String {
        let mut text = HumanCount(count).to_string();
        if !self.kept {
            text += ", deleted on exit; pass `--state FOLDER` to keep them";
        }
        for Skipped { record: SkippedRecord { record, line, error, .. }, file } in self.skipped {
            let _ = write!(
                text,
                "\n    record {record}, line {line}: {}",
                excerpt::short(error.message.lines().next().unwrap_or_default(), WIDTH)
            );
            if self.kept {
                let _ = write!(text, "\n      {}", file.display());
            }
        }
        let more = count.saturating_sub(self.skipped.len() as u64);
        if more > 0 && !self.skipped.is_empty() {
            let _ = write!(text, "\n    and {} more", HumanCount(more));
        }
        text
    }

    /// Why and where the run failed.
    pub(crate) fn failure(&self) -> String {
        let last = self.checkpoint.and_then(|checkpoint| checkpoint.last_error.as_ref());
        match (last, self.dead.last(), self.checkpoint) {
            (Some(error), ..) => failed(self.file, error, self.death),
            (None, Some(DeadLetter { attempts, .. }), _) if self.death.is_some() => {
                format!("the run failed after {attempts} attempts\n  {}", self.death.unwrap_or_default())
            }
            (None, Some(letter), _) => format!("the run failed\n  {}: {}", letter.error_type, letter.error_message),
            (None, None, Some(checkpoint)) => format!("the run ended with status {:?}", checkpoint.status),
            (None, None, None) => {
                format!(
                    "no checkpoint was written for {}: see the log above, or run again with `--verbose` for the full log",
                    self.file
                )
            }
        }
    }
}

/// The message about a run's last error. An error without a place is about dead invocations; the description of the last one has the place.
fn failed(file: &str, error: &LastError, death: Option<&str>) -> String {
    let LastError { kind, message, record, line, offset } = error;
    match (record, line, offset) {
        (Some(record), Some(line), Some(offset)) => {
            format!("the run failed at record {record}, line {line}, byte {offset} of {file}\n  {kind}: {message}")
        }
        _ => {
            let death = death.map(|death| format!("\n  {death}")).unwrap_or_default();
            format!("the run failed\n  {kind}: {message}{death}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recursive_lambda_core::Place;

    fn summary<'a>(checkpoint: Option<&'a Checkpoint>, dead: &'a [DeadLetter]) -> Summary<'a> {
        Summary {
            file: "a.csv",
            checkpoint,
            has_checkpoints: true,
            counters: Counters::default(),
            read: S3Counts::default(),
            size: 10,
            took: Duration::from_secs(1),
            dead,
            skipped: &[],
            kept: true,
            death: None,
        }
    }

    #[test]
    fn the_checkpoint_decides_whether_it_is_done() {
        let with = |status| Some(Checkpoint { status, ..Checkpoint::for_tests() });
        for (checkpoint, has_checkpoints, succeeded, text) in [
            (with(Status::Done), true, true, "done: a.csv"),
            (with(Status::Running), true, false, "error: the run ended with status Running"),
            (
                None,
                true,
                false,
                "error: no checkpoint was written for a.csv: see the log above, or run again with `--verbose` for the full log",
            ),
            (None, false, true, "done: a.csv"),
        ] {
            let summary = Summary { has_checkpoints, ..summary(checkpoint.as_ref(), &[]) };
            assert_eq!(summary.succeeded(), succeeded, "{text}");
            assert!(summary.text().contains(text), "no {text:?} in{}", summary.text());
        }
    }

    #[test]
    fn a_failed_run_says_where() {
        let death = Some("an invocation timed out after 3s in the batch at position 7 of a.csv: use a longer time-out");
        let at = |place: Option<u64>| LastError {
            kind: "Job".into(),
            message: "no".into(),
            record: place,
            line: place,
            offset: place,
        };
        for (error, death, expected) in [
            (at(Some(3)), death, "\nerror: the run failed at record 3, line 3, byte 3 of a.csv\n  Job: no\n  records"),
            (
                at(None),
                death,
                "\nerror: the run failed\n  Job: no\n  an invocation timed out after 3s in the batch at position 7 of a.csv",
            ),
            (at(None), None, "\nerror: the run failed\n  Job: no\n  records"),
        ] {
            let checkpoint = Checkpoint { status: Status::Failed, last_error: Some(error), ..Checkpoint::for_tests() };
            let text = Summary { death, ..summary(Some(&checkpoint), &[]) }.text();
            assert!(text.contains(expected), "no {expected:?} in{text}");
        }
    }

    #[test]
    fn skipped_records_are_listed() {
        let message = format!("not\u{1b} a \"row\" {}\nmore", "x".repeat(100));
        let error = LastError { kind: "Record".into(), message, record: None, line: None, offset: None };
        let skipped = |record: u64| Skipped {
            record: SkippedRecord::new(&Checkpoint::for_tests(), Place::new(record, record + 2, 0), b"row", error.clone(), None),
            file: format!("kept/{record}.data").into(),
        };
        let [ten, two]: [Vec<_>; 2] = [10, 2].map(|count| (0..count).map(skipped).collect());
        let second = "    record 1, line 3: not\\u{1b} a \"row\" ";
        for (count, shown, kept, expected, unexpected) in [
            (0, &[][..], true, "batches      0\n  invocations", "skipped"),
            (
                2,
                &*two,
                false,
                "  skipped      2, deleted on exit; pass `--state FOLDER` to keep them\n    record 0, line 2: ",
                "kept/",
            ),
            (2, &*two, true, second, "more"),
            (2, &*two, true, "x…\n      kept/1.data\n  invocations", "more"),
            (12, &*ten, true, "\n      kept/9.data\n    and 2 more\n  invocations", "record 10"),
        ] {
            let checkpoint = Checkpoint { status: Status::Done, skipped: count, ..Checkpoint::for_tests() };
            let text = Summary { skipped: shown, kept, ..summary(Some(&checkpoint), &[]) }.text();
            assert!(text.contains(expected), "no {expected:?} in{text}");
            assert!(!text.contains(unexpected), "{unexpected:?} in{text}");
        }
    }
}
