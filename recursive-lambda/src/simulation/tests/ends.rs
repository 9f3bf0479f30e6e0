//! Runs that cannot succeed: how they end, what they leave, and how often they tried.

use super::*;
use crate::simulation::options::{Fate, PATIENT, Poison};
use std::time::Duration;

#[test]
fn a_poisonous_record_fails_the_run_where_it_stands() {
    //  poison            executions of its batch    kind of error
    let table = [
        (Poison::Error, 3, "Job"),
        (Poison::Panic, 3, "Job"),
        (Poison::Terminal, 1, "Job"),
        // Two die before the third is refused.
        (Poison::Endless, 3, "Runaway"),
    ];
    for kind in [Kind::Plain, Kind::Tally, Kind::Table] {
        for (poison, attempts, error) in table {
            let options = Options { poison: Some((31, poison)), max_attempts: 3, ..Options::plain(kind, 60) };
            let before = 31 / options.batch();
            let report = well(simulate(options, Faults::none()));
            let record = report.record.as_ref().unwrap();
            assert_eq!(report.end, Some(Status::Failed), "{report}");
            assert_eq!(record.last_error.as_ref().unwrap().kind, error, "{report}");
            assert!(report.sunk == before && record.batches == before, "{poison:?} {report}");
            let tries = report.executions - report.extra - before + report.extra;
            assert!(tries >= attempts, "{poison:?} {tries} {report}");
        }
    }
}

#[test]
fn an_object_that_changes_ends_the_run() {
    let at = Duration::from_secs;
    for (name, fate, want) in [
        ("before the start", Fate::OverwrittenAt(at(0)), Status::Superseded),
        ("within the run", Fate::OverwrittenAt(at(20)), Status::Failed),
        ("deleted within the run", Fate::DeletedAt(at(20)), Status::Failed),
        ("after the run", Fate::DeletedAt(at(10_000)), Status::Done),
    ] {
        // Small batches per invocation, so that the object is asked for again.
        let options =
            Options { fate, batches_per_invocation: Some(2), max_attempts: PATIENT, ..Options::plain(Kind::Tally, 120) };
        let report = well(simulate(options, Faults::none()));
        assert_eq!(report.end, Some(want), "{name} {report}");
    }
}
