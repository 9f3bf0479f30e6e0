//! The object that a run reads.

use serde::{Deserialize, Serialize};

/// The object a run reads, pinned: the same bytes in every invocation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PinnedObject {
    pub bucket: String,
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    pub etag: String,
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The account that must own the bucket, from this deployment's settings.
    #[serde(skip)]
    pub owner: Option<String>,
}

impl PinnedObject {
    /// An object for tests of a job.
    #[must_use]
    pub fn for_tests() -> Self {
        Self {
            bucket: "bucket".into(),
            key: "key".into(),
            version: None,
            etag: "etag".into(),
            size: 0,
            region: None,
            owner: None,
        }
    }
}
