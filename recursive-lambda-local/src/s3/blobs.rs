//! Files on disk. Each object has two: one with its bytes, and one that describes it. File names are numbers, so that no byte of a key
//! ever reaches a path.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use serde::{Deserialize, Serialize};

/// The description of one version of an object: the contents of the second file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Label {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) size: u64,
    /// The ETag without HTTP's quotes.
    pub(crate) etag: String,
    modified_micros: u64,
    /// A number that grows with every write to the store. It names the files and orders the events of one key.
    pub(crate) sequencer: u64,
    pub(crate) content_type: Option<String>,
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) checksums: Checksums,
}

impl Label {
    pub(crate) fn modified(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_micros(self.modified_micros)
    }
}

/// The checksums of an object, in base64 as in S3's headers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksums {
    pub(crate) crc32: Option<String>,
    pub(crate) crc32c: Option<String>,
    pub(crate) crc64nvme: Option<String>,
    pub(crate) sha1: Option<String>,
    pub(crate) sha256: Option<String>,
}

impl From<ChecksumHasher> for Checksums {
    fn from(hasher: ChecksumHasher) -> Self {
        let sums = hasher.finalize();
        Self {
            crc32: sums.checksum_crc32,
            crc32c: sums.checksum_crc32c,
            crc64nvme: sums.checksum_crc64nvme,
            sha1: sums.checksum_sha1,
            sha256: sums.checksum_sha256,
        }
    }
}

/// The headers that a client stores with an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    pub(crate) content_type: Option<String>,
    pub(crate) metadata: HashMap<String, String>,
}

/// A temporary file, removed when dropped if it still exists.
struct PartFile(PathBuf);

impl Drop for PartFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Bytes that are being received and do not belong to an object yet.
pub(crate) struct Draft {
    part: PartFile,
    file: File,
    size: u64,
    md5: Md5,
    checksums: ChecksumHasher,
}

impl Draft {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        self.md5.update(bytes);
        self.checksums.update(bytes);
        Ok(())
    }

    pub(crate) fn finish(self) -> Finished {
        let md5: [u8; 16] = self.md5.finalize();
        Finished { part: self.part, size: self.size, md5, checksums: self.checksums.into() }
    }
}

/// Bytes that were received completely and do not belong to an object yet.
pub(crate) struct Finished {
    part: PartFile,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) checksums: Checksums,
}

impl Finished {
    pub(crate) fn path(&self) -> &Path {
        &self.part.0
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The folder of the files. Only one process at a time may use it.
#[derive(Debug)]
pub(crate) struct Blobs {
    root: PathBuf,
    serial: AtomicU64,
}

impl Blobs {
    /// Opens the folder, removes unfinished files of earlier processes, and returns the finished objects.
    pub(crate) fn open(root: PathBuf) -> io::Result<(Self, Vec<Label>)> {
        fs::create_dir_all(&root)?;
        let mut labels: HashMap<(String, String), Label> = HashMap::new();
        let mut files = Vec::new();
        for entry in fs::read_dir(&root)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("json") => {
                    let label: Label = serde_json::from_slice(&fs::read(&path)?)?;
                    let newest = labels.entry((label.bucket.clone(), label.key.clone())).or_insert_with(|| label.clone());
                    if newest.sequencer < label.sequencer {
                        *newest = label;
                    }
                    files.push(path);
                }
                Some("data" | "part") => files.push(path),
                _ => {}
            }
        }
        let labels: Vec<Label> = labels.into_values().collect();
        let kept: std::collections::HashSet<String> = labels.iter().map(|label| stem(label.sequencer)).collect();
        for path in files {
            let known = path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| kept.contains(stem));
            if !known || path.extension().is_some_and(|extension| extension == "part") {
                fs::remove_file(path)?;
            }
        }
        let serial = labels.iter().map(|label| label.sequencer).max().unwrap_or(0);
        Ok((Self { root, serial: AtomicU64::new(serial) }, labels))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn file(&self, sequencer: u64, extension: &str) -> PathBuf {
        self.root.join(stem(sequencer)).with_extension(extension)
    }

    /// Starts a file. `checksums` are the checksums to compute.
    pub(crate) fn draft(&self, checksums: ChecksumHasher) -> io::Result<Draft> {
        let path = self.file(self.next_serial(), "part");
        let file = File::create_new(&path)?;
        Ok(Draft { part: PartFile(path), file, size: 0, md5: Md5::new(), checksums })
    }

    /// Makes an object of the bytes. The caller holds the lock of the index, so that sequencers and index agree on the newest version.
    pub(crate) fn keep(&self, finished: Finished, bucket: &str, key: &str, etag: String, about: About) -> io::Result<Label> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let label = Label {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            size: finished.size,
            etag,
            modified_micros: u64::try_from(now.as_micros()).unwrap_or(u64::MAX),
            sequencer: self.next_serial(),
            content_type: about.content_type,
            metadata: about.metadata,
            checksums: finished.checksums.clone(),
        };
        fs::rename(finished.path(), self.file(label.sequencer, "data"))?;
        let unfinished = PartFile(self.file(label.sequencer, "part"));
        fs::write(&unfinished.0, serde_json::to_vec(&label)?)?;
        fs::rename(&unfinished.0, self.file(label.sequencer, "json"))?;
        Ok(label)
    }

    /// Removes an object's files. Readers that have the file open can continue to read it.
    pub(crate) fn remove(&self, label: &Label) {
        for extension in ["json", "data"] {
            if let Err(error) = fs::remove_file(self.file(label.sequencer, extension)) {
                tracing::warn!(%error, "cannot delete the file of a removed object");
            }
        }
    }

    pub(crate) fn data(&self, label: &Label) -> PathBuf {
        self.file(label.sequencer, "data")
    }

    pub(crate) fn open_data(&self, label: &Label) -> io::Result<File> {
        File::open(self.data(label))
    }
}

fn stem(sequencer: u64) -> String {
    format!("{sequencer:016x}")
}
