//! A run always moves: towards its end, or to a failure that says why.

use super::*;
use crate::simulation::options::{Poison, SWEEPS};
use std::time::Duration;

/// No matter how many batches lie between an endless batch and the last save: `MAX_ATTEMPTS` and one more.
#[test]
fn a_killing_batch_starts_four_times() {
    for before in [0, 100, 3_000, 9_500] {
        let options = Options {
            poison: vec![(before, Poison::Endless)],
            max_attempts: 3,
            batch_ms: (1, 2),
            timeout: Duration::from_secs(60),
            sweeps_every: Some(SWEEPS),
            retry_for: Duration::from_secs(86_400),
            ..Options::plain(Kind::Plain, before + 50)
        };
        let report = well(simulate(options, Faults::none()));
        let Report { executions, invocations, hung, took, .. } = report;
        println!(
            "{before} batches before it: started {hung} times, {executions} executions, {invocations} invocations, {took:?}"
        );
        assert_eq!((report.end, report.sunk), (Some(Status::Failed), before), "{report}");
        assert!(hung <= 4, "{report}");
    }
}

#[test]
fn on_complete_runs_despite_slow_calls() {
    for (timeout, call) in [(3_000, 400), (60_000, 8_000), (10_000, 100)] {
        let options = Options {
            timeout: Duration::from_millis(timeout),
            reserve: Duration::from_millis(timeout / 4),
            lease: Duration::from_secs(45),
            latency_ms: (call / 2, call / 2),
            batch_ms: (10, 20),
            ..Options::plain(Kind::Tally, 9)
        };
        let report = well(simulate(options, Faults::none()));
        println!("time-out {timeout} ms, calls of {call} ms: {} invocations", report.invocations);
        assert_eq!((report.end, report.extra), (Some(Status::Done), 0), "{report}");
        assert!(report.invocations < 12, "{report}");
    }
}

#[test]
fn a_refusing_bucket_is_reported() {
    let options = Options {
        denied: true,
        max_attempts: 3,
        sweeps_every: Some(SWEEPS),
        retry_for: Duration::from_secs(30 * 3_600),
        ..Options::plain(Kind::Tally, 30)
    };
    let report = well(simulate(options, Faults::none()));
    let error = report.checkpoint.as_ref().unwrap().last_error.as_ref().unwrap();
    assert_eq!((report.end, error.kind.as_str(), report.executions), (Some(Status::Failed), "Source", 0), "{report}");
    let (signalled, stuck): (Vec<_>, Vec<_>) = report.swept.iter().map(|swept| (swept.signalled, swept.stuck)).unzip();
    println!("{} invocations in 30 hours, {} of them sweeps", report.invocations, report.swept.len());
    assert!(stuck.iter().take(90).all(|stuck| *stuck == 0) && stuck.iter().skip(100).all(|stuck| *stuck == 1), "{stuck:?}");
    let last_hours = signalled.iter().skip(96).sum::<u64>();
    assert!((3..=7).contains(&last_hours), "at most once an hour: {signalled:?}");
}
