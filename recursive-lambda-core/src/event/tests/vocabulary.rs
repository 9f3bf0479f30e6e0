//! AWS's names: each means an upload, is known to mean something else, or is an error that shows it.

use super::*;
use crate::event::vocabulary::{Meaning, call, detail_type, notification, reason};

#[test]
fn every_documented_name_is_known() {
    use Meaning::{NoUpload, Unknown, Upload};
    type Line = (fn(&str) -> Meaning, Meaning, &'static [&'static str]);
    let cases: [Line; 11] = [
        (
            notification,
            Upload,
            &["ObjectCreated:Put", "ObjectCreated:Post", "s3:ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload"],
        ),
        (
            notification,
            NoUpload,
            &[
                "ObjectRemoved:Delete",
                "ObjectRemoved:DeleteMarkerCreated",
                "ObjectRestore:Post",
                "s3:ObjectRestore:Completed",
                "ObjectRestore:Delete",
                "ReducedRedundancyLostObject",
                "Replication:OperationFailedReplication",
                "Replication:OperationMissedThreshold",
                "Replication:OperationReplicatedAfterThreshold",
                "Replication:OperationNotTracked",
                "LifecycleExpiration:Delete",
                "LifecycleExpiration:DeleteMarkerCreated",
                "LifecycleTransition",
                "IntelligentTiering",
                "ObjectTagging:Put",
                "ObjectTagging:Delete",
                "ObjectAcl:Put",
                "TestEvent",
                "s3:TestEvent",
            ],
        ),
        (notification, Unknown, &["", "s3:", "ObjectCreated", "ObjectCreatedLong:Put", "ObjectRenamed:Put", "objectcreated:put"]),
        (detail_type, Upload, &["Object Created"]),
        (
            detail_type,
            NoUpload,
            &[
                "Object Deleted",
                "Object Restore Initiated",
                "Object Restore Completed",
                "Object Restore Expired",
                "Object Storage Class Changed",
                "Object Access Tier Changed",
                "Object ACL Updated",
                "Object Tags Added",
                "Object Tags Deleted",
            ],
        ),
        (detail_type, Unknown, &["", "Object Renamed", "AWS Service Event via CloudTrail", "Scheduled Event"]),
        (call, Upload, &["PutObject", "CopyObject", "CompleteMultipartUpload", "PostObject"]),
        (
            call,
            NoUpload,
            &[
                "GetObject",
                "GetObjectAcl",
                "GetBucketLocation",
                "HeadObject",
                "HeadBucket",
                "ListObjects",
                "ListObjectVersions",
                "ListParts",
                "DeleteObject",
                "DeleteObjects",
                "DeleteObjectTagging",
                "DeleteBucketPolicy",
                "PutObjectAcl",
                "PutObjectTagging",
                "PutObjectRetention",
                "PutObjectLegalHold",
                "PutBucketNotification",
                "CreateBucket",
                "CreateMultipartUpload",
                "UploadPart",
                "UploadPartCopy",
                "AbortMultipartUpload",
                "RestoreObject",
                "SelectObjectContent",
            ],
        ),
        (call, Unknown, &["", "RenameObject", "putObject", "PutObjects"]),
        (reason, Upload, &["PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload"]),
        (reason, NoUpload, &["DeleteObject", "Lifecycle Expiration"]),
    ];
    for (meaning, want, names) in cases {
        for name in names {
            assert_eq!(meaning(name), want, "{name}");
        }
    }
}

#[test]
fn an_unknown_name_is_an_error() {
    let named = |mut event: Value, pointer: &str, name: &str| {
        *event.pointer_mut(pointer).unwrap() = name.into();
        event
    };
    let detail = json!({ "bucket": { "name": "bkt" }, "object": { "key": "k" }, "reason": "RenameObject" });
    let long = format!("`detail-type` is `{}…`, which", "x".repeat(60));
    let cases = [
        (
            named(s3("k"), "/Records/0/eventName", "ObjectRenamed:Put"),
            "`Records[0].eventName` is `ObjectRenamed:Put`, which this release does not know: it may mean an upload, and no run was started",
        ),
        (named(bridge("k"), "/detail-type", "Object Renamed"), "`detail-type` is `Object Renamed`, which"),
        (named(bridge("k"), "/detail-type", "a\u{1b}[31m\n"), "`detail-type` is `a\\u{1b}[31m\\n`, which"),
        (named(bridge("k"), "/detail-type", &"x".repeat(61)), &long),
        (named(super::call("k"), "/detail/eventName", "RenameObject"), "`detail.eventName` is `RenameObject`, which"),
        (detail, "`reason` is `RenameObject`, which"),
        (named(bridge("k"), "/source", "aws.events"), "`source` is `aws.events`, and only events of aws.s3 are supported"),
        (
            named(sqs(&bridge("k")), "/Records/0/body", &named(bridge("k"), "/source", "my.app").to_string()),
            "`Records[0].body.source` is `my.app`, and",
        ),
    ];
    for (event, expected) in cases {
        let line = only(&event);
        let line = line.strip_prefix("m ").unwrap_or(&line);
        assert!(line.starts_with(&format!("UnknownEvent: {expected}")), "{event}: {line}");
    }
}
