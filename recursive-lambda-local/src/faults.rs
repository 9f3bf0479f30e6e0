//! Faults of the S3 and Lambda APIs, chosen by a closure that the test sets. Without a closure, this module does nothing.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::StatusCode;
use tokio::time::Sleep;

use crate::concurrency::locked;
use crate::http::{BoxError, Hangup};

/// The operation of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// `GetObject`.
    GetObject,
    /// `HeadObject`.
    HeadObject,
    /// `PutObject`.
    PutObject,
    /// `DeleteObject`.
    DeleteObject,
    /// `ListObjects` and `ListObjectsV2`.
    ListObjects,
    /// `CreateMultipartUpload`, `UploadPart`, `CompleteMultipartUpload`, `AbortMultipartUpload`.
    Multipart,
    /// Lambda's `Invoke`.
    Invoke,
    /// Any other operation.
    Other,
}

/// A request, before it is handled.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ApiCall {
    /// The operation.
    pub operation: Operation,
    /// The bucket, or the function's name.
    pub bucket: String,
    /// The decoded key of the object; empty if the request has no key.
    pub key: String,
    /// The `Range` header.
    pub range: Option<String>,
    /// The number of this request among those with the same operation, bucket and key, from 1.
    pub nth: u64,
}

/// A fault of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The request is handled after this delay.
    Delay(Duration),
    /// The request is refused with 503 (`SlowDown`, `ServiceException`) and has no effect.
    Unavailable,
    /// The request is refused with this status and error code, for example 409 `ConditionalRequestConflict`, and has no effect.
    Refuse(u16, &'static str),
    /// Like `Refuse`, with S3's message, for errors that differ only in the message.
    RefuseSaying(u16, &'static str, &'static str),
    /// The request is refused with 301 `PermanentRedirect` and has no effect, as if the bucket were in this other region.
    Moved(&'static str),
    /// The connection is closed before the request is handled. The request has no effect.
    Hangup,
    /// The response body is cut after this many bytes, and the connection is closed.
    CutBody(u64),
    /// The request takes effect, but the connection is closed without a response.
    LoseResponse,
    /// The request takes effect, and the response is sent after this delay.
    DelayResponse(Duration),
}

type Hook = Arc<dyn Fn(&ApiCall) -> Option<Fault> + Send + Sync>;

/// The test's closure, and the number of requests seen so far.
#[derive(Default)]
pub(crate) struct Faults {
    hook: Mutex<Option<Hook>>,
    seen: Mutex<HashMap<(Operation, String, String), u64>>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faults")
    }
}

impl Faults {
    pub(crate) fn set(&self, hook: Option<Hook>) {
        *locked(&self.hook) = hook;
        locked(&self.seen).clear();
    }

    pub(crate) fn choose(&self, operation: Operation, bucket: &str, key: &str, range: Option<&str>) -> Option<Fault> {
        let hook = locked(&self.hook).clone()?;
        let nth = {
            let mut seen = locked(&self.seen);
            let nth = seen.entry((operation, bucket.to_owned(), key.to_owned())).or_default();
            *nth += 1;
            *nth
        };
        hook(&ApiCall { operation, bucket: bucket.to_owned(), key: key.to_owned(), range: range.map(str::to_owned), nth })
    }
}

/// Applies the part of a fault that comes before the request is handled. `Some` means: refuse the request with this status and code.
pub(crate) async fn before(
    fault: Option<Fault>,
    unavailable: &'static str,
) -> Result<Option<(StatusCode, &'static str)>, Hangup> {
    match fault {
        Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
        Some(Fault::Hangup) => return Err(Hangup),
        Some(Fault::Unavailable) => return Ok(Some((StatusCode::SERVICE_UNAVAILABLE, unavailable))),
        Some(Fault::Refuse(status, code) | Fault::RefuseSaying(status, code, _)) => {
            return Ok(Some((StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), code)));
        }
        Some(Fault::Moved(_)) => return Ok(Some((StatusCode::MOVED_PERMANENTLY, "PermanentRedirect"))),
        Some(Fault::CutBody(_) | Fault::LoseResponse | Fault::DelayResponse(_)) | None => {}
    }
    Ok(None)
}

/// Applies the part of a fault that comes after the request took effect.
pub(crate) async fn after(fault: Option<Fault>) -> Result<(), Hangup> {
    match fault {
        Some(Fault::LoseResponse) => Err(Hangup),
        Some(Fault::DelayResponse(delay)) => {
            tokio::time::sleep(delay).await;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A body that counts its bytes and fails after `cut` of them.
pub(crate) struct MeteredBody<B> {
    inner: Pin<Box<B>>,
    meter: Arc<dyn Fn(u64) + Send + Sync>,
    cut: Option<u64>,
    flush: Option<Pin<Box<Sleep>>>,
}

impl<B> MeteredBody<B> {
    pub(crate) fn new(inner: B, cut: Option<u64>, meter: Arc<dyn Fn(u64) + Send + Sync>) -> Self {
        Self { inner: Box::pin(inner), meter, cut, flush: None }
    }
}

/// The delay after the cut, so that the bytes before it are sent before the connection closes.
const FLUSH: Duration = Duration::from_millis(10);

impl<B> Body for MeteredBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.cut == Some(0) {
            let sleep = self.flush.get_or_insert_with(|| Box::pin(tokio::time::sleep(FLUSH)));
            return sleep.as_mut().poll(context).map(|()| Some(Err(Hangup.into())));
        }
        let frame = std::task::ready!(self.inner.as_mut().poll_frame(context));
        Poll::Ready(frame.map(|frame| {
            let frame = frame.map_err(Into::into)?;
            match frame.into_data() {
                Ok(mut data) => {
                    if let Some(cut) = self.cut.as_mut() {
                        data.truncate(usize::try_from(*cut).unwrap_or(usize::MAX));
                        *cut -= data.len() as u64;
                    }
                    (self.meter)(data.len() as u64);
                    Ok(Frame::data(data))
                }
                Err(trailers) => Ok(trailers),
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.cut != Some(0) && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
