//! Whole runs of a job of `recursive-lambda`: the settings that suit a test, one call from an object to the end, and the record then.
//!
//! Nothing else here knows that the function is such a job.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::builder::Builder;
use crate::error::{Error, ErrorKind};
use crate::lambda::RecursiveLoop;
use crate::platform::Platform;
use crate::s3::{ObjectInfo, S3};
use crate::triggers::Channel;

const UPLOADS: &str = "uploads";
const STATE: &str = "state";
const KEY: &str = "object";

/// The record of a run, as it stood when nothing was left to do.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct RunRecord {
    /// `Done` or `Failed`. Otherwise every attempt at the run's last event is over, and a sweep, or that event sent again, resumes it: `Ready`
    /// if nobody was at work, `Running` or `Completing` if the process died.
    pub status: String,
    /// Records of the object done.
    pub position: u64,
    /// Batches done, each counted once.
    pub batches: u64,
    /// Invocations that worked on the run.
    pub invocations: u64,
    /// The run's last error, in the job's words.
    #[serde(rename = "last_error", deserialize_with = "message")]
    pub error: Option<String>,
    #[serde(default)]
    state: Value,
}

impl RunRecord {
    /// The carried state.
    ///
    /// # Errors
    ///
    /// There is none, or it is not of this type.
    pub fn state<S: DeserializeOwned>(&self) -> Result<S, Error> {
        serde_json::from_value(self.state.clone())
            .map_err(|error| Error::new(ErrorKind::NoRecord, format!("the carried state reads otherwise: {error}")))
    }
}

fn message<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct LastError {
        message: String,
    }
    Ok(Option::<LastError>::deserialize(deserializer)?.map(|error| error.message))
}

impl Platform {
    /// Settings for tests of a job of `recursive-lambda`: its runs are recorded, it may invoke itself, a dead invocation's lease is
    /// over after 3 s instead of 46, events come again after 4.5 s instead of minutes, and an error of the job fails the run with the third
    /// delivery instead of after a day. An invocation has 30 s, and a program 60 s to start. `binary` is the job's program: in a package's
    /// `tests/`, `env!("CARGO_BIN_EXE_name")`.
    ///
    /// ```
    /// use recursive_lambda_local::{Error, Platform};
    ///
    /// async fn ends_well(program: &str) -> Result<(), Error> {
    ///     let platform = Platform::for_job(program).start().await?;
    ///     let run = platform.run_over("one\ntwo\n").await?;
    ///     assert_eq!((run.status.as_str(), run.position), ("Done", 2));
    ///     Ok(())
    /// }
    /// ```
    pub fn for_job(binary: impl AsRef<Path>) -> Builder {
        Self::builder()
            .binary(binary)
            .env("RECURSIVE_LAMBDA_STATE", format!("s3://{STATE}/runs"))
            .env("RECURSIVE_LAMBDA_LEASE", "2s")
            .env("RECURSIVE_LAMBDA_CHECKPOINT", "1s")
            .env("RECURSIVE_LAMBDA_RESERVE", "500ms")
            .env("RECURSIVE_LAMBDA_RETRY_FOR", "0s")
            .timeout(Duration::from_secs(30))
            .init_timeout(Duration::from_secs(60))
            .retry_delays([Duration::from_millis(4500); 2])
            .recursive_loop(RecursiveLoop::Allow)
    }

    /// Uploads an object, tells the function of it, waits until nothing is queued, delayed or running, and gives the record of the run. For a
    /// platform of [`for_job`](Self::for_job); each object is a run of its own.
    ///
    /// # Errors
    ///
    /// There is no record: the job did not start. The error is what the function said.
    pub async fn run_over(&self, object: impl AsRef<[u8]>) -> Result<RunRecord, Error> {
        for bucket in [UPLOADS, STATE] {
            self.s3().create_bucket(bucket)?;
        }
        let uploaded = self.s3().put(UPLOADS, KEY, object)?;
        self.notify(&Channel::S3, UPLOADS, KEY)?;
        self.idle().await;
        newest(self.s3(), &uploaded)?.map_err(|why| {
            let said = self.dead_letters().pop().map_or_else(|| "nothing".to_owned(), |letter| letter.error_message);
            Error::new(ErrorKind::NoRecord, format!("{why}; the function said: {said}"))
        })
    }
}

/// The newest record of a run, if it was written after the upload, or why there is none. Beside it lie the records that the run set aside.
fn newest(s3: &S3, uploaded: &ObjectInfo) -> Result<Result<RunRecord, String>, Error> {
    let mut objects = s3.list(STATE, "")?;
    objects.retain(|object| object.sequencer > uploaded.sequencer);
    objects.sort_by(|one, other| other.sequencer.cmp(&one.sequencer));
    let mut why = None;
    for ObjectInfo { key, .. } in objects {
        match serde_json::from_slice(&s3.get(STATE, &key)?) {
            Ok(record) => return Ok(Ok(record)),
            Err(error) => why = why.or_else(|| Some(format!("{key} is no record of a run: {error}"))),
        }
    }
    Ok(Err(why.unwrap_or_else(|| "no run was recorded".to_owned())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

    use super::*;
    use crate::faults::Faults;
    use std::sync::Arc;

    #[tokio::test]
    async fn the_record_of_a_run_is_found_beside_what_it_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let s3 = S3::start(folder.path().to_owned(), Arc::new(Faults::default())).await.unwrap();
        for bucket in [UPLOADS, STATE] {
            s3.create_bucket(bucket).unwrap();
        }
        let run = |position| {
            format!(r#"{{"status":"Running","position":{position},"batches":0,"invocations":3,"last_error":null,"state":null}}"#)
        };
        let aside = r#"{"record":7,"line":8,"offset":90,"data":"many,","error":{"kind":"Record","message":"no number"}}"#;
        // What is written in this order, and the position of the record that is found, or why none is.
        let cases = [
            (vec![], Err("no run was recorded")),
            (vec![("runs/f/j/one.json", run(1)), ("runs/f/j/two.json", run(2))], Ok(2)),
            (vec![("runs/f/j/one.json", run(7)), ("runs/f/j/one/7.json", aside.into())], Ok(7)),
            (vec![("runs/f/j/one/7.json", aside.into())], Err("runs/f/j/one/7.json is no record of a run: missing field")),
        ];
        for (written, wanted) in cases {
            let uploaded = s3.put(UPLOADS, KEY, "an object").unwrap();
            for (key, body) in &written {
                s3.put(STATE, key, body).unwrap();
            }
            match (newest(&s3, &uploaded).unwrap(), wanted) {
                (Ok(record), Ok(position)) => assert_eq!(record.position, position, "{written:?}"),
                (Err(why), Err(words)) => assert!(why.starts_with(words), "{why}"),
                (found, _) => panic!("{written:?}: {found:?}"),
            }
        }
    }
}
