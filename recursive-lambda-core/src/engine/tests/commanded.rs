//! Commands of a person: what pause, cancel and resume do to a run, and to the owner that loses it.

use super::fixtures::*;
use super::waiting::waited;
use crate::checkpoint::Action::{Cancel, Pause, Resume};
use crate::checkpoint::{Checkpoint, Command, Commanded, Search, Status};
use crate::engine::messages::{Done, Effect, Event, Rules};
use std::time::UNIX_EPOCH;

/// A run that was paused while this invocation owned it.
fn paused(epoch: u64) -> Checkpoint {
    Checkpoint { epoch, position: 0, ..with(Status::Paused, 1) }
}

#[test]
fn commands_change_a_run_by_one_write() {
    let died = || aged(46, running(2));
    let acknowledged = |status, answer| format!("read > over e {status}(2)@0 try {answer}");
    for (status, checkpoint, tries) in [
        ("a run that is due", found(ready(2)), 0),
        ("a run at work", found(running(2)), 1),
        ("a run whose owner died", died(), 1),
        ("a run that waits", found(waited(4, 900, ready(2))), 0),
    ] {
        let waits = if status == "a run that waits" { " waits 4" } else { "" };
        for (action, becomes) in [(Pause, "Paused"), (Cancel, "Cancelled")] {
            let told = trace(&mut command(action), vec![checkpoint.clone(), applied()]);
            assert_eq!(told, acknowledged(becomes, format!("{tries}{waits} > ack {becomes}")), "{status}");
        }
    }
    check(vec![
        ("paused twice", command(Pause), vec![found(paused(1))], "read > ack Paused"),
        ("cancelled twice", command(Cancel), vec![found(with(Status::Cancelled, 2))], "read > ack Cancelled"),
        ("done", command(Pause), vec![found(with(Status::Done, 2))], "read > ack AlreadyOver"),
        ("done", command(Cancel), vec![found(with(Status::Done, 2))], "read > ack AlreadyOver"),
        ("a failed run is not paused", command(Pause), vec![found(with(Status::Failed, 2))], "read > ack AlreadyOver"),
        (
            "a failed run is cancelled",
            command(Cancel),
            vec![found(with(Status::Failed, 2)), applied()],
            "read > over e Cancelled(2)@0 try 0 > ack Cancelled",
        ),
        (
            "a paused run is cancelled",
            command(Cancel),
            vec![found(paused(1)), applied()],
            "read > over e Cancelled(1)@0 try 0 > ack Cancelled",
        ),
        (
            "a paused run is resumed",
            command(Resume),
            vec![found(paused(1)), applied(), accepted()],
            "read > over e Ready(2)@0 try 0 > signal 2 > ack Resumed",
        ),
        (
            "paused in on_complete",
            command(Resume),
            vec![found(Checkpoint { input_finished: true, ..paused(1) }), applied(), accepted()],
            "read > over e Completing(2)@0 try 0 > signal 2 > ack Resumed",
        ),
        ("a cancelled run is not resumed", command(Resume), vec![found(with(Status::Cancelled, 2))], "read > ack AlreadyOver"),
        (
            "a save came first",
            command(Pause),
            vec![found(running(2)), lost(Checkpoint { position: 40, ..running(2) }), applied()],
            "read > over e Paused(2)@0 try 1 > over e Paused(2)@40 try 1 > ack Paused",
        ),
        (
            "the run ended first",
            command(Cancel),
            vec![found(running(2)), lost(with(Status::Done, 2))],
            "read > over e Cancelled(2)@0 try 1 > ack AlreadyOver",
        ),
    ]);
}

#[test]
fn a_late_duplicate_of_a_command_changes_nothing() {
    let obeyed = |number, action, checkpoint| {
        let commanded = Some(Commanded { number, command: Command::new(action), at: UNIX_EPOCH });
        Checkpoint { commanded, ..checkpoint }
    };
    let due = || obeyed(2, Resume, ready(2));
    check(vec![
        (
            "the first command",
            command_after(0, Pause),
            vec![found(ready(2)), applied()],
            "read > over e Paused(2)@0 try 0 > ack Paused",
        ),
        ("the third", command_after(2, Pause), vec![found(due()), applied()], "read > over e Paused(2)@0 try 0 > ack Paused"),
        ("the first one again", command_after(0, Pause), vec![found(due())], "read > ack NewerCommand"),
        ("an early one", command_after(9, Cancel), vec![found(due())], "read > ack NewerCommand"),
        ("somebody else's came first", command_after(1, Cancel), vec![found(due())], "read > ack NewerCommand"),
        // It may have died before it signalled.
        ("the same one again", command_after(1, Resume), vec![found(due()), accepted()], "read > signal 2 > ack SignalledAgain"),
        (
            "the resume before the second pause",
            command_after(1, Resume),
            vec![found(obeyed(3, Pause, paused(1)))],
            "read > ack NewerCommand",
        ),
        (
            "it failed again since",
            command_after(1, Resume),
            vec![found(obeyed(2, Resume, with(Status::Failed, 2)))],
            "read > ack AlreadyOver",
        ),
        ("the same pause again", command_after(2, Pause), vec![found(obeyed(3, Pause, paused(1)))], "read > ack Paused"),
    ]);
}

#[test]
fn a_paused_run_needs_no_signal() {
    check(vec![
        ("its signal", signal(1), vec![found(paused(1))], "read > ack Paused"),
        ("an early signal", signal(2), vec![found(paused(1))], "read > ack Paused"),
        ("a stale signal", signal(0), vec![found(paused(1))], "read > ack Paused"),
        ("the upload again", in_place(), vec![lost(paused(1))], "create Running(0)@0 mine try 1 > ack Paused"),
        (
            "paused while the signal was sent",
            sweep(ready(1)),
            vec![silence(), slept(), found(paused(0))],
            "signal 1 swept > sleep 1s > read > ack SignalledAgain",
        ),
    ]);
}

/// The owner's save after a batch, by how the run was changed since its last save.
#[test]
fn the_owner_saves_over_a_pause() {
    let every_batch = || signal_under(Rules { checkpoint: s(0), ..rules() }, 1);
    let begun = || vec![found(ready(1)), applied(), done(to(10)), captured()];
    let saves = "read > over e Running(1)@0 mine try 1 > work > capture > swap Running(1)@10 mine try 1";
    let resumed = Checkpoint { seq: 2, ..paused(1) };
    for (name, stored, rest) in [
        ("paused", paused(1), "over e Paused(1)@10 try 0 > ack Paused"),
        ("paused, resumed, paused", resumed, "over e Paused(2)@10 try 0 > ack Paused"),
        ("paused after another invocation worked", paused(2), "ack Paused"),
        ("cancelled", Checkpoint { epoch: 1, ..with(Status::Cancelled, 1) }, "ack AlreadyOver"),
        ("paused and resumed", Checkpoint { epoch: 1, ..ready(2) }, "ack Stale"),
    ] {
        let mut events = begun();
        events.extend([lost(stored), applied()]);
        let told = trace(&mut every_batch(), events);
        let told = told.split(" > refuse OutOfStep").next().unwrap_or_default();
        assert_eq!(told, format!("{saves} > {rest}"), "{name}");
    }
}

#[test]
fn a_run_that_ends_is_over_in_spite_of_a_pause() {
    let at_end = done(Done { at_end: true, ..to(10) });
    let told = trace(&mut signal(1), vec![found(ready(1)), applied(), at_end, captured(), lost(paused(1)), applied()]);
    assert!(told.ends_with("swap Done(1)@10 try 1 > over e Done(1)@10 try 0 > ack Done"), "{told}");
}

#[test]
fn a_command_is_kept_with_its_author() {
    let mut run = command(Pause);
    run.step(now(), Event::Begin);
    let (Effect::Save(_, saved), _) = found(running(2)).into_step(&mut run) else { unreachable!() };
    let commanded = saved.commanded.clone().unwrap();
    assert_eq!((commanded.command.command, commanded.command.by.as_deref()), (Pause, Some("ann")));
    let json = String::from_utf8(saved.to_json().unwrap()).unwrap();
    assert!(json.contains(r#""commanded":{"number":1,"command":"pause","by":"ann","at":""#), "{json}");
    assert_eq!(Checkpoint::from_json(json.as_bytes()).unwrap().commanded, Some(commanded));
}

#[test]
fn a_witness_does_not_outlive_a_pause() {
    let searched = Checkpoint { search: Some(Search { witness: true, ..Search::begun(50, 1, true) }), ..running(1) };
    assert!(!searched.paused_by(&paused(1)).search.unwrap().witness);
}
