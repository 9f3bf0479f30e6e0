//! The task that keeps one shared container: its process, who waits for an event in it, and which events are in it.

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

/// A request to the task.
pub(super) enum Order {
    /// An event for its process. `given` once the process has it.
    Event { event: Event, attempt: u32, given: oneshot::Sender<()>, ended: oneshot::Sender<Ended> },
    /// By a fault: the process must die if it has this event.
    Kill { request_id: String },
    /// The container must end.
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
    given: oneshot::Sender<()>,
    ended: oneshot::Sender<Ended>,
}

struct InFlight {
    request_id: String,
    started: Instant,
    /// `None` once its time was up: it goes on, but no caller waits for it.
    ended: Option<oneshot::Sender<Ended>>,
}

pub(super) struct SharedTask {
    function: Function,
    journal: Arc<Journal>,
    id: ContainerId,
    tmp: TempDir,
    pid: Arc<AtomicU32>,
    orders: mpsc::UnboundedReceiver<Order>,
    process: Option<Process>,
    /// Whether this process has asked for an event.
    ready: bool,
    /// When the process last said something, or was started.
    heard: Instant,
    polls: VecDeque<Answer>,
    queue: VecDeque<Waiting>,
    in_flight: Vec<InFlight>,
}

impl SharedTask {
    pub(super) fn new(
        function: Function,
        journal: Arc<Journal>,
        id: ContainerId,
        tmp: TempDir,
        pid: Arc<AtomicU32>,
        orders: mpsc::UnboundedReceiver<Order>,
    ) -> Self {
        let (polls, queue, in_flight) = Default::default();
        let heard = Instant::now();
        Self { function, journal, id, tmp, pid, orders, process: None, ready: false, heard, polls, queue, in_flight }
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
                call = next_call(&mut self.process) => self.called(call).await,
                order = self.orders.recv() => match order {
                    Some(Order::Event { event, attempt, given, ended }) => {
                        self.queue.push_back(Waiting { event, attempt, given, ended });
                    }
                    Some(Order::Kill { request_id }) => self.kill(request_id).await,
                    Some(Order::End(ended)) => {
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
                () = tokio::time::sleep_until(wake.into()) => self.look_at_the_clock().await,
            }
        }
    }

    async fn start(&mut self) {
        (self.ready, self.heard) = (false, Instant::now());
        match Process::start(&self.function, self.id, self.tmp.path(), &self.journal).await {
            Ok(process) => {
                self.pid.store(process.pid, Ordering::Relaxed);
                self.process = Some(process);
            }
            Err(cause) => self.refuse_all("Runtime.InvalidEntrypoint", &format!("the binary could not be started: {cause}")),
        }
    }

    /// Gives each worker of the process that asks for an event one.
    fn deliver(&mut self) {
        self.polls.retain(|poll| !poll.is_closed());
        while !self.queue.is_empty() {
            let Some(poll) = self.polls.pop_front() else { return };
            let Some(Waiting { event, attempt, given, ended }) = self.queue.pop_front() else { return };
            self.started(&event, attempt);
            let _ = poll.send(delivery(&self.function, &event));
            let _ = given.send(());
            self.in_flight.push(InFlight { request_id: event.request_id, started: Instant::now(), ended: Some(ended) });
        }
    }

    fn started(&self, event: &Event, attempt: u32) {
        let (container, request_id, payload) = (self.id, event.request_id.clone(), event.payload.clone());
        self.journal.record(What::InvocationStarted { container, request_id, attempt, payload });
    }

    /// The next time at which something may be due.
    fn wake(&self) -> Instant {
        let deadlines = self.live().map(|one| one.started + self.function.timeout);
        let patience = self.is_stuck().then(|| self.heard + self.function.init_timeout);
        deadlines.chain(patience).min().unwrap_or_else(|| Instant::now() + Duration::from_secs(3600))
    }

    fn live(&self) -> impl Iterator<Item = &InFlight> {
        self.in_flight.iter().filter(|one| one.ended.is_some())
    }

    /// Events wait, and nothing is under way that could make room for them.
    fn is_stuck(&self) -> bool {
        self.process.is_some() && !self.queue.is_empty() && self.live().next().is_none()
    }

    async fn look_at_the_clock(&mut self) {
        let now = Instant::now();
        for one in self.in_flight.iter_mut().filter(|one| one.started + self.function.timeout <= now) {
            end(one.ended.take(), Outcome::TimedOut, one.started);
        }
        if self.is_stuck() && self.heard + self.function.init_timeout <= now {
            self.end().await;
            if !self.ready {
                self.refuse_all("Sandbox.Timedout", "the runtime did not ask for an event in time");
            }
        }
    }

    async fn called(&mut self, call: Result<Call, String>) {
        self.heard = Instant::now();
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
                let _ = answer.send(refuse(StatusCode::FORBIDDEN, "InvalidStateTransition", "init is over"));
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
        // A copy of an event has its request id, too, and either answer is good for either.
        let found = |live: bool| move |one: &InFlight| one.request_id == request_id && one.ended.is_some() == live;
        let index = self.in_flight.iter().position(found(true)).or_else(|| self.in_flight.iter().position(found(false)));
        let Some(index) = index else { return wrong_id() };
        let one = self.in_flight.remove(index);
        if one.ended.is_none() {
            return refuse(StatusCode::GONE, "InvocationTimedOut", "the time of this invocation was up");
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

    /// Ends the process, and with it everything that is in it. What waits for it can have another one.
    async fn end(&mut self) {
        self.polls.clear();
        self.pid.store(0, Ordering::Relaxed);
        let Some(process) = self.process.take() else { return };
        let status = process.end().await;
        for one in self.in_flight.drain(..) {
            end(one.ended, Outcome::Crashed { status: status.clone() }, one.started);
        }
    }

    /// The process could not start: everyone who waits for it is told.
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
