//! Which files there are, who uses them, and which of them goes first. Pure.

use super::name::Name;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Held by the one who fetches or removes a file.
pub(super) type Lock = Arc<Mutex<()>>;
pub(super) type Locked = OwnedMutexGuard<()>;

#[derive(Default)]
pub(super) struct Index {
    files: HashMap<Name, File>,
    /// Counts uses: the time by which the oldest one is known.
    time: u64,
}

#[derive(Default)]
struct File {
    lock: Lock,
    users: usize,
    last_used: u64,
    /// In bytes; `None`: it is not there.
    size: Option<u64>,
}

impl Index {
    /// Counts a use, which keeps the file from being evicted until it is given back.
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

    /// The file is there now.
    pub(super) fn put(&mut self, name: &Name, size: u64) {
        self.time += 1;
        let file = self.files.entry(name.clone()).or_default();
        file.size = Some(size);
        file.last_used = self.time;
    }

    /// The file is not there any more.
    pub(super) fn gone(&mut self, name: &Name) {
        if let Some(file) = self.files.get_mut(name) {
            file.size = None;
        }
    }

    /// Takes a file that nobody uses, to remove it.
    pub(super) fn take_idle(&mut self, name: &Name) -> Option<Locked> {
        let idle = self.files.get(name).filter(|file| file.users == 0 && file.size.is_some())?;
        // Its last user may have the lock for a moment longer; then nothing is counted.
        let lock = Arc::clone(&idle.lock).try_lock_owned().ok()?;
        self.take(name);
        Some(lock)
    }

    /// Takes the file that nobody uses and that was used the longest time ago, to remove it.
    pub(super) fn take_oldest(&mut self) -> Option<(Name, Locked)> {
        let idle = self.files.iter().filter(|(_, file)| file.users == 0 && file.size.is_some());
        let name = idle.min_by_key(|(_, file)| file.last_used).map(|(name, _)| name.clone())?;
        self.take_idle(&name).map(|lock| (name, lock))
    }

    /// The bytes of files that are there and in use.
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
        // A use that ends lets go of the file a moment before its lock.
        let lock = index.take(&name);
        let still = lock.try_lock_owned();
        index.give_back(&name);
        assert!(still.is_ok() && index.take_oldest().is_none());
        drop(still);
        assert!(index.take_oldest().is_some());
    }
}
