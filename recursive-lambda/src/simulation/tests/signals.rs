//! Signals never breed signals: duplicates, a late queue and lost answers cost invocations in proportion to their number.

use super::*;
use std::time::Duration;

/// A chain of this many invocations, one batch in each.
fn chain(hops: u64, queue_ms: (u64, u64)) -> Options {
    Options {
        batches_per_invocation: Some(1),
        batch_ms: (50, 400),
        queue_ms,
        one_acknowledgement_for_all: false,
        ..Options::plain(Kind::Plain, hops)
    }
}

#[test]
fn invocations_are_bounded() {
    const LATE: (u64, u64) = (1, 60_000);
    const SOON: (u64, u64) = (1, 50);
    let day = Duration::from_secs(86_400);
    let brown_out = Duration::from_secs(20 * 60);
    let twice = |rate| vec![(Fault::EventTwice, rate)];
    for (name, hops, queue, kinds, until) in [
        ("1 % of the events twice, late queue", 300, LATE, twice(100), day),
        ("1 % of the events twice, late queue", 1_000, LATE, twice(100), day * 14),
        ("15 % of the events twice, late queue", 300, LATE, twice(1_500), day),
        ("10 % of Invoke's answers lost, late queue", 300, LATE, vec![(Fault::SignalReplyLost, 1_000)], day),
        ("10 % of Invoke's answers lost", 300, SOON, vec![(Fault::SignalReplyLost, 1_000)], day),
        ("a brown-out of 20 minutes", 100, SOON, vec![], brown_out),
        ("a brown-out of 20 minutes, late queue", 100, LATE, vec![], brown_out),
    ] {
        let calm = Duration::ZERO..if kinds.is_empty() { until } else { Duration::ZERO };
        let faults = Faults::of(1, &kinds, until).browned_out(calm);
        let report = simulate(chain(hops, queue), faults.clone());
        let Report { invocations, duplicates, took, ref faults, .. } = report;
        println!("{name}, {hops} hops: {invocations} invocations, {duplicates} duplicates, {took:?} {faults:?}");
        if std::env::var("RL_BEFORE").is_err() {
            assert!(invocations * 2 <= hops * 3 + duplicates * 2, "{report}");
        }
    }
}
