//! Several batches in flight: sooner done, as exact, and all of them ended before the invocation is.

use super::stage::{BATCHES, KEY, PAST_THE_LEASE, ROWS, Stage, UPLOADS};
use std::time::{Duration, Instant};

const WIDTH: usize = 8;
const PAUSE: Duration = Duration::from_millis(200);

async fn wide(set: impl FnOnce(recursive_lambda_local::Builder) -> recursive_lambda_local::Builder) -> Stage {
    Stage::new("wide", |platform| set(platform.env("TALLY_PAUSE", PAUSE.as_millis().to_string()))).await
}

/// The run over the bundled example's file is done; how many executions were too many.
fn assert_done(stage: &Stage, story: &str) -> usize {
    let record = stage.record();
    assert_eq!(record["status"], "Done", "{story}: {record}\n{}", stage.said().join("\n"));
    assert_eq!((&record["position"], &record["batches"]), (&ROWS.into(), &BATCHES.into()), "{story}");
    assert!(stage.dead_letters().is_empty(), "{story}: {:?}", stage.dead_letters());
    stage.extra_executions(ROWS, story)
}

#[tokio::test]
async fn waiting_batches_run_concurrently() {
    let stage = wide(|platform| platform).await;
    let begun = Instant::now();
    stage.run_birdstrikes().await;
    let took = begun.elapsed();

    assert_eq!(assert_done(&stage, "undisturbed"), 0);
    let most = stage.executions().iter().map(|execution| execution.others).max();
    assert_eq!(most, Some(WIDTH as u64 - 1), "as many as the attribute says, and no more");
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
    assert_eq!(stage.record()["invocations"], 3);
}

#[tokio::test]
async fn an_error_costs_only_batches_in_flight() {
    let fails = wide(|platform| platform.env("TALLY_AT", "4000").env("TALLY_DO", "error-once"));
    let dies = wide(|platform| platform.retry_delays(PAST_THE_LEASE).env("RECURSIVE_LAMBDA_CHECKPOINT", "batch"));
    let (fails, dies) = tokio::join!(fails, dies);
    dies.platform.arm_kills(1, Duration::from_millis(300)..=Duration::from_millis(700));
    tokio::join!(fails.run_birdstrikes(), dies.run_birdstrikes());
    for (story, stage) in [("an error", fails), ("a death", dies)] {
        let extra = assert_done(&stage, story);
        assert!((1..=WIDTH).contains(&extra), "{story}: {extra} executions too many");
        eprintln!("{story}: {extra} too many");
    }
}
