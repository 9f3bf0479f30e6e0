//! `on_error = skip(N)`: which records are skipped, how the bad one is found, and when the limit is reached.

use super::fixtures::*;
use crate::checkpoint::{Checkpoint, Search, Status};
use crate::engine::messages::{Cause, Done, Event, Rules};
use crate::engine::run::Run;

const TAKEN_UP: &str = "read > over e Running(1)@0 mine try 1 > work > ";

fn skipping(most: u64) -> Rules {
    Rules { skip: Some(most), ..rules() }
}

fn run() -> Run {
    signal_under(skipping(2), 1)
}

/// A run in a search: half of the batch, and no more of it is left than `until`.
fn searching(step: u64, until: u64, checkpoint: Checkpoint) -> Checkpoint {
    Checkpoint { search: Some(Search::begun(until, step, false)), ..checkpoint }
}

#[test]
fn a_bad_record_is_skipped() {
    let begun = |then: Vec<In>| [found(ready(1)), applied()].into_iter().chain(then).collect::<Vec<_>>();
    for (name, rules, then, want) in [
        ("it alone", skipping(2), vec![records_fail(1), passed_over(0), written()], "pass over !Job > write skipped > work"),
        (
            "it is counted with the next save",
            skipping(2),
            vec![records_fail(1), passed_over(0), written().elapsed(10), applied()],
            "pass over !Job > write skipped > swap Running(1)@1 mine try 1 !Job skipped 1 > work",
        ),
        (
            "the last of the object",
            skipping(2),
            vec![batch(10), records_fail(1), captured(), applied(), last_passed_over(10), written(), applied()],
            "work > capture > swap Running(1)@10 mine try 1 > pass over !Job > write skipped > swap Done(1)@11 try 1 !Job skipped 1 > ack Done",
        ),
        (
            "after a batch, whose state is saved before the record is passed",
            skipping(2),
            vec![batch(10), records_fail(1), captured(), applied(), passed_over(10), written().elapsed(10)],
            "work > capture > swap Running(1)@10 mine try 1 > pass over !Job > write skipped > swap Running(1)@11 mine try 1 !Job skipped 1",
        ),
        (
            "no time is left",
            skipping(2),
            vec![records_fail(1), passed_over(0), written().left(10), applied(), accepted()],
            "pass over !Job > write skipped > swap Ready(2)@1 try 0 !Job skipped 1 > signal 2 > ack Yielded",
        ),
        (
            "it was the only one too many",
            skipping(0),
            vec![records_fail(1), applied()],
            "swap Failed(1)@0 try 1 !TooManySkipped > refuse TooManySkipped { skipped: 0 }",
        ),
        (
            "it is too large to be kept",
            skipping(2),
            vec![records_fail(1), cannot_be_passed_over(Cause::Other), applied()],
            "pass over !Job > swap Failed(1)@0 try 1 !Job > fail",
        ),
        (
            "the object cannot be read",
            skipping(2),
            vec![records_fail(1), cannot_be_passed_over(Cause::Environment), applied()],
            "pass over !Job > swap Ready(1)@0 try 0 !Job waits 1 > fail",
        ),
        (
            "it cannot be written",
            skipping(2),
            vec![records_fail(1), passed_over(0), cannot_be_written(), applied()],
            "pass over !Job > write skipped > swap Ready(1)@0 try 0 !Job waits 1 > fail",
        ),
        (
            "no record at the cursor",
            skipping(2),
            vec![records_fail(1), none_to_pass_over(0), written(), applied()],
            "pass over !Job > write skipped > swap Done(1)@0 try 1 > ack Done",
        ),
        ("an error that no record caused", skipping(2), vec![records_fail(0), applied()], "swap Failed(1)@0 try 1 !Job > fail"),
        ("an error to try again", skipping(2), vec![fails(), applied()], "swap Ready(1)@0 try 0 !Job waits 1 > fail"),
        ("a panic to try again", skipping(2), vec![panics(), applied()], "swap Ready(1)@0 try 1 !Job > fail"),
        (
            "the deployment is broken",
            skipping(2),
            vec![cannot_be_tried(), applied()],
            "swap Ready(1)@0 try 0 !Job waits 1 > fail",
        ),
    ] {
        let told = trace(&mut signal_under(rules, 1), begun(then));
        assert_eq!(told.strip_prefix(TAKEN_UP).unwrap_or(&told), want, "{name}");
    }
}

fn last_passed_over(position: u64) -> In {
    In::of(Event::PassedOver(Ok(Done { records: 1, at_end: true, ..to(position + 1) })))
}

fn none_to_pass_over(position: u64) -> In {
    In::of(Event::PassedOver(Ok(Done { records: 0, at_end: true, ..to(position) })))
}

#[test]
fn the_bad_record_is_found_by_halves() {
    let mut run = run();
    let parts = |records, position| done(Done { records, ..to(position) });
    // The record at 7 of a batch of ten.
    let told = trace(
        &mut run,
        vec![
            found(ready(1)),
            applied(),
            records_fail(10),
            applied(),
            parts(5, 5),
            captured(),
            applied(),
            records_fail(5),
            applied(),
            records_fail(3),
            applied(),
            parts(2, 7),
            captured(),
            applied(),
            records_fail(2),
            applied(),
            records_fail(1),
            passed_over(7),
            written(),
            applied(),
            parts(2, 10),
        ],
    );
    let want = [
        "read > over e Running(1)@0 mine try 1 > work",
        "swap Running(1)@0 mine try 1 !Job search 5..10 > work 1x5",
        "capture > swap Running(1)@5 mine try 1 search 5..10 > work 1x5",
        "swap Running(1)@5 mine try 1 !Job search 3..10 > work 1x3",
        "swap Running(1)@5 mine try 1 !Job search 2..10 > work 1x2",
        "capture > swap Running(1)@7 mine try 1 search 2..10 > work 1x2",
        "swap Running(1)@7 mine try 1 !Job search 1..10 > work 1x1",
        "pass over !Job > write skipped",
        "swap Running(1)@8 mine try 1 !Job skipped 1 search 2..10 > work 1x2",
        "work",
    ];
    assert_eq!(told, want.join(" > "));
}

#[test]
fn a_batch_is_searched_after_all_attempts() {
    let first = searching(5, 10, ready(1));
    check(vec![
        (
            "the last attempt",
            run(),
            vec![found(tried(2, ready(1))), applied(), panics(), applied()],
            "read > over e Running(1)@0 mine try 3 > work > swap Running(1)@0 mine try 1 !Job search 5..10 > work 1x5",
        ),
        (
            "not the one before",
            run(),
            vec![found(tried(1, ready(1))), applied(), panics(), applied()],
            "read > over e Running(1)@0 mine try 2 > work > swap Ready(1)@0 try 2 !Job > fail",
        ),
        (
            "a part",
            run(),
            vec![found(first.clone()), applied(), In::of(short(5, true)), applied()],
            "read > over e Running(1)@0 mine try 1 search 5..10 > work 1x5 > swap Running(1)@0 mine try 1 !Job search 3..10 > work 1x3",
        ),
        (
            "no time is left for the parts",
            run(),
            vec![found(first.clone()), applied(), In::of(short(5, true)).left(10), applied(), accepted()],
            "read > over e Running(1)@0 mine try 1 search 5..10 > work 1x5 > swap Ready(2)@0 try 0 !Job search 3..10 > signal 2 > ack Yielded",
        ),
        (
            "one too many is found",
            signal_under(skipping(0), 1),
            vec![found(searching(1, 10, ready(1))), applied(), In::of(short(1, true)), applied()],
            "read > over e Running(1)@0 mine try 1 search 1..10 > work 1x1 > swap Failed(1)@0 try 1 !TooManySkipped search 1..10 > refuse TooManySkipped { skipped: 0 }",
        ),
        (
            "after the last attempt's batch all deliveries are left",
            run(),
            vec![found(tried(2, ready(1))), applied(), panics(), applied(), part(5), captured(), applied(), part(5), captured()],
            "read > over e Running(1)@0 mine try 3 > work > swap Running(1)@0 mine try 1 !Job search 5..10 > work 1x5 > \
             capture > swap Running(1)@5 mine try 1 search 5..10 > work 1x5 > capture > swap Ready(2)@10 try 0",
        ),
        (
            "the end of the object ends the search",
            run(),
            vec![found(first), applied(), done(Done { records: 3, at_end: true, ..to(3) }), captured(), applied()],
            "read > over e Running(1)@0 mine try 1 search 5..10 > work 1x5 > capture > swap Done(1)@3 try 1 > ack Done",
        ),
    ]);
}

fn part(records: u64) -> In {
    done(Done { records, ..to(0) })
}

fn short(records: u64, terminal: bool) -> crate::engine::messages::Event {
    use crate::engine::messages::{Batch, Cause, Event, Failure};
    Event::Batch(Batch::Failed(Failure { records, ..failure(terminal, Cause::Other) }))
}

/// Lambda delivers an event three times, which is too few to find a record that kills: each death sends its own signal.
#[test]
fn each_death_of_a_search_signals() {
    let alone = |attempts| tried(attempts, searching(1, 10, running(1)));
    let completing = Checkpoint { owner: running(1).owner, ..with(Status::Completing, 1) };
    check(vec![
        (
            "it may have been an accident",
            run(),
            vec![aged(46, running(1)), applied(), accepted()],
            "read > over e Ready(2)@0 try 1 > signal 2 > ack TakenOver",
        ),
        ("which is tried again", run(), vec![found(tried(1, ready(1)))], "read > over e Running(1)@0 mine try 2"),
        (
            "three times",
            run(),
            vec![aged(46, tried(3, running(1))), applied(), accepted()],
            "read > over e Ready(2)@0 try 0 !Runaway search 5..10 > signal 2 > ack TakenOver",
        ),
        (
            "a part, once",
            run(),
            vec![aged(46, searching(5, 10, running(1))), applied(), accepted()],
            "read > over e Ready(2)@0 try 1 search 5..10 > signal 2 > ack TakenOver",
        ),
        (
            "a part, three times",
            run(),
            vec![aged(46, searching(5, 10, tried(3, running(1)))), applied(), accepted()],
            "read > over e Ready(2)@0 try 0 !Runaway search 3..10 > signal 2 > ack TakenOver",
        ),
        (
            "one record",
            run(),
            vec![aged(46, alone(3)), applied(), passed_over(0), written(), applied()],
            "read > over e Running(1)@0 mine try 4 search 1..10 > pass over !Runaway > write skipped > swap Running(1)@1 mine try 1 !Runaway skipped 1 search 9..10 > work 1x9",
        ),
        (
            "one record, as it was skipped",
            run(),
            vec![aged(46, alone(5)), applied()],
            "read > over e Running(1)@0 mine try 6 search 1..10 > pass over !Runaway",
        ),
        (
            "and that three times",
            run(),
            vec![aged(46, alone(6)), applied()],
            "read > over e Failed(1)@0 try 6 !Runaway search 1..10 > refuse TooManyDeaths { attempts: 6 }",
        ),
        (
            "one too many",
            signal_under(skipping(0), 1),
            vec![aged(46, alone(3)), applied()],
            "read > over e Failed(1)@0 try 3 !Runaway search 1..10 > refuse TooManyDeaths { attempts: 3 }",
        ),
        ("on_complete is left, too", run(), vec![aged(46, completing.clone())], "read > over e Completing(2)@0 try 0"),
        (
            "and does not count as a record",
            run(),
            vec![aged(46, tried(3, completing)), applied()],
            "read > over e Failed(1)@0 try 3 !Runaway > refuse TooManyDeaths { attempts: 3, position: 0, line: 1, during: OnComplete }",
        ),
    ]);
}

#[test]
fn a_panicking_record_has_all_attempts() {
    let panics = || In::of(one_panics());
    let begun = "read > over e Running(1)@0 mine try 1 search 1..10 > ";
    for (name, then, want) in [
        ("twice, and no more", vec![panics(), panics(), part(1)], "work 1x1 > work 1x1 > work 1x1 > "),
        ("as often as a batch", vec![panics(), panics(), panics()], "work 1x1 > work 1x1 > work 1x1 > pass over !Job"),
        (
            "no time is left for another try",
            vec![panics().left(10), applied()],
            "work 1x1 > swap Ready(2)@0 try 0 !Job search 1..10 > signal 2",
        ),
    ] {
        let mut run = run();
        let events = [found(searching(1, 10, ready(1))), applied()].into_iter().chain(then).collect();
        let told = trace(&mut run, events);
        assert!(told.starts_with(&format!("{begun}{want}")), "{name}: {told}");
    }
}

fn one_panics() -> crate::engine::messages::Event {
    use crate::engine::messages::{Batch, Cause, Event, Failure};
    Event::Batch(Batch::Failed(Failure { records: 1, ..failure(false, Cause::Panicked) }))
}
