//! Events that are delivered twice, and containers that are killed during a batch.

use super::stage::{BATCHES, DOLLARS, PAST_THE_LEASE, ROWS, Stage};
use futures_util::future::{Either, join_all, select};
use recursive_lambda_local::{Builder, Outcome, QueueFaults, What};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

fn three_batches_at_a_time(platform: Builder) -> Builder {
    platform
        .retry_delays(PAST_THE_LEASE)
        .env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "3")
        .env("RECURSIVE_LAMBDA_CHECKPOINT", "batch")
}

/// Kills one container after another while the run continues. The next kill is armed after an invocation has succeeded.
pub(super) async fn kill_one_by_one(stage: &Stage, kills: u32, moment: std::ops::RangeInclusive<Duration>) {
    let mut events = stage.platform.subscribe();
    let (mut left, mut armed) = (kills, true);
    stage.platform.arm_kills(1, moment.clone());
    while left > 0 {
        match events.recv().await {
            Ok(entry) => match &entry.what {
                What::Killed { .. } => (left, armed) = (left - 1, false),
                What::InvocationEnded { outcome: Outcome::Ok(_), .. } if !armed => {
                    armed = true;
                    stage.platform.arm_kills(1, moment.clone());
                }
                _ => {}
            },
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_does_not_fork_the_run() {
    let twice = QueueFaults { duplicate: 1.0, ..QueueFaults::default() };
    let late = QueueFaults { delay: Duration::from_millis(500), ..twice };
    let cases = [("duplicates at once", twice, 1, 0), ("late duplicates", late, 3, 0), ("duplicates and a crash", twice, 2, 1)];
    join_all(cases.map(|(name, faults, starts, kills)| async move {
        let stage =
            Stage::new("rows", |platform| three_batches_at_a_time(platform).queue_faults(faults).env("TALLY_PAUSE", "30")).await;
        let object = stage.upload_birdstrikes().await;
        if kills > 0 {
            stage.platform.arm_kills(kills, Duration::from_millis(40)..=Duration::from_millis(80));
        }
        (0..starts).for_each(|_| stage.notify(&object));
        stage.settle().await;
        let extra = stage.assert_all_done(name);
        assert!(extra <= kills as usize, "{name}: {extra} repeated executions");
        assert_eq!(stage.platform.counters().kills, u64::from(kills), "{name}");
        assert_eq!(stage.completions().len(), 1, "{name}");
        assert!(stage.platform.counters().duplicated >= 9, "{name}: {:?}", stage.platform.counters());
        eprintln!("{name}: {extra} repeated, {:?}", stage.platform.counters());
    }))
    .await;
}

/// Seed, kills, time between saves, and the most executions that one kill may repeat.
const CRASHES: [(u64, u32, &str, usize); 6] =
    [(1, 3, "batch", 1), (2, 3, "batch", 1), (3, 2, "batch", 1), (4, 3, "100ms", 4), (5, 2, "100ms", 4), (6, 2, "1s", 4)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_and_double_nothing() {
    join_all(CRASHES.map(|(seed, kills, checkpoint, most)| async move {
        let name = format!("seed {seed}, {kills} kills, a save every {checkpoint}");
        let stage = Stage::new("rows", |platform| {
            platform
                .seed(seed)
                .retry_delays(PAST_THE_LEASE)
                .env("TALLY_PAUSE", "50")
                .env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "4")
                .env("RECURSIVE_LAMBDA_CHECKPOINT", checkpoint)
        })
        .await;
        let moment = Duration::from_millis(40)..=Duration::from_millis(200);
        let run = std::pin::pin!(stage.run_birdstrikes());
        let killing = std::pin::pin!(kill_one_by_one(&stage, kills, moment));
        if let Either::Right((_, run)) = select(run, killing).await {
            run.await;
        }
        let extra = stage.assert_all_done(&name);
        let counters = stage.platform.counters();
        assert_eq!(counters.kills, u64::from(kills), "{name}: {counters:?}");
        assert!(extra <= counters.kills as usize * most, "{name}: {extra} repeated executions, {counters:?}");
        assert_eq!(stage.completions().len(), 1, "{name}");
        eprintln!("{name}: {extra} repeated, {counters:?}");
    }))
    .await;
}

#[tokio::test]
async fn a_crash_repeats_only_on_complete() {
    let stage = Stage::new("rows", |platform| platform.retry_delays(PAST_THE_LEASE).env("TALLY_REPORT_PAUSE", "5000")).await;
    let object = stage.upload_birdstrikes().await;
    stage.notify(&object);
    stage.completed().await;
    assert_eq!(stage.status(), "Completing");
    assert!(stage.platform.kill_one().is_some());
    stage.settle().await;

    assert_eq!(stage.assert_all_done("killed in on_complete"), 0);
    let completions = stage.completions();
    let totals = |report: &Value| ["rows", "dollars", "position", "batches"].map(|field| report[field].clone());
    assert_eq!(completions.iter().map(totals).collect::<Vec<_>>(), [totals(&completions[0]), totals(&completions[0])]);
    assert_eq!(totals(&completions[0]), [ROWS, DOLLARS, ROWS, BATCHES as u64].map(Value::from));
}

#[tokio::test]
async fn a_long_batch_keeps_its_lease() {
    let stage = Stage::new("rows", |platform| {
        platform.retry_delays([3, 3, 3, 10, 20].map(Duration::from_secs)).env("TALLY_SPIN", "9500")
    })
    .await;
    let file = std::fs::read_to_string(super::stage::birdstrikes()).unwrap();
    let object = stage.upload(file.split_inclusive('\n').take(101).collect::<String>());
    stage.notify(&object);
    stage.batches_begun(1).await;
    stage.notify(&object);
    stage.settle().await;

    assert_eq!(stage.status(), "Done");
    let executions = stage.executions();
    assert_eq!(executions.len(), 1, "{executions:#?}");
    assert_eq!((stage.checkpoint()["epoch"].as_u64(), stage.extra_executions(100, "one long batch")), (Some(1), 0));
    let refused = |what: &What| {
        let What::InvocationEnded { outcome: Outcome::Error { error_type, .. }, .. } = what else { return false };
        error_type == "DuplicateInFlight"
    };
    let refusals = stage.platform.journal().iter().filter(|entry| refused(&entry.what)).count();
    assert!(refusals >= 3, "the duplicate was retried during the whole batch: {}", stage.logged().join("\n"));
    assert!(stage.dead_letters().is_empty(), "{:?}", stage.dead_letters());
}
