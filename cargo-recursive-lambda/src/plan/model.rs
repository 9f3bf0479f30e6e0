//! What a run takes and costs, as formulas over a [`Job`]. They are pure: they never read a file, a clock or the environment.
//! `docs/costs.md` repeats them in words, with an example. The alternatives are in `alternatives`.

use super::prices::{self, Charge, Price};
use serde::Serialize;

/// The largest request for a range of the object, in bytes.
const RANGE: f64 = recursive_lambda_core::engine::prefetch::LARGEST as f64;
/// The requests in which an invocation reads its last bytes: they get smaller, so that little is fetched in vain.
pub(super) const LAST_RANGES: u64 = 8;
/// Reads that are not of the object: its size at the start, and the checkpoint once an invocation.
const FIRST_READS: u64 = 1;
pub(super) const READS_AN_INVOCATION: u64 = 1;
/// Writes in addition to those of every ten seconds.
pub(super) const FIRST_WRITES: u64 = 3;
pub(super) const WRITES_AN_INVOCATION: u64 = 2;

/// Seconds between two checkpoints; a batch that takes longer has one of its own.
pub(super) const CHECKPOINT: f64 = 10.0;
/// Seconds that a checkpoint takes. Assumed.
pub(super) const SAVE: f64 = 0.05;
/// The default `reserve`, in seconds. It is at most a quarter of the time-out.
const RESERVE: f64 = 10.0;
/// Seconds without a checkpoint after which the lease is renewed by one more write: a third of the default lease.
const RENEWAL: f64 = 15.0;
/// Seconds of an invocation that are no work: initialising, taking the run over, handing it on. Assumed.
pub(super) const START: f64 = 0.3;
/// Seconds from a signal to the start of the next invocation; they are not billed. Assumed.
pub(super) const SIGNAL: f64 = 0.1;

/// Bytes a second that an environment of Lambda reads from S3: 625 Mbps.
pub(super) const NETWORK: f64 = 78e6;
/// Bytes a second that one vCPU decodes: CSV rows into a struct.
const DECODED: f64 = 390e6;
/// The memory that comes with one vCPU, in MB.
pub(super) const ONE_VCPU_MB: f64 = 1769.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
pub(crate) enum Architecture {
    #[serde(rename = "arm64")]
    Arm64,
    #[value(name = "x86_64")]
    #[serde(rename = "x86_64")]
    X86,
}

impl Architecture {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86_64",
        }
    }
}

/// The object, and the function that processes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Job {
    pub(crate) bytes: u64,
    pub(crate) records: u64,
    /// Records a batch, at least one.
    pub(crate) batch: u64,
    /// Seconds that the function takes for one batch.
    pub(crate) batch_seconds: f64,
    pub(crate) memory_mb: u32,
    /// The function's time-out in seconds.
    pub(crate) timeout: f64,
    /// Batches at once in one invocation, at least one.
    pub(crate) concurrency: u64,
    pub(crate) architecture: Architecture,
    /// 1: none.
    pub(crate) shards: u64,
    /// Whether shards scan the object before they read it.
    pub(crate) scan: bool,
}

/// What one way of processing the object takes and costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Estimate {
    pub(crate) name: &'static str,
    /// Why it cannot process this object; the rest is then empty.
    pub(crate) impossible: Option<String>,
    /// Invocations of Lambda, or tasks of Fargate.
    pub(crate) invocations: u64,
    pub(crate) seconds: f64,
    pub(crate) dollars: f64,
    pub(crate) charges: Vec<Charge>,
    /// What the numbers assume, and what else to know; one sentence each.
    pub(crate) assumptions: Vec<String>,
}

impl Estimate {
    pub(super) fn new(name: &'static str, invocations: u64, seconds: f64, charges: Vec<Charge>) -> Self {
        let dollars = charges.iter().map(|charge| charge.dollars).sum();
        Self { name, impossible: None, invocations, seconds, dollars, charges, assumptions: Vec::new() }
    }

    pub(super) fn impossible(name: &'static str, why: String) -> Self {
        Self { impossible: Some(why), ..Self::new(name, 0, 0.0, Vec::new()) }
    }

    pub(super) fn assuming(self, assumptions: impl IntoIterator<Item = String>) -> Self {
        Self { assumptions: assumptions.into_iter().collect(), ..self }
    }
}

/// A chain of invocations over the whole object, or over a shard.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chain {
    pub(super) invocations: u64,
    /// Checkpoints in addition to those at the start and the end of an invocation.
    pub(super) saves: u64,
    pub(super) renewals: u64,
    /// Seconds that Lambda bills.
    pub(super) billed: f64,
    pub(super) seconds: f64,
}

impl Job {
    pub(crate) fn batches(&self) -> u64 {
        self.records.div_ceil(self.batch.max(1))
    }

    /// The times at which a batch begins, if `concurrency` batches begin together.
    fn rounds(&self) -> u64 {
        self.batches().div_ceil(self.concurrency.max(1))
    }

    /// Seconds of batches after one another, with the decoding of their records.
    pub(super) fn computing(&self, vcpu: f64) -> f64 {
        self.rounds() as f64 * self.batch_seconds + self.decoding(vcpu)
    }

    pub(super) fn decoding(&self, vcpu: f64) -> f64 {
        self.bytes as f64 / (DECODED * vcpu)
    }

    /// The part of a vCPU that the function has. A batch is decoded on one.
    pub(super) fn vcpu(&self) -> f64 {
        (f64::from(self.memory_mb) / ONE_VCPU_MB).min(1.0)
    }

    /// Checkpoints in `work` seconds: one every ten seconds, or one after every batch.
    pub(super) fn saves(&self, work: f64) -> u64 {
        self.batches().min((work / CHECKPOINT) as u64)
    }

    /// The most seconds of work in one invocation. As `engine/budget.rs` has it: a batch may begin while more time is left than the
    /// reserve, or than two batches take, and than two checkpoints take.
    pub(super) fn work_an_invocation(&self) -> f64 {
        let reserve = RESERVE.min(self.timeout / 4.0).max(2.0 * self.batch_seconds);
        let begins = (self.timeout - START - reserve - 2.0 * SAVE).max(0.0);
        if self.batch_seconds > 0.0 { self.batch_seconds * (begins / self.batch_seconds).ceil().max(1.0) } else { begins }
    }

    /// Whether the function can end a batch before its time-out.
    pub(crate) fn fits_time_out(&self) -> bool {
        START + self.batch_seconds < self.timeout
    }

    pub(super) fn chain(&self) -> Chain {
        let work = self.computing(self.vcpu()).max(self.bytes as f64 / NETWORK);
        let saves = self.saves(work);
        let busy = work + saves as f64 * SAVE;
        let invocations = ((busy / self.work_an_invocation()).ceil() as u64).max(1);
        let billed = busy + invocations as f64 * START;
        let renewals = self.rounds().saturating_mul((self.batch_seconds / RENEWAL) as u64);
        Chain { invocations, saves, renewals, billed, seconds: billed + (invocations - 1) as f64 * SIGNAL }
    }

    /// The requests that read the object, if each is for a range of 4 MiB.
    pub(super) fn ranges(&self) -> u64 {
        (self.bytes as f64 / RANGE).ceil() as u64
    }

    /// Time and requests of Lambda.
    pub(super) fn lambda(&self, invocations: u64, billed: f64) -> [Charge; 2] {
        let time: Price = match self.architecture {
            Architecture::Arm64 => prices::LAMBDA_ARM,
            Architecture::X86 => prices::LAMBDA_X86,
        };
        [time.of(billed * f64::from(self.memory_mb) / 1024.0), prices::LAMBDA_REQUEST.of(invocations as f64)]
    }

    /// Requests that read the object and the checkpoints.
    pub(super) fn reads(&self, invocations: u64) -> Charge {
        let reads = self.ranges() + FIRST_READS + invocations * (LAST_RANGES + READS_AN_INVOCATION);
        prices::S3_GET.of(reads as f64)
    }

    /// The run of this framework.
    pub(crate) fn run(&self) -> Estimate {
        let Chain { invocations, saves, renewals, billed, seconds } = self.chain();
        let writes = saves + renewals + FIRST_WRITES + invocations * WRITES_AN_INVOCATION;
        let [time, requests] = self.lambda(invocations, billed);
        let charges = vec![time, requests, self.reads(invocations), prices::S3_PUT.of(writes as f64)];
        let mut assumptions = vec![
            "in order; a checkpoint every 10 s; 0.3 s to start an invocation".to_owned(),
            "a signal is the request of the invocation that it starts".to_owned(),
        ];
        if invocations > 10_000 {
            assumptions.push("set RECURSIVE_LAMBDA_MAX_INVOCATIONS: a run stops at 10,000".to_owned());
        }
        Estimate::new("this run", invocations, seconds, charges).assuming(assumptions)
    }
}
