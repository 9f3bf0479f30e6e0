//! The log lines about a run that stops: it waits after an error, it failed, or a person stopped it.

use recursive_lambda_core::checkpoint::{Checkpoint, Commanded, LastError, Status, Waiting};
use recursive_lambda_core::engine::refusal::how_to_resume;

/// The state of a run after a save, if that deserves a log line.
pub(super) enum Stands {
    Moves,
    Waits(Waiting, Option<LastError>),
    /// And whether resuming it helps.
    Failed(Option<LastError>, bool),
    /// A person stopped it.
    Stopped(Status, Option<Commanded>),
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
            (_, status @ (Status::Paused | Status::Cancelled)) => Self::Stopped(status, checkpoint.commanded.clone()),
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
            Self::Stopped(status, commanded) => {
                // Anyone who may invoke the function may have written them.
                let note = |text: Option<String>| text.map(|text| text.escape_debug().to_string());
                let (by, reason) =
                    commanded.map(|commanded| (commanded.command.by, commanded.command.reason)).unwrap_or_default();
                tracing::warn!(?status, by = note(by), reason = note(reason), "the run was stopped by a command");
            }
            Self::Failed(error, false) => tracing::error!(trouble = "Failed", said = said(error), "the run failed"),
        }
    }
}
