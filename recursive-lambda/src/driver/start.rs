//! From an event about an object to the record its run begins with.

use super::site::Site;
use super::source::{shown, source_error};
use crate::engine::identity::{Identity, is_run_id, unqualified};
use crate::engine::record::{Object, Owner, Record, Status, VERSION};
use crate::engine::save::Read;
use crate::event::Start;
use crate::invocation::Invocation;
use crate::job::Handler;
use crate::ports::{Clock, Objects, RecordId, Records};
use crate::settings::{Settings, State};
use crate::{Error, ErrorKind};

/// The run's identity and its first record, or why the event is none of ours.
pub(super) enum Beginning {
    Run { id: String, record: Box<Record> },
    OwnRecord,
}

/// `in_place`: the invocation works on the run itself, and owns it from the start.
pub(super) async fn begin<H: Handler, P: Objects + Clock, R: Records>(
    site: &Site<H, P>,
    records: &R,
    invocation: &Invocation,
    start: Start,
    in_place: Option<Owner>,
) -> Result<Beginning, Error> {
    if is_own_record(&site.settings, &start) {
        return Ok(Beginning::OwnRecord);
    }
    let owner = expected_owner(&site.settings, &invocation.function_arn, &start.bucket)?;
    let identity = Identity {
        function_arn: unqualified(&invocation.function_arn),
        job: H::NAME,
        tenant: invocation.tenant.as_deref(),
        region: start.region.as_deref(),
        bucket: &start.bucket,
        key: &start.key,
        version: start.version.as_deref(),
        etag: start.etag.as_deref(),
        occasion: start.name.as_deref().or(start.sequencer.as_deref()),
    };
    let id = identity.run_id();
    let object = pin(site, records, &start, &id, owner).await?;
    let now = site.platform.wall();
    let working = in_place.is_some();
    let record = Record {
        v: VERSION,
        status: if working { Status::Running } else { Status::Ready },
        position: 0,
        offset: 0,
        line: 0,
        size: object.size,
        batches: 0,
        seq: u64::from(!working),
        epoch: u64::from(working),
        owner: in_place,
        handed_over_by: None,
        attempts: u32::from(working),
        invocations: u64::from(working),
        forgiven: 0,
        set_aside: 0,
        plan: site.plan.clone(),
        object,
        header: None,
        state: None,
        started: now,
        updated: now,
        last_error: None,
        waiting: None,
        careful_ms: 0,
        input_finished: false,
        search: None,
        w: String::new(),
    };
    Ok(Beginning::Run { id, record: Box::new(record) })
}

/// The event pins the object by itself where it can; otherwise the record does if there is one, because the run goes on although its
/// object may be gone; otherwise the store is asked.
async fn pin<H: Handler, P: Objects, R: Records>(
    site: &Site<H, P>,
    records: &R,
    start: &Start,
    run: &str,
    owner: Option<String>,
) -> Result<Object, Error> {
    let named = Object {
        bucket: start.bucket.clone(),
        key: start.key.clone(),
        version: start.version.clone(),
        etag: start.etag.clone().unwrap_or_default(),
        size: start.size.unwrap_or_default(),
        region: start.region.clone(),
        owner,
    };
    if start.etag.is_some() && start.size.is_some() {
        return Ok(named);
    }
    if let Read::Found(stored) = records.read(&RecordId { job: H::NAME, run: run.into() }).await {
        return Ok(stored.record.object);
    }
    site.platform.head(&named).await.map_err(|error| source_error(error, &named, false))
}

/// Whether this is the record of a run, of whatever function, or what a run set aside: in a bucket that triggers the function each would
/// start a run. Whatever else lies there is an upload.
fn is_own_record(settings: &Settings, start: &Start) -> bool {
    let Some(State::S3 { bucket, prefix }) = &settings.state else { return false };
    let rest = match start.key.strip_prefix(prefix.as_str()) {
        Some(rest) if prefix.is_empty() => Some(rest),
        Some(rest) => rest.strip_prefix('/'),
        None => None,
    };
    let Some(parts) = rest.and_then(|rest| rest.strip_suffix(".json")).filter(|_| *bucket == start.bucket) else { return false };
    match parts.split('/').collect::<Vec<_>>()[..] {
        [_, _, run] => is_run_id(run),
        [_, _, run, index] => is_run_id(run) && index.parse::<u64>().is_ok(),
        _ => false,
    }
}

/// The account that must own the bucket; `None` where the function's ARN has none to compare with. Refuses what is not allowed.
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
    fn only_records_of_runs_and_what_they_set_aside_are_no_uploads() {
        const RUN: &str = "0123456789abcdef0123456789abcdef";
        for (prefix, bucket, key, want) in [
            ("runs", "state", format!("runs/tally/rows/{RUN}.json"), true),
            ("runs", "state", format!("runs/another-function/rows/{RUN}.json"), true),
            ("runs", "state", format!("runs/tally/rows/{RUN}/17.json"), true),
            ("a/b", "state", format!("a/b/tally/rows/{RUN}.json"), true),
            ("", "state", format!("tally/rows/{RUN}.json"), true),
            ("runs", "uploads", format!("runs/tally/rows/{RUN}.json"), false),
            ("runs", "state", format!("runs2/tally/rows/{RUN}.json"), false),
            ("runs", "state", format!("tally/rows/{RUN}.json"), false),
            ("runs", "state", "runs/2026-05/amounts.csv".into(), false),
            ("runs", "state", "runs/tally/rows/amounts.json".into(), false),
            ("runs", "state", format!("runs/tally/rows/{RUN}/last.json"), false),
            ("runs", "state", format!("runs/tally/rows/{RUN}/17/18.json"), false),
            ("runs", "state", format!("runs/tally/rows/{RUN}.csv"), false),
            ("runs", "state", "runs".into(), false),
            ("", "state", "amounts.csv".into(), false),
        ] {
            let state = State::S3 { bucket: "state".into(), prefix: prefix.into() };
            let settings = Settings { state: Some(state), ..Settings::default() };
            let start = Start {
                bucket: bucket.into(),
                key,
                region: None,
                version: None,
                etag: None,
                size: None,
                sequencer: None,
                name: None,
            };
            assert_eq!(is_own_record(&settings, &start), want, "{prefix} {start:?}");
        }
    }
}
