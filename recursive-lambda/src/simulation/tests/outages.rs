//! Outages of what the job needs: the run waits, loses nothing, skips nothing, and fails only when it has waited long enough.

use super::*;
use crate::simulation::options::{Poison, SWEEPS};
use recursive_lambda_core::checkpoint::Action;
use std::time::Duration;

const MINUTES: fn(u64) -> Duration = |minutes| Duration::from_secs(60 * minutes);

fn hit(kind: Kind, outage: Duration) -> Options {
    Options {
        outage: Some((Duration::from_secs(20), outage)),
        retry_for: MINUTES(24 * 60),
        max_attempts: 3,
        sweeps_every: Some(SWEEPS),
        ..Options::plain(kind, 120)
    }
}

/// The table in RELIABILITY.md; `-- --nocapture` prints it.
#[test]
fn an_outage_only_costs_time() {
    println!(
        "| outage | `on_error` | ends | executions of batches | calls in the outage | skipped | invocations, sweeps among them | took |"
    );
    for (name, outage, end) in [
        ("3 minutes", MINUTES(3), Status::Done),
        ("1 hour", MINUTES(60), Status::Done),
        ("20 hours", MINUTES(20 * 60), Status::Done),
        ("30 hours", MINUTES(30 * 60), Status::Failed),
    ] {
        for kind in [Kind::Table, Kind::Picky, Kind::Plain] {
            let report = well(simulate(hit(kind, outage), Faults::none()));
            let Report { executions, refused_by_the_sink, invocations, swept, took, checkpoint, .. } = &report;
            let checkpoint = checkpoint.as_ref().unwrap();
            let on_error = if kind.is_picky() { "skip" } else { "stop" };
            let swept = swept.len();
            let took = humantime::format_duration(Duration::from_secs(took.as_secs()));
            println!(
                "| {name} | {kind:?} {on_error} | {:?} | {executions} | {refused_by_the_sink} | {} | {invocations}, {swept} | {took} |",
                checkpoint.status, checkpoint.skipped
            );
            assert_eq!((report.end, checkpoint.skipped, report.extra), (Some(end), 0, 0), "{report}");
            assert!(*refused_by_the_sink <= if kind.is_picky() { 400 } else { 60 }, "{report}");
        }
    }
}

#[test]
fn on_complete_survives_an_outage() {
    // There is no batch before it.
    let options = Options { rows: 0, outage: Some((Duration::ZERO, MINUTES(20 * 60))), ..hit(Kind::Table, MINUTES(0)) };
    let report = well(simulate(options, Faults::none()));
    assert_eq!((report.end, report.extra), (Some(Status::Done), 0), "{report}");
    assert!(report.refused_by_the_sink > 3, "{report}");
}

#[test]
fn a_run_resumes_after_an_outage() {
    for kind in [Kind::Table, Kind::Picky] {
        let options = Options { commands: vec![(MINUTES(31 * 60), Action::Resume)], ..hit(kind, MINUTES(30 * 60)) };
        let report = well(simulate(options, Faults::none()));
        let checkpoint = report.checkpoint.as_ref().unwrap();
        assert_eq!(
            (report.end, checkpoint.skipped, report.extra, checkpoint.position),
            (Some(Status::Done), 0, 0, 120),
            "{report}"
        );
    }
}

/// People write `?` on a parse error and mean the record.
#[test]
fn an_outage_skips_only_bad_records() {
    let options = Options { poison: vec![(40, Poison::Error), (41, Poison::Error)], ..hit(Kind::Picky, MINUTES(60)) };
    let report = well(simulate(options, Faults::none()));
    let checkpoint = report.checkpoint.as_ref().unwrap();
    assert_eq!((report.end, checkpoint.skipped), (Some(Status::Done), 2), "{report}");
}
