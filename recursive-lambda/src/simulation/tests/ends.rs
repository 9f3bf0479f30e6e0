//! Runs that cannot succeed: how they end, what they leave, and how often they tried.
//!
//! `docs/protocol.md` has the rules.

use super::*;
use crate::simulation::faults::Moment;
use crate::simulation::options::{Fate, PATIENT, Poison};
use std::time::Duration;

#[test]
fn a_poisonous_record_fails_the_run() {
    // What a record does, how often its batch runs, and the kind of error.
    let table = [(Poison::Error, 3, "Job"), (Poison::Panic, 3, "Job"), (Poison::Terminal, 1, "Job")];
    for kind in [Kind::Plain, Kind::Tally, Kind::Table, Kind::Dialect] {
        for (poison, attempts, error) in table {
            let options = Options { poison: vec![(31, poison)], max_attempts: 3, ..Options::plain(kind, 60) };
            let before = 31 / options.batch();
            let report = well(simulate(options, Faults::none()));
            let checkpoint = report.checkpoint.as_ref().unwrap();
            assert_eq!(
                (report.end, checkpoint.last_error.as_ref().unwrap().kind.as_str()),
                (Some(Status::Failed), error),
                "{report}"
            );
            assert_eq!(
                (report.sunk, checkpoint.batches, report.executions),
                (before, before, before + attempts),
                "{poison:?} {report}"
            );
        }
    }
}

/// A handler written by hand may not be an `async fn`: then user code runs before there is a future.
#[test]
fn a_panic_at_the_call_fails_the_run() {
    let options = Options { poison: vec![(31, Poison::PanicAtOnce)], max_attempts: 3, ..Options::plain(Kind::Plain, 60) };
    let report = well(simulate(options, Faults::none()));
    let error = report.checkpoint.as_ref().unwrap().last_error.as_ref().unwrap();
    assert_eq!((report.end, error.kind.as_str()), (Some(Status::Failed), "Job"), "{report}");
    assert_eq!(error.message, "the job panicked: a poisonous record");
    assert_eq!((report.sunk, report.executions), (31, 31), "{report}");
}

/// A batch that takes longer than an invocation: each invocation that tries it dies without a word.
#[test]
fn an_endless_batch_fails_the_run() {
    for kind in [Kind::Plain, Kind::Tally, Kind::Table, Kind::Dialect] {
        let options = Options { poison: vec![(31, Poison::Endless)], max_attempts: 3, ..Options::plain(kind, 60) };
        let before = 31 / options.batch();
        let report = well(simulate(options, Faults::none()));
        let checkpoint = report.checkpoint.as_ref().unwrap();
        assert_eq!(
            (report.end, checkpoint.last_error.as_ref().unwrap().kind.as_str()),
            (Some(Status::Failed), "Runaway"),
            "{report}"
        );
        assert_eq!((report.sunk, checkpoint.batches), (before, before), "{report}");
        assert!(report.invocations < 20, "{report}");
    }
}

#[test]
fn a_changed_object_ends_the_run() {
    let at = Duration::from_secs;
    for (name, fate, want) in [
        ("before the start", Fate::OverwrittenAt(at(0)), Status::Superseded),
        ("within the run", Fate::OverwrittenAt(at(20)), Status::Failed),
        ("deleted within the run", Fate::DeletedAt(at(20)), Status::Failed),
        ("after the run", Fate::DeletedAt(at(10_000)), Status::Done),
    ] {
        // Few batches per invocation, so that the object is requested again.
        let options =
            Options { fate, batches_per_invocation: Some(2), max_attempts: PATIENT, ..Options::plain(Kind::Tally, 120) };
        let report = well(simulate(options, Faults::none()));
        assert_eq!(report.end, Some(want), "{name} {report}");
    }
}

/// R15: no matter which batch is done first, `is_complete` is asked in the order of positions.
#[test]
fn concurrent_batches_end_early_too() {
    for seed in 0..50 {
        let options = Options { seed, batch_ms: (1, 3_000), ..Options::plain(Kind::EarlyWide, 120) };
        let report = well(simulate(options, Faults::none()));
        let checkpoint = report.checkpoint.as_ref().unwrap();
        assert_eq!((report.end, checkpoint.position, checkpoint.batches), (Some(Status::Done), 38, 19), "{report}");
    }
}

/// The README's promise: a run that is pinned by version goes on with that version.
#[test]
fn a_run_keeps_its_object_version() {
    let at = Duration::from_secs;
    for fate in [Fate::OverwrittenAt(at(0)), Fate::OverwrittenAt(at(20)), Fate::DeletedAt(at(0)), Fate::DeletedAt(at(20))] {
        let options = Options { fate, versions: true, batches_per_invocation: Some(2), ..Options::plain(Kind::Tally, 120) };
        let report = well(simulate(options, Faults::none()));
        assert_eq!((report.end, report.extra), (Some(Status::Done), 0), "{report}");
    }
}

/// Errors at different places do not add up: each place has its attempts.
#[test]
fn single_errors_do_not_fail_the_run() {
    let options = Options { timeout: Duration::from_secs(900), max_attempts: 3, ..Options::plain(Kind::Tally, 150) };
    for moment in [Moment::NotApplied, Moment::ReplyLost] {
        let script = (1..12).map(|error| (error * 9, moment));
        let report = well(simulate(options.clone(), Faults::scripted(script)));
        assert_eq!(report.end, Some(Status::Done), "{report}");
        assert!(report.invocations > 3, "{report}");
    }
}
