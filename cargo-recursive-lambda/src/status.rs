//! `status`: one run, with its rate, its time left and what to do next.

use crate::arguments::{RunName, Target};
use crate::find::{absent, run};
use crate::remote::{Checkpoints, Found, Remote};
use crate::shown::{Rate, Shown};
use recursive_lambda_core::checkpoint::Status;
use recursive_lambda_core::engine::save::Read;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

#[derive(clap::Args)]
pub(crate) struct ShowStatus {
    /// The run's id, or its object: the latest run over it
    #[arg(value_name = "RUN|s3://BUCKET/KEY", value_parser = RunName::parse)]
    run: RunName,

    #[command(flatten)]
    target: Target,

    /// Show the run again and again until it is over
    #[arg(short, long)]
    watch: bool,

    /// The time between two looks
    #[arg(long, default_value = "2s", value_parser = crate::arguments::duration, value_name = "TIME")]
    every: Duration,

    /// One JSON object; with `--watch` one for each look
    #[arg(long)]
    json: bool,
}

/// The columns of the bar.
const BAR: usize = 40;

pub(crate) async fn show(options: ShowStatus) -> Result<ExitCode, String> {
    let remote = Remote::open(&options.target).await?;
    let Some(mut found) = run(&remote.checkpoints, &options.run).await? else {
        eprintln!("{}", absent(&remote.checkpoints, &options.run));
        return Ok(ExitCode::FAILURE);
    };
    let mut screen = Screen { redraws: options.watch && !options.json && std::io::stdout().is_terminal(), lines: 0 };
    let mut first: Option<(SystemTime, u64, u64)> = None;
    loop {
        let checkpoint = match &found.checkpoint {
            Ok(checkpoint) => checkpoint,
            Err(why) => return Err(format!("the checkpoint of run {} cannot be read: {why}", found.file.run)),
        };
        let shards = remote.checkpoints.shards(&found).await?;
        let checkpoint = &checkpoint.with_work_of(shards.iter().filter_map(|shard| shard.checkpoint.as_ref().ok()));
        let now = (checkpoint.updated, checkpoint.position, checkpoint.offset);
        let rate = first.and_then(|first| Rate::between(first, now));
        first.get_or_insert(now);
        let shown = Shown::new(&found, checkpoint, rate).with_shards(&shards);
        screen.show(&if options.json { shown.json() } else { shown.page(BAR) });
        if !options.watch || checkpoint.is_over() {
            return Ok(if checkpoint.status == Status::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS });
        }
        tokio::time::sleep(options.every).await;
        found = again(&remote.checkpoints, found).await?;
    }
}

async fn again(checkpoints: &Checkpoints, found: Found) -> Result<Found, String> {
    let mut file = found.file;
    match checkpoints.read(&file).await {
        Read::Found(stored) => {
            let written = SystemTime::now() - stored.age;
            file.written = written;
            Ok(Found { file, checkpoint: Ok(stored.checkpoint) })
        }
        Read::Absent => Err(format!("the checkpoint of run {} is gone", file.run)),
        Read::Unreadable(why) => Ok(Found { file, checkpoint: Err(format!("{why:?}")) }),
        Read::Failed(why) => Err(why),
    }
}

/// A page that replaces the one before it.
struct Screen {
    redraws: bool,
    lines: usize,
}

impl Screen {
    fn show(&mut self, page: &str) {
        let mut out = std::io::stdout().lock();
        if self.redraws && self.lines > 0 {
            // Up to the first line of the last page, and clear the rest.
            let _ = write!(out, "\x1b[{}A\x1b[J", self.lines);
        }
        let _ = writeln!(out, "{page}");
        let _ = out.flush();
        self.lines = page.lines().count();
    }
}
