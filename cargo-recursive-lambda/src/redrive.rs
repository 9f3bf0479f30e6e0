//! `redrive`: the job over the skipped records of a run, as a run of its own.
//!
//! The records become an object in the store. Its key comes from the run's id, so the same records are processed once, however
//! often the command is given.

use crate::arguments::{RunName, Target};
use crate::confirm::confirm;
use crate::find::{absent, run};
use crate::remote::{Place, Remote};
use crate::skipped::file_of;
use serde_json::json;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Redrive {
    /// The run's id, or its object: the latest run over it
    #[arg(value_name = "RUN|s3://BUCKET/KEY", value_parser = RunName::parse)]
    run: RunName,

    #[command(flatten)]
    target: Target,

    /// Write the records to this object, which must trigger no function; by default to the store
    #[arg(long, value_name = "s3://BUCKET/KEY", value_parser = Place::parse)]
    to: Option<Place>,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// The name of the new run. Over the same bytes it is the same run.
const NAME: &str = "redrive";

pub(crate) async fn redrive(options: Redrive) -> Result<ExitCode, String> {
    let remote = Remote::open(&options.target).await?;
    let function = remote.function.as_ref().ok_or("a run is started by its function: say `--function NAME`")?;
    let Some(found) = run(&remote.checkpoints, &options.run).await? else {
        eprintln!("{}", absent(&remote.checkpoints, &options.run));
        return Ok(ExitCode::FAILURE);
    };
    let checkpoint = found.checkpoint.as_ref().map_err(|why| format!("its checkpoint cannot be read: {why}"))?;
    if !checkpoint.is_over() {
        return Err(format!("run {} may still skip records: wait until it is over", found.file.run));
    }
    let records = remote.checkpoints.skipped(&found).await?;
    if records.is_empty() {
        match options.json {
            true => println!("{}", json!({ "function": function.name, "records": 0 })),
            false => println!("run {} skipped no record", found.file.run),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let file = file_of(&checkpoint.plan.format, &records)?;
    let place = options.to.unwrap_or_else(|| remote.checkpoints.redrive_place(&found.file));
    if place.prefix.is_empty() {
        return Err("write the object as `s3://BUCKET/KEY`".into());
    }
    function.allows(&place.bucket)?;
    let what = format!("process {} skipped records of run {} again", records.len(), found.file.run);
    if !options.yes && !confirm(&what)? {
        return Ok(ExitCode::FAILURE);
    }
    remote.checkpoints.put(&place, file).await?;
    function.send(json!({ "bucket": place.bucket, "key": place.prefix, "run": NAME }).to_string()).await?;
    let (name, records, Place { bucket, prefix }) = (&function.name, records.len(), place);
    match options.json {
        true => println!("{}", json!({ "function": name, "records": records, "bucket": bucket, "key": prefix, "name": NAME })),
        false => println!("asked `{name}` to process {records} records; their run:  status s3://{bucket}/{prefix}"),
    }
    Ok(ExitCode::SUCCESS)
}
