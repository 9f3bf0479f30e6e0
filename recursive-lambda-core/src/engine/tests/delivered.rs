//! R1 to R6: what the checkpoint decides about an event that was delivered.
//!
//! `docs/protocol.md` has the rules.

use super::fixtures::*;
use crate::checkpoint::{Checkpoint, Status, Unreadable};
use crate::engine::save::{Read, Saved};

#[test]
fn a_start_creates_signals_acknowledges() {
    check(vec![
        ("admitted", admission(), vec![applied(), accepted()], "create Ready(1)@0 try 0 > signal 1 > ack Admitted"),
        ("in place", in_place(), vec![applied()], "create Running(0)@0 mine try 1 > work"),
        (
            "in place, one batch",
            in_place(),
            vec![applied(), last_batch(10), captured(), applied()],
            "create Running(0)@0 mine try 1 > work > capture > swap Done(0)@10 try 1 > ack Done",
        ),
        (
            "store silent",
            admission(),
            vec![saved(Saved::Unknown("503".into()))],
            "create Ready(1)@0 try 0 > refuse StoreFailed(\"503\")",
        ),
        (
            "store refuses",
            admission(),
            vec![saved(Saved::Refused("403".into()))],
            "create Ready(1)@0 try 0 > refuse StoreFailed(\"403\")",
        ),
    ]);
}

#[test]
fn a_second_start_is_like_a_first_signal() {
    let to = |checkpoint, then: &'static str| (checkpoint, format!("create Ready(1)@0 try 0 > {then}"));
    for (checkpoint, want) in [
        to(left_by("", ready(1)), "signal 1"),
        // However far the run is: the upload's event was sent again.
        to(ready(7), "signal 7"),
        to(running(1), "ack Stale"),
        to(running(0), "refuse DuplicateInFlight"),
        // A queue admits, although the run was begun in place by an invocation that gave it back.
        to(ready(0), "signal 0"),
        to(with(Status::Done, 1), "ack AlreadyOver"),
        to(with(Status::Failed, 1), "ack AlreadyOver"),
        to(with(Status::Failed, 0), "refuse RunFailed: ?"),
    ] {
        assert_eq!(trace(&mut admission(), vec![lost(checkpoint.clone())]), want, "{checkpoint:?}");
    }
}

#[test]
fn a_run_that_is_over_stays_over() {
    let failed = Checkpoint { last_error: Some(error("bad row")), ..with(Status::Failed, 2) };
    check(vec![
        ("done, now", signal(2), vec![found(with(Status::Done, 2))], "read > ack AlreadyOver"),
        ("done, late", signal(1), vec![found(with(Status::Done, 2))], "read > ack AlreadyOver"),
        ("done, ahead", signal(3), vec![found(with(Status::Done, 2))], "read > ack AlreadyOver"),
        ("superseded", signal(2), vec![found(with(Status::Superseded, 2))], "read > ack AlreadyOver"),
        ("cancelled", signal(2), vec![found(with(Status::Cancelled, 2))], "read > ack AlreadyOver"),
        ("failed alarms on every delivery", signal(2), vec![found(failed.clone())], "read > refuse RunFailed: bad row"),
        ("failed, duplicate", signal(1), vec![found(failed)], "read > ack AlreadyOver"),
    ]);
}

#[test]
fn seq_and_lease_decide_about_a_signal() {
    let ours = Checkpoint { owner: Some(me()), ..running(2) };
    check(vec![
        ("now, free", signal(2), vec![found(ready(2))], "read > over e Running(2)@0 mine try 1"),
        ("now, live", signal(2), vec![found(running(2))], "read > refuse DuplicateInFlight"),
        ("now, live for the second it is counted in", signal(2), vec![aged(45, running(2))], "read > refuse DuplicateInFlight"),
        ("now, expired", signal(2), vec![aged(46, running(2))], "read > over e Running(2)@0 mine try 2"),
        ("now, the same request's", signal(2), vec![found(ours)], "read > refuse DuplicateInFlight"),
        (
            "late, and it handed over",
            signal(1),
            vec![found(left_by("own", ready(2))), accepted()],
            "read > signal 2 > ack SignalledAgain",
        ),
        ("late, and another handed over", signal(1), vec![found(left_by("another's", ready(2)))], "read > ack Stale"),
        ("late, and another invocation acquired it since", signal(1), vec![found(ready(2))], "read > ack Stale"),
        ("late by two", signal(1), vec![found(left_by("own", ready(3)))], "read > ack Stale"),
        ("late, live", signal(1), vec![aged(45, running(2))], "read > ack Stale"),
        ("late, expired", signal(1), vec![aged(46, left_by("own", running(2)))], "read > ack Stale"),
        (
            "late, completing",
            signal(1),
            vec![found(left_by("own", with(Status::Completing, 2))), accepted()],
            "read > signal 2 > ack SignalledAgain",
        ),
        ("ahead", signal(3), vec![found(ready(2))], "read > refuse FromFuture { seq: 2 }"),
        ("ahead, live", signal(3), vec![found(running(2))], "read > refuse FromFuture { seq: 2 }"),
    ]);
}

#[test]
fn without_a_record_nothing_is_done() {
    check(vec![
        ("absent", signal(1), vec![read(Read::Absent)], "read > refuse UnknownRun"),
        ("newer", signal(1), vec![read(Read::Unreadable(Unreadable::Newer(2)))], "read > refuse Unreadable(Newer(2))"),
        ("silence", signal(1), vec![read(Read::Failed("503".into()))], "read > refuse StoreFailed(\"503\")"),
    ]);
}

#[test]
fn an_unexpected_answer_ends_the_run() {
    check(vec![
        ("at once", signal(1), vec![applied()], "read > refuse OutOfStep"),
        (
            "while working",
            signal(1),
            vec![found(ready(1)), applied(), captured()],
            "read > over e Running(1)@0 mine try 1 > work > refuse OutOfStep",
        ),
        ("after the reply", signal(1), vec![read(Read::Absent), slept()], "read > refuse UnknownRun > refuse OutOfStep"),
    ]);
}
