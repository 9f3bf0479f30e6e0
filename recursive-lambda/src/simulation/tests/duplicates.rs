//! Every event is delivered several times, up to a fortnight late: nothing is done twice, and the checkpoint says the same.

use super::*;
use crate::simulation::options::Via;
use std::time::Duration;

#[test]
fn duplicates_change_nothing() {
    const DAY: u64 = 86_400;
    for via in [Via::S3, Via::Sqs, Via::EventBridge, Via::Hand] {
        for kind in [Kind::Tally, Kind::Early] {
            let options = Options { via, batches_per_invocation: Some(5), ..Options::plain(kind, 120) };
            let once = well(simulate(options.clone(), Faults::none()));
            for copies in 1..=4 {
                for late in [0, 1, 90, 6 * 3600, 14 * DAY] {
                    for seed in 0..3 {
                        let duplicates = (copies, Duration::from_secs(late));
                        let report = well(simulate(Options { seed, duplicates, ..options.clone() }, Faults::none()));
                        let story = |report: &Report| {
                            let checkpoint = report.checkpoint.as_ref().unwrap();
                            (
                                report.end,
                                report.executions,
                                checkpoint.seq,
                                checkpoint.epoch,
                                checkpoint.invocations,
                                checkpoint.batches,
                            )
                        };
                        assert_eq!(story(&report), story(&once), "{via:?} {kind:?} {duplicates:?} {report}");
                    }
                }
            }
        }
    }
}
