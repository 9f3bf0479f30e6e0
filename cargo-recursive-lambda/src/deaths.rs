//! Invocations that ended before they answered: which batch they were at, and what to change.
//!
//! A process that is killed says nothing. So the program names each batch before it calls the job, at debug level, and this is where those
//! lines end: they are never shown. Without them the place is that of the last checkpoint.

use indicatif::HumanCount;
use recursive_lambda_core::checkpoint::Checkpoint;
use recursive_lambda_local::Outcome;
use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;

/// The program's message before it calls the job, followed by `record=.. line=.. records=..`.
const BEGINS: &str = "a batch begins";

/// The log filter that enables it.
pub(crate) const FILTER: &str = "recursive_lambda::batch=debug";

/// A batch, as the program named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Begun {
    record: u64,
    line: Option<u64>,
    records: u64,
}

pub(crate) struct Deaths {
    file: String,
    timeout: Duration,
    /// The last of each container.
    begun: HashMap<String, Begun>,
    /// The last one, in words.
    pub(crate) last: Option<String>,
}

impl Deaths {
    pub(crate) fn new(file: &str, timeout: Duration) -> Self {
        Self { file: file.into(), timeout, begun: HashMap::new(), last: None }
    }

    /// Whether the line names a batch, and so is not for the reader.
    pub(crate) fn hears(&mut self, container: impl Display, line: &str) -> bool {
        let named = line.contains(BEGINS);
        if let Some(begun) = Some(line).filter(|_| named).and_then(begun) {
            self.begun.insert(container.to_string(), begun);
        }
        named
    }

    /// What to say about an invocation that ended like this; `None` if it answered.
    pub(crate) fn of(&mut self, container: impl Display, outcome: &Outcome, saved: Option<&Checkpoint>) -> Option<String> {
        let begun = self.begun.remove(&container.to_string());
        let (how, what_to_do) = match outcome {
            Outcome::Ok(_) | Outcome::Error { .. } => return None,
            Outcome::TimedOut => (
                format!("an invocation timed out after {:?}", self.timeout),
                "give it a longer --timeout, or the job a smaller `batch` or a larger `reserve`",
            ),
            Outcome::Crashed { status } if status.contains("signal") => (
                format!("an invocation died ({status})"),
                "if it ran out of memory, give the function more, or the job a smaller `batch`",
            ),
            Outcome::Crashed { status } => (
                format!("the program ended in the middle of an invocation ({status})"),
                "look for `std::process::exit` in the job",
            ),
        };
        let said = format!("{how} {}: {what_to_do}", self.place(begun, saved));
        self.last = Some(said.clone());
        Some(said)
    }

    fn place(&self, begun: Option<Begun>, saved: Option<&Checkpoint>) -> String {
        let file = &self.file;
        match (begun, saved) {
            (Some(Begun { record, line: Some(line), records }), _) => {
                format!("in the batch of {} records at record {record}, line {line} of {file}", HumanCount(records))
            }
            (Some(Begun { record, .. }), _) => format!("in the batch at position {record} of {file}"),
            (None, Some(saved)) => format!("at or after record {} of {file}, where the last checkpoint is", saved.position),
            (None, None) => format!("before anything of {file} was saved"),
        }
    }
}

fn begun(line: &str) -> Option<Begun> {
    let plain = without_colours(line);
    let after = plain.get(plain.find(BEGINS)? + BEGINS.len()..)?;
    let number = |name: &str| {
        // `record=400` in text, `"record":400` in JSON; the object's name comes last, so it cannot be taken for one of them.
        let [text, json] = [format!(" {name}="), format!("\"{name}\":")];
        let start = [text, json].iter().find_map(|label| Some(after.find(label.as_str())? + label.len()))?;
        let digits: String = after.get(start..)?.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    Some(Begun { record: number("record")?, line: number("line"), records: number("records")? })
}

/// A program with a subscriber of its own may have colours.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    #[test]
    fn batches_are_read_from_every_log() {
        let rows = Some(Begun { record: 400, line: Some(402), records: 10 });
        for (line, wanted) in [
            ("DEBUG a batch begins record=400 line=402 records=10 object=s3://uploads/a b.csv", rows),
            ("DEBUG a batch begins record=400 line=402 records=10 object=s3://uploads/x record=7 line=8 records=9", rows),
            (
                "2026-11-25T10:00:00Z \u{1b}[34mDEBUG\u{1b}[0m a batch begins \u{1b}[3mrecord\u{1b}[0m\u{1b}[2m=\u{1b}[0m400 \
                 \u{1b}[3mline\u{1b}[0m\u{1b}[2m=\u{1b}[0m402 \u{1b}[3mrecords\u{1b}[0m\u{1b}[2m=\u{1b}[0m10",
                rows,
            ),
            (
                r#"{"level":"DEBUG","message":"a batch begins","record":400,"line":402,"records":10,"object":"s3://uploads/a"}"#,
                rows,
            ),
            (
                "DEBUG a batch begins record=3 records=1 object=s3://uploads/a.bin",
                Some(Begun { record: 3, line: None, records: 1 }),
            ),
            ("DEBUG a batch begins", None),
        ] {
            assert_eq!(begun(line), wanted, "{line}");
        }
    }

    #[test]
    fn a_death_names_its_batch() {
        let crashed = |status: &str| Outcome::Crashed { status: status.into() };
        let saved = Checkpoint { position: 300, ..Checkpoint::for_tests() };
        let named = Some("DEBUG a batch begins record=400 line=402 records=10 object=o");
        for (line, outcome, saved, wanted) in [
            (
                named,
                Outcome::TimedOut,
                None,
                "an invocation timed out after 3s in the batch of 10 records at record 400, line 402 of a.csv: give it a longer --timeout, \
                 or the job a smaller `batch` or a larger `reserve`",
            ),
            (
                Some("DEBUG a batch begins record=7 records=1 object=o"),
                Outcome::TimedOut,
                None,
                "an invocation timed out after 3s in the batch at position 7 of a.csv: give it a longer --timeout, or the job a smaller \
                 `batch` or a larger `reserve`",
            ),
            (
                named,
                crashed("signal: 6 (SIGABRT) (core dumped)"),
                Some(&saved),
                "an invocation died (signal: 6 (SIGABRT) (core dumped)) in the batch of 10 records at record 400, line 402 of a.csv: if it ran \
                 out of memory, give the function more, or the job a smaller `batch`",
            ),
            (
                None,
                crashed("exit status: 1"),
                Some(&saved),
                "the program ended in the middle of an invocation (exit status: 1) at or after record 300 of a.csv, where the last checkpoint \
                 is: look for `std::process::exit` in the job",
            ),
            (
                None,
                crashed("exit status: 1"),
                None,
                "the program ended in the middle of an invocation (exit status: 1) before anything of a.csv was saved: look for \
                 `std::process::exit` in the job",
            ),
        ] {
            let mut deaths = Deaths::new("a.csv", Duration::from_secs(3));
            let container = "container-1";
            assert!(!deaths.hears(container, "row 7"));
            assert!(line.is_none_or(|line| deaths.hears(container, line)));
            assert_eq!(deaths.of(container, &outcome, saved).as_deref(), Some(wanted));
            assert_eq!(deaths.last.as_deref(), Some(wanted));
        }
    }

    #[test]
    fn an_answer_is_not_a_death() {
        let mut deaths = Deaths::new("a.csv", Duration::from_secs(3));
        let container = "container-1";
        deaths.hears(container, "DEBUG a batch begins record=400 line=402 records=10");
        assert_eq!(deaths.of(container, &Outcome::Ok(Default::default()), None), None);
        assert!(deaths.of(container, &Outcome::TimedOut, None).unwrap().contains("before anything of a.csv was saved"));
    }
}
