//! The files of this workspace, for tests that read them. It skips links, hidden folders and `target`.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::{Path, PathBuf};

pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// All files below `folder` with one of these extensions.
pub(crate) fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let wanted = |path: &PathBuf| path.extension().is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted));
    let skipped = |path: &Path| {
        path.is_symlink() || path.file_name().is_some_and(|name| name == "target" || name.to_string_lossy().starts_with('.'))
    };
    let (folders, files): (Vec<_>, Vec<_>) = entries.filter(|path| !skipped(path)).partition(|path| path.is_dir());
    files.into_iter().filter(wanted).chain(folders.iter().flat_map(|folder| self::files(folder, extensions))).collect()
}
