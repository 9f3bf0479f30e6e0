//! A request to S3 or Lambda while it is served. It is in the journal once it has ended, in any way: answered, refused, or hung up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use hyper::{HeaderMap, StatusCode};

use crate::faults::{Fault, Operation};
use crate::journal::{ContainerId, Journal, What};

/// The header with the caller's session token. Each container has its own: see [`token`].
const TOKEN: &str = "x-amz-security-token";

/// A container's session token. Lambda gives one to each environment, too. Here it names the container, so that a request shows who sent it.
pub(crate) fn token(container: ContainerId) -> String {
    container.to_string()
}

/// The container that sent a request with these headers; `None` if it was not one.
fn sender(headers: &HeaderMap) -> Option<ContainerId> {
    let token = headers.get(TOKEN)?.to_str().ok()?;
    let number = token.strip_prefix("container-")?.parse().ok()?;
    Some(ContainerId::new(number))
}

/// Writes the journal's entry when it is dropped.
pub(crate) struct Served {
    journal: Arc<Journal>,
    container: Option<ContainerId>,
    operation: Operation,
    bucket: String,
    key: String,
    fault: Option<Fault>,
    started: Instant,
    status: Option<u16>,
    bytes: AtomicU64,
}

impl Served {
    pub(crate) fn begin(
        journal: &Arc<Journal>,
        headers: &HeaderMap,
        operation: Operation,
        (bucket, key): (&str, &str),
        fault: Option<Fault>,
    ) -> Self {
        Self {
            journal: Arc::clone(journal),
            container: sender(headers),
            operation,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            fault,
            started: Instant::now(),
            status: None,
            bytes: AtomicU64::new(0),
        }
    }

    pub(crate) fn decided(&mut self, status: StatusCode) {
        self.status = Some(status.as_u16());
    }

    pub(crate) fn sent(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.journal.record(What::Request {
            container: self.container,
            operation: self.operation,
            bucket: std::mem::take(&mut self.bucket),
            key: std::mem::take(&mut self.key),
            status: self.status,
            fault: self.fault,
            bytes: self.bytes.load(Ordering::Relaxed),
            took: self.started.elapsed(),
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

    use super::*;

    #[test]
    fn the_token_names_the_container() {
        for (sent, expected) in
            [(token(ContainerId::new(7)), Some(7)), ("container-x".into(), None), ("FwoGZXIvYXdzEXAMPLE".into(), None)]
        {
            let headers = HeaderMap::from_iter([(TOKEN.parse().unwrap(), sent.parse().unwrap())]);
            assert_eq!(sender(&headers), expected.map(ContainerId::new), "{sent}");
        }
        assert_eq!(sender(&HeaderMap::new()), None);
    }
}
