//! A lock that allows one command at a time in a `--state` folder: two commands would work on the same run.
//!
//! The operating system releases the lock when the process ends, in any way. The file remains and names the last holder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

/// The lock file. The store's files in the same folder have other extensions.
const NAME: &str = "command.lock";

/// The lock on a folder, released when dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "an open file holds the lock")] File);

/// Locks the folder for a run over `input`. The error names the holder.
pub(crate) fn lock(folder: &Path, input: &Path) -> Result<Lock, String> {
    let unusable = |error: std::io::Error| format!("--state {}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(unusable)?;
    let path = folder.join(NAME);
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            // The holder may not have written its name yet.
            let mut holder = String::new();
            let _ = (&file).take(1000).read_to_string(&mut holder);
            let holder = if holder.is_empty() { "another command".into() } else { holder.escape_debug().to_string() };
            return Err(format!(
                "--state {} is in use by {holder}: wait until it exits, or use another folder",
                folder.display()
            ));
        }
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    file.set_len(0).map_err(unusable)?;
    write!(file, "process {}, which processes {}", std::process::id(), input.display()).map_err(unusable)?;
    Ok(Lock(file))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    #[test]
    fn one_command_at_a_time_uses_a_folder() {
        let folder = std::env::temp_dir().join(format!("recursive-lambda-lock-{}", std::process::id()));
        let held = lock(&folder, Path::new("first.csv")).unwrap();
        let refused = lock(&folder, Path::new("a-name-that-is-longer.csv")).unwrap_err();
        let me = std::process::id();
        assert!(refused.contains(&format!("is in use by process {me}, which processes first.csv: wait")), "{refused}");
        drop(held);
        for input in ["a-name-that-is-longer.csv", "short.csv"] {
            drop(lock(&folder, Path::new(input)).unwrap());
            let holder = std::fs::read_to_string(folder.join(NAME)).unwrap();
            assert_eq!(holder, format!("process {me}, which processes {input}"));
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
