//! Removes a platform's folder when the platform ends, even by a signal. `lambda::process_groups` ends its processes.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;

use crate::concurrency::locked;
use crate::lambda::kill_all;

/// The folders of all platforms in this process.
static FOLDERS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A temporary folder, removed when dropped or on a signal.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn create() -> io::Result<Self> {
        let path = tempfile::Builder::new().prefix("recursive-lambda-local-").tempdir().map(TempDir::keep)?;
        locked(&FOLDERS).insert(path.clone());
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.0);
        locked(&FOLDERS).remove(&self.0);
    }
}

fn remove(path: &Path) {
    // A dying process may still write to the folder, so try for up to 200 ms.
    for _ in 0..40 {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => std::thread::sleep(Duration::from_millis(5)),
            _ => return,
        }
    }
}

/// Waits for Ctrl-C or SIGTERM, then ends all containers and this process. The terminal's Ctrl-C does not reach the containers because they
/// have their own process groups.
pub(crate) async fn end_on_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return;
    };
    let status = tokio::select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
    };
    kill_all(None);
    locked(&FOLDERS).iter().for_each(|path| remove(path));
    std::process::exit(status);
}
