//! Lambda on loopback: one function, its containers, its asynchronous queue and its API. Never talks to S3.

mod container;
mod invoke_api;
mod kills;
mod process;
mod process_groups;
mod queue;
mod recursion;
mod runtime_api;
mod shared;
mod shared_task;
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
use self::shared::Shared;
use crate::faults::Faults;
use crate::journal::{ContainerId, DeadLetter, Journal, Outcome, Reason, What};
use crate::sync::{Tasks, locked};

/// 6 MB and a little, as at AWS.
pub(crate) const MAX_SYNC_PAYLOAD: usize = 6_291_556;
/// 1 MB.
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
    /// Region, credentials and endpoints: what an SDK needs to find this platform.
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

/// What one invocation is about. The same over its retries.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    /// As it was invoked: with the qualifier, if there was one.
    pub(crate) function_arn: String,
    /// The trace header for the process.
    pub(crate) trace: String,
    pub(crate) client_context: Option<String>,
    pub(crate) tenant_id: Option<String>,
}

/// A container that has an event.
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
    /// Containers with several events at once, idle or not. With these there are no others.
    shared: Mutex<Vec<Arc<Shared>>>,
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

    /// An event at the start of a chain of requests, invoked without a qualifier.
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

    /// Counts something as unfinished until the result is dropped.
    pub(crate) fn pending(self: &Arc<Self>) -> Pending {
        self.pending.send_modify(|pending| *pending += 1);
        Pending(Arc::clone(self))
    }

    /// Resolves when nothing is queued, delayed or running.
    pub(crate) async fn idle(&self) {
        // The sender lives as long as this does, so the wait ends by its condition only.
        let _ = self.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }

    /// The right to run one invocation, at once or not at all.
    pub(crate) fn try_admit(&self, request_id: &str) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.free).try_acquire_owned().ok();
        if permit.is_none() {
            self.journal.record(What::Throttled { request_id: request_id.to_owned() });
        }
        permit
    }

    /// The right to run one invocation, in the order of asking; `None` once the platform stops.
    pub(crate) async fn admit(&self, request_id: &str) -> Option<OwnedSemaphorePermit> {
        match self.try_admit(request_id) {
            Some(permit) => Some(permit),
            None => Arc::clone(&self.free).acquire_owned().await.ok(),
        }
    }

    /// One attempt, in a warm container if there is one.
    pub(crate) async fn attempt(&self, event: &Event, attempt: u32, permit: OwnedSemaphorePermit) -> Outcome {
        if self.function.concurrency_per_container > 1 {
            return self.attempt_in_company(event, attempt, permit).await;
        }
        let warm = locked(&self.idle).pop();
        let container = match warm {
            Some(container) => Ok(container),
            None => Container::create(ContainerId(self.containers.fetch_add(1, Ordering::Relaxed) + 1), &self.function),
        };
        let mut container = match container {
            Ok(container) => container,
            Err(error) => {
                let message = format!("no temporary folder: {error}");
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
                let death = self.watch(id, &event.request_id);
                container.invoke(&self.function, &self.journal, event, death.strikes()).await
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
        // Nothing is drawn where nothing can come of it: the other faults of a seed stay as they are.
        self.function.eviction > 0.0 && locked(&self.random).f64() < self.function.eviction
    }

    pub(crate) fn give_up(&self, event: &Event, reason: Reason, attempts: u32, error: Option<(String, String)>) {
        let (error_type, error_message) = error.unwrap_or_default();
        let (id, payload) = (event.request_id.clone(), event.payload.clone());
        self.journal.give_up(DeadLetter { id, payload, reason, error_type, error_message, attempts });
    }

    /// Ends every container that has no event: the next event finds none, and an empty /tmp.
    pub(crate) async fn retire_idle(&self) {
        let idle = std::mem::take(&mut *locked(&self.idle));
        for container in idle {
            container.end().await;
        }
        self.retire_idle_shared().await;
    }

    /// Id, process and temporary folder of every container that has no event.
    pub(crate) fn idle_containers(&self) -> Vec<(ContainerId, Option<u32>, PathBuf)> {
        let own = locked(&self.idle);
        let own = own.iter().map(|container| (container.id, container.pid(), container.tmp().to_owned()));
        own.chain(self.idle_shared()).collect()
    }

    /// Takes nothing more and ends every task; containers end with the tasks that own them, and here.
    pub(crate) fn close(&self) {
        self.free.close();
        drop(self.tasks.close());
        locked(&self.idle).clear();
        locked(&self.shared).clear();
    }

    /// The same, and waits until all of it is gone.
    pub(crate) async fn stop(&self) {
        self.free.close();
        let late = Instant::now() + Duration::from_secs(20);
        // An attempt whose process was killed sees to its end itself, and gives its permit back.
        while self.free.available_permits() < self.function.max_concurrency && Instant::now() < late {
            kill_all(Some(self.function.platform));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if let Some(mut tasks) = self.tasks.close() {
            while tasks.join_next().await.is_some() {}
        }
        self.retire_idle().await;
    }
}

/// One piece of unfinished work.
pub(crate) struct Pending(Arc<Lambda>);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.pending.send_modify(|pending| *pending -= 1);
    }
}

/// In the form of AWS's: a random UUID.
pub(crate) fn request_id() -> String {
    let random = fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{random:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
