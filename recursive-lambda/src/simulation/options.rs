//! What a seed decides apart from faults: the deployment, the object, and how the run starts.

use super::chance::Chance;
use crate::fixtures::Compressed;
use recursive_lambda_core::checkpoint::Action;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// The jobs under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Lines, one per batch, no state.
    Plain,
    /// Lines, a sum as state, `on_complete`.
    Tally,
    /// Lines, complete before the object's end.
    Early,
    /// CSV rows with quoted newlines, a sum as state, `on_complete`.
    Table,
    /// The same with the options of CSV: another delimiter and quote, an escape, comments, and no header row.
    Dialect,
    /// Lines, several batches in flight.
    Wide,
    /// The same, complete before the object's end.
    EarlyWide,
    /// CSV rows, up to [`SKIP`] of which may be skipped, a sum as state, `on_complete`.
    Picky,
    /// CSV rows, up to [`SKIP`] of which may be skipped, several batches in flight.
    PickyWide,
    /// Lines in several shards, a sum as state, `on_complete`.
    Parts,
    /// CSV rows with quoted newlines in several shards, found by a scan, a sum as state, `on_complete`.
    PartsOfTable,
}

/// How many batches the wide jobs have in flight.
pub(super) const WIDTH: u64 = 4;

/// How many records the picky jobs may skip.
pub(super) const SKIP: u64 = 3;

impl Kind {
    pub(super) fn is_table(self) -> bool {
        matches!(self, Self::Table | Self::Dialect | Self::PartsOfTable) || self.is_picky()
    }

    pub(super) fn is_picky(self) -> bool {
        matches!(self, Self::Picky | Self::PickyWide)
    }

    pub(super) fn is_wide(self) -> bool {
        matches!(self, Self::Wide | Self::EarlyWide | Self::PickyWide)
    }

    pub(super) fn has_shards(self) -> bool {
        matches!(self, Self::Parts | Self::PartsOfTable)
    }

    pub(super) fn carries(self) -> bool {
        !(self == Self::Plain || self.is_wide())
    }

    pub(super) fn completes(self) -> bool {
        matches!(self, Self::Tally | Self::Table | Self::Dialect | Self::Picky) || self.has_shards()
    }
}

/// How the run is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    /// S3 invokes the function.
    S3,
    /// S3 writes to a queue that triggers the function.
    Sqs,
    /// EventBridge invokes the function.
    EventBridge,
    /// A person does.
    Hand,
}

/// What happens to the object during the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stays,
    OverwrittenAt(Duration),
    DeletedAt(Duration),
}

/// What a record does to the job, each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Poison {
    Error,
    Panic,
    /// Before there is a future, as a handler written by hand can; only for [`Kind::Plain`].
    PanicAtOnce,
    Terminal,
    /// Longer than an invocation may take.
    Endless,
    /// It does not decode.
    Undecodable,
}

#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) seed: u64,
    pub(super) kind: Kind,
    pub(super) rows: u64,
    /// Only for the kinds that have shards.
    pub(super) shards: u32,
    /// How the object is compressed.
    pub(super) compressed: Option<Compressed>,
    /// The object is UTF-16 after a byte order mark.
    pub(super) is_utf_16: bool,
    pub(super) via: Via,
    /// Uploads of the object in one event, each with its own run.
    pub(super) uploads: u64,
    /// Deliveries of the start event by its source.
    pub(super) starts: u64,
    pub(super) fate: Fate,
    /// Whether the bucket keeps versions: then the uploaded version stays, no matter what happens to the object.
    pub(super) versions: bool,
    /// Bad rows, in order; more than one only for jobs that skip.
    pub(super) poison: Vec<(u64, Poison)>,
    /// The function's time-out.
    pub(super) timeout: Duration,
    pub(super) lease: Duration,
    pub(super) checkpoint: Duration,
    pub(super) reserve: Duration,
    pub(super) max_attempts: u32,
    /// How long retryable errors are retried.
    pub(super) retry_for: Duration,
    pub(super) batches_per_invocation: Option<u64>,
    /// How long a batch takes, in milliseconds.
    pub(super) batch_ms: (u64, u64),
    /// How long a store or Lambda takes for each half of an answer, in milliseconds.
    pub(super) latency_ms: (u64, u64),
    /// When everything that the job needs is out of service, and for how long: the job fails with a retryable error.
    pub(super) outage: Option<(Duration, Duration)>,
    /// Whether the bucket of the object answers 403.
    pub(super) denied: bool,
    /// What a person tells the runs, and when.
    pub(super) commands: Vec<(Duration, Action)>,
    /// How long the queue keeps an event before it delivers it, in milliseconds.
    pub(super) queue_ms: (u64, u64),
    /// Whether one acknowledgement of an event stops the retries of its duplicates.
    pub(super) one_acknowledgement_for_all: bool,
    /// How many extra copies every event has, and by how much each may be late.
    pub(super) duplicates: (u64, Duration),
    /// The schedule of sweeps, if there is one: it runs if events may be lost.
    pub(super) sweeps_every: Option<Duration>,
    /// Whether sinks and logs keep what happened; without that, memory stays flat.
    pub(super) keep: super::trace::Keep,
}

/// More attempts than any run needs.
pub(super) const PATIENT: u32 = 1_000_000;

/// Every seed that is a multiple of this has a run over shards.
pub(super) const SHARDED: u64 = 5;

/// As in the example's template.
pub(super) const SWEEPS: Duration = Duration::from_secs(15 * 60);

impl Options {
    /// A run without anything special.
    pub(super) fn plain(kind: Kind, rows: u64) -> Self {
        Self {
            seed: 0,
            kind,
            rows,
            shards: 3,
            compressed: None,
            is_utf_16: false,
            via: Via::S3,
            uploads: 1,
            starts: 1,
            fate: Fate::Stays,
            versions: false,
            poison: Vec::new(),
            timeout: Duration::from_secs(60),
            lease: Duration::from_secs(45),
            checkpoint: Duration::from_secs(10),
            reserve: Duration::from_secs(10),
            max_attempts: PATIENT,
            retry_for: Duration::ZERO,
            batches_per_invocation: None,
            batch_ms: (500, 1_500),
            latency_ms: (5, 30),
            outage: None,
            denied: false,
            commands: Vec::new(),
            queue_ms: (1, 50),
            one_acknowledgement_for_all: true,
            duplicates: (0, Duration::ZERO),
            sweeps_every: None,
            keep: super::trace::Keep::Last(60),
        }
    }

    pub(super) fn swarm(seed: u64) -> Self {
        let mut chance = Chance::new(seed, 2);
        let kinds = [Kind::Plain, Kind::Tally, Kind::Early, Kind::Table, Kind::Dialect, Kind::Wide, Kind::Picky, Kind::PickyWide];
        let of_shards = [Kind::Parts, Kind::PartsOfTable];
        let kind = chance.pick(if seed.is_multiple_of(SHARDED) { &of_shards } else { &kinds[..] }, Kind::Tally);
        let rows = match chance.below(10) {
            0 => chance.below(3),
            1 => chance.between(150, 300),
            _ => chance.between(10, 120),
        };
        let lease = chance.pick(&[2, 5, 15, 45, 45, 50], 45);
        let timeout = chance.pick(&[10, 20, 60, 60, 180, 900], 60);
        // Far below the time-out: a batch dies of it only through a fault.
        let slowest = chance.pick(&[50, 400, 1_500, 3_000, 20_000], 400).min(timeout * 1_000 / 8);
        let fate = match chance.below(20) {
            0 => Fate::OverwrittenAt(chance.millis(0, 120_000)),
            1 => Fate::DeletedAt(chance.millis(0, 120_000)),
            _ => Fate::Stays,
        };
        let poisons = [Poison::Error, Poison::Panic, Poison::Terminal, Poison::Endless, Poison::Undecodable];
        let poisonous = match kind {
            _ if rows == 0 || kind.has_shards() => 0,
            Kind::Picky | Kind::PickyWide => chance.below(SKIP + 2),
            _ => u64::from(chance.one_in(12)),
        };
        let poisonous = (0..poisonous).map(|_| (chance.below(rows), chance.pick(&poisons, Poison::Error)));
        let poison: BTreeMap<_, _> = poisonous.filter(|(_, poison)| kind.is_table() || *poison != Poison::Undecodable).collect();
        let poison: Vec<_> = poison.into_iter().collect();
        let patient = poison.is_empty() && !chance.one_in(8);
        let outage = chance.one_in(10).then(|| {
            let length = chance.pick(&[180, 3_600, 20 * 3_600, 30 * 3_600], 180);
            (chance.millis(0, 60_000), Duration::from_secs(length))
        });
        let retry_for = if outage.is_some() { 24 } else { chance.pick(&[0, 0, 1, 24], 0) };
        let retry_for = Duration::from_secs(retry_for * 3_600);
        let via = chance.pick(&[Via::S3, Via::S3, Via::Sqs, Via::EventBridge, Via::Hand], Via::S3);
        let uploads = if matches!(via, Via::S3 | Via::Sqs) { chance.pick(&[1, 1, 1, 2, 3], 1) } else { 1 };
        Self {
            seed,
            kind,
            rows,
            via,
            uploads,
            starts: chance.pick(&[1, 1, 1, 2, 3], 1),
            fate,
            poison,
            timeout: Duration::from_secs(timeout),
            lease: Duration::from_secs(lease),
            checkpoint: Duration::from_secs(chance.pick(&[0, 1, 5, 10, 10, 30], 10)),
            reserve: Duration::from_secs(chance.pick(&[1, 5, 10, 20], 10)),
            max_attempts: if patient { PATIENT } else { 3 },
            batches_per_invocation: chance.one_in(6).then(|| chance.between(1, 5)),
            batch_ms: (slowest / 10, slowest),
            latency_ms: chance.pick(&[(1, 2), (5, 30), (20, 400)], (5, 30)),
            queue_ms: chance.pick(&[(1, 50), (1, 50), (1, 50), (1, 60_000), (1_000, 300_000)], (1, 50)),
            outage,
            retry_for,
            one_acknowledgement_for_all: chance.one_in(2),
            sweeps_every: Some(SWEEPS),
            shards: chance.between(2, 6) as u32,
            is_utf_16: chance.one_in(6) && !kind.has_shards(),
            compressed: (chance.one_in(4) && !kind.has_shards()).then(|| {
                let piece = chance.pick(&[16, 100, 1_000], 100);
                if chance.one_in(2) { Compressed::Zstd(piece) } else { Compressed::Gzip(piece) }
            }),
            commands: commands(&mut chance),
            ..Self::plain(kind, rows)
        }
    }

    pub(super) fn batch(&self) -> u64 {
        match self.kind {
            Kind::Plain => 1,
            Kind::Tally | Kind::Parts | Kind::PartsOfTable => 3,
            Kind::Early => 4,
            Kind::Table | Kind::Dialect => 5,
            Kind::Wide | Kind::EarlyWide => 2,
            Kind::Picky => 6,
            Kind::PickyWide => 4,
        }
    }

    /// Every batch begins at a multiple of this.
    pub(super) fn unit(&self) -> u64 {
        if self.kind.is_picky() { 1 } else { self.batch() }
    }

    /// Whether a run can be delayed for longer than it waits.
    pub(super) fn outlasts_its_patience(&self) -> bool {
        let outlasts = |(begins, length): (Duration, Duration)| {
            let is_resumed = |(at, action): &(Duration, Action)| *action == Action::Resume && *at > begins + length;
            length + Duration::from_secs(3_600) > self.retry_for && !self.commands.iter().any(is_resumed)
        };
        self.denied || self.outage.is_some_and(outlasts)
    }

    /// Whether runs wait for sweeps.
    pub(super) fn waits(&self) -> bool {
        self.outage.is_some() || !self.retry_for.is_zero()
    }

    pub(super) fn poison_in(&self, records: Range<u64>) -> Option<Poison> {
        self.poison.iter().find(|(row, _)| records.contains(row)).map(|(_, poison)| *poison)
    }

    /// Records that the run processes.
    pub(super) fn end(&self) -> u64 {
        match self.kind {
            Kind::Early | Kind::EarlyWide => super::jobs::EARLY_END.next_multiple_of(self.batch()).min(self.rows),
            _ => self.rows,
        }
    }

    pub(super) fn batches(&self) -> u64 {
        self.end().div_ceil(self.batch())
    }

    /// The most batches between two saves.
    pub(super) fn batches_per_save(&self) -> u64 {
        let fitting = self.checkpoint.as_millis() as u64 / self.batch_ms.0.max(1) + 1;
        fitting.min(self.batches_per_invocation.unwrap_or(u64::MAX)).min(self.batches()).max(1)
    }
}

/// A pause is followed by a resume.
fn commands(chance: &mut Chance) -> Vec<(Duration, Action)> {
    let mut commands = Vec::new();
    let mut at = Duration::ZERO;
    while chance.one_in(if commands.is_empty() { 6 } else { 2 }) {
        at += chance.millis(0, 60_000);
        if chance.one_in(6) {
            commands.push((at, Action::Cancel));
            continue;
        }
        commands.push((at, Action::Pause));
        at += chance.millis(0, 30_000);
        commands.push((at, Action::Resume));
    }
    commands
}
