//! Every order of events over one run and its shards, faults included: the shipped engine on all checkpoints at once.
//!
//! `model` searches one run in every detail. Here a shard has one batch, and a save has no lost answer; what is searched is how
//! the run and its shards start, signal and wait for each other. `world` is what there is, `steps` what can happen, `search` the
//! search. `RL_MODEL=full` explores more.
//!
//! `docs/protocol.md` has the rules and invariants.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

mod actors;
mod search;
mod steps;
mod world;

use crate::checkpoint::Stage;
use search::{Report, explore};
use std::ops::Range;

/// What is searched.
#[derive(Clone, Copy, Debug)]
struct Scenario {
    shards: u32,
    /// Whether the shards scan their ranges before they read them.
    scans: bool,
    faults: u8,
    /// How many times the upload's event is sent.
    starts: u8,
    /// Whether batches fail for good; each is a fault.
    errors: bool,
    /// Whether the queue loses events, and a sweep looks for their runs.
    loses: bool,
    design: Design,
}

/// The shipped protocol, and designs that look right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Design {
    Shipped,
    /// A shard looks whether all marks are there, and then leaves its own.
    ListsBeforeItMarks,
    /// A shard adds one to a counter instead of leaving a mark of its own, and the run looks at the counter.
    Counts,
    /// The run gives up its ownership and does not look at the marks again.
    NeverLooksAgain,
    /// An event for a shard that is over is acknowledged and nothing else.
    OnlyTheEndJoins,
    /// The run looks at the marks and not at the shards.
    TrustsMarks,
    /// The same, and a shard leaves its mark before it is saved as done.
    MarksBeforeItIsDone,
}

impl Scenario {
    fn stages(&self) -> &'static [Stage] {
        if self.scans { &[Stage::Scan, Stage::Read] } else { &[Stage::Read] }
    }

    /// The numbers of the checkpoints of one stage.
    fn cells(&self, stage: Stage) -> Range<usize> {
        let before = if self.scans && stage == Stage::Read { self.shards } else { 0 } as usize;
        1 + before..1 + before + self.shards as usize
    }
}

const fn scenario(shards: u32, faults: u8) -> Scenario {
    Scenario { shards, scans: false, faults, starts: 1, errors: false, loses: false, design: Design::Shipped }
}

fn told(scenario: Scenario) -> Report {
    let report = explore(scenario);
    println!("{scenario:?}: {report}");
    report
}

fn is_full() -> bool {
    std::env::var("RL_MODEL").is_ok_and(|model| model == "full")
}

#[test]
fn shards_are_joined_exactly_once() {
    let few = [
        scenario(2, 0),
        Scenario { scans: true, ..scenario(1, 0) },
        // The batch fails, and a person resumes the run.
        Scenario { errors: true, ..scenario(1, 1) },
    ];
    let many = [
        Scenario { starts: 2, ..scenario(2, 0) },
        scenario(2, 1),
        Scenario { errors: true, ..scenario(2, 1) },
        Scenario { loses: true, ..scenario(2, 1) },
        scenario(3, 0),
    ];
    let mut states = 0;
    for scenario in few.into_iter().chain(many.into_iter().filter(|_| is_full())) {
        let report = told(scenario);
        assert!(report.wrong.is_none(), "{report}");
        states += report.states;
    }
    println!("{states} states hold");
}

#[test]
fn faulty_shard_designs_are_found() {
    use Design::{Counts, ListsBeforeItMarks, MarksBeforeItIsDone, NeverLooksAgain, OnlyTheEndJoins, TrustsMarks};
    let few = [(ListsBeforeItMarks, 0, false), (NeverLooksAgain, 0, false), (MarksBeforeItIsDone, 0, false)];
    let many = [(Counts, 1, false), (OnlyTheEndJoins, 1, false), (TrustsMarks, 2, true)];
    for (design, faults, loses) in few.into_iter().chain(many.into_iter().filter(|_| is_full())) {
        if faults > 0 {
            let less = told(Scenario { design, loses, ..scenario(2, faults - 1) });
            assert!(less.wrong.is_none(), "{design:?} is found with fewer faults: {less}");
        }
        let report = told(Scenario { design, loses, ..scenario(2, faults) });
        assert!(report.wrong.is_some(), "{design:?} is not found: {report}");
    }
}
