//! An object behind a network, and a store that takes no time.
//!
//! It injects no faults; the simulation does that.

use crate::Error;
use crate::invocation::Invocation;
use crate::ports::{Clock, Disk, Objects, Page, RunKey, Signals, SourceError, Store};
use bytes::Bytes;
use recursive_lambda_core::checkpoint::{Checkpoint, Stage};
use recursive_lambda_core::engine::messages::Signalled;
use recursive_lambda_core::engine::save::{Condition, Read, Stored, Written};
use recursive_lambda_core::object::PinnedObject;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

pub(super) struct World {
    pub(super) object: Object,
    pub(super) network: Network,
    pub(super) begun: Instant,
    /// For calls to AWS, which user code does not delay.
    pub(super) calls: Handle,
    pub(super) bytes_read: AtomicU64,
    /// The last checkpoint that was written, and its run.
    pub(super) checkpoint: Mutex<Option<(String, Checkpoint)>>,
}

pub(super) enum Object {
    /// A header, and rows that repeat. It takes no more memory however large it is.
    Repeated {
        header: Bytes,
        rows: Bytes,
        copies: u64,
    },
    Whole(Bytes),
}

impl Object {
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Repeated { header, rows, copies } => header.len() as u64 + copies * rows.len() as u64,
            Self::Whole(bytes) => bytes.len() as u64,
        }
    }

    pub(super) fn read(&self, range: Range<u64>) -> Bytes {
        let (header, rows) = match self {
            Self::Repeated { header, rows, .. } => (header, rows),
            Self::Whole(bytes) => return bytes.slice(range.start as usize..range.end as usize),
        };
        let mut read = Vec::with_capacity((range.end - range.start) as usize);
        let mut at = range.start;
        while at < range.end {
            let (part, within) = match at.checked_sub(header.len() as u64) {
                None => (header, at),
                Some(after) => (rows, after % rows.len() as u64),
            };
            let part = &part[within as usize..];
            let taken = part.len().min((range.end - at) as usize);
            read.extend_from_slice(&part[..taken]);
            at += taken as u64;
        }
        read.into()
    }
}

/// One link: every request waits for its first byte, and all bodies share the bandwidth.
pub(super) struct Network {
    first_byte: Duration,
    /// In bytes a second; 0: no body takes any time.
    bandwidth: f64,
    /// When the link will have sent all that was requested.
    free: Mutex<Instant>,
    arrivals: mpsc::Sender<(Instant, oneshot::Sender<()>)>,
}

impl Network {
    pub(super) fn new(first_byte: Duration, bandwidth: f64) -> Self {
        let (arrivals, due) = mpsc::channel::<(Instant, oneshot::Sender<()>)>();
        // A thread sleeps more exactly than a timer of tokio, which counts milliseconds.
        std::thread::spawn(move || {
            for (at, arrived) in due {
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                // The reader may not want the body any more.
                let _ = arrived.send(());
            }
        });
        Self { first_byte, bandwidth, free: Mutex::new(Instant::now()), arrivals }
    }

    /// How long a body of this many bytes occupies the link.
    pub(super) fn takes(&self, bytes: u64) -> Duration {
        if self.bandwidth > 0.0 { Duration::from_secs_f64(bytes as f64 / self.bandwidth) } else { Duration::ZERO }
    }

    fn request(&self, bytes: u64) -> oneshot::Receiver<()> {
        let (arrived, arrives) = oneshot::channel();
        let mut free = self.free.lock().unwrap();
        *free = (*free).max(Instant::now() + self.first_byte) + self.takes(bytes);
        self.arrivals.send((*free, arrived)).unwrap();
        arrives
    }
}

impl Objects for World {
    async fn head(&self, named: &PinnedObject) -> Result<PinnedObject, SourceError> {
        Ok(named.clone())
    }

    fn get(&self, _: &PinnedObject, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send + 'static {
        let bytes = range.end - range.start;
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
        let arrives = self.network.request(bytes);
        let body = self.object.read(range);
        async move {
            arrives.await.unwrap();
            Ok(body)
        }
    }
}

impl Store for World {
    async fn read(&self, _: &RunKey) -> Read {
        let Some((_, checkpoint)) = self.checkpoint.lock().unwrap().clone() else { return Read::Absent };
        Read::Found(Box::new(Stored { checkpoint, etag: "e".into(), age: Duration::ZERO }))
    }

    async fn list(&self, _: &'static str, _: Option<String>) -> Result<Page, Error> {
        Ok(Page::default())
    }

    async fn write(&self, id: &RunKey, body: Vec<u8>, _: &Condition) -> Written {
        *self.checkpoint.lock().unwrap() = Some((id.run.clone(), Checkpoint::from_json(&body).unwrap()));
        Written::Applied { etag: "e".into() }
    }

    async fn write_skipped(&self, _: &RunKey, _: u64, _: Vec<u8>) -> Result<(), String> {
        Ok(())
    }

    async fn mark(&self, _: &RunKey, _: Stage, _: u32) -> Result<(), String> {
        Ok(())
    }

    async fn marks(&self, _: &RunKey, _: Stage) -> Result<u32, String> {
        Ok(0)
    }
}

impl Signals for World {
    async fn signal(&self, _: &Invocation, _: String) -> (Signalled, Option<String>) {
        (Signalled::Accepted, None)
    }
}

impl Disk for World {
    fn temporary(&self) -> PathBuf {
        PathBuf::new()
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static {
        std::future::ready(Some(work()))
    }
}

impl Clock for World {
    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        let task = self.calls.spawn(task);
        async move { task.await.unwrap() }
    }

    fn spawn_user_code(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        let task = tokio::spawn(task);
        async move { task.await.unwrap() }
    }
}
