//! R14: a signal is sent until it is known to have arrived, or the event is given back.
//!
//! `docs/protocol.md` has the rules.

use super::fixtures::*;
use crate::checkpoint::{Action, Checkpoint, Status, Unreadable};
use crate::engine::save::Read;

#[test]
fn a_refused_signal_returns_the_event() {
    check(vec![
        ("admitting", admission(), vec![applied(), refused()], "create Ready(1)@0 try 0 > signal 1 > refuse SignalFailed"),
        ("again", signal(1), vec![found(left_by("own", ready(2))), refused()], "read > signal 2 > refuse SignalFailed"),
        ("sweeping", sweep(ready(2)), vec![refused()], "signal 2 swept > refuse SignalFailed"),
        (
            "handing over",
            signal(1),
            vec![found(ready(1)), applied(), batch(10).left(0), captured(), applied(), refused()],
            "read > over e Running(1)@0 mine try 1 > work > capture > swap Ready(2)@10 try 0 > signal 2 > refuse SignalFailed",
        ),
    ]);
}

#[test]
fn the_epoch_tells_whether_a_signal_came() {
    let taken_up = |checkpoint| Checkpoint { epoch: 1, ..checkpoint };
    for (name, answer, want) in [
        ("not acquired", found(ready(1)), "signal 1"),
        ("somebody works", found(running(1)), "ack Admitted"),
        ("somebody died at it", aged(46, running(1)), "ack Admitted"),
        ("somebody failed at it", found(taken_up(ready(1))), "ack Admitted"),
        ("somebody went on", found(taken_up(ready(2))), "ack Admitted"),
        ("over", found(with(Status::Done, 1)), "ack Admitted"),
        ("cancelled", found(with(Status::Cancelled, 1)), "ack Admitted"),
        ("gone", read(Read::Absent), "refuse CheckpointGone"),
        ("no answer", read(Read::Failed("503".into())), "signal 1"),
        ("unreadable", read(Read::Unreadable(Unreadable::Newer(2))), "signal 1"),
    ] {
        let want = format!("create Ready(1)@0 try 0 > signal 1 > sleep 1s > read > {want}");
        assert_eq!(trace(&mut admission(), vec![applied(), silence(), slept(), answer]), want, "{name}");
    }
}

#[test]
fn a_dead_owner_proves_no_signal() {
    let dead = || aged(60, running(2));
    check(vec![
        (
            "still dead",
            command(Action::Resume),
            vec![dead(), silence(), slept(), dead()],
            "read > signal 2 > sleep 1s > read > signal 2",
        ),
        (
            "taken over",
            command(Action::Resume),
            vec![dead(), silence(), slept(), found(Checkpoint { epoch: 2, ..running(2) })],
            "read > signal 2 > sleep 1s > read > ack SignalledAgain",
        ),
    ]);
}

#[test]
fn each_try_of_a_signal_has_its_token() {
    let mut run = admission();
    trace(&mut run, vec![]);
    let tokens: Vec<_> = [applied(), silence(), slept(), found(ready(1)), silence(), slept(), found(ready(1))]
        .into_iter()
        .filter_map(|input| match input.into_step(&mut run).0 {
            crate::engine::messages::Effect::Signal { token, .. } => Some(token),
            _ => None,
        })
        .collect();
    assert_eq!(tokens, ["me.1", "me.2", "me.3"]);
}

#[test]
fn a_signal_is_sent_four_times() {
    let silent = || vec![silence(), slept(), found(ready(1))];
    let events = std::iter::once(applied()).chain((0..4).flat_map(|_| silent())).collect();
    let once = "signal 1 > sleep 1s > read > ";
    let want = format!("create Ready(1)@0 try 0 > {once}{once}{once}{once}refuse SignalFailed");
    assert_eq!(trace(&mut admission(), events), want);
    let events = std::iter::once(applied()).chain((0..3).flat_map(|_| silent())).chain([accepted()]).collect();
    let want = format!("create Ready(1)@0 try 0 > {once}{once}{once}signal 1 > ack Admitted");
    assert_eq!(trace(&mut admission(), events), want);
}

/// Even if the invocation itself is due, or the run was begun in place: a sweep never works.
#[test]
fn a_sweep_only_signals() {
    check(vec![
        ("handed over", sweep(ready(2)), vec![accepted()], "signal 2 swept > ack SignalledAgain"),
        ("its owner died", sweep(running(3)), vec![accepted()], "signal 3 swept > ack SignalledAgain"),
        ("begun in place", sweep(running(0)), vec![accepted()], "signal 0 swept > ack SignalledAgain"),
        (
            "no answer, and not acquired",
            sweep(running(3)),
            vec![silence(), slept(), aged(100, running(3)), accepted()],
            "signal 3 swept > sleep 1s > read > signal 3 swept > ack SignalledAgain",
        ),
        (
            "silence, and it arrived",
            sweep(ready(2)),
            vec![silence(), slept(), found(running(2))],
            "signal 2 swept > sleep 1s > read > ack SignalledAgain",
        ),
    ]);
}
