//! A million batches: memory stays flat, and the number of writes is the protocol's price.

use super::*;
use std::time::Duration;

/// One write per checkpoint, two per invocation, three in all.
fn writes_expected(batches: u64, invocations: u64) -> f64 {
    let working = Duration::from_millis(50) * batches as u32;
    working.as_secs_f64() / 10.0 + 2.0 * invocations as f64 + 3.0
}

fn check(batches: u64) {
    let options = Options {
        batch_ms: (50, 50),
        timeout: Duration::from_secs(900),
        keep: Keep::Nothing,
        ..Options::plain(Kind::Plain, batches)
    };
    let report = well(simulate(options, Faults::none()));
    assert_eq!((report.end, report.executions), (Some(Status::Done), batches));
    let expected = writes_expected(batches, report.invocations);
    let off = (report.writes as f64 - expected).abs() / expected;
    assert!(off < 0.05, "{} writes, {expected} expected", report.writes);
    assert!(report.peak < 100, "{} tasks and timers at once", report.peak);
    println!(
        "{batches} batches: {} writes of {expected}, {} invocations, at most {} tasks and timers",
        report.writes, report.invocations, report.peak
    );
}

#[test]
fn a_hundred_thousand_batches() {
    check(100_000);
}

/// `RL_SCALE=1`
#[test]
fn a_million_batches() {
    if number("RL_SCALE").is_some() {
        check(1_000_000);
    }
}

/// 1,000 shards of 250 batches, each as long as 50 ms and its part of the decoding, with calls of 10 to 30 ms: the run that `plan` expects
/// to take 18.1 s in 1,002 invocations (`shards_cost_as_the_table_says`), within a tenth.
#[test]
fn a_thousand_shards_take_as_long_as_planned() {
    if number("RL_SCALE").is_none() {
        return;
    }
    let options = Options { shards: 1_000, batch_ms: (53, 54), latency_ms: (5, 15), ..Options::plain(Kind::Parts, 750_000) };
    let report = well(simulate(options, Faults::none()));
    let run = report.checkpoint.as_ref().unwrap();
    let (took, invocations) = (run.updated.duration_since(run.started).unwrap().as_secs_f64(), report.invocations);
    println!("{took:.1} s, {invocations} invocations, {} writes", report.writes);
    assert_eq!((report.end, report.extra), (Some(Status::Done), 0));
    assert!((took - 18.1).abs() <= 1.81 && (902..=1_102).contains(&invocations), "{took} s, {invocations} invocations");
}
