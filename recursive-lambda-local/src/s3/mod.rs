//! S3 on loopback. Implements what jobs, tests and the AWS command line use. Versions, ACLs and notifications are not supported.

mod blobs;
mod conditions;
mod counters;
mod integrity;
mod listing;
mod service;
mod store;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::RANGE;
use hyper::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use s3s::S3ErrorCode;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};

pub(crate) use self::blobs::hex;
use self::blobs::{About, Label};
pub use self::counters::S3Counts;
use self::store::{Conditions, Store};
use crate::error::{Error, ErrorKind};
use crate::faults::{Fault, Faults, MeteredBody, Operation, after, before};
use crate::http::{Hangup, Server};
use crate::journal::Journal;
use crate::requests::Served;
use crate::{ACCESS_KEY, ACCOUNT, SECRET_KEY};

/// A handle to the platform's S3, to write objects, inspect them and count requests.
///
/// ```
/// # use recursive_lambda_local::{Error, Platform};
/// # async fn example(platform: &Platform) -> Result<(), Error> {
/// let s3 = platform.s3();
/// s3.create_bucket("uploads")?;
/// s3.put_file("uploads", "a b/c+d.csv", "birdstrikes.csv").await?;
/// assert_eq!(s3.counts_of("uploads", "a b/c+d.csv").gets, 0);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct S3 {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<Store>,
    counters: Arc<counters::Counters>,
    server: Server,
}

/// The properties of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// The bucket.
    pub bucket: String,
    /// The key, not encoded.
    pub key: String,
    /// The size in bytes.
    pub size: u64,
    /// The ETag without quotes.
    pub etag: String,
    /// The time of the write, by the clock that also sets the `Date` header.
    pub modified: SystemTime,
    /// The sequencer in S3's events: for one key, a later write has a greater one.
    pub sequencer: String,
}

impl From<&Label> for ObjectInfo {
    fn from(label: &Label) -> Self {
        Self {
            bucket: label.bucket.clone(),
            key: label.key.clone(),
            size: label.size,
            etag: label.etag.clone(),
            modified: label.modified(),
            sequencer: format!("{:018X}", label.sequencer),
        }
    }
}

impl S3 {
    pub(crate) async fn start(root: PathBuf, faults: Arc<Faults>, journal: Arc<Journal>) -> Result<Self, Error> {
        let unusable = format!("cannot use {} as the folder of S3's objects", root.display());
        let store = Store::open(root).map_err(|error| Error::io(unusable, error))?;
        let store = Arc::new(store);
        let counters = Arc::new(counters::Counters::default());
        let mut builder = S3ServiceBuilder::new(service::Service(Arc::clone(&store)));
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let front = Arc::new(Front { service: builder.build(), counters: Arc::clone(&counters), faults, journal });
        let bound = Server::bind().await.map_err(|error| Error::io("S3 cannot listen on loopback", error))?;
        let server = bound.serve(move |request| Arc::clone(&front).serve(request));
        Ok(Self { shared: Arc::new(Shared { store, counters, server }) })
    }

    /// The address, `http://127.0.0.1:port`. Buckets are part of the path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.server.address())
    }

    /// Creates a bucket. An existing bucket is not changed.
    ///
    /// # Errors
    ///
    /// Fails if S3 does not allow the name, or if the folder cannot be written.
    pub fn create_bucket(&self, bucket: &str) -> Result<(), Error> {
        self.create_bucket_of(ACCOUNT, bucket)
    }

    /// Creates a bucket that belongs to another account and allows all access.
    ///
    /// # Errors
    ///
    /// Those of [`create_bucket`](Self::create_bucket).
    pub fn create_bucket_of(&self, account: &str, bucket: &str) -> Result<(), Error> {
        self.shared.store.create_bucket(bucket, account).map(drop).map_err(|error| from_s3(&error))
    }

    /// Writes an object, without the network.
    ///
    /// # Errors
    ///
    /// Fails if the bucket does not exist or the folder cannot be written.
    pub fn put(&self, bucket: &str, key: &str, bytes: impl AsRef<[u8]>) -> Result<ObjectInfo, Error> {
        self.put_reader(bucket, key, bytes.as_ref())
    }

    /// Writes a file as an object, in pieces, so that it may be larger than memory.
    ///
    /// # Errors
    ///
    /// Fails if the bucket does not exist, the file cannot be read, or the folder cannot be written.
    pub async fn put_file(&self, bucket: &str, key: &str, path: impl AsRef<Path>) -> Result<ObjectInfo, Error> {
        let (s3, bucket, key, path) = (self.clone(), bucket.to_owned(), key.to_owned(), path.as_ref().to_owned());
        let copied = tokio::task::spawn_blocking(move || {
            let file = File::open(&path).map_err(|error| Error::io(format!("cannot read {}", path.display()), error))?;
            s3.put_reader(&bucket, &key, file)
        });
        copied.await.map_err(|error| Error::io("the copy was interrupted", std::io::Error::other(error)))?
    }

    fn put_reader(&self, bucket: &str, key: &str, mut from: impl std::io::Read) -> Result<ObjectInfo, Error> {
        let store = &self.shared.store;
        let hasher = s3s::checksum::ChecksumHasher { crc32: Some(Default::default()), ..Default::default() };
        let mut draft = store.draft(hasher).map_err(|error| from_s3(&error))?;
        store::copy(&mut from, &mut draft).map_err(|error| Error::io("cannot store the object", error))?;
        let label = store.commit(bucket, key, draft.finish(), About::default(), &Conditions::default());
        label.map(|label| ObjectInfo::from(&*label)).map_err(|error| from_s3(&error))
    }

    /// The bytes of an object. Does not use the network, and does not count as a request.
    ///
    /// # Errors
    ///
    /// Fails if the bucket or key does not exist, or if the file cannot be read.
    pub fn get(&self, bucket: &str, key: &str) -> Result<Bytes, Error> {
        use std::io::Read;
        let (label, mut file) = self.shared.store.read(bucket, key, &Conditions::default()).map_err(|error| from_s3(&error))?;
        let mut bytes = Vec::with_capacity(usize::try_from(label.size).unwrap_or(0));
        file.read_to_end(&mut bytes).map_err(|error| Error::io("cannot read the object", error))?;
        Ok(bytes.into())
    }

    /// The properties of an object.
    ///
    /// # Errors
    ///
    /// Fails if the bucket or key does not exist.
    pub fn head(&self, bucket: &str, key: &str) -> Result<ObjectInfo, Error> {
        self.shared.store.label(bucket, key).map(|label| ObjectInfo::from(&*label)).map_err(|error| from_s3(&error))
    }

    /// The file that holds an object's bytes. It exists until the object is overwritten or deleted. With
    /// [`state_folder`](crate::Builder::state_folder), it outlives the platform.
    ///
    /// # Errors
    ///
    /// Fails if the bucket or key does not exist.
    pub fn file(&self, bucket: &str, key: &str) -> Result<PathBuf, Error> {
        self.shared.store.file(bucket, key).map_err(|error| from_s3(&error))
    }

    /// Deletes an object. A missing object is not an error.
    ///
    /// # Errors
    ///
    /// Fails if the bucket does not exist.
    pub fn delete(&self, bucket: &str, key: &str) -> Result<(), Error> {
        self.shared.store.delete(bucket, key, None).map_err(|error| from_s3(&error))
    }

    /// The objects whose key starts with `prefix`, in the order of S3's listings.
    ///
    /// # Errors
    ///
    /// Fails if the bucket does not exist.
    pub fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectInfo>, Error> {
        let labels = self.shared.store.list(bucket, prefix, "").map_err(|error| from_s3(&error))?;
        Ok(labels.iter().map(|label| ObjectInfo::from(&**label)).collect())
    }

    /// All requests over the network since the start or the last reset.
    #[must_use]
    pub fn counts(&self) -> S3Counts {
        self.shared.counters.total()
    }

    /// The requests for one object over the network, since the start or the last reset.
    #[must_use]
    pub fn counts_of(&self, bucket: &str, key: &str) -> S3Counts {
        self.shared.counters.of(bucket, key)
    }

    /// Resets every count to zero.
    pub fn reset_counts(&self) {
        self.shared.counters.reset();
    }
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3").field("url", &self.url()).finish_non_exhaustive()
    }
}

fn from_s3(error: &s3s::S3Error) -> Error {
    let kind = match error.code() {
        S3ErrorCode::NoSuchBucket => ErrorKind::NoSuchBucket,
        S3ErrorCode::NoSuchKey => ErrorKind::NoSuchKey,
        S3ErrorCode::InvalidBucketName => ErrorKind::Configuration,
        _ => ErrorKind::Io,
    };
    Error::new(kind, format!("S3: {error}"))
}

/// The layer in front of s3s that counts requests, writes them into the journal and applies faults.
struct Front {
    service: S3Service,
    counters: Arc<counters::Counters>,
    faults: Arc<Faults>,
    journal: Arc<Journal>,
}

impl Front {
    async fn serve(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<MeteredBody<s3s::Body>>, Hangup> {
        let path = request.uri().path().strip_prefix('/').unwrap_or_default();
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let (bucket, key) = (bucket.to_owned(), percent_decode_str(key).decode_utf8_lossy().into_owned());
        let operation = operation(request.method(), !key.is_empty(), request.uri().query().unwrap_or_default());
        let range = request.headers().get(RANGE).and_then(|value| value.to_str().ok());

        let fault = self.faults.choose(operation, &bucket, &key, range);
        self.counters.count_request(operation, &bucket, &key);
        let mut served = Served::begin(&self.journal, request.headers(), operation, (&bucket, &key), fault);
        let answer = match before(fault, "SlowDown").await {
            Ok(Some((status, code))) => Ok(refuse(status, code, fault)),
            Ok(None) => self.service.call(request.map(s3s::Body::from)).await.map_err(|_| Hangup),
            Err(hangup) => Err(hangup),
        };
        if let Ok(response) = &answer {
            served.decided(response.status());
        }
        let answer = after(fault).await.and(answer);
        self.counters.count_response(answer.as_ref().ok().map(Response::status), &bucket, &key);
        let read = operation == Operation::GetObject && answer.as_ref().is_ok_and(|response| response.status().is_success());
        let count = read.then(|| self.counters.meter(&bucket, &key));
        // The request ends when its body is dropped, and this closure with it.
        let meter = Arc::new(move |bytes| {
            if let Some(count) = &count {
                count(bytes);
                served.sent(bytes);
            }
        });
        let cut = if let Some(Fault::CutBody(after)) = fault { Some(after) } else { None };
        answer.map(|response| response.map(|body| MeteredBody::new(body, cut, meter)))
    }
}

fn operation(method: &Method, object: bool, query: &str) -> Operation {
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    match (method.as_str(), object) {
        (_, true) if has("uploads") || has("uploadId") => Operation::Multipart,
        ("GET", true) => Operation::GetObject,
        ("HEAD", true) => Operation::HeadObject,
        ("PUT", true) => Operation::PutObject,
        ("DELETE", true) => Operation::DeleteObject,
        ("GET", false) if has("list-type") => Operation::ListObjects,
        _ => Operation::Other,
    }
}

fn refuse(status: StatusCode, code: &str, fault: Option<Fault>) -> Response<s3s::Body> {
    let message = if let Some(Fault::RefuseSaying(_, _, message)) = fault { message } else { "a fault injected by the test" };
    let body =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let mut response = Response::new(s3s::Body::from(body));
    *response.status_mut() = status;
    crate::http::set_header(&mut response, "content-type", "application/xml");
    if let Some(Fault::Moved(region)) = fault {
        crate::http::set_header(&mut response, "x-amz-bucket-region", region);
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

    use super::*;

    #[tokio::test]
    async fn objects_are_files_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let s3 = S3::start(folder.path().to_owned(), Arc::new(Faults::default()), Arc::new(Journal::new())).await.unwrap();
        s3.create_bucket("uploads").unwrap();
        s3.put("uploads", "a b/c.csv", "one").unwrap();
        s3.put("uploads", "a b/c.csv", "two").unwrap();
        let file = s3.file("uploads", "a b/c.csv").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert_eq!(s3.file("uploads", "c.csv").unwrap_err().kind(), ErrorKind::NoSuchKey);

        let error = S3::start(file.clone(), Arc::new(Faults::default()), Arc::new(Journal::new())).await.unwrap_err();
        assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
    }
}
