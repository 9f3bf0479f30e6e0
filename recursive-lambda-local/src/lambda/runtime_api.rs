//! Lambda's Runtime API, with one listener per process. It turns requests into calls to the container, which owns all state.

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::MAX_SYNC_PAYLOAD;
use crate::http::{self, Hangup, Reply, Server};

/// The channel for the reply to a call. It is closed if the process no longer waits for the reply.
pub(crate) type Answer = oneshot::Sender<Reply>;

/// A call from the process.
#[derive(Debug)]
pub(crate) enum Call {
    /// The process asks for the next event.
    Next(Answer),
    /// The invocation with this request id succeeded.
    Done { request_id: String, payload: Bytes, answer: Answer },
    /// The invocation with this request id failed.
    Failed { request_id: String, error_type: String, message: String, answer: Answer },
    /// The process could not initialize.
    InitFailed { error_type: String, message: String, answer: Answer },
}

/// Starts a listener for one process.
pub(crate) async fn start() -> std::io::Result<(Server, mpsc::Receiver<Call>)> {
    let (calls, received) = mpsc::channel(8);
    let server = Server::bind().await?.serve(move |request| serve(request, calls.clone()));
    Ok((server, received))
}

async fn serve(request: Request<Incoming>, calls: mpsc::Sender<Call>) -> Result<Reply, Hangup> {
    let (parts, body) = request.into_parts();
    let path: Vec<&str> = parts.uri.path().trim_start_matches('/').split('/').collect();
    let error_type = parts.headers.get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok());
    let (answer, reply) = oneshot::channel();
    let mut too_large = false;
    let call = match (&parts.method, path.as_slice()) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => Call::Next(answer),
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
            let request_id = (*id).to_owned();
            match Limited::new(body, MAX_SYNC_PAYLOAD).collect().await {
                Ok(payload) => Call::Done { request_id, payload: payload.to_bytes(), answer },
                Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                    too_large = true;
                    let message =
                        format!("Response payload size exceeded maximum allowed payload size ({MAX_SYNC_PAYLOAD} bytes).");
                    Call::Failed { request_id, error_type: "Function.ResponseSizeTooLarge".to_owned(), message, answer }
                }
                Err(_) => return Err(Hangup),
            }
        }
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => {
            let (error_type, message) = read_error(body, error_type).await?;
            Call::Failed { request_id: (*id).to_owned(), error_type, message, answer }
        }
        (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => {
            let (error_type, message) = read_error(body, error_type).await?;
            Call::InitFailed { error_type, message, answer }
        }
        _ => return Ok(refuse(StatusCode::NOT_FOUND, "InvalidPath", "the Runtime API has no such operation")),
    };
    calls.send(call).await.map_err(|_| Hangup)?;
    let reply = reply.await.map_err(|_| Hangup)?;
    Ok(if too_large {
        refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "the response is too large")
    } else {
        reply
    })
}

/// The type and message of an error document. Any other body is the message itself.
async fn read_error(body: Incoming, header: Option<&str>) -> Result<(String, String), Hangup> {
    let body = Limited::new(body, MAX_SYNC_PAYLOAD).collect().await.map_err(|_| Hangup)?.to_bytes();
    let document: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |field: &str| document.get(field).and_then(Value::as_str).map(str::to_owned);
    let error_type = text("errorType").or_else(|| header.map(str::to_owned)).unwrap_or_else(|| "Unknown".to_owned());
    let message = text("errorMessage").unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
    Ok((error_type, message))
}

pub(crate) fn accepted() -> Reply {
    http::json(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

pub(crate) fn refuse(status: StatusCode, error_type: &str, message: &str) -> Reply {
    http::json(status, &json!({ "errorType": error_type, "errorMessage": message }))
}
