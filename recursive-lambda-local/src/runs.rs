//! Runs of a `recursive-lambda` job: settings for tests, one call that processes an object to the end, and the checkpoint after it.
//!
//! The rest of this crate does not know that the function is such a job.

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

/// The checkpoint of a run when nothing was left to do.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RunReport {
    /// `Done` or `Failed`, if the run ended. Otherwise the run's last event used up its attempts, and a sweep or the same event resumes the
    /// run. The status is then `Ready` if no invocation was at work, and `Running` or `Completing` if the process died.
    pub status: String,
    /// The number of records processed.
    pub position: u64,
    /// The number of batches processed, each counted once.
    pub batches: u64,
    /// The number of invocations that worked on the run.
    pub invocations: u64,
    /// The number of records that the run skipped.
    pub skipped: u64,
    /// The message of the run's last error.
    pub error: Option<String>,
    state: Option<SavedState>,
}

impl RunReport {
    /// The job's state.
    ///
    /// # Errors
    ///
    /// Fails if the job has no state, or if the state is not of type `S`.
    pub fn state<S: DeserializeOwned>(&self) -> Result<S, Error> {
        let json = self.state.as_ref().map_or("null", SavedState::json);
        serde_json::from_str(json)
            .map_err(|error| Error::new(ErrorKind::NoCheckpoint, format!("the state does not have the requested type: {error}")))
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
    /// Settings for tests of a `recursive-lambda` job. `binary` is the job's program: in a package's `tests/`, that is
    /// `env!("CARGO_BIN_EXE_name")`.
    ///
    /// Its runs have checkpoints, and it may invoke itself. The lease of a dead invocation expires after 3 s instead of 46. Events are
    /// retried after 4.5 s instead of minutes. An error of the job fails the run at the third delivery instead of after a day. An
    /// invocation may take 30 s, and a program may take 60 s to start.
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

    /// Uploads an object, notifies the function, waits until nothing is queued, delayed or running, and returns the checkpoint. Each object
    /// is a separate run. Use it on a platform made with [`for_job`](Self::for_job).
    ///
    /// # Errors
    ///
    /// Fails if there is no checkpoint because the job did not start. The error contains the function's last error message.
    pub async fn run_over(&self, object: impl AsRef<[u8]>) -> Result<RunReport, Error> {
        for bucket in [UPLOADS, STATE] {
            self.s3().create_bucket(bucket)?;
        }
        let uploaded = self.s3().put(UPLOADS, KEY, object)?;
        self.notify(&Channel::S3, UPLOADS, KEY)?;
        self.idle().await;
        newest(self.s3(), &uploaded)?.map_err(|reason| {
            let message = self.dead_letters().pop().map_or_else(|| "no error".to_owned(), |letter| letter.error_message);
            Error::new(ErrorKind::NoCheckpoint, format!("{reason}; the function reported: {message}"))
        })
    }
}

/// The newest run whose checkpoint was written after the upload, or why there is no such run.
fn newest(s3: &S3, uploaded: &ObjectInfo) -> Result<Result<RunReport, String>, Error> {
    let mut files = s3.list(STATE, PREFIX)?;
    files.retain(|file| {
        let is_run = StoreFile::parse(PREFIX, &file.key).is_some_and(|file| file.is_run());
        is_run && file.sequencer > uploaded.sequencer
    });
    let newest = files.into_iter().max_by(|one, other| one.sequencer.cmp(&other.sequencer));
    let Some(ObjectInfo { key, .. }) = newest else { return Ok(Err("the run wrote no checkpoint".to_owned())) };
    let checkpoint = Checkpoint::from_json(&s3.get(STATE, &key)?);
    Ok(checkpoint.map(RunReport::from).map_err(|reason| format!("{key} is not a checkpoint: {reason:?}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

    use super::*;
    use crate::faults::Faults;
    use crate::journal::Journal;
    use std::sync::Arc;

    #[tokio::test]
    async fn the_newest_checkpoint_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let s3 = S3::start(folder.path().to_owned(), Arc::new(Faults::default()), Arc::new(Journal::new())).await.unwrap();
        for bucket in [UPLOADS, STATE] {
            s3.create_bucket(bucket).unwrap();
        }
        let [one, two] = ["1", "2"].map(|digit| format!("runs/f/j/{}.json", digit.repeat(32)));
        let skipped = || (format!("runs/f/j/{}/skipped/7.json", "1".repeat(32)), b"{}".to_vec());
        let run = |key: &String, batches| (key.clone(), Checkpoint { batches, ..Checkpoint::for_tests() }.to_json().unwrap());
        // The files written, in this order, and the batches of the run that is found or the error.
        let cases = [
            (vec![], Err("the run wrote no checkpoint")),
            (vec![run(&one, 1), run(&two, 2)], Ok(2)),
            (vec![run(&one, 7), skipped()], Ok(7)),
            (vec![run(&one, 7), run(&one.replace(".json", ".3.json"), 2)], Ok(7)),
            (vec![skipped()], Err("the run wrote no checkpoint")),
            (vec![(two.clone(), b"{}".to_vec())], Err("runs/f/j/22222222222222222222222222222222.json is not a checkpoint: ")),
        ];
        for (written, expected) in cases {
            let uploaded = s3.put(UPLOADS, KEY, "an object").unwrap();
            for (key, body) in &written {
                s3.put(STATE, key, body).unwrap();
            }
            match (newest(&s3, &uploaded).unwrap(), expected) {
                (Ok(report), Ok(batches)) => assert_eq!(report.batches, batches, "{written:?}"),
                (Err(reason), Err(start)) => assert!(reason.starts_with(start), "{reason}"),
                (found, _) => panic!("{written:?}: {found:?}"),
            }
        }
    }
}
