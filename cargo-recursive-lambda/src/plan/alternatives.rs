//! What other services of AWS take and cost for the same [`Job`]: Step Functions Distributed Map, durable functions and Fargate. Pure, as
//! `model` is. Where a figure is not known, it never favours this framework: the assumption is the one that costs the alternative less.

use super::model::{Architecture, CHECKPOINT, Chain, Estimate, Job, ONE_VCPU_MB, SAVE};
use super::prices;
use indicatif::HumanCount;

/// The largest object that Distributed Map reads, in bytes.
const MAP_OBJECT: u64 = 10 << 30;
/// The largest input of a child of Distributed Map, in bytes.
const MAP_INPUT: f64 = 262_144.0;
/// The longest time of a child in seconds, for children of the type Express.
const EXPRESS_LONGEST: f64 = 300.0;
/// Children that start in a second.
const STANDARD_RATE: f64 = 100.0;
const EXPRESS_RATE: f64 = 1_000.0;
/// Invocations at once: an account's default.
const AT_ONCE: f64 = 1_000.0;
/// Seconds of a child's invocation that are no work: it is warm. Assumed.
const WARM: f64 = 0.01;
/// Billed seconds of an Express child in addition to its invocation: 0.05 to start and end, assumed, and 0.05 that rounding up to a
/// tenth of a second adds on average.
const EXPRESS_EXTRA: f64 = 0.1;
/// The memory of an Express child, in GB: one chunk of 64 MB.
const EXPRESS_GB: f64 = 0.0625;

/// The most operations of a durable execution.
const DURABLE_OPERATIONS: u64 = 3_000;
/// GB that an operation writes: a position and a little state. Assumed.
const DURABLE_WRITTEN_GB: f64 = 1e-6;
/// Months that an execution's history is kept: 14 days, the default.
const DURABLE_MONTHS: f64 = 14.0 / 30.0;

/// Seconds until a task of Fargate works. Assumed; the estimate does not bill them.
const TASK_START: f64 = 60.0;
/// The shortest time that Fargate bills, in seconds.
const TASK_LEAST: f64 = 60.0;
/// The least and the most memory of a task with one vCPU, in GB.
const TASK_GB: (f64, f64) = (2.0, 8.0);

/// Children of Distributed Map.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Children {
    Standard,
    Express,
}

impl Job {
    /// Distributed Map with children of at most 256 KiB of records. A child takes as many whole batches as fit; a larger batch is cut.
    pub(crate) fn distributed_map(&self, kind: Children) -> Estimate {
        let (name, rate, longest) = match kind {
            Children::Standard => ("Distributed Map, standard", STANDARD_RATE, self.timeout),
            Children::Express => ("Distributed Map, express", EXPRESS_RATE, EXPRESS_LONGEST.min(self.timeout)),
        };
        // As JSON a CSV row repeats the names of its columns. How long they are is not known, so they are not counted.
        let record = self.bytes as f64 / self.records.max(1) as f64;
        if record > MAP_INPUT {
            return Estimate::impossible(name, "a record is larger than the 256 KiB of a child's input".to_owned());
        }
        let batch = self.batch.max(1);
        let in_time = ((longest - WARM) / self.batch_seconds * batch as f64) as u64;
        if in_time == 0 {
            return Estimate::impossible(name, format!("one record takes longer than the {longest} s of a child"));
        }
        let fitting = ((MAP_INPUT / record) as u64).min(in_time).min(self.records.max(1));
        let a_child = if fitting > batch { fitting / batch * batch } else { fitting };
        let children = self.records.div_ceil(a_child);
        let count = children as f64;
        // The parts of a batch take as long as the batch, and a child can have batches in flight together, too.
        let calls = self.batches() as f64 / self.concurrency.max(1) as f64;
        let work = calls * self.batch_seconds + self.decoding(self.vcpu()) + count * WARM;
        let seconds = (count / rate).max(work / AT_ONCE.min(count.max(1.0)));
        let [time, requests] = self.lambda(children, work);
        let mut charges = vec![time, requests, prices::S3_GET.of(self.ranges() as f64)];
        match kind {
            // One transition starts a child, one is its task; one more is the map.
            Children::Standard => charges.push(prices::TRANSITION.of(1.0 + 2.0 * count)),
            Children::Express => {
                charges.push(prices::TRANSITION.of(1.0 + count));
                charges.push(prices::EXPRESS_REQUEST.of(count));
                charges.push(prices::EXPRESS_TIME.of((work + count * EXPRESS_EXTRA) * EXPRESS_GB));
            }
        }
        let mut assumptions =
            vec![format!("no order; records a child: {} in 256 KiB, fewer of CSV, which becomes JSON", HumanCount(a_child))];
        assumptions.push(match kind {
            Children::Standard => "each child has a page in the console, and failed ones can be redriven".to_owned(),
            Children::Express => "1,000 children a second, 1,000 at once; at least once, 5 minutes each".to_owned(),
        });
        let parts = self.bytes.div_ceil(MAP_OBJECT);
        if parts > 1 {
            assumptions.push(format!("it reads objects of up to 10 GB: cut this one into {parts} first"));
        }
        Estimate::new(name, children, seconds, charges).assuming(assumptions)
    }

    /// Durable functions that read ranges of the object themselves, with a step for every checkpoint of a run.
    pub(crate) fn durable_functions(&self) -> Estimate {
        let Chain { invocations, saves, billed, seconds, .. } = self.chain();
        let steps = saves.max(1);
        // A wait ends an invocation, so that the next one has its whole time.
        let operations = steps + invocations;
        let executions = operations.div_ceil(DURABLE_OPERATIONS - 1);
        let operations = (operations + executions) as f64;
        let written = operations * DURABLE_WRITTEN_GB;
        let [time, requests] = self.lambda(invocations, billed);
        let charges = vec![
            time,
            requests,
            self.reads(invocations),
            prices::DURABLE_OPERATION.of(operations),
            prices::DURABLE_WRITTEN.of(written),
            prices::DURABLE_RETAINED.of(written * DURABLE_MONTHS),
        ];
        let executions = match executions {
            1 => "one execution".to_owned(),
            executions => format!("{executions} executions after one another"),
        };
        Estimate::new("durable functions", invocations, seconds, charges).assuming([
            format!("a step every {CHECKPOINT} s writes 1 kB, kept for 14 days; {executions}"),
            "your code reads ranges, splits records and finds its position".to_owned(),
        ])
    }

    /// One task of Fargate with one vCPU. Its program saves as a run does. AWS does not say how fast its network is, so it is no limit.
    pub(crate) fn fargate(&self) -> Estimate {
        let work = self.computing(1.0);
        let saves = self.saves(work);
        let busy = work + saves as f64 * SAVE;
        let billed = busy.max(TASK_LEAST);
        let (least, most) = TASK_GB;
        let memory = (f64::from(self.memory_mb) / 1024.0).ceil().clamp(least, most);
        let (vcpu, gb) = match self.architecture {
            Architecture::Arm64 => (prices::FARGATE_ARM_VCPU, prices::FARGATE_ARM_GB),
            Architecture::X86 => (prices::FARGATE_X86_VCPU, prices::FARGATE_X86_GB),
        };
        let charges = vec![
            vcpu.of(billed),
            gb.of(billed * memory),
            prices::S3_GET.of(self.ranges() as f64),
            prices::S3_PUT.of(saves as f64),
        ];
        let mut assumptions = vec![format!("1 vCPU, {memory} GB, one minute to start that is not billed, one billed at least")];
        let times = ONE_VCPU_MB / f64::from(self.memory_mb);
        assumptions.push(match times > 1.05 {
            true => format!("a batch that computes and does not wait is up to {times:.1} times faster there"),
            false => "a batch takes as long there".to_owned(),
        });
        Estimate::new("Fargate", 1, TASK_START + busy, charges).assuming(assumptions)
    }

    /// The run and its alternatives.
    pub(crate) fn estimates(&self) -> Vec<Estimate> {
        let sharded = (self.shards > 1).then(|| self.sharded(self.shards));
        let others = [
            self.distributed_map(Children::Standard),
            self.distributed_map(Children::Express),
            self.durable_functions(),
            self.fargate(),
        ];
        [self.run()].into_iter().chain(sharded).chain(others).collect()
    }
}
