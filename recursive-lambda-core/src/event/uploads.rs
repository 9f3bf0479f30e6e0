//! What each channel says about one object -> a start, or the reason why there is nothing to do.
//!
//! Each channel has its own field names and its own encoding of keys. A name that AWS documents as something other than an upload
//! means nothing to do. An unknown name is an error that shows it, because the name is AWS's, not user data.

use super::fields::{Fields, shown};
use super::names::{self, Checked};
use super::vocabulary::{self, Meaning};
use super::{NamedObject, Request};
use crate::Error;

const NO_UPLOAD: &str = "not a creation";
const FOLDER: &str = "a folder's marker";

/// A record of an S3 notification.
pub(super) fn of_s3(record: &Fields<'_>) -> Result<Request, Error> {
    let version = record.text_if_any("eventVersion")?;
    if version.is_some_and(|version| version != "2" && !version.starts_with("2.")) {
        return Err(record.fault("eventVersion", "is not 2.x, the only version this release knows"));
    }
    // Required, although the rest is lenient: a deletion taken for an upload is worse than an error.
    if !tells_of_upload(record, "eventName", vocabulary::notification)? {
        return Ok(Request::Nothing(NO_UPLOAD));
    }
    let region = record.name_if_any("awsRegion", names::region)?;
    of_object(&record.object("s3")?, region, names::form_encoded_key)
}

/// An event of EventBridge, from S3 or, about a call of S3, from CloudTrail.
pub(super) fn of_event_bridge(event: &Fields<'_>) -> Result<Request, Error> {
    let source = event.text("source")?;
    if source != "aws.s3" {
        return Err(event.fault("source", &format!("is `{}`, and only events of aws.s3 are supported", shown(&source))));
    }
    if event.text("detail-type")? == "AWS API Call via CloudTrail" {
        return of_call(&event.object("detail")?, event.name_if_any("id", names::token)?);
    }
    if !tells_of_upload(event, "detail-type", vocabulary::detail_type)? {
        return Ok(Request::Nothing(NO_UPLOAD));
    }
    let region = event.name_if_any("region", names::region)?;
    of_object(&event.object("detail")?, region, names::key)
}

/// The detail of an S3 event alone, as a rule with the input path `$.detail` passes it on.
pub(super) fn of_detail(detail: &Fields<'_>) -> Result<Request, Error> {
    // Details of other events have these fields but no reason.
    let others =
        ["deletion-type", "restore-expiry-time", "source-storage-class", "destination-storage-class", "destination-access-tier"];
    if others.iter().any(|other| detail.has(other)) {
        return Ok(Request::Nothing(NO_UPLOAD));
    }
    if !detail.has("reason") {
        let what = "is missing, and without it an upload cannot be told from a change of tags; let the rule pass the whole event";
        return Err(detail.fault("reason", what));
    }
    if !tells_of_upload(detail, "reason", vocabulary::reason)? {
        return Ok(Request::Nothing(NO_UPLOAD));
    }
    of_object(detail, None, names::key)
}

/// A call to S3 as CloudTrail records it. It names the object, but neither its size nor its ETag. `id`: of the event around it.
pub(super) fn of_call(call: &Fields<'_>, id: Option<String>) -> Result<Request, Error> {
    if !tells_of_upload(call, "eventName", vocabulary::call)? {
        return Ok(Request::Nothing(NO_UPLOAD));
    }
    if call.has("errorCode") {
        return Ok(Request::Nothing("a call that failed"));
    }
    let asked = call.object("requestParameters")?;
    let key = asked.name("key", names::key)?;
    let answered = if call.has("responseElements") { Some(call.object("responseElements")?) } else { None };
    let version = match answered {
        Some(answered) => answered.name_if_any("x-amz-version-id", names::token)?.filter(|version| version != "null"),
        None => None,
    };
    // This is the object's size only for this call: a copy transfers no bytes.
    let put = call.text("eventName")? == "PutObject" && call.has("additionalEventData");
    if key.ends_with('/') && put && call.object("additionalEventData")?.is_zero("bytesTransferredIn") {
        return Ok(Request::Nothing(FOLDER));
    }
    // It stays the same when the event is delivered again, and differs for each call.
    let Some(call_id) = call.name_if_any("eventID", names::token)?.or(id) else {
        return Err(call.fault("eventID", "is missing; it tells two uploads of one key apart"));
    };
    Ok(Request::Start(NamedObject {
        bucket: asked.name("bucketName", names::bucket)?,
        key,
        region: call.name_if_any("awsRegion", names::region)?,
        version,
        etag: None,
        size: None,
        sequencer: Some(call_id),
        name: None,
    }))
}

/// A task of a job of S3 Batch Operations. The job's id and the object name the run, so a task that is tried again finds its run.
pub(super) fn of_task(task: &Fields<'_>, job: &str) -> Result<Request, Error> {
    let bucket = if task.has("s3BucketArn") {
        task.name("s3BucketArn", names::bucket_of_arn)?
    } else {
        task.name("s3Bucket", names::bucket)?
    };
    Ok(Request::Start(NamedObject {
        bucket,
        key: task.name("s3Key", names::form_encoded_key)?,
        region: None,
        version: task.name_if_any("s3VersionId", names::token)?,
        etag: None,
        size: None,
        sequencer: Some(job.to_owned()),
        name: None,
    }))
}

/// What S3 says about an upload. Its two channels spell two fields differently, and emulators mix them.
fn of_object(upload: &Fields<'_>, region: Option<String>, key: fn(String) -> Checked) -> Result<Request, Error> {
    let bucket = upload.object("bucket")?.name("name", names::bucket)?;
    let object = upload.object("object")?;
    let either = |one: &str, other: &str, check: fn(String) -> Checked| {
        object.name_if_any(if object.has(one) { one } else { other }, check)
    };
    let start = NamedObject {
        bucket,
        key: object.name("key", key)?,
        region,
        version: either("versionId", "version-id", names::token)?.filter(|version| version != "null"),
        etag: either("eTag", "etag", names::etag)?,
        size: object.number_if_any("size")?,
        sequencer: object.name_if_any("sequencer", names::token)?,
        name: None,
    };
    if start.size == Some(0) && start.key.ends_with('/') {
        return Ok(Request::Nothing(FOLDER));
    }
    Ok(Request::Start(start))
}

fn tells_of_upload(event: &Fields<'_>, field: &str, meaning: fn(&str) -> Meaning) -> Result<bool, Error> {
    let name = event.text(field)?;
    match meaning(&name) {
        Meaning::Upload => Ok(true),
        Meaning::NoUpload => Ok(false),
        Meaning::Unknown => {
            let what =
                format!("is `{}`, which this release does not know: it may mean an upload, and no run was started", shown(&name));
            Err(event.fault(field, &what))
        }
    }
}
