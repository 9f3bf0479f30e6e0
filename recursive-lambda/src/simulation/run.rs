//! One simulation, from the upload to the last duplicate.

use super::executor::WORLD;
use super::faults::{Fault, Faults};
use super::judge::judge;
use super::operator::{operate, resume_paused};
use super::options::{Fate, Options, Via};
use super::store::StoredObject;
use super::trace::Keep;
use super::world::{Source, State, World};
use recursive_lambda_core::checkpoint::{Checkpoint, Status};
use recursive_lambda_core::engine::sweep::Swept;
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// More polls than any simulation of this many records needs: an endless one stops here.
fn polls(options: &Options) -> u64 {
    1_000_000 + 50 * options.rows
}

/// How many times dead letters are delivered again before the run is given up.
const REDRIVES: u32 = 20;

/// The result of a simulation.
pub(super) struct Report {
    pub(super) options: Options,
    pub(super) faults: Faults,
    pub(super) end: Option<Status>,
    /// What is wrong.
    pub(super) wrong: Vec<String>,
    pub(super) digest: u64,
    pub(super) trace: String,
    pub(super) executions: u64,
    pub(super) extra: u64,
    pub(super) invocations: u64,
    pub(super) duplicates: u64,
    /// Calls that failed because of an outage.
    pub(super) refused_by_the_sink: u64,
    /// How many times an endless batch was started.
    pub(super) hung: u64,
    pub(super) writes: u64,
    /// The result of each sweep.
    pub(super) swept: Vec<Swept>,
    /// Batches in the sinks.
    pub(super) sunk: u64,
    pub(super) took: Duration,
    /// The checkpoint at the end.
    pub(super) checkpoint: Option<Checkpoint>,
    /// The most tasks and timers at any time.
    pub(super) peak: usize,
}

/// First what decides a failure, then what happened last.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for wrong in &self.wrong {
            writeln!(f, "WRONG: {wrong}")?;
        }
        writeln!(f, "{:?}\n{:?}", self.options, self.faults)?;
        let Self { end, executions, extra, invocations, writes, sunk, took, .. } = self;
        writeln!(
            f,
            "end {end:?}, {executions} executions ({extra} extra), {sunk} batches sunk, {invocations} invocations, {writes} writes, {took:?}"
        )?;
        write!(f, "{}", self.trace)?;
        writeln!(
            f,
            "again, in full: RL_SEED={} cargo test -p recursive-lambda --no-default-features simulation::tests::replay -- --nocapture",
            self.options.seed
        )
    }
}

/// The simulation of a seed.
pub(super) fn seed(seed: u64, keep: Keep) -> Report {
    simulate(Options { keep, ..Options::swarm(seed) }, Faults::swarm(seed))
}

pub(super) fn simulate(options: Options, faults: Faults) -> Report {
    let world = World::new(options, faults);
    change_object(&world);
    for _ in 0..world.options.starts {
        let (source, payload) = start(&world);
        world.accept(source, payload);
    }
    schedule(&world);
    operate(&world);
    let mut redrives = 0;
    loop {
        if !world.executor().run(polls(&world.options)) {
            world.with(|state| state.wrong(WORLD, "the simulation does not end".into()));
            break;
        }
        let over = is_over(&world);
        let letters = world.with(|state| std::mem::take(&mut state.dead_letters));
        // A failed run refuses its signal forever, as it must.
        let enough = redrives >= if over { 2 } else { REDRIVES };
        // The others, too: the letters of a failed run must not hide that another run's signal was lost.
        let revived = !enough && revive(&world, over);
        if enough || (letters.is_empty() && !revived) {
            world.with(|state| state.dead_letters = letters);
            break;
        }
        redrives += 1;
        world.with(|state| {
            state.faults.stop();
            // A failed run goes on if the command to resume it was a dead letter.
            // The shards of a failed run go on, for its resume.
            let are_over = state.records.values().all(|stored| is_end(stored.checkpoint.status));
            state.checks.closed =
                over && are_over && !letters.iter().any(|(payload, _)| payload.contains("recursive_lambda_resume"));
            state.redriven += letters.len() as u64;
        });
        for (payload, source) in letters {
            world.with(|state| state.note(WORLD, format_args!("redrive {payload}")));
            world.accept(source, payload);
        }
    }
    judge(&world)
}

pub(super) fn is_end(status: Status) -> bool {
    matches!(status, Status::Done | Status::Failed | Status::Superseded | Status::Cancelled)
}

/// Whether every run has ended; false if there is no checkpoint.
pub(super) fn is_over(world: &World) -> bool {
    world.with(|state| state.end().is_some_and(is_end))
}

/// Events from outside, if events may be lost: the schedule goes on, and an object whose start was lost is started again, because
/// no sweep can know it.
fn revive(world: &Arc<World>, over: bool) -> bool {
    // Its command was a dead letter.
    if resume_paused(world) {
        return true;
    }
    let waits = |state: &State| world.options.waits() && !state.records.is_empty();
    if over || world.with(|state| state.faults.struck(Fault::EventLost) == 0 && !waits(state)) {
        return false;
    }
    let missing = world.with(|state| (state.runs().count() as u64) < state.uploads);
    if missing {
        world.note(WORLD, format_args!("starts again"));
        world.with(|state| state.redriven += 1);
        let (source, payload) = start(world);
        world.accept(source, payload);
    }
    schedule(world) || missing
}

/// Sends the sweep's event at its interval until every run is over, for two days at most.
fn schedule(world: &Arc<World>) -> bool {
    let needed = |_: &Duration| world.options.waits() || world.with(|state| state.faults.may_lose_events());
    let Some(interval) = world.options.sweeps_every.filter(needed) else {
        return false;
    };
    let clone = Arc::clone(world);
    world.spawn(async move {
        for _ in 0..2 * DAY.as_secs() / interval.as_secs() {
            clone.sleep(interval).await;
            if is_over(&clone) {
                return;
            }
            clone.accept(Source::Lambda, json!({ "recursive_lambda_sweep": { "v": 1 } }).to_string());
        }
    });
    true
}

const DAY: Duration = Duration::from_secs(86_400);

/// The start event as its source sends it.
fn start(world: &World) -> (Source, String) {
    let (size, version) = (world.oracle.object.len(), world.options.versions.then_some("v1"));
    let records = (0..world.options.uploads).map(|upload| {
        json!({
            "eventVersion": "2.4",
            "eventName": "ObjectCreated:Put",
            "awsRegion": "eu-west-1",
            "s3": {
                "bucket": { "name": "uploads" },
                "object": { "key": "in/some+file.txt", "size": size, "eTag": "first", "versionId": version, "sequencer": format!("0055AED6DCD90281E{upload}") },
            },
        })
    });
    let records: Vec<_> = records.collect();
    match world.options.via {
        Via::S3 => (Source::Lambda, json!({ "Records": records }).to_string()),
        Via::Sqs => {
            let message = |(index, checkpoint): (usize, &Value)| {
                let body = json!({ "Records": [checkpoint] }).to_string();
                json!({ "messageId": format!("m{index}"), "body": body, "eventSourceARN": "arn:aws:sqs:r:a:q" })
            };
            let messages: Vec<_> = records.iter().enumerate().map(message).collect();
            (Source::Sqs, json!({ "Records": messages }).to_string())
        }
        Via::EventBridge => {
            let detail = json!({
                "bucket": { "name": "uploads" },
                "object": { "key": "in/some file.txt", "size": size, "etag": "first", "sequencer": "0055AED6DCD90281E5" },
            });
            let event = json!({ "source": "aws.s3", "detail-type": "Object Created", "region": "eu-west-1", "detail": detail });
            (Source::Lambda, event.to_string())
        }
        Via::Hand => (Source::Lambda, json!({ "bucket": "uploads", "key": "in/some file.txt", "run": "by-hand" }).to_string()),
    }
}

fn change_object(world: &Arc<World>) {
    let (at, object) = match world.options.fate {
        Fate::Stays => return,
        Fate::DeletedAt(at) => (at, None),
        Fate::OverwrittenAt(at) => (at, Some(StoredObject { body: world.oracle.object.clone(), etag: "second".into() })),
    };
    let clone = Arc::clone(world);
    world.spawn(async move {
        clone.sleep(at).await;
        clone.note(WORLD, format_args!("the object changes"));
        clone.with(|state| state.object = object);
    });
}
