//! What went wrong with a batch: told to the engine in what decides, to Lambda in full.

use super::source::source_error;
use crate::engine::record::{LastError, Record};
use crate::engine::step::{Cause, Failure};
use crate::ports::SourceError;
use crate::{Advance, Error, ErrorKind, Place};
use std::any::Any;

/// An error on its way to the engine, which is told what matters, and to Lambda, which is told all.
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) error: Error,
}

/// The job would be called for ever.
pub(super) fn no_progress(record: &Record, advance: &Advance) -> Error {
    let message = format!(
        "at position {} the job returned {advance:?}, and a position must grow: return `Advance::by` of at least 1, or `.and_complete()`",
        record.position
    );
    Error::terminal(Error::new(ErrorKind::Runaway, message))
}

pub(super) fn unread(error: SourceError, record: &Record) -> Failed {
    let cause = match &error {
        SourceError::Changed => Cause::Changed,
        SourceError::NoSuchObject | SourceError::NoSuchBucket | SourceError::Archived => Cause::Other,
        SourceError::Denied(_)
        | SourceError::Elsewhere(_)
        | SourceError::Failed(_)
        | SourceError::NoSpace { .. }
        | SourceError::Disk(_) => Cause::Environment,
    };
    let mut failed = Failed::from(source_error(error, &record.object, record.position > 0));
    failed.failure.cause = cause;
    failed
}

pub(super) fn at(error: Error, place: Option<Place>) -> Error {
    match place {
        Some(place) => error.at(place),
        None => error,
    }
}

pub(super) fn nothing_in_flight() -> Failed {
    Error::new(ErrorKind::State, "a batch was waited for that was not begun; please report this").into()
}

pub(super) fn panicked(who: &str, panic: &(dyn Any + Send)) -> Error {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::new(ErrorKind::Job, format!("{who} panicked: {}", message.unwrap_or("with a value that is no text")))
}

impl Failed {
    /// `records`: so many from the cursor on, of which one or more may be at fault.
    pub(super) fn of(error: Error, records: u64) -> Self {
        let failure = Failure { cause: Cause::Other, terminal: error.is_terminal(), records, error: last_error(&error) };
        Self { failure, error }
    }

    pub(super) fn by_the_environment(error: Error) -> Self {
        let mut failed = Self::from(error);
        failed.failure.cause = Cause::Environment;
        failed
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::of(error, 0)
    }
}

/// What the record keeps of an error.
pub(super) fn last_error(error: &Error) -> LastError {
    let place: Option<Place> = error.place();
    let mut message = error.bare_message();
    if let Some((end, _)) = message.char_indices().nth(500) {
        message.truncate(end);
    }
    LastError {
        kind: format!("{:?}", error.kind()),
        message,
        record: place.map(|place| place.record),
        line: place.map(|place| place.line),
        offset: place.map(|place| place.offset),
    }
}
