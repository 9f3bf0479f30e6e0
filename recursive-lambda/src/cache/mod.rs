//! Objects as files in /tmp: fetched once, found again by later invocations of this process and of later ones.
//!
//! A file's name is a digest, so no byte of a key reaches a path. Only whole files have such a name, so the remains of a dead
//! invocation are never taken for an object. A file in use is never evicted. Nothing here knows about runs.

mod cached_file;
mod fetch;
mod folder;
mod index;
mod name;
mod origin;
#[cfg(test)]
mod tests;

pub(crate) use cached_file::CachedFile;
pub(crate) use origin::{Local, Origin, discard};

use crate::ports::{Disk, Objects, SourceError};
use folder::Folder;
use index::Index;
use name::Name;
use recursive_lambda_core::object::PinnedObject;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// The files of one process.
pub(crate) struct Cache {
    folder: OnceCell<Folder>,
    index: Mutex<Index>,
}

impl Cache {
    pub(crate) fn new() -> Self {
        Self { folder: OnceCell::new(), index: Mutex::default() }
    }

    /// The object as a file, which stays while it is held. It is fetched if it is missing. If it exists, the store is asked
    /// whether the object has changed, so a run ends the same way in every container.
    pub(crate) async fn hold<P: Objects + Disk>(
        self: &Arc<Self>,
        platform: &Arc<P>,
        object: &PinnedObject,
    ) -> Result<CachedFile, SourceError> {
        let folder = self.folder.get_or_try_init(|| self.open(platform)).await?;
        let name = Name::of(object);
        let path = folder.path(&name);
        let (in_use, lock) = self.take(&name);
        // A second caller waits for the first one's file.
        let alone = lock.lock().await;
        let (found, size) = (path.clone(), object.size);
        let there = blocking(platform, move || folder::is_whole(&found, size)).await?;
        let cached_file = CachedFile::new(path, in_use);
        if there {
            match self.check(platform, object).await {
                Err(error @ (SourceError::Changed | SourceError::NoSuchObject)) => {
                    drop(alone);
                    self.discard(platform, Arc::new(cached_file)).await;
                    return Err(error);
                }
                checked => checked?,
            }
        } else {
            self.index().gone(&name);
            fetch::fetch(self, platform, folder, object, &name).await?;
        }
        self.index().put(&name, object.size);
        Ok(cached_file)
    }

    /// Removes the file, unless it is in use.
    pub(crate) async fn discard<P: Disk>(self: &Arc<Self>, platform: &Arc<P>, cached_file: Arc<CachedFile>) {
        let name = cached_file.name().clone();
        let path = cached_file.path().to_owned();
        drop(cached_file);
        let victim = self.index().take_idle(&name);
        if let Some(lock) = victim {
            let _in_use = self.in_use(&name);
            self.remove(platform, &name, path, lock).await;
        }
    }

    /// Removes the least recently used file. False: all are in use.
    async fn evict<P: Disk>(self: &Arc<Self>, platform: &Arc<P>, folder: &Folder) -> bool {
        let victim = self.index().take_oldest();
        let Some((name, lock)) = victim else { return false };
        let _in_use = self.in_use(&name);
        tracing::debug!(file = %name, "evicted from /tmp");
        self.remove(platform, &name, folder.path(&name), lock).await;
        true
    }

    /// Its use protects it from eviction, its lock from being found.
    async fn remove<P: Disk>(&self, platform: &Arc<P>, name: &Name, path: std::path::PathBuf, _lock: index::Locked) {
        let removed = blocking(platform, move || folder::remove(&path)).await;
        if let Err(error) = removed {
            tracing::warn!(?error, "a file could not be removed from /tmp");
        }
        self.index().gone(name);
    }

    /// Opens the folder. What an earlier process in this container left is found or removed.
    async fn open<P: Disk>(&self, platform: &Arc<P>) -> Result<Folder, SourceError> {
        let place = platform.temporary();
        let (folder, files) = blocking(platform, move || Folder::open(&place)).await?;
        let mut index = self.index();
        for (name, size) in files {
            index.put(&name, size);
        }
        Ok(folder)
    }

    async fn check<P: Objects>(&self, platform: &Arc<P>, object: &PinnedObject) -> Result<(), SourceError> {
        let now = platform.head(object).await?;
        if (&now.etag, now.size) == (&object.etag, object.size) { Ok(()) } else { Err(SourceError::Changed) }
    }

    fn take(self: &Arc<Self>, name: &Name) -> (cached_file::InUse, index::Lock) {
        let lock = self.index().take(name);
        (self.in_use(name), lock)
    }

    fn in_use(self: &Arc<Self>, name: &Name) -> cached_file::InUse {
        cached_file::InUse::new(Arc::clone(self), name.clone())
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs blocking work; its errors are those of the disk.
async fn blocking<P: Disk, T: Send + 'static>(
    platform: &Arc<P>,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, SourceError> {
    match platform.blocking(work).await {
        Some(done) => done.map_err(|error| SourceError::Disk(error.to_string())),
        None => Err(SourceError::Disk("the process is shutting down".into())),
    }
}
