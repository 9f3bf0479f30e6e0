//! What must be gone when a platform is gone, also by a signal: its folder. Its processes are in `lambda::process_groups`.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;

use crate::lambda::kill_all;
use crate::sync::locked;

/// Of all platforms of this process.
static FOLDERS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A temporary folder, removed when dropped and on a signal.
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
    // A process that is about to die may still write: then the folder is not empty, a moment longer.
    for _ in 0..40 {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => std::thread::sleep(Duration::from_millis(5)),
            _ => return,
        }
    }
}

/// Containers have process groups of their own, so the terminal's Ctrl-C does not reach them.
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
