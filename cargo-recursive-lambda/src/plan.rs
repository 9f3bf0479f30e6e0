//! Says what a run over an object will take and cost before anything is deployed, and the same for other services of AWS. It deploys
//! nothing, never reads prices from the network, and calls AWS only for an object in S3: its size and its first lines.

mod alternatives;
mod model;
mod object;
mod prices;
mod sharded;
mod table;
#[cfg(test)]
mod tests;

use model::{Architecture, Job};
use object::{Counted, Object, size};
use std::path::PathBuf;
use std::time::Duration;
use table::Plan;

/// The longest time-out of Lambda.
const LONGEST: Duration = Duration::from_secs(1_800);

/// The arguments of `plan`.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("object").required(true).args(["file", "size"]))]
pub(crate) struct Options {
    /// The file to plan for, or an object: of one in S3 the size and the first 4 MiB are read
    #[arg(value_name = "FILE|s3://..")]
    file: Option<PathBuf>,

    /// The object's size instead of FILE, for example `100GB`
    #[arg(long, value_name = "BYTES", value_parser = size, requires = "records")]
    size: Option<u64>,

    /// The number of records; by default the lines of FILE, which counts quoted newlines, too
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    records: Option<u64>,

    /// Records per call of the function
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,

    /// The milliseconds that the function takes for one batch
    #[arg(long, value_name = "MS", default_value = "5", value_parser = milliseconds)]
    batch_ms: f64,

    /// The function's memory
    #[arg(long, value_name = "MB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(128..=10_240))]
    memory: u32,

    /// The function's time-out, at most 30m
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = time_out)]
    timeout: Duration,

    /// Batches in flight at once in one invocation
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    concurrency: u64,

    /// Also plan a run over N shards
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    shards: u64,

    /// The shards scan the object first: CSV, unless `multiline = no`
    #[arg(long, requires = "shards")]
    scan: bool,

    /// The function's processor
    #[arg(long, value_enum, default_value_t = Architecture::Arm64)]
    architecture: Architecture,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn milliseconds(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "write milliseconds such as `5` or `0.5`".into())
}

fn time_out(text: &str) -> Result<Duration, String> {
    let time = crate::time(text)?;
    let is_legal = (Duration::from_secs(1)..=LONGEST).contains(&time);
    if is_legal { Ok(time) } else { Err("Lambda's time-outs are from `1s` to `30m`".into()) }
}

/// Makes the plan, as text that ends without a newline.
pub(crate) async fn plan(options: &Options) -> Result<String, String> {
    let object = match (&options.file, options.size, options.records) {
        (Some(file), _, records) => match file.to_str().and_then(|name| name.strip_prefix("s3://")) {
            Some(name) => Object::in_s3(name, records).await?,
            None => Object::of_file(file, records)?,
        },
        (None, Some(bytes), Some(records)) => Object { bytes, records, counted: Counted::Given },
        (None, ..) => return Err("give FILE, or `--size` and `--records`".into()),
    };
    let job = Job {
        bytes: object.bytes,
        records: object.records,
        batch: options.batch,
        batch_seconds: options.batch_ms / 1e3,
        memory_mb: options.memory,
        timeout: options.timeout.as_secs_f64(),
        concurrency: options.concurrency,
        architecture: options.architecture,
        shards: options.shards,
        scan: options.scan,
    };
    if !job.fits_time_out() {
        return Err("a batch takes longer than the time-out: use a longer `--timeout`, or smaller batches".into());
    }
    let estimates = job.estimates();
    let plan = Plan::new(&job, object, &estimates);
    if options.json { plan.json() } else { Ok(plan.text().trim_end().to_owned()) }
}
