//! What must hold for a run over shards: which rows each key stands for, and that together they are the object's, each once.
//!
//! Where a shard begins is for the crate to decide, so a batch is known by its rows, not by its position.

use super::executor::Group;
use super::jobs::Totals;
use super::options::Options;
use super::oracle::Oracle;
use super::world::State;
use crate::Summary;
use std::collections::BTreeMap;
use std::ops::Range;

/// What the jobs did, by run.
#[derive(Default)]
pub(super) struct Parts(BTreeMap<String, Part>);

#[derive(Default)]
struct Part {
    /// By key: the rows, how many times they were executed, and whether they reached the sink.
    batches: BTreeMap<String, (Range<u64>, u32, bool)>,
    completed: u32,
}

impl Parts {
    fn of(&mut self, run: &str) -> &mut Part {
        self.0.entry(run.into()).or_default()
    }

    fn batches(&self) -> impl Iterator<Item = &(Range<u64>, u32, bool)> {
        self.0.values().flat_map(|part| part.batches.values())
    }

    pub(super) fn executions(&self) -> u64 {
        self.batches().map(|(_, executed, _)| u64::from(*executed)).sum()
    }

    /// Executions beyond the first of each batch.
    pub(super) fn extra(&self) -> u64 {
        self.batches().map(|(_, executed, _)| u64::from(executed.saturating_sub(1))).sum()
    }

    pub(super) fn sunk(&self) -> u64 {
        self.batches().filter(|(.., sunk)| *sunk).count() as u64
    }

    /// What is wrong with finished runs.
    pub(super) fn unfinished(&self, options: &Options) -> Vec<String> {
        let mut wrong = Vec::new();
        for (run, part) in &self.0 {
            let mut rows: Vec<_> = part.batches.values().filter(|(.., sunk)| *sunk).map(|(rows, ..)| rows.clone()).collect();
            rows.sort_by_key(|rows| rows.start);
            let mut next = 0;
            for Range { start, end } in rows {
                if start != next {
                    wrong.push(format!("run {run}: rows {start}.. follow row {next}"));
                }
                next = end;
            }
            if next != options.rows || part.completed == 0 {
                wrong.push(format!("run {run} has {next} of {} rows, and was completed {} times", options.rows, part.completed));
            }
        }
        if options.rows > 0 && self.0.len() as u64 != options.uploads {
            wrong.push(format!("{} runs of {} uploads", self.0.len(), options.uploads));
        }
        wrong
    }
}

impl State {
    /// A batch of a shard begins to run.
    pub(super) fn part_executed(&mut self, group: Group, run: &str, key: &str, rows: &[u64]) {
        let first = rows.first().copied().unwrap_or_default();
        let range = first..first + rows.len() as u64;
        if !range.clone().eq(rows.iter().copied()) {
            self.wrong(group, format!("a batch holds the rows {rows:?}"));
        }
        if !key.starts_with(&format!("{run}/")) {
            self.wrong(group, format!("a shard's batch has the key {key}"));
        }
        let batch = self.checks.parts.of(run).batches.entry(key.into()).or_insert((range.clone(), 0, false));
        batch.1 += 1;
        if batch.0 != range {
            let before = batch.0.clone();
            self.wrong(group, format!("key {key} stands for rows {before:?} and for {range:?}"));
        }
    }

    /// Its effect reaches the sink, which recognises it by its key.
    pub(super) fn part_sunk(&mut self, run: &str, key: &str) {
        if let Some(batch) = self.checks.parts.of(run).batches.get_mut(key) {
            batch.2 = true;
        }
    }

    pub(super) fn parts_completed(
        &mut self,
        group: Group,
        summary: &Summary,
        totals: &Totals,
        options: &Options,
        oracle: &Oracle,
    ) {
        let right = (options.rows, options.rows, oracle.mark(options.rows).map_or(0, |mark| mark.sum));
        if (summary.progress().position(), totals.rows, totals.sum) != right {
            let position = summary.progress().position();
            self.wrong(group, format!("on_complete is told {position} and {totals:?}, which are {right:?}"));
        }
        let part = self.checks.parts.of(summary.run_id());
        let missing = part.batches.values().filter(|(.., sunk)| !*sunk).count();
        part.completed += 1;
        if missing > 0 {
            self.wrong(group, format!("on_complete runs before {missing} batches are done"));
        }
    }
}
