//! What the store shows of the function's runs: their jobs, and the objects that they read.

use super::super::facts::{Deployed, Known, Runs, Source, Unknown};
use crate::remote::{Checkpoints, s3_client};
use aws_config::SdkConfig;

/// The newest runs, which are read.
const READ: usize = 16;

pub(super) async fn runs(config: &SdkConfig, function: &Deployed) -> Known<Runs> {
    let Some(place) = &function.store else { return Ok(Runs::default()) };
    let checkpoints = Checkpoints::new(s3_client(config), place.clone(), Some(function.name.clone()));
    let failed = |why| Unknown { why, failed: true };
    let mut files = checkpoints.files().await.map_err(failed)?;
    let mut jobs: Vec<_> = files.iter().map(|file| file.job.clone()).collect();
    jobs.sort_unstable();
    jobs.dedup();
    let largest_checkpoint = files.iter().map(|file| file.bytes).max();
    files.truncate(READ);
    let mut objects = Vec::new();
    for found in checkpoints.read_all(files, || ()).await.map_err(failed)? {
        let Ok(checkpoint) = found.checkpoint else { continue };
        let object = checkpoint.object;
        let source = Source { bucket: object.bucket, key: object.key, has_version: object.version.is_some() };
        // In an ARN these characters would mean something else.
        if !source.key.contains(['*', '?', '$']) && !objects.contains(&source) {
            objects.push(source);
        }
    }
    Ok(Runs { jobs, objects, largest_checkpoint })
}
