//! A container: a temporary folder and a process that gets one event at a time. When the process ends, the folder stays for the next
//! process, like /tmp on Lambda.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hyper::StatusCode;
use tempfile::TempDir;

use super::process::Process;
use super::runtime_api::{Call, accepted, refuse};
use super::{Event, Function};
use crate::http;
use crate::journal::{ContainerId, Journal, Outcome, What};

pub(crate) struct Container {
    pub(crate) id: ContainerId,
    tmp: TempDir,
    process: Option<Process>,
}

impl Container {
    pub(crate) fn create(id: ContainerId, function: &Function) -> std::io::Result<Self> {
        let tmp = tempfile::Builder::new().prefix(&format!("{id}-")).tempdir_in(&function.tmp)?;
        Ok(Self { id, tmp, process: None })
    }

    /// Ensures that a process is waiting for an event. The error is the outcome of the invocation.
    pub(crate) async fn make_ready(&mut self, function: &Function, journal: &Arc<Journal>) -> Result<(), Outcome> {
        if let Some(mut process) = self.process.take() {
            if process.is_alive() && process.waiting.as_ref().is_some_and(|waiting| !waiting.is_closed()) {
                self.process = Some(process);
                return Ok(());
            }
            process.end().await;
        }
        let error = |error_type: &str, message: String| Outcome::Error { error_type: error_type.to_owned(), message };
        let mut process = Process::start(function, self.id, self.tmp.path(), journal)
            .await
            .map_err(|cause| error("Runtime.InvalidEntrypoint", format!("cannot start the binary: {cause}")))?;
        let failure = match tokio::time::timeout(function.init_timeout, process.next_call()).await {
            Ok(Ok(Call::Next(answer))) => {
                process.waiting = Some(answer);
                self.process = Some(process);
                return Ok(());
            }
            Ok(Ok(Call::InitFailed { error_type, message, answer })) => {
                let _ = answer.send(accepted());
                error(&error_type, message)
            }
            Ok(Ok(Call::Done { .. } | Call::Failed { .. })) => {
                error("Runtime.InvalidStateTransition", "the runtime answered before it received an event".to_owned())
            }
            Ok(Err(status)) => error("Runtime.ExitError", format!("the runtime exited before it asked for an event: {status}")),
            Err(_) => error("Sandbox.Timedout", "the runtime did not ask for an event in time".to_owned()),
        };
        process.end().await;
        Err(failure)
    }

    /// Gives the waiting process an event, and returns when the process waits again, exits or is killed. `killed` resolves when a fault
    /// kills the process.
    pub(crate) async fn invoke(
        &mut self,
        function: &Function,
        journal: &Journal,
        event: &Event,
        killed: impl Future<Output = ()>,
    ) -> Outcome {
        let not_waiting = || Outcome::Crashed { status: "the process was not waiting for an event".to_owned() };
        let Some(mut process) = self.process.take() else { return not_waiting() };
        let Some(waiting) = process.waiting.take() else { return not_waiting() };
        let deadline = Instant::now() + function.timeout;
        let _ = waiting.send(delivery(function, event));

        let mut outcome = None;
        tokio::pin!(killed);
        let time_out = tokio::time::sleep_until(deadline.into());
        tokio::pin!(time_out);
        loop {
            let call = tokio::select! {
                biased;
                call = process.next_call() => call,
                () = &mut killed, if outcome.is_none() => {
                    journal.record(What::Killed { container: self.id, request_id: event.request_id.clone() });
                    let status = process.end().await;
                    return Outcome::Crashed { status };
                }
                () = &mut time_out => {
                    process.end().await;
                    return outcome.unwrap_or(Outcome::TimedOut);
                }
            };
            match call {
                Ok(Call::Next(answer)) => {
                    if let Some(outcome) = outcome {
                        process.waiting = Some(answer);
                        self.process = Some(process);
                        return outcome;
                    }
                    process.end().await;
                    let message = "the runtime asked for the next event before it answered the current one".to_owned();
                    return Outcome::Error { error_type: "Runtime.InvalidStateTransition".to_owned(), message };
                }
                Ok(Call::Done { request_id, payload, answer }) => {
                    let matches = outcome.is_none() && request_id == event.request_id;
                    let _ = answer.send(if matches { accepted() } else { wrong_id() });
                    outcome = outcome.or_else(|| matches.then_some(Outcome::Ok(payload)));
                }
                Ok(Call::Failed { request_id, error_type, message, answer }) => {
                    let matches = outcome.is_none() && request_id == event.request_id;
                    let _ = answer.send(if matches { accepted() } else { wrong_id() });
                    outcome = outcome.or_else(|| matches.then_some(Outcome::Error { error_type, message }));
                }
                Ok(Call::InitFailed { answer, .. }) => {
                    let _ = answer.send(refuse(StatusCode::FORBIDDEN, "InvalidStateTransition", "initialization is over"));
                }
                Err(status) => {
                    process.end().await;
                    return outcome.unwrap_or(Outcome::Crashed { status });
                }
            }
        }
    }

    pub(crate) async fn end(self) {
        if let Some(process) = self.process {
            process.end().await;
        }
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(|process| process.pid)
    }

    pub(crate) fn tmp(&self) -> &std::path::Path {
        self.tmp.path()
    }
}

pub(super) fn wrong_id() -> http::Reply {
    refuse(StatusCode::BAD_REQUEST, "InvalidRequestID", "not the request id of the event in progress")
}

/// The reply to `next`. The deadline is the wall-clock time at which the time-out will be enforced.
pub(super) fn delivery(function: &Function, event: &Event) -> http::Reply {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + function.timeout;
    let mut reply = http::reply(StatusCode::OK, event.payload.clone());
    let deadline = millis(deadline);
    for (name, value) in [
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", &event.request_id),
        ("lambda-runtime-deadline-ms", &deadline),
        ("lambda-runtime-invoked-function-arn", &event.function_arn),
        ("lambda-runtime-trace-id", &event.trace),
    ] {
        http::set_header(&mut reply, name, value);
    }
    if let Some(context) = &event.client_context {
        http::set_header(&mut reply, "lambda-runtime-client-context", context);
    }
    if let Some(tenant) = &event.tenant_id {
        http::set_header(&mut reply, "lambda-runtime-aws-tenant-id", tenant);
    }
    reply
}

fn millis(time: Duration) -> String {
    time.as_millis().to_string()
}
