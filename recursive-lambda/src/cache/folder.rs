//! The folder of the files. Every function here blocks.
//!
//! Only this user can read it, and no link in it is followed: layers and extensions share /tmp.

use super::name::{Name, is_part};
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(super) struct Folder(PathBuf);

impl Folder {
    /// Opens or creates the folder. Returns its files, the oldest first, and removes unfinished fetches. This happens once in a
    /// process, before its first fetch, so no fetch is running.
    pub(super) fn open(temporary: &Path) -> io::Result<(Self, Vec<(Name, u64)>)> {
        let path = temporary.join("recursive-lambda");
        match private().create(&path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => make_private(&path)?,
        }
        let mut files: Vec<(SystemTime, Name, u64)> = Vec::new();
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let found = entry.file_name();
            let Some(found) = found.to_str() else { continue };
            let metadata = entry.metadata()?;
            if is_part(found) {
                remove(&entry.path())?;
            } else if let Some(name) = Name::read(found).filter(|_| metadata.is_file()) {
                files.push((metadata.modified()?, name, metadata.len()));
            }
        }
        files.sort_by_key(|(modified, ..)| *modified);
        Ok((Self(path), files.into_iter().map(|(_, name, size)| (name, size)).collect()))
    }

    pub(super) fn path(&self, name: &Name) -> PathBuf {
        self.0.join(name.to_string())
    }

    pub(super) fn part(&self, name: &Name, nonce: u64) -> PathBuf {
        self.0.join(name.part(nonce))
    }
}

/// Whether a file of this size exists. Anything else with that name is removed.
pub(super) fn is_whole(path: &Path, size: u64) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() && found.len() == size => Ok(true),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path).map(|()| false),
        Ok(_) => remove(path).map(|()| false),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes a file, which may be gone already.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads a part of a file completely.
pub(super) fn read(path: &Path, start: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A file that is being fetched. It is removed unless it becomes complete.
pub(super) struct Part {
    path: Option<PathBuf>,
    pub(super) file: File,
    /// The bytes that are certainly written.
    pub(super) length: u64,
}

impl Part {
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        let file = new_file().write(true).create_new(true).open(&path)?;
        Ok(Self { path: Some(path), file, length: 0 })
    }

    /// Drops what a failed write left after the good bytes.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length)).map(|_| ())
    }

    /// Gives the file its name, once the disk has its full size.
    pub(super) fn finish(mut self, path: &Path, size: u64) -> io::Result<()> {
        let found = self.file.metadata()?.len();
        if found != size {
            return Err(io::Error::other(format!("{found} bytes of {size} are in the file")));
        }
        if let Some(part) = &self.path {
            fs::rename(part, path)?;
        }
        self.path = None;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // The next process removes what remains.
            let _ = remove(path);
        }
    }
}

#[cfg(unix)]
fn private() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn private() -> DirBuilder {
    DirBuilder::new()
}

#[cfg(unix)]
fn new_file() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn new_file() -> OpenOptions {
    OpenOptions::new()
}

/// Takes over an existing folder. It must belong to this user.
fn make_private(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() {
        return Err(io::Error::other(format!("{} is not a folder", path.display())));
    }
    restrict(path, &found)
}

#[cfg(unix)]
fn restrict(path: &Path, found: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if found.permissions().mode() & 0o777 == 0o700 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: &Metadata) -> io::Result<()> {
    Ok(())
}
