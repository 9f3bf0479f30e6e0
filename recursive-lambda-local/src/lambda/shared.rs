//! Containers whose process has several events at once, as on Lambda Managed Instances. Knows nothing of queues and retries.
//!
//! What differs from a container with one event at a time, as documented by AWS: an invocation whose time is up is answered as timed
//! out and goes on in its process; nothing is killed for it, nothing else in the process is touched. A process that ends takes all
//! its invocations with it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::shared_task::{Ended, Order, SharedTask};
use super::{Event, Lambda};
use crate::journal::{ContainerId, Outcome, What};
use crate::sync::locked;

/// One such container, as it is seen from outside. The task that keeps it ends with the last of these.
pub(super) struct Shared {
    id: ContainerId,
    tmp: PathBuf,
    /// Of its process; 0 while it has no process.
    pid: Arc<AtomicU32>,
    taken: AtomicUsize,
    orders: mpsc::UnboundedSender<Order>,
}

/// The right to give a container an event.
struct Slot(Arc<Shared>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lambda {
    /// One attempt, in a container that has room for it.
    pub(super) async fn attempt_in_company(&self, event: &Event, attempt: u32, permit: OwnedSemaphorePermit) -> Outcome {
        let slot = match self.slot() {
            Ok(slot) => slot,
            Err(error) => {
                let message = format!("no temporary folder: {error}");
                return Outcome::Error { error_type: "Sandbox.Failure".to_owned(), message };
            }
        };
        let container = slot.0.id;
        let Ended { outcome, took } = self.give(&slot, event, attempt).await;
        drop(slot);
        drop(permit);
        let (request_id, outcome_) = (event.request_id.clone(), outcome.clone());
        self.journal.record(What::InvocationEnded { container, request_id, attempt, outcome: outcome_, took });
        outcome
    }

    async fn give(&self, slot: &Slot, event: &Event, attempt: u32) -> Ended {
        let (given, is_given) = oneshot::channel();
        let (ended, mut end) = oneshot::channel();
        let _ = slot.0.orders.send(Order::Event { event: event.clone(), attempt, given, ended });
        // Or it failed before that.
        let _ = is_given.await;
        let death = self.watch(slot.0.id, &event.request_id);
        let end = tokio::select! {
            biased;
            end = &mut end => end,
            () = death.strikes() => {
                let _ = slot.0.orders.send(Order::Kill { request_id: event.request_id.clone() });
                end.await
            }
        };
        let status = "the platform stops".to_owned();
        end.unwrap_or(Ended { outcome: Outcome::Crashed { status }, took: Duration::ZERO })
    }

    fn slot(&self) -> std::io::Result<Slot> {
        let mut shared = locked(&self.shared);
        let room = shared.iter().find(|one| one.taken.load(Ordering::Relaxed) < self.function.concurrency_per_container);
        let one = match room {
            Some(one) => Arc::clone(one),
            None => {
                let id = ContainerId(self.containers.fetch_add(1, Ordering::Relaxed) + 1);
                let tmp = tempfile::Builder::new().prefix(&format!("{id}-")).tempdir_in(&self.function.tmp)?;
                let (orders, received) = mpsc::unbounded_channel();
                let pid = Arc::new(AtomicU32::new(0));
                let path = tmp.path().to_owned();
                let keeper =
                    SharedTask::new(self.function.clone(), Arc::clone(&self.journal), id, tmp, Arc::clone(&pid), received);
                self.tasks.spawn(keeper.run());
                let one = Arc::new(Shared { id, tmp: path, pid, taken: AtomicUsize::new(0), orders });
                shared.push(Arc::clone(&one));
                one
            }
        };
        one.taken.fetch_add(1, Ordering::Relaxed);
        Ok(Slot(one))
    }

    /// Ends those that have no event.
    pub(super) async fn retire_idle_shared(&self) {
        let idle: Vec<_> = locked(&self.shared).extract_if(.., |one| one.is_idle()).collect();
        for one in idle {
            let (ended, end) = oneshot::channel();
            let _ = one.orders.send(Order::End(ended));
            let _ = end.await;
        }
    }

    pub(super) fn idle_shared(&self) -> Vec<(ContainerId, Option<u32>, PathBuf)> {
        let shared = locked(&self.shared);
        shared.iter().filter(|one| one.is_idle()).map(|one| (one.id, one.pid(), one.tmp.clone())).collect()
    }
}

impl Shared {
    fn is_idle(&self) -> bool {
        self.taken.load(Ordering::Relaxed) == 0
    }

    fn pid(&self) -> Option<u32> {
        Some(self.pid.load(Ordering::Relaxed)).filter(|pid| *pid > 0)
    }
}
