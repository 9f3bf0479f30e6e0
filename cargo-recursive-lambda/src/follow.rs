//! One run: the upload, the event, and what is seen of them until the end.
//!
//! It decides nothing about the run: it reports a failing job and does not help it.

use crate::Run;
use crate::checkpoint::{BUCKET, StoredRun};
use crate::deaths::Deaths;
use crate::kills::Kills;
use crate::progress::Progress;
use crate::run::{INIT, LEASE, chain, is_recorded};
use crate::summary::{SHOWN, Summary};
use recursive_lambda_local::{Channel, Entry, Outcome, Platform, S3, Stream, What};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast::error::RecvError;

pub(crate) const UPLOADS: &str = "uploads";

/// Uploads the file, sends the event, and follows the run to its end: whether it succeeded.
pub(crate) async fn follow(wanted: &Run, platform: &Platform, key: &str) -> Result<bool, String> {
    let s3 = platform.s3();
    for bucket in [UPLOADS, BUCKET] {
        s3.create_bucket(bucket).map_err(|error| chain(&error))?;
    }
    let object = s3.put_file(UPLOADS, key, &wanted.file).await.map_err(|error| chain(&error))?;
    let mut events = platform.subscribe();
    let mut kills = Kills::new(wanted.kill, wanted.timeout);
    kills.arm(platform);
    let begun = Instant::now();
    let mut seen =
        Seen { progress: Progress::new(object.size), deaths: Deaths::new(key, wanted.timeout), verbose: wanted.verbose };
    let since = start(platform, &seen.progress, key, &object.etag).await?;
    let newest = Newest { s3, key, etag: &object.etag, since };

    let idle = platform.idle();
    tokio::pin!(idle);
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(entry) => {
                    let killed = kills.seen(platform, &entry);
                    if let Some(mistake) = never_ran(&entry, platform.function_name()).filter(|_| newest.run().is_none()) {
                        seen.progress.end();
                        eprintln!("\nerror: {mistake}");
                        return Ok(false);
                    }
                    // Lambda would try the event again, and be told the same.
                    if matches!(entry.what, What::Retried { .. }) && newest.run().is_some_and(|run| run.has_failed()) {
                        break;
                    }
                    if !killed {
                        seen.tell(&entry, &newest);
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            },
            _ = tick.tick() => {
                if let Some(run) = newest.run() {
                    seen.progress.show(&run.checkpoint);
                    if run.has_failed() {
                        break;
                    }
                }
            }
            () = &mut idle => break,
        }
    }
    // What was said last may not have been shown yet.
    while let Ok(entry) = events.try_recv() {
        if matches!(entry.what, What::LogLine { .. }) {
            seen.tell(&entry, &newest);
        }
    }
    seen.progress.end();
    let (run, dead) = (newest.run(), platform.dead_letters());
    let skipped = run.as_ref().map(|run| run.skipped(s3, SHOWN)).unwrap_or_default();
    let summary = Summary {
        file: key,
        checkpoint: run.as_ref().map(|run| &run.checkpoint),
        recorded: is_recorded(&wanted.env),
        counters: platform.counters(),
        read: s3.counts_of(UPLOADS, key),
        size: object.size,
        took: begun.elapsed(),
        dead: &dead,
        skipped: &skipped,
        kept: wanted.state.is_some(),
        death: seen.deaths.last.as_deref(),
    };
    eprintln!("{}", summary.text());
    if kills.left > 0 {
        eprintln!("  {} of the kills came too late: the run's invocations are shorter than that", kills.left);
    }
    Ok(summary.succeeded())
}

/// Sends the event of the upload, or the signal by which a run that was stopped goes on. Gives since when checkpoints are written.
async fn start(platform: &Platform, progress: &Progress, key: &str, etag: &str) -> Result<SystemTime, String> {
    let stopped = StoredRun::find(platform.s3(), key, etag, UNIX_EPOCH).and_then(|run| Some((run.event_to_go_on()?, run)));
    let Some((event, run)) = stopped else {
        let now = SystemTime::now();
        platform.notify(&Channel::S3, UPLOADS, key).map_err(|error| chain(&error))?;
        return Ok(now);
    };
    let how = if run.has_failed() { "failed" } else { "was stopped" };
    progress.tell(&format!("-- resuming the run that {how}, at record {}", run.checkpoint.position));
    // A signal that is sent earlier is refused, and retried even later.
    if let Some(left) = run.lease_left(LEASE, SystemTime::now()) {
        progress.tell(&format!("-- in {left:.1?}, when the lease of the invocation that was stopped is over"));
        tokio::time::sleep(left).await;
    }
    platform.send(event);
    Ok(UNIX_EPOCH)
}

/// Where the run's record is found.
struct Newest<'a> {
    s3: &'a S3,
    key: &'a str,
    etag: &'a str,
    since: SystemTime,
}

impl Newest<'_> {
    fn run(&self) -> Option<StoredRun> {
        StoredRun::find(self.s3, self.key, self.etag, self.since)
    }
}

/// What is told of the platform's events.
struct Seen {
    progress: Progress,
    deaths: Deaths,
    verbose: bool,
}

impl Seen {
    fn tell(&mut self, entry: &Entry, newest: &Newest<'_>) {
        let progress = &self.progress;
        match &entry.what {
            What::LogLine { container, stream: Stream::Stderr, line } if self.deaths.hears(container, line) => {}
            What::LogLine { stream: Stream::Stdout, line, .. } => progress.print(line),
            What::LogLine { stream: Stream::Stderr, line, .. } => progress.tell(line),
            What::Killed { container, .. } => progress.tell(&format!("-- {container} was killed in the middle of its work")),
            What::InvocationEnded { container, outcome, .. } => {
                if let Some(death) = self.deaths.of(container, outcome, newest.run().as_ref().map(|run| &run.checkpoint)) {
                    progress.tell(&format!("-- {death}"));
                }
            }
            What::Retried { attempt, delay, .. } => {
                progress.tell(&format!("-- its event will be retried in {delay:?}, attempt {attempt}"));
            }
            What::InvocationStarted { container, attempt, .. } if self.verbose => {
                progress.tell(&format!("-- invocation in {container}, attempt {attempt}"));
            }
            _ => {}
        }
    }
}

/// Why no job is there to run: the program did not even ask for an event. It would do the same at the next attempt.
fn never_ran(entry: &Entry, program: &str) -> Option<String> {
    const CALL: &str = "recursive_lambda::run::<job>()";
    let What::InvocationEnded { outcome: Outcome::Error { error_type, message }, .. } = &entry.what else { return None };
    match error_type.as_str() {
        "Runtime.ExitError" if message.ends_with("exit status: 0") => Some(format!(
            "the program `{program}` ended without asking for an event: its `main` never awaits `{CALL}`, or `run_with`"
        )),
        "Runtime.ExitError" => {
            let status = message.split_once(": ").map_or(message.as_str(), |(_, status)| status);
            Some(format!("the program `{program}` ended before it asked for an event ({status}): its output is above"))
        }
        "Sandbox.Timedout" => Some(format!(
            "the program `{program}` did not ask for an event within {INIT:?}: its `main` never awaits `{CALL}`, or `run_with`, or what it does \
             before takes too long"
        )),
        _ => None,
    }
}
