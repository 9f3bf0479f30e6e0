//! The record of the run, as far as the command shows it.

use recursive_lambda_local::S3;
use serde::Deserialize;
use std::time::SystemTime;

/// Where the local platform's runs are recorded.
pub(crate) const BUCKET: &str = "recursive-lambda-state";
pub(crate) const PREFIX: &str = "runs";

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Record {
    pub(crate) status: String,
    pub(crate) position: u64,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) batches: u64,
    pub(crate) invocations: u64,
    pub(crate) seq: u64,
    pub(crate) object: Object,
    /// Its key in the bucket of records: prefix, function, job, run.
    #[serde(skip)]
    pub(crate) place: String,
    pub(crate) last_error: Option<LastError>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) etag: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LastError {
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) record: Option<u64>,
    pub(crate) line: Option<u64>,
    pub(crate) offset: Option<u64>,
}

impl Record {
    /// The newest record of a run over this object, if it was written since then.
    pub(crate) fn find(s3: &S3, key: &str, etag: &str, since: SystemTime) -> Option<Self> {
        let mut records = s3.list(BUCKET, PREFIX).ok()?;
        records.sort_by_key(|info| info.modified);
        records.iter().rev().take_while(|info| info.modified >= since).find_map(|info| {
            let record: Self = serde_json::from_slice(&s3.get(BUCKET, &info.key).ok()?).ok()?;
            let record = Self { place: info.key.clone(), ..record };
            (record.object.key == key && record.object.etag == etag.trim_matches('"')).then_some(record)
        })
    }

    /// The signal by which a run that was stopped goes on; `None` if it is over.
    pub(crate) fn signal(&self) -> Option<String> {
        let mut place = self.place.trim_end_matches(".json").rsplit('/');
        let (run, job) = (place.next()?, place.next()?);
        let goes_on = ["Ready", "Running", "Completing"].contains(&self.status.as_str());
        let signal = serde_json::json!({
            "recursive_lambda": { "v": 1, "job": job, "run": run, "seq": self.seq },
            "position": self.position,
        });
        goes_on.then(|| signal.to_string())
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.status == "Failed"
    }

    pub(crate) fn is_done(&self) -> bool {
        self.status == "Done"
    }
}
