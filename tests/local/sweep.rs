//! The sweep: continues runs whose signal was lost, reports failed runs, and leaves working runs alone.

use super::stage::{BATCHES, DOLLARS, ROWS, STATE, Stage, birdstrikes};
use futures_util::future::join;
use recursive_lambda_local::{Outcome, QueueFaults, What};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const SWEEP: &str = r#"{"recursive_lambda_sweep":{"v":1}}"#;

/// Longer than two leases of 4 s, in the store's whole seconds.
pub(super) const SWEPT_AFTER: Duration = Duration::from_secs(10);

/// Sends the sweep's event, waits until the platform is idle, and returns the function's response.
pub(super) async fn sweep(stage: &Stage) -> Value {
    let request = stage.platform.send(SWEEP);
    stage.settle().await;
    answer(stage, &request)
}

fn answer(stage: &Stage, request: &str) -> Value {
    let answers = stage.platform.journal().into_iter().filter_map(|entry| match entry.what {
        What::InvocationEnded { request_id, outcome: Outcome::Ok(answer), .. } if request_id == request => Some(answer),
        _ => None,
    });
    let answers: Vec<_> = answers.collect();
    assert_eq!(answers.len(), 1, "{}", stage.logged().join("\n"));
    serde_json::from_slice(&answers[0]).unwrap()
}

fn summary(counts: &[(&str, u64)]) -> Value {
    let mut all = json!({
        "looked_at": 0, "signalled": 0, "not_signalled": 0, "waiting": 0, "failed": 0, "stuck": 0, "unreadable": 0, "complete": true,
    });
    counts.iter().for_each(|(name, count)| all[*name] = (*count).into());
    all
}

/// The only line of the log with this text.
fn line(stage: &Stage, text: &str) -> String {
    let mut lines: Vec<_> = stage.logged().into_iter().filter(|line| line.contains(text)).collect();
    assert_eq!(lines.len(), 1, "{text}: {}", stage.logged().join("\n"));
    lines.remove(0)
}

#[tokio::test]
async fn sweeps_replace_lost_signals() {
    let stage = Stage::new("rows", |platform| platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "5")).await;
    let object = stage.upload_birdstrikes().await;
    let lose_next = || stage.platform.set_queue_faults(QueueFaults { lose_next: 1, ..QueueFaults::default() });
    stage.notify(&object);
    lose_next();
    stage.settle().await;
    assert_eq!((stage.status().as_str(), stage.executions().len()), ("Ready", 5), "{}", stage.logged().join("\n"));
    assert_eq!(sweep(&stage).await, summary(&[]), "the signal may still be on its way");
    assert_eq!(stage.executions().len(), 5);

    // The sweep's signal is lost, too, and the next sweep sends it again. After that, no signal is lost.
    tokio::time::sleep(SWEPT_AFTER).await;
    let request = stage.platform.send(SWEEP);
    lose_next();
    stage.settle().await;
    assert_eq!(answer(&stage, &request), summary(&[("looked_at", 1), ("signalled", 1)]));
    assert_eq!((stage.status().as_str(), stage.executions().len()), ("Ready", 5), "{}", stage.logged().join("\n"));
    assert_eq!(sweep(&stage).await, summary(&[("looked_at", 1), ("signalled", 1)]));

    assert_eq!(stage.assert_all_done("swept"), 0);
    assert_eq!(stage.platform.counters().lost, 2);
    let want = json!({ "what": "complete", "rows": ROWS, "dollars": DOLLARS, "position": ROWS, "skipped": 0, "batches": BATCHES, "invocations": 5 });
    assert_eq!(stage.completions(), [want]);
    let logged: Vec<_> =
        stage.logged().into_iter().filter(|line| line.contains("no invocation was working on the run")).collect();
    assert_eq!(logged.len(), 2, "{logged:?}");
    assert!(logged[0].contains("WARN") && logged[0].contains("status=Ready position=2000 seq=1"), "{}", logged[0]);

    tokio::time::sleep(SWEPT_AFTER).await;
    assert_eq!(sweep(&stage).await, summary(&[("looked_at", 1)]), "a finished run is left alone");
    assert_eq!(stage.executions().len(), BATCHES);
}

#[tokio::test]
async fn a_sweep_reports_bad_runs() {
    let stage = Stage::new("rows", |platform| platform.env("TALLY_AT", "800").env("TALLY_DO", "terminal")).await;
    stage.run_birdstrikes().await;
    assert_eq!(stage.status(), "Failed");
    let key = stage.platform.s3().list(STATE, "runs/tally/rows/").unwrap()[0].key.clone();
    let run = key.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
    let failed = stage.platform.s3().get(STATE, &key).unwrap();
    let forged = |change: &dyn Fn(&mut Value)| {
        let mut checkpoint: Value = serde_json::from_slice(&failed).unwrap();
        change(&mut checkpoint);
        checkpoint.to_string()
    };
    let other_plan = forged(&|checkpoint| {
        checkpoint["status"] = "Ready".into();
        checkpoint["plan"]["hash"] = "other".into();
        checkpoint["last_error"]["message"] = "two\nlines".into();
    });
    let newer = forged(&|checkpoint| checkpoint["v"] = 9.into());
    for (place, body) in [
        ("rows/00aa.json", "not a checkpoint"),
        ("rows/00bb.json", newer.as_str()),
        ("rows/00cc.json", other_plan.as_str()),
        // These are not checkpoints of this job.
        ("rows/a name.json", other_plan.as_str()),
        ("rows/notes.txt", "a note"),
        ("rows/00aa/800.json", "a skipped record"),
        ("other/00dd.json", other_plan.as_str()),
    ] {
        stage.platform.s3().put(STATE, &format!("runs/tally/{place}"), body).unwrap();
    }
    let letters = stage.dead_letters().len();
    tokio::time::sleep(SWEPT_AFTER).await;
    let want = summary(&[("looked_at", 4), ("failed", 1), ("stuck", 1), ("unreadable", 2)]);
    assert_eq!(sweep(&stage).await, want, "{}", stage.logged().join("\n"));

    let logged = line(&stage, "the run failed, and is over until it is resumed");
    for field in [
        "ERROR",
        "job=\"rows\"",
        &format!("run=\"{run}\""),
        "status=Failed position=800 seq=0 age=",
        "last_error=\"Job\"",
        "recursive_lambda_resume",
    ] {
        assert!(logged.contains(field), "{field}: {logged}");
    }
    assert!(logged.contains("the sink is closed"), "{logged}");
    let logged = line(&stage, "was deployed with another batch size");
    assert!(logged.contains("ERROR") && logged.contains("run=\"00cc\" status=Ready"), "{logged}");
    // The log escapes the text again.
    assert!(logged.contains(r"two\\nlines"), "{logged}");
    assert!(line(&stage, "version 9, written by a newer").contains("run=\"00bb\" kind=CheckpointUnreadable"));
    assert!(line(&stage, "cannot be read as one").contains("run=\"00aa\""));
    assert_eq!(stage.dead_letters().len(), letters, "no signal was sent: {:?}", stage.dead_letters());
    assert_eq!(stage.platform.s3().get(STATE, &key).unwrap(), failed, "a sweep does not write checkpoints");
}

#[tokio::test]
async fn a_sweep_leaves_working_runs_alone() {
    let working = async {
        let stage = Stage::new("rows", |platform| platform.env("TALLY_SPIN", "20000")).await;
        let file = std::fs::read_to_string(birdstrikes()).unwrap();
        let object = stage.upload(file.split_inclusive('\n').take(101).collect::<String>());
        stage.notify(&object);
        stage.batches_begun(1).await;
        tokio::time::sleep(SWEPT_AFTER).await;
        assert_eq!(sweep(&stage).await, summary(&[]), "the lease was renewed, so no checkpoint is read");
        assert_eq!((stage.status().as_str(), stage.extra_executions(100, "working run")), ("Done", 0));
        let noise: Vec<_> = stage.logged().into_iter().filter(|line| line.contains("DuplicateInFlight")).collect();
        assert!(noise.is_empty() && stage.dead_letters().is_empty(), "{noise:?}");
        assert_eq!(stage.platform.counters().invocations, 2, "one for the run and one for the sweep");
    };
    let died = async {
        // No retries, as if Lambda had lost the event.
        let stage = Stage::new("rows", |platform| {
            platform.retry_delays([]).env("TALLY_PAUSE", "200").env("RECURSIVE_LAMBDA_CHECKPOINT", "batch")
        })
        .await;
        let object = stage.upload_birdstrikes().await;
        stage.notify(&object);
        stage.batches_begun(4).await;
        assert!(stage.platform.kill_one().is_some());
        stage.settle().await;
        assert_eq!((stage.status().as_str(), stage.dead_letters().len()), ("Running", 1));
        tokio::time::sleep(SWEPT_AFTER).await;
        assert_eq!(sweep(&stage).await, summary(&[("looked_at", 1), ("signalled", 1)]));
        assert_eq!(stage.checkpoint()["status"], "Done", "{}", stage.logged().join("\n"));
        assert!(stage.extra_executions(ROWS, "its owner died") <= 1);
        assert_eq!(stage.completions().len(), 1);
    };
    join(working, died).await;
}

#[tokio::test]
async fn an_impossible_sweep_says_what_to_do() {
    let deny_listing = |call: &recursive_lambda_local::ApiCall| {
        (call.operation == recursive_lambda_local::Operation::ListObjects)
            .then_some(recursive_lambda_local::Fault::Refuse(403, "AccessDenied"))
    };
    for (state, kind, words) in [
        ("none", "Config", "there is nothing to sweep: RECURSIVE_LAMBDA_STATE=none saves no run"),
        ("s3://state/runs", "Store", "may not list s3://state/runs/tally/rows/; its role needs s3:ListBucket"),
    ] {
        let stage = Stage::new("rows", |platform| platform.env("RECURSIVE_LAMBDA_STATE", state)).await;
        stage.platform.set_faults(deny_listing);
        stage.platform.send(SWEEP);
        stage.settle().await;
        let letters = stage.dead_letters();
        assert_eq!(letters.len(), 1, "{state}");
        assert_eq!((letters[0].error_type.as_str(), letters[0].attempts), (kind, 3), "{state}");
        assert!(letters[0].error_message.contains(words), "{state}: {}", letters[0].error_message);
    }
}
