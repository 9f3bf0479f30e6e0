//! Metrics of an invocation's work: one line on standard output in CloudWatch's embedded metric format, without a call to AWS.
//!
//! Its dimensions are the function and the job. It never shows a key, a record or the state.

use crate::ports::Work;
use metrique_writer_core::format::Format;
use metrique_writer_core::unit::{Byte, Count, Second, UnitTag, WithUnit};
use metrique_writer_core::value::MetricValue;
use metrique_writer_core::{Entry, EntryWriter};
use metrique_writer_format_emf::Emf;
use recursive_lambda_core::checkpoint::Status;
use recursive_lambda_core::identity::unqualified;
use std::io::Write;
use std::time::SystemTime;

const NAMESPACE: &str = "RecursiveLambda";
const DIMENSIONS: [&str; 2] = ["FunctionName", "Job"];

/// What the line has: the dimensions and the metrics.
struct Line<'a> {
    at: SystemTime,
    function: &'a str,
    job: &'a str,
    work: &'a Work,
}

impl Entry for Line<'_> {
    fn write<'a>(&'a self, writer: &mut impl EntryWriter<'a>) {
        let Work { ended, records, bytes, batches, skipped, is_retry, left } = self.work;
        let [function, job] = DIMENSIONS;
        writer.timestamp(self.at);
        writer.value(function, self.function);
        writer.value(job, self.job);
        for (name, count) in [
            ("Invocations", 1),
            ("Retries", u64::from(*is_retry)),
            ("Records", *records),
            ("Batches", *batches),
            ("Skipped", *skipped),
            ("RunsDone", u64::from(*ended == Some(Status::Done))),
            ("RunsFailed", u64::from(*ended == Some(Status::Failed))),
        ] {
            writer.value(name, &of::<Count>(count));
        }
        writer.value("Bytes", &of::<Byte>(*bytes));
        writer.value("SecondsLeft", &left.map(|left| of::<Second>(left.as_secs())));
    }
}

fn of<U: UnitTag>(number: u64) -> WithUnit<u64, U> {
    number.with_unit::<U>()
}

/// Prints the line.
pub(super) fn print(function_arn: &str, job: &str, work: &Work) {
    let function = unqualified(function_arn).rsplit(':').next().unwrap_or_default();
    match line(&Line { at: SystemTime::now(), function, job, work }) {
        // Without a reader there is no one to tell.
        Ok(line) => drop(std::io::stdout().lock().write_all(&line)),
        Err(error) => tracing::warn!(error, "the metrics of this invocation are lost"),
    }
}

fn line(line: &Line<'_>) -> Result<Vec<u8>, String> {
    let dimensions = vec![DIMENSIONS.map(String::from).to_vec()];
    let mut printed = Vec::new();
    Emf::all_validations(NAMESPACE.into(), dimensions).format(line, &mut printed).map_err(|error| error.to_string())?;
    Ok(printed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn the_line_has_all_figures() {
        let work = Work {
            ended: Some(Status::Failed),
            records: 800,
            bytes: 75_000,
            batches: 2,
            skipped: 1,
            is_retry: true,
            left: Some(Duration::from_secs(90)),
        };
        let at = UNIX_EPOCH + Duration::from_millis(1_795_000_000_123);
        let printed = line(&Line { at, function: "import-\"a\"", job: "rows", work: &work }).unwrap();
        assert_eq!(printed.iter().filter(|byte| **byte == b'\n').count(), 1);
        let line: Value = serde_json::from_slice(&printed).unwrap();
        let expected = json!({ "FunctionName": "import-\"a\"", "Job": "rows", "Invocations": 1, "Retries": 1, "Records": 800, "Batches": 2,
            "Skipped": 1, "RunsDone": 0, "RunsFailed": 1, "Bytes": 75_000, "SecondsLeft": 90 });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(line.get(name), Some(value), "{line}");
        }
        assert_eq!(line.pointer("/_aws/Timestamp"), Some(&json!(1_795_000_000_123_u64)));
        assert_eq!(line.pointer("/_aws/CloudWatchMetrics/0/Namespace"), Some(&json!("RecursiveLambda")));
    }

    #[test]
    fn nothing_left_is_no_figure() {
        let work = Work { ended: Some(Status::Done), records: 0, bytes: 0, batches: 0, skipped: 0, is_retry: false, left: None };
        let printed = line(&Line { at: UNIX_EPOCH, function: "f", job: "j", work: &work }).unwrap();
        let line: Value = serde_json::from_slice(&printed).unwrap();
        assert_eq!((line.get("RunsDone"), line.get("SecondsLeft")), (Some(&json!(1)), None), "{line}");
    }
}
