//! Which files exist, who uses them, and which is evicted first. Pure.

use super::name::Name;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Held while a file is fetched or removed.
pub(super) type Lock = Arc<Mutex<()>>;
pub(super) type Locked = OwnedMutexGuard<()>;

#[derive(Default)]
pub(super) struct Index {
    files: HashMap<Name, File>,
    /// Counts uses; the oldest use has the smallest number.
    time: u64,
}

#[derive(Default)]
struct File {
    lock: Lock,
    users: usize,
    last_used: u64,
    /// In bytes; `None`: the file does not exist.
    size: Option<u64>,
}

impl Index {
    /// Counts a use. The file is not evicted until the use ends.
    pub(super) fn take(&mut self, name: &Name) -> Lock {
        self.time += 1;
        let file = self.files.entry(name.clone()).or_default();
        file.users += 1;
        file.last_used = self.time;
        Arc::clone(&file.lock)
    }

    pub(super) fn give_back(&mut self, name: &Name) {
        let Some(file) = self.files.get_mut(name) else { return };
        file.users = file.users.saturating_sub(1);
        if file.users == 0 && file.size.is_none() {
            self.files.remove(name);
        }
    }

    /// The file exists now.
    pub(super) fn put(&mut self, name: &Name, size: u64) {
        self.time += 1;
        let file = self.files.entry(name.clone()).or_default();
        file.size = Some(size);
        file.last_used = self.time;
    }

    /// The file no longer exists.
    pub(super) fn gone(&mut self, name: &Name) {
        if let Some(file) = self.files.get_mut(name) {
            file.size = None;
        }
    }

    /// Takes an unused file, to remove it.
    pub(super) fn take_idle(&mut self, name: &Name) -> Option<Locked> {
        let idle = self.files.get(name).filter(|file| file.users == 0 && file.size.is_some())?;
        // Its last user may still hold the lock for a moment; then the use does not count.
        let lock = Arc::clone(&idle.lock).try_lock_owned().ok()?;
        self.take(name);
        Some(lock)
    }

    /// Takes the least recently used file that is not in use, to remove it.
    pub(super) fn take_oldest(&mut self) -> Option<(Name, Locked)> {
        let idle = self.files.iter().filter(|(_, file)| file.users == 0 && file.size.is_some());
        let name = idle.min_by_key(|(_, file)| file.last_used).map(|(name, _)| name.clone())?;
        self.take_idle(&name).map(|lock| (name, lock))
    }

    /// The bytes of existing files and of those in use.
    pub(super) fn bytes_in_use(&self) -> u64 {
        self.files.values().filter(|file| file.users > 0).filter_map(|file| file.size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recursive_lambda_core::object::PinnedObject;

    #[test]
    fn locked_files_are_not_evicted() {
        let (mut index, name) = (Index::default(), Name::of(&PinnedObject::for_tests()));
        index.put(&name, 1);
        // A use that ends releases the file a moment before its lock.
        let lock = index.take(&name);
        let still = lock.try_lock_owned();
        index.give_back(&name);
        assert!(still.is_ok() && index.take_oldest().is_none());
        drop(still);
        assert!(index.take_oldest().is_some());
    }
}
