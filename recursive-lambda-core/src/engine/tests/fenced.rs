//! R11: an invocation that lost a save drops what it did since and assesses the event anew; it never acknowledges because it
//! lost.
//!
//! `docs/protocol.md` has the rules.

use super::fixtures::*;
use crate::checkpoint::Status;
use crate::engine::messages::Rules;
use crate::engine::run::Run;

/// Runs up to a save of each kind.
fn saves() -> Vec<(&'static str, Run, Vec<In>)> {
    let on_complete = || signal_under(Rules { on_complete: true, ..rules() }, 2);
    let begun = |then: Vec<In>| [found(ready(2)), applied()].into_iter().chain(then).collect::<Vec<_>>();
    let died = vec![aged(46, tried(3, running(2)))];
    vec![
        ("acquiring", signal(2), vec![found(ready(2))]),
        ("checkpoint", signal(2), begun(vec![batch(10).elapsed(10), captured()])),
        ("handover", signal(2), begun(vec![batch(10).left(0), captured()])),
        ("completing", on_complete(), begun(vec![last_batch(10), captured()])),
        ("completing handed over", on_complete(), begun(vec![last_batch(10).left(0), captured()])),
        ("done", signal(2), begun(vec![last_batch(10), captured()])),
        ("done after on_complete", on_complete(), begun(vec![last_batch(10), captured(), applied(), completed()])),
        ("superseded", signal(2), begun(vec![changed()])),
        ("dead", signal(2), died),
    ]
}

#[test]
fn a_fenced_owner_reads_the_checkpoint() {
    for (phase, run, events) in saves() {
        for (checkpoint, want) in [
            (lost(running(2)), "refuse DuplicateInFlight"),
            (lost_aged(46, running(2)), "over e Running(2)@0 mine try 2"),
            (lost(ready(2)), "over e Running(2)@0 mine try 1"),
            (lost(running(3)), "ack Stale"),
            (lost_aged(46, running(3)), "ack Stale"),
            (lost(left_by("another's", ready(3))), "ack Stale"),
            (lost(left_by("own", ready(3))), "signal 3"),
            (lost(with(Status::Done, 3)), "ack AlreadyOver"),
            (lost(with(Status::Cancelled, 2)), "ack AlreadyOver"),
            (lost(with(Status::Failed, 2)), "refuse RunFailed: ?"),
            (lost(ready(1)), "refuse FromFuture { seq: 1 }"),
        ] {
            let mut run = run.clone();
            trace(&mut run, events.clone());
            assert_eq!(checkpoint.clone().into_step(&mut run).1, want, "{phase}: {checkpoint:?}");
        }
    }
}

#[test]
fn a_new_owner_starts_at_the_last_save() {
    let other = crate::checkpoint::Checkpoint { position: 30, ..ready(1) };
    check(vec![(
        "fenced with a batch done",
        signal(1),
        vec![
            found(ready(1)),
            applied(),
            batch(10).elapsed(10),
            captured(),
            lost(other),
            applied(),
            batch(40).left(0),
            captured(),
        ],
        "read > over e Running(1)@0 mine try 1 > work > capture > swap Running(1)@10 mine try 1 > over e Running(1)@30 mine try 1 > work > capture > swap Ready(2)@40 try 0",
    )]);
}
