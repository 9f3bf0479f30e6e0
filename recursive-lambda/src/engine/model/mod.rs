//! Every order of events, faults included, over the engine that ships: a search through all the worlds it can get into.
//!
//! `actor` is the engine, `world` what it lives in, `moves` what can happen, `laws` what must hold, `search` the search. Time is abstract:
//! a lease may expire, a budget may end, whenever that is possible at all. `RL_MODEL=full cargo test --release model` explores more.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

mod actor;
mod broken;
mod laws;
mod moves;
mod rows;
mod search;
mod world;

use actor::Job;
use broken::Design;
use moves::Scenario;
use rows::Rows;
use search::{Report, explore};
use world::Kind::{self, Admit, InPlace};

const JOB: Job = Job { batches: 2, on_complete: true, every_batch: false, max_attempts: 3 };

const fn scenario(batches: u8, faults: u8, starts: &'static [Kind]) -> Scenario {
    Scenario { job: Job { batches, ..JOB }, starts, faults, errors: false, late: false, design: Design::Shipped }
}

fn told(name: &str, scenario: Scenario) -> Report {
    let report = explore(scenario);
    println!(
        "{name}: {} batches, {} faults, {:?}, errors {}, late {}: {report}",
        scenario.job.batches, scenario.faults, scenario.starts, scenario.errors, scenario.late
    );
    report
}

#[test]
fn smoke() {
    let s = std::env::var("RL_S").unwrap_or_default();
    let n: Vec<u8> = s.split(' ').filter_map(|x| x.parse().ok()).collect();
    let starts: &'static [Kind] = match n.get(2) { Some(0) => &[InPlace], Some(2) => &[Admit, Admit], Some(3) => &[InPlace, InPlace], Some(4) => &[Admit, InPlace], _ => &[Admit] };
    let mut sc = scenario(n[0], n[1], starts);
    sc.errors = n.get(3) == Some(&1);
    sc.late = n.get(4) == Some(&1);
    sc.job.every_batch = n.get(5) == Some(&1);
    sc.job.on_complete = n.get(6) != Some(&1);
    sc.design = [Design::Shipped, Design::SignalsFirst, Design::AcknowledgesLate, Design::NeverReadsBack, Design::AcknowledgesItself, Design::DeletesWhatIsDone, Design::TakesOverLate, Design::AcknowledgesFenced, Design::Quiet][*n.get(7).unwrap_or(&0) as usize];
    let r = told("smoke", sc);
    println!("missing {:?}", r.rows.missing());
}
