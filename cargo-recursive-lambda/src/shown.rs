//! A run as commands show it: as JSON with stable fields, and as text.
//!
//! Keys, errors and notes are foreign text. They are escaped before a terminal sees them.

use crate::remote::{Found, age};
use humantime::format_rfc3339_seconds;
use indicatif::{HumanBytes, HumanCount, HumanDuration};
use recursive_lambda_core::checkpoint::{Checkpoint, Stage, Status};
use recursive_lambda_core::excerpt;
use recursive_lambda_core::object::PinnedObject;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// The fields of `--json`. Times are RFC 3339, in UTC.
#[derive(Debug, Serialize)]
pub(crate) struct Shown<'a> {
    pub(crate) run: &'a str,
    pub(crate) function: &'a str,
    pub(crate) job: &'a str,
    pub(crate) status: Status,
    pub(crate) object: &'a PinnedObject,
    /// Records done.
    pub(crate) position: u64,
    /// Bytes done.
    pub(crate) offset: u64,
    pub(crate) percent: f64,
    /// The mean since the start; `null` before the first record and after the end.
    pub(crate) records_per_second: Option<f64>,
    pub(crate) eta: Option<String>,
    pub(crate) batches: u64,
    pub(crate) invocations: u64,
    pub(crate) attempts: u32,
    pub(crate) skipped: u64,
    pub(crate) started: String,
    pub(crate) updated: String,
    /// No invocation has worked on it for longer than a lost signal or a death explains.
    pub(crate) stuck: bool,
    pub(crate) owner: Option<&'a str>,
    pub(crate) last_error: Option<&'a recursive_lambda_core::checkpoint::LastError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) waiting: Option<&'a recursive_lambda_core::checkpoint::Waiting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<&'a recursive_lambda_core::checkpoint::Commanded>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shards: Option<ShownShards>,
    #[serde(skip)]
    checkpoint: &'a Checkpoint,
    #[serde(skip)]
    left: Option<Duration>,
    #[serde(skip)]
    age: Duration,
}

/// The shards of a run, by their statuses.
#[derive(Debug, Serialize)]
pub(crate) struct ShownShards {
    stage: Stage,
    count: u32,
    #[serde(flatten)]
    by_status: BTreeMap<String, u32>,
}

/// A signal or a retry of Lambda arrives sooner. The next sweep comes within a quarter of an hour.
const SILENT: Duration = Duration::from_secs(20 * 60);

/// How fast a run is: measured between two looks, or the mean since its start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    pub(crate) records: f64,
    pub(crate) bytes: f64,
}

impl Rate {
    /// The mean since the start.
    pub(crate) fn mean(checkpoint: &Checkpoint) -> Option<Self> {
        Self::between((checkpoint.started, 0, 0), (checkpoint.updated, checkpoint.position, checkpoint.offset))
    }

    /// Between two times, each with the records and bytes done.
    pub(crate) fn between(one: (SystemTime, u64, u64), other: (SystemTime, u64, u64)) -> Option<Self> {
        let seconds = other.0.duration_since(one.0).ok()?.as_secs_f64();
        let per_second = |one: u64, other: u64| other.saturating_sub(one) as f64 / seconds;
        (seconds >= 0.5 && other.1 > one.1)
            .then(|| Self { records: per_second(one.1, other.1), bytes: per_second(one.2, other.2) })
    }

    /// The time for these bytes; `None` if no bytes were counted.
    fn time_for(self, bytes: u64) -> Option<Duration> {
        (self.bytes > 0.0).then(|| Duration::from_secs_f64((bytes as f64 / self.bytes).clamp(0.0, 1e9)))
    }
}

impl<'a> Shown<'a> {
    pub(crate) fn new(found: &'a Found, checkpoint: &'a Checkpoint, measured: Option<Rate>) -> Self {
        let age = age(found.file.written);
        let moves = !checkpoint.is_at_rest();
        let rate = measured.or_else(|| Rate::mean(checkpoint)).filter(|_| moves);
        let left = rate.and_then(|rate| rate.time_for(checkpoint.size.saturating_sub(checkpoint.offset)));
        let percent = match checkpoint.size {
            0 => 100.0,
            size => (checkpoint.offset as f64 / size as f64 * 1_000.0).floor() / 10.0,
        };
        Self {
            run: &found.file.run,
            function: &found.file.function,
            job: &found.file.job,
            status: checkpoint.status,
            object: &checkpoint.object,
            position: checkpoint.position,
            offset: checkpoint.offset,
            percent: if checkpoint.status == Status::Done { 100.0 } else { percent },
            records_per_second: rate.map(|rate| (rate.records * 10.0).round() / 10.0),
            eta: left.map(|left| format_rfc3339_seconds(SystemTime::now() + left).to_string()),
            batches: checkpoint.batches,
            invocations: checkpoint.invocations,
            attempts: checkpoint.attempts,
            skipped: checkpoint.skipped,
            started: format_rfc3339_seconds(checkpoint.started).to_string(),
            updated: format_rfc3339_seconds(checkpoint.updated).to_string(),
            stuck: moves && checkpoint.waiting.is_none() && age > SILENT,
            owner: checkpoint.owner.as_ref().map(|owner| owner.request_id.as_str()),
            last_error: checkpoint.last_error.as_ref(),
            waiting: checkpoint.waiting.as_ref(),
            command: checkpoint.commanded.as_ref(),
            shards: None,
            checkpoint,
            left,
            age,
        }
    }

    /// The same with its shards, which may have changed later than the run.
    pub(crate) fn with_shards(mut self, shards: &[Found]) -> Self {
        let Some(all) = self.checkpoint.shards else { return self };
        let mut shown = ShownShards { stage: all.stage, count: all.count, by_status: BTreeMap::new() };
        for shard in shards {
            self.age = self.age.min(age(shard.file.written));
            let status =
                shard.checkpoint.as_ref().map_or("unreadable".into(), |shard| format!("{:?}", shard.status).to_lowercase());
            *shown.by_status.entry(status).or_default() += 1;
        }
        self.stuck &= self.age > SILENT;
        self.shards = Some(shown);
        self
    }

    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// One line of a list.
    pub(crate) fn line(&self) -> String {
        let stuck = if self.stuck { "!" } else { "" };
        format!(
            "{:32}  {:10}  {:>5}%  {:>13}  {:>8}  {}",
            self.run,
            format!("{:?}{stuck}", self.status),
            self.percent,
            HumanCount(self.position).to_string(),
            short_time(self.age),
            self.name(),
        )
    }

    pub(crate) const HEADING: &'static str =
        "RUN                               STATUS      DONE          RECORDS   CHANGED  OBJECT";

    fn name(&self) -> String {
        excerpt::short(&format!("s3://{}/{}", self.object.bucket, self.object.key), 1_100)
    }

    /// All that a person needs to know, with what to do next.
    pub(crate) fn page(&self, width: usize) -> String {
        let mut page =
            vec![self.name(), String::new(), format!("  {} {}%  {:?}", bar(self.percent, width), self.percent, self.status)];
        let mut row = |name: &str, text: String| page.push(format!("  {name:12}{text}"));
        let (offset, size) = (HumanBytes(self.offset), HumanBytes(self.object.size));
        row("done", format!("{} records, {offset} of {size}", HumanCount(self.position)));
        if let Some(rate) = self.records_per_second {
            let left = self.left.map(|left| format!(", {} left", HumanDuration(left))).unwrap_or_default();
            row(
                "rate",
                format!("{} records/s{left}", if rate < 10.0 { rate.to_string() } else { HumanCount(rate as u64).to_string() }),
            );
        }
        row("invocations", format!("{}, {} batches", HumanCount(self.invocations), HumanCount(self.batches)));
        if let Some(ShownShards { stage, count, by_status }) = &self.shards {
            let statuses: Vec<_> = by_status.iter().map(|(status, count)| format!("{count} {status}")).collect();
            let what = if *stage == Stage::Scan { "find out where rows begin" } else { "process the records" };
            row("shards", format!("{count}, which {what}: {}", statuses.join(", ")));
        }
        if self.checkpoint.attempt() > 1 {
            row("attempts", format!("{} of the batch at the position", HumanCount(self.checkpoint.attempt().into())));
        }
        if self.skipped > 0 {
            row("skipped", format!("{} records", HumanCount(self.skipped)));
        }
        row("started", format!("{} by job `{}` of `{}`", self.started, self.job, self.function));
        row("changed", format!("{}, {} ago", self.updated, short_time(self.age)));
        row("run", self.run.into());
        if let Some(error) = self.last_error {
            row("last error", excerpt::message(&error.message));
            if let Some(place) = error.place() {
                row("", place.to_string());
            }
        }
        if let Some(command) = self.command {
            let by = command.command.by.as_ref().map(|by| format!(" by {}", by.escape_debug())).unwrap_or_default();
            let reason = command.command.reason.as_ref().map(|reason| format!(": {}", reason.escape_debug())).unwrap_or_default();
            row("command", format!("{} at {}{by}{reason}", command.command.command.name(), format_rfc3339_seconds(command.at)));
        }
        page.push(String::new());
        page.push(format!("  {}", self.next()));
        page.join("\n")
    }

    /// What happens next, or what to do.
    pub(crate) fn next(&self) -> String {
        let run = self.run;
        match (self.status, &self.checkpoint.waiting) {
            (Status::Done, _) if self.skipped > 0 => format!("The run is done. The skipped records: skipped {run}"),
            (Status::Done, _) => "The run is done.".into(),
            (Status::Failed, _) => format!("The run stopped. Fix the cause, then it goes on at its position: resume {run}"),
            (Status::Paused, _) => format!("To go on: resume {run}"),
            (Status::Cancelled, _) => "The run is cancelled. To process the object again, start it under another name.".into(),
            (Status::Superseded, _) => "The object was replaced before the run began. The new upload has its own run.".into(),
            (_, Some(waiting)) => format!(
                "It waits after {} errors and is tried again about {}. To try now: resume {run}",
                waiting.errors,
                format_rfc3339_seconds(waiting.next)
            ),
            _ if self.stuck => format!(
                "No invocation has worked on it for {}. Look at the function's log and failed events, then: resume {run}",
                short_time(self.age)
            ),
            (Status::Ready, _) if self.shards.is_some() && self.owner.is_none() => {
                format!("It waits for its shards. The one that is over last signals it. One of them: status {run}.0")
            }
            (Status::Ready, _) | (Status::Completing, _) if self.owner.is_none() => {
                "The next invocation is due: its signal is on its way, or the next sweep sends another.".into()
            }
            _ => match self.owner {
                Some(owner) => format!("An invocation works on it (request {}).", owner.escape_debug()),
                None => "The next invocation is due.".into(),
            },
        }
    }
}

fn bar(percent: f64, width: usize) -> String {
    let width = width.clamp(10, 60);
    let full = ((percent / 100.0 * width as f64) as usize).min(width);
    format!("[{}{}]", "#".repeat(full), "-".repeat(width - full))
}

/// The two largest units.
pub(crate) fn short_time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]
mod tests;
