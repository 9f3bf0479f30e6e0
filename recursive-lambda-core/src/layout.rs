//! Where the files of a job's runs are in the store. It never reads or lists them.
//!
//! ```text
//! PREFIX/FUNCTION/JOB/RUN.json              the checkpoint of a run
//! PREFIX/FUNCTION/JOB/RUN/skipped/17.json   the record with index 17, which the run skipped
//! ```

use crate::identity::is_run_id;

/// The folder of one function's runs: every key below it begins with this text, which ends with `/`.
#[must_use]
pub fn function_folder(prefix: &str, function: &str) -> String {
    if prefix.is_empty() { format!("{function}/") } else { format!("{prefix}/{function}/") }
}

/// The folder of one job's checkpoints. `function_folder` is from [`function_folder`].
#[must_use]
pub fn job_folder(function_folder: &str, job: &str) -> String {
    format!("{function_folder}{job}/")
}

/// The key of a checkpoint.
#[must_use]
pub fn checkpoint_key(job_folder: &str, run: &str) -> String {
    format!("{job_folder}{run}.json")
}

/// What the keys of a run's skipped records begin with.
#[must_use]
pub fn skipped_folder(job_folder: &str, run: &str) -> String {
    format!("{job_folder}{run}/skipped/")
}

/// The key of a skipped record.
#[must_use]
pub fn skipped_key(job_folder: &str, run: &str, record: u64) -> String {
    format!("{}{record}.json", skipped_folder(job_folder, run))
}

/// A file in the store, by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFile<'a> {
    pub function: &'a str,
    pub job: &'a str,
    pub run: &'a str,
    /// The index of a skipped record; `None`: it is the checkpoint.
    pub skipped: Option<u64>,
}

impl<'a> StoreFile<'a> {
    /// Reads a key; `None`: it is something else.
    #[must_use]
    pub fn parse(prefix: &str, key: &'a str) -> Option<Self> {
        let rest = key.strip_prefix(prefix)?;
        let rest = if prefix.is_empty() { rest } else { rest.strip_prefix('/')? };
        let parts: Vec<&str> = rest.strip_suffix(".json")?.split('/').collect();
        let (function, job, run, skipped) = match parts[..] {
            [function, job, run] => (function, job, run, None),
            [function, job, run, "skipped", record] => (function, job, run, Some(record.parse().ok()?)),
            _ => return None,
        };
        is_run_id(run).then_some(Self { function, job, run, skipped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_key_is_read_as_it_was_made() {
        for prefix in ["", "runs", "a/b"] {
            let folder = job_folder(&function_folder(prefix, "tally"), "rows");
            let file = StoreFile { function: "tally", job: "rows", run: RUN, skipped: None };
            assert_eq!(StoreFile::parse(prefix, &checkpoint_key(&folder, RUN)), Some(file), "{prefix}");
            let skipped = StoreFile { skipped: Some(17), ..file };
            assert_eq!(StoreFile::parse(prefix, &skipped_key(&folder, RUN, 17)), Some(skipped), "{prefix}");
        }
    }

    #[test]
    fn other_keys_are_not_store_files() {
        for (prefix, key) in [
            ("runs", format!("runs2/tally/rows/{RUN}.json")),
            ("runs", format!("tally/rows/{RUN}.json")),
            ("runs", "runs/2026-05/amounts.csv".into()),
            ("runs", "runs/tally/rows/amounts.json".into()),
            ("runs", format!("runs/tally/rows/{RUN}/17.json")),
            ("runs", format!("runs/tally/rows/{RUN}/skipped/last.json")),
            ("runs", format!("runs/tally/rows/{RUN}/skipped/17/18.json")),
            ("runs", format!("runs/tally/rows/{RUN}.csv")),
            ("runs", "runs".into()),
            ("", "amounts.csv".into()),
        ] {
            assert_eq!(StoreFile::parse(prefix, &key), None, "{prefix} {key}");
        }
    }
}
