//! The one error type: what is wrong, where, and what to do.
//!
//! It never stands for success and never carries a raw key or payload. It is deliberately not a [`std::error::Error`], so that
//! every type that is one converts into it with `?`.

use std::fmt;

/// Any error, boxed: [`Error`] converts from it and back.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error of a job or of its run.
///
/// It converts from everything a boxed error converts from: `std` errors, `anyhow::Error`, `Box<dyn std::error::Error + Send +
/// Sync>`, text. An error of a job is *retryable*: the run waits, and the batch is tried again for up to
/// `RECURSIVE_LAMBDA_RETRY_FOR`. [`Error::terminal`] and [`Terminal::terminal`] make an error that is not: it fails the run at
/// once or, with `on_error = skip(N)`, skips the bad record.
///
/// ```
/// # extern crate recursive_lambda_core as recursive_lambda;
/// use recursive_lambda::{Error, ErrorKind, Terminal};
///
/// fn total(text: &str) -> Result<u64, Error> {
///     Ok(text.parse::<u64>().terminal()?) // it will not become a number by trying again
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
    /// The object that the place is in, safe for a log.
    object: Option<String>,
    source: Option<BoxError>,
}

/// What went wrong, as a name that does not change: Lambda reports it as the error type, and alarms filter on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The job's function, its `is_complete` or its `on_complete` returned an error or panicked, or its state cannot be saved.
    Job,
    /// A record is malformed, not UTF-8, too large, or its type panicked. Or the object is not of the job's format: it has
    /// another compression, encoding, delimiter or header.
    Record,
    /// The deployment's settings are missing or contradict each other.
    Config,
    /// The program was not started by AWS Lambda.
    NotOnLambda,
    /// Unrecognised event.
    UnknownEvent,
    /// The event asks for a bucket that the settings do not allow.
    NotAllowed,
    /// The object or its bucket does not exist.
    SourceGone,
    /// The object was overwritten or deleted after records of it were processed.
    SourceChanged,
    /// The object cannot be read: no permission, archived, in another region, or the store did not answer.
    Source,
    /// The object does not fit into /tmp.
    NoSpace,
    /// The checkpoint of the run cannot be read or written.
    Store,
    /// The checkpoint disappeared during the run.
    CheckpointGone,
    /// The checkpoint was written by a newer version of this crate, or is not a checkpoint.
    CheckpointUnreadable,
    /// The job's batch size or format changed during the run.
    PlanChanged,
    /// A signal names a run that has no checkpoint.
    UnknownRun,
    /// A signal is ahead of the run's checkpoint: the checkpoint was rolled back, or the signal is forged.
    FromFuture,
    /// Another invocation works on this run; the event will be delivered again.
    DuplicateInFlight,
    /// The run had failed before. This event is reported so that alarms and destinations see it.
    RunFailed,
    /// The run exceeded `RECURSIVE_LAMBDA_MAX_INVOCATIONS` or made no progress.
    Runaway,
    /// More records failed than `on_error = skip(..)` allows.
    TooManySkipped,
    /// The function is not allowed to invoke itself, or Lambda did not accept the invocation.
    Invoke,
}

/// Where in the object an error arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Place {
    /// The record's index: the number of records before it. A header does not count.
    pub record: u64,
    /// The line on which the record begins, counted from 1.
    pub line: u64,
    /// The offset of the record's first byte, in bytes.
    pub offset: u64,
    /// What the offset is in.
    pub offset_in: OffsetIn,
}

/// What an offset is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OffsetIn {
    /// The object itself.
    #[default]
    Object,
    /// What the object is when it is decompressed.
    DecompressedText,
    /// The object as UTF-8, decompressed before if it is compressed.
    DecodedText,
}

impl Place {
    /// A place in an object that is neither compressed nor decoded.
    #[must_use]
    pub const fn new(record: u64, line: u64, offset: u64) -> Self {
        Self { record, line, offset, offset_in: OffsetIn::Object }
    }

    /// The same place, whose offset is in another text.
    #[must_use]
    pub const fn offset_in(mut self, text: OffsetIn) -> Self {
        self.offset_in = text;
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = match self.offset_in {
            OffsetIn::Object => "",
            OffsetIn::DecompressedText => " of the decompressed text",
            OffsetIn::DecodedText => " of the decoded text",
        };
        write!(f, "record {}, line {}, byte {}{of}", self.record, self.line, self.offset)
    }
}

impl Error {
    /// An error that fails the run instead of being tried again.
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

    /// Whether the error fails the run instead of being tried again.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.0.terminal
    }

    /// Where in the object the error arose: at the bad record, or at the first record of the failed batch.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.0.place
    }

    /// The error that this one wraps.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }

    /// This error, boxed, for a `main` that returns `Result<(), Box<dyn std::error::Error>>`.
    #[must_use]
    pub fn into_boxed(self) -> BoxError {
        Box::new(Boxed(self))
    }

    /// An error of this crate; `message` says what is wrong and what to do.
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

    /// The message without the place, with the innermost cause that adds something.
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

    /// Names the object that the place is in, safe for a log.
    #[doc(hidden)]
    #[must_use]
    pub fn of(mut self, object: String) -> Self {
        self.0.object = Some(object);
        self
    }

    /// Sets the place unless a more exact one is already set.
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

/// Written for people, because `main` prints it: the message, then each cause on its own line.
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

/// [`Error`] as a `std` error; [`Error::into_boxed`] boxes it.
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

/// `.terminal()?` makes an error that fails the run instead of being tried again.
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
    fn converts_like_a_boxed_error() {
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
