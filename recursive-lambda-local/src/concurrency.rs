//! Helpers for locks and background tasks. Nothing here awaits while it holds a lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::{JoinHandle, JoinSet};

/// Locks the mutex even if it is poisoned: a panic fails the test that caused it, and must not cause a second failure here.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A task that is aborted when its owner drops it.
#[derive(Debug)]
pub(crate) struct Owned(JoinHandle<()>);

impl Owned {
    pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(future))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Tasks that end with the platform. After `close`, it accepts no more tasks.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Mutex<Option<JoinSet<()>>>);

impl Tasks {
    pub(crate) fn open() -> Self {
        Self(Mutex::new(Some(JoinSet::new())))
    }

    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = locked(&self.0).as_mut() {
            while tasks.try_join_next().is_some() {}
            tasks.spawn(future);
        }
    }

    /// Aborts every task. The caller can await their end on the returned set.
    pub(crate) fn close(&self) -> Option<JoinSet<()>> {
        let mut tasks = locked(&self.0).take();
        if let Some(tasks) = tasks.as_mut() {
            tasks.abort_all();
        }
        tasks
    }
}
