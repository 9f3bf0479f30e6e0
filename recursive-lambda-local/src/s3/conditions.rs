//! `If-Match` and `If-None-Match`, with S3's answers. Knows nothing about the storage of objects.

use s3s::dto::{ETag, ETagCondition};
use s3s::{S3Error, S3ErrorCode};

/// Whether the condition matches this object. A weak ETag never matches, because S3 uses only strong ones.
fn matches(condition: &ETagCondition, etag: Option<&str>) -> bool {
    match (condition, etag) {
        (_, None) => false,
        (ETagCondition::Any, Some(_)) => true,
        (ETagCondition::ETag(ETag::Strong(expected)), Some(etag)) => expected == etag,
        (ETagCondition::ETag(ETag::Weak(_)), Some(_)) => false,
    }
}

/// Checks the conditions of a read of an existing object.
pub(crate) fn check_read(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    etag: &str,
) -> Result<(), S3Error> {
    if if_match.is_some_and(|condition| !matches(condition, Some(etag))) {
        return Err(S3ErrorCode::PreconditionFailed.into());
    }
    if if_none_match.is_some_and(|condition| matches(condition, Some(etag))) {
        return Err(S3ErrorCode::NotModified.into());
    }
    Ok(())
}

/// Checks the conditions of a write. `etag` is that of the object that the write replaces. As on S3, `If-Match` on a missing key is 404.
pub(crate) fn check_write(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    etag: Option<&str>,
) -> Result<(), S3Error> {
    if let Some(condition) = if_match {
        if etag.is_none() {
            return Err(S3ErrorCode::NoSuchKey.into());
        }
        if !matches(condition, etag) {
            return Err(S3ErrorCode::PreconditionFailed.into());
        }
    }
    if if_none_match.is_some_and(|condition| matches(condition, etag)) {
        return Err(S3ErrorCode::PreconditionFailed.into());
    }
    Ok(())
}
