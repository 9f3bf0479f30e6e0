//! The last words: what the run amounted to, or where and why it failed.

use crate::checkpoint::Skipped;
use indicatif::{HumanBytes, HumanCount};
use recursive_lambda_core::checkpoint::{Checkpoint, LastError, Status};
use recursive_lambda_core::excerpt;
use recursive_lambda_core::skipped_record::SkippedRecord;
use recursive_lambda_local::{Counters, DeadLetter, S3Counts};
use std::fmt::Write;
use std::time::Duration;

/// The most skipped records that are named.
pub(crate) const SHOWN: usize = 10;

/// How much of what is wrong with one is shown.
const WIDTH: usize = 100;

/// What is known at the end.
pub(crate) struct Summary<'a> {
    pub(crate) file: &'a str,
    pub(crate) checkpoint: Option<&'a Checkpoint>,
    /// Whether the job was told to record its runs.
    pub(crate) recorded: bool,
    pub(crate) counters: Counters,
    pub(crate) read: S3Counts,
    pub(crate) size: u64,
    pub(crate) took: Duration,
    pub(crate) dead: &'a [DeadLetter],
    /// The first of the records that were skipped.
    pub(crate) skipped: &'a [Skipped],
    /// Whether their files outlive the command.
    pub(crate) kept: bool,
    /// The last invocation that ended before it answered, in words.
    pub(crate) death: Option<&'a str>,
}

impl Summary<'_> {
    /// Whether the run did what it was to do. Where runs are not recorded, only events that were given up tell otherwise.
    pub(crate) fn succeeded(&self) -> bool {
        self.checkpoint.map_or(!self.recorded && self.dead.is_empty(), |checkpoint| checkpoint.status == Status::Done)
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = match self.succeeded() {
            true => writeln!(text, "\ndone: {}", self.file),
            false => writeln!(text, "\n{}", self.failure()),
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
            "  read         {} of {} from S3: {ratio:.3} times the object, in {} requests",
            HumanBytes(self.read.bytes_read),
            HumanBytes(self.size),
            self.read.gets
        );
        let _ = write!(text, "  time         {:.1?}", self.took);
        text
    }

    /// How many records were skipped, which, why, and where they are.
    fn skipped(&self, count: u64) -> String {
        let mut text = HumanCount(count).to_string();
        if !self.kept {
            text += ", deleted with this command; --state FOLDER keeps them";
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

    fn failure(&self) -> String {
        let last = self.checkpoint.and_then(|checkpoint| checkpoint.last_error.as_ref());
        match (last, self.dead.last(), self.checkpoint) {
            (Some(error), ..) => failed(self.file, error, self.death),
            (None, Some(DeadLetter { attempts, .. }), _) if self.death.is_some() => {
                format!("error: the run was given up after {attempts} attempts\n  {}", self.death.unwrap_or_default())
            }
            (None, Some(letter), _) => format!("error: the run was given up: {}: {}", letter.error_type, letter.error_message),
            (None, None, Some(checkpoint)) => format!("error: the run ended as {:?}", checkpoint.status),
            (None, None, None) => {
                format!(
                    "error: no run over {} was saved: see the log above, or run again with --verbose for all of it",
                    self.file
                )
            }
        }
    }
}

/// An error without a place is one about invocations that died: where they did is in the words about the last.
fn failed(file: &str, error: &LastError, death: Option<&str>) -> String {
    let LastError { kind, message, record, line, offset } = error;
    match (record, line, offset) {
        (Some(record), Some(line), Some(offset)) => {
            format!("error: the run failed at record {record}, line {line}, byte {offset} of {file}\n  {kind}: {message}")
        }
        _ => {
            let death = death.map(|death| format!("\n  {death}")).unwrap_or_default();
            format!("error: the run failed\n  {kind}: {message}{death}")
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
            recorded: true,
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
    fn the_checkpoint_says_whether_it_is_done() {
        let with = |status| Some(Checkpoint { status, ..Checkpoint::for_tests() });
        for (checkpoint, recorded, succeeded, words) in [
            (with(Status::Done), true, true, "done: a.csv"),
            (with(Status::Running), true, false, "error: the run ended as Running"),
            (
                None,
                true,
                false,
                "error: no run over a.csv was saved: see the log above, or run again with --verbose for all of it",
            ),
            (None, false, true, "done: a.csv"),
        ] {
            let summary = Summary { recorded, ..summary(checkpoint.as_ref(), &[]) };
            assert_eq!(summary.succeeded(), succeeded, "{words}");
            assert!(summary.text().contains(words), "no {words:?} in{}", summary.text());
        }
    }

    #[test]
    fn a_run_that_failed_says_where() {
        let death = Some("an invocation timed out after 3s in the batch at position 7 of a.csv: give it time");
        let at = |place: Option<u64>| LastError {
            kind: "Job".into(),
            message: "no".into(),
            record: place,
            line: place,
            offset: place,
        };
        for (error, death, words) in [
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
            assert!(text.contains(words), "no {words:?} in{text}");
        }
    }

    #[test]
    fn skipped_records_are_named() {
        let message = format!("not\u{1b} a \"row\" {}\nmore", "x".repeat(100));
        let error = LastError { kind: "Record".into(), message, record: None, line: None, offset: None };
        let skipped = |record: u64| Skipped {
            record: SkippedRecord::new(&Checkpoint::for_tests(), Place::new(record, record + 2, 0), b"row", error.clone(), None),
            file: format!("kept/{record}.data").into(),
        };
        let [ten, two]: [Vec<_>; 2] = [10, 2].map(|count| (0..count).map(skipped).collect());
        let one = "    record 1, line 3: not\\u{1b} a \"row\" ";
        for (count, shown, kept, words, unsaid) in [
            (0, &[][..], true, "batches      0\n  invocations", "skipped"),
            (
                2,
                &*two,
                false,
                "  skipped      2, deleted with this command; --state FOLDER keeps them\n    record 0, line 2: ",
                "kept/",
            ),
            (2, &*two, true, one, "more"),
            (2, &*two, true, "x…\n      kept/1.data\n  invocations", "more"),
            (12, &*ten, true, "\n      kept/9.data\n    and 2 more\n  invocations", "record 10"),
        ] {
            let checkpoint = Checkpoint { status: Status::Done, skipped: count, ..Checkpoint::for_tests() };
            let text = Summary { skipped: shown, kept, ..summary(Some(&checkpoint), &[]) }.text();
            assert!(text.contains(words) && !text.contains(unsaid), "no {words:?}, or {unsaid:?}, in{text}");
        }
    }
}
