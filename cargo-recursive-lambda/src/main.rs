//! `cargo recursive-lambda run FILE`: builds a package's job and runs it over a file, in as many invocations as it takes, on
//! Lambda and S3 as `recursive-lambda-local` has them on loopback. The job's program is the one that is deployed.

mod build;
mod progress;
mod record;
mod run;
mod summary;

use clap::{Parser, Subcommand};
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

    /// The function's time-out
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration, value_name = "TIME")]
    timeout: Duration,

    /// The function's memory, as the program is told
    #[arg(long, default_value_t = 512, value_name = "MB")]
    memory: u32,

    /// The most containers at a time
    #[arg(long, default_value_t = 2, value_name = "N")]
    concurrency: usize,

    /// Keep the records of runs and the uploads in this folder, so that a run that was stopped goes on the next time
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,

    /// Kill so many containers in the middle of an invocation
    #[arg(long, default_value_t = 0, value_name = "N")]
    kill: u32,

    /// An environment variable for the program
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,

    /// Show the program's log from level INFO on, and what happens to containers
    #[arg(short, long)]
    verbose: bool,
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
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}
