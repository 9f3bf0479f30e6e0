//! Why an object could not be read, in words for the user.

use crate::ports::SourceError;
use crate::{Error, ErrorKind};
use recursive_lambda_core::excerpt;
use recursive_lambda_core::object::PinnedObject;

/// The error of a read. `begun`: whether records of the object have been processed.
pub(crate) fn source_error(error: SourceError, object: &PinnedObject, begun: bool) -> Error {
    let bucket = shown(&object.bucket);
    let place = shown_object(object);
    let terminal = |kind, message: String| Error::terminal(Error::new(kind, message));
    match error {
        SourceError::Changed => terminal(
            ErrorKind::SourceChanged,
            format!("{place} was overwritten during the run; the new upload starts its own run, and this one ends here"),
        ),
        SourceError::NoSuchObject if begun => {
            terminal(ErrorKind::SourceChanged, format!("{place} was deleted during the run; what was processed before is kept"))
        }
        SourceError::NoSuchObject => terminal(
            ErrorKind::SourceGone,
            format!("{place} does not exist; it was deleted before the run began, or the event names a wrong key"),
        ),
        SourceError::NoSuchBucket => terminal(
            ErrorKind::SourceGone,
            format!("there is no bucket `{bucket}`; it was deleted, or the event names a wrong one"),
        ),
        SourceError::Archived => terminal(
            ErrorKind::Source,
            format!("{place} is archived (Glacier) and cannot be read; restore it, then start it again by a manual start"),
        ),
        SourceError::CustomerKey => terminal(
            ErrorKind::Source,
            format!(
                "{place} is encrypted with a customer-provided key (SSE-C), which the function does not have; copy it over itself with SSE-S3 or \
                 SSE-KMS: the copy starts a new run"
            ),
        ),
        SourceError::Denied(why) => {
            let missing = if begun { "it was deleted during the run" } else { "the key does not exist" };
            Error::new(
                ErrorKind::Source,
                format!(
                    "S3 refuses to read {place} (403): {missing}, and without s3:ListBucket S3 says 403 instead of 404; or the role lacks \
                     s3:GetObject\n  a bucket of another account needs an entry `{bucket}@ACCOUNT` in RECURSIVE_LAMBDA_BUCKETS\n  a version needs \
                     s3:GetObjectVersion, an object encrypted with a KMS key kms:Decrypt"
                ),
            )
            .because(why)
        }
        SourceError::Elsewhere(region) => Error::new(
            ErrorKind::Source,
            format!(
                "bucket `{bucket}` is in {region}, but the event says or implies another: start its objects by events of S3 or EventBridge, \
                 which name the region, or by a function there"
            ),
        ),
        SourceError::NoSpace { needed } => Error::new(
            ErrorKind::NoSpace,
            format!(
                "{place} has {} bytes and does not fit into /tmp together with the files in use there; give the function `EphemeralStorage: Size: {}` \
                 (Lambda has at most 10240 MB, and 32768 MB for some functions){}",
                object.size,
                megabytes(needed),
                if object.size > LARGEST_TMP { ", which is not enough: read it as a `Batch` with `source = stream`" } else { "" },
            ),
        ),
        SourceError::Disk(why) => {
            Error::new(ErrorKind::Source, format!("{place} could not be kept in /tmp; the event will be delivered again"))
                .because(why)
        }
        SourceError::Failed(why) => {
            Error::new(ErrorKind::Source, format!("{place} could not be read; the event will be delivered again")).because(why)
        }
    }
}

/// The largest /tmp that any function can have, in bytes.
const LARGEST_TMP: u64 = 32_768 << 20;

/// The size of /tmp to set for this many bytes: a file system needs some more for itself.
fn megabytes(bytes: u64) -> u64 {
    (bytes.saturating_add(bytes / 32) >> 20).saturating_add(17).max(512)
}

/// `s3://bucket/key`, safe for a log or a message.
pub(super) fn shown_object(object: &PinnedObject) -> String {
    format!("s3://{}/{}", shown(&object.bucket), shown(&object.key))
}

/// A key, safe for a log or a message: the uploader chose it, so it is escaped and cut.
pub(crate) fn shown(key: &str) -> String {
    excerpt::short(key, 256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_refusals_say_what_to_do() {
        const KEY: &str = "is encrypted with a customer-provided key (SSE-C)";
        // S3's answer, whether records were processed, whether the run ends, words of the message
        for (said, begun, terminal, words) in [
            (
                SourceError::Denied("403".into()),
                false,
                false,
                "(403): the key does not exist, and without s3:ListBucket S3 says 403",
            ),
            (SourceError::Denied("403".into()), true, false, "(403): it was deleted during the run, and without s3:ListBucket"),
            (SourceError::Denied("403".into()), false, false, "or the role lacks s3:GetObject\n"),
            (SourceError::Denied("403".into()), false, false, "`@ACCOUNT` in RECURSIVE_LAMBDA_BUCKETS\n  a version needs"),
            (SourceError::CustomerKey, false, true, KEY),
            (SourceError::CustomerKey, true, true, KEY),
        ] {
            let object = PinnedObject::for_tests();
            let words = words.replace("`@ACCOUNT`", &format!("`{}@ACCOUNT`", object.bucket));
            let error = source_error(said.clone(), &object, begun);
            assert_eq!((error.kind(), error.is_terminal()), (ErrorKind::Source, terminal), "{said:?}");
            assert!(error.to_string().contains(&words), "{error}");
        }
    }

    #[test]
    fn a_key_is_escaped_and_cut() {
        let long = "k".repeat(256);
        for (key, wanted) in [
            ("in/a b.csv", "in/a b.csv".to_string()),
            ("a\n\u{1b}[31m\u{202e}", r"a\n\u{1b}[31m\u{202e}".into()),
            (&long, long.clone()),
            (&format!("{long}k"), format!("{long}…")),
            (&"ü".repeat(256), "ü".repeat(256)),
        ] {
            assert_eq!(shown(key), wanted);
            assert_eq!(
                shown_object(&PinnedObject { key: key.into(), ..PinnedObject::for_tests() }),
                format!("s3://bucket/{wanted}")
            );
        }
    }

    #[test]
    fn no_space_says_how_much_is_needed() {
        const GB: u64 = 1 << 30;
        // size of the object, bytes needed in all, words of the message
        for (size, needed, words) in [
            (100, 100, "Size: 512`"),
            (GB, GB, "Size: 1073`"),
            (GB, 3 * GB, "Size: 3185`"),
            (11 * GB, 11 * GB, "Size: 11633` (Lambda has at most 10240 MB, and 32768 MB for some functions)"),
            (33 * GB, 33 * GB, "which is not enough: read"),
        ] {
            let object = PinnedObject { size, ..PinnedObject::for_tests() };
            let error = source_error(SourceError::NoSpace { needed }, &object, true);
            assert_eq!((error.kind(), error.is_terminal()), (ErrorKind::NoSpace, false), "another container may have room");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
