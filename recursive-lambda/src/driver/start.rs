//! From an event about an object to the first checkpoint of its run.

use super::deployment::Deployment;
use super::source_error::{shown, source_error};
use crate::invocation::Invocation;
use crate::job::Handler;
use crate::ports::{Objects, RunKey, Store};
use crate::settings::{Settings, StoreLocation};
use crate::{Error, ErrorKind};
use recursive_lambda_core::engine::save::Read;
use recursive_lambda_core::event::NamedObject;
use recursive_lambda_core::identity::{Identity, unqualified};
use recursive_lambda_core::layout::StoreFile;
use recursive_lambda_core::object::PinnedObject;

/// The run's id and its object, or why the event starts no run.
pub(super) enum Beginning {
    Run { id: String, object: PinnedObject },
    OwnFile,
}

pub(super) async fn begin<H: Handler, P: Objects, R: Store>(
    deployment: &Deployment<H, P>,
    store: &R,
    invocation: &Invocation,
    named: NamedObject,
) -> Result<Beginning, Error> {
    if is_own_file(&deployment.settings, &named) {
        return Ok(Beginning::OwnFile);
    }
    let owner = expected_owner(&deployment.settings, &invocation.function_arn, &named.bucket)?;
    let identity = Identity {
        function_arn: unqualified(&invocation.function_arn),
        job: H::NAME,
        tenant: invocation.tenant.as_deref(),
        region: named.region.as_deref(),
        bucket: &named.bucket,
        key: &named.key,
        version: named.version.as_deref(),
        etag: named.etag.as_deref(),
        occasion: named.name.as_deref().or(named.sequencer.as_deref()),
    };
    let id = identity.run_id();
    let object = pin(deployment, store, &named, &id, owner).await?;
    Ok(Beginning::Run { id, object })
}

/// The event pins the object if it can. Otherwise the checkpoint does, if there is one, because the run goes on even if its
/// object is gone. Otherwise S3 is asked.
async fn pin<H: Handler, P: Objects, R: Store>(
    deployment: &Deployment<H, P>,
    store: &R,
    named: &NamedObject,
    run: &str,
    owner: Option<String>,
) -> Result<PinnedObject, Error> {
    let pinned = PinnedObject {
        bucket: named.bucket.clone(),
        key: named.key.clone(),
        version: named.version.clone(),
        etag: named.etag.clone().unwrap_or_default(),
        size: named.size.unwrap_or_default(),
        region: named.region.clone(),
        owner,
    };
    if named.etag.is_some() && named.size.is_some() {
        return Ok(pinned);
    }
    if let Read::Found(stored) = store.read(&RunKey { job: H::NAME, run: run.into() }).await {
        return Ok(stored.checkpoint.object);
    }
    deployment.platform.head(&pinned).await.map_err(|error| source_error(error, &pinned, false))
}

/// Whether a run of any function wrote this file. In a bucket that triggers the function, each such file would start a run.
fn is_own_file(settings: &Settings, named: &NamedObject) -> bool {
    let Some(StoreLocation::S3 { bucket, prefix }) = &settings.state else { return false };
    *bucket == named.bucket && StoreFile::parse(prefix, &named.key).is_some()
}

/// The account that must own the bucket; `None` if the function's ARN has none to compare with. Fails if the bucket is not
/// allowed: at a start, before there is a run, that fails the event; later the run waits until it is allowed again.
pub(crate) fn expected_owner(settings: &Settings, function_arn: &str, bucket: &str) -> Result<Option<String>, Error> {
    let own = function_arn.split(':').nth(4).filter(|account| !account.is_empty()).map(String::from);
    let Some(allowed) = &settings.buckets else { return Ok(own) };
    match allowed.iter().find(|entry| entry.name == bucket) {
        Some(entry) => Ok(entry.account.clone().or(own)),
        None => Err(Error::terminal(Error::new(
            ErrorKind::NotAllowed,
            format!(
                "the event names bucket `{}`, which RECURSIVE_LAMBDA_BUCKETS does not allow; add it there, or remove the trigger",
                shown(bucket)
            ),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_files_start_no_run() {
        const RUN: &str = "0123456789abcdef0123456789abcdef";
        let state = StoreLocation::S3 { bucket: "state".into(), prefix: "runs".into() };
        let settings = Settings { state: Some(state), ..Settings::default() };
        for (bucket, key, want) in [
            ("state", format!("runs/another-function/rows/{RUN}.json"), true),
            ("state", format!("runs/tally/rows/{RUN}/skipped/17.json"), true),
            ("uploads", format!("runs/tally/rows/{RUN}.json"), false),
            ("state", "runs/2026-05/amounts.csv".into(), false),
        ] {
            let (version, etag, size, sequencer, name, region) = Default::default();
            let named = NamedObject { bucket: bucket.into(), key, region, version, etag, size, sequencer, name };
            assert_eq!(is_own_file(&settings, &named), want, "{named:?}");
        }
    }
}
