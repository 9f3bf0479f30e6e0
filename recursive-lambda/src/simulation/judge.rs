//! The verdict on a simulation: how the runs ended, and what they were allowed to cost.

use super::faults::Faults;
use super::options::{Fate, Options, PATIENT, Poison, SKIP, Via, WIDTH};
use super::run::{Report, is_end};
use super::world::{State, World};
use recursive_lambda_core::checkpoint::{Action, Status};
use std::time::Duration;

pub(super) fn judge(world: &World) -> Report {
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
        let (extra, bound) = (state.checks.extra(), extra_executions_allowed(options, &state.faults, hung + state.commands));
        if extra > bound {
            wrong.push(format!("{extra} extra executions, at most {bound} are allowed"));
        }
        let (most, swept) = (invocations_allowed(options, state, hung), state.swept.len() as u64);
        if state.invocations > most {
            wrong.push(format!("{} invocations, {swept} of them sweeps, at most {most} are allowed", state.invocations));
        }
        let acquisitions = state.records.values().map(|stored| stored.checkpoint.invocations).sum::<u64>();
        let hand_overs = state.records.values().map(|stored| stored.checkpoint.seq).sum::<u64>();
        let signalled = state.swept.iter().map(|swept| swept.signalled).sum::<u64>();
        let faults = state.faults.total()
            + hung
            + state.refused_by_the_sink
            + signalled
            + state.commands
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
            checkpoint: state.runs().next().map(|stored| stored.checkpoint.clone()),
            peak: state.peak,
        }
    });
    world.executor().clear();
    Report { digest: world.digest(), trace: world.text(), ..report }
}

/// A manual start of an object that no longer exists is refused, and again as a dead letter: people see it, and no work was done.
fn never_began(options: &Options, end: Option<Status>) -> bool {
    end.is_none() && options.via == Via::Hand && matches!(options.fate, Fate::DeletedAt(_))
}

/// A failure costs its three deliveries, a duplicate its own and its consequences, a sweep itself and its signals.
fn invocations_allowed(options: &Options, state: &State, hung: u64) -> u64 {
    let hand_overs = state.records.values().map(|stored| stored.checkpoint.seq + 1).sum::<u64>();
    let swept = state.swept.iter().map(|swept| 1 + 3 * swept.signalled).sum::<u64>();
    let trouble = state.faults.total() + hung + state.redriven + state.refused_by_the_sink + options.uploads * attempts(options);
    // Each shard that is over may find the marks of all, and signal the run.
    let joins = if options.kind.has_shards() { 6 * u64::from(options.shards) * options.uploads } else { 0 };
    // A queue delivers five times.
    let starts = 5 * options.starts * options.uploads;
    hand_overs * 3 / 2 + 3 * (state.duplicates + trouble + state.commands) + starts + swept + joins
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
    let has = |wanted: Poison| options.poison.iter().any(|(_, poison)| *poison == wanted);
    // A death while records are tried one by one blames no record, and a short invocation has no time to try them.
    let is_doubtful = has(Poison::Endless) || (options.retry_for.is_zero() && options.timeout <= Duration::from_secs(20));
    options.kind.is_picky() && (options.poison.iter().any(error) || (has(Poison::Error) && is_doubtful))
}

fn may_fail(options: &Options, faults: &Faults) -> bool {
    let impatient = options.max_attempts < PATIENT;
    // A fault may look like a record's.
    let unlucky = options.kind.is_picky() && options.poison.len() as u64 + faults.total() > SKIP;
    // If errors are not retried, those of the world and those of a record add up.
    let hasty = options.retry_for.is_zero() && impatient && faults.total() > 0 && !options.poison.is_empty();
    options.is_commanded(Action::Cancel)
        || must_fail(options)
        || unlucky
        || hasty
        || may_lack_a_witness(options)
        || options.outlasts_its_patience()
        || (options.fate != Fate::Stays && !options.versions)
        || (impatient && faults.total() >= u64::from(options.max_attempts))
}

/// Each fault may cost the batches between two saves. One that wakes an invocation after its lease costs the sleeper's batches,
/// too. So does each death in an endless batch: records are tried one by one before it is skipped, and only then again.
/// A command may end an invocation that has batches in flight, or one that does not know of the resume after it.
fn extra_executions_allowed(options: &Options, faults: &Faults, others: u64) -> u64 {
    let concurrent = if options.kind.is_wide() { WIDTH } else { 1 };
    let window = (options.batches_per_save() * concurrent + concurrent - 1) * options.batch().div_ceil(options.unit());
    (faults.total() + faults.sleepers() + others + options.uploads * attempts(options)) * window
}

/// How many times a poisonous record is tried. Each time, unsaved batches may run again.
fn attempts(options: &Options) -> u64 {
    // In a search the batch is halved until the bad record is alone.
    let searches = if options.kind.is_picky() { 4 } else { 1 };
    let tries = options.poison.len() as u64 * u64::from(options.max_attempts) * searches;
    // Those that sweeps make in two days, and what they search.
    let waits = options.poison.iter().filter(|(_, poison)| options.waits() && *poison == Poison::Error).count() as u64;
    tries + waits * 100
}
