//! Limits that Lambda sets a process: too little memory, and SIGTERM before SIGKILL.

use super::stage::{ROWS, Stage};
use recursive_lambda_local::What;
use std::process::Command;
use std::time::Duration;

/// More than the process maps by itself, and an eighth of what the job allocates.
#[cfg(target_os = "linux")]
const MEMORY_MB: u64 = 8 << 10;

/// A job that does `action` at row 800, in a process with a memory limit.
#[cfg(target_os = "linux")]
async fn at_row_800(action: &str) -> Stage {
    Stage::new("rows", |platform| {
        platform
            .memory_limit_mb(MEMORY_MB)
            .retry_delays(super::stage::PAST_THE_LEASE)
            .env("RECURSIVE_LAMBDA_CHECKPOINT", "batch")
            .env("TALLY_AT", "800")
            .env("TALLY_DO", action)
    })
    .await
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_memory_death_costs_one_execution() {
    let stage = at_row_800("allocate-once").await;
    stage.run_birdstrikes().await;
    assert_eq!(stage.assert_all_done("out of memory once"), 1);
    assert_eq!(stage.platform.counters().crashed, 1);
    assert!(ends(&stage).iter().any(|status| status.contains("SIGABRT")), "{:?}", ends(&stage));
    assert_eq!(stage.completions().len(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_deaths_name_the_batch() {
    let stage = at_row_800("allocate").await;
    stage.run_birdstrikes().await;
    // Lambda has given up, but the checkpoint does not say so yet, because the last attempt died, too.
    let letters = stage.dead_letters();
    assert_eq!((letters.len(), letters[0].attempts, stage.platform.counters().crashed), (1, 3, 3));
    assert_eq!(stage.status(), "Running");

    tokio::time::sleep(super::stage::PAST_THE_LEASE[0]).await;
    stage.platform.send(letters[0].payload.clone());
    stage.settle().await;
    let checkpoint = stage.checkpoint();
    assert_eq!((&checkpoint["status"], &checkpoint["position"]), (&"Failed".into(), &800.into()), "{checkpoint}");
    assert_eq!(checkpoint["last_error"]["kind"], "Runaway", "{checkpoint}");
    let message = checkpoint["last_error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with(
            "3 invocations died without an error in the batch that begins at record 800, line 802: it ran out of memory"
        ),
        "{message}"
    );
    assert_eq!(checkpoint["state"]["rows"], 800, "the saved state is unchanged: {checkpoint}");
    assert_eq!(stage.extra_executions(1_200, "out of memory each time"), 2);
    assert_eq!(stage.platform.counters().crashed, 3, "no later invocation started the batch");
}

#[tokio::test]
async fn sigterm_loses_nothing() {
    let stage = Stage::new("rows", |platform| {
        platform.retry_delays(super::stage::PAST_THE_LEASE).env("RECURSIVE_LAMBDA_CHECKPOINT", "batch").env("TALLY_PAUSE", "200")
    })
    .await;
    let object = stage.upload_birdstrikes().await;
    stage.notify(&object);
    for batches in [3, 9] {
        stage.batches_begun(batches).await;
        let pid = pids(&stage).pop().unwrap();
        assert!(Command::new("kill").args(["-TERM", &pid.to_string()]).status().unwrap().success());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    stage.settle().await;
    assert_eq!(ends(&stage).iter().filter(|status| status.contains("SIGTERM")).count(), 2, "{:?}", ends(&stage));
    let extra = stage.assert_all_done("SIGTERM");
    assert!(extra <= 2, "{extra} repeated executions");
    assert_eq!((stage.checkpoint()["position"].as_u64(), stage.completions().len()), (Some(ROWS), 1));
}

fn pids(stage: &Stage) -> Vec<u32> {
    let started = stage.platform.journal().into_iter().filter_map(|entry| match entry.what {
        What::ContainerStarted { pid, .. } => Some(pid),
        _ => None,
    });
    started.collect()
}

/// How the processes ended.
fn ends(stage: &Stage) -> Vec<String> {
    let ended = stage.platform.journal().into_iter().filter_map(|entry| match entry.what {
        What::ContainerStopped { status, .. } => Some(status),
        _ => None,
    });
    ended.collect()
}
