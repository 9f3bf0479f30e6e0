//! Objects on S3: ranged reads of pinned objects, completed even if bodies break.

use super::clients::Aws;
use super::sdk_error::{elsewhere, why};
use crate::ports::{Objects, SourceError};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use recursive_lambda_core::object::PinnedObject;
use std::ops::Range;
use std::time::Duration;

/// How many times in a row a body may break without bringing a byte.
const BROKEN_BODIES: u32 = 5;

impl Objects for Aws {
    async fn head(&self, named: &PinnedObject) -> Result<PinnedObject, SourceError> {
        let (client, named) = (self.s3_in(named.region.as_deref()), named.clone());
        let head = async move {
            let request = client.head_object().bucket(&named.bucket).key(&named.key).set_version_id(named.version.clone());
            let found = match request.set_expected_bucket_owner(named.owner.clone()).send().await {
                Ok(found) => found,
                Err(error) => return Err(reason(&client, &named, classify(&error), status(&error)).await),
            };
            Ok(PinnedObject {
                etag: found.e_tag().unwrap_or_default().trim_matches('"').into(),
                size: found.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                // A bucket without versions calls its only version "null".
                version: named.version.clone().or_else(|| found.version_id().filter(|id| *id != "null").map(String::from)),
                ..named
            })
        };
        self.call(head).await.unwrap_or_else(|| Err(ending()))
    }

    fn get(&self, object: &PinnedObject, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send + 'static {
        let running = self.call(get(self.s3_in(object.region.as_deref()), object.clone(), range));
        async move { running.await.unwrap_or_else(|| Err(ending())) }
    }
}

/// Reads the whole range. The SDK retries until the head of the answer arrives; a body that breaks is requested again from its
/// last good byte.
async fn get(client: Client, object: PinnedObject, range: Range<u64>) -> Result<Bytes, SourceError> {
    let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    let mut bytes = BytesMut::with_capacity(wanted);
    let mut broken = 0;
    loop {
        let before = bytes.len();
        let from = range.start + before as u64;
        let body = get_body(&client, &object, from..range.end).await?;
        let trouble = match drain(body, &mut bytes).await {
            Ok(()) if bytes.len() == wanted => return Ok(bytes.freeze()),
            Ok(()) if bytes.len() > wanted => {
                return Err(SourceError::Failed("the store sent more bytes than requested".into()));
            }
            Ok(()) => "the body ended early".to_string(),
            Err(error) => error,
        };
        broken = if bytes.len() > before { 0 } else { broken + 1 };
        if broken == BROKEN_BODIES {
            return Err(SourceError::Failed(trouble));
        }
        tracing::debug!(trouble, good = bytes.len(), wanted, "the body broke; requesting the rest again");
        tokio::time::sleep(Duration::from_millis(50 << broken)).await;
    }
}

/// Requests a range of the pinned object, and accepts only that as an answer.
async fn get_body(client: &Client, object: &PinnedObject, range: Range<u64>) -> Result<ByteStream, SourceError> {
    let request = client
        .get_object()
        .bucket(&object.bucket)
        .key(&object.key)
        .set_version_id(object.version.clone())
        .if_match(format!("\"{}\"", object.etag))
        .range(format!("bytes={}-{}", range.start, range.end - 1))
        .set_expected_bucket_owner(object.owner.clone());
    let answer = request.send().await.map_err(|error| classify(&error))?;
    match content_range(&answer) {
        Some((start, size)) if start == range.start && size == object.size => Ok(answer.body),
        Some((_, size)) if size != object.size => Err(SourceError::Changed),
        _ => Err(SourceError::Failed("the store did not answer with the requested range".into())),
    }
}

/// The answer to a HEAD has no body, so a 400 does not say why. Reading the first byte does.
async fn reason(client: &Client, named: &PinnedObject, said: SourceError, status: Option<u16>) -> SourceError {
    if status != Some(400) {
        return said;
    }
    let request = client.get_object().bucket(&named.bucket).key(&named.key).set_version_id(named.version.clone());
    let answer = request.range("bytes=0-0").set_expected_bucket_owner(named.owner.clone()).send().await;
    answer.err().map_or(said, |error| classify(&error))
}

/// The first byte and the object's size of `bytes 0-99/1000`.
fn content_range(answer: &GetObjectOutput) -> Option<(u64, u64)> {
    let (range, size) = answer.content_range()?.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, size.parse().ok()?))
}

async fn drain(mut body: ByteStream, bytes: &mut BytesMut) -> Result<(), String> {
    while let Some(chunk) = body.next().await {
        bytes.extend_from_slice(&chunk.map_err(|error| DisplayErrorContext(error).to_string())?);
    }
    Ok(())
}

/// The meaning of an S3 error for a reader.
fn classify<E>(error: &SdkError<E>) -> SourceError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match (status(error), error.code()) {
        (_, Some("NoSuchBucket")) => SourceError::NoSuchBucket,
        (_, Some("InvalidObjectState")) => SourceError::Archived,
        (Some(400), Some("InvalidRequest")) if names_encryption(error.message()) => SourceError::CustomerKey,
        (Some(404), _) => SourceError::NoSuchObject,
        // 416: the object is now shorter than before.
        (Some(412 | 416), _) => SourceError::Changed,
        (Some(403), _) => SourceError::Denied(why(error)),
        (Some(301), _) => SourceError::Elsewhere(elsewhere(error).unwrap_or_default()),
        _ => SourceError::Failed(why(error)),
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// `InvalidRequest` has many causes. Only the message tells that the reader must send a key.
fn names_encryption(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.to_ascii_lowercase().contains("server side encryption"))
}

fn ending() -> SourceError {
    SourceError::Failed("the process is shutting down".into())
}
