//! R8 and R9: batches, checkpoints, and handing over to the next invocation.
//!
//! `docs/protocol.md` has the rules.

use super::fixtures::*;
use crate::checkpoint::{Checkpoint, RawBytes};
use crate::engine::budget::Budget;
use crate::engine::messages::{Batch, Done, Effect, Event, Rules};
use crate::engine::run::Run;
use crate::engine::save::Saved;

const TAKEN_UP: &str = "read > over e Running(1)@0 mine try 1 > work";

/// After a first acquisition that found no owner.
fn work(rules: Rules, then: Vec<In>) -> String {
    let run = signal_under(rules, 1);
    continued(run, then)
}

fn continued(mut run: Run, then: Vec<In>) -> String {
    let begun = vec![found(ready(1)), applied()];
    let told = trace(&mut run, begun.into_iter().chain(then).collect());
    told.strip_prefix(TAKEN_UP).map(|rest| rest.trim_start_matches(" > ").to_owned()).unwrap_or(told)
}

#[test]
fn when_a_checkpoint_is_due() {
    let every_batch = || Rules { checkpoint: s(0), ..rules() };
    for (name, rules, then, want) in [
        ("early", rules(), vec![batch(10).elapsed(9)], "work"),
        ("ten seconds after the last", rules(), vec![batch(10).elapsed(10)], "capture"),
        ("every batch", every_batch(), vec![batch(10)], "capture"),
        ("two thirds of the lease without a write", rules(), vec![batch(10).renewed(30)], "capture"),
        ("a little less", rules(), vec![batch(10).renewed(29)], "work"),
        (
            "saved, and on",
            rules(),
            vec![batch(10).elapsed(10), captured(), applied().elapsed(11)],
            "capture > swap Running(1)@10 mine try 1 > work",
        ),
        (
            "counted from the last save",
            rules(),
            vec![batch(10).elapsed(10), captured(), applied().elapsed(11), batch(20).elapsed(20), batch(30).elapsed(21)],
            "capture > swap Running(1)@10 mine try 1 > work > work > capture",
        ),
        (
            "what was not saved is not forgotten",
            rules(),
            vec![batch(10), batch(20), batch(30).elapsed(10), captured()],
            "work > work > capture > swap Running(1)@30 mine try 1",
        ),
    ] {
        assert_eq!(work(rules, then), want, "{name}");
    }
}

#[test]
fn saves_then_signals_then_acknowledges() {
    let yields = "capture > swap Ready(2)@10 try 0 > signal 2 > ack Yielded";
    let most = |most| Run::new(rules(), me(), given(1), Budget::new(Some(s(900)), s(10), Some(most)));
    let blind = || Run::new(rules(), me(), given(1), Budget::new(None, s(10), None));
    let rest = || vec![captured(), applied(), accepted()];
    let then = |first: Vec<In>| first.into_iter().chain(rest()).collect::<Vec<_>>();
    for (name, run, events, want) in [
        ("no time left", signal(1), then(vec![batch(10).left(10)]), yields.to_owned()),
        ("a little time left", signal(1), vec![batch(10).left(11)], "work".into()),
        ("the deadline is unknown", blind(), then(vec![batch(10).no_deadline()]), yields.into()),
        ("one batch per invocation", most(1), then(vec![batch(10)]), yields.into()),
        (
            "two",
            most(2),
            then(vec![batch(10), batch(20)]),
            "work > capture > swap Ready(2)@20 try 0 > signal 2 > ack Yielded".into(),
        ),
        ("a slow batch wants its time twice", signal(1), then(vec![took(400).left(800)]), yields.into()),
        ("and gets it", signal(1), vec![took(400).left(801)], "work".into()),
        ("without time it still does the first batch", signal(1), vec![], String::new()),
    ] {
        assert_eq!(continued(run, events), want, "{name}");
    }
}

fn took(seconds: u64) -> In {
    done(Done { took: s(seconds), ..to(10) })
}

#[test]
fn a_slow_save_is_kept_free_twice() {
    let slow = || In::of(Event::Saved(Saved::Applied { etag: "e2".into() }, s(20)));
    for (left, want) in [(50, "capture"), (51, "work")] {
        let mut run = signal(1);
        trace(&mut run, vec![found(ready(1)), slow()]);
        assert_eq!(batch(10).left(left).into_step(&mut run).1, want, "{left} s");
    }
}

#[test]
fn an_uncertain_hand_over_is_not_signalled() {
    let yields = |saved: In| vec![batch(10).left(0), captured(), saved];
    for (name, saved, want) in [
        ("unknown", saved(Saved::Unknown("503".into())), "refuse StoreFailed(\"503\")"),
        ("refused", saved(Saved::Refused("403".into())), "refuse StoreFailed(\"403\")"),
        ("gone", saved(Saved::Gone), "refuse CheckpointGone"),
        ("another handed over before", lost(left_by("another's", ready(2))), "ack Stale"),
        ("another delivery of the same event did", lost(left_by("own", ready(2))), "signal 2"),
    ] {
        assert_eq!(work(rules(), yields(saved)), format!("capture > swap Ready(2)@10 try 0 > {want}"), "{name}");
    }
}

#[test]
fn a_batch_updates_the_checkpoint() {
    let header = RawBytes(b"a,b\n".as_slice().into());
    let mut run = signal_under(Rules { checkpoint: s(0), ..rules() }, 1);
    let step = |run: &mut Run, event| run.step(Default::default(), event);
    let done = |done| Event::Batch(Batch::Done(Done { took: s(1), ..done }));
    let now = crate::engine::messages::Now { left: Some(s(900)), ..Default::default() };
    trace(&mut run, vec![found(Checkpoint { skipped: 3, ..ready(1) }), applied()]);
    assert_eq!(run.step(now, done(Done { header: Some(header.clone()), ..to(10) })), Effect::Capture);
    let Effect::Save(_, first) = step(&mut run, Event::Captured(state("{\"n\":1}"))) else { unreachable!() };
    assert_eq!((first.position, first.offset, first.line, first.batches), (10, 70, 10, 1));
    assert_eq!((first.header.clone(), first.state.clone(), first.skipped), (Some(header.clone()), state("{\"n\":1}"), 3));
    trace_on(&mut run, applied());
    assert_eq!(run.checkpoint().map(|checkpoint| checkpoint.position), Some(10));
    assert_eq!(run.step(now, done(to(20))), Effect::Capture);
    let Effect::Save(_, second) = step(&mut run, Event::Captured(None)) else { unreachable!() };
    assert_eq!((second.position, second.batches, second.header.clone(), second.state.clone()), (20, 2, Some(header), None));
    assert_eq!(second.started, first.started);
}

fn trace_on(run: &mut Run, input: In) {
    input.into_step(run);
}
