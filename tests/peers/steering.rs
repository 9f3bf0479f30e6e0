//! The commands for deployed functions against moto, with nothing but the SDK's variables: settings, objects and checkpoints are in moto,
//! and the program runs on the local platform over moto's S3. Its runs are watched, paused, resumed, cancelled and redriven.

use crate::front::{Answers, Front, fetch};
use crate::peer::{Moto, client_variables, program, script, workspace};
use recursive_lambda_local::{Platform, RecursiveLoop};
use serde_json::{Value, json};
use std::process::Output;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;

const ROWS: u64 = 4_000;
const DOLLARS: u64 = 13_067_119;

/// No step takes this long, even on a busy machine.
const TOO_LONG: Duration = Duration::from_secs(300);

/// A function: its settings and buckets in moto, its program on the platform.
struct Function {
    name: &'static str,
    platform: Platform,
    front: Front,
    moto: String,
    _log: TempDir,
}

impl Function {
    async fn deploy(moto: &Moto, name: &'static str, job: &str, key: &str, body: &str) -> Self {
        let function = json!({ "name": name, "objects": { key: body } });
        script("doctor.py", &json!({ "endpoint": moto.url, "functions": [function] })).await;
        let log = tempfile::tempdir().unwrap();
        let builder = Platform::builder()
            .binary(program("tally"))
            .function_name(name)
            .env("TALLY_JOB", job)
            .env("TALLY_PAUSE", "1000")
            .env("TALLY_LOG", log.path().join("log").to_str().unwrap())
            .env("AWS_ENDPOINT_URL_S3", &moto.url)
            .env("RECURSIVE_LAMBDA_STATE", format!("s3://{name}-state/runs"))
            .env("RECURSIVE_LAMBDA_CHECKPOINT", "batch")
            .env("RECURSIVE_LAMBDA_RESERVE", "500ms")
            .timeout(Duration::from_secs(60))
            .init_timeout(Duration::from_secs(120))
            .recursive_loop(RecursiveLoop::Allow);
        let platform = builder.start().await.unwrap();
        let front = Front::start(&moto.url, Answers { lambda: Some(platform.lambda_url()), ..Answers::default() }).await;
        Self { name, platform, front, moto: moto.url.clone(), _log: log }
    }

    /// The command as a person types it. The endpoint is moto's for all services.
    async fn operate(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(program("cargo-recursive-lambda"));
        client_variables(&mut command);
        command.env("AWS_ENDPOINT_URL", &self.front.url).arg("recursive-lambda").args(arguments).args(["--function", self.name]);
        let output = command.output().await.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        output
    }

    /// The command's JSON, line by line.
    async fn told(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.operate(&[arguments, &["--json"]].concat()).await;
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The latest run over this object, once it is as wanted.
    async fn run(&self, object: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let looking = async {
            loop {
                let mut command = Command::new(program("cargo-recursive-lambda"));
                client_variables(&mut command);
                command.env("AWS_ENDPOINT_URL", &self.front.url).args([
                    "recursive-lambda",
                    "status",
                    object,
                    "--json",
                    "-f",
                    self.name,
                ]);
                let shown = serde_json::from_slice(&command.output().await.unwrap().stdout).unwrap_or_default();
                if wanted(&shown) {
                    return shown;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let found = tokio::time::timeout(TOO_LONG, looking).await;
        found.unwrap_or_else(|_| panic!("{object} is not as wanted: {:?}", self.platform.counters()))
    }

    async fn settle(&self) {
        let idle = tokio::time::timeout(TOO_LONG, self.platform.idle()).await;
        assert!(idle.is_ok(), "not idle: {:?}", self.platform.counters());
    }

    async fn checkpoint(&self, run: &Value) -> Value {
        let text = |name: &str| run[name].as_str().unwrap();
        let path = format!("/{0}-state/runs/{0}/{1}/{2}.json", self.name, text("job"), text("run"));
        serde_json::from_slice(&fetch(&self.moto, &path).await).unwrap()
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The bundled example's file, cut after some rows.
fn birds() -> String {
    let file = std::fs::read_to_string(workspace().join("examples/s3-upload/birdstrikes.csv")).unwrap();
    file.split_inclusive('\n').take(1 + ROWS as usize).collect()
}

fn is(status: &'static str) -> impl Fn(&Value) -> bool {
    move |run| run["status"] == status
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: cargo xtask test"]
async fn runs_in_moto_are_steered() {
    let moto = Moto::start().await;
    let function = Function::deploy(&moto, "tally", "rows", "birds+ü.csv", &birds()).await;
    let object = "s3://tally-uploads/birds+ü.csv";

    function.operate(&["start", object]).await;
    let begun = function.run(object, |run| run["position"].as_u64().is_some_and(|position| position > 0)).await;
    let run = begun["run"].as_str().unwrap();
    assert_eq!(function.told(&["pause", run, "--yes", "--reason", "lunch"]).await, [json!({ "run": run, "result": "Paused" })]);
    function.settle().await;
    let paused = function.run(object, is("Paused")).await;
    assert!(paused["position"].as_u64().unwrap() < ROWS, "{paused}");
    assert_eq!((&paused["command"]["reason"], function.told(&["list", "--status", "paused"]).await.len()), (&json!("lunch"), 1));
    assert_eq!(function.told(&["resume", run, "--yes"]).await, [json!({ "run": run, "result": "Resumed" })]);
    let done = function.run(object, is("Done")).await;
    assert_eq!(function.checkpoint(&done).await["state"], json!({ "rows": ROWS, "dollars": DOLLARS }));

    function.operate(&["start", "s3://tally-uploads/birds", "--all", "--yes", "--run", "again"]).await;
    let second = function.run(object, |shown| shown["run"] != run && shown["position"].as_u64().is_some_and(|at| at > 0)).await;
    let cancelled = function.told(&["cancel", second["run"].as_str().unwrap(), "--yes"]).await;
    assert_eq!(cancelled[0]["result"], "Cancelled");
    function.settle().await;
    let listed = function.told(&["list"]).await;
    let statuses: Vec<_> = listed.iter().map(|run| run["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["Cancelled", "Done"], "the newest first");
    function.platform.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: cargo xtask test"]
async fn skipped_records_in_moto_are_redriven() {
    let moto = Moto::start().await;
    let function = Function::deploy(&moto, "sieve", "sieve", "items.csv", "id,cents,does\n0,1,\n1,many,\n2,4,\n").await;
    let object = "s3://sieve-uploads/items.csv";
    function.operate(&["start", object]).await;
    let done = function.run(object, is("Done")).await;
    let run = done["run"].as_str().unwrap();
    let skipped = function.told(&["skipped", run]).await;
    assert_eq!((skipped.len(), &skipped[0]["data"]), (1, &json!("1,many,")), "{skipped:?}");
    // The template allows the store as a source, for this.
    function.operate(&["redrive", run, "--yes", "--to", "s3://sieve-uploads/redrive.csv"]).await;
    let again = function.run("s3://sieve-uploads/redrive.csv", is("Failed")).await;
    // The record is as bad as before, and all of the new run.
    assert_eq!((&again["skipped"], &again["object"]["key"]), (&json!(1), &json!("redrive.csv")), "{again}");
    function.platform.shutdown().await;
}
