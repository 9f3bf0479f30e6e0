//! Whole runs of a job of `recursive-lambda`: the settings that suit a test, one call from an object to the end, and the record then.
//!
//! Nothing else here knows that the function is such a job.

use std::path::Path;
use std::time::Duration;

use recursive_lambda_core::checkpoint::{Checkpoint, SavedState};
use recursive_lambda_core::layout::StoreFile;
use serde::de::DeserializeOwned;

use crate::builder::Builder;
use crate::error::{Error, ErrorKind};
use crate::lambda::RecursiveLoop;
use crate::platform::Platform;
use crate::s3::{ObjectInfo, S3};
use crate::triggers::Channel;

const UPLOADS: &str = "uploads";
const STATE: &str = "state";
const PREFIX: &str = "runs";
const KEY: &str = "object";

/// A run, as its checkpoint stood when nothing was left to do.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RunReport {
    /// `Done` or `Failed`. Otherwise every attempt at the run's last event is over, and a sweep, or that event sent again, resumes it: `Ready`
    /// if no invocation was at work, `Running` or `Completing` if the process died.
    pub status: String,
    /// Records of the object done.
    pub position: u64,
    /// Batches done, each counted once.
    pub batches: u64,
    /// Invocations that worked on the run.
    pub invocations: u64,
    /// Records that the run skipped.
    pub skipped: u64,
    /// The run's last error, in the job's words.
    pub error: Option<String>,
    state: Option<SavedState>,
}

impl RunReport {
    /// The job's state.
    ///
    /// # Errors
    ///
    /// The job has no state, or it is not of this type.
    pub fn state<S: DeserializeOwned>(&self) -> Result<S, Error> {
        let json = self.state.as_ref().map_or("null", SavedState::json);
        serde_json::from_str(json)
            .map_err(|error| Error::new(ErrorKind::NoCheckpoint, format!("the state is not of this type: {error}")))
    }
}

impl From<Checkpoint> for RunReport {
    fn from(checkpoint: Checkpoint) -> Self {
        let Checkpoint { status, position, batches, invocations, skipped, last_error, state, .. } = checkpoint;
        let error = last_error.map(|error| error.message);
        Self { status: format!("{status:?}"), position, batches, invocations, skipped, error, state }
    }
}

impl Platform {
    /// Settings for tests of a job of `recursive-lambda`: its runs are recorded, it may invoke itself, a dead invocation's lease is
    /// over after 3 s instead of 46, events are delivered again after 4.5 s instead of minutes, and an error of the job fails the run with the third
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
            .env("RECURSIVE_LAMBDA_STATE", format!("s3://{STATE}/{PREFIX}"))
            .env("RECURSIVE_LAMBDA_LEASE", "2s")
            .env("RECURSIVE_LAMBDA_CHECKPOINT", "1s")
            .env("RECURSIVE_LAMBDA_RESERVE", "500ms")
            .env("RECURSIVE_LAMBDA_RETRY_FOR", "0s")
            .timeout(Duration::from_secs(30))
            .init_timeout(Duration::from_secs(60))
            .retry_delays([Duration::from_millis(4500); 2])
            .recursive_loop(RecursiveLoop::Allow)
    }

    /// Uploads an object, tells the function of it, waits until nothing is queued, delayed or running, and gives the checkpoint. For a
    /// platform of [`for_job`](Self::for_job); each object is a run of its own.
    ///
    /// # Errors
    ///
    /// The run has no checkpoint: the job did not start. The error contains the function's log.
    pub async fn run_over(&self, object: impl AsRef<[u8]>) -> Result<RunReport, Error> {
        for bucket in [UPLOADS, STATE] {
            self.s3().create_bucket(bucket)?;
        }
        let uploaded = self.s3().put(UPLOADS, KEY, object)?;
        self.notify(&Channel::S3, UPLOADS, KEY)?;
        self.idle().await;
        newest(self.s3(), &uploaded)?.map_err(|why| {
            let said = self.dead_letters().pop().map_or_else(|| "nothing".to_owned(), |letter| letter.error_message);
            Error::new(ErrorKind::NoCheckpoint, format!("{why}; the function said: {said}"))
        })
    }
}

/// The newest run whose checkpoint was written after the upload, or why it cannot be found.
fn newest(s3: &S3, uploaded: &ObjectInfo) -> Result<Result<RunReport, String>, Error> {
    let mut files = s3.list(STATE, PREFIX)?;
    files.retain(|file| {
        let is_checkpoint = StoreFile::parse(PREFIX, &file.key).is_some_and(|file| file.skipped.is_none());
        is_checkpoint && file.sequencer > uploaded.sequencer
    });
    let newest = files.into_iter().max_by(|one, other| one.sequencer.cmp(&other.sequencer));
    let Some(ObjectInfo { key, .. }) = newest else { return Ok(Err("no run was recorded".to_owned())) };
    let checkpoint = Checkpoint::from_json(&s3.get(STATE, &key)?);
    Ok(checkpoint.map(RunReport::from).map_err(|why| format!("{key} is not a checkpoint: {why:?}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

    use super::*;
    use crate::faults::Faults;
    use std::sync::Arc;

    #[tokio::test]
    async fn the_newest_checkpoint_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let s3 = S3::start(folder.path().to_owned(), Arc::new(Faults::default())).await.unwrap();
        for bucket in [UPLOADS, STATE] {
            s3.create_bucket(bucket).unwrap();
        }
        let [one, two] = ["1", "2"].map(|digit| format!("runs/f/j/{}.json", digit.repeat(32)));
        let skipped = || (format!("runs/f/j/{}/skipped/7.json", "1".repeat(32)), b"{}".to_vec());
        let run = |key: &String, batches| (key.clone(), Checkpoint { batches, ..Checkpoint::for_tests() }.to_json().unwrap());
        // What is written in this order, and the batches of the run that is found, or why none is.
        let cases = [
            (vec![], Err("no run was recorded")),
            (vec![run(&one, 1), run(&two, 2)], Ok(2)),
            (vec![run(&one, 7), skipped()], Ok(7)),
            (vec![skipped()], Err("no run was recorded")),
            (vec![(two.clone(), b"{}".to_vec())], Err("runs/f/j/22222222222222222222222222222222.json is not a checkpoint: ")),
        ];
        for (written, wanted) in cases {
            let uploaded = s3.put(UPLOADS, KEY, "an object").unwrap();
            for (key, body) in &written {
                s3.put(STATE, key, body).unwrap();
            }
            match (newest(&s3, &uploaded).unwrap(), wanted) {
                (Ok(report), Ok(batches)) => assert_eq!(report.batches, batches, "{written:?}"),
                (Err(why), Err(words)) => assert!(why.starts_with(words), "{why}"),
                (found, _) => panic!("{written:?}: {found:?}"),
            }
        }
    }
}
