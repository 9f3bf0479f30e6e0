//! `cargo recursive-lambda run FILE` builds a package's job and runs it over a file, in as many invocations as needed. Lambda and S3 are
//! those of `recursive-lambda-local`, on loopback. The program is the same one that you deploy. The other commands show and steer the runs
//! of a deployed function, `doctor` says what is wrong with it, and `plan` what a run will take and cost.

mod arguments;
mod batch_line;
mod build;
mod chaos;
mod checkpoint;
mod confirm;
mod deaths;
mod doctor;
mod find;
mod follow;
mod kills;
mod list;
mod lock;
mod new;
mod plan;
mod progress;
mod redrive;
mod remote;
mod report;
mod run;
mod shown;
mod skipped;
mod start;
mod status;
mod steer;
mod stop;
mod summary;

use clap::{Parser, Subcommand};
use recursive_lambda_core::checkpoint::Action;
use run::Ended;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// The whole command line: cargo passes the subcommand's name as its first argument.
#[derive(Parser)]
#[command(name = "cargo", bin_name = "cargo", max_term_width = 80)]
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
    /// Create a package with a job, its tests and a template that deploys it
    New(new::New),
    /// List the runs of a deployed function, the newest first
    List(list::List),
    /// Show a run: how far, how fast, until when, and what to do next
    Status(status::ShowStatus),
    /// Stop a run, so that it can be resumed
    Pause(steer::Steer),
    /// Continue a failed or paused run at its position, or try a waiting run now
    Resume(steer::Steer),
    /// End a run for ever
    Cancel(steer::Steer),
    /// Show the records that a run skipped
    Skipped(skipped::ShowSkipped),
    /// Process the skipped records of a run again, as a run of their own
    Redrive(redrive::Redrive),
    /// Process an object that is in S3 already
    Start(start::Start),
    /// Say what is wrong with a deployed function and with what is around it
    Doctor(doctor::Doctor),
    /// Say what a run will take and cost, and what other services would
    Plan(plan::Options),
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

    /// The maximum number of concurrent containers; 16 with --shards
    #[arg(long, default_value = "2", default_value_if("shards", clap::builder::ArgPredicate::IsPresent, "16"), value_name = "N")]
    concurrency: usize,

    /// Divide the object into N shards; the job must have `shards`, and 1 means none
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    shards: Option<u32>,

    /// Keep checkpoints, skipped records and the upload in this folder, so that a stopped run can continue
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,

    /// Kill N containers, each during an invocation; 2 with --chaos, otherwise 0
    #[arg(long, value_name = "N")]
    kill: Option<u32>,

    /// Lose responses, throttle signals, deliver events twice, and throw away containers, as this number decides
    #[arg(long, value_name = "SEED")]
    chaos: Option<u64>,

    /// Draw the run as one HTML page that needs no network: what ran when, what was read, saved, lost, repeated, killed and retried
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,

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
    let Cargo::RecursiveLambda(RecursiveLambda { command }) = Cargo::parse();
    let ended = match command {
        Command::Run(options) => run::run(options).await.map(|ended| match ended {
            Ended::Done => ExitCode::SUCCESS,
            Ended::Failed => ExitCode::FAILURE,
            Ended::Stopped(status) => ExitCode::from(status),
        }),
        Command::Plan(options) => plan::plan(&options).await.map(|text| {
            // A reader such as `head` may have closed the pipe.
            let _ = writeln!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }),
        Command::New(options) => new::new(&options),
        Command::List(options) => list::list(options).await,
        Command::Status(options) => status::show(options).await,
        Command::Pause(options) => steer::steer(Action::Pause, options).await,
        Command::Resume(options) => steer::steer(Action::Resume, options).await,
        Command::Cancel(options) => steer::steer(Action::Cancel, options).await,
        Command::Skipped(options) => skipped::skipped(options).await,
        Command::Redrive(options) => redrive::redrive(options).await,
        Command::Start(options) => start::start(options).await,
        Command::Doctor(options) => doctor::doctor(&options).await,
    };
    ended.unwrap_or_else(|message| {
        eprintln!("error: {message}");
        ExitCode::from(2)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Command, clap::Error> {
        let words = ["cargo", "recursive-lambda"].into_iter().chain(line.split('|'));
        let Cargo::RecursiveLambda(RecursiveLambda { command }) = Cargo::try_parse_from(words)?;
        Ok(command)
    }

    #[test]
    fn bad_arguments_say_what_to_write() {
        for (line, expected) in [
            ("run|a.csv|--timeout|0s", "the time-out must be positive, for example `3s`"),
            ("run|a.csv|--timeout|3", "write a time such as `3s` or `1m 30s`"),
            ("run|a.csv|--env|NAME", "expected NAME=VALUE"),
            ("list|--status|broken", "write one of ready, running"),
            ("list|--since|3", "write a time such as `30m`, `12h` or `7d`"),
            ("list|--store|runs", "write `s3://BUCKET/PREFIX`"),
            ("status", "RUN|s3://BUCKET/KEY"),
            ("status|s3://bucket", "write the run's id, 32 hexadecimal digits, or its object"),
            ("pause|--all|s3://bucket/key", "cannot be used with"),
            ("pause|s3://bucket/key|--reason|two\nlines", "write 1 to 1,000 bytes without control characters"),
            ("halt|s3://bucket/key", "unrecognized subcommand"),
            ("doctor", "required arguments were not provided"),
        ] {
            let Err(error) = parse(line) else { unreachable!("{line}") };
            assert!(error.to_string().contains(expected), "{line}: {error}");
        }
    }

    #[test]
    fn good_arguments_are_read() {
        for (line, expected) in [("run|a.csv", Duration::from_secs(120)), ("run|a.csv|--timeout|1m 30s", Duration::from_secs(90))]
        {
            let Ok(Command::Run(run)) = parse(line) else { unreachable!("{line}") };
            assert_eq!(run.timeout, expected, "{line}");
        }
        for line in [
            "list|-f|name|-n|5|--json",
            "status|s3://b/k|--watch",
            "resume|--all|--status|failed|-y",
            "start|s3://b/p/|--all",
            "doctor|name:live|--json",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn help_fits_into_80_columns() {
        let mut command = Cargo::command();
        // The usage begins with `cargo recursive-lambda`.
        command.build();
        let tool = command.get_subcommands().next().unwrap();
        for command in tool.get_subcommands().chain([tool]) {
            let mut command = command.clone().term_width(80);
            for help in [command.render_help(), command.render_long_help()] {
                let help = help.to_string();
                let long: Vec<_> = help.lines().filter(|line| line.chars().count() > 80).collect();
                assert!(long.is_empty(), "{}: {long:?}", command.get_name());
            }
        }
    }

    #[tokio::test]
    async fn plan_needs_a_file_or_a_size() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let sized = |more: &'static str| ["--size", "1GB", "--records", "1000"].into_iter().chain(more.split_whitespace());
        for (arguments, expected) in [
            (vec![file], Ok("  its lines were counted")),
            (vec![file, "--records", "7"], Ok("7 records\nbatches   1 of 400, 5 ms each")),
            (sized("").collect(), Ok("object    1.00 GB, 1,000 records\n")),
            (sized("--batch-ms 2.5 --batch 10").collect(), Ok("100 of 10, 2.5 ms each")),
            (sized("--concurrency 8").collect(), Ok("8 at once")),
            (sized("--timeout 30m --memory 1024 --architecture x86_64").collect(), Ok("1024 MB, x86_64, time-out 30m")),
            (sized("--json").collect(), Ok("\"records_are_lines\": false")),
            (vec![], Err("<FILE|s3://..|--size <BYTES>>")),
            (vec!["--size", "1GB"], Err("--records <N>")),
            (vec!["--size", "much", "--records", "1"], Err("write a size such as `4096`, `500MB` or `1.5GiB`")),
            (sized("a.csv").collect(), Err("cannot be used with")),
            (vec!["a.csv", "--records", "0"], Err("0 is not in 1..")),
            (sized("--batch 0").collect(), Err("0 is not in 1..")),
            (sized("--concurrency 0").collect(), Err("0 is not in 1..")),
            (sized("--memory 64").collect(), Err("64 is not in 128..=10240")),
            (sized("--batch-ms=-1").collect(), Err("write milliseconds such as `5` or `0.5`")),
            (sized("--timeout 31m").collect(), Err("Lambda's time-outs are from `1s` to `30m`")),
            (sized("--timeout 1s --batch-ms 1000").collect(), Err("a batch takes longer than the time-out")),
            (vec!["absent.csv"], Err("absent.csv is not a file")),
            (vec!["s3://bucket"], Err("write the object as `s3://BUCKET/KEY`")),
        ] {
            let line = ["cargo", "recursive-lambda", "plan"].iter().chain(&arguments);
            let planned = match Cargo::try_parse_from(line) {
                Ok(Cargo::RecursiveLambda(RecursiveLambda { command: Command::Plan(options) })) => plan::plan(&options).await,
                Ok(_) => panic!("{arguments:?} is another command"),
                Err(error) => Err(error.to_string()),
            };
            match (&planned, expected) {
                (Ok(text), Ok(words)) | (Err(text), Err(words)) => assert!(text.contains(words), "{arguments:?}: {text}"),
                _ => panic!("{arguments:?}: {planned:?}"),
            }
        }
    }
}
