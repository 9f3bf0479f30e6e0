//! The one error type: what is wrong, where, and what to do.
//!
//! It never stands for success, never carries a key or a payload raw, and is deliberately no
//! [`std::error::Error`], so that everything else that is one converts into it by `?`.

use std::fmt;

/// Any error, boxed: what [`Error`] converts from and leads back to.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error of a job or of its run.
///
/// It converts from all that a boxed error does: `std` errors, `anyhow::Error`,
/// `Box<dyn std::error::Error + Send + Sync>`, text. From a job, an error is *retryable*: the batch is
/// tried again, up to `RECURSIVE_LAMBDA_MAX_ATTEMPTS` times. [`Error::terminal`] and
/// [`Terminal::terminal`] make one that is not: it stops the run at once or, with `on_error = skip(N)`, has the record at fault set aside.
///
/// ```
/// # extern crate recursive_lambda_core as recursive_lambda;
/// use recursive_lambda::{Error, ErrorKind, Terminal};
///
/// fn total(text: &str) -> Result<u64, Error> {
///     Ok(text.parse::<u64>().terminal()?) // a number that is none today is none tomorrow
/// }
/// let error = total("many").unwrap_err();
/// assert!(error.is_terminal());
/// assert_eq!(error.kind(), ErrorKind::Job);
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    terminal: bool,
    message: Option<String>,
    place: Option<Place>,
    /// What the place is a place in, fit for a log.
    object: Option<String>,
    source: Option<BoxError>,
}

/// What went wrong, in a name that stays the same: it is the error type Lambda reports and alarms filter on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The job's function, its `is_complete` or its `on_complete` returned an error or panicked, or its state cannot be saved.
    Job,
    /// A record is not what the format or the record's type says: malformed, not UTF-8, too large; or its type panicked. Or the object is not:
    /// it is compressed, in another encoding, separated by another delimiter, or its header is that of another table.
    Record,
    /// The deployment's settings are missing or contradict each other.
    Config,
    /// The program was not started by AWS Lambda.
    NotOnLambda,
    /// The event is none that this crate understands.
    UnknownEvent,
    /// The event asks for a bucket that the settings do not allow.
    NotAllowed,
    /// The object, or its bucket, does not exist.
    SourceGone,
    /// The object was overwritten or deleted after records of it were processed.
    SourceChanged,
    /// The object cannot be read: no permission, archived, another region, the store did not answer.
    Source,
    /// The object does not fit into /tmp.
    NoSpace,
    /// The checkpoint of the run cannot be read or written.
    Store,
    /// The record of the run disappeared during the run.
    CheckpointGone,
    /// The record of the run was written by a newer version of this crate, or is none.
    CheckpointUnreadable,
    /// The job's batch size or format changed during the run.
    PlanChanged,
    /// A signal names a run of which there is no record.
    UnknownRun,
    /// A signal is ahead of its run's record: the record was rolled back or the signal forged.
    FromFuture,
    /// Another invocation is at work on this run; the event will be delivered again.
    DuplicateInFlight,
    /// The run had failed before; this event is reported so that alarms and destinations see it.
    RunFailed,
    /// The run exceeded `RECURSIVE_LAMBDA_MAX_INVOCATIONS` or made no progress.
    Runaway,
    /// More records cannot be processed than `on_error = skip(..)` allows to set aside.
    TooManySkipped,
    /// The function may not invoke itself, or Lambda did not take the invocation.
    Invoke,
}

/// Where in the object an error arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Place {
    /// The record's index: how many records stand before it. A header is not counted.
    pub record: u64,
    /// The line on which the record begins, counted from 1.
    pub line: u64,
    /// The offset of the record's first byte, in bytes: in the object or, if that is compressed, in its decompressed text.
    pub offset: u64,
    /// Whether the object is compressed.
    pub is_compressed: bool,
}

impl Place {
    /// A place in an object that is not compressed.
    #[must_use]
    pub const fn new(record: u64, line: u64, offset: u64) -> Self {
        Self { record, line, offset, is_compressed: false }
    }

    /// The same place, whose offset is in the decompressed text.
    #[must_use]
    pub const fn compressed(mut self) -> Self {
        self.is_compressed = true;
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = if self.is_compressed { " of the decompressed text" } else { "" };
        write!(f, "record {}, line {}, byte {}{of}", self.record, self.line, self.offset)
    }
}

impl Error {
    /// An error that stops the run: it is not tried again.
    ///
    /// ```
    /// # extern crate recursive_lambda_core as recursive_lambda;
    /// # use recursive_lambda::Error;
    /// assert!(Error::terminal("the catalogue is closed").is_terminal());
    /// ```
    pub fn terminal(source: impl Into<Self>) -> Self {
        let mut error = source.into();
        error.0.terminal = true;
        error
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the run stops instead of trying again.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.0.terminal
    }

    /// Where in the object the error arose: the record at fault, or the first of the batch at fault.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.0.place
    }

    /// The error that this one wraps.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }

    /// This error as a boxed one, for a `main` that returns `Result<(), Box<dyn std::error::Error>>`.
    #[must_use]
    pub fn into_boxed(self) -> BoxError {
        Box::new(Boxed(self))
    }

    /// An error of the crate itself; `message` says what is wrong and what to do.
    #[doc(hidden)]
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, terminal: false, message: Some(message.into()), place: None, object: None, source: None }))
    }

    /// Sets the error that this one wraps.
    #[doc(hidden)]
    #[must_use]
    pub fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The message without the place, with the innermost cause that says more.
    #[doc(hidden)]
    #[must_use]
    pub fn bare_message(&self) -> String {
        match (&self.0.message, &self.0.source) {
            (Some(message), Some(source)) => format!("{message}: {source}"),
            (Some(message), None) => message.clone(),
            (None, Some(source)) => source.to_string(),
            (None, None) => String::new(),
        }
    }

    /// Names the object that the place is in, as it may be shown.
    #[doc(hidden)]
    #[must_use]
    pub fn of(mut self, object: String) -> Self {
        self.0.object = Some(object);
        self
    }

    /// Sets the place unless a more exact one is known.
    #[doc(hidden)]
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.0.place.get_or_insert(place);
        self
    }
}

impl<E: Into<BoxError>> From<E> for Error {
    fn from(source: E) -> Self {
        let source = source.into();
        match source.downcast::<Boxed>() {
            Ok(ours) => ours.0,
            Err(source) => {
                let (kind, terminal) = (ErrorKind::Job, false);
                Self(Box::new(Inner { kind, terminal, message: None, place: None, object: None, source: Some(source) }))
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(message) = &self.0.message {
            f.write_str(message)?;
        } else if let Some(source) = &self.0.source {
            write!(f, "{source}")?;
        }
        match (self.0.place, &self.0.object) {
            (Some(place), Some(object)) => write!(f, " ({place} of {object})"),
            (Some(place), None) => write!(f, " ({place})"),
            (None, _) => Ok(()),
        }
    }
}

/// For people, because `main` prints it: the message, then each cause on a line of its own.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let first = self.source();
        let mut cause = if self.0.message.is_some() { first } else { first.and_then(std::error::Error::source) };
        while let Some(error) = cause {
            write!(f, "\n  because: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// [`Error`] in the shape of a `std` error; what [`Error::into_boxed`] boxes.
struct Boxed(Error);

impl fmt::Display for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Boxed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// `.terminal()?`: an error that stops the run instead of being tried again.
///
/// ```
/// # extern crate recursive_lambda_core as recursive_lambda;
/// use recursive_lambda::{Error, Terminal};
/// fn parse(text: &str) -> Result<u32, Error> {
///     Ok(text.parse::<u32>().terminal()?)
/// }
/// assert!(parse("x").unwrap_err().is_terminal());
/// ```
pub trait Terminal<T> {
    /// Makes the error, if there is one, terminal.
    ///
    /// # Errors
    /// The same error, made terminal.
    fn terminal(self) -> Result<T, Error>;
}

impl<T, E: Into<Error>> Terminal<T> for Result<T, E> {
    fn terminal(self) -> Result<T, Error> {
        self.map_err(Error::terminal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_from_all_that_a_boxed_error_does_and_back() {
        let cases: [(Error, &str); 4] = [
            (Error::from(std::io::Error::other("disk")), "disk"),
            (Error::from("text"), "text"),
            (Error::from(String::from("owned")), "owned"),
            (Error::from(BoxError::from("boxed")), "boxed"),
        ];
        for (error, text) in cases {
            assert_eq!(error.to_string(), text);
            assert!(!error.is_terminal());
        }
        let there_and_back = Error::from(Error::terminal("once").into_boxed());
        assert!(there_and_back.is_terminal(), "a round trip through a boxed error keeps what it is");
    }

    #[test]
    fn debug_is_for_people() {
        let error = Error::new(ErrorKind::Record, "not a row").at(Place::new(7, 9, 210)).because(std::io::Error::other("inner"));
        assert_eq!(format!("{error:?}"), "not a row (record 7, line 9, byte 210)\n  because: inner");
        assert_eq!(format!("{:?}", Error::from("plain")), "plain");
    }
}
