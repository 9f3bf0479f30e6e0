//! The record of the run, as far as the command shows it.

use recursive_lambda_local::S3;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

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
    pub(crate) set_aside: u64,
    /// An invocation that works on it, or did when it died.
    pub(crate) owner: Option<IgnoredAny>,
    pub(crate) object: Object,
    /// Its key in the bucket of records: prefix, function, job, run.
    #[serde(skip)]
    pub(crate) place: String,
    /// When it was written.
    #[serde(skip)]
    pub(crate) written: Option<SystemTime>,
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

/// A record that was skipped: where it stands, why, and the file that has it as it stood.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Skipped {
    pub(crate) record: u64,
    pub(crate) line: u64,
    pub(crate) error: Why,
    #[serde(skip)]
    pub(crate) file: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Why {
    pub(crate) message: String,
}

impl Record {
    /// The newest record of a run over this object, if it was written since then.
    pub(crate) fn find(s3: &S3, key: &str, etag: &str, since: SystemTime) -> Option<Self> {
        let mut records = s3.list(BUCKET, PREFIX).ok()?;
        records.sort_by_key(|info| info.modified);
        records.iter().rev().take_while(|info| info.modified >= since).find_map(|info| {
            let record: Self = serde_json::from_slice(&s3.get(BUCKET, &info.key).ok()?).ok()?;
            let record = Self { place: info.key.clone(), written: Some(info.modified), ..record };
            (record.object.key == key && record.object.etag == etag.trim_matches('"')).then_some(record)
        })
    }

    /// The event by which a run that was stopped, or failed, goes on; `None` if it is done.
    pub(crate) fn signal(&self) -> Option<String> {
        let mut place = self.place.trim_end_matches(".json").rsplit('/');
        let (run, job) = (place.next()?, place.next()?);
        if self.has_failed() {
            return Some(serde_json::json!({ "recursive_lambda_resume": { "v": 1, "run": run } }).to_string());
        }
        let goes_on = ["Ready", "Running", "Completing"].contains(&self.status.as_str());
        let signal = serde_json::json!({
            "recursive_lambda": { "v": 1, "job": job, "run": run, "seq": self.seq },
            "position": self.position,
        });
        goes_on.then(|| signal.to_string())
    }

    /// For how long an invocation that died is still taken to be at work. The store counts in whole seconds, so a lease is over in the next one.
    pub(crate) fn lease_left(&self, lease: Duration, now: SystemTime) -> Option<Duration> {
        let over = Duration::from_secs(1) + lease;
        let age = now.duration_since(self.written?).unwrap_or_default();
        self.owner.and(over.checked_sub(age)).filter(|left| !left.is_zero())
    }

    /// The first few records that the run skipped, in their order.
    pub(crate) fn skipped(&self, s3: &S3, most: usize) -> Vec<Skipped> {
        let folder = format!("{}/", self.place.trim_end_matches(".json"));
        let index = |key: &str| key.strip_prefix(&folder)?.strip_suffix(".json")?.parse::<u64>().ok();
        let listed = s3.list(BUCKET, &folder).unwrap_or_default();
        let mut listed: Vec<_> = listed.into_iter().filter_map(|info| Some((index(&info.key)?, info.key))).collect();
        listed.sort_unstable();
        let read = |key: &str| {
            let skipped: Skipped = serde_json::from_slice(&s3.get(BUCKET, key).ok()?).ok()?;
            Some(Skipped { file: s3.file(BUCKET, key).ok()?, ..skipped })
        };
        listed.iter().filter_map(|(_, key)| read(key)).take(most).collect()
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.status == "Failed"
    }

    pub(crate) fn is_done(&self) -> bool {
        self.status == "Done"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_waited_for_only_where_an_invocation_may_hold_it() {
        let [lease, second] = [2_000, 1_000].map(Duration::from_millis);
        let written = SystemTime::UNIX_EPOCH + Duration::from_secs(10);
        for (owner, now, left) in [
            (Some(IgnoredAny), written, Some(3 * second)),
            (Some(IgnoredAny), written + second / 2, Some(second * 5 / 2)),
            (Some(IgnoredAny), written + 3 * second, None),
            (Some(IgnoredAny), written + 60 * second, None),
            (Some(IgnoredAny), written - second, Some(3 * second)),
            (None, written, None),
        ] {
            let record = Record { owner, written: Some(written), ..Record::default() };
            assert_eq!(record.lease_left(lease, now), left, "{owner:?} {now:?}");
        }
    }
}
