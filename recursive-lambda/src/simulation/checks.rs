//! What must hold: of every write as it is applied, of every batch as it runs, and of the whole at its end.
//!
//! It knows the truth from the oracle, never from the crate.

use super::executor::Group;
use super::jobs::Totals;
use super::options::{Kind, Options, Via};
use super::oracle::Oracle;
use super::store::StoredRecord;
use super::world::{State, World};
use crate::engine::record::{Record, Status};
use crate::{ErrorKind, Summary};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

pub(super) struct Checks {
    pub(super) wrong: Vec<String>,
    runs: BTreeMap<String, Log>,
    /// Positions of the batches that each invocation has processed.
    worked: HashMap<Group, BTreeSet<u64>>,
    batches: usize,
    /// Invocations that something happened to since they acquired the run: they may lose their lease.
    excused: BTreeSet<Group>,
    /// Invocations that something slowed between a write and a batch.
    slowed: BTreeSet<Group>,
    /// When each invocation's last write was applied, and the position it says.
    written: HashMap<Group, (Duration, u64)>,
    /// The run is over and everything was delivered: nothing may run any more.
    pub(super) closed: bool,
}

/// What a run's jobs did, by batch.
struct Log {
    executed: Vec<u32>,
    sink: Vec<Option<u64>>,
    completed: u32,
}

impl Checks {
    pub(super) fn new(batches: u64) -> Self {
        let batches = batches as usize;
        Self {
            wrong: Vec::new(),
            runs: BTreeMap::new(),
            worked: HashMap::new(),
            batches,
            excused: BTreeSet::new(),
            slowed: BTreeSet::new(),
            written: HashMap::new(),
            closed: false,
        }
    }

    fn log(&mut self, run: &str) -> &mut Log {
        if !self.runs.contains_key(run) {
            let log = Log { executed: vec![0; self.batches], sink: vec![None; self.batches], completed: 0 };
            self.runs.insert(run.into(), log);
        }
        self.runs.entry(run.into()).or_insert_with(|| Log { executed: Vec::new(), sink: Vec::new(), completed: 0 })
    }

    pub(super) fn worked(&mut self, group: Group, position: u64) {
        self.worked.entry(group).or_default().insert(position);
    }

    pub(super) fn excuse(&mut self, group: Group) {
        self.excused.insert(group);
    }

    pub(super) fn slow(&mut self, group: Group) {
        self.slowed.insert(group);
    }

    /// The invocation is over; so is what is known of it.
    pub(super) fn forget(&mut self, group: Group) {
        self.worked.remove(&group);
        self.excused.remove(&group);
        self.slowed.remove(&group);
        self.written.remove(&group);
    }

    /// Executions beyond the first of each batch.
    pub(super) fn extra(&self) -> u64 {
        let of = |log: &Log| log.executed.iter().map(|count| u64::from(count.saturating_sub(1))).sum::<u64>();
        self.runs.values().map(of).sum()
    }

    pub(super) fn executions(&self) -> u64 {
        self.runs.values().map(|log| log.executed.iter().map(|count| u64::from(*count)).sum::<u64>()).sum()
    }

    /// Batches in the sink, from the first one without a gap.
    pub(super) fn sunk(&self) -> u64 {
        self.runs.values().map(|log| log.sink.iter().take_while(|batch| batch.is_some()).count() as u64).sum()
    }
}

impl Checks {
    /// What is missing of runs that are done.
    pub(super) fn unfinished(&self, uploads: u64, completes: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.batches > 0 && self.runs.len() as u64 != uploads {
            wrong.push(format!("{} runs of {uploads} uploads", self.runs.len()));
        }
        for (run, log) in &self.runs {
            let missing = log.sink.iter().filter(|batch| batch.is_none()).count();
            if missing > 0 || completes != (log.completed > 0) {
                wrong.push(format!("run {run} lacks {missing} batches, and was completed {} times", log.completed));
            }
        }
        wrong
    }
}

impl State {
    /// Where the runs stand: the first that is not done, if there is one.
    pub(super) fn end(&self) -> Option<Status> {
        if (self.records.len() as u64) < self.uploads {
            return None;
        }
        let statuses = || self.records.values().map(|stored| stored.record.status);
        statuses()
            .find(|status| matches!(status, Status::Ready | Status::Running | Status::Completing))
            .or_else(|| statuses().find(|status| *status != Status::Done))
            .or_else(|| statuses().next())
    }

    /// A batch begins to run.
    pub(super) fn executed(&mut self, group: Group, run: &str, position: u64, options: &Options) {
        if self.checks.closed {
            self.wrong(group, format!("the batch at {position} runs again although the run is over"));
        }
        if let Some((written, saved)) = self.checks.written.get(&group) {
            // A bit more, because reading takes time. The first batch after a save begins in any case.
            let late = self.now - *written > options.lease * 2 / 3 + Duration::from_secs(1);
            if position > *saved && late && !self.checks.slowed.contains(&group) {
                self.wrong(group, format!("the batch at {position} begins with an old lease"));
            }
        }
        let index = (position / options.batch()) as usize;
        match self.checks.log(run).executed.get_mut(index) {
            Some(count) if position.is_multiple_of(options.batch()) => *count += 1,
            _ => self.wrong(group, format!("there is no batch at {position}")),
        }
    }

    /// A batch's effect reaches the sink, which recognises it by its key.
    pub(super) fn sink(&mut self, group: Group, key: &str, position: u64, digest: u64, options: &Options, oracle: &Oracle) {
        let len = options.batch().min(options.rows.saturating_sub(position));
        let Some((run, rest)) = key.split_once(':') else { return self.wrong(group, format!("a key `{key}`")) };
        if rest != format!("{position}+{len}") {
            self.wrong(group, format!("the batch at {position} has the key {rest}"));
        }
        if digest != oracle.batch_digest(options.kind, position, options.rows) {
            self.wrong(group, format!("the batch at {position} holds other records"));
        }
        if let Some(slot) = self.checks.log(run).sink.get_mut((position / options.batch()) as usize) {
            *slot = Some(digest);
        }
    }

    pub(super) fn completed(&mut self, group: Group, summary: &Summary, totals: &Totals, options: &Options, oracle: &Oracle) {
        if self.checks.closed {
            self.wrong(group, "on_complete runs again although the run is over".into());
        }
        let sum = oracle.mark(options.end()).map(|mark| mark.sum);
        if (summary.position(), totals.rows, Some(totals.sum)) != (options.end(), options.end(), sum) {
            self.wrong(group, format!("on_complete is told {} and {totals:?}", summary.position()));
        }
        self.checks.log(summary.run_id()).completed += 1;
    }

    /// An event is given back.
    pub(super) fn refused(&mut self, group: Group, kind: ErrorKind) {
        let mut owners = self.records.values().filter_map(|stored| stored.record.owner.as_ref());
        if kind == ErrorKind::DuplicateInFlight && owners.any(|owner| of(&owner.nonce) == Some(group)) {
            self.wrong(group, "an invocation takes itself for another".into());
        }
        if matches!(kind, ErrorKind::FromFuture | ErrorKind::RecordGone | ErrorKind::RecordUnreadable | ErrorKind::PlanChanged) {
            self.wrong(group, format!("{kind:?}, which no fault explains"));
        }
    }

    /// A write of a record that the store applies.
    pub(super) fn check_write(&mut self, writer: Group, run: &str, before: Option<&StoredRecord>, after: &Record, world: &World) {
        let mine = |record: &Record| record.owner.as_ref().is_some_and(|owner| of(&owner.nonce) == Some(writer));
        let mut wrong: Vec<String> = Vec::new();
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(what.into());
            }
        };
        match before {
            None => {
                must(after.position == 0 && after.batches == 0, "a record begins in the middle");
                must(after.seq <= 1 && after.epoch <= 1, "a record begins with a past");
            }
            Some(stored) => {
                let before = &stored.record;
                let lease = world.options.lease + Duration::from_secs(1);
                let free = before.owner.is_none() || stored.age(self.now) >= lease;
                must(!before.is_over(), "a run that is over is written again");
                must(after.position >= before.position, "the position goes back");
                must(after.position == before.position || mine(before), "somebody else's position is committed");
                must(after.seq == before.seq || (after.seq == before.seq + 1 && mine(before)), "a seq is skipped, or taken");
                must(after.seq == before.seq || after.owner.is_none(), "a hand-over keeps its owner");
                let gives_up = after.is_over() || after.last_error.is_some();
                must(after.owner.is_some() || gives_up || after.seq == before.seq + 1, "a hand-over has no number");
                if after.epoch == before.epoch {
                    must(after.owner.is_none() || after.owner == before.owner, "the owner changes within an epoch");
                    must(
                        mine(before) || (free && after.status == Status::Failed),
                        "the record is written by who does not own it",
                    );
                } else {
                    must(after.epoch == before.epoch + 1 && mine(after), "an epoch is skipped, or somebody else's");
                    must(free, "a live lease is taken over");
                    must(after.position == before.position, "an acquisition moves the position");
                    let loser = before.owner.as_ref().and_then(|owner| of(&owner.nonce)).filter(|loser| *loser != writer);
                    let asleep = |loser| world.executor().alive(loser) == 0 || self.checks.excused.contains(&loser);
                    must(loser.is_none_or(asleep), "an invocation that works loses its lease without a fault");
                    must(after.invocations == before.invocations + 1, "an acquisition is not counted");
                }
                let (from, batch) = (before.position, world.options.batch());
                let worked = self.checks.worked.get(&writer);
                let all = (from..after.position)
                    .step_by(batch as usize)
                    .all(|position| worked.is_some_and(|worked| worked.contains(&position)));
                must(all, "a batch is committed that its writer did not process");
            }
        }
        if before.is_none_or(|stored| stored.record.epoch < after.epoch) {
            self.checks.excused.remove(&writer);
        }
        self.checks.written.insert(writer, (self.now, after.position));
        // The one that is written was taken out.
        must((self.records.len() as u64) < self.uploads, "there are more runs than uploads");
        for what in check_place(after, &world.options, &world.oracle) {
            wrong.push(what);
        }
        for what in wrong {
            self.wrong(writer, format!("{what} (run {run}, position {})", after.position));
        }
    }
}

/// The invocation that a nonce is of.
fn of(nonce: &str) -> Option<Group> {
    nonce.strip_prefix('i')?.split('-').next()?.parse().ok().map(Group)
}

/// What a record says of its place must be true of the object.
fn check_place(record: &Record, options: &Options, oracle: &Oracle) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(mark) = oracle.mark(record.position) else { return vec!["the position is behind the end".into()] };
    let size = oracle.body.len() as u64;
    let at_end = record.position == options.rows && record.offset == size;
    if (record.offset, record.line) != (mark.offset, mark.lines) && !at_end {
        wrong.push(format!("offset {} and line {}, which are {mark:?}", record.offset, record.line));
    }
    if record.position > options.end() || record.batches != record.position.div_ceil(options.batch()) {
        wrong.push(format!("{} batches", record.batches));
    }
    if record.status == Status::Done && record.position != options.end() {
        wrong.push("done before the end".into());
    }
    // A manual start pins what is there when it is first handled.
    let by_hand = options.via == Via::Hand && record.object.etag == "second";
    if record.size != size || !(by_hand || record.object.etag == "first") {
        wrong.push("another object".into());
    }
    let truth = Totals { rows: record.position, sum: mark.sum };
    let carried = record.state.as_ref().map(|state| serde_json::from_str::<Totals>(state.json()));
    let exact = match (options.kind, carried) {
        (Kind::Plain, carried) => carried.is_none(),
        (_, None) => truth == Totals::default(),
        (_, Some(carried)) => carried.is_ok_and(|carried| carried == truth),
    };
    if !exact {
        wrong.push(format!("the carried state is not {truth:?}"));
    }
    wrong
}
