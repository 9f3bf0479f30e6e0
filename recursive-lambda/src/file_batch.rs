//! The input of a job that reads the file itself: the file's path, and where to continue.
//!
//! It never looks into the file, and keeps it in /tmp while it lives.

use crate::batch::{Context, IdempotencyKey};
use crate::object::Object;
use recursive_lambda_core::object::PinnedObject;
use std::any::Any;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The whole object as a file in /tmp, and the part of it that this call is for.
///
/// For objects that no [`Format`](crate::format::Format) fits: films, archives, databases. The job reads up to `limit` units from
/// `position` on, in any unit it likes. Then the position grows by `limit`, or by what [`Advance`](crate::Advance) says. Only the
/// job knows when the run is complete, so `is_complete` is required.
///
/// ```
/// use recursive_lambda::{Error, Progress, FileBatch, recursive_lambda};
/// use std::fs::File;
/// use std::io::{Read, Seek, SeekFrom};
///
/// /// Sums up blocks of 4 KiB, 100 at a time.
/// #[recursive_lambda(batch = 100, is_complete = done)]
/// async fn blocks(batch: FileBatch, sum: &mut u64) -> Result<(), Error> {
///     let mut file = File::open(batch.path())?;
///     file.seek(SeekFrom::Start(batch.position() * 4096))?;
///     let mut bytes = Vec::new();
///     file.take(batch.limit() as u64 * 4096).read_to_end(&mut bytes)?;
///     *sum += bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
///     Ok(())
/// }
///
/// fn done(progress: &Progress, _: &u64) -> bool {
///     progress.position() * 4096 >= progress.size()
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// // It stays a function, and this is its unit test.
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("blocks");
/// std::fs::write(&path, [1; 5000]).unwrap();
/// let mut sum = 0;
/// blocks(FileBatch::of(&path, 1, 100), &mut sum).await.unwrap();
/// assert_eq!(sum, 904);
/// # });
/// ```
pub struct FileBatch {
    file: HeldFile,
    limit: usize,
    context: Context,
}

/// A file in /tmp, and what keeps it there.
#[doc(hidden)]
pub struct HeldFile {
    path: PathBuf,
    _keep: Option<Arc<dyn Any + Send + Sync>>,
}

impl HeldFile {
    pub(crate) fn new(path: PathBuf, keep: Arc<dyn Any + Send + Sync>) -> Self {
        Self { path, _keep: Some(keep) }
    }
}

impl FileBatch {
    pub(crate) fn new(file: HeldFile, limit: usize, context: Context) -> Self {
        Self { file, limit, context }
    }

    /// A file batch over your own file, for tests of a job: from `position` on, `limit` long, both in the job's own unit. The
    /// file is never removed.
    #[must_use]
    pub fn of(path: impl Into<PathBuf>, position: u64, limit: usize) -> Self {
        let path = path.into();
        let size = std::fs::metadata(&path).map_or(0, |file| file.len());
        let context = Context::for_tests(position, PinnedObject { size, ..PinnedObject::for_tests() });
        Self::new(HeldFile { path, _keep: None }, limit, context)
    }

    /// The file's path, valid while this file batch lives. Other invocations read the same copy, so do not write to it. The name
    /// does not depend on the object's key.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// How far this call should go: the attribute's `batch`.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Where this call begins: 0 at first, then the sum of all steps.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.context.position
    }

    /// The object that the file is a copy of.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.context.run.object
    }

    /// The run's id: 32 hexadecimal digits, the same for every delivery of the same upload.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.context.run.run_id
    }

    /// Store this with the call's effect, and you recognise the call if a crash repeats it: `run:position+limit`.
    #[must_use]
    pub fn idempotency_key(&self) -> IdempotencyKey {
        self.context.idempotency_key(self.limit)
    }

    /// A number that grows whenever another invocation takes over the run. A sink that refuses smaller numbers than it has seen
    /// is safe from an invocation that lost its lease without noticing.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.context.run.epoch
    }

    /// Which attempt at this position this is, counted from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.context.attempt
    }

    /// The time until the invocation's deadline; zero if it is past or unknown.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        (self.context.run.time_left)()
    }
}

impl fmt::Debug for FileBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileBatch")
            .field("path", &self.file.path)
            .field("position", &self.context.position)
            .field("limit", &self.limit)
            .field("run_id", &self.context.run.run_id)
            .finish_non_exhaustive()
    }
}
