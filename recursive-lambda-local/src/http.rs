//! The HTTP/1.1 server that every listener of the platform uses. It binds 127.0.0.1 only.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::header::{DATE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::concurrency::Owned;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The error that closes a connection without a response.
#[derive(Debug)]
pub(crate) struct Hangup;

impl std::fmt::Display for Hangup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is closed on purpose")
    }
}

impl std::error::Error for Hangup {}

/// A listener and its connections; all are closed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    _accepting: Owned,
}

/// A socket that does not accept connections yet. Its address is known before its service exists.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn serve<S, F, B>(self, serve: S) -> Server
    where
        S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Response<B>, Hangup>> + Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let Self { listener, address } = self;
        Server { address, _accepting: Owned::spawn(accept(listener, serve)) }
    }
}

impl Server {
    pub(crate) async fn bind() -> std::io::Result<Bound> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok(Bound { listener, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept<S, F, B>(listener: TcpListener, serve: S)
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<B>, Hangup>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut connections = JoinSet::new();
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            // Most likely out of file descriptors. Connections that end free some.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let _ = socket.set_nodelay(true);
        let serve = serve.clone();
        connections.spawn(async move {
            let dated = service_fn(move |request| {
                let response = serve(request);
                async move { response.await.map(dated) }
            });
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), dated);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended");
            }
        });
    }
}

/// Sets `Date` from the clock that also sets the objects' times, so that the difference is the age of an object.
fn dated<B>(mut response: Response<B>) -> Response<B> {
    if let Ok(now) = HeaderValue::try_from(http_date(SystemTime::now())) {
        response.headers_mut().insert(DATE, now);
    }
    response
}

/// The time in the format of HTTP headers: `Mon, 23 Nov 2026 08:12:31 GMT`.
pub(crate) fn http_date(time: SystemTime) -> String {
    let mut text = Vec::new();
    let format = s3s::dto::TimestampFormat::HttpDate;
    if s3s::dto::Timestamp::from(time).format(format, &mut text).is_err() {
        text.clear();
    }
    String::from_utf8(text).unwrap_or_default()
}

pub(crate) type Reply = Response<Full<Bytes>>;

pub(crate) fn reply(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}

pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Reply {
    let mut response = reply(status, value.to_string());
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Sets a header, unless the text is not a valid header value.
pub(crate) fn set_header<B>(response: &mut Response<B>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}
