//! Errors of the platform itself. A failing function is not an error of the platform: see [`Outcome`](crate::Outcome).

use std::error::Error as StdError;
use std::fmt;

/// An error of the platform.
///
/// ```
/// use recursive_lambda_local::{ErrorKind, Platform};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let error = Platform::builder().binary("/no/such/binary").start().await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Configuration);
/// # });
/// ```
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is invalid.
    Configuration,
    /// A file, folder or socket on this machine failed.
    Io,
    /// The bucket does not exist.
    NoSuchBucket,
    /// The object does not exist.
    NoSuchKey,
    /// A run has no checkpoint, or the checkpoint cannot be read.
    NoCheckpoint,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Self { kind: ErrorKind::Io, message: what.into(), source: Some(Box::new(source)) }
    }

    /// The kind of error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
