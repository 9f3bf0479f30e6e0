//! The only part of the report that waits, reads a clock or writes: it follows the platform's journal, and writes the page at
//! the end.

use super::recorded::Ending;
use super::recording::Recording;
use super::{Facts, Verdict, page};
use crate::checkpoint::{BUCKET, StoredRun};
use crate::follow::UPLOADS;
use recursive_lambda_local::Platform;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often it looks whether the last invocation has ended, and the time between.
const LOOKS: u32 = 40;
const BETWEEN: Duration = Duration::from_millis(50);

/// The report of one run, while the run goes on.
pub(crate) struct Report {
    path: PathBuf,
    file: File,
    recording: Recording,
}

/// What the command knows of the run.
pub(crate) struct Settings {
    pub(crate) timeout: Duration,
    pub(crate) chaos: Option<u64>,
}

impl Report {
    /// Opens the file at once, so that a wrong path is not found out after the run. An old page stays until the new one is written.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let file = File::options().create(true).truncate(false).write(true).open(path);
        let file = file.map_err(|error| format!("--report {}: {error}", path.display()))?;
        Ok(Self { path: path.into(), file, recording: Recording::new(UPLOADS, BUCKET) })
    }

    /// Reads what is new in the journal, which keeps only the last entries.
    pub(crate) fn follow(&mut self, platform: &Platform) {
        self.recording.read(&platform.journal_after(self.recording.read_to));
    }

    /// Writes the page. The end of the run is known a moment before that of its last invocation.
    pub(crate) async fn finish(
        mut self,
        platform: &Platform,
        key: &str,
        settings: &Settings,
        (verdict, reason): (Verdict, String),
    ) -> Result<PathBuf, String> {
        for _ in 0..LOOKS {
            self.follow(platform);
            let is_open = self.recording.invocations.iter().any(|invocation| invocation.ending == Ending::Open);
            if !is_open || verdict == Verdict::Stopped {
                break;
            }
            tokio::time::sleep(BETWEEN).await;
        }
        let object = platform.s3().head(UPLOADS, key).ok();
        let etag = object.as_ref().map(|object| object.etag.clone()).unwrap_or_default();
        let checkpoint = StoredRun::find(platform.s3(), key, &etag, UNIX_EPOCH).map(|run| run.checkpoint);
        let facts = Facts {
            file: key.into(),
            verdict,
            reason,
            position: checkpoint.as_ref().map(|checkpoint| checkpoint.position),
            batches: checkpoint.as_ref().map(|checkpoint| checkpoint.batches),
            skipped: checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.skipped),
            size: object.map_or(0, |object| object.size),
            timeout: settings.timeout,
            chaos: settings.chaos,
            made: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        };
        let page = page(&facts, &self.recording);
        let written = self.file.set_len(0).and_then(|()| self.file.write_all(page.as_bytes()));
        written.map_err(|error| format!("--report {}: {error}", self.path.display()))?;
        Ok(self.path)
    }
}
