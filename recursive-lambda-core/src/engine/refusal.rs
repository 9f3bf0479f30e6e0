//! Refusals in words: what is wrong, and what to do.

use super::messages::{During, Refusal};
use crate::ErrorKind;
use crate::checkpoint::{LastError, Unreadable};
use crate::event::resume_event;

impl Refusal {
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::DuplicateInFlight => ErrorKind::DuplicateInFlight,
            Self::RunFailed(_) => ErrorKind::RunFailed,
            Self::UnknownRun => ErrorKind::UnknownRun,
            Self::FromFuture { .. } => ErrorKind::FromFuture,
            Self::PlanChanged { .. } => ErrorKind::PlanChanged,
            Self::TooManyDeaths { .. } | Self::TooManyInvocations { .. } => ErrorKind::Runaway,
            Self::TooManySkipped { .. } => ErrorKind::TooManySkipped,
            Self::NothingProcessed { .. } => ErrorKind::Record,
            Self::CheckpointGone => ErrorKind::CheckpointGone,
            Self::Unreadable(_) => ErrorKind::CheckpointUnreadable,
            Self::StoreFailed(_) | Self::OutOfStep => ErrorKind::Store,
            Self::SignalFailed => ErrorKind::Invoke,
        }
    }

    /// `run`: its id, for the event that resumes it.
    #[must_use]
    pub fn message(&self, run: &str) -> String {
        let what = self.what();
        match self {
            Self::RunFailed(_) | Self::TooManyDeaths { .. } | Self::TooManyInvocations { .. } | Self::TooManySkipped { .. } => {
                format!("{what}\n  {}", how_to_resume(run))
            }
            _ => what,
        }
    }

    fn what(&self) -> String {
        match self {
            Self::DuplicateInFlight => {
                "another invocation works on this run; this event is given back and delivered again, in case that one dies".into()
            }
            Self::RunFailed(Some(error)) => {
                let what = error.message.lines().next().unwrap_or_default();
                let place = error.place().map_or(String::new(), |place| format!(" ({place})"));
                format!("the run failed: {}{place}", what.escape_debug())
            }
            Self::RunFailed(None) => "the run failed".into(),
            Self::UnknownRun => {
                "there is no checkpoint of this run: it was deleted, or RECURSIVE_LAMBDA_STATE was changed during the run; \
                 start the object again by a manual start"
                    .into()
            }
            Self::FromFuture { seq } => format!(
                "the signal is ahead of the checkpoint of its run, which is at invocation {seq}: the checkpoint was rolled back, or the signal is forged"
            ),
            Self::PlanChanged { was } => format!(
                "the job was deployed with another batch size or format while this run was in progress; the run began with batch = {}, format = {}: \
                 deploy that again and redrive this event, or start the object again by a manual start under a new name",
                was.batch,
                was.format.escape_debug()
            ),
            Self::TooManyDeaths { attempts, during: During::OnComplete, .. } => format!(
                "{attempts} invocations died in `on_complete` without an error: it ran out of memory or time, or the process exited; \
                 look for `Runtime exited` or `Task timed out` in the log"
            ),
            Self::TooManyDeaths { attempts, during: During::Shards, .. } => format!(
                "{attempts} invocations died without an error while they asked the run's shards, or looked at them: look for `Runtime exited` or \
                 `Task timed out` in the log, then give the function more memory or a longer time-out"
            ),
            Self::TooManyDeaths { attempts, position, line, .. } => format!(
                "{attempts} invocations died without an error in the batch that begins at record {position}, line {line}: it ran out of memory \
                 or time, or the process exited; look for `Runtime exited` or `Task timed out` in the log, then give the function more memory \
                 or a longer time-out"
            ),
            Self::TooManyInvocations { invocations } => format!(
                "the run took {invocations} invocations, and RECURSIVE_LAMBDA_MAX_INVOCATIONS allows no more; raise it if the object needs more"
            ),
            Self::TooManySkipped { skipped } => format!(
                "another record cannot be processed, and {skipped} are skipped already, which is all that `on_error = skip(..)` allows; \
                 look at the skipped records in the store, and allow more or fix the cause"
            ),
            Self::NothingProcessed { skipped } => format!(
                "every record of the object was skipped, all {skipped}: is `format` right, and does the record's type fit the file? \
                 Start the object again under a new name"
            ),
            Self::CheckpointGone => {
                "the checkpoint of the run disappeared during the run; do not delete checkpoints while runs are in progress"
                    .into()
            }
            Self::Unreadable(Unreadable::Newer(v)) => format!(
                "the checkpoint of the run has version {v}, written by a newer recursive-lambda than this one; deploy that version again"
            ),
            Self::Unreadable(Unreadable::Corrupt(why)) => format!(
                "the checkpoint of the run cannot be read as one ({}); put back what it was, or start the object again by a manual start",
                why.escape_debug()
            ),
            Self::StoreFailed(why) => format!("the checkpoint of the run could not be read or written: {why}"),
            Self::SignalFailed => {
                "the function could not invoke itself; the run is saved, and this event given back to try again".into()
            }
            Self::OutOfStep => "recursive-lambda has an internal error, an unexpected answer; please report it".into(),
        }
    }

    /// As the checkpoint keeps it. An error from before the death is kept; the count of deaths does not replace it.
    #[must_use]
    pub fn as_last_error(&self, before: Option<LastError>) -> LastError {
        let place =
            before.unwrap_or(LastError { kind: String::new(), message: String::new(), record: None, line: None, offset: None });
        LastError { kind: format!("{:?}", self.kind()), message: self.what(), ..place }
    }
}

/// The event that resumes a failed run. `run`: its id.
#[must_use]
pub fn how_to_resume(run: &str) -> String {
    format!("fix the cause, then send {} to the function: the run continues at its position", resume_event(run))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Plan;

    #[test]
    fn a_refusal_says_what_to_do() {
        let plan = Plan { batch: 400, format: "c\nsv".into(), hash: "00".into() };
        for (refusal, kind, says) in [
            (Refusal::DuplicateInFlight, ErrorKind::DuplicateInFlight, "this event is given back and delivered again"),
            (
                Refusal::RunFailed(None),
                ErrorKind::RunFailed,
                "the run failed\n  fix the cause, then send {\"recursive_lambda_resume\":{\"v\":1,\"run\":\"9f\"}}",
            ),
            (Refusal::RunFailed(Some(error("bad\trow\n  at 7"))), ErrorKind::RunFailed, r"the run failed: bad\trow"),
            (
                Refusal::RunFailed(Some(LastError { record: Some(4), line: Some(5), offset: Some(6), ..error("bad") })),
                ErrorKind::RunFailed,
                "the run failed: bad (record 4, line 5, byte 6)",
            ),
            (Refusal::UnknownRun, ErrorKind::UnknownRun, "there is no checkpoint of this run"),
            (Refusal::FromFuture { seq: 7 }, ErrorKind::FromFuture, "which is at invocation 7"),
            (Refusal::PlanChanged { was: plan }, ErrorKind::PlanChanged, r"batch = 400, format = c\nsv: deploy that again"),
            (
                deaths(During::Batch),
                ErrorKind::Runaway,
                "3 invocations died without an error in the batch that begins at record 800, line 802",
            ),
            (deaths(During::OnComplete), ErrorKind::Runaway, "3 invocations died in `on_complete`"),
            (deaths(During::Shards), ErrorKind::Runaway, "3 invocations died without an error while they asked the run's shards"),
            (Refusal::TooManyInvocations { invocations: 9 }, ErrorKind::Runaway, "the run took 9 invocations"),
            (Refusal::TooManySkipped { skipped: 5 }, ErrorKind::TooManySkipped, "5 are skipped already"),
            (Refusal::NothingProcessed { skipped: 5 }, ErrorKind::Record, "every record of the object was skipped, all 5"),
            (Refusal::CheckpointGone, ErrorKind::CheckpointGone, "do not delete checkpoints while runs are in progress"),
            (Refusal::Unreadable(Unreadable::Newer(2)), ErrorKind::CheckpointUnreadable, "has version 2, written by a newer"),
            (
                Refusal::Unreadable(Unreadable::Corrupt("a\tb".into())),
                ErrorKind::CheckpointUnreadable,
                r"read as one (a\tb); put back",
            ),
            (Refusal::StoreFailed("503".into()), ErrorKind::Store, "could not be read or written: 503"),
            (Refusal::SignalFailed, ErrorKind::Invoke, "this event given back to try again"),
            (Refusal::OutOfStep, ErrorKind::Store, "please report it"),
        ] {
            assert_eq!(refusal.kind(), kind, "{refusal:?}");
            let message = refusal.message("9f");
            assert!(message.contains(says), "{refusal:?}: {message}");
            let what = refusal.what();
            assert!(!what.contains(['\n', '\t']) && !what.contains("at 7"), "one line, no matter who wrote it: {what}");
        }
    }

    #[test]
    fn a_refusal_keeps_the_place_of_the_error() {
        let refusal = deaths(During::Batch);
        let kept = |before| LastError { kind: "Runaway".into(), message: refusal.what(), ..before };
        let before = LastError { record: Some(4), line: Some(5), offset: Some(6), ..error("no") };
        assert_eq!(refusal.as_last_error(Some(before.clone())), kept(before));
        assert_eq!(refusal.as_last_error(None), kept(error("")));
    }

    fn deaths(during: During) -> Refusal {
        Refusal::TooManyDeaths { attempts: 3, position: 800, line: 802, during }
    }

    fn error(message: &str) -> LastError {
        LastError { kind: "Job".into(), message: message.into(), record: None, line: None, offset: None }
    }
}
