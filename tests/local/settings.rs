//! Settings of a deployment: runs without a store, and the maximum of invocations.

use super::stage::{BATCHES, DOLLARS, ROWS, STATE, Stage};
use recursive_lambda_local::What;
use serde_json::Value;

#[tokio::test]
async fn without_a_store_signals_carry_the_run() {
    let stage = Stage::new("rows", |platform| {
        platform.env("RECURSIVE_LAMBDA_STATE", "none").env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "7")
    })
    .await;
    stage.run_birdstrikes().await;

    assert_eq!(stage.extra_executions(ROWS, "none"), 0);
    let completions = stage.completions();
    assert_eq!(completions.len(), 1, "{completions:?}");
    assert_eq!((&completions[0]["rows"], &completions[0]["dollars"]), (&ROWS.into(), &DOLLARS.into()));
    assert_eq!(completions[0]["batches"], BATCHES);
    assert!(stage.platform.s3().list(STATE, "").unwrap().is_empty(), "no checkpoint is written");
    let journal = stage.platform.journal();
    let signals = journal.iter().filter_map(|entry| match &entry.what {
        What::Accepted { payload, .. } => serde_json::from_slice::<Value>(payload).ok(),
        _ => None,
    });
    let states: Vec<_> = signals.skip(1).map(|signal| signal["record"]["state"]["rows"].clone()).collect();
    assert_eq!(
        states,
        [Value::Null, 2_800.into(), 5_600.into(), 8_400.into()],
        "one signal that admits the start, then one from each invocation"
    );
    assert!(stage.logged().iter().any(|line| line.contains("RECURSIVE_LAMBDA_STATE=none") && line.contains("forks the run")));
}

#[tokio::test]
async fn a_runaway_run_is_stopped() {
    let stage = Stage::new("rows", |platform| {
        platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "1").env("RECURSIVE_LAMBDA_MAX_INVOCATIONS", "4")
    })
    .await;
    stage.run_birdstrikes().await;
    let checkpoint = stage.checkpoint();
    assert_eq!((&checkpoint["status"], &checkpoint["position"]), (&"Failed".into(), &1_600.into()), "{checkpoint}");
    assert_eq!(checkpoint["last_error"]["kind"], "Runaway");
    assert!(checkpoint["last_error"]["message"].as_str().unwrap().contains("RECURSIVE_LAMBDA_MAX_INVOCATIONS"), "{checkpoint}");
    assert_eq!(stage.dead_letters().len(), 1);
}
