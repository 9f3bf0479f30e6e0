//! R7: which invocation acquires a run, how often, and what is kept of it.
//!
//! `docs/protocol.md` has the rules.

use super::fixtures::*;
use crate::checkpoint::tests::fresh;
use crate::checkpoint::{Checkpoint, Plan, Status};
use crate::engine::messages::{Done, Effect, Event, How, Now, Rules};
use crate::engine::run::Run;
use crate::engine::save::Saved;
use std::time::Duration;

#[test]
fn the_first_checkpoint_names_its_owner() {
    let now = Now { wall: Duration::from_secs(1_000), ..Now::default() };
    for (mut run, owner, status, seq, token, counted) in
        [(admission(), None, Status::Ready, 1, Some(""), 0), (in_place(), Some(me()), Status::Running, 0, None, 1)]
    {
        let Effect::Save(How::Create, first) = run.step(now, Event::Begin) else { panic!("{status:?}: nothing is saved") };
        let wall = std::time::UNIX_EPOCH + now.wall;
        let Checkpoint { epoch, attempts, invocations, ref object, ref plan, size, .. } = *first;
        assert_eq!((&first.owner, first.status, first.seq, first.handed_over_by.as_deref()), (&owner, status, seq, token));
        assert_eq!((epoch, u64::from(attempts), invocations), (counted, counted, counted));
        assert_eq!((first.started, first.updated, size), (wall, wall, object.size));
        assert_eq!((object, plan), (&fresh().object, &fresh().plan));
    }
}

#[test]
fn a_run_continues_at_its_checkpoint() {
    let at_7 = |checkpoint| Checkpoint { position: 7, ..checkpoint };
    check(vec![
        ("first", signal(1), vec![found(at_7(ready(1))), applied()], "read > over e Running(1)@7 mine try 1 > work"),
        ("retried", signal(1), vec![found(tried(1, at_7(ready(1)))), applied()], "read > over e Running(1)@7 mine try 2 > work"),
        ("from the dead", signal(1), vec![aged(46, at_7(running(1))), applied()], "read > over e Running(1)@7 mine try 2 > work"),
        (
            "completing",
            completing_signal(1),
            vec![found(with(Status::Completing, 1)), applied()],
            "read > over e Completing(1)@0 mine try 1 > complete",
        ),
        (
            "completing, from the dead",
            completing_signal(1),
            vec![aged(46, Checkpoint { status: Status::Completing, ..running(1) }), applied()],
            "read > over e Completing(1)@0 mine try 2 > complete",
        ),
        (
            "lost to another",
            signal(1),
            vec![found(ready(1)), lost(running(1))],
            "read > over e Running(1)@0 mine try 1 > refuse DuplicateInFlight",
        ),
        (
            "gone",
            signal(1),
            vec![found(ready(1)), saved(Saved::Gone)],
            "read > over e Running(1)@0 mine try 1 > refuse CheckpointGone",
        ),
    ]);
}

#[test]
fn each_acquisition_grows_the_epoch() {
    let before = Checkpoint { epoch: 6, invocations: 8, ..ready(1) };
    let mut run = signal(1);
    trace(&mut run, vec![]);
    let effect = run.step(Default::default(), found_event(before));
    let Effect::Save(How::Over { .. }, checkpoint) = effect else { unreachable!("{effect:?}") };
    assert_eq!((checkpoint.epoch, checkpoint.invocations, checkpoint.owner), (7, 9, Some(me())));
}

fn found_event(checkpoint: Checkpoint) -> Event {
    let stored = crate::engine::save::Stored { checkpoint, etag: "e".into(), age: s(0) };
    Event::Read(crate::engine::save::Read::Found(Box::new(stored)))
}

#[test]
fn what_has_run_away_is_not_taken_up() {
    let few = || signal_under(Rules { max_invocations: 5, ..rules() }, 1);
    let once = || signal_under(Rules { max_attempts: 1, ..rules() }, 1);
    let replanned = Checkpoint { plan: Plan { hash: "99".into(), ..ready(1).plan }, ..ready(1) };
    let after = |invocations| Checkpoint { invocations, ..ready(1) };
    let dead = "read > over e Failed(1)@0 try 3 !Runaway > refuse TooManyDeaths { attempts: 3 }";
    check(vec![
        ("the last attempt", signal(1), vec![aged(46, tried(2, running(1)))], "read > over e Running(1)@0 mine try 3"),
        ("one too many", signal(1), vec![aged(46, tried(3, running(1))), applied()], dead),
        ("one too many, free", signal(1), vec![found(tried(3, ready(1))), applied()], dead),
        ("the only attempt", once(), vec![found(ready(1))], "read > over e Running(1)@0 mine try 1"),
        ("past the only attempt", once(), vec![aged(46, running(1))], "read > over e Failed(1)@0 try 1 !Runaway"),
        (
            "dead, and somebody said so before",
            signal(1),
            vec![aged(46, tried(3, running(1))), lost(with(Status::Failed, 1))],
            "read > over e Failed(1)@0 try 3 !Runaway > refuse RunFailed: ?",
        ),
        (
            "dead, but the store is silent",
            signal(1),
            vec![aged(46, tried(3, running(1))), saved(Saved::Unknown("503".into()))],
            "read > over e Failed(1)@0 try 3 !Runaway > refuse StoreFailed(\"503\")",
        ),
        ("the last invocation", few(), vec![found(after(4))], "read > over e Running(1)@0 mine try 1"),
        (
            "too many invocations",
            few(),
            vec![found(after(5)), applied()],
            "read > over e Failed(1)@0 try 0 !Runaway > refuse TooManyInvocations { invocations: 5 }",
        ),
        ("another plan", signal(1), vec![found(replanned.clone())], "read > refuse PlanChanged from 99"),
        (
            "another plan, but somebody is at work",
            signal(1),
            vec![found(Checkpoint { owner: running(1).owner, ..replanned })],
            "read > refuse DuplicateInFlight",
        ),
    ]);
}

/// Deliveries of one signal. Each finds the checkpoint as the last one left it in the store.
fn deliveries(
    rules: &Rules,
    first: Checkpoint,
    deliveries: usize,
    mut what_happens: impl FnMut(usize) -> Vec<In>,
) -> Vec<String> {
    let mut checkpoint = first;
    let mut told = Vec::new();
    for delivery in 1..=deliveries {
        let mut run = Run::new(rules.clone(), me(), given(checkpoint.seq), budget());
        let mut events = what_happens(delivery).into_iter();
        // However the run was left, its lease is over by now.
        let mut next = Some(aged(60, checkpoint.clone()));
        let mut line = trace(&mut run, vec![]);
        while let Some(input) = next {
            let (effect, shown) = input.into_step(&mut run);
            line = format!("{line} > {shown}");
            next = match effect {
                Effect::Save(_, saved) => {
                    checkpoint = *saved;
                    Some(applied())
                }
                Effect::Capture => Some(captured()),
                Effect::Reply(_) => None,
                _ => events.next(),
            };
        }
        told.push(line);
    }
    told
}

#[test]
fn an_error_counts_when_it_happens() {
    let told = deliveries(&rules(), ready(1), 4, |_| vec![fails()]);
    assert_eq!(
        told,
        [
            "read > over e Running(1)@0 mine try 1 > work > swap Ready(1)@0 try 0 !Job waits 1 > fail",
            "read > over e Running(1)@0 mine try 1 !Job waits 1 > work > swap Ready(1)@0 try 0 !Job waits 2 > fail",
            "read > over e Running(1)@0 mine try 1 !Job waits 2 > work > swap Failed(1)@0 try 0 !Job waits 3 > fail",
            "read > refuse RunFailed: no",
        ]
    );
}

#[test]
fn a_panic_counts_when_it_happens() {
    let told = deliveries(&rules(), ready(1), 4, |_| vec![panics()]);
    assert_eq!(
        told,
        [
            "read > over e Running(1)@0 mine try 1 > work > swap Ready(1)@0 try 1 !Job > fail",
            "read > over e Running(1)@0 mine try 2 !Job > work > swap Ready(1)@0 try 2 !Job > fail",
            "read > over e Running(1)@0 mine try 3 !Job > work > swap Failed(1)@0 try 3 !Job > fail",
            "read > refuse RunFailed: no",
        ]
    );
}

#[test]
fn a_death_counts_when_it_is_found() {
    let told = deliveries(&rules(), ready(1), 4, |_| vec![]);
    assert_eq!(
        told,
        [
            "read > over e Running(1)@0 mine try 1 > work",
            "read > over e Running(1)@0 mine try 2 > work",
            "read > over e Running(1)@0 mine try 3 > work",
            "read > over e Failed(1)@0 try 3 !Runaway > refuse TooManyDeaths { attempts: 3 }",
        ]
    );
}

#[test]
fn an_error_before_a_death_is_kept() {
    let said = crate::checkpoint::LastError { record: Some(4), line: Some(5), offset: Some(6), ..error("no") };
    for (skip, status) in [(None, Status::Failed), (Some(2), Status::Ready)] {
        let checkpoint = Checkpoint { last_error: Some(said.clone()), ..tried(3, ready(1)) };
        let mut run = signal_under(Rules { skip, ..rules() }, 1);
        trace(&mut run, vec![]);
        let Effect::Save(_, buried) = run.step(Default::default(), found_event(checkpoint)) else { unreachable!() };
        let error = buried.last_error.unwrap();
        let said = (error.kind.as_str(), error.record, error.line, error.offset);
        assert_eq!((buried.status, said), (status, ("Runaway", Some(4), Some(5), Some(6))));
    }
}

#[test]
fn progress_resets_the_attempts() {
    let told = deliveries(&rules(), ready(1), 3, |delivery| match delivery {
        1 | 2 => vec![fails()],
        _ => vec![batch(10), fails()],
    });
    let third =
        "read > over e Running(1)@0 mine try 1 !Job waits 2 > work > work > capture > swap Ready(1)@10 try 0 !Job waits 1 > fail";
    assert_eq!(told.last().unwrap(), third);
}

/// A batch that took this many seconds.
fn slow_batch(position: u64, seconds: u64) -> In {
    done(Done { took: s(seconds), ..to(position) })
}

#[test]
fn after_a_death_each_batch_is_saved() {
    let died = || aged(46, running(1));
    let retried = "read > over e Running(1)@0 mine try 2 > work > ";
    for (name, events, want) in [
        (
            "the first attempt saves as usual",
            vec![found(ready(1)), applied(), batch(10)],
            "read > over e Running(1)@0 mine try 1 > work > work".to_owned(),
        ),
        ("after an error it is not, either", vec![found(tried(1, ready(1))), applied(), batch(10)], format!("{retried}work")),
        ("after a death it is", vec![died(), applied(), batch(10)], format!("{retried}capture")),
        (
            "until so much work is done, however long the saves take",
            vec![
                died(),
                applied(),
                slow_batch(10, 19),
                captured(),
                applied().elapsed(500),
                slow_batch(20, 1).elapsed(501),
                captured(),
            ],
            format!("{retried}capture > swap Running(1)@10 mine try 1 > work > capture > swap Ready(2)@20 try 0"),
        ),
    ] {
        assert_eq!(trace(&mut signal(1), events), want, "{name}");
    }
    let mut run = signal(1);
    trace(&mut run, vec![died(), applied(), slow_batch(10, 12).left(5)]);
    let Effect::Save(_, left) = captured().into_step(&mut run).0 else { unreachable!() };
    assert_eq!(
        (left.status, left.one_at_a_time_ms),
        (Status::Ready, 8_000),
        "the next invocation saves after every batch for the rest"
    );
    let next = trace(&mut signal(2), vec![found(*left), applied(), batch(20)]);
    assert_eq!(next, "read > over e Running(2)@10 mine try 1 > work > capture");
}
