//! One command at a time in a `--state` folder: two commands would work on the same run.
//!
//! The lock belongs to the open file, so it is gone with the process, however that ends. The file stays, and says who held it last.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

/// Next to the store's files, whose names end differently.
const NAME: &str = "command.lock";

/// Held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "an open file holds the lock")] File);

/// Takes the folder for a run over this file, or says who has it.
pub(crate) fn lock(folder: &Path, over: &Path) -> Result<Lock, String> {
    let unusable = |error: std::io::Error| format!("--state {}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(unusable)?;
    let path = folder.join(NAME);
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            // The holder may be writing this now.
            let mut holder = String::new();
            let _ = (&file).take(1000).read_to_string(&mut holder);
            let holder = if holder.is_empty() { "another command".into() } else { holder.escape_debug().to_string() };
            return Err(format!(
                "--state {} is in use by {holder}: wait until it ends, or name another folder",
                folder.display()
            ));
        }
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    file.set_len(0).map_err(unusable)?;
    write!(file, "process {}, which runs over {}", std::process::id(), over.display()).map_err(unusable)?;
    Ok(Lock(file))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_command() {
        let folder = std::env::temp_dir().join(format!("recursive-lambda-lock-{}", std::process::id()));
        let held = lock(&folder, Path::new("first.csv")).unwrap();
        let refused = lock(&folder, Path::new("a-name-that-is-longer.csv")).unwrap_err();
        let me = std::process::id();
        assert!(refused.contains(&format!("is in use by process {me}, which runs over first.csv: wait")), "{refused}");
        drop(held);
        for over in ["a-name-that-is-longer.csv", "short.csv"] {
            drop(lock(&folder, Path::new(over)).unwrap());
            let said = std::fs::read_to_string(folder.join(NAME)).unwrap();
            assert_eq!(said, format!("process {me}, which runs over {over}"));
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
