//! Lambda's asynchronous queue, which AWS's emulator lacks. Accepts `Event` invocations with 202, passes them to the emulator one at a
//! time, and retries failures. Neither loses nor duplicates events.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// The delays before the second and third attempts. Longer than a lease of 2 s takes to count as expired.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(4500); 2];
/// Longer than all time-outs of functions in these tests.
const TOO_LONG: Duration = Duration::from_secs(60);

pub(crate) struct Queue {
    shared: Arc<Shared>,
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

struct Shared {
    events: mpsc::UnboundedSender<Event>,
    /// The number of events that are queued, delayed or running.
    pending: watch::Sender<usize>,
    answers: Mutex<Vec<Answer>>,
}

struct Event {
    payload: Bytes,
    attempt: usize,
}

/// The emulator's response to one invocation, or its error.
pub(crate) type Answer = Result<String, String>;

impl Queue {
    pub(crate) async fn start(emulator: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, waiting) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { events, pending: watch::Sender::new(0), answers: Mutex::default() });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        tasks.spawn(work(waiting, emulator, Arc::clone(&shared)));
        Self { shared, address, _tasks: tasks }
    }

    /// The value of `AWS_ENDPOINT_URL_LAMBDA`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn send(&self, payload: impl Into<Bytes>) {
        self.shared.accept(payload.into());
    }

    /// Resolves when every event has succeeded or failed for the last time.
    pub(crate) async fn idle(&self) {
        self.shared.pending.subscribe().wait_for(|pending| *pending == 0).await.unwrap();
    }

    /// The responses to all attempts so far, in order.
    pub(crate) fn answers(&self) -> Vec<Answer> {
        self.shared.answers.lock().unwrap().clone()
    }
}

impl Shared {
    fn accept(&self, payload: Bytes) {
        self.pending.send_modify(|pending| *pending += 1);
        self.events.send(Event { payload, attempt: 1 }).unwrap();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
        connections.spawn(server::Builder::new().serve_connection(TokioIo::new(socket), service));
        while connections.try_join_next().is_some() {}
    }
}

/// Lambda's `Invoke`, limited to what a job needs.
async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Full<Bytes>>, Infallible> {
    let asynchronous = request.headers().get("x-amz-invocation-type").is_some_and(|kind| kind == "Event");
    let path = request.uri().path();
    let invoke = path.starts_with("/2015-03-31/functions/") && path.ends_with("/invocations");
    let status = if request.method() != Method::POST || !invoke || !asynchronous {
        StatusCode::BAD_REQUEST
    } else if let Ok(body) = request.into_body().collect().await {
        shared.accept(body.to_bytes());
        StatusCode::ACCEPTED
    } else {
        StatusCode::BAD_REQUEST
    };
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    Ok(response)
}

async fn work(mut waiting: mpsc::UnboundedReceiver<Event>, emulator: SocketAddr, shared: Arc<Shared>) {
    let mut delayed = JoinSet::new();
    while let Some(Event { payload, attempt }) = waiting.recv().await {
        let answer = tokio::time::timeout(TOO_LONG, invoke(emulator, payload.clone())).await;
        let answer = answer.unwrap_or_else(|_| Err("the emulator did not answer".to_owned()));
        let failed = answer.is_err();
        shared.answers.lock().unwrap().push(answer);
        match RETRY_DELAYS.get(attempt - 1).filter(|_| failed) {
            Some(delay) => {
                let events = shared.events.clone();
                delayed.spawn(async move {
                    tokio::time::sleep(*delay).await;
                    // The channel is closed only after the test.
                    let _ = events.send(Event { payload, attempt: attempt + 1 });
                });
            }
            None => shared.pending.send_modify(|pending| *pending -= 1),
        }
    }
}

/// Invokes the emulator once. It reports a time-out as plain text with status 200, a crash as 502, and an error of the function as a JSON
/// object with `errorType`.
async fn invoke(emulator: SocketAddr, payload: Bytes) -> Result<String, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let socket = TcpStream::connect(emulator).await.map_err(|error| text(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(|error| text(&error))?;
    let _connection = drive(connection);
    let request = Request::post("/2015-03-31/functions/function/invocations").header("host", emulator.to_string());
    let response = sender.send_request(request.body(Full::new(payload)).unwrap()).await.map_err(|error| text(&error))?;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|error| text(&error))?.to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    let succeeded = serde_json::from_str::<serde_json::Value>(&body).is_ok_and(|value| value.get("errorType").is_none());
    if status == StatusCode::OK && succeeded { Ok(body) } else { Err(format!("{status}: {body}")) }
}

/// Drives a connection until the returned set is dropped.
fn drive(connection: impl Future<Output = hyper::Result<()>> + Send + 'static) -> JoinSet<hyper::Result<()>> {
    let mut driving = JoinSet::new();
    driving.spawn(connection);
    driving
}
