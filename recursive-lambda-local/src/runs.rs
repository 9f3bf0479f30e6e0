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
use crate::triggers::Channel;

const UPLOADS: &str = "uploads";
const STATE: &str = "state";
const KEY: &str = "object";

/// The record of a run, as it stood when nothing was left to do.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct RunRecord {
    /// `Done`, `Failed`, or `Ready` if the run waits for an event that was given up.
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
    /// over after 3 s instead of 46, and events come again after 4.5 s instead of minutes. `binary` is the job's program: in a package's
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
        let mut records = self.s3().list(STATE, "")?;
        records.retain(|record| record.sequencer > uploaded.sequencer);
        records.sort_by_key(|record| record.sequencer.clone());
        let Some(newest) = records.pop() else {
            let said = self.dead_letters().pop().map_or_else(|| "nothing".to_owned(), |letter| letter.error_message);
            return Err(Error::new(ErrorKind::NoRecord, format!("no run was recorded; the function said: {said}")));
        };
        let record = self.s3().get(STATE, &newest.key)?;
        serde_json::from_slice(&record)
            .map_err(|error| Error::new(ErrorKind::NoRecord, format!("{} is no record of a run: {error}", newest.key)))
    }
}
