//! Uploads the file, sends the event, and reports the run until it ends.
//!
//! Only observes the run: it reports a failing job and does not help it. With `--chaos` it sends an event again that Lambda gave up, as
//! sweeps do for a deployed function.

use crate::Run;
use crate::chaos;
use crate::checkpoint::{BUCKET, StoredRun};
use crate::deaths::Deaths;
use crate::kills::Kills;
use crate::progress::Progress;
use crate::report::file::Report;
use crate::run::{INIT, LEASE, chain, has_checkpoints};
use crate::summary::{SHOWN, Summary};
use recursive_lambda_local::{Channel, Entry, Outcome, Platform, S3, Stream, What};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast::error::RecvError;

/// How many events that were given up are sent again. More of them are no bad day, but a broken job.
const MOST_REDRIVEN: u32 = 5;

pub(crate) const UPLOADS: &str = "uploads";

/// How the run ended.
pub(crate) enum Followed {
    Done,
    /// Why, for a person.
    Failed(String),
}

/// Uploads the file, sends the event and follows the run to its end.
pub(crate) async fn follow(
    options: &Run,
    platform: &Platform,
    key: &str,
    report: &mut Option<Report>,
) -> Result<Followed, String> {
    let s3 = platform.s3();
    for bucket in [UPLOADS, BUCKET] {
        s3.create_bucket(bucket).map_err(|error| chain(&error))?;
    }
    let object = s3.put_file(UPLOADS, key, &options.file).await.map_err(|error| chain(&error))?;
    let mut events = platform.subscribe();
    let kills = options.kill.unwrap_or(if options.chaos.is_some() { chaos::KILLS } else { 0 });
    let mut kills = Kills::new(kills, options.timeout);
    kills.arm(platform);
    let started = Instant::now();
    let mut reporter =
        Reporter { progress: Progress::new(object.size), deaths: Deaths::new(key, options.timeout), verbose: options.verbose };
    if let Some(seed) = options.chaos {
        reporter.progress.message(&chaos::told(seed));
        chaos::unleash(platform, seed);
    }
    let since = start(platform, &reporter.progress, key, &object.etag).await?;
    let lookup = RunLookup { s3, key, etag: &object.etag, since };

    let idle = platform.idle();
    tokio::pin!(idle);
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    let mut redriven = 0;
    loop {
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(entry) => {
                    let killed = kills.observe(platform, &entry);
                    if let Some(mistake) = never_ran(&entry, platform.function_name()).filter(|_| lookup.run().is_none()) {
                        reporter.progress.end();
                        eprintln!("\nerror: {mistake}");
                        return Ok(Followed::Failed(mistake));
                    }
                    // Lambda would retry the event with the same result.
                    if matches!(entry.what, What::Retried { .. }) && lookup.run().is_some_and(|run| run.has_failed()) {
                        break;
                    }
                    if !killed {
                        reporter.report(&entry, &lookup);
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            },
            _ = tick.tick() => {
                if let Some(report) = report {
                    report.follow(platform);
                }
                if let Some(run) = lookup.run() {
                    reporter.progress.show(&run.with_shards(s3));
                    if run.has_failed() {
                        break;
                    }
                }
            }
            () = &mut idle => match given_up(options, platform, &lookup).filter(|_| redriven < MOST_REDRIVEN) {
                None => break,
                Some(event) => {
                    redriven += 1;
                    reporter.progress.message("-- Lambda gave an event up; it is sent again, as the next sweep or a person would");
                    platform.send(event);
                    idle.set(platform.idle());
                }
            },
        }
    }
    // The last log lines may not have been shown yet.
    while let Ok(entry) = events.try_recv() {
        if matches!(entry.what, What::LogLine { .. }) {
            reporter.report(&entry, &lookup);
        }
    }
    reporter.progress.end();
    let (run, dead) = (lookup.run(), platform.dead_letters());
    let skipped = run.as_ref().map(|run| run.skipped(s3, SHOWN)).unwrap_or_default();
    let summary = Summary {
        file: key,
        checkpoint: run.as_ref().map(|run| &run.checkpoint),
        has_checkpoints: has_checkpoints(&options.env),
        counters: platform.counters(),
        read: s3.counts_of(UPLOADS, key),
        size: object.size,
        took: started.elapsed(),
        dead: &dead,
        skipped: &skipped,
        kept: options.state.is_some(),
        death: reporter.deaths.last.as_deref(),
    };
    eprintln!("{}", summary.text());
    if kills.left > 0 {
        eprintln!("  {} of the kills came too late: the invocations ended first", kills.left);
    }
    Ok(if summary.succeeded() { Followed::Done } else { Followed::Failed(summary.failure()) })
}

/// The event that a run waits for in vain on a bad day: three deliveries of it were killed, or ended too early.
fn given_up(options: &Run, platform: &Platform, lookup: &RunLookup<'_>) -> Option<Vec<u8>> {
    let is_waiting = options.chaos.is_some() && lookup.run().is_some_and(|run| !run.checkpoint.is_over());
    platform.dead_letters().pop().filter(|_| is_waiting).map(|dead| dead.payload.to_vec())
}

/// Sends the upload's event, or the event that resumes an earlier run. Returns the time after which the run's checkpoints are written.
async fn start(platform: &Platform, progress: &Progress, key: &str, etag: &str) -> Result<SystemTime, String> {
    let earlier = StoredRun::find(platform.s3(), key, etag, UNIX_EPOCH).map(|run| (run.resuming_events(platform.s3()), run));
    let Some((events, run)) = earlier.filter(|(events, _)| !events.is_empty()) else {
        let now = SystemTime::now();
        platform.notify(&Channel::S3, UPLOADS, key).map_err(|error| chain(&error))?;
        return Ok(now);
    };
    let status = if run.has_failed() { "failed" } else { "stopped" };
    progress.message(&format!("-- resuming the {status} run at record {}", run.with_shards(platform.s3()).position));
    // A signal sent before the lease expires is refused, and its retry comes even later.
    if let Some(left) = run.lease_left(LEASE, SystemTime::now()) {
        progress.message(&format!("-- waiting {left:.1?} until the lease of the stopped invocation expires"));
        tokio::time::sleep(left).await;
    }
    for event in events {
        platform.send(event);
    }
    Ok(UNIX_EPOCH)
}

/// Finds the run's newest checkpoint.
struct RunLookup<'a> {
    s3: &'a S3,
    key: &'a str,
    etag: &'a str,
    since: SystemTime,
}

impl RunLookup<'_> {
    fn run(&self) -> Option<StoredRun> {
        StoredRun::find(self.s3, self.key, self.etag, self.since)
    }
}

/// Prints the platform's events.
struct Reporter {
    progress: Progress,
    deaths: Deaths,
    verbose: bool,
}

impl Reporter {
    fn report(&mut self, entry: &Entry, lookup: &RunLookup<'_>) {
        let progress = &self.progress;
        match &entry.what {
            What::LogLine { container, stream: Stream::Stderr, line } if self.deaths.takes_line(container, line) => {}
            // Metrics are for CloudWatch.
            What::LogLine { stream: Stream::Stdout, line, .. } if line.starts_with("{\"_aws\":") && !self.verbose => {}
            What::LogLine { stream: Stream::Stdout, line, .. } => progress.print(line),
            What::LogLine { stream: Stream::Stderr, line, .. } => progress.message(line),
            What::Killed { container, .. } => progress.message(&format!("-- {container} was killed during an invocation")),
            What::InvocationEnded { container, outcome, .. } => {
                if let Some(death) = self.deaths.of(container, outcome, lookup.run().as_ref().map(|run| &run.checkpoint)) {
                    progress.message(&format!("-- {death}"));
                }
            }
            What::Retried { attempt, delay, .. } => {
                progress.message(&format!("-- the event will be retried in {delay:?}, attempt {attempt}"));
            }
            What::InvocationStarted { container, attempt, .. } if self.verbose => {
                progress.message(&format!("-- invocation started in {container}, attempt {attempt}"));
            }
            _ => {}
        }
    }
}

/// The reason why the program never asked for an event. A retry would end the same way.
fn never_ran(entry: &Entry, program: &str) -> Option<String> {
    const CALL: &str = "recursive_lambda::run::<job>()";
    let What::InvocationEnded { outcome: Outcome::Error { error_type, message }, .. } = &entry.what else { return None };
    match error_type.as_str() {
        "Runtime.ExitError" if message.ends_with("exit status: 0") => Some(format!(
            "the program `{program}` exited without asking for an event: its `main` must await `{CALL}` or `run_with`"
        )),
        "Runtime.ExitError" => {
            let status = message.split_once(": ").map_or(message.as_str(), |(_, status)| status);
            Some(format!("the program `{program}` exited before it asked for an event ({status}): see its output above"))
        }
        "Sandbox.Timedout" => Some(format!(
            "the program `{program}` did not ask for an event within {INIT:?}: its `main` never awaits `{CALL}` or `run_with`, or takes too \
             long before it does"
        )),
        _ => None,
    }
}
