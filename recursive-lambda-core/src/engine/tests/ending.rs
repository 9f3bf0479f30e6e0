//! R10, R12 and R13: the end of the input, `on_complete`, errors, and an object that changed.
//!
//! `docs/protocol.md` has the rules.

use super::fixtures::*;
use crate::checkpoint::{Checkpoint, Status};
use crate::engine::messages::{Done, Rules};
use crate::engine::save::Saved;

/// After the first acquisition of a run, without what every line would repeat.
fn work(on_complete: bool, checkpoint: Checkpoint, then: Vec<In>) -> String {
    let mut run = signal_under(Rules { on_complete, ..rules() }, checkpoint.seq);
    trace(&mut run, vec![found(checkpoint), applied()]);
    then.into_iter().map(|input| input.into_step(&mut run).1).collect::<Vec<_>>().join(" > ")
}

fn complete(position: u64) -> In {
    done(Done { complete: true, ..to(position) })
}

fn nothing_left() -> In {
    done(Done { records: 0, at_end: true, ..to(0) })
}

fn unknown() -> In {
    saved(Saved::Unknown("503".into()))
}

#[test]
fn without_on_complete_the_last_batch_ends_it() {
    let after_ten = "capture > swap Done(1)@10 try 1 > ack Done";
    for (name, then, want) in [
        ("the end of the object", vec![last_batch(10), captured(), applied()], after_ten),
        ("the job says so", vec![complete(10), captured(), applied()], after_ten),
        (
            "the job says only so",
            vec![done(Done { records: 0, complete: true, ..to(0) }), captured(), applied()],
            "capture > swap Done(1)@0 try 1 > ack Done",
        ),
        ("with no time left", vec![last_batch(10).left(0), captured(), applied()], after_ten),
        ("nothing in it", vec![nothing_left(), applied()], "swap Done(1)@0 try 1 > ack Done"),
        (
            "the save is unknown",
            vec![last_batch(10), captured(), unknown()],
            "capture > swap Done(1)@10 try 1 > refuse StoreFailed(\"503\")",
        ),
        (
            "somebody else did it",
            vec![last_batch(10), captured(), lost(with(Status::Done, 1))],
            "capture > swap Done(1)@10 try 1 > ack AlreadyOver",
        ),
    ] {
        assert_eq!(work(false, ready(1), then), want, "{name}");
    }
}

#[test]
fn on_complete_runs_between_two_saves() {
    for (name, then, want) in [
        (
            "done",
            vec![last_batch(10), captured(), applied(), completed(), applied()],
            "capture > swap Completing(1)@10 mine try 1 > complete > swap Done(1)@10 try 1 > ack Done",
        ),
        ("half is left", vec![last_batch(10).left(450), captured()], "capture > swap Completing(1)@10 mine try 1"),
        (
            "less is left",
            vec![last_batch(10).left(449), captured(), applied(), accepted()],
            "capture > swap Completing(2)@10 try 0 > signal 2 > ack Yielded",
        ),
        (
            "less is left, and nothing else was done",
            vec![nothing_left().left(449), applied().left(9), completed(), applied()],
            "swap Completing(1)@0 mine try 1 > complete > swap Done(1)@0 try 1 > ack Done",
        ),
        (
            "nothing in it",
            vec![nothing_left(), applied(), completed(), applied()],
            "swap Completing(1)@0 mine try 1 > complete > swap Done(1)@0 try 1 > ack Done",
        ),
        ("the deadline is unknown", vec![last_batch(10).no_deadline(), captured()], "capture > swap Completing(1)@10 mine try 1"),
        (
            "not before its save",
            vec![last_batch(10), captured(), unknown()],
            "capture > swap Completing(1)@10 mine try 1 > refuse StoreFailed(\"503\")",
        ),
        (
            "it fails",
            vec![last_batch(10), captured(), applied(), completion_fails(false), applied()],
            "capture > swap Completing(1)@10 mine try 1 > complete > swap Completing(1)@10 try 0 !Job waits 1 > fail",
        ),
        (
            "it fails for good",
            vec![last_batch(10), captured(), applied(), completion_fails(true), applied()],
            "capture > swap Completing(1)@10 mine try 1 > complete > swap Failed(1)@10 try 1 !Job > fail",
        ),
    ] {
        assert_eq!(work(true, ready(1), then), want, "{name}");
    }
}

#[test]
fn on_complete_has_a_batchs_attempts() {
    let handed_over = |attempts| tried(attempts, with(Status::Completing, 2));
    let after_nothing = work(true, tried(2, ready(1)), vec![nothing_left(), applied(), completion_fails(false), applied()]);
    assert_eq!(after_nothing, "swap Completing(1)@0 mine try 1 > complete > swap Completing(1)@0 try 0 !Job waits 1 > fail");
    for (name, before, then, want) in [
        ("handed over", 0, vec![completed(), applied()], "swap Done(2)@0 try 1 > ack Done"),
        ("first error", 0, vec![completion_fails(false), applied()], "swap Completing(2)@0 try 0 !Job waits 1 > fail"),
        ("last panic", 2, vec![completion_panics(), applied()], "swap Failed(2)@0 try 3 !Job > fail"),
        ("a panic before it", 1, vec![completion_panics(), applied()], "swap Completing(2)@0 try 2 !Job > fail"),
    ] {
        assert_eq!(work(true, handed_over(before), then), want, "{name}");
    }
}

#[test]
fn on_complete_runs_however_late() {
    let mut run = signal_under(Rules { on_complete: true, ..rules() }, 2);
    let taken_up = trace(&mut run, vec![found(with(Status::Completing, 2)), applied().left(1), completed()]);
    assert_eq!(taken_up, "read > over e Completing(2)@0 mine try 1 > complete > swap Done(2)@0 try 1");
}

#[test]
fn a_run_of_only_skips_fails() {
    let skipped = Checkpoint { skipped: 7, position: 7, ..ready(1) };
    let failed = "swap Failed(1)@7 try 1 !Record skipped 7 > refuse NothingProcessed { skipped: 7 }";
    assert_eq!(work(true, skipped.clone(), vec![nothing_left(), applied()]), failed);
    let one_was_not = Checkpoint { batches: 1, ..skipped };
    assert_eq!(work(false, one_was_not, vec![nothing_left(), applied()]), "swap Done(1)@7 try 1 skipped 7 > ack Done");
}

fn completion_panics() -> In {
    In::of(crate::engine::messages::Event::Completed(Err(failure(false, crate::engine::messages::Cause::Panicked))))
}

#[test]
fn an_error_gives_back_or_fails_the_run() {
    for (name, before, then, want) in [
        ("tried again", 0, vec![fails(), applied()], "swap Ready(1)@0 try 0 !Job waits 1 > fail"),
        ("deaths are another count", 2, vec![fails(), applied()], "swap Ready(1)@0 try 2 !Job waits 1 > fail"),
        ("the last panic", 2, vec![panics(), applied()], "swap Failed(1)@0 try 3 !Job > fail"),
        ("the deployment is broken", 2, vec![cannot_be_tried(), applied()], "swap Ready(1)@0 try 2 !Job waits 1 > fail"),
        (
            "the deployment is broken, after progress",
            0,
            vec![batch(10), cannot_be_tried(), captured(), applied()],
            "work > capture > swap Ready(1)@10 try 0 !Job waits 1 > fail",
        ),
        ("for good", 0, vec![fails_for_good(), applied()], "swap Failed(1)@0 try 1 !Job > fail"),
        (
            "what was done before is saved",
            0,
            vec![batch(10), fails(), captured(), applied()],
            "work > capture > swap Ready(1)@10 try 0 !Job waits 1 > fail",
        ),
        ("best effort: unknown", 0, vec![fails(), unknown()], "swap Ready(1)@0 try 0 !Job waits 1 > fail"),
        (
            "best effort: refused",
            0,
            vec![fails(), saved(Saved::Refused("403".into()))],
            "swap Ready(1)@0 try 0 !Job waits 1 > fail",
        ),
        ("best effort: lost", 0, vec![fails(), lost(running(1))], "swap Ready(1)@0 try 0 !Job waits 1 > fail"),
        ("best effort: gone", 0, vec![fails(), saved(Saved::Gone)], "swap Ready(1)@0 try 0 !Job waits 1 > fail"),
    ] {
        assert_eq!(work(false, tried(before, ready(1)), then), want, "{name}");
    }
}

#[test]
fn only_an_unread_object_is_superseded() {
    let later = Checkpoint { position: 10, ..ready(1) };
    for (name, checkpoint, then, want) in [
        ("at the start", ready(1), vec![changed(), applied()], "swap Superseded(1)@0 try 1 > ack Superseded"),
        (
            "on the last attempt too",
            tried(2, ready(1)),
            vec![changed(), applied()],
            "swap Superseded(1)@0 try 3 > ack Superseded",
        ),
        ("unknown", ready(1), vec![changed(), unknown()], "swap Superseded(1)@0 try 1 > refuse StoreFailed(\"503\")"),
        ("later", later, vec![changed(), applied()], "swap Failed(1)@10 try 1 !Job > fail"),
        (
            "later in this invocation",
            ready(1),
            vec![batch(10), changed(), captured(), applied()],
            "work > capture > swap Failed(1)@10 try 1 !Job > fail",
        ),
    ] {
        assert_eq!(work(false, checkpoint, then), want, "{name}");
    }
}
