//! What went wrong with a batch: for the engine what it decides on, for Lambda everything.

use super::source_error::source_error;
use crate::ports::SourceError;
use crate::{Advance, Error, ErrorKind, Place};
use futures_util::FutureExt;
use recursive_lambda_core::checkpoint::{Checkpoint, LastError};
use recursive_lambda_core::engine::messages::{Cause, Failure};
use std::any::Any;
use std::panic::AssertUnwindSafe;

/// An error on its way to the engine and to Lambda.
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) error: Error,
}

/// The job would be called forever.
pub(super) fn no_progress(checkpoint: &Checkpoint, advance: &Advance) -> Error {
    let message = format!(
        "at position {} the job returned {advance:?}, but a position must grow: return `Advance::by` of at least 1, or `.and_complete()`",
        checkpoint.position
    );
    Error::terminal(Error::new(ErrorKind::Runaway, message))
}

/// The rest of the object would be left out, and only in some shards.
pub(super) fn completes_a_shard() -> Error {
    let message = "the job said that the run is complete, but this is one of several shards, which know nothing of each other: remove \
                   `shards`, or process the whole object";
    Error::terminal(Error::new(ErrorKind::Job, message))
}

pub(super) fn unread(error: SourceError, checkpoint: &Checkpoint) -> Failed {
    let cause = match &error {
        SourceError::Changed => Cause::Changed,
        SourceError::NoSuchObject | SourceError::NoSuchBucket | SourceError::Archived | SourceError::CustomerKey => Cause::Other,
        SourceError::Denied(_)
        | SourceError::Elsewhere(_)
        | SourceError::Failed(_)
        | SourceError::NoSpace { .. }
        | SourceError::Disk(_) => Cause::Environment,
    };
    let mut failed = Failed::from(source_error(error, &checkpoint.object, checkpoint.position > 0));
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
    Error::new(ErrorKind::Store, "internal error: the driver waited for a batch that was not started; please report it").into()
}

pub(super) fn panicked(who: &str, panic: &(dyn Any + Send)) -> Error {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::new(ErrorKind::Job, format!("{who} panicked: {}", message.unwrap_or("with a value that is not text")))
}

/// Calls user code. A handler written by hand may not be an `async fn`, and may panic before there is a future.
pub(super) fn start<F>(call: impl FnOnce() -> F) -> std::thread::Result<F> {
    std::panic::catch_unwind(AssertUnwindSafe(call))
}

/// Awaits it. A panic becomes its error. Separate from [`start`], so that only the future is kept from the call.
pub(super) async fn caught<T, F>(who: &str, begun: std::thread::Result<F>) -> Result<T, Failed>
where
    F: Future<Output = Result<T, Error>>,
{
    let called = match begun {
        Ok(future) => AssertUnwindSafe(future).catch_unwind().await,
        Err(panic) => Err(panic),
    };
    match called {
        Ok(outcome) => Ok(outcome?),
        Err(panic) => Err(Failed::by_a_panic(panicked(who, &*panic))),
    }
}

impl Failed {
    /// `records`: this many from the cursor on, at least one of which may be bad.
    pub(super) fn of(error: Error, records: u64) -> Self {
        let failure = Failure { cause: Cause::Other, terminal: error.is_terminal(), records, error: last_error(&error) };
        Self { failure, error }
    }

    pub(super) fn by_a_panic(error: Error) -> Self {
        let mut failed = Self::from(error);
        failed.failure.cause = Cause::Panicked;
        failed
    }

    /// The same for a batch: it begins at `place`, and at least one of its records may be bad.
    pub(super) fn in_batch(mut self, place: Option<Place>, records: u64) -> Self {
        self.error = at(self.error, place);
        self.failure.error = last_error(&self.error);
        self.failure.records = records;
        self
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

/// The part of an error that the checkpoint keeps.
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

#[cfg(test)]
mod tests {
    use super::*;
    use recursive_lambda_core::object::PinnedObject;
    use std::future::{Ready, ready};

    #[test]
    fn every_user_panic_is_an_error() {
        let at_once = || -> Ready<Result<(), Error>> { std::panic::resume_unwind(Box::new("at once")) };
        let later = || async { std::panic::resume_unwind(Box::new("later")) };
        for (said, wanted) in [
            (caught("the job", start(|| ready(Ok(())))).now_or_never(), Ok(())),
            (caught("the job", start(at_once)).now_or_never(), Err("the job panicked: at once")),
            (caught("`on_complete`", start(later)).now_or_never(), Err("`on_complete` panicked: later")),
        ] {
            let said = said.map(|said| said.map_err(|failed| failed.error.bare_message()));
            assert_eq!(said, Some(wanted.map_err(String::from)));
        }
    }

    #[test]
    fn read_errors_know_their_cause() {
        use SourceError::*;
        let text = || String::from("503");
        // The error, its cause, and whether the run ends; for a run that has processed records, whether the object changed.
        for (error, cause, terminal) in [
            (Changed, Cause::Changed, true),
            (NoSuchObject, Cause::Other, true),
            (NoSuchBucket, Cause::Other, true),
            (Archived, Cause::Other, true),
            (CustomerKey, Cause::Other, true),
            (Denied(text()), Cause::Environment, false),
            (Elsewhere(text()), Cause::Environment, false),
            (Failed(text()), Cause::Environment, false),
            (NoSpace { needed: 1 }, Cause::Environment, false),
            (Disk(text()), Cause::Environment, false),
        ] {
            let failed = unread(error.clone(), &Checkpoint::for_tests());
            assert_eq!(
                (failed.failure.cause, failed.failure.terminal, failed.failure.records),
                (cause, terminal, 0),
                "{error:?}"
            );
        }
        for (position, kind) in [(0, ErrorKind::SourceGone), (1, ErrorKind::SourceChanged)] {
            let checkpoint = Checkpoint { position, object: PinnedObject::for_tests(), ..Checkpoint::for_tests() };
            assert_eq!(unread(NoSuchObject, &checkpoint).error.kind(), kind, "{position}");
        }
    }

    #[test]
    fn a_checkpoint_shortens_errors() {
        let place = Some(Place::new(7, 9, 70));
        let long = "x".repeat(501);
        for (message, place, kept) in [("no", place, "no"), (&long, None, &long[..500]), (&long[..500], None, &long[..500])] {
            let error = last_error(&at(Error::from(message), place));
            let numbers = place.map(|place| (place.record, place.line, place.offset));
            assert_eq!((error.kind.as_str(), error.message.as_str()), ("Job", kept));
            assert_eq!(
                error.record.zip(error.line).zip(error.offset).map(|((checkpoint, line), offset)| (checkpoint, line, offset)),
                numbers
            );
        }
    }

    #[test]
    fn a_failure_keeps_its_cause() {
        for (failed, cause, terminal, records) in [
            (Failed::of(Error::from("no"), 4), Cause::Other, false, 4),
            (Failed::of(Error::terminal("no"), 4), Cause::Other, true, 4),
            (Failed::from(Error::from("no")), Cause::Other, false, 0),
            (Failed::by_the_environment(Error::from("no")), Cause::Environment, false, 0),
        ] {
            let failure = failed.failure;
            assert_eq!(
                (failure.cause, failure.terminal, failure.records, failure.error.message.as_str()),
                (cause, terminal, records, "no")
            );
        }
    }
}
