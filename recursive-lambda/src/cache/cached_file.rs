//! A file in use: it stays while one of these lives.

use super::Cache;
use super::name::Name;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that stays in its place.
pub(crate) struct CachedFile {
    path: PathBuf,
    in_use: InUse,
}

impl CachedFile {
    pub(super) fn new(path: PathBuf, in_use: InUse) -> Self {
        Self { path, in_use }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn name(&self) -> &Name {
        &self.in_use.name
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
