//! Every effect of a run, and everything that can happen to it: the result is always the same.

use super::*;
use crate::simulation::faults::Moment;

/// 50 batches in 10 invocations, with state and `on_complete`.
fn options() -> Options {
    Options { batches_per_invocation: Some(5), max_attempts: 3, keep: Keep::Last(80), ..Options::plain(Kind::Tally, 150) }
}

fn check(script: &[(u64, Moment)]) {
    let report = simulate(options(), Faults::scripted(script.iter().copied()));
    assert!(report.wrong.is_empty() && report.end == Some(Status::Done), "{script:?}\n{report}");
}

#[test]
fn every_single_point() {
    let undisturbed = well(simulate(options(), Faults::none()));
    assert_eq!((undisturbed.executions, undisturbed.invocations), (50, 10));
    let effects = undisturbed.faults.effects();
    assert!(effects >= 100, "{effects}");
    for effect in 1..=effects {
        for moment in Moment::ALL {
            check(&[(effect, moment)]);
        }
    }
}

/// `RL_PAIRS=1`: some minutes, optimised.
#[test]
fn every_pair_of_points() {
    if number("RL_PAIRS").is_none() {
        return;
    }
    let effects = simulate(options(), Faults::none()).faults.effects();
    for first in 1..=effects {
        for second in first + 1..=effects + 20 {
            for one in Moment::ALL {
                for other in Moment::ALL {
                    check(&[(first, one), (second, other)]);
                }
            }
        }
    }
}
