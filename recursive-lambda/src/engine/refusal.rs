//! Refusals in words: what is wrong and what to do.

use super::record::{LastError, Unreadable};
use super::step::Refusal;
use crate::ErrorKind;

impl Refusal {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::DuplicateInFlight => ErrorKind::DuplicateInFlight,
            Self::RunFailed(_) => ErrorKind::RunFailed,
            Self::UnknownRun => ErrorKind::UnknownRun,
            Self::FromFuture { .. } => ErrorKind::FromFuture,
            Self::PlanChanged { .. } => ErrorKind::PlanChanged,
            Self::TooManyDeaths { .. } | Self::TooManyInvocations { .. } => ErrorKind::Runaway,
            Self::TooManySetAside { .. } => ErrorKind::TooManySetAside,
            Self::RecordGone => ErrorKind::RecordGone,
            Self::Unreadable(_) => ErrorKind::RecordUnreadable,
            Self::StoreFailed(_) | Self::OutOfStep => ErrorKind::State,
            Self::SignalFailed => ErrorKind::Invoke,
        }
    }

    pub(crate) fn message(&self) -> String {
        match self {
            Self::DuplicateInFlight => {
                "another invocation is at work on this run; this event is given back and comes again, in case that one dies"
                    .into()
            }
            Self::RunFailed(Some(error)) => {
                let what = error.message.lines().next().unwrap_or_default();
                format!("the run failed, and the object starts again by a manual start only: {}", what.escape_debug())
            }
            Self::RunFailed(None) => "the run failed, and the object starts again by a manual start only".into(),
            Self::UnknownRun => {
                "there is no record of this run: it was deleted, or RECURSIVE_LAMBDA_STATE was changed during the run; \
                 start the object again by a manual start"
                    .into()
            }
            Self::FromFuture { seq } => format!(
                "the signal is ahead of the record of its run, which is at invocation {seq}: the record was rolled back, or the signal is forged"
            ),
            Self::PlanChanged { was } => format!(
                "the job was deployed with another batch size or format while this run was under way; the run began with batch = {}, format = {}: \
                 deploy that again and redrive this event, or start the object again by a manual start under a new name",
                was.batch,
                was.format.escape_debug()
            ),
            Self::TooManyDeaths { attempts } => format!(
                "{attempts} invocations died at this position without an error: out of memory, or the time-out is too short for one batch; \
                 look for `Runtime exited` or `Task timed out` in the log"
            ),
            Self::TooManyInvocations { invocations } => format!(
                "the run took {invocations} invocations, which RECURSIVE_LAMBDA_MAX_INVOCATIONS says is too many, and is over; \
                 raise it if the object needs more, and start the object again by a manual start"
            ),
            Self::TooManySetAside { set_aside } => format!(
                "another record cannot be processed, and {set_aside} are set aside already, which is all that `on_error = skip(..)` allows; \
                 look at what is set aside beside the record of the run, and allow more or mend the cause"
            ),
            Self::RecordGone => {
                "the record of the run disappeared during the run; the state prefix must not be cleaned while runs are under way"
                    .into()
            }
            Self::Unreadable(Unreadable::Newer(v)) => format!(
                "the record of the run has version {v}, written by a newer recursive-lambda than this one; deploy that version again"
            ),
            Self::Unreadable(Unreadable::Corrupt(why)) => format!(
                "the record of the run cannot be read as one ({}); put back what it was, or start the object again by a manual start",
                why.escape_debug()
            ),
            Self::StoreFailed(why) => format!("the record of the run could not be read or written: {why}"),
            Self::SignalFailed => {
                "the function could not invoke itself; the run is saved, and this event given back to try again".into()
            }
            Self::OutOfStep => "recursive-lambda answered itself out of turn; please report this as a defect".into(),
        }
    }

    /// As the record keeps it. What an invocation said before it died outlives the count of deaths.
    pub(crate) fn as_last_error(&self, before: Option<LastError>) -> LastError {
        let place =
            before.unwrap_or(LastError { kind: String::new(), message: String::new(), record: None, line: None, offset: None });
        LastError { kind: format!("{:?}", self.kind()), message: self.message(), ..place }
    }
}
