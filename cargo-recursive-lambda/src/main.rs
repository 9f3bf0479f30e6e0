//! `cargo recursive-lambda run FILE`: builds a package's job and runs it over a file, in as many invocations as it takes, on
//! Lambda and S3 as `recursive-lambda-local` has them on loopback. The job's program is the one that is deployed.

mod build;
mod checkpoint;
mod deaths;
mod follow;
mod kills;
mod lock;
mod progress;
mod run;
mod stop;
mod summary;

use clap::{Parser, Subcommand};
use run::Ended;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Cargo starts its subcommands with their own name as the first argument.
#[derive(Parser)]
#[command(name = "cargo", bin_name = "cargo")]
enum Cargo {
    RecursiveLambda(RecursiveLambda),
}

/// Runs jobs of recursive-lambda on this machine
#[derive(clap::Args)]
#[command(version)]
struct RecursiveLambda {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the package's job and run it over FILE
    Run(Run),
}

/// What `run` is asked for.
#[derive(clap::Args)]
struct Run {
    /// The file to upload
    file: PathBuf,

    /// The package with the job; by default the one in this folder
    #[arg(short, long)]
    package: Option<String>,

    /// The program, where the package has several
    #[arg(long)]
    bin: Option<String>,

    /// Build with optimisations
    #[arg(short, long)]
    release: bool,

    /// The function's time-out; a job's reserve is at most a quarter of it
    #[arg(long, default_value = "2m", value_parser = time, value_name = "TIME")]
    timeout: Duration,

    /// The function's memory, as the program is told
    #[arg(long, default_value_t = 512, value_name = "MB")]
    memory: u32,

    /// The most containers at a time
    #[arg(long, default_value_t = 2, value_name = "N")]
    concurrency: usize,

    /// Keep checkpoints, skipped records and the upload in this folder: a run that was stopped goes on the next time
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,

    /// Kill this many containers in the middle of an invocation
    #[arg(long, default_value_t = 0, value_name = "N")]
    kill: u32,

    /// An environment variable for the program
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,

    /// Show the program's log from level INFO on, and what happens to containers
    #[arg(short, long)]
    verbose: bool,
}

fn time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time.is_zero() => Err("the time-out must be positive: write `3s`".into()),
        Ok(time) => Ok(time),
        Err(error) => Err(format!("{error}: write `3s` or `1m 30s`")),
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("write NAME=VALUE".into()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cargo::RecursiveLambda(RecursiveLambda { command: Command::Run(wanted) }) = Cargo::parse();
    match run::run(wanted).await {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::Failed) => ExitCode::FAILURE,
        Ok(Ended::Stopped(status)) => ExitCode::from(status),
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_arguments_say_what_to_write() {
        for (arguments, wanted) in [
            (&[][..], Ok(Duration::from_secs(120))),
            (&["--timeout", "1m 30s"], Ok(Duration::from_secs(90))),
            (&["--timeout", "0s"], Err("the time-out must be positive: write `3s`")),
            (&["--timeout", "3"], Err("write `3s` or `1m 30s`")),
            (&["--env", "NAME"], Err("write NAME=VALUE")),
        ] {
            let line = ["cargo", "recursive-lambda", "run", "a.csv"].iter().chain(arguments);
            let read = Cargo::try_parse_from(line);
            match (read, wanted) {
                (Ok(Cargo::RecursiveLambda(RecursiveLambda { command: Command::Run(run) })), wanted) => {
                    assert_eq!(Ok(run.timeout), wanted, "{arguments:?}");
                }
                (Err(error), wanted) => assert!(wanted.is_err_and(|words| error.to_string().contains(words)), "{error}"),
            }
        }
    }
}
