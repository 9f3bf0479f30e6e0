//! The stage of one test: a platform with the program `tally`, its buckets, and the log of its jobs.

use recursive_lambda_local::{Builder, Channel, DeadLetter, ObjectInfo, Platform, RecursiveLoop, Trigger};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

pub(super) const UPLOADS: &str = "uploads";
pub(super) const STATE: &str = "state";
pub(super) const KEY: &str = "birdstrikes.csv";

/// The totals of the bundled example's file, computed with awk.
pub(super) const ROWS: u64 = 10_000;
pub(super) const DOLLARS: u64 = 40_545_276;
pub(super) const BATCHES: usize = 25;

/// Longer than a lease of 4 s takes to count as expired. Leases are not shorter, because an invocation that a busy machine delays for longer
/// than its lease loses it, and then a batch is executed twice.
pub(super) const PAST_THE_LEASE: [Duration; 2] = [Duration::from_millis(6500); 2];

/// No test takes this long, even on a busy machine.
const TOO_LONG: Duration = Duration::from_secs(300);

pub(super) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub(super) fn birdstrikes() -> PathBuf {
    workspace().join("examples/s3-upload/birdstrikes.csv")
}

pub(super) struct Stage {
    pub(super) platform: Platform,
    folder: TempDir,
}

/// A line of the log about one execution of a batch.
#[derive(Debug, Clone, serde::Deserialize)]
pub(super) struct Execution {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) batch: String,
    pub(super) position: u64,
    pub(super) len: u64,
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
    pub(super) epoch: u64,
    pub(super) attempt: u32,
    /// The number of other batches in flight. Zero for the naive program, which does not log it.
    #[serde(default)]
    pub(super) others: u64,
}

/// Whether this is the checkpoint of a run. Skipped records and marks have longer keys, and a shard's name has a dot.
fn is_run(key: &str) -> bool {
    key.matches('/').count() == 3 && key.matches('.').count() == 1
}

impl Stage {
    /// `set` can override the platform's settings.
    pub(super) async fn new(job: &str, set: impl FnOnce(Builder) -> Builder) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), job, set).await
    }

    /// Deploys the function again over the same buckets. Queued events are lost.
    pub(super) async fn redeployed(self, job: &str, set: impl FnOnce(Builder) -> Builder) -> Self {
        self.platform.shutdown().await;
        Self::in_folder(self.folder, job, set).await
    }

    async fn in_folder(folder: TempDir, job: &str, set: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = Platform::builder()
            .binary(env!("CARGO_BIN_EXE_tally"))
            .function_name("tally")
            .env("TALLY_JOB", job)
            .state_folder(folder.path().join("s3"))
            .env("TALLY_LOG", folder.path().join("log").to_str().unwrap())
            .env("TALLY_OUT_OF_SERVICE", folder.path().join("out of service").to_str().unwrap())
            .env("RECURSIVE_LAMBDA_STATE", format!("s3://{STATE}/runs"))
            .env("RECURSIVE_LAMBDA_LEASE", "4s")
            .env("RECURSIVE_LAMBDA_CHECKPOINT", "1s")
            .env("RECURSIVE_LAMBDA_RESERVE", "500ms")
            .env("RECURSIVE_LAMBDA_RETRY_FOR", "0s")
            .env("AWS_LAMBDA_LOG_LEVEL", "INFO")
            .timeout(Duration::from_secs(60))
            .init_timeout(Duration::from_secs(120))
            .max_concurrency(4)
            .retry_delays([Duration::from_millis(100); 2])
            .visibility_timeout(Duration::from_millis(100))
            .recursive_loop(RecursiveLoop::Allow);
        let platform = set(builder).start().await.unwrap();
        for bucket in [UPLOADS, STATE] {
            platform.s3().create_bucket(bucket).unwrap();
        }
        Self { platform, folder }
    }

    pub(super) async fn upload_birdstrikes(&self) -> ObjectInfo {
        self.platform.s3().put_file(UPLOADS, KEY, birdstrikes()).await.unwrap()
    }

    pub(super) fn sink_goes_out_of_service(&self) {
        std::fs::write(self.folder.path().join("out of service"), "").unwrap();
    }

    pub(super) fn sink_is_back(&self) {
        std::fs::remove_file(self.folder.path().join("out of service")).unwrap();
    }

    pub(super) fn upload(&self, bytes: impl AsRef<[u8]>) -> ObjectInfo {
        self.upload_as(KEY, bytes)
    }

    pub(super) fn upload_as(&self, key: &str, bytes: impl AsRef<[u8]>) -> ObjectInfo {
        self.platform.s3().put(UPLOADS, key, bytes).unwrap()
    }

    /// Uploads the bundled example's file, sends its event, and waits for the end.
    pub(super) async fn run_birdstrikes(&self) {
        let object = self.upload_birdstrikes().await;
        self.notify(&object);
        self.settle().await;
    }

    /// Sends S3's event for this object, even if the object was deleted.
    pub(super) fn notify(&self, object: &ObjectInfo) {
        let Trigger::Events(events) = Channel::S3.trigger(std::slice::from_ref(object)) else { panic!("S3 has no queue") };
        events.iter().for_each(|event| drop(self.platform.send(event.to_string())));
    }

    /// Waits until nothing is queued, delayed or running.
    pub(super) async fn settle(&self) {
        let idle = tokio::time::timeout(TOO_LONG, self.platform.idle()).await;
        assert!(idle.is_ok(), "not idle after {TOO_LONG:?}: {:?}\n{}", self.platform.counters(), self.logged().join("\n"));
        // The platform reads a process's log separately from its responses, so the last lines may arrive later.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    /// Waits until this many batches have begun.
    pub(super) async fn batches_begun(&self, count: usize) {
        let begun = tokio::time::timeout(TOO_LONG, async {
            while self.executions().len() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(begun.await.is_ok(), "{count} batches did not begin: {}", self.logged().join("\n"));
    }

    /// Waits until `on_complete` has written.
    pub(super) async fn completed(&self) {
        let completed = tokio::time::timeout(TOO_LONG, async {
            while self.completions().is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(completed.await.is_ok(), "not completed: {}", self.logged().join("\n"));
    }

    fn log(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        // The last line may be incomplete.
        let whole = log.rfind('\n').map_or("", |end| &log[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Every execution of a batch, in order.
    pub(super) fn executions(&self) -> Vec<Execution> {
        let batches = self.log().into_iter().filter(|line| line["what"] == "batch");
        batches.map(|line| serde_json::from_value(line).unwrap()).collect()
    }

    /// The log lines of `on_complete`.
    pub(super) fn completions(&self) -> Vec<Value> {
        self.log().into_iter().filter(|line| line["what"] == "complete").collect()
    }

    /// The checkpoints of all runs.
    pub(super) fn checkpoints(&self) -> Vec<Value> {
        let s3 = self.platform.s3();
        let all = s3.list(STATE, "runs/tally/").unwrap();
        let checkpoints = all.iter().filter(|object| is_run(&object.key));
        checkpoints.map(|object| serde_json::from_slice(&s3.get(STATE, &object.key).unwrap()).unwrap()).collect()
    }

    /// The records that the only run skipped.
    pub(super) fn skipped(&self) -> Vec<Value> {
        let s3 = self.platform.s3();
        let all = s3.list(STATE, "runs/tally/").unwrap();
        let skipped = all.iter().filter(|object| object.key.matches('/').count() == 5);
        skipped.map(|object| serde_json::from_slice(&s3.get(STATE, &object.key).unwrap()).unwrap()).collect()
    }

    /// The checkpoint of the only run.
    pub(super) fn checkpoint(&self) -> Value {
        let mut checkpoints = self.checkpoints();
        assert_eq!(checkpoints.len(), 1, "{}", self.logged().join("\n"));
        checkpoints.pop().unwrap()
    }

    /// The id of the only run.
    pub(super) fn run(&self) -> String {
        let all = self.platform.s3().list(STATE, "runs/tally/").unwrap();
        let runs: Vec<_> = all.iter().filter(|object| is_run(&object.key)).collect();
        let [checkpoint] = runs[..] else { panic!("not exactly one run: {all:?}") };
        checkpoint.key.rsplit('/').next().unwrap().strip_suffix(".json").unwrap().to_owned()
    }

    pub(super) fn status(&self) -> String {
        self.checkpoint()["status"].as_str().unwrap().to_owned()
    }

    /// The log lines of the program's processes.
    pub(super) fn logged(&self) -> Vec<String> {
        self.platform.log()
    }

    pub(super) fn dead_letters(&self) -> Vec<DeadLetter> {
        self.platform.dead_letters()
    }

    /// Asserts that the batches of the run cover `records` without a gap or an overlap. Returns the number of repeated executions.
    pub(super) fn extra_executions(&self, records: u64, context: &str) -> usize {
        let executions = self.executions();
        let batches: BTreeMap<(u64, u64), usize> = executions.iter().fold(BTreeMap::new(), |mut batches, execution| {
            *batches.entry((execution.position, execution.len)).or_default() += 1;
            batches
        });
        let end = batches.keys().fold(0, |end, (position, len)| {
            assert_eq!(*position, end, "{context}: a gap or an overlap in {batches:?}");
            position + len
        });
        assert_eq!(end, records, "{context}: not every record was processed: {batches:?}");
        executions.len() - batches.len()
    }

    /// Asserts what must hold after any fault: the run over the bundled example's file is done, every row is counted
    /// once, and there are no dead letters. Returns the number of repeated executions.
    pub(super) fn assert_all_done(&self, context: &str) -> usize {
        let checkpoint = self.checkpoint();
        assert_eq!(checkpoint["status"], "Done", "{context}: {checkpoint}\n{}", self.logged().join("\n"));
        assert_eq!(checkpoint["state"], serde_json::json!({ "rows": ROWS, "dollars": DOLLARS }), "{context}");
        assert_eq!((&checkpoint["position"], &checkpoint["batches"]), (&ROWS.into(), &BATCHES.into()), "{context}");
        assert!(self.dead_letters().is_empty(), "{context}: {:?}", self.dead_letters());
        self.extra_executions(ROWS, context)
    }
}
