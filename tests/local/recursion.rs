//! Lambda's recursion detection. Before it stops a run, the log says what to set; with that setting, the run continues.

use super::stage::Stage;
use recursive_lambda_local::{Reason, RecursiveLoop, What};

#[tokio::test]
async fn the_log_warns_before_the_loop_stop() {
    let stage = Stage::new("rows", |platform| {
        platform.recursive_loop(RecursiveLoop::Terminate).env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "1")
    })
    .await;
    stage.run_birdstrikes().await;

    let journal = stage.platform.journal();
    let first = |predicate: &dyn Fn(&What) -> bool| journal.iter().find(|entry| predicate(&entry.what)).map(|entry| entry.number);
    let warned = first(&|what| {
        matches!(what, What::LogLine { line, .. }
            if line.contains("`RecursiveLoop` is `Allow`") && line.contains("put-function-recursion-config --function-name arn:aws:lambda:"))
    });
    let dropped = first(&|what| matches!(what, What::Dropped { .. }));
    assert!(warned.is_some() && warned < dropped, "warned {warned:?}, dropped {dropped:?}: {}", stage.logged().join("\n"));

    let letters = stage.dead_letters();
    assert_eq!(letters.iter().map(|letter| letter.reason).collect::<Vec<_>>(), [Reason::RecursiveLoop]);
    let checkpoint = stage.checkpoint();
    assert_eq!(
        (&checkpoint["status"], &checkpoint["position"]),
        (&"Ready".into(), &(16 * 400).into()),
        "progress is kept: {checkpoint}"
    );

    // Sending the dead letters again resumes the run and loses nothing.
    for _ in 0..2 {
        let letter = stage.dead_letters().pop().unwrap();
        stage.platform.send(letter.payload);
        stage.settle().await;
    }
    assert_eq!(stage.status(), "Done");
    assert_eq!(stage.extra_executions(super::stage::ROWS, "redriven"), 0);
}

#[tokio::test]
async fn an_allowed_loop_goes_on() {
    let stage = Stage::new("rows", |platform| platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "1")).await;
    stage.run_birdstrikes().await;
    assert_eq!(stage.assert_all_done("allowed"), 0);
    assert_eq!(stage.checkpoint()["invocations"], 25);
    assert_eq!(stage.platform.counters().dropped, 0);
}
