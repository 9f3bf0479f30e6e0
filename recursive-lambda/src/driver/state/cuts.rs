//! One object, one job, every way to cut the run into invocations: the same result, or the same refusal.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod jobs;

use crate::cache::Cache;
use crate::driver::deployment::Deployment;
use crate::driver::session::Session;
use crate::format::Lines;
use crate::invocation::Invocation;
use crate::ports::{Clock, Disk, Objects, SourceError};
use crate::settings::Settings;
use crate::{Batch, Config, Error, Flow, Handler};
use bytes::Bytes;
use futures_util::FutureExt;
use jobs::{ByPair, ByRemainder, CarefulMax, Defaulting, Max, Nested, Skipping, Untagged};
use recursive_lambda_core::checkpoint::Checkpoint;
use recursive_lambda_core::engine::budget::Budget;
use recursive_lambda_core::object::PinnedObject;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::future::{Future, ready};
use std::marker::PhantomData;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const NUMBERS: &str = include_str!("../testdata/numbers.txt");
const WITH_A_GAP: &str = include_str!("../testdata/numbers-with-a-gap.txt");

/// Records in a batch; thirty of them are ten batches, with nine places to cut between them.
const BATCH: usize = 3;
const PLACES: u32 = 9;

/// An object, and a store that takes no time.
struct World(&'static str);

impl Objects for World {
    fn head(&self, named: &PinnedObject) -> impl Future<Output = Result<PinnedObject, SourceError>> + Send {
        ready(Ok(named.clone()))
    }

    fn get(&self, _: &PinnedObject, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send + 'static {
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        ready(Ok(Bytes::from_static(self.0.get(range).unwrap().as_bytes())))
    }
}

impl Disk for World {
    fn temporary(&self) -> PathBuf {
        std::env::temp_dir()
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static {
        ready(Some(work()))
    }
}

impl Clock for World {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn sleep(&self, _: Duration) -> impl Future<Output = ()> + Send {
        ready(())
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        task
    }

    /// Nothing here waits.
    fn spawn_user_code(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        task.now_or_never().unwrap();
        ready(())
    }
}

/// A state that acts as a job.
trait Counts: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static {
    fn count(&mut self, line: &str);
    fn result(&self) -> String;
}

struct Over<S>(PhantomData<fn() -> S>);

impl<S: Counts> Handler for Over<S> {
    const NAME: &'static str = "over";
    const CONFIG: Config = Config::new(BATCH);
    type Format = Lines;
    type Input = Batch<String>;
    type State = S;
    type Resources = ();

    async fn call(batch: Batch<String>, state: &mut S, (): &()) -> Result<Flow, Error> {
        batch.iter().for_each(|line| state.count(line));
        Ok(Flow::Continue)
    }
}

/// Runs the job; an invocation ends after each batch whose bit is set.
fn run<S: Counts>(object: &'static str, cuts: u32) -> Result<String, String> {
    let world = Arc::new(World(object));
    let deployment = Deployment::<Over<S>, World> {
        cache: Arc::new(Cache::new()),
        ..Deployment::new(Settings::default(), (), Arc::clone(&world))
    };
    let invocation = Invocation::for_tests("");
    let size = object.len() as u64;
    let begun = Checkpoint::for_tests();
    let mut checkpoint = Checkpoint {
        size,
        object: PinnedObject { size, ..begun.object.clone() },
        position: 0,
        offset: 0,
        line: 0,
        state: None,
        ..begun
    };
    let budget = Budget::new(None, Duration::ZERO, None);
    let open = |checkpoint: &Checkpoint| {
        Session::open(&deployment, &invocation, "run", checkpoint).map_err(|failed| failed.error.to_string())
    };
    let mut session = open(&checkpoint)?;
    for batch in 0.. {
        let work = session.work(&checkpoint, (1, BATCH as u64), &budget, None).now_or_never().unwrap();
        let done = work.map_err(|failed| failed.error.to_string())?;
        checkpoint = Checkpoint {
            position: checkpoint.position + done.records,
            offset: done.offset,
            line: done.line,
            header: done.header,
            batches: checkpoint.batches + 1,
            ..checkpoint
        };
        if done.at_end {
            break;
        }
        if cuts & (1 << batch) != 0 {
            checkpoint.state = session.capture();
            session = open(&checkpoint)?;
        }
    }
    let json = session.capture().unwrap();
    Ok(serde_json::from_str::<S>(json.json()).unwrap().result())
}

/// The result is the same wherever the run is cut.
fn everywhere<S: Counts>(object: &'static str) -> String {
    let ends: BTreeSet<_> = (0..1 << PLACES).map(|cuts| run::<S>(object, cuts)).collect();
    assert_eq!(ends.len(), 1, "{}: {ends:#?}", std::any::type_name::<S>());
    ends.into_iter().next().unwrap().unwrap_or_else(|error| format!("refused: {error}"))
}

#[test]
fn cuts_do_not_change_the_result() {
    let cases = [
        (everywhere::<Max>(NUMBERS), "Some(30.0)"),
        (
            everywhere::<Max>(WITH_A_GAP),
            "refused: the state after this batch cannot be saved as JSON: `totals.max`: NaN, and JSON has only finite numbers; leave \
             it out of the state, or use an `Option` and `None` (record 9, line 10, byte 18)",
        ),
        (everywhere::<CarefulMax>(NUMBERS), "Some(30.0), 0 gaps"),
        (everywhere::<CarefulMax>(WITH_A_GAP), "Some(30.0), 1 gaps"),
        (everywhere::<Skipping>(NUMBERS), "30"),
        (everywhere::<Nested>(NUMBERS), "Some(Some(30))"),
        (everywhere::<Nested>(WITH_A_GAP), "Some(Some(30))"),
        (everywhere::<Untagged>(NUMBERS), "15, 0 as integers"),
        (everywhere::<Defaulting>(NUMBERS), "40"),
        (
            everywhere::<ByPair>(NUMBERS),
            "refused: the state after this batch cannot be saved as JSON: `seen`: key must be a string (record 0, line 1, byte 0)",
        ),
        (everywhere::<ByRemainder>(NUMBERS), "[(0, 112), (1, 120), (2, 128), (3, 105)] 123456789abcdef0123456789abcde"),
    ];
    for (end, want) in cases {
        assert_eq!(end, want);
    }
}
