//! Buckets and objects: an index in memory over files on disk. Every change happens under one lock, so that conditional writes are atomic
//! and a reader sees exactly one version. Knows nothing about HTTP.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use s3s::checksum::ChecksumHasher;
use s3s::dto::ETagCondition;
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::blobs::{About, Blobs, Draft, Finished, Label, hex};
use super::conditions::{check_read, check_write};
use crate::ACCOUNT;
use crate::concurrency::locked;

/// The two conditions that a request may have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
}

struct Bucket {
    created: SystemTime,
    /// The account that owns the bucket.
    owner: String,
    objects: BTreeMap<String, Arc<Label>>,
}

pub(crate) struct Upload {
    bucket: String,
    key: String,
    about: About,
    parts: BTreeMap<i32, Finished>,
}

pub(crate) struct Store {
    blobs: Blobs,
    buckets: Mutex<BTreeMap<String, Bucket>>,
    uploads: Mutex<BTreeMap<String, Upload>>,
}

impl Store {
    pub(crate) fn open(root: PathBuf) -> std::io::Result<Self> {
        let (blobs, labels) = Blobs::open(root)?;
        let store = Self { blobs, buckets: Mutex::default(), uploads: Mutex::default() };
        {
            let mut buckets = locked(&store.buckets);
            for entry in std::fs::read_dir(store.blobs.root())? {
                let path = entry?.path();
                if let (Some("bucket"), Some(name)) = (extension(&path), path.file_stem().and_then(|stem| stem.to_str())) {
                    let created = std::fs::metadata(&path)?.modified()?;
                    // The file is empty if its writer died before it wrote the owner.
                    let owner = Some(std::fs::read_to_string(&path)?).filter(|owner| !owner.is_empty());
                    let owner = owner.unwrap_or_else(|| ACCOUNT.to_owned());
                    buckets.insert(name.to_owned(), Bucket { created, owner, objects: BTreeMap::new() });
                }
            }
            for label in labels {
                if let Some(bucket) = buckets.get_mut(&label.bucket) {
                    bucket.objects.insert(label.key.clone(), Arc::new(label));
                }
            }
        }
        Ok(store)
    }

    /// Creates a bucket. Returns `false` if it already exists.
    pub(crate) fn create_bucket(&self, name: &str, owner: &str) -> S3Result<bool> {
        if !s3s::path::check_bucket_name(name) {
            return Err(S3ErrorCode::InvalidBucketName.into());
        }
        let mut buckets = locked(&self.buckets);
        if buckets.contains_key(name) {
            return Ok(false);
        }
        std::fs::write(self.blobs.root().join(format!("{name}.bucket")), owner).map_err(S3Error::internal_error)?;
        let bucket = Bucket { created: SystemTime::now(), owner: owner.to_owned(), objects: BTreeMap::new() };
        buckets.insert(name.to_owned(), bucket);
        Ok(true)
    }

    pub(crate) fn buckets(&self) -> Vec<(String, SystemTime)> {
        locked(&self.buckets).iter().map(|(name, bucket)| (name.clone(), bucket.created)).collect()
    }

    pub(crate) fn has_bucket(&self, name: &str) -> S3Result<()> {
        if locked(&self.buckets).contains_key(name) { Ok(()) } else { Err(S3ErrorCode::NoSuchBucket.into()) }
    }

    /// Refuses a bucket that belongs to another account than expected. A missing bucket is not an error here.
    pub(crate) fn check_owner(&self, name: &str, expected: Option<&String>) -> S3Result<()> {
        match (locked(&self.buckets).get(name), expected) {
            (Some(bucket), Some(account)) if bucket.owner != *account => Err(S3ErrorCode::AccessDenied.into()),
            _ => Ok(()),
        }
    }

    pub(crate) fn label(&self, bucket: &str, key: &str) -> S3Result<Arc<Label>> {
        let buckets = locked(&self.buckets);
        let bucket = buckets.get(bucket).ok_or(S3ErrorCode::NoSuchBucket)?;
        Ok(Arc::clone(bucket.objects.get(key).ok_or(S3ErrorCode::NoSuchKey)?))
    }

    /// The file that holds an object's bytes.
    pub(crate) fn file(&self, bucket: &str, key: &str) -> S3Result<PathBuf> {
        Ok(self.blobs.data(&*self.label(bucket, key)?))
    }

    /// The object and its open file. Both are of the same version, even if another version is written in the meantime.
    pub(crate) fn read(&self, bucket: &str, key: &str, conditions: &Conditions) -> S3Result<(Arc<Label>, File)> {
        let buckets = locked(&self.buckets);
        let bucket = buckets.get(bucket).ok_or(S3ErrorCode::NoSuchBucket)?;
        let label = bucket.objects.get(key).ok_or(S3ErrorCode::NoSuchKey)?;
        check_read(conditions.if_match.as_ref(), conditions.if_none_match.as_ref(), &label.etag)?;
        let file = self.blobs.open_data(label).map_err(S3Error::internal_error)?;
        Ok((Arc::clone(label), file))
    }

    pub(crate) fn draft(&self, checksums: ChecksumHasher) -> S3Result<Draft> {
        self.blobs.draft(checksums).map_err(S3Error::internal_error)
    }

    /// Checks the conditions and replaces the object under one lock: of several swaps from the same ETag, one wins.
    pub(crate) fn commit(
        &self,
        bucket: &str,
        key: &str,
        finished: Finished,
        about: About,
        conditions: &Conditions,
    ) -> S3Result<Arc<Label>> {
        let etag = hex(&finished.md5);
        self.commit_as(bucket, key, finished, etag, about, conditions)
    }

    fn commit_as(
        &self,
        bucket: &str,
        key: &str,
        finished: Finished,
        etag: String,
        about: About,
        conditions: &Conditions,
    ) -> S3Result<Arc<Label>> {
        let mut buckets = locked(&self.buckets);
        let objects = &mut buckets.get_mut(bucket).ok_or(S3ErrorCode::NoSuchBucket)?.objects;
        let current = objects.get(key).map(|label| label.etag.as_str());
        check_write(conditions.if_match.as_ref(), conditions.if_none_match.as_ref(), current)?;
        let label = Arc::new(self.blobs.keep(finished, bucket, key, etag, about).map_err(S3Error::internal_error)?);
        if let Some(old) = objects.insert(key.to_owned(), Arc::clone(&label)) {
            self.blobs.remove(&old);
        }
        Ok(label)
    }

    /// Deletes an object. As on S3, deleting a missing object succeeds.
    pub(crate) fn delete(&self, bucket: &str, key: &str, if_match: Option<&ETagCondition>) -> S3Result<()> {
        let mut buckets = locked(&self.buckets);
        let objects = &mut buckets.get_mut(bucket).ok_or(S3ErrorCode::NoSuchBucket)?.objects;
        check_write(if_match, None, objects.get(key).map(|label| label.etag.as_str()))?;
        if let Some(old) = objects.remove(key) {
            self.blobs.remove(&old);
        }
        Ok(())
    }

    /// The objects whose key starts with `prefix` and sorts after `after`, in S3's order: by the bytes of the key.
    pub(crate) fn list(&self, bucket: &str, prefix: &str, after: &str) -> S3Result<Vec<Arc<Label>>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let buckets = locked(&self.buckets);
        let objects = &buckets.get(bucket).ok_or(S3ErrorCode::NoSuchBucket)?.objects;
        let from = if after.is_empty() { Unbounded } else { Excluded(after) };
        Ok(objects
            .range::<str, _>((from, Unbounded))
            .filter(|(key, _)| key.starts_with(prefix))
            .map(|(_, label)| Arc::clone(label))
            .collect())
    }

    pub(crate) fn start_upload(&self, id: String, bucket: &str, key: &str, about: About) -> S3Result<()> {
        self.has_bucket(bucket)?;
        let upload = Upload { bucket: bucket.to_owned(), key: key.to_owned(), about, parts: BTreeMap::new() };
        locked(&self.uploads).insert(id, upload);
        Ok(())
    }

    pub(crate) fn add_part(&self, id: &str, number: i32, part: Finished) -> S3Result<()> {
        let mut uploads = locked(&self.uploads);
        uploads.get_mut(id).ok_or(S3ErrorCode::NoSuchUpload)?.parts.insert(number, part);
        Ok(())
    }

    pub(crate) fn abort_upload(&self, id: &str) -> S3Result<()> {
        locked(&self.uploads).remove(id).map(drop).ok_or(S3ErrorCode::NoSuchUpload.into())
    }

    /// Makes an object of the parts. `listed` has the number and ETag of each part, as sent by the client. As on S3, the object's ETag is
    /// the MD5 of the parts' MD5s, followed by the number of parts.
    pub(crate) fn complete_upload(&self, id: &str, listed: &[(i32, String)], conditions: &Conditions) -> S3Result<Arc<Label>> {
        use s3s::crypto::{Checksum as _, Md5};
        let upload = locked(&self.uploads).remove(id).ok_or(S3ErrorCode::NoSuchUpload)?;
        let result = (|| {
            let mut draft = self.draft(ChecksumHasher::default())?;
            let mut sums = Md5::new();
            let mut last = 0;
            for (number, etag) in listed {
                if *number <= last {
                    return Err(S3ErrorCode::InvalidPartOrder.into());
                }
                last = *number;
                let part = upload.parts.get(number).ok_or(S3ErrorCode::InvalidPart)?;
                if hex(&part.md5) != *etag {
                    return Err(S3ErrorCode::InvalidPart.into());
                }
                sums.update(&part.md5);
                let mut file = File::open(part.path()).map_err(S3Error::internal_error)?;
                copy(&mut file, &mut draft).map_err(S3Error::internal_error)?;
            }
            if listed.is_empty() {
                return Err(S3ErrorCode::MalformedXML.into());
            }
            let sum: [u8; 16] = sums.finalize();
            let etag = format!("{}-{}", hex(&sum), listed.len());
            let about = upload.about.clone();
            self.commit_as(&upload.bucket, &upload.key, draft.finish(), etag, about, conditions)
        })();
        if result.is_err() {
            // As on S3, the client can complete the upload later.
            locked(&self.uploads).insert(id.to_owned(), upload);
        }
        result
    }
}

fn extension(path: &Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}

/// Copies in pieces of 1 MiB, because a file may be larger than memory.
pub(crate) fn copy(from: &mut impl std::io::Read, to: &mut Draft) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = from.read(&mut buffer)?;
        match buffer.get(..read) {
            Some([]) | None => return Ok(()),
            Some(bytes) => to.write(bytes)?,
        }
    }
}
