//! Starts a platform from the command's arguments, runs the job, and reports how the run ended.

use crate::Run;
use crate::batch_line;
use crate::build::{BuildOptions, build, key};
use crate::chaos;
use crate::checkpoint::{BUCKET, PREFIX, StoredRun};
use crate::follow::{Followed, UPLOADS, follow};
use crate::lock::lock;
use crate::report::Verdict;
use crate::report::file::{Report, Settings};
use crate::stop::{Stop, command_line, stopped};
use recursive_lambda_local::{Platform, RecursiveLoop};
use std::error::Error;
use std::time::{Duration, UNIX_EPOCH};

const STATE: &str = "RECURSIVE_LAMBDA_STATE";

/// The shortest allowed lease, so that the command waits only briefly for a dead invocation.
pub(crate) const LEASE: Duration = Duration::from_secs(2);
/// The delays before retries. The first ends just after the lease; Lambda waits one minute, then two.
const RETRIES: [Duration; 2] = [Duration::from_secs(4), Duration::from_secs(8)];
/// The time in which the program must ask for its first event. Lambda allows 10 s; a machine that also builds may need more.
pub(crate) const INIT: Duration = Duration::from_secs(30);

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Done,
    Failed,
    /// Stopped by a signal; the exit status.
    Stopped(u8),
}

/// Runs the job over the file. An `Err` is a failure of the command itself, not of the job.
pub(crate) async fn run(options: Run) -> Result<Ended, String> {
    if !options.file.is_file() {
        return Err(format!("{} is not a file", options.file.display()));
    }
    if let Some(state) = options.state.as_deref().filter(|state| state.exists() && !state.is_dir()) {
        return Err(format!("--state needs a folder, but {} is not a folder", state.display()));
    }
    // Before the build, which takes longer: a locked folder or a wrong path is reported at once.
    let _lock = options.state.as_deref().map(|folder| lock(folder, &options.file)).transpose()?;
    let mut report = options.report.as_deref().map(Report::open).transpose()?;
    let selection = BuildOptions { package: options.package.as_deref(), bin: options.bin.as_deref(), release: options.release };
    let (name, path) = build(&selection)?;
    let key = key(&options.file)?;
    let mut stop = Stop::listen().map_err(|error| chain(&error))?;
    let mut builder = Platform::builder()
        .binary(path)
        .function_name(name)
        .timeout(options.timeout)
        .init_timeout(INIT)
        .memory_mb(options.memory)
        .max_concurrency(options.concurrency)
        .retry_delays(RETRIES)
        .recursive_loop(RecursiveLoop::Allow)
        .handle_signals(false);
    for (name, value) in environment(&options) {
        builder = builder.env(name, value);
    }
    if let Some(folder) = &options.state {
        builder = builder.state_folder(folder);
    }
    if let Some(seed) = options.chaos {
        builder = builder.seed(seed).eviction(chaos::EVICTED);
    }
    let platform = builder.start().await.map_err(|error| chain(&error))?;
    let followed = tokio::select! {
        biased;
        status = stop.requested() => Err(status),
        ended = follow(&options, &platform, &key, &mut report) => Ok(ended),
    };
    let (ended, told) = match followed {
        Ok(Ok(Followed::Done)) => (Ended::Done, (Verdict::Done, String::new())),
        Ok(Ok(Followed::Failed(why))) => (Ended::Failed, (Verdict::Failed, why)),
        Ok(Err(message)) => {
            platform.shutdown().await;
            return Err(message);
        }
        Err(status) => {
            let etag = platform.s3().head(UPLOADS, &key).map(|object| object.etag).unwrap_or_default();
            let run = StoredRun::find(platform.s3(), &key, &etag, UNIX_EPOCH)
                .filter(|run| !run.resuming_events(platform.s3()).is_empty());
            let command = command_line(std::env::args().skip(1));
            let told =
                stopped(&key, run.as_ref().map(|run| run.with_shards(platform.s3())).as_ref(), options.state.is_some(), &command);
            eprintln!("{told}");
            (Ended::Stopped(status), (Verdict::Stopped, String::new()))
        }
    };
    let written = match report {
        Some(report) => {
            report.finish(&platform, &key, &Settings { timeout: options.timeout, chaos: options.chaos }, told).await.map(Some)
        }
        None => Ok(None),
    };
    platform.shutdown().await;
    if let Some(path) = written? {
        eprintln!("  report       {}", path.display());
    }
    Ok(ended)
}

/// An error and its sources, separated by colons.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Whether the job keeps checkpoints: the caller did not set `RECURSIVE_LAMBDA_STATE=none`.
pub(crate) fn has_checkpoints(variables: &[(String, String)]) -> bool {
    let state = variables.iter().rev().find(|(name, _)| name == STATE);
    state.is_none_or(|(_, value)| value != "none")
}

/// The variables to set in addition to Lambda's. The caller's variables come last and take precedence.
fn environment(options: &Run) -> Vec<(String, String)> {
    let level = if options.verbose { "info" } else { "warn" };
    let mut variables = vec![
        (STATE.into(), format!("s3://{BUCKET}/{PREFIX}")),
        ("RECURSIVE_LAMBDA_LEASE".into(), humantime::format_duration(LEASE).to_string()),
        ("RECURSIVE_LAMBDA_CHECKPOINT".into(), "1s".into()),
        // So that a mistake in the job shows at once.
        ("RECURSIVE_LAMBDA_RETRY_FOR".into(), "0s".into()),
        // The local platform allows recursion, so the library's warnings about Lambda's recursion detection would mislead.
        ("RUST_LOG".into(), format!("{level},recursive_lambda::recursion=off,{}", batch_line::FILTER)),
    ];
    // A short time-out is intended here. The smaller reserve avoids a warning that is useful only on Lambda.
    if options.timeout < Duration::from_secs(40) {
        variables.push(("RECURSIVE_LAMBDA_RESERVE".into(), format!("{}ms", (options.timeout / 4).as_millis().max(1))));
    }
    variables.extend(options.shards.map(|shards| ("RECURSIVE_LAMBDA_SHARDS".into(), shards.to_string())));
    variables.extend(options.env.iter().cloned());
    variables
}
