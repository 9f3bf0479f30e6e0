//! The log lines about a run that stops: it waits after an error, or it failed.

use recursive_lambda_core::checkpoint::{Checkpoint, LastError, Status, Waiting};
use recursive_lambda_core::engine::refusal::how_to_resume;

/// The state of a run after a save, if that deserves a log line.
pub(super) enum Stands {
    Moves,
    Waits(Waiting, Option<LastError>),
    /// And whether resuming it helps.
    Failed(Option<LastError>, bool),
}

impl Stands {
    pub(super) fn of(checkpoint: &Checkpoint) -> Self {
        match (&checkpoint.waiting, checkpoint.status) {
            (_, Status::Failed) => Self::Failed(checkpoint.last_error.clone(), checkpoint.batches > 0 || checkpoint.skipped == 0),
            (Some(waiting), Status::Ready | Status::Completing)
                if checkpoint.owner.is_none() && checkpoint.handed_over_by.is_none() =>
            {
                Self::Waits(waiting.clone(), checkpoint.last_error.clone())
            }
            _ => Self::Moves,
        }
    }

    pub(super) fn tell(self, run: &str) {
        let said = |error: Option<LastError>| error.map(|error| error.shown());
        match self {
            Self::Moves => {}
            Self::Waits(Waiting { since, next, errors, .. }, error) => tracing::warn!(
                since = %humantime::format_rfc3339_seconds(since),
                next = %humantime::format_rfc3339_seconds(next),
                errors,
                said = said(error),
                "the run waits and will be retried"
            ),
            Self::Failed(error, true) => {
                tracing::error!(trouble = "Failed", said = said(error), "the run failed; {}", how_to_resume(run));
            }
            Self::Failed(error, false) => tracing::error!(trouble = "Failed", said = said(error), "the run failed"),
        }
    }
}
