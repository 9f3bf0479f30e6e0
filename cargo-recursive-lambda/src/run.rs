//! From the command's arguments to a platform that runs the job, and to how the run ended.

use crate::Run;
use crate::build::{Wanted, build, key};
use crate::checkpoint::{BUCKET, PREFIX, StoredRun};
use crate::deaths;
use crate::follow::{UPLOADS, follow};
use crate::lock::lock;
use crate::stop::{Stop, command_line, stopped};
use recursive_lambda_local::{Platform, RecursiveLoop};
use std::error::Error;
use std::time::{Duration, UNIX_EPOCH};

const STATE: &str = "RECURSIVE_LAMBDA_STATE";

/// The shortest lease allowed, so that the command waits only briefly for a dead invocation, ..
pub(crate) const LEASE: Duration = Duration::from_secs(2);
/// .. and the retry of an event just after it, where Lambda waits one minute, then two.
const RETRIES: [Duration; 2] = [Duration::from_secs(4), Duration::from_secs(8)];
/// How long the program may take until it asks for an event. Lambda allows 10 s; a machine that also builds may need more.
pub(crate) const INIT: Duration = Duration::from_secs(30);

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Done,
    Failed,
    /// By a signal, with this status.
    Stopped(u8),
}

/// Runs the job over the file; an error is one of the command's own.
pub(crate) async fn run(wanted: Run) -> Result<Ended, String> {
    if !wanted.file.is_file() {
        return Err(format!("{} is not a file", wanted.file.display()));
    }
    if let Some(state) = wanted.state.as_deref().filter(|state| state.exists() && !state.is_dir()) {
        return Err(format!("--state takes a folder, and {} is not one", state.display()));
    }
    // Before the program is built: that takes longer than to say so.
    let _lock = wanted.state.as_deref().map(|folder| lock(folder, &wanted.file)).transpose()?;
    let program = Wanted { package: wanted.package.as_deref(), bin: wanted.bin.as_deref(), release: wanted.release };
    let (name, path) = build(&program)?;
    let key = key(&wanted.file)?;
    let mut stop = Stop::listen().map_err(|error| chain(&error))?;
    let mut builder = Platform::builder()
        .binary(path)
        .function_name(name)
        .timeout(wanted.timeout)
        .init_timeout(INIT)
        .memory_mb(wanted.memory)
        .max_concurrency(wanted.concurrency)
        .retry_delays(RETRIES)
        .recursive_loop(RecursiveLoop::Allow)
        .handle_signals(false);
    for (name, value) in environment(&wanted) {
        builder = builder.env(name, value);
    }
    if let Some(folder) = &wanted.state {
        builder = builder.state_folder(folder);
    }
    let platform = builder.start().await.map_err(|error| chain(&error))?;
    let followed = tokio::select! {
        biased;
        status = stop.asked() => Err(status),
        ended = follow(&wanted, &platform, &key) => Ok(ended),
    };
    let ended = match followed {
        Ok(Ok(true)) => Ok(Ended::Done),
        Ok(Ok(false)) => Ok(Ended::Failed),
        Ok(Err(message)) => Err(message),
        Err(status) => {
            let etag = platform.s3().head(UPLOADS, &key).map(|object| object.etag).unwrap_or_default();
            let run = StoredRun::find(platform.s3(), &key, &etag, UNIX_EPOCH).filter(|run| run.event_to_go_on().is_some());
            let command = command_line(std::env::args().skip(1));
            eprintln!("{}", stopped(&key, run.as_ref().map(|run| &run.checkpoint), wanted.state.is_some(), &command));
            Ok(Ended::Stopped(status))
        }
    };
    platform.shutdown().await;
    ended
}

/// An error with what it comes from.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Whether the caller leaves the job its records.
pub(crate) fn is_recorded(variables: &[(String, String)]) -> bool {
    let state = variables.iter().rev().find(|(name, _)| name == STATE);
    state.is_none_or(|(_, value)| value != "none")
}

/// Variables in addition to Lambda's. The caller's variables come last and win.
fn environment(wanted: &Run) -> Vec<(String, String)> {
    let level = if wanted.verbose { "info" } else { "warn" };
    let mut variables = vec![
        (STATE.into(), format!("s3://{BUCKET}/{PREFIX}")),
        ("RECURSIVE_LAMBDA_LEASE".into(), humantime::format_duration(LEASE).to_string()),
        ("RECURSIVE_LAMBDA_CHECKPOINT".into(), "1s".into()),
        // A mistake in the job shows at once.
        ("RECURSIVE_LAMBDA_RETRY_FOR".into(), "0s".into()),
        // The local platform allows recursion, so what the log says of it on Lambda would mislead.
        ("RUST_LOG".into(), format!("{level},recursive_lambda::recursion=off,{}", deaths::FILTER)),
    ];
    // A short time-out is meant here; on Lambda it deserves the warning that a smaller reserve silences.
    if wanted.timeout < Duration::from_secs(40) {
        variables.push(("RECURSIVE_LAMBDA_RESERVE".into(), format!("{}ms", (wanted.timeout / 4).as_millis().max(1))));
    }
    variables.extend(wanted.env.iter().cloned());
    variables
}
