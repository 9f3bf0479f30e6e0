//! The operator's commands, as a person types them: `list`, `status`, `pause`, `resume`, `cancel`, `skipped`, `start`.

use super::command::{command, text};
use super::stage::{BATCHES, DOLLARS, KEY, PAST_THE_LEASE, ROWS, STATE, Stage, UPLOADS};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The command, built once: a run must not end in the meantime.
pub(super) fn built() -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    Command::new(BUILT.get_or_init(|| command(Path::new("/")).get_program().into()))
}

/// The command's arguments, against the stage's servers.
fn operate(stage: &Stage, arguments: &[&str]) -> Output {
    let mut command = built();
    command.envs(stage.platform.env_for_clients()).env("USER", "ann").arg("recursive-lambda");
    command.args(arguments).args(["--function", "tally"]).output().unwrap()
}

/// The command's JSON, line by line.
fn told(stage: &Stage, arguments: &[&str]) -> Vec<Value> {
    let output = operate(stage, &[arguments, &["--json"]].concat());
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    let lines: Vec<_> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty(), "{arguments:?}: {}", text(&output));
    lines
}

fn status(stage: &Stage) -> Value {
    told(stage, &["status", &format!("s3://{UPLOADS}/{KEY}")]).remove(0)
}

async fn slow() -> Stage {
    built();
    Stage::new("rows", |platform| platform.env("TALLY_PAUSE", "400").retry_delays(PAST_THE_LEASE)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_paused_killed_and_resumed() {
    let stage = slow().await;
    let object = stage.upload_birdstrikes().await;
    stage.notify(&object);
    stage.batches_begun(5).await;
    let run = stage.run();

    let shown = status(&stage);
    assert_eq!((&shown["run"], &shown["status"], &shown["job"]), (&json!(run), &json!("Running"), &json!("rows")), "{shown}");
    assert_eq!((&shown["object"]["key"], &shown["skipped"]), (&json!(KEY), &json!(0)), "{shown}");

    let paused = told(&stage, &["pause", &run, "--yes", "--reason", "the disk is full"]);
    assert_eq!(paused, [json!({ "run": run, "result": "Paused" })]);
    stage.settle().await;
    let shown = status(&stage);
    assert_eq!((&shown["status"], &shown["owner"]), (&json!("Paused"), &Value::Null), "{shown}");
    assert_eq!((&shown["command"]["by"], &shown["command"]["reason"]), (&json!("ann"), &json!("the disk is full")), "{shown}");
    let position = shown["position"].as_u64().unwrap();
    assert!((1..ROWS).contains(&position), "{shown}");
    assert_eq!(stage.executions().len() as u64 * 400, position, "the invocation saved what it had done");
    stage.notify(&object);
    stage.settle().await;
    assert_eq!(
        (status(&stage)["position"].as_u64(), stage.dead_letters().len()),
        (Some(position), 0),
        "its events are acknowledged"
    );

    assert_eq!(told(&stage, &["resume", &run, "--yes"]), [json!({ "run": run, "result": "Resumed" })]);
    let begun = stage.executions().len();
    stage.batches_begun(begun + 3).await;
    stage.platform.kill_one().unwrap();
    stage.settle().await;
    assert_eq!(stage.status(), "Done", "{}", stage.logged().join("\n"));
    assert_eq!(stage.checkpoint()["state"], json!({ "rows": ROWS, "dollars": DOLLARS }));
    assert_eq!(told(&stage, &["pause", &run, "--yes"]), [json!({ "run": run, "result": "AlreadyOver" })]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_stays_so() {
    let stage = slow().await;
    let object = stage.upload_birdstrikes().await;
    stage.notify(&object);
    stage.batches_begun(3).await;
    let output = operate(&stage, &["cancel", &format!("s3://{UPLOADS}/{KEY}"), "--yes"]);
    assert!(output.status.success() && text(&output).contains("is cancelled"), "{}", text(&output));
    stage.settle().await;
    stage.notify(&object);
    stage.settle().await;
    assert_eq!(status(&stage)["status"], "Cancelled");
    assert!(stage.executions().len() < BATCHES, "{}", stage.executions().len());
    let output = operate(&stage, &["resume", &stage.run(), "--yes"]);
    assert!(output.status.code() == Some(1) && text(&output).contains("is over already"), "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_runs_are_listed_and_resumed() {
    let stage = Stage::new("rows", |platform| platform.env("TALLY_OUT_OF_SERVICE_FROM", "4000")).await;
    stage.sink_goes_out_of_service();
    stage.run_birdstrikes().await;
    let listed = told(&stage, &["list", "--status", "failed"]);
    assert_eq!((listed.len(), &listed[0]["position"], &listed[0]["last_error"]["record"]), (1, &json!(4000), &json!(4000)));
    let shown = operate(&stage, &["status", &stage.run()]);
    assert_eq!(shown.status.code(), Some(1), "a failed run is not as asked");
    assert!(text(&shown).contains(&format!("resume {}", stage.run())), "{}", text(&shown));
    stage.sink_is_back();
    let resumed = operate(&stage, &["resume", "--all", "--status", "failed", "--yes"]);
    assert!(resumed.status.success(), "{}", text(&resumed));
    stage.settle().await;
    assert_eq!(stage.checkpoint()["state"], json!({ "rows": ROWS, "dollars": DOLLARS }));
    assert!(text(&operate(&stage, &["list"])).contains("Done"));
    assert!(text(&operate(&stage, &["list", "--status", "failed"])).contains("there are no such runs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_started_by_hand() {
    let stage = Stage::new("rows", |platform| platform).await;
    stage.upload_birdstrikes().await;
    let object = format!("s3://{UPLOADS}/{KEY}");
    let plan = built().envs(stage.platform.env_for_clients()).args(["recursive-lambda", "plan", &object]).output().unwrap();
    // A header, and no quoted newline.
    assert!(text(&plan).contains("10,001 records\n          its lines were counted"), "{}", text(&plan));
    let started = told(&stage, &["start", &object, "--run", "again"]);
    assert_eq!(started, [json!({ "function": "tally", "bucket": UPLOADS, "key": KEY, "name": "again" })]);
    stage.settle().await;
    assert_eq!(stage.checkpoint()["state"], json!({ "rows": ROWS, "dollars": DOLLARS }));
    let all = operate(&stage, &["start", &format!("s3://{UPLOADS}/birds"), "--all", "--yes", "--run", "third"]);
    assert!(text(&all).contains(&format!("asked `tally` to process s3://{UPLOADS}/{KEY}")), "{}", text(&all));
    stage.settle().await;
    assert_eq!(told(&stage, &["list"]).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn skipped_records_are_shown() {
    let stage = Stage::new("sieve", |platform| platform).await;
    let object = stage.upload("id,cents,does\n0,1,\n1,many,\n2,4,\n");
    stage.notify(&object);
    stage.settle().await;
    let run = told(&stage, &["list"])[0]["run"].as_str().unwrap().to_owned();
    let skipped = told(&stage, &["skipped", &run]);
    assert_eq!((skipped.len(), &skipped[0]["record"], &skipped[0]["data"]), (1, &json!(1), &json!("1,many,")), "{skipped:?}");
    let raw = operate(&stage, &["skipped", &run, "--raw"]);
    assert_eq!(String::from_utf8_lossy(&raw.stdout), "id,cents,does\n1,many,\n");
    assert!(text(&operate(&stage, &["skipped", &run])).contains("record 1, line 3, byte 19"));

    // Again, and once more: the same records are the same run.
    let redriven = operate(&stage, &["redrive", &run, "--yes"]);
    assert!(redriven.status.success() && text(&redriven).contains("1 records; their run:"), "{}", text(&redriven));
    stage.settle().await;
    let redriven = told(&stage, &["redrive", &run, "--yes"]);
    assert_eq!((redriven.len(), &redriven[0]["records"], &redriven[0]["name"]), (1, &json!(1), &json!("redrive")));
    stage.settle().await;
    let redriven = told(&stage, &["status", &format!("s3://{STATE}/runs/tally/redrive/{run}")]).remove(0);
    // The record is as bad as before, and all of the new run.
    assert_eq!((&redriven["status"], &redriven["skipped"]), (&json!("Failed"), &json!(1)), "{redriven}");
    assert_eq!(told(&stage, &["list"]).len(), 2, "one run of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_runs_are_listed() {
    let stage = Stage::new("rows", |platform| platform).await;
    let checkpoint = r#"{"v":1,"status":"Done","position":1,"offset":10,"line":1,"size":10,"batches":1,"seq":0,"epoch":1,"owner":null,"attempts":1,"invocations":1,"skipped":0,"plan":{"batch":1,"format":"lines","hash":"0"},"object":{"bucket":"uploads","key":"k","etag":"e","size":10},"header":"","started":"2026-11-27T00:00:00.000Z","updated":"2026-11-27T00:00:01.000Z","last_error":null,"w":"n.1"}"#;
    for run in 0..10_000_u32 {
        let failed = if run % 100 == 0 { checkpoint.replace("Done", "Failed") } else { checkpoint.into() };
        stage.platform.s3().put(STATE, &format!("runs/tally/rows/{run:032x}.json"), failed).unwrap();
    }
    let begun = std::time::Instant::now();
    assert_eq!(told(&stage, &["list", "--limit", "20000"]).len(), 10_000);
    println!("10,000 checkpoints are listed in {:.1?}", begun.elapsed());
    assert_eq!(told(&stage, &["list", "--status", "failed", "--limit", "1000"]).len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_one_clear_line() {
    let stage = Stage::new("rows", |platform| platform).await;
    let id = "0123456789abcdef0123456789abcdef";
    for (arguments, code, expected) in [
        (&["status", id][..], 1, format!("there is no run {id} in s3://{STATE}/runs/tally")),
        (&["status", "s3://uploads/other.csv"], 1, "there is no run s3://uploads/other.csv".into()),
        (&["pause", id], 1, format!("there is no run {id}")),
        (&["status", "0123"], 2, "write the run's id, 32 hexadecimal digits".into()),
        (&["pause"], 2, "required arguments were not provided".into()),
        (&["resume", id, "--status", "failed"], 2, "choose runs for `--all`".into()),
        (&["list", "--status", "broken"], 2, "write one of ready, running".into()),
        (&["list", "--store", "state/runs"], 2, "write `s3://BUCKET/PREFIX`".into()),
        (&["list", "--store", "s3://elsewhere/runs"], 2, "there is no such bucket".into()),
        (&["start", "uploads/k"], 2, "write the object as `s3://BUCKET/KEY`".into()),
    ] {
        let output = operate(&stage, arguments);
        assert!(output.status.code() == Some(code) && text(&output).contains(&expected), "{arguments:?}: {}", text(&output));
        assert!(!text(&output).contains("panicked"), "{arguments:?}: {}", text(&output));
    }
    let mut command = built();
    command.envs(stage.platform.env_for_clients()).args(["recursive-lambda", "list"]);
    let told = text(&command.output().unwrap());
    assert!(told.contains("say where the runs are: `--function NAME`, or `--store s3://BUCKET/PREFIX`"), "{told}");
    let told = text(&command.args(["-f", "other"]).output().unwrap());
    assert!(told.contains("there is no such function in this account and region"), "{told}");
}
