//! Reads the run's checkpoint and skipped records from the local platform's store.

use recursive_lambda_core::checkpoint::{Checkpoint, Shards, Status};
use recursive_lambda_core::event::{Signal, resume_event};
use recursive_lambda_core::identity::shard_name;
use recursive_lambda_core::layout::{StoreFile, checkpoint_key, function_folder, job_folder, skipped_folder, skipped_key};
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
            let StoreFile { function, job, run, .. } = StoreFile::parse(PREFIX, &info.key).filter(StoreFile::is_run)?;
            let checkpoint = Checkpoint::from_json(&s3.get(BUCKET, &info.key).ok()?).ok()?;
            let is_match = checkpoint.object.key == key && checkpoint.object.etag == etag.trim_matches('"');
            let job_folder = job_folder(&function_folder(PREFIX, function), job);
            is_match.then(|| Self { checkpoint, run: run.into(), job: job.into(), job_folder, written: info.modified })
        })
    }

    /// The events that resume a stopped or failed run and its shards; none if the run is done.
    pub(crate) fn resuming_events(&self, s3: &S3) -> Vec<String> {
        if self.has_failed() {
            // It resumes its shards.
            return vec![resume_event(&self.run)];
        }
        let all = self.shards(s3).into_iter().chain([(self.run.clone(), self.checkpoint.clone())]);
        all.filter(|(_, checkpoint)| !self.checkpoint.is_over() && !checkpoint.is_over())
            .map(|(run, Checkpoint { seq, position, .. })| {
                let (job, token) = (self.job.clone(), String::new());
                Signal { job, run, seq, token, swept: false, position, carried: None }.to_json()
            })
            .collect()
    }

    /// The shards of the present stage that have a checkpoint, with their names.
    fn shards(&self, s3: &S3) -> Vec<(String, Checkpoint)> {
        let Some(Shards { count, stage, .. }) = self.checkpoint.shards else { return Vec::new() };
        let read = |index| {
            let name = shard_name(&self.run, stage, index);
            let body = s3.get(BUCKET, &checkpoint_key(&self.job_folder, &name)).ok()?;
            Some((name, Checkpoint::from_json(&body).ok()?))
        };
        (0..count).filter_map(read).collect()
    }

    /// The checkpoint with what the shards have done.
    pub(crate) fn with_shards(&self, s3: &S3) -> Checkpoint {
        let shards = self.shards(s3);
        self.checkpoint.with_work_of(shards.iter().map(|(_, checkpoint)| checkpoint))
    }

    /// The time until the lease of a dead invocation expires.
    pub(crate) fn lease_left(&self, lease: Duration, now: SystemTime) -> Option<Duration> {
        self.checkpoint.lease_left(lease, now.duration_since(self.written).unwrap_or_default())
    }

    /// The first `limit` records that the run skipped, in order.
    pub(crate) fn skipped(&self, s3: &S3, limit: usize) -> Vec<Skipped> {
        let shards = self.shards(s3).into_iter().map(|(run, _)| run);
        let in_order = |run: String| {
            let listed = s3.list(BUCKET, &skipped_folder(&self.job_folder, &run)).unwrap_or_default();
            let mut records: Vec<_> = listed.iter().filter_map(|info| StoreFile::parse(PREFIX, &info.key)?.skipped()).collect();
            records.sort_unstable();
            records.into_iter().map(move |record| (run.clone(), record))
        };
        let records = [self.run.clone()].into_iter().chain(shards).flat_map(in_order);
        let read = |(run, record): (String, u64)| {
            let key = skipped_key(&self.job_folder, &run, record);
            let record = SkippedRecord::from_json(&s3.get(BUCKET, &key).ok()?).ok()?;
            Some(Skipped { record, file: s3.file(BUCKET, &key).ok()? })
        };
        records.filter_map(read).take(limit).collect()
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.checkpoint.status == Status::Failed
    }
}
