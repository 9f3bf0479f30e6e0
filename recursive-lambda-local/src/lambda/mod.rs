//! Lambda on loopback: one function, its containers, its asynchronous queue and its API. Does not use S3.

mod container;
mod invoke_api;
mod kills;
mod process;
mod process_groups;
mod queue;
mod recursion;
mod runtime_api;
mod shared_container;
mod shared_container_task;
mod sqs;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use self::container::Container;
use self::kills::Kills;
pub(crate) use self::process_groups::kill_all;
pub use self::queue::QueueFaults;
pub use self::recursion::RecursiveLoop;
use self::recursion::Trace;
use self::shared_container::SharedContainer;
use crate::concurrency::{Tasks, locked};
use crate::faults::Faults;
use crate::journal::{ContainerId, DeadLetter, Journal, Outcome, Reason, What};

/// The maximum payload of a synchronous invocation, in bytes: slightly more than 6 MB, as on AWS.
pub(crate) const MAX_SYNC_PAYLOAD: usize = 6_291_556;
/// The maximum payload of an asynchronous invocation, in bytes: 1 MiB.
pub(crate) const MAX_ASYNC_PAYLOAD: usize = 1 << 20;

/// The function's settings.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    pub(crate) platform: u64,
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) qualifiers: Vec<String>,
    pub(crate) binary: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) working_folder: Option<PathBuf>,
    /// The caller's variables.
    pub(crate) environment: Vec<(String, String)>,
    /// The region, credentials and endpoints with which an SDK finds this platform.
    pub(crate) client_environment: Vec<(String, String)>,
    pub(crate) tmp: PathBuf,
    pub(crate) timeout: Duration,
    pub(crate) init_timeout: Duration,
    pub(crate) memory_mb: u32,
    pub(crate) memory_limit_mb: Option<u64>,
    pub(crate) eviction: f64,
    pub(crate) max_concurrency: usize,
    pub(crate) concurrency_per_container: usize,
    pub(crate) retry_delays: Vec<Duration>,
    pub(crate) max_event_age: Duration,
    pub(crate) recursive_loop: RecursiveLoop,
    pub(crate) report_batch_item_failures: bool,
    pub(crate) max_receive_count: u32,
    pub(crate) visibility_timeout: Duration,
}

/// An event for the function. It stays the same in retries.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    /// The invoked ARN, including the qualifier if there was one.
    pub(crate) function_arn: String,
    /// The trace header for the process.
    pub(crate) trace: String,
    pub(crate) client_context: Option<String>,
    pub(crate) tenant_id: Option<String>,
}

/// An invocation in progress.
struct Running {
    container: ContainerId,
    request_id: String,
    kill: Arc<tokio::sync::Notify>,
}

pub(crate) struct Lambda {
    pub(crate) function: Function,
    pub(crate) journal: Arc<Journal>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) queue_faults: Mutex<QueueFaults>,
    pub(crate) kills: Mutex<Kills>,
    pub(crate) random: Mutex<fastrand::Rng>,
    pub(crate) tasks: Tasks,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Container>>,
    /// Containers that process several events at once, idle or not. Used instead of `idle`, never together with it.
    shared: Mutex<Vec<Arc<SharedContainer>>>,
    running: Mutex<Vec<Running>>,
    containers: AtomicU64,
    pending: watch::Sender<u64>,
}

impl Lambda {
    pub(crate) fn new(function: Function, journal: Arc<Journal>, faults: Arc<Faults>, queue: QueueFaults, seed: u64) -> Self {
        Self {
            free: Arc::new(Semaphore::new(function.max_concurrency)),
            function,
            journal,
            faults,
            queue_faults: Mutex::new(queue),
            kills: Mutex::default(),
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            tasks: Tasks::open(),
            idle: Mutex::default(),
            shared: Mutex::default(),
            running: Mutex::default(),
            containers: AtomicU64::new(0),
            pending: watch::Sender::new(0),
        }
    }

    /// An event that starts a chain of requests, without a qualifier.
    pub(crate) fn first_event(&self, payload: Bytes) -> Event {
        let trace = Trace::start(unix_seconds()).extended(&recursion::hash(&self.function.arn));
        Event {
            request_id: request_id(),
            payload,
            function_arn: self.function.arn.clone(),
            trace: trace.header(),
            client_context: None,
            tenant_id: None,
        }
    }

    /// Counts as unfinished work until the result is dropped.
    pub(crate) fn pending(self: &Arc<Self>) -> Pending {
        self.pending.send_modify(|pending| *pending += 1);
        Pending(Arc::clone(self))
    }

    /// Waits until nothing is queued, delayed or running.
    pub(crate) async fn idle(&self) {
        // The sender lives as long as `self`, so the wait ends only when the condition holds.
        let _ = self.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }

    /// A permit to run one invocation; `None` if no container is free now.
    pub(crate) fn try_admit(&self, request_id: &str) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.free).try_acquire_owned().ok();
        if permit.is_none() {
            self.journal.record(What::Throttled { request_id: request_id.to_owned() });
        }
        permit
    }

    /// Waits for a permit to run one invocation, first come, first served. `None` if the platform stops.
    pub(crate) async fn admit(&self, request_id: &str) -> Option<OwnedSemaphorePermit> {
        match self.try_admit(request_id) {
            Some(permit) => Some(permit),
            None => Arc::clone(&self.free).acquire_owned().await.ok(),
        }
    }

    /// Makes one attempt, in a warm container if there is one.
    pub(crate) async fn attempt(&self, event: &Event, attempt: u32, permit: OwnedSemaphorePermit) -> Outcome {
        if self.function.concurrency_per_container > 1 {
            return self.attempt_in_shared_container(event, attempt, permit).await;
        }
        let warm = locked(&self.idle).pop();
        let container = match warm {
            Some(container) => Ok(container),
            None => Container::create(ContainerId(self.containers.fetch_add(1, Ordering::Relaxed) + 1), &self.function),
        };
        let mut container = match container {
            Ok(container) => container,
            Err(error) => {
                let message = format!("cannot create the container's temporary folder: {error}");
                return Outcome::Error { error_type: "Sandbox.Failure".to_owned(), message };
            }
        };
        let ready = container.make_ready(&self.function, &self.journal).await;
        let id = container.id;
        self.journal.record(What::InvocationStarted {
            container: id,
            request_id: event.request_id.clone(),
            attempt,
            payload: event.payload.clone(),
        });
        let started = Instant::now();
        let outcome = match ready {
            Ok(()) => {
                let kill = self.kill_switch(id, &event.request_id);
                container.invoke(&self.function, &self.journal, event, kill.triggered()).await
            }
            Err(outcome) => outcome,
        };
        let took = started.elapsed();
        if self.evicts() {
            container.end().await;
            self.journal.record(What::Evicted { container: id });
        } else {
            locked(&self.idle).push(container);
        }
        drop(permit);
        self.journal.record(What::InvocationEnded {
            container: id,
            request_id: event.request_id.clone(),
            attempt,
            outcome: outcome.clone(),
            took,
        });
        outcome
    }

    fn evicts(&self) -> bool {
        // Draws no random number if eviction is off, so that the seed's other faults do not change.
        self.function.eviction > 0.0 && locked(&self.random).f64() < self.function.eviction
    }

    pub(crate) fn give_up(&self, event: &Event, reason: Reason, attempts: u32, error: Option<(String, String)>) {
        let (error_type, error_message) = error.unwrap_or_default();
        let (id, payload) = (event.request_id.clone(), event.payload.clone());
        self.journal.give_up(DeadLetter { id, payload, reason, error_type, error_message, attempts });
    }

    /// Stops every idle container. The next event gets a new one with an empty /tmp.
    pub(crate) async fn retire_idle(&self) {
        let idle = std::mem::take(&mut *locked(&self.idle));
        for container in idle {
            container.end().await;
        }
        self.retire_idle_shared().await;
    }

    /// The id, process id and temporary folder of every idle container.
    pub(crate) fn idle_containers(&self) -> Vec<(ContainerId, Option<u32>, PathBuf)> {
        let idle = locked(&self.idle);
        let idle = idle.iter().map(|container| (container.id, container.pid(), container.tmp().to_owned()));
        idle.chain(self.idle_shared()).collect()
    }

    /// Accepts no more work and aborts every task. Containers end when their tasks drop them, or here.
    pub(crate) fn close(&self) {
        self.free.close();
        drop(self.tasks.close());
        locked(&self.idle).clear();
        locked(&self.shared).clear();
    }

    /// Like [`close`](Self::close), but waits until everything has ended.
    pub(crate) async fn stop(&self) {
        self.free.close();
        let deadline = Instant::now() + Duration::from_secs(20);
        // An attempt whose process was killed ends by itself and returns its permit.
        while self.free.available_permits() < self.function.max_concurrency && Instant::now() < deadline {
            kill_all(Some(self.function.platform));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if let Some(mut tasks) = self.tasks.close() {
            while tasks.join_next().await.is_some() {}
        }
        self.retire_idle().await;
    }
}

/// Unfinished work.
pub(crate) struct Pending(Arc<Lambda>);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.pending.send_modify(|pending| *pending -= 1);
    }
}

/// A new request id: a random UUID, as on AWS.
pub(crate) fn request_id() -> String {
    let random = fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{random:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
