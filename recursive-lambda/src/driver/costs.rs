//! What a whole run costs: time over a network, memory, and what a resume reads. `cargo xtask bench` runs it with the numbers of its
//! tables; as a test it only shows that every record is processed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

mod world;

use self::world::{Network, Object, World};
use super::deployment::Deployment;
use super::{Answer, handle};
use crate::fixtures::{birdstrikes, gzip};
use crate::format::{Csv, Decode, Format, Lines};
use crate::invocation::Invocation;
use crate::settings::Settings;
use crate::{Batch, Config, Error, Flow, Handler};
use recursive_lambda_core::checkpoint::Checkpoint;
use recursive_lambda_core::event::{NamedObject, Request, Signal};
use serde::Deserialize;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Builder;

/// What the job does with each batch.
#[derive(Default)]
struct Work {
    computes: Duration,
    waits: Duration,
    records: AtomicU64,
}

/// A job over records of one type.
struct Job<F, T>(PhantomData<fn() -> (F, T)>);

impl<F: Format + Decode<T>, T: Send + 'static> Handler for Job<F, T> {
    const NAME: &'static str = "job";
    const CONFIG: Config = Config::new(400);
    type Format = F;
    type Input = Batch<T>;
    type State = ();
    type Resources = Work;

    async fn call(batch: Batch<T>, (): &mut (), work: &Work) -> Result<Flow, Error> {
        let begun = Instant::now();
        while begun.elapsed() < work.computes {
            std::hint::spin_loop();
        }
        if !work.waits.is_zero() {
            tokio::time::sleep(work.waits).await;
        }
        work.records.fetch_add(batch.len() as u64, Ordering::Relaxed);
        Ok(Flow::Continue)
    }
}

#[derive(Deserialize)]
struct Strike {
    #[serde(rename = "Wildlife Species")]
    _species: String,
    #[serde(rename = "Effect Amount of damage")]
    _damage: String,
    #[serde(rename = "Cost Total $")]
    _dollars: u64,
}

/// What is measured.
#[derive(Clone, Default)]
struct Measured {
    format: String,
    /// How often the demo's file is repeated.
    copies: u64,
    batch: usize,
    /// Of the network, in millions of bytes a second; 0: it takes no time.
    bandwidth: f64,
    first_byte: Duration,
    /// How long the job computes for all batches, as a multiple of the network's time.
    computes: f64,
    /// How long the job waits for each batch.
    waits: Duration,
    concurrency: u64,
    /// Whether the object is gzip.
    gzip: bool,
    /// The invocation that is measured is the second one, after this many batches; 0: the first one, to the end.
    resumes_after: u64,
}

/// What was found.
struct Found {
    took: Duration,
    /// What the network or the job needs, whichever needs longer.
    least: Duration,
    read: u64,
    size: u64,
}

impl Measured {
    fn from_env() -> Self {
        let number = |name: &str, default: f64| std::env::var(name).map_or(default, |value| value.parse().unwrap());
        Self {
            format: std::env::var("RL_FORMAT").unwrap_or("lines".into()),
            copies: number("RL_TIMES", 1.0) as u64,
            batch: number("RL_BATCH", 400.0) as usize,
            bandwidth: number("RL_BANDWIDTH", 0.0),
            first_byte: Duration::from_secs_f64(number("RL_FIRST_BYTE_MS", 0.0) / 1e3),
            computes: number("RL_COMPUTES", 0.0),
            waits: Duration::from_secs_f64(number("RL_WAITS_MS", 0.0) / 1e3),
            concurrency: number("RL_CONCURRENCY", 1.0) as u64,
            gzip: number("RL_GZIP", 0.0) > 0.0,
            resumes_after: number("RL_RESUMES_AFTER", 0.0) as u64,
        }
    }

    fn measure(&self) -> Found {
        let (header, rows) = birdstrikes();
        let records = memchr::memchr_iter(b'\n', &rows).count() as u64 * self.copies;
        let object = Object::Repeated { header: header.into(), rows: rows.into(), copies: self.copies };
        let object = match self.gzip {
            true => Object::Whole(gzip(&object.read(0..object.size()), object.size() as usize).into()),
            false => object,
        };
        match &*self.format {
            "lines" => self.run::<Lines, String>(object, records + 1),
            "csv" => self.run::<Csv, Strike>(object, records),
            other => panic!("no format {other}"),
        }
    }

    fn run<F: Format + Decode<T>, T: Send + 'static>(&self, object: Object, records: u64) -> Found {
        let calls = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let users = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let network = Network::new(self.first_byte, self.bandwidth * 1e6);
        let (size, transfer) = (object.size(), network.takes(object.size()));
        let batches = records.div_ceil(self.batch as u64) as u32;
        let computes = transfer.mul_f64(self.computes) / batches;
        let world = Arc::new(World {
            object,
            network,
            begun: Instant::now(),
            calls: calls.handle().clone(),
            bytes_read: AtomicU64::new(0),
            checkpoint: None.into(),
        });
        let work = Work { computes, waits: self.waits, ..Work::default() };
        let mut deployment = Deployment::<Job<F, T>, World>::new(Settings::default(), work, Arc::clone(&world));
        deployment.config = Config { concurrency: self.concurrency, ..deployment.config };
        deployment.plan.batch = self.batch as u64;
        let invocation = Invocation { left: Some(Duration::from_secs(3_600)), ..Invocation::for_tests("f") };
        let named = NamedObject {
            bucket: "bucket".into(),
            key: "key".into(),
            region: None,
            version: None,
            etag: Some("etag".into()),
            size: Some(size),
            sequencer: None,
            name: None,
        };
        let mut request = Request::Start(named);
        if self.resumes_after > 0 {
            deployment.settings.batches_per_invocation = Some(self.resumes_after);
            let answer = users.block_on(handle(&deployment, Arc::clone(&world), &invocation, request, true));
            assert!(matches!(answer, Ok(Answer::Run(_))), "{:?}", answer.err());
            assert_eq!(deployment.resources.records.load(Ordering::Relaxed), self.resumes_after * self.batch as u64);
            let (run, Checkpoint { seq, position, .. }) = world.checkpoint.lock().unwrap().clone().unwrap();
            request =
                Request::Signal(Signal { job: "job".into(), run, seq, token: "t".into(), swept: false, position, carried: None });
            deployment.settings.batches_per_invocation = Some(1);
            world.bytes_read.store(0, Ordering::Relaxed);
        }
        let begun = Instant::now();
        let answer = users.block_on(handle(&deployment, Arc::clone(&world), &invocation, request, true));
        let took = begun.elapsed();
        assert!(matches!(answer, Ok(Answer::Run(_))), "{:?}", answer.err());
        let expected = if self.resumes_after > 0 { (self.resumes_after + 1) * self.batch as u64 } else { records };
        assert_eq!(deployment.resources.records.load(Ordering::Relaxed), expected);
        let job = (computes + self.waits) * batches / self.concurrency as u32;
        Found { took, least: job.max(transfer + self.first_byte), read: world.bytes_read.load(Ordering::Relaxed), size }
    }
}

#[test]
fn a_run_over_a_network_reads_all() {
    for format in ["lines", "csv"] {
        let network = Measured { bandwidth: 500.0, first_byte: Duration::from_millis(1), ..Measured::from_env() };
        let found = Measured { format: format.into(), copies: 3, concurrency: 3, ..network }.measure();
        assert_eq!(found.read, found.size, "{format}");
    }
}

#[test]
#[ignore = "run by `cargo xtask bench`"]
fn one_run() {
    let Found { took, least, read, size } = Measured::from_env().measure();
    println!("took={} least={} read={read} size={size} peak={}", took.as_nanos(), least.as_nanos(), peak_memory());
}

/// The most memory that the process had, in KiB; 0 where the system does not say.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
