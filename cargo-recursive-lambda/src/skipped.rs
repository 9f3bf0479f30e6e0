//! `skipped`: the records that a run skipped, with their errors.

mod file;

pub(crate) use file::file_of;

use crate::arguments::{RunName, Target};
use crate::find::{absent, run};
use crate::remote::Remote;
use recursive_lambda_core::excerpt;
use recursive_lambda_core::skipped_record::SkippedRecord;
use std::io::Write;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct ShowSkipped {
    /// The run's id, or its object: the latest run over it
    #[arg(value_name = "RUN|s3://BUCKET/KEY", value_parser = RunName::parse)]
    run: RunName,

    #[command(flatten)]
    target: Target,

    /// Only the records as they are in the object, after its header, one a line: a file that the job can read
    #[arg(long, conflicts_with = "json")]
    raw: bool,

    /// One JSON object for each record
    #[arg(long)]
    json: bool,
}

pub(crate) async fn skipped(options: ShowSkipped) -> Result<ExitCode, String> {
    let remote = Remote::open(&options.target).await?;
    let Some(found) = run(&remote.checkpoints, &options.run).await? else {
        eprintln!("{}", absent(&remote.checkpoints, &options.run));
        return Ok(ExitCode::FAILURE);
    };
    let format = found.checkpoint.as_ref().map(|checkpoint| checkpoint.plan.format.clone()).unwrap_or_default();
    let records = remote.checkpoints.skipped(&found).await?;
    let mut out = std::io::stdout().lock();
    let written = match options {
        ShowSkipped { raw: true, .. } => out.write_all(&file_of(&format, &records)?),
        ShowSkipped { json: true, .. } => records.iter().try_for_each(|record| {
            let json = record.to_json().unwrap_or_default();
            out.write_all(&json).and_then(|()| out.write_all(b"\n"))
        }),
        _ => records.iter().try_for_each(|skipped| {
            let SkippedRecord { record, line, offset, error, data, .. } = skipped;
            writeln!(out, "record {record}, line {line}, byte {offset}: {}", excerpt::message(&error.message))?;
            writeln!(out, "  {}", excerpt::quoted(&data.0))
        }),
    };
    written.map_err(|error| format!("cannot write the records: {error}"))?;
    Ok(ExitCode::SUCCESS)
}
