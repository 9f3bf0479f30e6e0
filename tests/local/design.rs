//! The examples of the design: they compile as written and run to their ends.

use super::stage::{KEY, Stage, UPLOADS};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[allow(dead_code, reason = "this program is included for its unit test of a job")]
#[path = "../jobs/design_jobs.rs"]
mod jobs;

/// Runs a job over an object to its end. Returns the checkpoint and the JSON lines that the job printed.
async fn run(program: &str, job: &str, object: impl AsRef<[u8]>) -> (Value, Vec<Value>) {
    let stage = Stage::new("", |platform| platform.binary(program).env("DESIGN_JOB", job)).await;
    let object = stage.platform.s3().put(UPLOADS, KEY, object).unwrap();
    stage.notify(&object);
    stage.settle().await;
    assert!(stage.dead_letters().is_empty(), "{job}: {:?}", stage.dead_letters());
    let lines = stage.logged();
    // Without the metrics.
    let printed = lines.iter().filter(|line| line.starts_with('{') && !line.starts_with("{\"_aws\""));
    (stage.checkpoint(), printed.map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn ended(checkpoint: &Value) -> (&str, u64, &Value) {
    (checkpoint["status"].as_str().unwrap(), checkpoint["position"].as_u64().unwrap(), &checkpoint["state"])
}

#[tokio::test]
async fn the_first_example_counts_lines() {
    let stage = Stage::new("", |platform| platform.binary(env!("CARGO_BIN_EXE_design-count"))).await;
    let object = stage.upload("line\n".repeat(1_001));
    stage.notify(&object);
    stage.settle().await;
    assert_eq!(ended(&stage.checkpoint()), ("Done", 1_001, &Value::Null));
    let logged: Vec<_> = stage.logged().into_iter().filter(|line| line.contains(" lines from ")).collect();
    assert_eq!(logged, ["400 lines from 0", "400 lines from 400", "201 lines from 800"]);
}

#[tokio::test]
async fn typed_records_are_read() {
    let rows: String = (1..=900).map(|id| format!("{id}\n")).collect();
    let (checkpoint, printed) = run(env!("CARGO_BIN_EXE_design-jobs"), "typed", format!("id\n{rows}")).await;
    assert_eq!(ended(&checkpoint), ("Done", 900, &Value::Null));
    let expected = [(0, 400), (400, 800), (800, 900)].map(|(position, last)| json!({ "position": position, "last": last }));
    assert_eq!(printed, expected);
}

#[tokio::test]
async fn state_resources_and_report_work() {
    let orders: String = (0..1_000_900).map(|id| format!("{{\"id\":{id}}}\n")).collect();
    let (checkpoint, printed) = run(env!("CARGO_BIN_EXE_design-jobs"), "state", orders).await;
    assert_eq!(
        ended(&checkpoint),
        ("Done", 1_000_000, &json!({ "rows": 1_000_000 })),
        "`enough` ends the run before the end of the object"
    );
    let inserts: Vec<_> = printed.iter().filter(|line| line["first"].is_u64()).collect();
    let keys: BTreeSet<_> = inserts.iter().map(|line| line["insert"].as_str().unwrap()).collect();
    assert_eq!((inserts.len(), keys.len()), (2_500, 2_500), "each batch is inserted once");
    assert!(inserts.iter().enumerate().all(|(index, line)| line["first"] == 400 * index && line["orders"] == 400));
    let reports: Vec<_> = printed.iter().filter(|line| line["report"].is_u64()).collect();
    assert_eq!(reports, [&json!({ "report": 1_000_000, "position": 1_000_000, "at_end": false })]);
}

#[tokio::test]
async fn a_file_batch_reads_the_file() {
    let film: Vec<u8> = (0..10_000_u32).flat_map(|frame| [(frame / 400) as u8; 16]).collect();
    let (checkpoint, printed) = run(env!("CARGO_BIN_EXE_design-jobs"), "frames", film).await;
    assert_eq!(ended(&checkpoint), ("Done", 10_000, &Value::Null));
    let expected: Vec<_> = (0..25).map(|call| json!({ "position": call * 400, "sum": call * 400 * 16 })).collect();
    assert_eq!(printed, expected);
}
