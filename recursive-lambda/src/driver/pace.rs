//! The log line at the end of an invocation that worked on a run: how far the run is, how fast it went, and how long it will take.
//!
//! It reads no clock, and never logs a key, a record or the state.

use crate::ports::Work;
use recursive_lambda_core::checkpoint::{Checkpoint, Stage, Status};
use std::time::Duration;

/// What one invocation did, as its saves tell.
pub(super) struct Pace {
    begun: Duration,
    first: Point,
    last: Point,
}

/// How far a run is.
#[derive(Clone, Copy)]
pub(super) struct Point {
    status: Status,
    position: u64,
    offset: u64,
    size: u64,
    batches: u64,
    skipped: u64,
    /// Which try of the batch at the position this is.
    attempt: u32,
    /// Not if it is a shard that scans, or a run that has shards.
    processes_records: bool,
    is_shard: bool,
}

impl Point {
    pub(super) fn of(checkpoint: &Checkpoint) -> Self {
        let Checkpoint { status, position, batches, skipped, .. } = *checkpoint;
        let start = checkpoint.shard.map_or(0, |shard| shard.start);
        let (offset, size) = (checkpoint.offset.saturating_sub(start), checkpoint.end().saturating_sub(start));
        let scans = checkpoint.shard.is_some_and(|shard| shard.stage == Stage::Scan);
        let processes_records = !scans && checkpoint.shards.is_none();
        let (attempt, is_shard) = (checkpoint.attempt(), checkpoint.shard.is_some());
        Self { status, position, offset, size, batches, skipped, attempt, processes_records, is_shard }
    }

    /// Whether a run is over, and not only a part of it.
    fn ends_a_run(&self) -> bool {
        let is_over = matches!(self.status, Status::Done | Status::Failed | Status::Superseded | Status::Cancelled);
        is_over && !self.is_shard
    }

    /// Whether the run ended as failed.
    pub(super) fn has_failed(&self) -> bool {
        self.status == Status::Failed
    }
}

/// What the function's settings must leave room for.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) slowest_batch: Duration,
    /// As the job asks for it.
    pub(super) reserve: Duration,
    /// Whether the object is kept in /tmp.
    pub(super) in_tmp: bool,
}

/// The figures of the line.
#[derive(Debug, PartialEq)]
struct Figures {
    percent: f64,
    records: u64,
    bytes: u64,
    records_per_second: f64,
    /// `None` if no bytes were counted, or nothing is left.
    left: Option<Duration>,
}

impl Pace {
    /// The run was acquired at `now`, by the clock's time.
    pub(super) fn begins(first: Point, now: Duration) -> Self {
        Self { begun: now, first, last: first }
    }

    pub(super) fn saved(&mut self, point: Point) {
        self.last = point;
    }

    fn figures(&self, now: Duration) -> Figures {
        let seconds = now.saturating_sub(self.begun).as_secs_f64().max(0.001);
        let Point { position, offset, size, .. } = self.last;
        let (records, bytes) = (position.saturating_sub(self.first.position), offset.saturating_sub(self.first.offset));
        let left = size.saturating_sub(offset);
        let tenths = |number: f64| (number * 10.0).round() / 10.0;
        Figures {
            percent: if size == 0 { 100.0 } else { (offset as f64 / size as f64 * 1_000.0).floor() / 10.0 },
            records,
            bytes,
            records_per_second: tenths(records as f64 / seconds),
            left: (bytes > 0 && left > 0).then(|| Duration::from_secs_f64((left as f64 / bytes as f64 * seconds).min(1e9))),
        }
    }

    /// Logs the line. Returns what was done, for metrics.
    pub(super) fn tell(&self, now: Duration, limits: Limits) -> Work {
        let Figures { percent, records, bytes, records_per_second, left } = self.figures(now);
        let Point { status, position, batches, skipped, size, .. } = self.last;
        let (batches, skipped) = (batches.saturating_sub(self.first.batches), skipped.saturating_sub(self.first.skipped));
        let attempt = self.first.attempt;
        let (slowest_batch_ms, reserve_ms) = (limits.slowest_batch.as_millis() as u64, limits.reserve.as_millis() as u64);
        let in_tmp = limits.in_tmp.then_some(size);
        tracing::info!(
            ?status,
            position,
            percent,
            records,
            bytes,
            batches,
            skipped,
            attempt,
            records_per_second,
            seconds_left = left.map(|left| left.as_secs()),
            slowest_batch_ms,
            reserve_ms,
            in_tmp,
            "worked"
        );
        let ended = self.last.ends_a_run().then_some(status);
        let is_retry = attempt > 1;
        if !self.last.processes_records {
            // The shards count their own work.
            return Work { ended, records: 0, bytes: 0, batches: 0, skipped: 0, is_retry, left: None };
        }
        Work { ended, records, bytes, batches, skipped, is_retry, left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_this_invocation() {
        let seconds = Duration::from_secs;
        let at = |position, offset| Checkpoint { position, offset, ..Checkpoint::for_tests() };
        let figures = |percent, records, bytes, records_per_second, left: Option<u64>| Figures {
            percent,
            records,
            bytes,
            records_per_second,
            left: left.map(seconds),
        };
        // Of 1,000 bytes.
        for (first, last, took, expected) in [
            (at(0, 0), at(50, 500), 10, figures(50.0, 50, 500, 5.0, Some(10))),
            (at(50, 500), at(60, 600), 10, figures(60.0, 10, 100, 1.0, Some(40))),
            (at(50, 500), at(90, 1_000), 10, figures(100.0, 40, 500, 4.0, None)),
            (at(50, 500), at(50, 500), 10, figures(50.0, 0, 0, 0.0, None)),
            (at(0, 0), at(1, 1), 0, figures(0.1, 1, 1, 1_000.0, Some(0))),
        ] {
            let mut pace = Pace::begins(Point::of(&first), seconds(100));
            pace.saved(Point::of(&last));
            let found = pace.figures(seconds(100 + took));
            let left = found.left.map(|left| seconds(left.as_secs()));
            assert_eq!(Figures { left, ..found }, expected, "{} after {took} s", last.position);
        }
    }
}
