//! Finds the runs that a command is about.

use crate::arguments::RunName;
use crate::remote::{Checkpoints, Found, RunFile, age};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use recursive_lambda_core::checkpoint::Status;
use recursive_lambda_core::identity::parse_run_name;
use std::io::IsTerminal;
use std::time::Duration;

/// How many checkpoints are read before the first ones are looked at.
const PAGE: usize = 256;

/// Which runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) status: Option<Status>,
    pub(crate) job: Option<String>,
    /// Changed no longer ago than this.
    pub(crate) since: Option<Duration>,
}

impl Filter {
    fn takes_file(&self, file: &RunFile) -> bool {
        self.job.as_ref().is_none_or(|job| *job == file.job) && self.since.is_none_or(|since| age(file.written) <= since)
    }

    fn takes(&self, found: &Found) -> bool {
        match (&found.checkpoint, self.status) {
            (Ok(checkpoint), Some(status)) => checkpoint.status == status,
            // A person should see it.
            (Err(_), status) => status.is_none(),
            (Ok(_), None) => true,
        }
    }
}

/// The newest runs that pass the filter, up to `limit`, and whether there may be more.
pub(crate) async fn runs(checkpoints: &Checkpoints, filter: &Filter, limit: usize) -> Result<(Vec<Found>, bool), String> {
    let mut files = checkpoints.files().await?;
    files.retain(|file| filter.takes_file(file));
    let progress = progress(files.len());
    let (mut found, mut rest) = (Vec::new(), files.into_iter());
    while found.len() < limit {
        let next: Vec<_> =
            rest.by_ref().take(if filter.status.is_some() { PAGE } else { PAGE.min(limit - found.len()) }).collect();
        if next.is_empty() {
            break;
        }
        found.extend(checkpoints.read_all(next, || progress.inc(1)).await?.into_iter().filter(|found| filter.takes(found)));
    }
    progress.finish_and_clear();
    let more = found.len() > limit || rest.next().is_some();
    found.truncate(limit);
    Ok((found, more))
}

/// The run with this id, or the latest one over this object. `None`: there is none.
pub(crate) async fn run(checkpoints: &Checkpoints, name: &RunName) -> Result<Option<Found>, String> {
    let files = checkpoints.files().await?;
    match name {
        RunName::Id(id) => {
            let run = parse_run_name(id).map_or(id.as_str(), |(run, _)| run);
            let file = files.into_iter().find(|file| file.run == run);
            // A shard is not listed.
            let file = file.map(|file| if run == id { file } else { checkpoints.shard(&file, id.clone()) });
            Ok(checkpoints.read_all(file.into_iter().collect(), || ()).await?.pop())
        }
        RunName::Object { bucket, key } => {
            let progress = progress(files.len());
            let mut rest = files.into_iter();
            loop {
                let next: Vec<_> = rest.by_ref().take(PAGE).collect();
                if next.is_empty() {
                    progress.finish_and_clear();
                    return Ok(None);
                }
                let is_match = |found: &Found| {
                    let object = found.checkpoint.as_ref().map(|checkpoint| &checkpoint.object);
                    object.is_ok_and(|object| object.bucket == *bucket && object.key == *key)
                };
                let found = checkpoints.read_all(next, || progress.inc(1)).await?.into_iter().find(is_match);
                if found.is_some() {
                    progress.finish_and_clear();
                    return Ok(found);
                }
            }
        }
    }
}

/// Says that there is no such run.
pub(crate) fn absent(checkpoints: &Checkpoints, name: &RunName) -> String {
    format!("there is no run {} in {}; `list` shows the runs", name.shown(), checkpoints.shown())
}

/// One line on a terminal while many checkpoints are read.
fn progress(files: usize) -> ProgressBar {
    if files < PAGE || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("reading checkpoints: {pos} of {len}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
