//! `If-Match` and `If-None-Match`, as S3 answers them. Knows nothing of where objects are kept.

use s3s::dto::{ETag, ETagCondition};
use s3s::{S3Error, S3ErrorCode};

/// Whether the condition names this object. A weak tag never does: S3 gives out strong ones only.
fn names(condition: &ETagCondition, etag: Option<&str>) -> bool {
    match (condition, etag) {
        (_, None) => false,
        (ETagCondition::Any, Some(_)) => true,
        (ETagCondition::ETag(ETag::Strong(wanted)), Some(etag)) => wanted == etag,
        (ETagCondition::ETag(ETag::Weak(_)), Some(_)) => false,
    }
}

/// For a read of an object that exists.
pub(crate) fn check_read(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    etag: &str,
) -> Result<(), S3Error> {
    if if_match.is_some_and(|condition| !names(condition, Some(etag))) {
        return Err(S3ErrorCode::PreconditionFailed.into());
    }
    if if_none_match.is_some_and(|condition| names(condition, Some(etag))) {
        return Err(S3ErrorCode::NotModified.into());
    }
    Ok(())
}

/// For a write over `etag`, or over nothing. A swap of a missing key is 404, as on S3.
pub(crate) fn check_write(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    etag: Option<&str>,
) -> Result<(), S3Error> {
    if let Some(condition) = if_match {
        if etag.is_none() {
            return Err(S3ErrorCode::NoSuchKey.into());
        }
        if !names(condition, etag) {
            return Err(S3ErrorCode::PreconditionFailed.into());
        }
    }
    if if_none_match.is_some_and(|condition| names(condition, etag)) {
        return Err(S3ErrorCode::PreconditionFailed.into());
    }
    Ok(())
}
