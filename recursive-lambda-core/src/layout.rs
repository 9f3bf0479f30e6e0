//! Where the files of a job's runs are in the store. It never reads or lists them.
//!
//! ```text
//! PREFIX/FUNCTION/JOB/RUN.json              the checkpoint of a run
//! PREFIX/FUNCTION/JOB/RUN/skipped/17.json   the record with index 17, which the run skipped
//! PREFIX/FUNCTION/JOB/RUN.7.json            the checkpoint of shard 7 of a run
//! PREFIX/FUNCTION/JOB/RUN.scan7.json        the same of its scan
//! PREFIX/FUNCTION/JOB/RUN/read/7            shard 7 left this mark when it was over, and RUN/scan/7 after its scan
//! ```

use crate::checkpoint::Stage;
use crate::identity::{is_run_id, parse_run_name};

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

/// What the keys of the marks begin with that the shards of a run leave when they are over.
#[must_use]
pub fn mark_folder(job_folder: &str, run: &str, stage: Stage) -> String {
    format!("{job_folder}{run}/{}/", stage_folder(stage))
}

/// The key of a shard's mark.
#[must_use]
pub fn mark_key(job_folder: &str, run: &str, stage: Stage, shard: u32) -> String {
    format!("{}{shard}", mark_folder(job_folder, run, stage))
}

fn stage_folder(stage: Stage) -> &'static str {
    match stage {
        Stage::Scan => "scan",
        Stage::Read => "read",
    }
}

/// A file in the store, by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFile<'a> {
    pub function: &'a str,
    pub job: &'a str,
    /// The run's id, or the name of a shard.
    pub run: &'a str,
    pub kind: FileKind,
}

/// What a file in the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Checkpoint,
    /// A skipped record, by its index.
    Skipped(u64),
    /// A shard of this index was over.
    Mark(Stage, u32),
}

impl<'a> StoreFile<'a> {
    /// Reads a key; `None`: it is something else.
    #[must_use]
    pub fn parse(prefix: &str, key: &'a str) -> Option<Self> {
        let rest = key.strip_prefix(prefix)?;
        let rest = if prefix.is_empty() { rest } else { rest.strip_prefix('/')? };
        let parts: Vec<&str> = rest.split('/').collect();
        let (function, job, run, kind) = match parts[..] {
            [function, job, run] => (function, job, run.strip_suffix(".json")?, FileKind::Checkpoint),
            [function, job, run, "skipped", record] => {
                (function, job, run, FileKind::Skipped(record.strip_suffix(".json")?.parse().ok()?))
            }
            [function, job, run, stage, shard] => {
                let stage = [Stage::Scan, Stage::Read].into_iter().find(|known| stage_folder(*known) == stage)?;
                (function, job, run, FileKind::Mark(stage, shard.parse().ok()?))
            }
            _ => return None,
        };
        parse_run_name(run).map(|_| Self { function, job, run, kind })
    }

    /// Whether it is the checkpoint of a run, and not of a shard.
    #[must_use]
    pub fn is_run(&self) -> bool {
        self.kind == FileKind::Checkpoint && is_run_id(self.run)
    }

    /// The index of a skipped record.
    #[must_use]
    pub fn skipped(&self) -> Option<u64> {
        match self.kind {
            FileKind::Skipped(record) => Some(record),
            _ => None,
        }
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
            let shard = format!("{RUN}.7");
            for (key, run, kind) in [
                (checkpoint_key(&folder, RUN), RUN, FileKind::Checkpoint),
                (checkpoint_key(&folder, &shard), &shard, FileKind::Checkpoint),
                (skipped_key(&folder, RUN, 17), RUN, FileKind::Skipped(17)),
                (mark_key(&folder, RUN, Stage::Read, 7), RUN, FileKind::Mark(Stage::Read, 7)),
                (mark_key(&folder, RUN, Stage::Scan, 7), RUN, FileKind::Mark(Stage::Scan, 7)),
            ] {
                let file = StoreFile { function: "tally", job: "rows", run, kind };
                assert_eq!(StoreFile::parse(prefix, &key), Some(file), "{key}");
            }
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
            ("runs", format!("runs/tally/rows/{RUN}.07.json")),
            ("runs", format!("runs/tally/rows/{RUN}/done/7")),
            ("runs", format!("runs/tally/rows/{RUN}/read/7.json")),
            ("runs", "runs".into()),
            ("", "amounts.csv".into()),
        ] {
            assert_eq!(StoreFile::parse(prefix, &key), None, "{prefix} {key}");
        }
    }
}
