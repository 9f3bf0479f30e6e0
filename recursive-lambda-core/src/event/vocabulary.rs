//! The names that AWS gives to what happens to an object: which of them tell of an upload, and which are known to tell of something else.
//!
//! The reader makes an error of an unknown name and never ignores it: a new kind of upload must not be lost in silence.

/// What a name tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Upload,
    /// Something else that AWS documents.
    NoUpload,
    Unknown,
}

/// What comes before the colon of `eventName` in a notification of S3.
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

/// The calls after which there is an object.
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

/// How the names of calls begin that read, remove or are about a bucket.
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

/// `detail-type` of an event that S3 itself sends to EventBridge.
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
