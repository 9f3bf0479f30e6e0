//! The record of a run.

use serde::{Deserialize, Serialize};

/// The object a run reads, pinned: the same bytes in every invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    pub(crate) etag: String,
    pub(crate) size: u64,
}

impl Object {
    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key, decoded. It is the uploader's text: do not use it as a path.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The version that is read, if the bucket keeps versions.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The ETag that every read insists on, without quotes.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// The size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn for_tests() -> Self {
        Self { bucket: "bucket".into(), key: "key".into(), version: None, etag: "etag".into(), size: 0 }
    }
}
