//! R17 and R18: a run asks its shards and waits for them without an invocation; the last shard signals it.
//!
//! `docs/protocol.md` has the rules.

use super::fixtures::*;
use crate::checkpoint::{Action, Checkpoint, RawBytes, Shard, Shards, Stage, Status};
use crate::engine::messages::{Cause, Event, Gathered, Rules, Totals};
use crate::engine::run::Run;

/// A run over three shards.
fn over_shards(asked: u32, checkpoint: Checkpoint) -> Checkpoint {
    Checkpoint { shards: Some(Shards { asked, ..Shards::new(3, Stage::Read) }), ..checkpoint }
}

fn shard(checkpoint: Checkpoint) -> Checkpoint {
    let shard = Shard { index: 1, count: 3, stage: Stage::Read, start: 333, end: 666 };
    Checkpoint { shard: Some(shard), offset: shard.start, ..checkpoint }
}

/// The same run while its shards scan.
fn scans(asked: u32) -> Checkpoint {
    Checkpoint { shards: Some(Shards { asked, ..Shards::new(3, Stage::Scan) }), ..ready(1) }
}

fn signalled() -> Run {
    signal_under(Rules { on_complete: true, skip: Some(3), ..rules() }, 1)
}

fn scattered(asked: u32) -> In {
    In::of(Event::Scattered(Ok(asked)))
}

fn gathered(gathered: Gathered) -> In {
    In::of(Event::Gathered(Ok(gathered)))
}

fn waiting() -> In {
    gathered(Gathered::Waiting)
}

fn all_done() -> In {
    gathered(Gathered::Done(Totals { records: 90, lines: 90, batches: 9, skipped: 1 }))
}

fn joined(run: Option<Checkpoint>) -> In {
    In::of(Event::Joined(Ok(run.map(Box::new))))
}

#[test]
fn a_run_asks_its_shards_and_waits() {
    let fresh = || found(over_shards(0, ready(1)));
    let begins = "read > over e Running(1)@0 mine try 1 > scatter";
    let waits = "swap Ready(2)@0 try 0 > gather";
    for (name, inputs, want) in [
        ("all at once", vec![fresh(), applied(), scattered(3), applied(), waiting()], format!("{waits} > ack Sharded")),
        (
            "some, then the others",
            vec![fresh(), applied(), scattered(2), applied(), scattered(3), applied(), waiting()],
            format!("swap Running(1)@0 mine try 1 > scatter > {waits} > ack Sharded"),
        ),
        (
            "some, and then the time is up",
            vec![fresh(), applied(), scattered(2).left(0), applied(), accepted()],
            "swap Ready(2)@0 try 0 > signal 2 > ack Yielded".into(),
        ),
        (
            "the store does not answer",
            vec![fresh(), applied(), In::of(Event::Scattered(Err(failure(false, Cause::Environment)))), applied()],
            "swap Ready(1)@0 try 0 !Job waits 1 > fail".into(),
        ),
        (
            "the last one is done meanwhile",
            vec![fresh(), applied(), scattered(3), applied(), all_done(), accepted()],
            format!("{waits} > signal 2 > ack Yielded"),
        ),
        (
            "it cannot see the marks at the end",
            vec![fresh(), applied(), scattered(3), applied(), In::of(Event::Gathered(Err(failure(false, Cause::Environment))))],
            format!("{waits} > fail"),
        ),
    ] {
        assert_eq!(trace(&mut signalled(), inputs), format!("{begins} > {want}"), "{name}");
    }
}

#[test]
fn a_run_ends_as_its_shards_do() {
    let asked = || found(over_shards(3, ready(1)));
    for (name, inputs, want) in [
        ("not all are over", vec![waiting(), applied(), waiting()], "swap Ready(2)@0 try 0 > gather > ack Sharded"),
        (
            "all are done",
            vec![all_done(), captured(), applied(), completed(), applied()],
            "capture > swap Completing(1)@90 mine try 1 skipped 1 > complete > swap Done(1)@90 try 1 skipped 1 > ack Done",
        ),
        (
            "one failed",
            vec![gathered(Gathered::Failed(error("bad row"))), applied()],
            "swap Failed(1)@0 try 1 !Job > refuse RunFailed: bad row",
        ),
        (
            "together they skipped too many",
            vec![gathered(Gathered::Done(Totals { skipped: 4, ..Totals::default() })), applied()],
            "swap Failed(1)@0 try 1 !TooManySkipped > refuse TooManySkipped { skipped: 4 }",
        ),
        (
            "the object was replaced",
            vec![gathered(Gathered::Superseded), applied()],
            "swap Superseded(1)@0 try 1 > ack Superseded",
        ),
    ] {
        let inputs = [asked(), applied()].into_iter().chain(inputs).collect();
        let want = format!("read > over e Running(1)@0 mine try 1 > gather > {want}");
        assert_eq!(trace(&mut signalled(), inputs), want, "{name}");
    }
}

#[test]
fn shards_read_once_all_have_scanned() {
    let fresh = || vec![found(scans(3)), applied()];
    for (name, inputs, want) in [
        ("not all have", vec![waiting(), applied(), waiting()], "swap Ready(2)@0 try 0 > gather > ack Sharded"),
        (
            "all have",
            vec![all_done(), applied(), scattered(3), applied(), waiting()],
            "swap Running(1)@0 mine try 1 > scatter > swap Ready(2)@0 try 0 > gather > ack Sharded",
        ),
    ] {
        let inputs = fresh().into_iter().chain(inputs).collect();
        assert_eq!(trace(&mut signalled(), inputs), format!("read > over e Running(1)@0 mine try 1 > gather > {want}"), "{name}");
    }
}

#[test]
fn a_shard_that_is_over_joins() {
    let works = || vec![found(shard(ready(1))), applied(), last_batch(10), captured(), applied()];
    let done = "read > over e Running(1)@0 mine try 1 > work > capture > swap Done(1)@10 try 1 > join";
    for (name, inputs, want) in [
        ("others are not over", vec![joined(None)], "ack Done"),
        ("it is the last one", vec![joined(Some(over_shards(3, ready(2)))), accepted()], "signal 2 > ack Done"),
        (
            "the signal is not answered",
            vec![joined(Some(over_shards(3, ready(2)))), silence(), slept(), accepted()],
            "signal 2 > sleep 1s > signal 2 > ack Done",
        ),
        ("the signal is refused", vec![joined(Some(over_shards(3, ready(2)))), refused()], "signal 2 > refuse SignalFailed"),
        ("the mark cannot be written", vec![In::of(Event::Joined(Err(failure(false, Cause::Environment))))], "fail"),
    ] {
        let inputs = works().into_iter().chain(inputs).collect();
        assert_eq!(trace(&mut signalled(), inputs), format!("{done} > {want}"), "{name}");
    }
}

#[test]
fn an_event_for_a_shard_that_is_over_joins() {
    for (status, want) in [
        (Status::Done, "read > join > ack AlreadyOver"),
        (Status::Cancelled, "read > join > ack AlreadyOver"),
        (Status::Failed, "read > join > refuse RunFailed: ?"),
    ] {
        let inputs = vec![found(shard(with(status, 1))), joined(None)];
        assert_eq!(trace(&mut signalled(), inputs), want, "{status:?}");
    }
}

#[test]
fn a_repeated_cancel_of_a_shard_joins() {
    let inputs = vec![found(shard(with(Status::Cancelled, 1))), joined(None)];
    assert_eq!(trace(&mut command(Action::Cancel), inputs), "read > join > ack Cancelled");
}

#[test]
fn a_run_over_shards_skips_no_record() {
    let dead = |attempts| aged(60, over_shards(1, tried(attempts, running(1))));
    for (inputs, want) in [
        (vec![dead(2)], "read > over e Running(1)@0 mine try 3"),
        (
            vec![dead(3), applied()],
            "read > over e Failed(1)@0 try 3 !Runaway > refuse TooManyDeaths { attempts: 3, position: 0, line: 1, during: Shards }",
        ),
    ] {
        assert_eq!(trace(&mut signalled(), inputs), want);
    }
}

#[test]
fn shards_are_checkpoints_that_can_be_read() {
    let run = over_shards(0, ready(1));
    for (stage, header) in [(Stage::Scan, None), (Stage::Read, Some(RawBytes(b"id".to_vec().into())))] {
        let shard = Shard { index: 1, count: 3, stage, start: 333, end: 666 };
        let first = run.first_of_shard(shard, header, run.started);
        assert_eq!((first.offset, first.end()), (333, 666));
        assert_eq!(Checkpoint::from_json(&first.to_json().unwrap()), Ok(first));
    }
    assert_eq!(Checkpoint::from_json(&run.to_json().unwrap()), Ok(run));
}
