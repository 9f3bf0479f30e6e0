//! Tasks, timers and virtual time, on one thread. The seed chooses which runnable task runs next.
//!
//! It never looks at a real clock and never blocks. Each task belongs to a group: an invocation is one, and dies or sleeps as a
//! whole.

use super::chance::Chance;
use futures_util::future::BoxFuture;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Tasks that live and die together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Group(pub(super) u64);

/// The world's own tasks: they never die.
pub(super) const WORLD: Group = Group(0);

type TaskId = u64;

pub(super) struct Executor {
    state: Mutex<State>,
    woken: Arc<Mutex<Vec<TaskId>>>,
}

struct State {
    now: Duration,
    chance: Chance,
    tasks: HashMap<TaskId, Task>,
    members: HashMap<Group, Vec<TaskId>>,
    /// Sleeping groups, with their tasks that were woken meanwhile.
    paused: HashMap<Group, Vec<TaskId>>,
    condemned: Vec<Group>,
    ready: Vec<TaskId>,
    timers: BTreeMap<(Duration, u64), Waker>,
    count: u64,
}

struct Task {
    group: Group,
    /// Taken out while it is polled.
    future: Option<BoxFuture<'static, ()>>,
    waker: Arc<TaskWaker>,
}

struct TaskWaker {
    id: TaskId,
    queued: AtomicBool,
    woken: Arc<Mutex<Vec<TaskId>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            lock(&self.woken).push(self.id);
        }
    }
}

/// A lock that a panicking job cannot poison: its panics never pass one.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Executor {
    pub(super) fn new(chance: Chance) -> Self {
        let state = State {
            now: Duration::ZERO,
            chance,
            tasks: HashMap::new(),
            members: HashMap::new(),
            paused: HashMap::new(),
            condemned: Vec::new(),
            ready: Vec::new(),
            timers: BTreeMap::new(),
            count: 0,
        };
        Self { state: Mutex::new(state), woken: Arc::default() }
    }

    pub(super) fn now(&self) -> Duration {
        lock(&self.state).now
    }

    pub(super) fn spawn(&self, group: Group, task: impl Future<Output = ()> + Send + 'static) {
        let mut state = lock(&self.state);
        state.count += 1;
        let id = state.count;
        let waker = Arc::new(TaskWaker { id, queued: AtomicBool::new(true), woken: Arc::clone(&self.woken) });
        state.tasks.insert(id, Task { group, future: Some(Box::pin(task)), waker });
        state.members.entry(group).or_default().push(id);
        state.ready.push(id);
    }

    pub(super) fn sleep(self: &Arc<Self>, duration: Duration) -> Sleep {
        Sleep { executor: Arc::clone(self), until: self.now() + duration, waker: None }
    }

    /// Drops the group's tasks before anything else runs; the running one as soon as it yields.
    pub(super) fn kill(&self, group: Group) {
        lock(&self.state).condemned.push(group);
    }

    /// Nothing of the group runs until it is resumed. Its timers go on.
    pub(super) fn pause(&self, group: Group) {
        lock(&self.state).paused.entry(group).or_default();
    }

    pub(super) fn resume(&self, group: Group) {
        let mut state = lock(&self.state);
        let held = state.paused.remove(&group).unwrap_or_default();
        state.ready.extend(held);
    }

    /// How many tasks of the group are left.
    pub(super) fn alive(&self, group: Group) -> usize {
        lock(&self.state).members.get(&group).map_or(0, Vec::len)
    }

    /// Tasks and timers, of all groups.
    pub(super) fn load(&self) -> usize {
        let state = lock(&self.state);
        state.tasks.len() + state.timers.len()
    }

    /// Runs until nothing is left to wait for; false if that takes more than `polls` polls.
    pub(super) fn run(&self, mut polls: u64) -> bool {
        loop {
            self.bury();
            let Some((id, mut future, waker)) = self.next() else { return true };
            if polls == 0 {
                return false;
            }
            polls -= 1;
            let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
            let mut state = lock(&self.state);
            match poll {
                Poll::Pending => {
                    if let Some(task) = state.tasks.get_mut(&id) {
                        task.future = Some(future);
                    }
                }
                Poll::Ready(()) => {
                    if let Some(task) = state.tasks.remove(&id) {
                        state.forget(task.group, id);
                    }
                    drop(state);
                    drop(future);
                }
            }
        }
    }

    /// Drops everything that is left, and with it the world that the tasks hold.
    pub(super) fn clear(&self) {
        let tasks = {
            let mut state = lock(&self.state);
            state.timers.clear();
            std::mem::take(&mut state.tasks)
        };
        drop(tasks);
    }

    fn bury(&self) {
        let mut dead = Vec::new();
        {
            let mut state = lock(&self.state);
            for group in std::mem::take(&mut state.condemned) {
                state.paused.remove(&group);
                for id in state.members.remove(&group).unwrap_or_default() {
                    dead.extend(state.tasks.remove(&id));
                }
            }
        }
        drop(dead);
    }

    fn next(&self) -> Option<(TaskId, BoxFuture<'static, ()>, Waker)> {
        let mut state = lock(&self.state);
        loop {
            state.ready.append(&mut lock(&self.woken));
            if state.ready.is_empty() {
                state.pass_time()?;
                continue;
            }
            let count = state.ready.len();
            let index = state.chance.below(count as u64) as usize;
            let id = state.ready.swap_remove(index);
            let Some(task) = state.tasks.get(&id) else { continue };
            let group = task.group;
            if let Some(held) = state.paused.get_mut(&group) {
                held.push(id);
                continue;
            }
            let Some(task) = state.tasks.get_mut(&id) else { continue };
            task.waker.queued.store(false, Ordering::Relaxed);
            let waker = Waker::from(Arc::clone(&task.waker));
            if let Some(future) = task.future.take() {
                return Some((id, future, waker));
            }
        }
    }
}

impl State {
    /// Moves to the next instant at which something is due.
    fn pass_time(&mut self) -> Option<()> {
        let ((due, _), waker) = self.timers.pop_first()?;
        self.now = self.now.max(due);
        waker.wake();
        while let Some(timer) = self.timers.first_entry().filter(|timer| timer.key().0 <= due) {
            timer.remove().wake();
        }
        Some(())
    }

    fn forget(&mut self, group: Group, id: TaskId) {
        if let Some(members) = self.members.get_mut(&group) {
            members.retain(|member| *member != id);
            if members.is_empty() {
                self.members.remove(&group);
            }
        }
    }
}

/// Ends at an instant of virtual time.
pub(super) struct Sleep {
    executor: Arc<Executor>,
    until: Duration,
    waker: Option<Waker>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.executor.state);
        if state.now >= self.until {
            return Poll::Ready(());
        }
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.count += 1;
            let key = (self.until, state.count);
            state.timers.insert(key, cx.waker().clone());
            drop(state);
            self.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}
