//! Skipped records: the bad ones, and without a fault of the world no other.

use super::*;
use crate::simulation::options::Poison::{self, Endless, Error, Panic, Terminal, Undecodable};

#[test]
fn only_bad_records_are_skipped() {
    let table: [&[(u64, Poison)]; 7] = [
        &[(0, Undecodable)],
        &[(59, Undecodable)],
        &[(10, Undecodable), (11, Undecodable), (12, Undecodable)],
        &[(10, Terminal), (13, Terminal), (16, Panic)],
        &[(3, Error), (4, Undecodable), (5, Error)],
        &[(31, Endless)],
        &[(29, Endless), (30, Error), (59, Terminal)],
    ];
    for kind in [Kind::Picky, Kind::PickyWide] {
        for poison in table {
            let options = Options { poison: poison.to_vec(), max_attempts: 3, ..Options::plain(kind, 60) };
            let report = well(simulate(options, Faults::none()));
            let checkpoint = report.checkpoint.as_ref().unwrap();
            let want = (Some(Status::Done), poison.len() as u64, 60);
            assert_eq!((report.end, checkpoint.skipped, checkpoint.position), want, "{kind:?} {poison:?} {report}");
        }
    }
}

#[test]
fn one_too_many_fails_the_run() {
    for last in [Undecodable, Terminal, Error, Endless] {
        let poison = vec![(1, Undecodable), (20, Undecodable), (21, Undecodable), (40, last)];
        let options = Options { poison, max_attempts: 3, ..Options::plain(Kind::Picky, 60) };
        let report = well(simulate(options, Faults::none()));
        let checkpoint = report.checkpoint.as_ref().unwrap();
        assert_eq!((report.end, checkpoint.skipped), (Some(Status::Failed), 3), "{last:?} {report}");
        assert!((36..=40).contains(&checkpoint.position), "{last:?} {report}");
    }
}
