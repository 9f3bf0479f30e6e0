//! Faults of the two APIs, chosen by a closure of the test. Without one, nothing here does anything.

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

use crate::http::{BoxError, Hangup};
use crate::sync::locked;

/// What one request to an API asks for.
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
    /// Everything else.
    Other,
}

/// One request, before it is handled.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ApiCall {
    /// What is asked for.
    pub operation: Operation,
    /// The bucket, or the function's name.
    pub bucket: String,
    /// The object's key, decoded; empty if the request has no key.
    pub key: String,
    /// The `Range` header of a read.
    pub range: Option<String>,
    /// 1 for the first request with this operation, bucket and key.
    pub nth: u64,
}

/// The fault of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The request waits this long before it is looked at.
    Delay(Duration),
    /// It is refused with 503 (`SlowDown`, `ServiceException`) and has no effect.
    Unavailable,
    /// It is refused with this status and error code, for instance 409 `ConditionalRequestConflict`, and has no effect.
    Refuse(u16, &'static str),
    /// The same with the message that S3 gives, for what only the message tells apart.
    RefuseSaying(u16, &'static str, &'static str),
    /// It is refused with 301 `PermanentRedirect`, as S3 does where the bucket is in this other region, and has no effect.
    Moved(&'static str),
    /// The connection is closed before the request is looked at; no effect.
    Hangup,
    /// The response's body ends after this many bytes and the connection is closed.
    CutBody(u64),
    /// The request has its effect, then the connection is closed without a response.
    LoseResponse,
    /// The request has its effect; the response comes this much later.
    DelayResponse(Duration),
}

type Hook = Arc<dyn Fn(&ApiCall) -> Option<Fault> + Send + Sync>;

/// Where the test's closure and the counts it is asked with live.
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

/// Performs the part of a fault that comes before the request is looked at. `Some`: refuse it with this status and code.
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

/// Performs the part of a fault that comes after the request had its effect.
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

/// A body whose bytes are counted, and which breaks after `cut` of them.
pub(crate) struct MeteredBody<B> {
    inner: Pin<Box<B>>,
    meter: Arc<dyn Fn(u64) + Send + Sync>,
    cut: Option<u64>,
    breaking: Option<Pin<Box<Sleep>>>,
}

impl<B> MeteredBody<B> {
    pub(crate) fn new(inner: B, cut: Option<u64>, meter: Arc<dyn Fn(u64) + Send + Sync>) -> Self {
        Self { inner: Box::pin(inner), meter, cut, breaking: None }
    }
}

/// So that what was sent before the cut has left this process when the connection closes.
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
            let sleep = self.breaking.get_or_insert_with(|| Box::pin(tokio::time::sleep(FLUSH)));
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
