//! `pause`, `cancel` and `resume`: commands to one run or to many.

use crate::arguments::{RunName, Target};
use crate::confirm::confirm;
use crate::find::{absent, run, runs};
use crate::list::Which;
use crate::remote::{Checkpoints, Found, Remote, obey};
use recursive_lambda_core::checkpoint::{Action, Command, Status};
use recursive_lambda_core::engine::messages::AckReason;
use recursive_lambda_core::excerpt;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Steer {
    /// The run's id, or its object: the latest run over it
    #[arg(value_name = "RUN|s3://BUCKET/KEY", value_parser = RunName::parse, required_unless_present = "all", conflicts_with = "all")]
    run: Option<RunName>,

    #[command(flatten)]
    target: Target,

    /// All runs, as `--status`, `--job` and `--since` choose them
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    which: Which,

    /// Why, for the checkpoint
    #[arg(long, value_name = "TEXT", value_parser = note)]
    reason: Option<String>,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// One JSON object for each run
    #[arg(long)]
    json: bool,
}

/// A text that a checkpoint can keep.
fn note(text: &str) -> Result<String, String> {
    let valid = (1..=recursive_lambda_core::event::MAX_NOTE).contains(&text.len()) && !text.contains(char::is_control);
    if valid { Ok(text.into()) } else { Err("write 1 to 1,000 bytes without control characters".into()) }
}

pub(crate) async fn steer(action: Action, options: Steer) -> Result<ExitCode, String> {
    if !options.all && (options.which.status.is_some() || options.which.job.is_some() || options.which.since.is_some()) {
        return Err("`--status`, `--job` and `--since` choose runs for `--all`".into());
    }
    let remote = Remote::open(&options.target).await?;
    let mut chosen = match &options.run {
        Some(name) => match run(&remote.checkpoints, name).await? {
            Some(found) => vec![found],
            None => {
                eprintln!("{}", absent(&remote.checkpoints, name));
                return Ok(ExitCode::FAILURE);
            }
        },
        None => runs(&remote.checkpoints, &options.which.clone().into(), usize::MAX).await?.0,
    };
    if options.all {
        chosen.retain(|found| found.checkpoint.as_ref().is_ok_and(|checkpoint| action.changes(checkpoint.status)));
    }
    if chosen.is_empty() {
        println!("there are no such runs");
        return Ok(ExitCode::SUCCESS);
    }
    if !options.yes && !confirm(&question(action, &chosen))? {
        return Ok(ExitCode::FAILURE);
    }
    let by = std::env::var("USER").ok().filter(|user| note(user).is_ok());
    let mut all_well = true;
    for found in &with_shards(&remote.checkpoints, action, chosen).await? {
        let command = Command { by: by.clone(), reason: options.reason.clone(), ..Command::new(action) };
        let result = match &found.checkpoint {
            Ok(seen) => obey(&remote.checkpoints, remote.function.as_ref(), &found.file, seen, command).await,
            Err(why) => Err(format!("its checkpoint cannot be read: {}", excerpt::message(why))),
        };
        all_well &= result.as_ref().is_ok_and(|result| is_as_asked(action, *result));
        tell(&found.file.run, &result, options.json);
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The shards of these runs get the same command: after their run if they must stop, so that it asks no more of them, and before it
/// if they go on. A failed run resumes its failed shards itself.
async fn with_shards(checkpoints: &Checkpoints, action: Action, runs: Vec<Found>) -> Result<Vec<Found>, String> {
    let mut all = Vec::new();
    for run in runs {
        let mut shards = checkpoints.shards(&run).await?;
        shards.retain(|shard| {
            let status = shard.checkpoint.as_ref().map(|checkpoint| checkpoint.status);
            status.is_ok_and(|status| action.changes(status) && (action != Action::Resume || status == Status::Paused))
        });
        let at = if action == Action::Resume { shards.len() } else { 0 };
        shards.insert(at, run);
        all.extend(shards);
    }
    Ok(all)
}

fn question(action: Action, chosen: &[Found]) -> String {
    match chosen {
        [found] => format!("{} run {}", action.name(), found.file.run),
        many => format!("{} {} runs", action.name(), many.len()),
    }
}

fn is_as_asked(action: Action, result: AckReason) -> bool {
    match action {
        Action::Pause => result == AckReason::Paused,
        Action::Cancel => result == AckReason::Cancelled,
        Action::Resume => matches!(result, AckReason::Resumed | AckReason::SignalledAgain | AckReason::AtWork),
    }
}

fn tell(run: &str, result: &Result<AckReason, String>, json: bool) {
    let said = match result {
        Ok(AckReason::Paused) => "is paused: its invocation saves and stops within seconds, or at the end of its batch",
        Ok(AckReason::Cancelled) => "is cancelled: its invocation stops within seconds, or at the end of its batch",
        Ok(AckReason::Resumed) => "goes on",
        Ok(AckReason::SignalledAgain) => "was signalled again",
        Ok(AckReason::AtWork) => "is at work already",
        Ok(AckReason::AlreadyOver) => "is over already",
        Ok(AckReason::NewerCommand) => "was left alone: somebody else gave it a command at the same time",
        Ok(_) => "was left alone",
        Err(why) => why.as_str(),
    };
    match (json, result) {
        (true, Ok(result)) => println!("{}", serde_json::json!({ "run": run, "result": format!("{result:?}") })),
        (true, Err(why)) => println!("{}", serde_json::json!({ "run": run, "error": why })),
        (false, Ok(_)) => println!("run {run} {said}"),
        (false, Err(_)) => eprintln!("run {run}: {said}"),
    }
}
