//! A run over shards, as formulas: each shard is a chain of its own, and the run asks them and waits. Pure, as `model` is.

use super::model::{
    Chain, Estimate, FIRST_WRITES, Job, LAST_RANGES, NETWORK, READS_AN_INVOCATION, SIGNAL, START, WRITES_AN_INVOCATION,
};
use super::prices;

/// Shards that are created or looked at together, as the driver does it.
const AT_ONCE: f64 = 32.0;
/// Seconds to find where a shard begins, to create and signal it, and to look at one. Assumed.
const PLACE: f64 = 0.03;
const ASK: f64 = 0.06;
const LOOK: f64 = 0.02;
/// Writes of a shard that ends: its mark, and the list of marks, which costs as much.
const MARKS: u64 = 2;

impl Job {
    /// The run of this framework with `shards = N`.
    pub(crate) fn sharded(&self, shards: u64) -> Estimate {
        let part = Job { bytes: self.bytes.div_ceil(shards), records: self.records.div_ceil(shards), ..self.clone() };
        let Chain { invocations, saves, renewals, billed, seconds } = part.chain();
        let groups = (shards as f64 / AT_ONCE).ceil();
        // The run is there at the start, and after each stage.
        let stages = if self.scan { 2 } else { 1 };
        // The scans tell the places; otherwise the bytes around each bound do.
        let places = groups * if self.scan { LOOK } else { PLACE };
        let own = places + stages as f64 * groups * (ASK + LOOK) + (stages + 1) as f64 * START;
        let scan = if self.scan { START + part.bytes as f64 / NETWORK } else { 0.0 };
        let scans = if self.scan { shards } else { 0 };

        let all = shards * invocations + scans + stages + 1;
        let reads = shards * (part.ranges() + invocations * (LAST_RANGES + READS_AN_INVOCATION))
            + scans * (part.ranges() + READS_AN_INVOCATION)
            // The run looks at each shard after its stage, and at its scan or its bound for the place.
            + shards * (stages + 1);
        let writes = shards * (saves + renewals + FIRST_WRITES + invocations * WRITES_AN_INVOCATION + MARKS)
            + scans * (FIRST_WRITES + MARKS)
            + FIRST_WRITES
            + stages * WRITES_AN_INVOCATION;
        let signals = (stages * 2) as f64 * SIGNAL;
        let [time, requests] = self.lambda(all, shards as f64 * (billed + scan) + own);
        let charges = vec![time, requests, prices::S3_GET.of(reads as f64), prices::S3_PUT.of(writes as f64)];
        let scanned = if self.scan { "scanned once and then read" } else { "read without a scan" };
        Estimate::new("this run in shards", all, seconds + scan + own + signals, charges).assuming([
            format!("{shards} shards at once, {scanned}; in order within a shard"),
            "the account's and the function's concurrency allow as many".to_owned(),
        ])
    }
}
