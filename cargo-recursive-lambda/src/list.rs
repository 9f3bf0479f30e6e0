//! `list`: the runs of a function or a store, the newest first.

use crate::arguments::{Target, duration, status};
use crate::find::{Filter, runs};
use crate::remote::Remote;
use crate::shown::Shown;
use recursive_lambda_core::checkpoint::Status;
use recursive_lambda_core::excerpt;
use std::process::ExitCode;
use std::time::Duration;

#[derive(clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    which: Which,

    /// At most this many runs
    #[arg(short = 'n', long, default_value_t = 100, value_name = "N")]
    limit: usize,

    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Which runs a command is about.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Which {
    /// Only runs with this status, for example `failed`
    #[arg(long, value_parser = status)]
    pub(crate) status: Option<Status>,

    /// Only runs of this job
    #[arg(long, value_name = "JOB")]
    pub(crate) job: Option<String>,

    /// Only runs that changed within this time, for example `12h`
    #[arg(long, value_parser = duration, value_name = "TIME")]
    pub(crate) since: Option<Duration>,
}

impl From<Which> for Filter {
    fn from(Which { status, job, since }: Which) -> Self {
        Self { status, job, since }
    }
}

pub(crate) async fn list(options: List) -> Result<ExitCode, String> {
    let remote = Remote::open(&options.target).await?;
    let (found, more) = runs(&remote.checkpoints, &options.which.into(), options.limit).await?;
    if !options.json {
        println!("{}", if found.is_empty() { "there are no such runs" } else { Shown::HEADING });
    }
    for found in &found {
        match &found.checkpoint {
            Ok(checkpoint) if options.json => println!("{}", Shown::new(found, checkpoint, None).json()),
            Ok(checkpoint) => println!("{}", Shown::new(found, checkpoint, None).line()),
            Err(why) => eprintln!("{}  cannot be read: {}", found.file.run, excerpt::message(why)),
        }
    }
    if more && !options.json {
        println!("there are more runs; `--limit N` shows them");
    }
    Ok(ExitCode::SUCCESS)
}
