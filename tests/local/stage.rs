//! A stage for one story: a platform with the program `tally`, its buckets, and what its jobs wrote.

use recursive_lambda_local::{Builder, Channel, DeadLetter, ObjectInfo, Platform, RecursiveLoop, Trigger};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

pub(super) const UPLOADS: &str = "uploads";
pub(super) const STATE: &str = "state";
pub(super) const KEY: &str = "birdstrikes.csv";

/// What the file of the bundled example adds up to, by awk.
pub(super) const ROWS: u64 = 10_000;
pub(super) const DOLLARS: u64 = 40_545_276;
pub(super) const BATCHES: usize = 25;

/// Longer than it takes until a lease of 4 s counts as expired. Not shorter: an invocation that a busy machine lets wait longer than its lease
/// loses it, and then something is executed twice.
pub(super) const PAST_THE_LEASE: [Duration; 2] = [Duration::from_millis(6500); 2];

/// No story takes so long, not even on a busy machine.
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
    /// How many others were in flight; the naive program does not say.
    #[serde(default)]
    pub(super) others: u64,
}

impl Stage {
    /// `set` has the last word on the platform's settings.
    pub(super) async fn new(job: &str, set: impl FnOnce(Builder) -> Builder) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), job, set).await
    }

    /// The function deployed anew, over the same buckets; events that were queued are gone.
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

    /// Uploads the bundled example's file, tells the function, and waits for the end.
    pub(super) async fn run_birdstrikes(&self) {
        let object = self.upload_birdstrikes().await;
        self.tell(&object);
        self.settle().await;
    }

    /// S3's event for this object, even if the object was deleted.
    pub(super) fn tell(&self, object: &ObjectInfo) {
        let Trigger::Events(events) = Channel::S3.trigger(std::slice::from_ref(object)) else { panic!("S3 has no queue") };
        events.iter().for_each(|event| drop(self.platform.send(event.to_string())));
    }

    /// Waits until nothing is queued, delayed or running.
    pub(super) async fn settle(&self) {
        let idle = tokio::time::timeout(TOO_LONG, self.platform.idle()).await;
        assert!(idle.is_ok(), "still at it after {TOO_LONG:?}: {:?}\n{}", self.platform.counters(), self.said().join("\n"));
        // The platform reads a process's log apart from its answers: the last lines may still be on their way.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    /// Waits until this many batches have begun.
    pub(super) async fn batches_begun(&self, count: usize) {
        let begun = tokio::time::timeout(TOO_LONG, async {
            while self.executions().len() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(begun.await.is_ok(), "{count} batches did not begin: {}", self.said().join("\n"));
    }

    /// Waits until `on_complete` has written.
    pub(super) async fn completed(&self) {
        let completed = tokio::time::timeout(TOO_LONG, async {
            while self.completions().is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(completed.await.is_ok(), "not completed: {}", self.said().join("\n"));
    }

    fn log(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        // A line may be under way.
        let whole = log.rfind('\n').map_or("", |end| &log[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Every execution of a batch, in order.
    pub(super) fn executions(&self) -> Vec<Execution> {
        let batches = self.log().into_iter().filter(|line| line["what"] == "batch");
        batches.map(|line| serde_json::from_value(line).unwrap()).collect()
    }

    /// What `on_complete` wrote, each time.
    pub(super) fn completions(&self) -> Vec<Value> {
        self.log().into_iter().filter(|line| line["what"] == "complete").collect()
    }

    /// The records of all runs.
    pub(super) fn records(&self) -> Vec<Value> {
        let s3 = self.platform.s3();
        let all = s3.list(STATE, "runs/tally/").unwrap();
        // Skipped records are below the checkpoints.
        let records = all.iter().filter(|object| object.key.matches('/').count() == 3);
        records.map(|object| serde_json::from_slice(&s3.get(STATE, &object.key).unwrap()).unwrap()).collect()
    }

    /// The records that the one run skipped.
    pub(super) fn skipped(&self) -> Vec<Value> {
        let s3 = self.platform.s3();
        let all = s3.list(STATE, "runs/tally/").unwrap();
        let skipped = all.iter().filter(|object| object.key.matches('/').count() == 5);
        skipped.map(|object| serde_json::from_slice(&s3.get(STATE, &object.key).unwrap()).unwrap()).collect()
    }

    /// The record of the one run.
    pub(super) fn record(&self) -> Value {
        let mut records = self.records();
        assert_eq!(records.len(), 1, "{}", self.said().join("\n"));
        records.pop().unwrap()
    }

    /// The id of the one run.
    pub(super) fn run(&self) -> String {
        let all = self.platform.s3().list(STATE, "runs/tally/").unwrap();
        let [record] = &all[..] else { panic!("there is not one record: {all:?}") };
        record.key.rsplit('/').next().unwrap().strip_suffix(".json").unwrap().to_owned()
    }

    pub(super) fn status(&self) -> String {
        self.record()["status"].as_str().unwrap().to_owned()
    }

    /// What the program's processes logged.
    pub(super) fn said(&self) -> Vec<String> {
        self.platform.log()
    }

    pub(super) fn dead_letters(&self) -> Vec<DeadLetter> {
        self.platform.dead_letters()
    }

    /// Asserts that batches of the run cover `records` without a gap or an overlap; gives how many executions were too many.
    pub(super) fn extra_executions(&self, records: u64, story: &str) -> usize {
        let executions = self.executions();
        let batches: BTreeMap<(u64, u64), usize> = executions.iter().fold(BTreeMap::new(), |mut batches, execution| {
            *batches.entry((execution.position, execution.len)).or_default() += 1;
            batches
        });
        let end = batches.keys().fold(0, |end, (position, len)| {
            assert_eq!(*position, end, "{story}: a gap or an overlap in {batches:?}");
            position + len
        });
        assert_eq!(end, records, "{story}: not every record was processed: {batches:?}");
        executions.len() - batches.len()
    }

    /// Asserts what must hold after any fault: the run of the bundled example's file is done, everything is counted
    /// once, and nothing was given up. Gives how many executions were too many.
    pub(super) fn assert_all_done(&self, story: &str) -> usize {
        let record = self.record();
        assert_eq!(record["status"], "Done", "{story}: {record}\n{}", self.said().join("\n"));
        assert_eq!(record["state"], serde_json::json!({ "rows": ROWS, "dollars": DOLLARS }), "{story}");
        assert_eq!((&record["position"], &record["batches"]), (&ROWS.into(), &BATCHES.into()), "{story}");
        assert!(self.dead_letters().is_empty(), "{story}: {:?}", self.dead_letters());
        self.extra_executions(ROWS, story)
    }
}
