//! What must hold: for every applied write, every batch, and for the whole at its end.
//!
//! It knows the truth from the oracle, never from the crate.

use super::check_record::check_place;
use super::executor::Group;
use super::jobs::Totals;
use super::options::{Options, Poison};
use super::oracle::Oracle;
use super::parts::Parts;
use super::store::StoredRecord;
use super::world::{State, World};
use crate::{ErrorKind, Summary};
use recursive_lambda_core::checkpoint::{Checkpoint, Stage, Status};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::time::Duration;

pub(super) struct Checks {
    pub(super) wrong: Vec<String>,
    runs: BTreeMap<String, Log>,
    /// The records that each invocation has processed.
    worked: HashMap<Group, BTreeSet<u64>>,
    /// Batches, or records.
    units: usize,
    /// Invocations that were struck since they acquired the run: they may lose their lease.
    excused: BTreeSet<Group>,
    /// When each invocation was told that its time is up, rightly or not: then it stops renewing its lease.
    told: HashMap<Group, Duration>,
    /// Invocations that were slowed between a write and a batch.
    slowed: BTreeSet<Group>,
    /// When each invocation's last write was applied, and its position.
    written: HashMap<Group, (Duration, u64)>,
    /// How many times an endless batch was started: each time its invocation dies.
    pub(super) hung: u64,
    /// The run is over and everything was delivered: nothing may run any more.
    pub(super) closed: bool,
    /// Of runs over shards.
    pub(super) parts: Parts,
}

/// The parts of a skipped record that are checked.
#[derive(Debug, Deserialize)]
struct SkippedRecord {
    record: u64,
    offset: u64,
    data: String,
}

/// What a run's jobs did, by batch; or by record, if a batch may begin anywhere.
struct Log {
    executed: Vec<u32>,
    sunk: Vec<bool>,
    completed: u32,
    /// Records that were skipped.
    skipped: BTreeSet<u64>,
}

impl Checks {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            wrong: Vec::new(),
            runs: BTreeMap::new(),
            worked: HashMap::new(),
            units: options.end().div_ceil(options.unit()) as usize,
            excused: BTreeSet::new(),
            told: HashMap::new(),
            hung: 0,
            slowed: BTreeSet::new(),
            written: HashMap::new(),
            closed: false,
            parts: Parts::default(),
        }
    }

    fn log(&mut self, run: &str) -> &mut Log {
        if !self.runs.contains_key(run) {
            self.runs.insert(run.into(), Log::new(self.units));
        }
        self.runs.entry(run.into()).or_insert_with(|| Log::new(0))
    }

    pub(super) fn worked(&mut self, group: Group, records: Range<u64>) {
        self.worked.entry(group).or_default().extend(records);
    }

    pub(super) fn excuse(&mut self, group: Group) {
        self.excused.insert(group);
    }

    pub(super) fn told(&mut self, group: Group, deadline: Duration) {
        self.told.insert(group, deadline);
    }

    pub(super) fn slow(&mut self, group: Group) {
        self.slowed.insert(group);
    }

    /// The invocation is over, and what was known about it.
    pub(super) fn forget(&mut self, group: Group) {
        self.worked.remove(&group);
        self.excused.remove(&group);
        self.told.remove(&group);
        self.slowed.remove(&group);
        self.written.remove(&group);
    }

    /// Executions beyond the first of each batch.
    pub(super) fn extra(&self) -> u64 {
        let of = |log: &Log| log.executed.iter().map(|count| u64::from(count.saturating_sub(1))).sum::<u64>();
        self.runs.values().map(of).sum::<u64>() + self.parts.extra()
    }

    pub(super) fn executions(&self) -> u64 {
        self.runs.values().map(|log| log.executed.iter().map(|count| u64::from(*count)).sum::<u64>()).sum::<u64>()
            + self.parts.executions()
    }

    /// Batches in the sink, from the first one without a gap.
    pub(super) fn sunk(&self) -> u64 {
        self.runs.values().map(|log| log.sunk.iter().take_while(|sunk| **sunk).count() as u64).sum::<u64>() + self.parts.sunk()
    }
}

impl Log {
    fn new(units: usize) -> Self {
        Self { executed: vec![0; units], sunk: vec![false; units], completed: 0, skipped: BTreeSet::new() }
    }
}

impl Checks {
    /// What is wrong with finished runs.
    pub(super) fn unfinished(&self, options: &Options, faults: u64) -> Vec<String> {
        if options.kind.has_shards() {
            return self.parts.unfinished(options);
        }
        let mut wrong = Vec::new();
        if self.units > 0 && self.runs.len() as u64 != options.uploads {
            wrong.push(format!("{} runs of {} uploads", self.runs.len(), options.uploads));
        }
        for (run, log) in &self.runs {
            let skipped = |unit: usize| options.kind.is_picky() && log.skipped.contains(&(unit as u64));
            let missing = log.sunk.iter().enumerate().filter(|(unit, sunk)| !**sunk && !skipped(*unit)).count();
            if missing > 0 || options.kind.completes() != (log.completed > 0) {
                wrong.push(format!("run {run} lacks {missing} batches, and was completed {} times", log.completed));
            }
            let innocent = log.skipped.iter().filter(|record| options.poison_in(**record..**record + 1).is_none()).count() as u64;
            if innocent > faults {
                wrong.push(format!("run {run}: {innocent} records without a fault were skipped"));
            }
        }
        wrong
    }
}

impl State {
    /// The checkpoints of runs, without those of shards.
    pub(super) fn runs(&self) -> impl Iterator<Item = &StoredRecord> {
        self.records.values().filter(|stored| stored.checkpoint.shard.is_none())
    }

    /// The status of the runs: of the first that is not done, if there is one.
    pub(super) fn end(&self) -> Option<Status> {
        if (self.runs().count() as u64) < self.uploads {
            return None;
        }
        let statuses = || self.runs().map(|stored| stored.checkpoint.status);
        statuses()
            .find(|status| matches!(status, Status::Ready | Status::Running | Status::Completing | Status::Paused))
            .or_else(|| statuses().find(|status| *status != Status::Done))
            .or_else(|| statuses().next())
    }

    /// A batch begins to run.
    pub(super) fn begins(&mut self, group: Group, position: u64, options: &Options) {
        if self.checks.closed {
            self.wrong(group, format!("the batch at {position} runs again although the run is over"));
        }
        if let Some((written, saved)) = self.checks.written.get(&group) {
            // A bit longer, because reading takes time. The first batch after a save begins in any case.
            let late = self.now - *written > options.lease * 2 / 3 + Duration::from_secs(1);
            if position > *saved && late && !self.checks.slowed.contains(&group) {
                self.wrong(group, format!("the batch at {position} begins with an old lease"));
            }
        }
    }

    /// A batch of the whole object is executed.
    pub(super) fn executed(&mut self, group: Group, run: &str, records: Range<u64>, options: &Options) {
        let position = records.start;
        if !position.is_multiple_of(options.unit()) || records.end > options.rows {
            return self.wrong(group, format!("there is no batch at {position}"));
        }
        // Concurrent batches may go past the end that the job will see.
        for unit in units(&records, options) {
            if let Some(count) = self.checks.log(run).executed.get_mut(unit) {
                *count += 1;
            }
        }
    }

    /// A batch's effect reaches the sink, which recognises it by its key.
    pub(super) fn sink(&mut self, group: Group, key: &str, records: Range<u64>, digest: u64, options: &Options, oracle: &Oracle) {
        let Range { start, end } = records;
        let Some((run, rest)) = key.split_once(':') else { return self.wrong(group, format!("a key `{key}`")) };
        let whole = end == (start + options.batch()).min(options.rows);
        let cut_short = options.kind.is_picky() || options.poison_in(end..end + 1) == Some(Poison::Undecodable);
        if rest != format!("{start}+{}", end - start) || !(whole || cut_short) {
            self.wrong(group, format!("the batch at {start} has the key {rest}"));
        }
        if digest != oracle.batch_digest(options.kind, records.clone()) {
            self.wrong(group, format!("the batch at {start} holds other records"));
        }
        for unit in units(&records, options) {
            if let Some(sunk) = self.checks.log(run).sunk.get_mut(unit) {
                *sunk = true;
            }
        }
    }

    /// A record is kept for people.
    pub(super) fn skipped(&mut self, group: Group, run: &str, index: u64, body: &[u8], world: &World) {
        let what = serde_json::from_slice::<SkippedRecord>(body);
        let offset = index.checked_sub(1).map(|before| world.oracle.mark(before + 1).unwrap_or_default().offset);
        let right = |what: &SkippedRecord| {
            what.record == index
                && what.data.starts_with(&format!("{index},"))
                && offset.is_none_or(|offset| what.offset == offset)
        };
        if !what.as_ref().is_ok_and(right) {
            self.wrong(group, format!("record {index} is skipped as {what:?}"));
        }
        self.checks.log(run).skipped.insert(index);
    }

    pub(super) fn completed(&mut self, group: Group, summary: &Summary, totals: &Totals, options: &Options, oracle: &Oracle) {
        if self.checks.closed {
            self.wrong(group, "on_complete runs again although the run is over".into());
        }
        let sum = oracle.mark(options.end()).map(|mark| mark.sum);
        let skipped = summary.skipped();
        let exact = skipped > 0 || Some(totals.sum) == sum;
        if (summary.progress().position(), totals.rows + skipped) != (options.end(), options.end()) || !exact {
            self.wrong(group, format!("on_complete is told {} and {totals:?}", summary.progress().position()));
        }
        if !self.records.values().any(|stored| stored.checkpoint.started == summary.started()) {
            self.wrong(group, "on_complete is told of another start".into());
        }
        self.checks.log(summary.run_id()).completed += 1;
    }

    /// An event is given back.
    pub(super) fn refused(&mut self, group: Group, kind: ErrorKind) {
        let mut owners = self.records.values().filter_map(|stored| stored.checkpoint.owner.as_ref());
        if kind == ErrorKind::DuplicateInFlight && owners.any(|owner| of(&owner.nonce) == Some(group)) {
            self.wrong(group, "an invocation takes itself for another".into());
        }
        if matches!(
            kind,
            ErrorKind::FromFuture | ErrorKind::CheckpointGone | ErrorKind::CheckpointUnreadable | ErrorKind::PlanChanged
        ) {
            self.wrong(group, format!("{kind:?}, which no fault explains"));
        }
    }

    /// The store applies a write of a checkpoint.
    pub(super) fn check_write(
        &mut self,
        writer: Group,
        run: &str,
        before: Option<&StoredRecord>,
        after: &Checkpoint,
        world: &World,
    ) {
        let mine = |checkpoint: &Checkpoint| checkpoint.owner.as_ref().is_some_and(|owner| of(&owner.nonce) == Some(writer));
        let mut wrong: Vec<String> = Vec::new();
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(what.into());
            }
        };
        match before {
            None => {
                must(after.position == 0 && after.batches == 0, "a checkpoint begins in the middle");
                must(after.seq <= 1 && after.epoch <= 1, "a checkpoint begins with a past");
            }
            Some(stored) => {
                let before = &stored.checkpoint;
                let lease = world.options.lease + Duration::from_secs(1);
                let free = before.owner.is_none() || stored.age(self.now) >= lease;
                let commanded = after.commanded != before.commanded && after.owner.is_none() && after.position == before.position;
                let resumes = commanded && matches!(after.status, Status::Ready | Status::Completing);
                let cancels = commanded && after.status == Status::Cancelled;
                must(
                    !before.is_over() || before.status == Status::Failed && (resumes || cancels),
                    "a run that is over is written again",
                );
                // Its owner saves over the pause.
                let paused = before.status == Status::Paused
                    && after.epoch == before.epoch
                    && after.owner.is_none()
                    && (after.status == Status::Paused || after.is_over());
                must(after.position >= before.position, "the position goes back");
                must(after.position == before.position || mine(before) || paused, "somebody else's position is committed");
                // A run whose owner died is left to the next invocation.
                let leaves = free && before.owner.is_some() && after.owner.is_none() && after.seq == before.seq + 1;
                let hands_over = after.seq == before.seq + 1 && (mine(before) || leaves || resumes);
                must(after.seq == before.seq || hands_over, "a seq is skipped, or taken");
                must(after.seq == before.seq || after.owner.is_none(), "a hand-over keeps its owner");
                let gives_up = after.is_at_rest() || after.last_error.is_some();
                must(after.owner.is_some() || gives_up || after.seq == before.seq + 1, "a hand-over has no number");
                if after.epoch == before.epoch {
                    must(after.owner.is_none() || after.owner == before.owner, "the owner changes within an epoch");
                    must(
                        mine(before) || (free && after.status == Status::Failed) || leaves || commanded || paused,
                        "the checkpoint is written by who does not own it",
                    );
                } else {
                    must(after.epoch == before.epoch + 1 && mine(after), "an epoch is skipped, or somebody else's");
                    must(free, "a live lease is taken over");
                    must(after.position == before.position, "an acquisition moves the position");
                    let loser = before.owner.as_ref().and_then(|owner| of(&owner.nonce)).filter(|loser| *loser != writer);
                    let is_past = |loser: &Group| self.checks.told.get(loser).is_some_and(|deadline| *deadline <= self.now);
                    let excused = |loser| self.checks.excused.contains(&loser) || is_past(&loser);
                    must(
                        loser.is_none_or(|loser| world.executor().alive(loser) == 0 || excused(loser)),
                        "an invocation that works loses its lease without a fault",
                    );
                    must(after.invocations == before.invocations + 1, "an acquisition is not counted");
                }
                let worked = self.checks.worked.get(&writer);
                let skipped = self.checks.runs.get(run).map(|log| &log.skipped);
                let done = |set: Option<&BTreeSet<u64>>, record: u64| set.is_some_and(|set| set.contains(&record));
                let mut passed = before.position..after.position;
                // Its shards did, or it is a scan.
                let calls_nothing = after.shards.is_some() || after.shard.is_some_and(|shard| shard.stage == Stage::Scan);
                let all = calls_nothing || passed.all(|record| done(worked, record) || done(skipped, record));
                must(all, "a record is passed that its writer did not process, and that was not skipped");
            }
        }
        if mine(after) && before.is_none_or(|stored| stored.checkpoint.epoch < after.epoch) {
            self.checks.excused.remove(&writer);
        }
        self.checks.written.insert(writer, (self.now, after.position));
        // The checkpoint being written was taken out.
        must(after.shard.is_some() || (self.runs().count() as u64) < self.uploads, "there are more runs than uploads");
        if !world.options.kind.has_shards() {
            let skipped = self.checks.runs.get(run).map(|log| log.skipped.clone()).unwrap_or_default();
            wrong.extend(check_place(after, &world.options, &world.oracle, &skipped));
        }
        for what in wrong {
            self.wrong(writer, format!("{what} (run {run}, position {})", after.position));
        }
    }
}

/// The invocation that made a nonce.
fn of(nonce: &str) -> Option<Group> {
    nonce.strip_prefix('i')?.split('-').next()?.parse().ok().map(Group)
}

fn units(records: &Range<u64>, options: &Options) -> Range<usize> {
    (records.start / options.unit()) as usize..records.end.div_ceil(options.unit()) as usize
}
