//! Reads the run's checkpoint and skipped records from the local platform's store.

use recursive_lambda_core::checkpoint::{Checkpoint, Status};
use recursive_lambda_core::event::{Signal, resume_event};
use recursive_lambda_core::layout::{StoreFile, function_folder, job_folder, skipped_folder, skipped_key};
use recursive_lambda_core::skipped_record::SkippedRecord;
use recursive_lambda_local::S3;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// The bucket and prefix of checkpoints on the local platform.
pub(crate) const BUCKET: &str = "recursive-lambda-state";
pub(crate) const PREFIX: &str = "runs";

/// A checkpoint, with where and when it was written.
pub(crate) struct StoredRun {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) run: String,
    job: String,
    job_folder: String,
    pub(crate) written: SystemTime,
}

/// A skipped record, and the file that holds its raw bytes.
pub(crate) struct Skipped {
    pub(crate) record: SkippedRecord,
    pub(crate) file: PathBuf,
}

impl StoredRun {
    /// The newest run over this object whose checkpoint was written at or after `since`.
    pub(crate) fn find(s3: &S3, key: &str, etag: &str, since: SystemTime) -> Option<Self> {
        let mut files = s3.list(BUCKET, PREFIX).ok()?;
        files.sort_by_key(|info| info.modified);
        files.iter().rev().take_while(|info| info.modified >= since).find_map(|info| {
            let StoreFile { function, job, run, skipped: None } = StoreFile::parse(PREFIX, &info.key)? else { return None };
            let checkpoint = Checkpoint::from_json(&s3.get(BUCKET, &info.key).ok()?).ok()?;
            let is_match = checkpoint.object.key == key && checkpoint.object.etag == etag.trim_matches('"');
            let job_folder = job_folder(&function_folder(PREFIX, function), job);
            is_match.then(|| Self { checkpoint, run: run.into(), job: job.into(), job_folder, written: info.modified })
        })
    }

    /// The event that resumes a stopped or failed run; `None` if the run is done.
    pub(crate) fn resuming_event(&self) -> Option<String> {
        let Checkpoint { seq, position, .. } = self.checkpoint;
        if self.has_failed() {
            return Some(resume_event(&self.run));
        }
        let (job, run, token) = (self.job.clone(), self.run.clone(), String::new());
        let signal = Signal { job, run, seq, token, swept: false, position, carried: None };
        (!self.checkpoint.is_over()).then(|| signal.to_json())
    }

    /// The time until the lease of a dead invocation expires.
    pub(crate) fn lease_left(&self, lease: Duration, now: SystemTime) -> Option<Duration> {
        self.checkpoint.lease_left(lease, now.duration_since(self.written).unwrap_or_default())
    }

    /// The first `limit` records that the run skipped, in order.
    pub(crate) fn skipped(&self, s3: &S3, limit: usize) -> Vec<Skipped> {
        let listed = s3.list(BUCKET, &skipped_folder(&self.job_folder, &self.run)).unwrap_or_default();
        let mut records: Vec<_> = listed.iter().filter_map(|info| StoreFile::parse(PREFIX, &info.key)?.skipped).collect();
        records.sort_unstable();
        let read = |record: u64| {
            let key = skipped_key(&self.job_folder, &self.run, record);
            let record = SkippedRecord::from_json(&s3.get(BUCKET, &key).ok()?).ok()?;
            Some(Skipped { record, file: s3.file(BUCKET, &key).ok()? })
        };
        records.into_iter().filter_map(read).take(limit).collect()
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.checkpoint.status == Status::Failed
    }
}
