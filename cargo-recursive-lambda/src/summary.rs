//! The last words: what the run amounted to, or where and why it failed.

use crate::record::{LastError, Record};
use indicatif::{HumanBytes, HumanCount};
use recursive_lambda_local::{Counters, DeadLetter, S3Counts};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

/// The most files that are named.
const SHOWN: usize = 10;

/// What is known at the end.
pub(crate) struct Summary<'a> {
    pub(crate) file: &'a str,
    pub(crate) record: Option<&'a Record>,
    /// Whether the job was told to record its runs.
    pub(crate) recorded: bool,
    pub(crate) counters: Counters,
    pub(crate) read: S3Counts,
    pub(crate) size: u64,
    pub(crate) took: Duration,
    pub(crate) dead: &'a [DeadLetter],
    /// The files of what was set aside, if they outlive the command.
    pub(crate) aside: Option<&'a [PathBuf]>,
}

impl Summary<'_> {
    /// Whether the run did what it was to do. Where runs are not recorded, only events that were given up tell otherwise.
    pub(crate) fn succeeded(&self) -> bool {
        self.record.map_or(!self.recorded && self.dead.is_empty(), Record::is_done)
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = match self.succeeded() {
            true => writeln!(text, "\ndone: {}", self.file),
            false => writeln!(text, "\n{}", self.failure()),
        };
        let ratio = self.read.bytes_read as f64 / self.size.max(1) as f64;
        if let Some(record) = self.record {
            let _ = writeln!(text, "  records      {}", HumanCount(record.position));
            let _ = writeln!(text, "  batches      {}", HumanCount(record.batches));
            if record.set_aside > 0 {
                let _ = writeln!(text, "  set aside    {}", self.set_aside(record.set_aside));
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

    /// How many records were set aside, and where they are.
    fn set_aside(&self, count: u64) -> String {
        let Some(files) = self.aside else {
            return format!("{}, and gone with this command: --state FOLDER keeps them", HumanCount(count));
        };
        let shown = files.iter().take(SHOWN).map(|file| format!("\n               {}", file.display()));
        let more = files.len().saturating_sub(SHOWN);
        let rest = (more > 0).then(|| format!("\n               and {more} more beside them"));
        format!("{}, a file each:{}", HumanCount(count), shown.chain(rest).collect::<String>())
    }

    fn failure(&self) -> String {
        let last = self.record.and_then(|record| record.last_error.as_ref());
        match (last, self.dead.last(), self.record) {
            (Some(error), ..) => failed(self.file, error),
            (None, Some(letter), _) => format!("error: the run was given up: {}: {}", letter.error_type, letter.error_message),
            (None, None, Some(record)) => format!("error: the run ended as {}", record.status),
            (None, None, None) => {
                format!("error: no run over {} was recorded: look at the log above, and with --verbose at all of it", self.file)
            }
        }
    }
}

fn failed(file: &str, error: &LastError) -> String {
    let LastError { kind, message, record, line, offset } = error;
    let place = match (record, line, offset) {
        (Some(record), Some(line), Some(offset)) => format!(" at record {record}, line {line}, byte {offset} of {file}"),
        _ => String::new(),
    };
    format!("error: the run failed{place}\n  {kind}: {message}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary<'a>(record: Option<&'a Record>, dead: &'a [DeadLetter]) -> Summary<'a> {
        Summary {
            file: "a.csv",
            record,
            recorded: true,
            counters: Counters::default(),
            read: S3Counts::default(),
            size: 10,
            took: Duration::from_secs(1),
            dead,
            aside: None,
        }
    }

    #[test]
    fn a_run_is_done_if_its_record_says_so_or_if_none_is_kept() {
        let with = |status: &str| Some(Record { status: status.into(), ..Record::default() });
        for (record, recorded, succeeded, words) in [
            (with("Done"), true, true, "done: a.csv"),
            (with("Running"), true, false, "error: the run ended as Running"),
            (None, true, false, "error: no run over a.csv was recorded: look at the log above, and with --verbose at all of it"),
            (None, false, true, "done: a.csv"),
        ] {
            let summary = Summary { recorded, ..summary(record.as_ref(), &[]) };
            assert_eq!(summary.succeeded(), succeeded, "{words}");
            assert!(summary.text().contains(words), "no {words:?} in{}", summary.text());
        }
    }

    #[test]
    fn what_was_set_aside_is_counted_and_found() {
        let files: Vec<PathBuf> = (0..12).map(|file| format!("kept/{file}.data").into()).collect();
        for (count, aside, words, unsaid) in [
            (0, None, "batches      0\n  invocations", "set aside"),
            (2, None, "  set aside    2, and gone with this command: --state FOLDER keeps them\n", "kept"),
            (
                2,
                files.get(..2),
                "  set aside    2, a file each:\n               kept/0.data\n               kept/1.data\n",
                "more",
            ),
            (12, Some(&*files), "kept/9.data\n               and 2 more beside them\n", "kept/10"),
        ] {
            let record = Record { status: "Done".into(), set_aside: count, ..Record::default() };
            let text = Summary { aside, ..summary(Some(&record), &[]) }.text();
            assert!(text.contains(words) && !text.contains(unsaid), "no {words:?}, or {unsaid:?}, in{text}");
        }
    }
}
