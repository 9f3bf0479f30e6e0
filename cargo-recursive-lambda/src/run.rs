//! One run: the platform, the upload, the event, and what is seen of them.

use crate::Run;
use crate::build::{Wanted, build, key};
use crate::progress::Progress;
use crate::record::{BUCKET, PREFIX, Record};
use crate::summary::Summary;
use recursive_lambda_local::{Channel, Entry, Outcome, Platform, RecursiveLoop, Stream, What};
use std::error::Error;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast::error::RecvError;

const UPLOADS: &str = "uploads";
const STATE: &str = "RECURSIVE_LAMBDA_STATE";

/// A lease as short as it may be, because here no invocation that died is to be waited for long, ..
const LEASE: Duration = Duration::from_secs(2);
/// .. and events tried again as soon as it is over, where Lambda waits for one minute, then two.
const RETRIES: [Duration; 2] = [Duration::from_secs(4), Duration::from_secs(8)];

/// Whether the run succeeded; an error is one of the command's own.
pub(crate) async fn run(wanted: Run) -> Result<bool, String> {
    if !wanted.file.is_file() {
        return Err(format!("{} is no file", wanted.file.display()));
    }
    if let Some(state) = wanted.state.as_deref().filter(|state| state.exists() && !state.is_dir()) {
        return Err(format!("--state takes a folder, and {} is none", state.display()));
    }
    let program = Wanted { package: wanted.package.as_deref(), bin: wanted.bin.as_deref(), release: wanted.release };
    let (name, path) = build(&program)?;
    let key = key(&wanted.file)?;
    let mut builder = Platform::builder()
        .binary(path)
        .function_name(name)
        .timeout(wanted.timeout)
        .memory_mb(wanted.memory)
        .max_concurrency(wanted.concurrency)
        .retry_delays(RETRIES)
        .recursive_loop(RecursiveLoop::Allow);
    for (name, value) in environment(&wanted) {
        builder = builder.env(name, value);
    }
    if let Some(folder) = &wanted.state {
        builder = builder.state_folder(folder);
    }
    let platform = builder.start().await.map_err(|error| chain(&error))?;
    let succeeded = over(&wanted, &platform, &key).await;
    platform.shutdown().await;
    succeeded
}

/// Uploads the file, sends the event, and follows the run to its end.
async fn over(wanted: &Run, platform: &Platform, key: &str) -> Result<bool, String> {
    let s3 = platform.s3();
    for bucket in [UPLOADS, BUCKET] {
        s3.create_bucket(bucket).map_err(|error| chain(&error))?;
    }
    let object = s3.put_file(UPLOADS, key, &wanted.file).await.map_err(|error| chain(&error))?;
    let mut events = platform.subscribe();
    let mut kills = Kills::new(wanted.kill, wanted.timeout);
    kills.arm(platform);
    let mut progress = Progress::new(object.size);
    let begun = Instant::now();
    let stopped = Record::find(s3, key, &object.etag, UNIX_EPOCH).and_then(|record| Some((record.signal()?, record)));
    let since = match stopped {
        Some((signal, record)) => {
            progress.tell(&format!("-- going on with the run that was stopped, at record {}", record.position));
            // A signal that is sent before is refused, and comes again later than that.
            if let Some(left) = record.lease_left(LEASE, SystemTime::now()) {
                progress.tell(&format!("-- in {left:.1?}, when the lease of the invocation that was stopped is over"));
                tokio::time::sleep(left).await;
            }
            platform.send(signal);
            UNIX_EPOCH
        }
        None => {
            let now = SystemTime::now();
            platform.notify(&Channel::S3, UPLOADS, key).map_err(|error| chain(&error))?;
            now
        }
    };

    let idle = platform.idle();
    tokio::pin!(idle);
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(entry) => {
                    kills.seen(platform, &entry);
                    tell(&progress, &entry, wanted.verbose);
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            },
            _ = tick.tick() => {
                if let Some(record) = Record::find(s3, key, &object.etag, since) {
                    progress.show(&record);
                    // Lambda would try the event again, and be told the same.
                    if record.has_failed() {
                        break;
                    }
                }
            }
            () = &mut idle => break,
        }
    }
    progress.end();
    let (record, dead) = (Record::find(s3, key, &object.etag, since), platform.dead_letters());
    let aside = record.as_ref().map(|record| record.files_aside(s3)).unwrap_or_default();
    let summary = Summary {
        file: key,
        record: record.as_ref(),
        recorded: is_recorded(&wanted.env),
        counters: platform.counters(),
        read: s3.counts_of(UPLOADS, key),
        size: object.size,
        took: begun.elapsed(),
        dead: &dead,
        aside: wanted.state.as_ref().map(|_| &*aside),
    };
    eprintln!("{}", summary.text());
    if kills.left > 0 {
        eprintln!("  {} of the kills came too late: the run's invocations are shorter than that", kills.left);
    }
    Ok(summary.succeeded())
}

/// An error with what it comes from.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Whether the caller leaves the job its records.
fn is_recorded(variables: &[(String, String)]) -> bool {
    let state = variables.iter().rev().find(|(name, _)| name == STATE);
    state.is_none_or(|(_, value)| value != "none")
}

/// What the program is told beside what Lambda tells it. What the caller sets comes last and so wins.
fn environment(wanted: &Run) -> Vec<(String, String)> {
    let mut variables = vec![
        (STATE.into(), format!("s3://{BUCKET}/{PREFIX}")),
        ("RECURSIVE_LAMBDA_LEASE".into(), humantime::format_duration(LEASE).to_string()),
        ("RECURSIVE_LAMBDA_CHECKPOINT".into(), "1s".into()),
        // A mistake in the job shows at once.
        ("RECURSIVE_LAMBDA_RETRY_FOR".into(), "0s".into()),
        // The local platform allows recursion, so what the log says of it on Lambda would mislead.
        ("RUST_LOG".into(), format!("{},recursive_lambda::recursion=off", if wanted.verbose { "info" } else { "warn" })),
    ];
    // A short time-out is meant here; on Lambda it deserves the warning that a smaller reserve silences.
    if wanted.timeout < Duration::from_secs(40) {
        variables.push(("RECURSIVE_LAMBDA_RESERVE".into(), format!("{}ms", (wanted.timeout / 4).as_millis().max(1))));
    }
    variables.extend(wanted.env.iter().cloned());
    variables
}

fn tell(progress: &Progress, entry: &Arc<Entry>, verbose: bool) {
    match &entry.what {
        What::LogLine { stream: Stream::Stdout, line, .. } => progress.print(line),
        What::LogLine { stream: Stream::Stderr, line, .. } => progress.tell(line),
        What::Killed { container, .. } => progress.tell(&format!("-- {container} was killed in the middle of its work")),
        What::InvocationEnded { outcome, .. } => match outcome {
            Outcome::TimedOut => progress.tell("-- an invocation timed out and was killed"),
            Outcome::Crashed { status } => progress.tell(&format!("-- an invocation died: {status}")),
            _ => {}
        },
        What::Retried { attempt, delay, .. } => {
            progress.tell(&format!("-- its event comes again in {delay:?}, attempt {attempt}"))
        }
        What::InvocationStarted { container, attempt, .. } if verbose => {
            progress.tell(&format!("-- invocation in {container}, attempt {attempt}"));
        }
        _ => {}
    }
}

/// Kills that were asked for, one at a time: the next is armed when an invocation has come through after the last.
struct Kills {
    left: u32,
    armed: bool,
    moment: RangeInclusive<Duration>,
}

impl Kills {
    fn new(count: u32, timeout: Duration) -> Self {
        Self { left: count, armed: false, moment: timeout / 8..=timeout / 2 }
    }

    fn arm(&mut self, platform: &Platform) {
        if self.left > 0 && !self.armed {
            self.armed = true;
            platform.arm_kills(1, self.moment.clone());
        }
    }

    fn seen(&mut self, platform: &Platform, entry: &Entry) {
        match &entry.what {
            What::Killed { .. } => {
                self.left = self.left.saturating_sub(1);
                self.armed = false;
            }
            What::InvocationEnded { outcome: Outcome::Ok(_), .. } => self.arm(platform),
            _ => {}
        }
    }
}
