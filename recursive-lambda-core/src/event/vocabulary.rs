//! AWS's names for what happens to an object: which of them mean an upload, and which are known to mean something else.
//!
//! The reader turns an unknown name into an error and never ignores it: a new kind of upload must not be lost silently.

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Upload,
    /// Something else that AWS documents.
    NoUpload,
    Unknown,
}

/// The text before the colon of `eventName` in an S3 notification.
const NOTIFICATIONS: [&str; 10] = [
    "ObjectRemoved",
    "ObjectRestore",
    "ReducedRedundancyLostObject",
    "Replication",
    "LifecycleExpiration",
    "LifecycleTransition",
    "IntelligentTiering",
    "ObjectTagging",
    "ObjectAcl",
    "TestEvent",
];

const DETAIL_TYPES: [&str; 9] = [
    "Object Deleted",
    "Object Restore Initiated",
    "Object Restore Completed",
    "Object Restore Expired",
    "Object Storage Class Changed",
    "Object Access Tier Changed",
    "Object ACL Updated",
    "Object Tags Added",
    "Object Tags Deleted",
];

/// The calls after which the object exists.
const UPLOADS: [&str; 4] = ["PutObject", "CopyObject", "CompleteMultipartUpload", "PostObject"];

const CALLS: [&str; 14] = [
    "CreateMultipartUpload",
    "UploadPart",
    "UploadPartCopy",
    "CreateSession",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectLockConfiguration",
    "PutObjectRetention",
    "PutObjectTagging",
    "PutPublicAccessBlock",
    "RestoreObject",
    "SelectObjectContent",
    "UpdateObjectEncryption",
    "WriteGetObjectResponse",
];

/// The beginnings of the names of calls that read, remove, or concern a bucket.
const VERBS: [&str; 8] = ["Get", "Head", "List", "Describe", "Delete", "Abort", "PutBucket", "CreateBucket"];

/// `eventName` of a notification of S3.
pub(super) fn notification(name: &str) -> Meaning {
    let name = name.strip_prefix("s3:").unwrap_or(name);
    let family = name.split(':').next().unwrap_or_default();
    if name.starts_with("ObjectCreated:") {
        Meaning::Upload
    } else if NOTIFICATIONS.contains(&family) {
        Meaning::NoUpload
    } else {
        Meaning::Unknown
    }
}

/// `detail-type` of an event that S3 sends to EventBridge.
pub(super) fn detail_type(name: &str) -> Meaning {
    of(name, &["Object Created"], &DETAIL_TYPES)
}

/// `reason` in the detail of such an event: the call that made the object, or why it was deleted.
pub(super) fn reason(name: &str) -> Meaning {
    of(name, &["PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload"], &["DeleteObject", "Lifecycle Expiration"])
}

/// `eventName` of a call that CloudTrail recorded.
pub(super) fn call(name: &str) -> Meaning {
    match of(name, &UPLOADS, &CALLS) {
        Meaning::Unknown if VERBS.iter().any(|verb| name.starts_with(verb)) => Meaning::NoUpload,
        meaning => meaning,
    }
}

fn of(name: &str, uploads: &[&str], others: &[&str]) -> Meaning {
    if uploads.contains(&name) {
        Meaning::Upload
    } else if others.contains(&name) {
        Meaning::NoUpload
    } else {
        Meaning::Unknown
    }
}
