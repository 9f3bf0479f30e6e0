//! Lambda's public API, as the SDK calls it: Invoke, and GetFunctionConfiguration. Signatures are not checked.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Request, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::sync::oneshot;

use super::recursion::{LIMIT, RecursiveLoop, Trace, hash};
use super::{Event, Lambda, MAX_ASYNC_PAYLOAD, MAX_SYNC_PAYLOAD, request_id, unix_seconds};
use crate::faults::{Operation, after, before};
use crate::http::{self, Hangup, Reply};
use crate::journal::Outcome;
use crate::requests::Served;

/// The maximum request body that is read, in bytes.
const MAX_BODY: usize = 64 << 20;

impl Lambda {
    pub(crate) async fn serve(self: Arc<Self>, request: Request<Incoming>) -> Result<Reply, Hangup> {
        let fault = self.faults.choose(Operation::Invoke, &self.function.name, "", None);
        let is_invoke = request.method() == Method::POST;
        let operation = if is_invoke { Operation::Invoke } else { Operation::Other };
        let mut served = Served::begin(&self.journal, request.headers(), operation, (&self.function.name, ""), fault);
        if let Some((status, code)) = before(fault, "ServiceException").await? {
            served.decided(status);
            return Ok(refuse(status, code, "a fault injected by the test").reply());
        }
        let (parts, body) = request.into_parts();
        let Ok(payload) = Limited::new(body, MAX_BODY).collect().await else { return Err(Hangup) };
        let path = parts.uri.path().strip_prefix("/2015-03-31/functions/");
        let configured = path.and_then(|path| path.strip_suffix("/configuration"));
        let name = path.and_then(|path| path.strip_suffix("/invocations").or_else(|| path.strip_suffix("/invocations/")));
        let reply = match (&parts.method, name) {
            (&Method::POST, Some(name)) => {
                let name = percent_decode_str(name).decode_utf8_lossy();
                self.invoke(&name, parts.uri.query().unwrap_or_default(), &parts.headers, payload.to_bytes()).await
            }
            (&Method::GET, None) if let Some(name) = configured => {
                let name = percent_decode_str(name).decode_utf8_lossy();
                self.configuration(&name, parts.uri.query().unwrap_or_default())
            }
            _ => {
                let message = "this platform supports only Invoke and GetFunctionConfiguration";
                Err(refuse(StatusCode::NOT_FOUND, "UnknownOperationException", message))
            }
        };
        let mut reply = reply.unwrap_or_else(|refusal| refusal.reply());
        if reply.headers().get("x-amzn-requestid").is_none() {
            http::set_header(&mut reply, "x-amzn-requestid", &request_id());
        }
        served.decided(reply.status());
        after(fault).await?;
        Ok(reply)
    }

    fn configuration(&self, name: &str, query: &str) -> Result<Reply, Refusal> {
        let function_arn = self.resolve(name, query)?;
        let variables: serde_json::Map<_, _> =
            self.function.environment.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let settings = json!({
            "FunctionName": self.function.name,
            "FunctionArn": function_arn,
            "Timeout": self.function.timeout.as_secs(),
            "MemorySize": self.function.memory_mb,
            "Environment": { "Variables": variables },
        });
        Ok(http::json(StatusCode::OK, &settings))
    }

    async fn invoke(self: Arc<Self>, name: &str, query: &str, headers: &HeaderMap, payload: Bytes) -> Result<Reply, Refusal> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let function_arn = self.resolve(name, query)?;
        let kind = header("x-amz-invocation-type").unwrap_or_else(|| "RequestResponse".to_owned());
        let limit = match kind.as_str() {
            "RequestResponse" => MAX_SYNC_PAYLOAD,
            "Event" => MAX_ASYNC_PAYLOAD,
            "DryRun" => return Ok(http::reply(StatusCode::NO_CONTENT, Bytes::new())),
            _ => {
                let message = "InvocationType must be RequestResponse, Event or DryRun";
                return Err(refuse(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message));
            }
        };
        if payload.len() > limit {
            let message = format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
            return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message));
        }
        let payload = if payload.is_empty() { Bytes::from_static(b"{}") } else { payload };
        if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
            let message = format!("Could not parse request body into json: {error}");
            return Err(refuse(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message));
        }

        let own = hash(&self.function.arn);
        let trace = Trace::parse(&header("x-amzn-trace-id").unwrap_or_default(), unix_seconds());
        let count = trace.count(&own);
        let stopped = count >= LIMIT && self.function.recursive_loop == RecursiveLoop::Terminate;
        let event = Event {
            request_id: request_id(),
            payload,
            function_arn,
            trace: trace.extended(&own).header(),
            client_context: header("x-amz-client-context"),
            tenant_id: header("x-amz-tenant-id"),
        };
        let request_id = event.request_id.clone();
        let mut reply = if kind == "Event" {
            self.accept(event, stopped.then_some(count));
            http::reply(StatusCode::ACCEPTED, Bytes::new())
        } else if stopped {
            let message = "Lambda has detected your function being invoked in a recursive loop.";
            return Err(refuse(StatusCode::BAD_REQUEST, "RecursiveInvocationException", message));
        } else {
            self.answer(event).await?
        };
        http::set_header(&mut reply, "x-amzn-requestid", &request_id);
        Ok(reply)
    }

    /// Runs one invocation to its end, even if the caller disconnects. `None` if no container is free or the platform stops.
    pub(crate) async fn run_synchronously(self: &Arc<Self>, event: Event) -> Option<Outcome> {
        let permit = self.try_admit(&event.request_id)?;
        let (sender, outcome) = oneshot::channel();
        let (lambda, pending) = (Arc::clone(self), self.pending());
        self.tasks.spawn(async move {
            let outcome = lambda.attempt(&event, 1, permit).await;
            drop(pending);
            let _ = sender.send(outcome);
        });
        outcome.await.ok()
    }

    async fn answer(self: &Arc<Self>, event: Event) -> Result<Reply, Refusal> {
        let Some(outcome) = self.run_synchronously(event).await else {
            return Err(refuse(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded."));
        };
        let mut reply = match (&outcome, outcome.error()) {
            (Outcome::Ok(payload), _) => http::reply(StatusCode::OK, payload.clone()),
            (_, error) => {
                let (error_type, message) = error.unwrap_or_default();
                let mut reply = http::json(StatusCode::OK, &json!({ "errorType": error_type, "errorMessage": message }));
                http::set_header(&mut reply, "x-amz-function-error", "Unhandled");
                reply
            }
        };
        http::set_header(&mut reply, "x-amz-executed-version", "$LATEST");
        Ok(reply)
    }

    /// The invoked ARN, from a name, a partial ARN or a full ARN, with or without a qualifier.
    fn resolve(&self, name: &str, query: &str) -> Result<String, Refusal> {
        let unknown = || {
            let message = "Function not found";
            refuse(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        };
        let account_and_name = self.function.arn.split(':').skip(4).collect::<Vec<_>>().join(":");
        let mut rest = None;
        for known in [&self.function.arn, &account_and_name, &self.function.name] {
            rest = rest.or_else(|| match name.strip_prefix(known.as_str())? {
                "" => Some(None),
                qualifier => qualifier.strip_prefix(':').map(Some),
            });
        }
        let in_name = rest.ok_or_else(unknown)?.map(str::to_owned);
        let in_query = query.split('&').find_map(|pair| pair.strip_prefix("Qualifier="));
        let in_query = in_query.map(|qualifier| percent_decode_str(qualifier).decode_utf8_lossy().into_owned());
        if in_name.is_some() && in_query.is_some() && in_name != in_query {
            let message = "The derived qualifier from the function name does not match the specified qualifier.";
            return Err(refuse(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message));
        }
        match in_name.or(in_query) {
            None => Ok(self.function.arn.clone()),
            Some(qualifier) if qualifier == "$LATEST" || self.function.qualifiers.contains(&qualifier) => {
                Ok(format!("{}:{qualifier}", self.function.arn))
            }
            Some(_) => Err(unknown()),
        }
    }
}

/// The error response to a request.
pub(super) struct Refusal {
    status: StatusCode,
    error_type: &'static str,
    message: String,
}

fn refuse(status: StatusCode, error_type: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { status, error_type, message: message.into() }
}

impl Refusal {
    fn reply(self) -> Reply {
        let kind = if self.status.is_server_error() { "Service" } else { "User" };
        let mut reply = http::json(self.status, &json!({ "Type": kind, "Message": self.message, "message": self.message }));
        http::set_header(&mut reply, "x-amzn-errortype", self.error_type);
        reply
    }
}
