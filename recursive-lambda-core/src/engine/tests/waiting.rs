//! Retryable errors: how long the run waits, when a record is bad, and how a failed run resumes.

use super::fixtures::*;
use crate::checkpoint::{Action, Checkpoint, LastError, Search, Status, Waiting};
use crate::engine::messages::{Batch, Cause, Done, Effect, Event, Failure, Rules};
use crate::engine::run::Run;
use std::time::{Duration, UNIX_EPOCH};

const HOUR: u64 = 3_600;

fn patient() -> Rules {
    Rules { retry_for: s(24 * HOUR), ..rules() }
}

fn skipping() -> Run {
    signal_under(Rules { skip: Some(2), ..patient() }, 1)
}

/// After this many errors, the first of them this many seconds before the last.
pub(super) fn waited(errors: u32, seconds: u64, checkpoint: Checkpoint) -> Checkpoint {
    Checkpoint {
        waiting: Some(Waiting { since: UNIX_EPOCH, next: UNIX_EPOCH, errors, waited_ms: seconds * 1_000 }),
        ..checkpoint
    }
}

#[test]
fn a_run_fails_after_retry_for() {
    let taken_up = |errors| format!("read > over e Running(1)@0 mine try 1 waits {errors} > work > ");
    for (name, rules, errors, seconds, age, want) in [
        ("not yet long", patient(), 40, 23 * HOUR, HOUR - 1, "swap Ready(1)@0 try 0 !Job waits 41 > fail"),
        ("long enough", patient(), 40, 23 * HOUR, HOUR, "swap Failed(1)@0 try 0 !Job waits 41 > fail"),
        ("not yet often", patient(), 1, 23 * HOUR, HOUR, "swap Ready(1)@0 try 0 !Job waits 2 > fail"),
        ("no waiting, below the limit", rules(), 1, 0, 60, "swap Ready(1)@0 try 0 !Job waits 2 > fail"),
        ("no waiting, at the limit", rules(), 2, 0, 60, "swap Failed(1)@0 try 0 !Job waits 3 > fail"),
    ] {
        let mut run = signal_under(rules, 1);
        let told = trace(&mut run, vec![aged(age, waited(errors, seconds, ready(1))), applied(), fails(), applied()]);
        assert_eq!(told, taken_up(errors) + want, "{name}");
    }
}

#[test]
fn waiting_time_is_the_stores() {
    let mut run = signal_under(patient(), 1);
    let wall = Duration::from_secs(1_795_000_000);
    trace(&mut run, vec![aged(600, waited(3, 300, ready(1))), applied()]);
    let Effect::Save(_, checkpoint) = fails().elapsed(7).at(wall).into_step(&mut run).0 else { unreachable!() };
    let waiting = checkpoint.waiting.unwrap();
    assert_eq!((waiting.errors, waiting.waited(), waiting.since), (4, s(907), UNIX_EPOCH));
    assert_eq!(waiting.next, UNIX_EPOCH + wall + s(907) / 4, "a quarter of the time waited");
    let mut run = signal_under(patient(), 1);
    trace(&mut run, vec![found(ready(1)), applied()]);
    let Effect::Save(_, checkpoint) = fails().elapsed(7).at(wall).into_step(&mut run).0 else { unreachable!() };
    let waiting = checkpoint.waiting.unwrap();
    assert_eq!((waiting.errors, waiting.waited()), (1, s(0)), "it counts from the first error");
    assert_eq!((waiting.since, waiting.next), (UNIX_EPOCH + wall, UNIX_EPOCH + wall + s(60)), "Lambda tries again in a minute");
}

#[test]
fn pauses_grow_to_an_hour() {
    for (waited, pause) in [(0, 0), (180, 45), (HOUR, 900), (4 * HOUR, HOUR), (20 * HOUR, HOUR)] {
        let waiting = Waiting { since: UNIX_EPOCH, next: UNIX_EPOCH, errors: 3, waited_ms: waited * 1_000 };
        assert_eq!(waiting.pause(), s(pause), "{waited}");
    }
}

#[test]
fn what_a_sweep_signalled_has_one_try() {
    let swept = |rules| swept_signal(rules, 1);
    let begun = "read > over e Running(1)@0 mine try 1 waits 3 > work > ";
    for (name, run, then, want) in [
        ("an error", swept(patient()), fails(), "swap Ready(1)@0 try 0 !Job waits 4 > ack Waits"),
        ("the last error", swept(rules()), fails(), "swap Failed(1)@0 try 0 !Job waits 4 > fail"),
        ("a terminal error", swept(patient()), fails_for_good(), "swap Failed(1)@0 try 1 !Job waits 3 > fail"),
        ("a panic", swept(patient()), panics(), "swap Ready(1)@0 try 1 !Job waits 3 > fail"),
        ("it was not swept", signal_under(patient(), 1), fails(), "swap Ready(1)@0 try 0 !Job waits 4 > fail"),
    ] {
        let mut run = run;
        let told = trace(&mut run, vec![found(waited(3, 180, ready(1))), applied(), then, applied()]);
        assert_eq!(told, format!("{begun}{want}"), "{name}");
    }
}

/// A retryable error of this many records.
fn part_fails(records: u64) -> In {
    In::of(Event::Batch(Batch::Failed(Failure { records, ..failure(false, Cause::Other) })))
}

fn part(records: u64, position: u64) -> In {
    done(Done { records, ..to(position) })
}

fn last_passed_over(position: u64) -> In {
    In::of(Event::PassedOver(Ok(Done { records: 1, at_end: true, ..to(position + 1) })))
}

/// In a doubtful search: the record at the cursor, alone.
fn alone(until: u64, witness: bool) -> Checkpoint {
    let search = Search { witness, ..Search::begun(until, 1, true) };
    Checkpoint { search: Some(search), ..ready(1) }
}

const THRICE: &str = "work 1x1 > work 1x1 > work 1x1 > swap Running(1)@0 mine try 1 search 1..";
const AND_SAVED: &str = "? > pass over !Job > ";

#[test]
fn a_retryable_skip_needs_a_witness() {
    // A record that is tried alone is saved before the next one is tried.
    let thrice = || vec![part_fails(1), part_fails(1), part_fails(1), applied()];
    let begun = |checkpoint: Checkpoint, then: Vec<In>| {
        [found(checkpoint), applied()].into_iter().chain(thrice()).chain(then).collect::<Vec<_>>()
    };
    let waits = "swap Ready(1)@0 try 0 !Job waits 1 > fail";
    let kept = "swap Ready(1)@0 try 0 !Job waits 1 search 1..10? > fail";
    let again = |until| format!("work 1x1 > swap Ready(2)@0 try 0 search 1..{until}?! > signal 2 > ack Yielded");
    for (name, checkpoint, then, want) in [
        ("it is too large to be kept", alone(10, false), vec![cannot_be_passed_over(Cause::Other), applied()], waits.to_owned()),
        (
            "the object cannot be read",
            alone(10, false),
            vec![cannot_be_passed_over(Cause::Environment), applied()],
            kept.to_owned(),
        ),
        ("the next one is", alone(10, false), vec![passed_over(0), part(1, 2), applied(), accepted()], again(10)),
        (
            "the one after that is",
            alone(10, false),
            vec![passed_over(0), part_fails(1), passed_over(1), part(1, 3), applied(), accepted()],
            format!("work 1x1 > pass over !Job > {}", again(10)),
        ),
        (
            "it is the object's last, and one before it is",
            alone(1, true),
            vec![last_passed_over(0), written()],
            "write skipped > swap Failed(1)@1".to_owned(),
        ),
        (
            "it is the object's last but one, and neither is",
            alone(10, true),
            vec![passed_over(0), part_fails(1), last_passed_over(1), applied()],
            format!("work 1x1 > pass over !Job > {waits}"),
        ),
        (
            "it is the batch's last, and the next batch's first is",
            alone(1, false),
            vec![passed_over(0), part(1, 2), applied(), accepted()],
            again(9),
        ),
        ("it is the object's last, and nothing is", alone(1, false), vec![last_passed_over(0), applied()], waits.into()),
        ("no time is left to see", alone(10, false), vec![passed_over(0).left(5), applied()], kept.into()),
        (
            "it cannot be skipped",
            alone(10, false),
            vec![In::of(Event::PassedOver(Err(Failure { records: 0, ..failure(true, Cause::Other) }))), applied()],
            waits.into(),
        ),
        (
            "the deployment is broken at the next one",
            alone(10, false),
            vec![passed_over(0), cannot_be_tried(), applied()],
            format!("work 1x1 > {kept}"),
        ),
    ] {
        let told = trace(&mut skipping(), begun(checkpoint, then));
        let (_, told) = told.split_once(THRICE).unwrap_or_else(|| panic!("{name}: {told}"));
        let (_, told) = told.split_once(AND_SAVED).unwrap_or_else(|| panic!("{name}: {told}"));
        assert!(told.starts_with(&want), "{name}: {told}");
    }
}

/// After the record at 0, the one at 2 was processed, and the one at 1 failed once.
fn proven() -> Checkpoint {
    Checkpoint { search: Some(Search { alone_until: 3, proven: true, ..Search::begun(10, 1, true) }), ..ready(2) }
}

#[test]
fn a_proven_record_is_tried_once_more() {
    let run = || signal_under(Rules { skip: Some(2), ..patient() }, 2);
    let begun = "read > over e Running(2)@0 mine try 1 search 1..10?! > work 1x1 > ";
    let told = trace(
        &mut run(),
        vec![
            found(proven()),
            applied(),
            part_fails(1),
            part_fails(1),
            part_fails(1),
            passed_over(0),
            written(),
            applied(),
            part(1, 2),
            captured(),
            applied(),
            part(1, 3),
            captured(),
            applied(),
        ],
    );
    let want = "work 1x1 > work 1x1 > pass over !Job > write skipped > swap Running(2)@1 mine try 1 !Job skipped 1 search 1..10? > work 1x1 > \
                capture > swap Running(2)@2 mine try 1 skipped 1 search 1..10? > work 1x1 > \
                capture > swap Running(2)@3 mine try 1 skipped 1 search 7..10? > work 1x7";
    assert_eq!(told, format!("{begun}{want}"), "the one at 1 was not bad, and the one at 2 keeps its key");
    let told = trace(&mut run(), vec![found(proven()), applied(), part(1, 1), captured(), applied()]);
    assert_eq!(told, format!("{begun}capture > swap Running(2)@1 mine try 1 search 1..10?! > work 1x1"), "it passed");
    let full = Checkpoint { skipped: 2, ..proven() };
    let told =
        trace(&mut run(), vec![found(full), applied(), part_fails(1), part_fails(1), part_fails(1), passed_over(0), applied()]);
    assert!(told.ends_with("refuse TooManySkipped { skipped: 2 }"), "{told}");
}

#[test]
fn a_certain_search_keeps_its_witness() {
    let certain = Checkpoint { search: Some(Search::begun(10, 1, false)), waiting: waited(2, 180, ready(1)).waiting, ..ready(1) };
    let thrice = [part_fails(1), part_fails(1), part_fails(1), applied(), passed_over(0), part(1, 2), applied(), accepted()];
    let told = trace(&mut skipping(), [found(certain), applied()].into_iter().chain(thrice).collect());
    assert!(told.ends_with("swap Ready(2)@0 try 0 waits 2 search 1..10?! > signal 2 > ack Yielded"), "{told}");
}

#[test]
fn a_death_in_a_search_skips_nothing() {
    for (name, alone_failed, want) in [
        ("at the cursor for certain", 0, "Running(1)@0 mine try 4 search 1..10? > pass over !Runaway"),
        ("at the cursor, which failed before", 2, "Running(1)@0 mine try 4 search 1..10? > pass over !Runaway"),
        ("at the cursor or later", 3, "Failed(1)@0 try 3 !Runaway search 1..10? > refuse TooManyDeaths { attempts: 3 }"),
    ] {
        let search = Search { alone: alone_failed, ..Search::begun(10, 1, true) };
        let died = Checkpoint { attempts: 3, search: Some(search), ..running(1) };
        assert_eq!(trace(&mut skipping(), vec![aged(46, died), applied()]), format!("read > over e {want}"), "{name}");
    }
}

#[test]
fn a_slow_failure_is_a_slow_batch() {
    // 100 s are left, and the last try took 60 of them.
    let events = vec![found(alone(10, false)), applied(), part_fails(1).elapsed(60).left(100), applied()];
    let told = trace(&mut skipping(), events);
    assert!(
        told.ends_with("work 1x1 > swap Ready(1)@0 try 0 !Job waits 1 search 1..10? > fail"),
        "it goes on alone next time: {told}"
    );
}

#[test]
fn waiting_is_not_running_away() {
    let few = || signal_under(Rules { max_invocations: 3, ..patient() }, 1);
    let mut checkpoint = ready(1);
    for _ in 0..6 {
        let mut run = few();
        trace(&mut run, vec![found(checkpoint), applied()]);
        let Effect::Save(_, waits) = fails().into_step(&mut run).0 else { unreachable!() };
        checkpoint = *waits;
    }
    assert_eq!((checkpoint.status, checkpoint.invocations, checkpoint.forgiven), (Status::Ready, 6, 6));
}

#[test]
fn without_a_witness_it_is_an_outage() {
    // The third error starts a search; every part fails, and so do eight records after the first one.
    let halves = [10, 5, 3, 2].map(part_fails).into_iter().flat_map(|failed| [failed, applied()]);
    let first = [part_fails(1), part_fails(1), part_fails(1), applied(), passed_over(0)];
    let records = first.into_iter().chain((1..9).flat_map(|at| [part_fails(1), passed_over(at)]));
    let events = [found(waited(2, 180, ready(1))), applied()].into_iter().chain(halves).chain(records).chain([applied()]);
    let told = trace(&mut skipping(), events.collect());
    assert!(told.ends_with("pass over !Job > swap Ready(1)@0 try 0 !Job waits 3 > fail"), "nothing is skipped: {told}");
    let fourth = trace(&mut skipping(), vec![found(waited(3, 900, ready(1))), applied(), fails(), applied()]);
    assert!(
        fourth.ends_with("work > swap Ready(1)@0 try 0 !Job waits 4 > fail"),
        "and the next two tries do not search: {fourth}"
    );
    let sixth = trace(&mut skipping(), vec![found(waited(5, 900, ready(1))), applied(), fails(), applied()]);
    assert!(sixth.ends_with("work > swap Running(1)@0 mine try 1 !Job waits 5 search 5..10? > work 1x5"), "{sixth}");
}

#[test]
fn a_certain_search_waits_for_retries() {
    let certain = Checkpoint { search: Some(Search::begun(10, 5, false)), ..ready(1) };
    let told = trace(&mut skipping(), vec![found(certain), applied(), part_fails(5), applied()]);
    assert!(told.ends_with("work 1x5 > swap Ready(1)@0 try 0 !Job waits 1 search 5..10 > fail"), "{told}");
}

#[test]
fn a_failed_run_resumes_at_its_position() {
    let error = || Some(LastError { message: "bad row".into(), ..error("no") });
    let failed = |checkpoint: Checkpoint| Checkpoint {
        status: Status::Failed,
        last_error: error(),
        position: 40,
        attempts: 3,
        ..checkpoint
    };
    let searched = Checkpoint { search: Some(Search { witness: true, ..Search::begun(50, 1, true) }), ..ready(2) };
    check(vec![
        (
            "failed",
            command(Action::Resume),
            vec![found(failed(waited(9, 24 * HOUR, searched))), applied(), accepted()],
            "read > over e Ready(3)@40 try 0 !Job > signal 3 > ack Resumed",
        ),
        (
            "failed in on_complete",
            command(Action::Resume),
            vec![found(failed(Checkpoint { input_finished: true, ..ready(2) })), applied(), accepted()],
            "read > over e Completing(3)@40 try 0 !Job > signal 3 > ack Resumed",
        ),
        (
            "somebody else resumed it",
            command(Action::Resume),
            vec![found(failed(ready(2))), lost(ready(3)), accepted()],
            "read > over e Ready(3)@40 try 0 !Job > signal 3 > ack SignalledAgain",
        ),
        (
            "it waits",
            command(Action::Resume),
            vec![found(waited(4, 900, ready(2))), accepted()],
            "read > signal 2 > ack SignalledAgain",
        ),
        (
            "its owner died",
            command(Action::Resume),
            vec![aged(46, running(2)), accepted()],
            "read > signal 2 > ack SignalledAgain",
        ),
        ("it is worked on", command(Action::Resume), vec![found(running(2))], "read > ack AtWork"),
        ("done", command(Action::Resume), vec![found(with(Status::Done, 2))], "read > ack AlreadyOver"),
        ("another plan", command(Action::Resume), vec![found(failed(replanned()))], "read > refuse PlanChanged from 99"),
        ("no such run", command(Action::Resume), vec![read(crate::engine::save::Read::Absent)], "read > refuse UnknownRun"),
    ]);
}

fn replanned() -> Checkpoint {
    Checkpoint { plan: crate::checkpoint::Plan { hash: "99".into(), ..ready(2).plan }, ..ready(2) }
}

#[test]
fn a_resume_resets_the_invocations() {
    let few = || signal_under(Rules { max_invocations: 5, ..rules() }, 1);
    for (forgiven, want) in [(5, "Running(1)@0 mine try 1"), (4, "Running(1)@0 mine try 1"), (3, "Failed(1)@0 try 0 !Runaway")] {
        let told = trace(&mut few(), vec![found(Checkpoint { invocations: 8, forgiven, ..ready(1) })]);
        assert_eq!(told, format!("read > over e {want}"), "{forgiven}");
    }
}
