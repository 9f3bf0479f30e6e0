//! `start`: a run over an object that is in S3 already, or one over each object below a prefix.

use crate::arguments::Target;
use crate::confirm::confirm;
use crate::remote::{Place, Remote};
use serde_json::json;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Start {
    /// The object; with `--all` a prefix
    #[arg(value_name = "s3://BUCKET/KEY")]
    object: String,

    #[command(flatten)]
    target: Target,

    /// The name of the run. The same object under the same name is the same run, so it is processed once
    #[arg(long, value_name = "NAME", default_value = "manual")]
    run: String,

    /// Start a run over each object below the prefix
    #[arg(long)]
    all: bool,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// One JSON object for each object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn start(options: Start) -> Result<ExitCode, String> {
    if !recursive_lambda_core::event::is_run_name(&options.run) {
        return Err("the name of a run has 1 to 64 of A-Z a-z 0-9 . _ -".into());
    }
    let (bucket, key) = match options.object.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
        Some((bucket, key)) if !bucket.is_empty() && (options.all || !key.is_empty()) => (bucket.to_owned(), key.to_owned()),
        _ => return Err("write the object as `s3://BUCKET/KEY`".into()),
    };
    let remote = Remote::open(&options.target).await?;
    let function = remote.function.as_ref().ok_or("a run is started by its function: say `--function NAME`")?;
    let keys = match options.all {
        // Consoles make an empty object for a folder.
        true => {
            let keys = remote.checkpoints.objects(&Place { bucket: bucket.clone(), prefix: key }).await?;
            keys.into_iter().filter(|key| !key.ends_with('/')).collect()
        }
        false => vec![key],
    };
    if keys.is_empty() {
        eprintln!("there is no object below {}", options.object.escape_debug());
        return Ok(ExitCode::FAILURE);
    }
    if !options.yes && options.all && !confirm(&format!("start {} runs of `{}`", keys.len(), function.name))? {
        return Ok(ExitCode::FAILURE);
    }
    for key in &keys {
        function.send(json!({ "bucket": bucket, "key": key, "run": options.run }).to_string()).await?;
        if options.json {
            println!("{}", json!({ "function": function.name, "bucket": bucket, "key": key, "name": options.run }));
        } else {
            println!("asked `{}` to process s3://{bucket}/{}", function.name, key.escape_debug());
        }
    }
    Ok(ExitCode::SUCCESS)
}
