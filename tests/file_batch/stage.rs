//! The stage of one test: a platform with the program `pieces`, its buckets, and the log of its jobs.

use recursive_lambda_local::{Builder, Channel, Platform, RecursiveLoop, S3Counts, Trigger, What};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const UPLOADS: &str = "uploads";
const STATE: &str = "state";

/// No test takes this long, even on a busy machine.
const TOO_LONG: Duration = Duration::from_secs(300);

pub(crate) struct Stage {
    pub(crate) platform: Platform,
    folder: TempDir,
}

impl Stage {
    /// Uses one container. `set` can override the platform's settings.
    pub(crate) async fn new(job: &str, unit: u64, set: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let builder = Platform::builder()
            .binary(env!("CARGO_BIN_EXE_pieces"))
            .function_name("pieces")
            .env("PIECES_JOB", job)
            .env("PIECES_LOG", folder.path().join("log").to_str().unwrap())
            .env("PIECES_UNIT", unit.to_string())
            .env("RECURSIVE_LAMBDA_STATE", format!("s3://{STATE}/runs"))
            .env("RECURSIVE_LAMBDA_LEASE", "4s")
            .env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "10")
            .env("AWS_LAMBDA_LOG_LEVEL", "INFO")
            .timeout(Duration::from_secs(60))
            .init_timeout(Duration::from_secs(120))
            .max_concurrency(1)
            .retry_delays([Duration::from_millis(6500); 2])
            .recursive_loop(RecursiveLoop::Allow);
        let platform = set(builder).start().await.unwrap();
        for bucket in [UPLOADS, STATE] {
            platform.s3().create_bucket(bucket).unwrap();
        }
        Self { platform, folder }
    }

    /// Uploads an object and sends its event.
    pub(crate) fn upload(&self, key: &str, bytes: &[u8]) {
        let object = self.platform.s3().put(UPLOADS, key, bytes).unwrap();
        let Trigger::Events(events) = Channel::S3.trigger(&[object]) else { panic!("S3 has no queue") };
        events.iter().for_each(|event| drop(self.platform.send(event.to_string())));
    }

    /// Waits until nothing is queued, delayed or running.
    pub(crate) async fn settle(&self) {
        let idle = tokio::time::timeout(TOO_LONG, self.platform.idle()).await;
        assert!(idle.is_ok(), "not idle: {:?}\n{}", self.platform.counters(), self.logged());
    }

    /// Waits until the job has been called `count` times.
    pub(crate) async fn called(&self, count: usize) {
        let called = tokio::time::timeout(TOO_LONG, async {
            while self.calls().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(called.await.is_ok(), "not called {count} times:\n{}", self.logged());
    }

    fn log(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        // The last line may be incomplete.
        let whole = log.rfind('\n').map_or("", |end| &log[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The log lines of the job's calls.
    pub(crate) fn calls(&self) -> Vec<Value> {
        self.log().into_iter().filter(|line| line["what"] == "call").collect()
    }

    /// The positions of the job's calls.
    pub(crate) fn positions(&self) -> Vec<u64> {
        self.calls().iter().map(|call| call["position"].as_u64().unwrap()).collect()
    }

    /// The log lines of `on_complete`.
    pub(crate) fn completions(&self) -> Vec<Value> {
        self.log().into_iter().filter(|line| line["what"] == "complete").collect()
    }

    /// The sums that `on_complete` logged, sorted.
    pub(crate) fn sums(&self) -> Vec<u64> {
        let mut sums: Vec<_> = self.completions().iter().map(|line| line["sum"].as_u64().unwrap()).collect();
        sums.sort_unstable();
        sums
    }

    /// The checkpoints of all runs.
    pub(crate) fn checkpoints(&self) -> Vec<Value> {
        let s3 = self.platform.s3();
        let all = s3.list(STATE, "runs/pieces/").unwrap();
        all.iter().map(|object| serde_json::from_slice(&s3.get(STATE, &object.key).unwrap()).unwrap()).collect()
    }

    /// The id of the only run.
    pub(crate) fn run(&self) -> String {
        let all = self.platform.s3().list(STATE, "runs/pieces/").unwrap();
        let [checkpoint] = &all[..] else { panic!("not exactly one checkpoint: {all:?}") };
        checkpoint.key.rsplit('/').next().unwrap().strip_suffix(".json").unwrap().to_owned()
    }

    /// The bytes read from the objects with these keys, and their `HEAD` requests.
    pub(crate) fn requests(&self, keys: &[&str]) -> (u64, u64) {
        let counts: Vec<S3Counts> = keys.iter().map(|key| self.platform.s3().counts_of(UPLOADS, key)).collect();
        (counts.iter().map(|counts| counts.bytes_read).sum(), counts.iter().map(|counts| counts.heads).sum())
    }

    /// The number of containers that received an event.
    pub(crate) fn containers(&self) -> u64 {
        let started = self.platform.journal().into_iter().filter_map(|entry| match entry.what {
            What::InvocationStarted { container, .. } => Some(format!("{container:?}")),
            _ => None,
        });
        started.collect::<BTreeSet<_>>().len() as u64
    }

    /// The files in the caches of all idle containers.
    pub(crate) fn cached(&self) -> Vec<PathBuf> {
        let folders = self.platform.idle_containers().into_iter().map(|container| container.tmp.join("recursive-lambda"));
        let files = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
        files.map(|entry| entry.unwrap().path()).collect()
    }

    pub(crate) fn invocations(&self) -> u64 {
        self.platform.counters().invocations
    }

    /// The log of the program's processes.
    pub(crate) fn logged(&self) -> String {
        let lines = self.platform.journal().into_iter().filter_map(|entry| match entry.what {
            What::LogLine { line, .. } => Some(line),
            _ => None,
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Bytes without short repetitions, different for each seed.
pub(crate) fn bytes(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(count);
    bytes
}

pub(crate) fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte)).sum()
}
