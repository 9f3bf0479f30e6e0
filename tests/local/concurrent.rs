//! Concurrent batches: the run is faster and just as exact, and an invocation waits for all of its batches.

use super::stage::{BATCHES, KEY, PAST_THE_LEASE, ROWS, Stage, UPLOADS};
use std::time::{Duration, Instant};

const WIDTH: usize = 8;
const PAUSE: Duration = Duration::from_millis(200);

async fn wide(set: impl FnOnce(recursive_lambda_local::Builder) -> recursive_lambda_local::Builder) -> Stage {
    Stage::new("wide", |platform| set(platform.env("TALLY_PAUSE", PAUSE.as_millis().to_string()))).await
}

/// Asserts that the run over the bundled example's file is done. Returns the number of repeated executions.
fn assert_done(stage: &Stage, context: &str) -> usize {
    let checkpoint = stage.checkpoint();
    assert_eq!(checkpoint["status"], "Done", "{context}: {checkpoint}\n{}", stage.logged().join("\n"));
    assert_eq!((&checkpoint["position"], &checkpoint["batches"]), (&ROWS.into(), &BATCHES.into()), "{context}");
    assert!(stage.dead_letters().is_empty(), "{context}: {:?}", stage.dead_letters());
    stage.extra_executions(ROWS, context)
}

#[tokio::test]
async fn waiting_batches_run_concurrently() {
    let stage = wide(|platform| platform).await;
    let begun = Instant::now();
    stage.run_birdstrikes().await;
    let took = begun.elapsed();

    assert_eq!(assert_done(&stage, "undisturbed"), 0);
    let most = stage.executions().iter().map(|execution| execution.others).max();
    assert_eq!(most, Some(WIDTH as u64 - 1), "exactly the concurrency that the attribute sets");
    let read = stage.platform.s3().counts_of(UPLOADS, KEY).bytes_read as f64;
    let read = read / stage.platform.s3().head(UPLOADS, KEY).unwrap().size as f64;
    assert!(read <= 1.05, "read {read:.3} times the object");
    eprintln!("{BATCHES} batches of {PAUSE:?}, {WIDTH} at once: {took:.2?}, read {read:.4} times the object");
}

#[tokio::test]
async fn a_hand_over_waits_for_all_batches() {
    let stage = wide(|platform| platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "10")).await;
    stage.run_birdstrikes().await;
    assert_eq!(assert_done(&stage, "ten at a time"), 0);
    assert_eq!(stage.checkpoint()["invocations"], 3);
}

#[tokio::test]
async fn an_error_costs_only_batches_in_flight() {
    let fails = wide(|platform| platform.env("TALLY_AT", "4000").env("TALLY_DO", "error-once"));
    let dies = wide(|platform| platform.retry_delays(PAST_THE_LEASE).env("RECURSIVE_LAMBDA_CHECKPOINT", "batch"));
    let (fails, dies) = tokio::join!(fails, dies);
    dies.platform.arm_kills(1, Duration::from_millis(300)..=Duration::from_millis(700));
    tokio::join!(fails.run_birdstrikes(), dies.run_birdstrikes());
    for (context, stage) in [("an error", fails), ("a death", dies)] {
        let extra = assert_done(&stage, context);
        assert!((1..=WIDTH).contains(&extra), "{context}: {extra} repeated executions");
        eprintln!("{context}: {extra} repeated");
    }
}
