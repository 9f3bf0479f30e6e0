//! The simulation's tests.
//!
//! `RL_SEED=123` replays one seed with its full trace, then with the least faults that make it fail. `RL_SEEDS=1000000` (and
//! `RL_FROM=..`) widens the search, `RL_PAIRS=1` enumerates all pairs of crash points, `RL_SCALE=1` simulates a million batches:
//! these want `--release`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests may")]

mod aside;
mod crash_points;
mod duplicates;
mod ends;
mod leases;
mod scale;
mod sweeps;

use super::faults::{Fault, Faults};
use super::options::{Kind, Options};
use super::run::{Report, seed, simulate};
use super::trace::Keep;
use crate::engine::record::Status;
use std::collections::BTreeMap;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().expect("a number"))
}

fn well(report: Report) -> Report {
    assert!(report.wrong.is_empty(), "{report}");
    report
}

#[test]
fn without_faults_every_batch_runs_exactly_once() {
    for kind in [Kind::Plain, Kind::Tally, Kind::Early, Kind::Table, Kind::Wide, Kind::Picky, Kind::PickyWide] {
        for rows in [0, 1, 2, 30, 120] {
            let report = well(simulate(Options::plain(kind, rows), Faults::none()));
            let times = if kind.is_picky() { report.options.rows } else { report.options.batches() };
            let want = (Some(Status::Done), times, 0);
            assert_eq!((report.end, report.executions, report.extra), want, "{kind:?} {rows} {report}");
        }
    }
}

/// The seed without the faults that it fails without, too.
fn least(number: u64, keep: Keep) -> Report {
    let options = Options { keep, ..Options::swarm(number) };
    let mut faults = Faults::swarm(number);
    for fault in Fault::ALL {
        let mut fewer = faults.clone();
        fewer.set(fault, 0);
        if !simulate(options.clone(), fewer.clone()).wrong.is_empty() {
            faults = fewer;
        }
    }
    simulate(options, faults)
}

#[test]
fn replay() {
    if let Some(number) = number("RL_SEED") {
        let report = seed(number, Keep::All);
        println!("{report}");
        if !report.wrong.is_empty() {
            panic!("seed {number} fails, and with the least faults like this:\n{}", least(number, Keep::All));
        }
    }
}

#[test]
fn seeds() {
    let (from, count) = (number("RL_FROM").unwrap_or(0), number("RL_SEEDS").unwrap_or(2_000));
    let mut failed = Vec::new();
    let mut struck: BTreeMap<String, u64> = BTreeMap::new();
    let (mut batches, mut extra, mut virtual_time) = (0, 0, 0);
    for number in from..from + count {
        let report = seed(number, Keep::Last(40));
        for fault in Fault::ALL {
            *struck.entry(format!("{fault:?}")).or_default() += u64::from(report.faults.struck(fault));
        }
        *struck.entry("runs that a sweep signalled".into()).or_default() +=
            report.swept.iter().map(|swept| swept.signalled).sum::<u64>();
        *struck.entry(format!("end {:?}", report.end)).or_default() += 1;
        (batches, extra, virtual_time) =
            (batches + report.executions, extra + report.extra, virtual_time + report.took.as_secs() / 3600);
        if !report.wrong.is_empty() {
            failed.push((number, report.wrong.first().cloned().unwrap_or_default()));
            if failed.len() == 1 {
                println!("{report}\nwith the least faults:\n{}", least(number, Keep::Last(40)));
            }
        }
    }
    let never: Vec<_> = struck.iter().filter(|(_, count)| **count == 0).map(|(fault, _)| fault).collect();
    assert!(never.is_empty() || count < 2_000, "never struck: {never:?}");
    println!("{batches} executions, {extra} extra, {virtual_time} hours: {struck:#?}");
    assert!(failed.is_empty(), "{} seeds fail: {:#?}", failed.len(), failed.iter().take(40).collect::<Vec<_>>());
}

#[test]
fn a_seed_tells_the_same_story_twice() {
    for number in 0..200 {
        let (one, other) = (seed(number, Keep::Last(40)), seed(number, Keep::Last(40)));
        assert_eq!(one.digest, other.digest, "seed {number}");
    }
}
