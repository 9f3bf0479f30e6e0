//! Why an object could not be read, in words for the user.

use crate::engine::record::Object;
use crate::ports::SourceError;
use crate::{Error, ErrorKind};

/// The error of a reading. `begun`: whether records of the object are processed already.
pub(crate) fn source_error(error: SourceError, object: &Object, begun: bool) -> Error {
    let bucket = &object.bucket;
    let place = format!("s3://{bucket}/{}", shown(&object.key));
    let terminal = |kind, message: String| Error::terminal(Error::new(kind, message));
    match error {
        SourceError::Changed => terminal(
            ErrorKind::SourceChanged,
            format!("{place} was overwritten during the run; the new upload has a run of its own, this one ends here"),
        ),
        SourceError::NoSuchObject if begun => {
            terminal(ErrorKind::SourceChanged, format!("{place} was deleted during the run; what was processed before stands"))
        }
        SourceError::NoSuchObject => terminal(
            ErrorKind::SourceGone,
            format!("{place} does not exist; it was deleted before the run began, or the event names another key"),
        ),
        SourceError::NoSuchBucket => {
            terminal(ErrorKind::SourceGone, format!("there is no bucket `{bucket}`: check the event's bucket and its region"))
        }
        SourceError::Archived => terminal(
            ErrorKind::Source,
            format!("{place} is archived (Glacier) and cannot be read; restore it, then start it again by a manual start"),
        ),
        SourceError::Denied(why) => Error::new(
            ErrorKind::Source,
            format!(
                "the function may not read {place}; its role needs s3:GetObject (and s3:GetObjectVersion, kms:Decrypt where they apply) there, \
                 and a bucket of another account must be named in RECURSIVE_LAMBDA_BUCKETS as `{bucket}@ACCOUNT`"
            ),
        )
        .because(why),
        SourceError::Failed(why) => Error::new(ErrorKind::Source, format!("{place} could not be read")).because(why),
    }
}

/// A key for a log or a message: it is the uploader's text, so escaped and cut.
pub(crate) fn shown(key: &str) -> String {
    let mut text: String = key.chars().take(256).collect();
    if text.len() < key.len() {
        text.push('…');
    }
    text.escape_debug().to_string()
}
