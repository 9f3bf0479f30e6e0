//! Containers whose process handles several events at once, as on Lambda Managed Instances. Knows nothing about queues and retries.
//!
//! AWS documents two differences from a container with one event at a time. An invocation that times out is answered as timed out but
//! continues to run; nothing is killed, and the other invocations of the process are not affected. When a process ends, all its
//! invocations fail.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::shared_container_task::{Command, Ended, SharedContainerTask};
use super::{Event, Lambda};
use crate::concurrency::locked;
use crate::journal::{ContainerId, Outcome, What};

/// A handle to a shared container. The container's task ends when the last handle is dropped.
pub(super) struct SharedContainer {
    id: ContainerId,
    tmp: PathBuf,
    /// The id of its process; 0 while it has no process.
    pid: Arc<AtomicU32>,
    in_use: AtomicUsize,
    commands: mpsc::UnboundedSender<Command>,
}

/// A slot for one event in a container.
struct Slot(Arc<SharedContainer>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.in_use.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lambda {
    /// Makes one attempt, in a container with a free slot.
    pub(super) async fn attempt_in_shared_container(&self, event: &Event, attempt: u32, permit: OwnedSemaphorePermit) -> Outcome {
        let slot = match self.slot() {
            Ok(slot) => slot,
            Err(error) => {
                let message = format!("cannot create the container's temporary folder: {error}");
                return Outcome::Error { error_type: "Sandbox.Failure".to_owned(), message };
            }
        };
        let container = slot.0.id;
        let Ended { outcome, took } = self.invoke_in(&slot, event, attempt).await;
        drop(slot);
        drop(permit);
        let request_id = event.request_id.clone();
        self.journal.record(What::InvocationEnded { container, request_id, attempt, outcome: outcome.clone(), took });
        outcome
    }

    async fn invoke_in(&self, slot: &Slot, event: &Event, attempt: u32) -> Ended {
        let (delivered, is_delivered) = oneshot::channel();
        let (ended, mut end) = oneshot::channel();
        let _ = slot.0.commands.send(Command::Event { event: event.clone(), attempt, delivered, ended });
        // An error means that the invocation failed before the delivery.
        let _ = is_delivered.await;
        let kill = self.kill_switch(slot.0.id, &event.request_id);
        let end = tokio::select! {
            biased;
            end = &mut end => end,
            () = kill.triggered() => {
                let _ = slot.0.commands.send(Command::Kill { request_id: event.request_id.clone() });
                end.await
            }
        };
        let status = "the platform is stopping".to_owned();
        end.unwrap_or(Ended { outcome: Outcome::Crashed { status }, took: Duration::ZERO })
    }

    fn slot(&self) -> std::io::Result<Slot> {
        let mut shared = locked(&self.shared);
        let free =
            shared.iter().find(|container| container.in_use.load(Ordering::Relaxed) < self.function.concurrency_per_container);
        let container = match free {
            Some(container) => Arc::clone(container),
            None => {
                let id = ContainerId(self.containers.fetch_add(1, Ordering::Relaxed) + 1);
                let tmp = tempfile::Builder::new().prefix(&format!("{id}-")).tempdir_in(&self.function.tmp)?;
                let (commands, received) = mpsc::unbounded_channel();
                let pid = Arc::new(AtomicU32::new(0));
                let path = tmp.path().to_owned();
                let task = SharedContainerTask::new(
                    self.function.clone(),
                    Arc::clone(&self.journal),
                    id,
                    tmp,
                    Arc::clone(&pid),
                    received,
                );
                self.tasks.spawn(task.run());
                let container = Arc::new(SharedContainer { id, tmp: path, pid, in_use: AtomicUsize::new(0), commands });
                shared.push(Arc::clone(&container));
                container
            }
        };
        container.in_use.fetch_add(1, Ordering::Relaxed);
        Ok(Slot(container))
    }

    /// Stops the idle shared containers.
    pub(super) async fn retire_idle_shared(&self) {
        let idle: Vec<_> = locked(&self.shared).extract_if(.., |container| container.is_idle()).collect();
        for container in idle {
            let (ended, end) = oneshot::channel();
            let _ = container.commands.send(Command::End(ended));
            let _ = end.await;
        }
    }

    pub(super) fn idle_shared(&self) -> Vec<(ContainerId, Option<u32>, PathBuf)> {
        let shared = locked(&self.shared);
        shared
            .iter()
            .filter(|container| container.is_idle())
            .map(|container| (container.id, container.pid(), container.tmp.clone()))
            .collect()
    }
}

impl SharedContainer {
    fn is_idle(&self) -> bool {
        self.in_use.load(Ordering::Relaxed) == 0
    }

    fn pid(&self) -> Option<u32> {
        Some(self.pid.load(Ordering::Relaxed)).filter(|pid| *pid > 0)
    }
}
