//! One simulation, from the upload to the last duplicate, and the judgement of it.

use super::executor::WORLD;
use super::faults::{Fault, Faults};
use super::options::{Fate, Options, PATIENT, Poison, SKIP, Via, WIDTH};
use super::store::StoredObject;
use super::trace::Keep;
use super::world::{Source, State, World};
use crate::engine::record::{Record, Status};
use crate::engine::sweep::Swept;
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// More polls than any simulation of so many records needs: an endless one ends here.
fn polls(options: &Options) -> u64 {
    1_000_000 + 50 * options.rows
}

/// How often dead letters are delivered again before the run is given up.
const REDRIVES: u32 = 20;

/// How a simulation went.
pub(super) struct Report {
    pub(super) options: Options,
    pub(super) faults: Faults,
    pub(super) end: Option<Status>,
    /// What must not be, and was.
    pub(super) wrong: Vec<String>,
    pub(super) digest: u64,
    pub(super) trace: String,
    pub(super) executions: u64,
    pub(super) extra: u64,
    pub(super) invocations: u64,
    pub(super) duplicates: u64,
    /// Calls that failed because of an outage.
    pub(super) refused_by_the_sink: u64,
    /// How often a batch that never ends was started.
    pub(super) hung: u64,
    pub(super) writes: u64,
    /// What each sweep came to.
    pub(super) swept: Vec<Swept>,
    /// Batches in the sinks.
    pub(super) sunk: u64,
    pub(super) took: Duration,
    /// The record at the end.
    pub(super) record: Option<Record>,
    /// The most tasks and timers there ever were.
    pub(super) peak: usize,
}

/// What decides a failure comes first, then what happened last.
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

/// What a seed decides, simulated.
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
    resume(&world);
    let mut redrives = 0;
    loop {
        if !world.executor().run(polls(&world.options)) {
            world.with(|state| state.wrong(WORLD, "the simulation does not end".into()));
            break;
        }
        let over = is_over(&world);
        let letters = world.with(|state| std::mem::take(&mut state.dead_letters));
        // A failed run refuses its signal for ever, as it must.
        let enough = redrives >= if over { 2 } else { REDRIVES };
        // Whatever else there is: the letters of one run that failed must not hide that another one's signal was lost.
        let revived = !enough && revive(&world, over);
        if enough || (letters.is_empty() && !revived) {
            world.with(|state| state.dead_letters = letters);
            break;
        }
        redrives += 1;
        world.with(|state| {
            state.faults.stop();
            state.checks.closed = over;
            state.redriven += letters.len() as u64;
        });
        for (payload, source) in letters {
            world.with(|state| state.note(WORLD, format_args!("redrive {payload}")));
            world.accept(source, payload);
        }
    }
    judge(&world)
}

fn is_end(status: Status) -> bool {
    matches!(status, Status::Done | Status::Failed | Status::Superseded | Status::Cancelled)
}

/// Whether every run has come to an end; without a record there is none.
fn is_over(world: &World) -> bool {
    world.with(|state| state.end().is_some_and(is_end))
}

/// What comes from outside where events may be lost: the schedule goes on, and an object whose start was lost is started again, because
/// no sweep can know of it.
fn revive(world: &Arc<World>, over: bool) -> bool {
    let waits = |state: &State| world.options.waits() && !state.records.is_empty();
    if over || world.with(|state| state.faults.struck(Fault::EventLost) == 0 && !waits(state)) {
        return false;
    }
    let missing = world.with(|state| (state.records.len() as u64) < state.uploads);
    if missing {
        world.note(WORLD, format_args!("starts again"));
        world.with(|state| state.redriven += 1);
        let (source, payload) = start(world);
        world.accept(source, payload);
    }
    schedule(world) || missing
}

/// Sends the sweep's event at its interval, for two days at most, until every run is over.
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

/// A person resumes what failed, by the identity that the log and the store show.
fn resume(world: &Arc<World>) {
    let Some(at) = world.options.resumed_at else { return };
    let clone = Arc::clone(world);
    world.spawn(async move {
        clone.sleep(at).await;
        let runs: Vec<_> = clone.with(|state| state.records.keys().cloned().collect());
        for run in runs.iter().filter_map(|name| name.split('/').next_back()) {
            clone.accept(Source::Lambda, json!({ "recursive_lambda_resume": { "v": 1, "run": run } }).to_string());
        }
    });
}

const DAY: Duration = Duration::from_secs(86_400);

/// The start event as its source sends it.
fn start(world: &World) -> (Source, String) {
    let (size, version) = (world.oracle.body.len(), world.options.versions.then_some("v1"));
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
            let message = |(index, record): (usize, &Value)| {
                let body = json!({ "Records": [record] }).to_string();
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
        Fate::OverwrittenAt(at) => (at, Some(StoredObject { body: world.oracle.body.clone(), etag: "second".into() })),
    };
    let clone = Arc::clone(world);
    world.spawn(async move {
        clone.sleep(at).await;
        clone.note(WORLD, format_args!("the object changes"));
        clone.with(|state| state.object = object);
    });
}

fn judge(world: &World) -> Report {
    let options = &world.options;
    let report = world.with(|state| {
        let end = state.end();
        let sunk = state.checks.sunk();
        let mut wrong = std::mem::take(&mut state.checks.wrong);
        let over = end.is_some_and(is_end);
        let refused = never_began(options, end) && sunk == 0 && !state.dead_letters.is_empty();
        if !over && !refused {
            wrong.push(format!("the run died in silence: {end:?}"));
        }
        if end == Some(Status::Done) {
            wrong.extend(state.checks.unfinished(options, state.faults.total()));
            if must_fail(options) {
                wrong.push("the run is done although it must fail".into());
            }
        } else if over && !may_fail(options, &state.faults) {
            wrong.push(format!("the run ended {end:?}"));
        }
        let hung = state.checks.hung;
        let (extra, bound) = (state.checks.extra(), extra_executions_allowed(options, &state.faults, hung));
        if extra > bound {
            wrong.push(format!("{extra} extra executions, at most {bound} are allowed"));
        }
        let (most, swept) = (invocations_allowed(options, state, hung), state.swept.len() as u64);
        if state.invocations > most {
            wrong.push(format!("{} invocations, {swept} of them sweeps, at most {most} are allowed", state.invocations));
        }
        let acquisitions = state.records.values().map(|stored| stored.record.invocations).sum::<u64>();
        let hand_overs = state.records.values().map(|stored| stored.record.seq).sum::<u64>();
        let signalled = state.swept.iter().map(|swept| swept.signalled).sum::<u64>();
        let faults = state.faults.total()
            + hung
            + state.refused_by_the_sink
            + signalled
            + options.uploads * (3 * options.starts + 3 * attempts(options));
        if acquisitions > hand_overs + faults {
            wrong.push(format!("{acquisitions} acquisitions for {hand_overs} hand-overs: the run forked"));
        }
        Report {
            options: options.clone(),
            faults: state.faults.clone(),
            end,
            wrong,
            digest: 0,
            trace: String::new(),
            executions: state.checks.executions(),
            extra,
            invocations: state.invocations,
            refused_by_the_sink: state.refused_by_the_sink,
            hung,
            duplicates: state.duplicates,
            writes: state.writes,
            swept: std::mem::take(&mut state.swept),
            sunk,
            took: state.now,
            record: state.records.values().next().map(|stored| stored.record.clone()),
            peak: state.peak,
        }
    });
    world.executor().clear();
    Report { digest: world.digest(), trace: world.text(), ..report }
}

/// A manual start of what no longer exists is refused, and refused again as a dead letter: people see it, and nothing was done.
fn never_began(options: &Options, end: Option<Status>) -> bool {
    end.is_none() && options.via == Via::Hand && matches!(options.fate, Fate::DeletedAt(_))
}

/// What fails costs its three deliveries, a duplicate its own and what it breeds, a sweep itself and what it signals.
fn invocations_allowed(options: &Options, state: &State, hung: u64) -> u64 {
    let hand_overs = state.records.values().map(|stored| stored.record.seq + 1).sum::<u64>();
    let swept = state.swept.iter().map(|swept| 1 + 3 * swept.signalled).sum::<u64>();
    let trouble = state.faults.total() + hung + state.redriven + state.refused_by_the_sink + options.uploads * attempts(options);
    // A queue delivers five times.
    let starts = 5 * options.starts * options.uploads;
    hand_overs * 3 / 2 + 3 * (state.duplicates + trouble) + starts + swept
}

/// The poisonous record is reached by a run that can fail.
fn must_fail(options: &Options) -> bool {
    let poisonous = options.poison.iter().filter(|(row, _)| *row < options.end()).count() as u64;
    poisonous > if options.kind.is_picky() { SKIP.min(options.end().saturating_sub(1)) } else { 0 }
}

/// A record that fails with a retryable error is skipped only if another one is processed.
fn may_lack_a_witness(options: &Options) -> bool {
    let is_poisonous = |row| options.poison_in(row..row + 1).is_some();
    let error = |(row, poison): &(u64, Poison)| *poison == Poison::Error && (*row + 1..options.end()).all(is_poisonous);
    options.kind.is_picky() && options.poison.iter().any(error)
}

fn may_fail(options: &Options, faults: &Faults) -> bool {
    let impatient = options.max_attempts < PATIENT;
    // A fault may be taken for that of a record.
    let unlucky = options.kind.is_picky() && options.poison.len() as u64 + faults.total() > SKIP;
    // Where errors are not waited out, those of the world and those of a record add up.
    let hasty = options.retry_for.is_zero() && impatient && faults.total() > 0 && !options.poison.is_empty();
    must_fail(options)
        || unlucky
        || hasty
        || may_lack_a_witness(options)
        || options.outlasts_its_patience()
        || (options.fate != Fate::Stays && !options.versions)
        || (impatient && faults.total() >= u64::from(options.max_attempts))
}

/// Each fault may cost the batches between two saves; one that wakes an invocation after its lease costs the sleeper's, too. So may
/// each death in a batch that never ends: what is tried with care before it is passed, and only then is it tried again.
fn extra_executions_allowed(options: &Options, faults: &Faults, hung: u64) -> u64 {
    let concurrent = if options.kind.is_wide() { WIDTH } else { 1 };
    let window = (options.batches_per_save() * concurrent + concurrent - 1) * options.batch().div_ceil(options.unit());
    (faults.total() + faults.sleepers() + hung + options.uploads * attempts(options)) * window
}

/// How often a poisonous record is tried; each time, what was not saved before it may run again.
fn attempts(options: &Options) -> u64 {
    // Where the record at fault is looked for, its batch is halved until it is alone.
    let searches = if options.kind.is_picky() { 4 } else { 1 };
    let tries = options.poison.len() as u64 * u64::from(options.max_attempts) * searches;
    // Those that sweeps make in two days, and what they search.
    let waits = options.poison.iter().filter(|(_, poison)| options.waits() && *poison == Poison::Error).count() as u64;
    tries + waits * 100
}
