//! An outage of the job's sink: the run waits, and loses and skips nothing. A failed run continues when a person resumes it.

use super::stage::{BATCHES, DOLLARS, ROWS, Stage};
use super::sweep::{SWEPT_AFTER, sweep};
use recursive_lambda_local::QueueFaults;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn sweeps_carry_a_run_over_an_outage() {
    let stage = Stage::new("rows", |platform| platform.env("RECURSIVE_LAMBDA_RETRY_FOR", "1h")).await;
    stage.sink_goes_out_of_service();
    stage.run_birdstrikes().await;
    let checkpoint = stage.checkpoint();
    assert_eq!(
        (&checkpoint["status"], &checkpoint["waiting"]["errors"]),
        (&json!("Ready"), &json!(3)),
        "Lambda tried three times: {checkpoint}"
    );
    assert_eq!(stage.dead_letters().len(), 1);
    assert!(stage.logged().join("\n").contains("the run waits and will be retried"), "{}", stage.logged().join("\n"));

    // A sweep's signal is tried once, without retries.
    tokio::time::sleep(SWEPT_AFTER).await;
    assert_eq!(sweep(&stage).await["signalled"], 1);
    let checkpoint = stage.checkpoint();
    assert_eq!((&checkpoint["status"], &checkpoint["waiting"]["errors"]), (&json!("Ready"), &json!(4)), "{checkpoint}");
    assert!(checkpoint["waiting"]["waited_ms"].as_u64().unwrap() >= 5_000, "{checkpoint}");
    assert_eq!(stage.dead_letters().len(), 1, "a sweep's signal leaves no dead letter: the next sweep sends another");

    stage.sink_is_back();
    tokio::time::sleep(SWEPT_AFTER).await;
    assert_eq!(sweep(&stage).await["signalled"], 1);
    assert_exact(&stage);
    // The first batch failed four times.
    assert_eq!(stage.executions().len(), BATCHES + 4);
}

#[tokio::test]
async fn an_outage_skips_no_record() {
    let rows: String = (0..24).map(|row| format!("{row},{},\n", 1_u64 << row)).collect();
    let stage = Stage::new("sieve", |platform| platform.env("RECURSIVE_LAMBDA_RETRY_FOR", "1h")).await;
    stage.sink_goes_out_of_service();
    let object = stage.upload(format!("id,cents,does\n{rows}"));
    stage.notify(&object);
    stage.settle().await;
    assert_eq!((stage.status().as_str(), stage.skipped().len()), ("Ready", 0), "{}", stage.logged().join("\n"));

    stage.sink_is_back();
    tokio::time::sleep(SWEPT_AFTER).await;
    assert_eq!(sweep(&stage).await["signalled"], 1);
    let checkpoint = stage.checkpoint();
    assert_eq!((&checkpoint["status"], &checkpoint["skipped"]), (&json!("Done"), &json!(0)), "{checkpoint}");
    assert_eq!(checkpoint["state"], json!({ "rows": 24, "dollars": (1_u64 << 24) - 1 }));
}

#[tokio::test]
async fn a_failed_run_resumes_in_place() {
    let stage = Stage::new("rows", |platform| platform.env("TALLY_OUT_OF_SERVICE_FROM", "4000")).await;
    stage.sink_goes_out_of_service();
    stage.run_birdstrikes().await;
    let failed = stage.checkpoint();
    assert_eq!((&failed["status"], &failed["position"]), (&json!("Failed"), &json!(4_000)), "{failed}");
    let letters = stage.dead_letters();
    let logged = stage.logged().join("\n");
    let run = stage.run();
    let resume = format!(r#"{{"recursive_lambda_resume":{{"v":1,"run":"{run}"}}}}"#);
    assert!(logged.contains(&resume), "the log shows how to resume: {logged}");

    stage.sink_is_back();
    stage.platform.send(resume.clone());
    stage.settle().await;
    assert_exact(&stage);
    let batches: std::collections::BTreeSet<_> = stage.executions().into_iter().map(|execution| execution.batch).collect();
    assert_eq!(batches.len(), BATCHES, "the same run and the same keys: {batches:?}");
    assert_eq!((stage.run(), stage.dead_letters().len()), (run, letters.len()));

    let executions = stage.executions().len();
    stage.platform.send(resume.clone());
    stage.settle().await;
    assert_eq!((stage.status().as_str(), stage.executions().len()), ("Done", executions), "a finished run is not resumed");
}

/// The bound on invocations that the simulation checks for every seed, with real processes: signals do not multiply.
#[tokio::test]
async fn late_duplicates_do_not_multiply() {
    const HOPS: u64 = 60;
    let faults = QueueFaults { duplicate: 0.15, delay: Duration::from_secs(1), ..QueueFaults::default() };
    let stage =
        Stage::new("lines", |platform| platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "1").queue_faults(faults).seed(7))
            .await;
    let object = stage.upload((0..HOPS * 10).map(|line| format!("{line}\n")).collect::<String>());
    stage.notify(&object);
    stage.settle().await;
    let counters = stage.platform.counters();
    println!("{HOPS} hops: {} invocations, {} duplicates", counters.invocations, counters.duplicated);
    assert_eq!((stage.status().as_str(), stage.extra_executions(HOPS * 10, "duplicates")), ("Done", 0));
    assert!(counters.duplicated > 0 && counters.invocations * 2 <= HOPS * 3 + counters.duplicated * 2, "{counters:?}");
}

fn assert_exact(stage: &Stage) {
    let checkpoint = stage.checkpoint();
    assert_eq!(
        (&checkpoint["status"], &checkpoint["waiting"]),
        (&json!("Done"), &Value::Null),
        "{checkpoint}\n{}",
        stage.logged().join("\n")
    );
    assert_eq!(checkpoint["state"], json!({ "rows": ROWS, "dollars": DOLLARS }));
    assert_eq!(stage.completions().len(), 1);
}
