//! A person pauses, cancels and resumes a run.

use super::*;
use recursive_lambda_core::checkpoint::Action::{self, Cancel, Pause, Resume};
use std::time::Duration;

const S: fn(u64) -> Duration = Duration::from_secs;

fn commanded(commands: &[(u64, Action)]) -> Report {
    let commands = commands.iter().map(|(at, action)| (S(*at), *action)).collect();
    let options = Options { commands, batch_ms: (900, 1_100), ..Options::plain(Kind::Tally, 300) };
    well(simulate(options, Faults::none()))
}

#[test]
fn a_pause_repeats_no_batch() {
    // In an invocation, at a hand-over, and before the first batch.
    for pauses in [vec![5], vec![48, 50], vec![0], vec![5, 20, 30, 70, 71]] {
        let commands: Vec<_> = pauses.iter().flat_map(|at| [(*at, Pause), (at + 13, Resume)]).collect();
        let report = commanded(&commands);
        assert_eq!((report.end, report.extra), (Some(Status::Done), 0), "{pauses:?}: {report}");
        assert!(report.took > S(100 + 10), "{pauses:?}: {report}");
    }
}

#[test]
fn a_cancelled_run_stops() {
    let report = commanded(&[(20, Cancel), (30, Resume)]);
    let position = report.checkpoint.as_ref().unwrap().position;
    assert_eq!(report.end, Some(Status::Cancelled), "{report}");
    assert!((10..60).contains(&position) && report.executions < 40, "{position}: {report}");
}
