//! AWS's runtime kills a program that times out and starts it again. A run survives that.

use crate::emulator::Emulator;
use serde_json::json;
use std::path::Path;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs AWS's Runtime Interface Emulator: cargo xtask test"]
async fn a_run_survives_awss_time_out() {
    let emulator = Emulator::start(Path::new(env!("CARGO_BIN_EXE_oversleep")), 3).await;
    let checkpoint = emulator.run("lines.txt", "a line\n".repeat(100).as_bytes()).await;

    let answers = emulator.queue.answers();
    let log = emulator.log();
    let failed: Vec<&String> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert_eq!(failed.len(), 1, "{answers:#?}\n{log}");
    assert!(failed[0].contains("timed out after 3.00 seconds"), "{failed:?}");
    assert_eq!(log.matches("falling asleep").count(), 1, "{log}");
    assert_eq!(checkpoint["status"], "Done", "{checkpoint}\n{answers:#?}\n{log}");
    assert_eq!(checkpoint["state"], json!({ "lines": 100, "awake_at_attempt": 2 }), "{checkpoint}");
    emulator.end().await;
}
