//! Counts the requests to S3, in total and per object. Every request on the wire counts, so a retried request counts twice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hyper::StatusCode;

use crate::concurrency::locked;
use crate::faults::Operation;

/// The numbers of requests and bytes, of the whole S3 or of one object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct S3Counts {
    /// `GetObject` requests.
    pub gets: u64,
    /// `HeadObject` requests.
    pub heads: u64,
    /// `PutObject` requests.
    pub puts: u64,
    /// `DeleteObject` requests.
    pub deletes: u64,
    /// `ListObjects` requests.
    pub lists: u64,
    /// All other requests.
    pub others: u64,
    /// Body bytes of `GetObject` responses that were written to the network.
    pub bytes_read: u64,
    /// Responses with status 404.
    pub not_found: u64,
    /// Responses with status 412: a condition did not hold.
    pub precondition_failed: u64,
    /// Responses with status 416.
    pub range_not_satisfiable: u64,
    /// Responses with status 5xx, and connections closed by a fault.
    pub failed: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<BTreeMap<(String, String), S3Counts>>);

impl Counters {
    fn update(&self, bucket: &str, key: &str, change: impl FnOnce(&mut S3Counts)) {
        change(locked(&self.0).entry((bucket.to_owned(), key.to_owned())).or_default());
    }

    pub(crate) fn count_request(&self, operation: Operation, bucket: &str, key: &str) {
        self.update(bucket, key, |counts| {
            *match operation {
                Operation::GetObject => &mut counts.gets,
                Operation::HeadObject => &mut counts.heads,
                Operation::PutObject => &mut counts.puts,
                Operation::DeleteObject => &mut counts.deletes,
                Operation::ListObjects => &mut counts.lists,
                _ => &mut counts.others,
            } += 1;
        });
    }

    /// Counts a response. A status of `None` means that the connection was closed without a response.
    pub(crate) fn count_response(&self, status: Option<StatusCode>, bucket: &str, key: &str) {
        self.update(bucket, key, |counts| match status {
            Some(StatusCode::NOT_FOUND) => counts.not_found += 1,
            Some(StatusCode::PRECONDITION_FAILED) => counts.precondition_failed += 1,
            Some(StatusCode::RANGE_NOT_SATISFIABLE) => counts.range_not_satisfiable += 1,
            Some(status) if !status.is_server_error() => {}
            _ => counts.failed += 1,
        });
    }

    pub(crate) fn meter(self: &Arc<Self>, bucket: &str, key: &str) -> Arc<dyn Fn(u64) + Send + Sync> {
        let (counters, bucket, key) = (Arc::clone(self), bucket.to_owned(), key.to_owned());
        Arc::new(move |bytes| counters.update(&bucket, &key, |counts| counts.bytes_read += bytes))
    }

    pub(crate) fn of(&self, bucket: &str, key: &str) -> S3Counts {
        locked(&self.0).get(&(bucket.to_owned(), key.to_owned())).copied().unwrap_or_default()
    }

    pub(crate) fn total(&self) -> S3Counts {
        locked(&self.0).values().fold(S3Counts::default(), |mut sum, counts| {
            sum.gets += counts.gets;
            sum.heads += counts.heads;
            sum.puts += counts.puts;
            sum.deletes += counts.deletes;
            sum.lists += counts.lists;
            sum.others += counts.others;
            sum.bytes_read += counts.bytes_read;
            sum.not_found += counts.not_found;
            sum.precondition_failed += counts.precondition_failed;
            sum.range_not_satisfiable += counts.range_not_satisfiable;
            sum.failed += counts.failed;
            sum
        })
    }

    pub(crate) fn reset(&self) {
        locked(&self.0).clear();
    }
}
