//! The real programs on AWS's Runtime Interface Emulator: one run of many invocations.

use crate::peer::{program, runtime_interface_emulator, workspace};
use crate::queue::Queue;
use recursive_lambda_local::{ACCOUNT, Channel, Platform, Trigger};
use serde_json::{Value, json};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// No test takes this long, even on a busy machine.
const TOO_LONG: Duration = Duration::from_secs(300);

/// One program in the emulator, between a queue and a store.
pub(crate) struct Emulator {
    pub(crate) queue: Queue,
    store: Platform,
    folder: TempDir,
    process: Child,
}

impl Emulator {
    /// `timeout` is the function's time-out, in whole seconds.
    pub(crate) async fn start(binary: &Path, timeout: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Only its S3 is used, not its Lambda.
        let store = Platform::builder().binary(binary).start().await.unwrap();
        for bucket in ["uploads", "state"] {
            store.s3().create_bucket(bucket).unwrap();
        }
        let [front, runtime] = free_addresses();
        let queue = Queue::start(front).await;
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(runtime_interface_emulator());
        command
            .args(["--runtime-interface-emulator-address", &front.to_string()])
            .args(["--runtime-api-address", &runtime.to_string()])
            .arg(binary)
            .env_clear()
            .envs(store.env_for_clients())
            .env("AWS_ENDPOINT_URL_LAMBDA", queue.url())
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", timeout.to_string())
            .env("TMPDIR", folder.path())
            .env("RECURSIVE_LAMBDA_STATE", "s3://state/runs")
            // The emulator's functions belong to another account, 012345678912.
            .env("RECURSIVE_LAMBDA_BUCKETS", format!("uploads@{ACCOUNT}"))
            .env("RECURSIVE_LAMBDA_LEASE", "2s")
            .env("RECURSIVE_LAMBDA_CHECKPOINT", "batch")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true);
        let process = command.spawn().unwrap();
        let emulator = Self { queue, store, folder, process };
        let listens = tokio::time::timeout(TOO_LONG, async {
            while TcpStream::connect(front).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(listens.await.is_ok(), "{}", emulator.log());
        emulator
    }

    /// Uploads an object, sends its event as S3 would, and waits until the queue is idle. Returns the checkpoint.
    pub(crate) async fn run(&self, key: &str, body: &[u8]) -> Value {
        let object = self.store.s3().put("uploads", key, body).unwrap();
        let Trigger::Events(events) = Channel::S3.trigger(&[object]) else { panic!("S3 has no queue") };
        events.iter().for_each(|event| self.queue.send(event.to_string()));
        let idle = tokio::time::timeout(TOO_LONG, self.queue.idle()).await;
        assert!(idle.is_ok(), "not idle: {:#?}\n{}", self.queue.answers(), self.log());
        let s3 = self.store.s3();
        let checkpoints = s3.list("state", "runs/").unwrap();
        assert_eq!(checkpoints.len(), 1, "{:#?}\n{}", self.queue.answers(), self.log());
        serde_json::from_slice(&s3.get("state", &checkpoints[0].key).unwrap()).unwrap()
    }

    /// The log of the emulator and its program.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.path().join("log")).unwrap()).into_owned()
    }

    pub(crate) async fn end(mut self) {
        self.process.kill().await.unwrap();
        self.store.shutdown().await;
    }
}

/// Two addresses that were free a moment ago. The emulator does not report its port, so the test must choose it.
fn free_addresses() -> [SocketAddr; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs AWS's Runtime Interface Emulator: cargo xtask test"]
async fn the_example_runs_on_awss_emulator() {
    let emulator = Emulator::start(&program("s3-upload"), 2).await;
    let file = std::fs::read(workspace().join("examples/s3-upload/birdstrikes.csv")).unwrap();
    let checkpoint = emulator.run("2026/bird strikes+more.csv", &file).await;

    let answers = emulator.queue.answers();
    let log = emulator.log();
    assert_eq!(checkpoint["status"], "Done", "{checkpoint}\n{answers:#?}\n{log}");
    assert_eq!((&checkpoint["position"], &checkpoint["batches"]), (&json!(10_000), &json!(67)), "{checkpoint}");
    assert_eq!((&checkpoint["state"]["strikes"], &checkpoint["state"]["dollars"]), (&json!(10_000), &json!(40_545_276)));
    // 67 batches of 100 ms, in invocations of 2 s that keep a quarter free.
    assert!(checkpoint["invocations"].as_u64().unwrap() >= 4, "{checkpoint}");
    assert!(answers.len() >= 4, "{answers:#?}");
    assert!(log.contains("10000 strikes in "), "on_complete did not run: {log}");
    emulator.end().await;
}
