//! The world of a simulation: its stores, what the queue left over, what jobs did, and everything that was found wrong.

use super::chance::Chance;
use super::checks::Checks;
use super::executor::{Executor, Group, Sleep, WORLD, lock};
use super::faults::{Fault, Faults};
use super::options::Options;
use super::oracle::Oracle;
use super::store::{StoredObject, StoredRecord};
use super::trace::Trace;
use crate::ports::RunKey;
use recursive_lambda_core::checkpoint::Stage;
use recursive_lambda_core::engine::sweep::Swept;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Arguments;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) struct World {
    pub(super) options: Options,
    pub(super) oracle: Oracle,
    executor: Arc<Executor>,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) now: Duration,
    pub(super) faults: Faults,
    pub(super) chance: Chance,
    trace: Trace,
    /// The one object; `None`: deleted.
    pub(super) object: Option<StoredObject>,
    pub(super) records: BTreeMap<String, StoredRecord>,
    /// Of shards that were over.
    pub(super) marks: BTreeSet<(String, Stage, u32)>,
    /// The number of runs that must exist.
    pub(super) uploads: u64,
    pub(super) dead_letters: Vec<(String, Source)>,
    /// Time that passed unnoticed by an invocation.
    pub(super) unnoticed: HashMap<Group, Duration>,
    pub(super) checks: Checks,
    pub(super) invocations: u64,
    /// The result of each sweep.
    pub(super) swept: Vec<Swept>,
    /// Calls that failed because of an outage.
    pub(super) refused_by_the_sink: u64,
    /// Dead letters that were sent again.
    pub(super) redriven: u64,
    /// Commands of a person, one for each run.
    pub(super) commands: u64,
    /// The most tasks and timers at any time.
    pub(super) peak: usize,
    pub(super) requests: u64,
    /// Events that were delivered once more than they were sent, or sent again because an answer was lost.
    pub(super) duplicates: u64,
    pub(super) writes: u64,
}

/// The source of an event, and what happens to it if it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Lambda's asynchronous queue.
    Lambda,
    /// A queue's event source mapping.
    Sqs,
}

impl World {
    pub(super) fn new(options: Options, faults: Faults) -> Arc<Self> {
        let oracle = Oracle::new(&options);
        let object = StoredObject { body: oracle.object.clone(), etag: "first".into() };
        let seed = options.seed;
        let state = State {
            now: Duration::ZERO,
            faults,
            chance: Chance::new(seed, 4),
            trace: Trace::new(options.keep),
            object: Some(object),
            records: BTreeMap::new(),
            marks: BTreeSet::new(),
            uploads: options.uploads,
            dead_letters: Vec::new(),
            unnoticed: HashMap::new(),
            checks: Checks::new(&options),
            invocations: 0,
            swept: Vec::new(),
            refused_by_the_sink: 0,
            redriven: 0,
            commands: 0,
            peak: 0,
            requests: 0,
            duplicates: 0,
            writes: 0,
        };
        let executor = Arc::new(Executor::new(Chance::new(seed, 5)));
        Arc::new(Self { options, oracle, executor, state: Mutex::new(state) })
    }

    pub(super) fn executor(&self) -> &Arc<Executor> {
        &self.executor
    }

    pub(super) fn now(&self) -> Duration {
        self.executor.now()
    }

    pub(super) fn sleep(&self, duration: Duration) -> Sleep {
        self.executor.sleep(duration)
    }

    /// Looks at the world, or changes it. Must not be nested.
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        let now = self.executor.now();
        let mut state = lock(&self.state);
        state.now = now;
        look(&mut state)
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.executor.spawn(WORLD, task);
    }

    pub(super) fn note(&self, group: Group, what: Arguments<'_>) {
        self.with(|state| state.note(group, what));
    }

    /// Whether the fault strikes now; noted if it does.
    pub(super) fn strikes(&self, group: Group, fault: Fault) -> bool {
        self.with(|state| state.strikes(group, fault))
    }

    /// The run of a checkpoint, as the world's maps name it.
    pub(super) fn name(id: &RunKey) -> String {
        format!("{}/{}", id.job, id.run)
    }

    pub(super) fn digest(&self) -> u64 {
        self.with(|state| state.trace.digest())
    }

    pub(super) fn text(&self) -> String {
        self.with(|state| state.trace.text())
    }
}

impl State {
    pub(super) fn note(&mut self, group: Group, what: Arguments<'_>) {
        self.trace.note(self.now, group, what);
    }

    pub(super) fn strikes(&mut self, group: Group, fault: Fault) -> bool {
        let strikes = self.faults.strikes(fault, self.now);
        if strikes {
            self.note(group, format_args!("FAULT {fault:?}"));
            if fault.slows() {
                self.checks.slow(group);
            }
            if fault.delays_renewals() {
                self.checks.excuse(group);
            }
        }
        strikes
    }

    pub(super) fn keeps_nothing(&self) -> bool {
        self.trace.keeps_nothing()
    }

    /// Notes something wrong. The simulation goes on, so that the trace shows the consequences.
    pub(super) fn wrong(&mut self, group: Group, what: String) {
        self.note(group, format_args!("WRONG {what}"));
        self.checks.wrong.push(what);
    }
}
