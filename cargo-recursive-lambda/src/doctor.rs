//! `doctor`: what is wrong with a function and with what is around it, before a run shows it.
//!
//! `collect` asks AWS, `checks` judges, `report` shows. It changes nothing.

mod checks;
mod collect;
mod facts;
mod report;

use crate::remote::sdk_config;
use std::io::Write;
use std::process::ExitCode;

/// What the checks need.
const PERMISSIONS: &str = "The checks need lambda:Get* and lambda:List* on the function, sqs:GetQueueUrl, sqs:GetQueueAttributes, \
     s3:ListBucket, s3:GetObject, s3:GetBucketNotification, s3:GetLifecycleConfiguration, events:Describe*, events:List*, \
     events:TestEventPattern, scheduler:ListSchedules, scheduler:GetSchedule, logs:DescribeLogGroups, logs:DescribeMetricFilters, \
     logs:FilterLogEvents, cloudwatch:DescribeAlarms and iam:SimulatePrincipalPolicy. A check without its permission says so.\n\n\
     Exit status: 0 nothing is wrong, 1 something is, 2 nothing was found but a call failed, or the function cannot be read.";

#[derive(clap::Args)]
#[command(after_long_help = PERMISSIONS)]
pub(crate) struct Doctor {
    /// The deployed function: its name or ARN, with the alias if its triggers invoke one
    #[arg(value_name = "FUNCTION")]
    function: String,

    /// One JSON object for each finding, and for each check that could not be made
    #[arg(long)]
    json: bool,
}

pub(crate) async fn doctor(options: &Doctor) -> Result<ExitCode, String> {
    let facts = collect::facts(&sdk_config().await, &options.function).await?;
    let report = checks::check(&facts);
    let shown = if options.json { report.json() } else { report.text(&facts.function.named()) };
    // A reader such as `head` may have closed the pipe.
    let _ = std::io::stdout().lock().write_all(shown.as_bytes());
    Ok(match (report.findings.is_empty(), report.is_complete()) {
        (false, _) => ExitCode::FAILURE,
        (true, true) => ExitCode::SUCCESS,
        (true, false) => ExitCode::from(2),
    })
}
