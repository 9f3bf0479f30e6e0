//! The simulation's tests. `RL_SEED=123` replays one seed with its full trace; `RL_SEEDS=1000000` widens the search.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests may")]

use super::faults::Faults;
use super::options::{Kind, Options};
use super::run::{Report, seed, simulate};
use super::trace::Keep;
use crate::engine::record::Status;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().expect("a number"))
}

fn well(report: Report) -> Report {
    assert!(report.wrong.is_empty(), "{report}");
    report
}

#[test]
fn without_faults_every_batch_runs_exactly_once() {
    for kind in [Kind::Plain, Kind::Tally, Kind::Early, Kind::Table] {
        for rows in [0, 1, 2, 30, 120] {
            let report = well(simulate(Options::plain(kind, rows), Faults::none()));
            let want = (Some(Status::Done), report.options.batches(), 0);
            assert_eq!((report.end, report.executions, report.extra), want, "{kind:?} {rows} {report}");
        }
    }
}

#[test]
fn replay() {
    if let Some(number) = number("RL_SEED") {
        let report = seed(number, Keep::All);
        println!("{report}");
        assert!(report.wrong.is_empty(), "seed {number} fails");
    }
}

#[test]
fn seeds() {
    let (from, count) = (number("RL_FROM").unwrap_or(0), number("RL_SEEDS").unwrap_or(1_000));
    let mut failed = Vec::new();
    for number in from..from + count {
        let report = seed(number, Keep::Last(40));
        if !report.wrong.is_empty() {
            failed.push((number, report.wrong.first().cloned().unwrap_or_default()));
            if failed.len() == 1 {
                println!("{report}");
            }
        }
    }
    assert!(failed.is_empty(), "{} seeds fail: {:#?}", failed.len(), failed.iter().take(40).collect::<Vec<_>>());
}
