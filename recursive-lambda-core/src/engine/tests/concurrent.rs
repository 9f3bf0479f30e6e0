//! R15: several batches in flight.
//!
//! `docs/protocol.md` has the rules.

use super::fixtures::*;
use crate::engine::budget::Budget;
use crate::engine::messages::{Done, Rules};
use crate::engine::run::Run;

fn four() -> Run {
    limited(None)
}

fn limited(most: Option<u64>) -> Run {
    Run::new(rules(), me(), given(1), Budget::new(Some(s(900)), s(10), most).concurrent(4))
}

/// A batch that is done, with this many still in flight after it.
fn with_others(in_flight: u64, position: u64) -> In {
    done(Done { in_flight, ..to(position) })
}

#[test]
fn all_batches_end_before_the_hand_over() {
    let yields = "capture > swap Ready(2)@30 try 0 > signal 2 > ack Yielded";
    for (name, run, events, want) in [
        ("as many as are concurrent", four(), vec![], "work 4x10".to_owned()),
        ("one for one", four(), vec![with_others(3, 10)], "work 4x10 > work".into()),
        ("the object had no more", four(), vec![with_others(0, 10)], "work 4x10 > work 4x10".into()),
        (
            "no time is left",
            four(),
            vec![
                with_others(2, 10).left(10),
                with_others(1, 20).left(9),
                with_others(0, 30).left(8),
                captured(),
                applied(),
                accepted(),
            ],
            format!("work 4x10 > work 0x10 > work 0x10 > {yields}"),
        ),
        (
            "no time is left for a save of each that is due",
            four(),
            vec![
                with_others(2, 10).elapsed(20).left(10),
                with_others(1, 20).elapsed(31).left(9),
                with_others(0, 30).left(8),
                captured(),
                applied(),
                accepted(),
            ],
            format!("work 4x10 > work 0x10 > work 0x10 > {yields}"),
        ),
        (
            "no more are allowed",
            limited(Some(3)),
            vec![with_others(2, 10), with_others(1, 20), with_others(0, 30), captured(), applied(), accepted()],
            format!("work 3x10 > work 0x10 > work 0x10 > {yields}"),
        ),
        (
            "a save lets them be",
            four(),
            vec![with_others(3, 10).elapsed(10), captured(), applied().elapsed(10)],
            "work 4x10 > capture > swap Running(1)@10 mine try 1 > work".into(),
        ),
        (
            "what failed was waited for",
            four(),
            vec![with_others(3, 10), fails(), captured(), applied()],
            "work 4x10 > work > capture > swap Ready(1)@10 try 0 !Job waits 1 > fail".into(),
        ),
    ] {
        let mut run = run;
        let told = trace(&mut run, [found(ready(1)), applied()].into_iter().chain(events).collect());
        assert_eq!(told, format!("read > over e Running(1)@0 mine try 1 > {want}"), "{name}");
    }
}

#[test]
fn an_old_lease_lets_one_batch_begin() {
    for (seconds, want) in [(29, "work 4x10"), (30, "work")] {
        let told = trace(&mut four(), vec![found(ready(1)), applied().renewed(seconds)]);
        assert_eq!(told, format!("read > over e Running(1)@0 mine try 1 > {want}"), "{seconds} s");
    }
}

#[test]
fn after_a_death_batches_run_one_by_one() {
    let mut run = four();
    let care = vec![aged(46, running(1)), applied(), batch(10).elapsed(9), captured(), applied().elapsed(9)];
    let told = trace(&mut run, care);
    assert_eq!(told, "read > over e Running(1)@0 mine try 2 > work > capture > swap Running(1)@10 mine try 1 > work");
    let rest = [done(Done { took: s(80), ..to(20) }).elapsed(10), captured()].map(|input| input.into_step(&mut run).1);
    assert_eq!(rest.join(" > "), "capture > swap Ready(2)@20 try 0", "the next invocation has several in flight again");
    let one_is_left = vec![aged(46, running(1)), applied(), with_others(1, 10), captured(), applied()];
    let told = trace(&mut four(), one_is_left);
    assert!(told.ends_with("work > capture > swap Running(1)@10 mine try 1 > work 0x10"), "{told}");
}

#[test]
fn a_search_runs_one_batch_at_a_time() {
    let skipping = Rules { skip: Some(2), ..rules() };
    let run = || Run::new(skipping.clone(), me(), given(1), Budget::new(Some(s(900)), s(10), None).concurrent(4));
    let told = trace(&mut run(), vec![found(ready(1)), applied(), records_fail(10), applied()]);
    assert_eq!(
        told,
        "read > over e Running(1)@0 mine try 1 > work 4x10 > swap Running(1)@0 mine try 1 !Job search 5..10 > work 1x5"
    );
    let told = trace(&mut run(), vec![found(ready(1)), applied(), with_others(3, 10), records_fail(10), captured(), applied()]);
    let waited = "work 4x10 > work > capture > swap Running(1)@10 mine try 1 !Job search 5..20 > work 1x5";
    assert_eq!(told, format!("read > over e Running(1)@0 mine try 1 > {waited}"), "nothing is in flight after a failure");
}
