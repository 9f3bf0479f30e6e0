//! Every effect of a run, and everything that can happen to it: the result is always the same.

use super::*;
use crate::simulation::faults::Moment;
use crate::simulation::options::Poison;

/// 50 batches in 10 invocations, with state and `on_complete`.
fn options() -> Options {
    Options { batches_per_invocation: Some(5), max_attempts: 3, keep: Keep::Last(80), ..Options::plain(Kind::Tally, 150) }
}

/// 20 batches in 7 invocations or more, up to four of them in flight.
fn wide() -> Options {
    Options { batches_per_invocation: Some(3), max_attempts: 3, keep: Keep::Last(80), ..Options::plain(Kind::Wide, 40) }
}

/// 60 rows, three of which are skipped: one does not decode, one is refused by the job, one fails until the job has tried it
/// three times.
fn picky() -> Options {
    let poison = vec![(7, Poison::Undecodable), (22, Poison::Terminal), (40, Poison::Error)];
    Options { poison, batches_per_invocation: Some(5), max_attempts: 3, keep: Keep::Last(80), ..Options::plain(Kind::Picky, 60) }
}

fn check(options: Options, script: &[(u64, Moment)]) {
    let report = simulate(options, Faults::scripted(script.iter().copied()));
    assert!(report.wrong.is_empty() && report.end == Some(Status::Done), "{script:?}\n{report}");
}

#[test]
fn any_single_fault_loses_nothing() {
    let undisturbed = well(simulate(options(), Faults::none()));
    assert_eq!((undisturbed.executions, undisturbed.invocations), (50, 10));
    assert!(undisturbed.faults.effects() >= 100, "{}", undisturbed.faults.effects());
    for options in [options(), wide()] {
        let effects = simulate(options.clone(), Faults::none()).faults.effects();
        for effect in 1..=effects {
            for moment in Moment::ALL {
                check(options.clone(), &[(effect, moment)]);
            }
        }
    }
}

/// A fault may look like a record's, which is then one too many: the run may end, but never wrongly.
#[test]
fn any_fault_while_skipping_is_safe() {
    let effects = well(simulate(picky(), Faults::none())).faults.effects();
    for effect in 1..=effects {
        for moment in Moment::ALL {
            let report = simulate(picky(), Faults::scripted([(effect, moment)]));
            assert!(report.wrong.is_empty(), "{effect} {moment:?}\n{report}");
        }
    }
}

/// `RL_PAIRS=1`: some minutes, optimised.
#[test]
fn any_two_faults_lose_nothing() {
    if number("RL_PAIRS").is_none() {
        return;
    }
    let effects = simulate(options(), Faults::none()).faults.effects();
    let mut pairs = 0_u64;
    for first in 1..=effects {
        for second in first + 1..=effects + 20 {
            for one in Moment::ALL {
                for other in Moment::ALL {
                    check(options(), &[(first, one), (second, other)]);
                    pairs += 1;
                }
            }
        }
    }
    println!("{pairs} pairs of {effects} effects");
}
