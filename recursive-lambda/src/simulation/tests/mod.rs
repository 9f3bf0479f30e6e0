//! The simulation's tests.
//!
//! `RL_SEED=123` replays one seed with its full trace, then with the fewest faults that make it fail. `RL_SEEDS=1000000` (and
//! `RL_FROM=..`) widens the search, `RL_PAIRS=1` enumerates all pairs of crash points, `RL_SCALE=1` simulates a million batches.
//! These need `--release`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests may")]

mod commands;
mod crash_points;
mod duplicates;
mod ends;
mod leases;
mod moves;
mod outages;
mod scale;
mod signals;
mod skipping;
mod sweeps;

use super::faults::{Fault, Faults};
use super::options::{Kind, Options};
use super::run::{Report, seed, simulate};
use super::trace::Keep;
use crate::fixtures::Compressed;
use recursive_lambda_core::checkpoint::Status;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().expect("a number"))
}

fn well(report: Report) -> Report {
    assert!(report.wrong.is_empty(), "{report}");
    report
}

#[test]
fn without_faults_batches_run_once() {
    for kind in [Kind::Plain, Kind::Tally, Kind::Early, Kind::Table, Kind::Dialect, Kind::Wide, Kind::Picky, Kind::PickyWide] {
        for rows in [0, 1, 2, 30, 120] {
            let (gzip, zstd) = (Some(Compressed::Gzip(64)), Some(Compressed::Zstd(64)));
            for (compressed, is_utf_16) in [(None, false), (gzip, false), (zstd, false), (None, true), (gzip, true)] {
                let options = Options { compressed, is_utf_16, ..Options::plain(kind, rows) };
                let report = well(simulate(options, Faults::none()));
                let times = if kind.is_picky() { report.options.rows } else { report.options.batches() };
                let want = (Some(Status::Done), times, 0);
                assert_eq!((report.end, report.executions, report.extra), want, "{kind:?} {rows} {compressed:?} {report}");
            }
        }
    }
}

#[test]
fn without_faults_shards_process_each_row_once() {
    for kind in [Kind::Parts, Kind::PartsOfTable] {
        for (rows, shards) in [(0, 2), (1, 3), (2, 2), (30, 4), (120, 7), (300, 100)] {
            let report = well(simulate(
                Options { shards, timeout: Duration::from_secs(20), ..Options::plain(kind, rows) },
                Faults::none(),
            ));
            assert_eq!((report.end, report.extra), (Some(Status::Done), 0), "{kind:?} {rows} {shards} {report}");
        }
    }
}

/// The seed without the faults that do not matter to its failure.
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

/// The totals of some seeds.
#[derive(Default)]
struct Tally {
    executions: u64,
    extra: u64,
    hours: u64,
    struck: BTreeMap<String, u64>,
    failed: Vec<(u64, String)>,
}

impl Tally {
    fn count(&mut self, number: u64) {
        let report = seed(number, Keep::Last(40));
        for fault in Fault::ALL {
            *self.struck.entry(format!("{fault:?}")).or_default() += u64::from(report.faults.struck(fault));
        }
        *self.struck.entry("runs that a sweep signalled".into()).or_default() +=
            report.swept.iter().map(|swept| swept.signalled).sum::<u64>();
        *self.struck.entry(format!("end {:?}", report.end)).or_default() += 1;
        self.executions += report.executions;
        self.extra += report.extra;
        self.hours += report.took.as_secs() / 3600;
        if let Some(wrong) = report.wrong.first() {
            if self.failed.is_empty() {
                println!("{report}\nwith the least faults:\n{}", least(number, Keep::Last(40)));
            }
            self.failed.push((number, wrong.clone()));
        }
    }

    fn add(mut self, other: Self) -> Self {
        for (what, times) in other.struck {
            *self.struck.entry(what).or_default() += times;
        }
        self.failed.extend(other.failed);
        let (executions, extra, hours) = (self.executions + other.executions, self.extra + other.extra, self.hours + other.hours);
        Self { executions, extra, hours, ..self }
    }
}

#[test]
fn seeds() {
    let (from, count) = (number("RL_FROM").unwrap_or(0), number("RL_SEEDS").unwrap_or(10_000));
    // `RL_EVERY=5`: only runs over shards.
    let every = number("RL_EVERY").unwrap_or(1);
    let next = AtomicU64::new(0);
    let work = || {
        let mut tally = Tally::default();
        loop {
            match next.fetch_add(1, Ordering::Relaxed) {
                number if number < count => tally.count(from + number * every),
                _ => return tally,
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let Tally { executions, extra, hours, struck, failed } = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold(Tally::default(), Tally::add)
    });
    let never: Vec<_> = struck.iter().filter(|(_, count)| **count == 0).map(|(fault, _)| fault).collect();
    assert!(never.is_empty() || count < 2_000, "never struck: {never:?}");
    println!("{executions} executions, {extra} extra, {hours} hours: {struck:#?}");
    assert!(failed.is_empty(), "{} seeds fail: {:#?}", failed.len(), failed.iter().take(40).collect::<Vec<_>>());
}

#[test]
fn a_seed_repeats_the_same_run() {
    for number in 0..200 {
        let (one, other) = (seed(number, Keep::Last(40)), seed(number, Keep::Last(40)));
        assert_eq!(one.digest, other.digest, "seed {number}");
    }
}
