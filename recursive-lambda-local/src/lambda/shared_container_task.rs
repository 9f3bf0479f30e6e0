//! The task that owns one shared container: its process, the events that wait for it, and the invocations in progress.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hyper::StatusCode;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};

use super::container::{delivery, wrong_id};
use super::process::Process;
use super::runtime_api::{Answer, Call, accepted, refuse};
use super::{Event, Function};
use crate::http::Reply;
use crate::journal::{ContainerId, Journal, Outcome, What};

/// A command to the task.
pub(super) enum Command {
    /// Delivers an event to the process. `delivered` is sent when the process has the event.
    Event { event: Event, attempt: u32, delivered: oneshot::Sender<()>, ended: oneshot::Sender<Ended> },
    /// A fault: kills the process if it has this event.
    Kill { request_id: String },
    /// Stops the container.
    End(oneshot::Sender<()>),
}

/// How an invocation ended.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
}

struct Waiting {
    event: Event,
    attempt: u32,
    delivered: oneshot::Sender<()>,
    ended: oneshot::Sender<Ended>,
}

struct InFlight {
    request_id: String,
    started: Instant,
    /// `None` after a time-out: the invocation continues, but no caller waits for it.
    ended: Option<oneshot::Sender<Ended>>,
}

pub(super) struct SharedContainerTask {
    function: Function,
    journal: Arc<Journal>,
    id: ContainerId,
    tmp: TempDir,
    pid: Arc<AtomicU32>,
    commands: mpsc::UnboundedReceiver<Command>,
    process: Option<Process>,
    /// Whether this process has asked for an event.
    ready: bool,
    /// The time of the process's last call, or of its start.
    last_call: Instant,
    polls: VecDeque<Answer>,
    queue: VecDeque<Waiting>,
    in_flight: Vec<InFlight>,
}

impl SharedContainerTask {
    pub(super) fn new(
        function: Function,
        journal: Arc<Journal>,
        id: ContainerId,
        tmp: TempDir,
        pid: Arc<AtomicU32>,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        let (polls, queue, in_flight) = Default::default();
        let last_call = Instant::now();
        Self { function, journal, id, tmp, pid, commands, process: None, ready: false, last_call, polls, queue, in_flight }
    }

    pub(super) async fn run(mut self) {
        loop {
            if self.process.is_none() && !self.queue.is_empty() {
                self.start().await;
            }
            self.deliver();
            let wake = self.wake();
            tokio::select! {
                biased;
                call = next_call(&mut self.process) => self.handle_call(call).await,
                command = self.commands.recv() => match command {
                    Some(Command::Event { event, attempt, delivered, ended }) => {
                        self.queue.push_back(Waiting { event, attempt, delivered, ended });
                    }
                    Some(Command::Kill { request_id }) => self.kill(request_id).await,
                    Some(Command::End(ended)) => {
                        self.end().await;
                        let _ = self.tmp.close();
                        let _ = ended.send(());
                        return;
                    }
                    None => {
                        self.end().await;
                        return;
                    }
                },
                () = tokio::time::sleep_until(wake.into()) => self.check_deadlines().await,
            }
        }
    }

    async fn start(&mut self) {
        (self.ready, self.last_call) = (false, Instant::now());
        match Process::start(&self.function, self.id, self.tmp.path(), &self.journal).await {
            Ok(process) => {
                self.pid.store(process.pid, Ordering::Relaxed);
                self.process = Some(process);
            }
            Err(cause) => self.refuse_all("Runtime.InvalidEntrypoint", &format!("cannot start the binary: {cause}")),
        }
    }

    /// Gives a waiting event to each worker of the process that asks for one.
    fn deliver(&mut self) {
        self.polls.retain(|poll| !poll.is_closed());
        while !self.queue.is_empty() {
            let Some(poll) = self.polls.pop_front() else { return };
            let Some(Waiting { event, attempt, delivered, ended }) = self.queue.pop_front() else { return };
            self.started(&event, attempt);
            let _ = poll.send(delivery(&self.function, &event));
            let _ = delivered.send(());
            self.in_flight.push(InFlight { request_id: event.request_id, started: Instant::now(), ended: Some(ended) });
        }
    }

    fn started(&self, event: &Event, attempt: u32) {
        let (container, request_id, payload) = (self.id, event.request_id.clone(), event.payload.clone());
        self.journal.record(What::InvocationStarted { container, request_id, attempt, payload });
    }

    /// The next time at which a deadline may pass.
    fn wake(&self) -> Instant {
        let deadlines = self.live().map(|one| one.started + self.function.timeout);
        let stuck = self.is_stuck().then(|| self.last_call + self.function.init_timeout);
        deadlines.chain(stuck).min().unwrap_or_else(|| Instant::now() + Duration::from_secs(3600))
    }

    fn live(&self) -> impl Iterator<Item = &InFlight> {
        self.in_flight.iter().filter(|one| one.ended.is_some())
    }

    /// Whether events wait and no invocation is in progress that could free a worker for them.
    fn is_stuck(&self) -> bool {
        self.process.is_some() && !self.queue.is_empty() && self.live().next().is_none()
    }

    async fn check_deadlines(&mut self) {
        let now = Instant::now();
        for one in self.in_flight.iter_mut().filter(|one| one.started + self.function.timeout <= now) {
            end(one.ended.take(), Outcome::TimedOut, one.started);
        }
        if self.is_stuck() && self.last_call + self.function.init_timeout <= now {
            self.end().await;
            if !self.ready {
                self.refuse_all("Sandbox.Timedout", "the runtime did not ask for an event in time");
            }
        }
    }

    async fn handle_call(&mut self, call: Result<Call, String>) {
        self.last_call = Instant::now();
        match call {
            Ok(Call::Next(poll)) => {
                self.ready = true;
                self.polls.push_back(poll);
            }
            Ok(Call::Done { request_id, payload, answer }) => {
                let _ = answer.send(self.done(&request_id, Outcome::Ok(payload)));
            }
            Ok(Call::Failed { request_id, error_type, message, answer }) => {
                let _ = answer.send(self.done(&request_id, Outcome::Error { error_type, message }));
            }
            Ok(Call::InitFailed { answer, .. }) if self.ready => {
                let _ = answer.send(refuse(StatusCode::FORBIDDEN, "InvalidStateTransition", "initialization is over"));
            }
            Ok(Call::InitFailed { error_type, message, answer }) => {
                let _ = answer.send(accepted());
                self.end().await;
                self.refuse_all(&error_type, &message);
            }
            Err(status) => {
                self.end().await;
                if !self.ready {
                    self.refuse_all("Runtime.ExitError", &format!("the runtime exited before it asked for an event: {status}"));
                }
            }
        }
    }

    fn done(&mut self, request_id: &str, outcome: Outcome) -> Reply {
        // A duplicate event has the same request id. Either answer may serve either copy.
        let found = |live: bool| move |one: &InFlight| one.request_id == request_id && one.ended.is_some() == live;
        let index = self.in_flight.iter().position(found(true)).or_else(|| self.in_flight.iter().position(found(false)));
        let Some(index) = index else { return wrong_id() };
        let one = self.in_flight.remove(index);
        if one.ended.is_none() {
            return refuse(StatusCode::GONE, "InvocationTimedOut", "this invocation timed out");
        }
        end(one.ended, outcome, one.started);
        accepted()
    }

    async fn kill(&mut self, request_id: String) {
        if self.live().any(|one| one.request_id == request_id) {
            self.journal.record(What::Killed { container: self.id, request_id });
            self.end().await;
        }
    }

    /// Kills the process; all its invocations fail. Waiting events get a new process.
    async fn end(&mut self) {
        self.polls.clear();
        self.pid.store(0, Ordering::Relaxed);
        let Some(process) = self.process.take() else { return };
        let status = process.end().await;
        for one in self.in_flight.drain(..) {
            end(one.ended, Outcome::Crashed { status: status.clone() }, one.started);
        }
    }

    /// Fails every waiting event because the process could not start.
    fn refuse_all(&mut self, error_type: &str, message: &str) {
        for waiting in std::mem::take(&mut self.queue) {
            self.started(&waiting.event, waiting.attempt);
            let (error_type, message) = (error_type.to_owned(), message.to_owned());
            end(Some(waiting.ended), Outcome::Error { error_type, message }, Instant::now());
        }
    }
}

fn end(ended: Option<oneshot::Sender<Ended>>, outcome: Outcome, started: Instant) {
    if let Some(ended) = ended {
        let _ = ended.send(Ended { outcome, took: started.elapsed() });
    }
}

async fn next_call(process: &mut Option<Process>) -> Result<Call, String> {
    match process {
        Some(process) => process.next_call().await,
        None => std::future::pending().await,
    }
}
