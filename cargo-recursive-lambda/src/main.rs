//! `cargo recursive-lambda run FILE` builds a package's job and runs it over a file, in as many invocations as needed. Lambda and S3 are
//! those of `recursive-lambda-local`, on loopback. The program is the same one that you deploy.

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

/// The whole command line: cargo passes the subcommand's name as its first argument.
#[derive(Parser)]
#[command(name = "cargo", bin_name = "cargo")]
enum Cargo {
    RecursiveLambda(RecursiveLambda),
}

/// Run recursive-lambda jobs on this machine
#[derive(clap::Args)]
#[command(version)]
struct RecursiveLambda {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build a package's job and run it over FILE
    Run(Run),
}

/// The arguments of `run`.
#[derive(clap::Args)]
struct Run {
    /// The file to process
    file: PathBuf,

    /// The package that contains the job; by default the one in the current folder
    #[arg(short, long)]
    package: Option<String>,

    /// The binary to run, if the package has several
    #[arg(long)]
    bin: Option<String>,

    /// Build with optimisations
    #[arg(short, long)]
    release: bool,

    /// The function's time-out; the job's reserve is at most a quarter of it
    #[arg(long, default_value = "2m", value_parser = time, value_name = "TIME")]
    timeout: Duration,

    /// The memory size that the program is told; it is not enforced
    #[arg(long, default_value_t = 512, value_name = "MB")]
    memory: u32,

    /// The maximum number of concurrent containers
    #[arg(long, default_value_t = 2, value_name = "N")]
    concurrency: usize,

    /// Keep checkpoints, skipped records and the upload in this folder, so that a stopped run can continue
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,

    /// Kill N containers, each during an invocation
    #[arg(long, default_value_t = 0, value_name = "N")]
    kill: u32,

    /// Set an environment variable for the program; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,

    /// Show the program's log at level INFO and above, and each invocation as it starts
    #[arg(short, long)]
    verbose: bool,
}

fn time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time.is_zero() => Err("the time-out must be positive, for example `3s`".into()),
        Ok(time) => Ok(time),
        Err(error) => Err(format!("{error}: write a time such as `3s` or `1m 30s`")),
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("expected NAME=VALUE".into()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cargo::RecursiveLambda(RecursiveLambda { command: Command::Run(options) }) = Cargo::parse();
    match run::run(options).await {
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
        for (arguments, expected) in [
            (&[][..], Ok(Duration::from_secs(120))),
            (&["--timeout", "1m 30s"], Ok(Duration::from_secs(90))),
            (&["--timeout", "0s"], Err("the time-out must be positive, for example `3s`")),
            (&["--timeout", "3"], Err("write a time such as `3s` or `1m 30s`")),
            (&["--env", "NAME"], Err("expected NAME=VALUE")),
        ] {
            let line = ["cargo", "recursive-lambda", "run", "a.csv"].iter().chain(arguments);
            let parsed = Cargo::try_parse_from(line);
            match (parsed, expected) {
                (Ok(Cargo::RecursiveLambda(RecursiveLambda { command: Command::Run(run) })), expected) => {
                    assert_eq!(Ok(run.timeout), expected, "{arguments:?}");
                }
                (Err(error), expected) => assert!(expected.is_err_and(|words| error.to_string().contains(words)), "{error}"),
            }
        }
    }
}
