//! Signals that never arrive: without a sweep the run stays where it is, with it nothing is lost or done twice.

use super::*;
use crate::simulation::options::SWEEPS;
use std::time::Duration;

#[test]
fn sweeps_finish_runs_without_signals() {
    for kind in [Kind::Plain, Kind::Tally, Kind::Early, Kind::Table, Kind::Dialect] {
        let options = Options { batches_per_invocation: Some(5), ..Options::plain(kind, 120) };
        let hand_overs = options.batches().div_ceil(5) - 1;
        let unswept = simulate(options.clone(), Faults::each_signal_is_lost_once());
        assert_eq!((unswept.end, unswept.executions), (Some(Status::Ready), 5), "{unswept}");
        assert_eq!(unswept.wrong, ["the run died in silence: Some(Ready)"]);

        let options = Options { sweeps_every: Some(SWEEPS), ..options };
        let report = well(simulate(options, Faults::each_signal_is_lost_once()));
        let came_to = (report.end, report.executions, report.extra);
        assert_eq!(came_to, (Some(Status::Done), report.options.batches(), 0), "{report}");
        let signalled: Vec<_> = report.swept.iter().map(|swept| swept.signalled).collect();
        assert_eq!(signalled, vec![1; hand_overs as usize], "{report}");
        assert!(report.swept.iter().all(|swept| swept.complete && swept.looked_at == 1), "{:?}", report.swept);
    }
}

/// Admitted, then forgotten: the sweep has time for some of them and says so, and the next one finds the others.
#[test]
fn a_sweep_stops_in_time_and_says_so() {
    let options = Options {
        uploads: 6,
        timeout: Duration::from_secs(16),
        reserve: Duration::from_secs(4),
        latency_ms: (500, 500),
        batch_ms: (1, 2),
        sweeps_every: Some(SWEEPS),
        ..Options::plain(Kind::Plain, 3)
    };
    let report = well(simulate(options, Faults::each_signal_is_lost_once()));
    assert_eq!((report.end, report.extra), (Some(Status::Done), 0), "{report}");
    let [first, second] = report.swept[..] else { panic!("{:?} {report}", report.swept) };
    assert!(!first.complete && second.complete, "{:?}", report.swept);
    assert!((1..6).contains(&first.signalled) && first.looked_at < 6, "{first:?}");
    assert_eq!((first.signalled + second.signalled, second.looked_at), (6, 6));
}
