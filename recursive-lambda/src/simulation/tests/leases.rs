//! Leases under slow or silent stores: an invocation at work holds one, and no batch begins with an old one.

use super::*;
use std::time::Duration;

fn check(options: &Options, kinds: &[(Fault, u16)]) {
    for seed in 0..20 {
        let options = Options { seed, ..options.clone() };
        well(simulate(options, Faults::of(seed, kinds, Duration::from_secs(600))));
    }
}

/// A renewal that hangs for longer than the lease lets another invocation take over. Once that one has lost the run, too, the
/// first one acquires it again in the same invocation, and must renew again.
#[test]
fn a_second_takeover_renews_again() {
    let options = Options {
        starts: 3,
        timeout: Duration::from_secs(900),
        lease: Duration::from_secs(2),
        batch_ms: (2_000, 20_000),
        ..Options::plain(Kind::Tally, 90)
    };
    check(&options, &[(Fault::WriteSlow, 500)]);
}

/// A batch ends while a renewal is retried: the next one waits, and then needs a save.
#[test]
fn no_batch_begins_with_an_old_lease() {
    let options = Options {
        timeout: Duration::from_secs(900),
        lease: Duration::from_secs(5),
        checkpoint: Duration::from_secs(30),
        ..Options::plain(Kind::Tally, 600)
    };
    check(&options, &[(Fault::WriteNotApplied, 6_000)]);
}

/// A renewal without an answer arrives in the end, and the next save finds it in its place.
#[test]
fn a_late_renewal_is_recognised() {
    let options = Options {
        timeout: Duration::from_secs(900),
        lease: Duration::from_secs(15),
        batch_ms: (20_000, 40_000),
        ..Options::plain(Kind::Tally, 60)
    };
    check(&options, &[(Fault::WriteLate, 7_000)]);
}

/// A write is refused because it was applied, and recognised only seconds later: the lease counts from the first try.
#[test]
fn a_lease_is_as_old_as_its_write() {
    let options = Options {
        timeout: Duration::from_secs(900),
        lease: Duration::from_secs(2),
        checkpoint: Duration::from_secs(30),
        ..Options::plain(Kind::Tally, 600)
    };
    check(&options, &[(Fault::WriteTwice, 5_000), (Fault::WriteConflict, 2_000), (Fault::ReadFails, 5_000)]);
}
