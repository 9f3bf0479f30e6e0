//! A file in use: it stays while one of these lives.

use super::Cache;
use super::name::Name;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that stays in its place.
#[doc(hidden)]
pub struct CachedFile {
    path: PathBuf,
    /// `None`: the file is outside the cache.
    in_use: Option<InUse>,
}

impl CachedFile {
    pub(super) fn new(path: PathBuf, in_use: InUse) -> Self {
        Self { path, in_use: Some(in_use) }
    }

    pub(crate) fn outside(path: PathBuf) -> Self {
        Self { path, in_use: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn name(&self) -> Option<&Name> {
        self.in_use.as_ref().map(|in_use| &in_use.name)
    }
}

/// One use of a file. Dropping it only changes a counter and never touches the disk.
pub(super) struct InUse {
    cache: Arc<Cache>,
    name: Name,
}

impl InUse {
    /// For a use that the index has counted.
    pub(super) fn new(cache: Arc<Cache>, name: Name) -> Self {
        Self { cache, name }
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.cache.index().give_back(&self.name);
    }
}
