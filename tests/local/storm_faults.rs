//! The faults of a storm, chosen by a seed, and the operator who sends dead letters again. Every program gets the same.

use super::stage::{PAST_THE_LEASE, Stage};
use recursive_lambda_local::{ApiCall, Builder, Fault, Operation, Outcome, QueueFaults, What};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The fraction of Lambda's queued events, of responses, of `Invoke` calls, and of containers after an invocation.
const DUPLICATES: f64 = 0.2;
const LOST_RESPONSES: f64 = 0.1;
const THROTTLED: f64 = 0.1;
const EVICTED: f64 = 0.3;

/// When a kill strikes, counted from the start of an invocation. If the invocation ends earlier, the kill waits for another.
const KILLS_STRIKE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_millis(400);

/// The number of wire faults so far.
#[derive(Debug, Default)]
pub(super) struct FaultCounts {
    lost_responses: AtomicU64,
    throttled: AtomicU64,
}

pub(super) fn stormy(platform: Builder, seed: u64) -> Builder {
    platform
        .seed(seed)
        .eviction(EVICTED)
        .queue_faults(QueueFaults { duplicate: DUPLICATES, delay: Duration::from_millis(20), ..QueueFaults::default() })
        .retry_delays(PAST_THE_LEASE)
        .max_concurrency(12)
        .env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "3")
        .env("RECURSIVE_LAMBDA_CHECKPOINT", "batch")
        // Kills do not count against the job, even if many strike at one position.
        .env("RECURSIVE_LAMBDA_MAX_ATTEMPTS", "1000")
        .env("TALLY_PAUSE", "20")
        .env("AWS_LAMBDA_LOG_LEVEL", "ERROR")
}

/// Starts the storm. Containers are killed until `kills` have struck.
pub(super) fn start_storm(stage: &Stage, seed: u64, kills: u32) -> Arc<FaultCounts> {
    let counts = Arc::new(FaultCounts::default());
    let shared = Arc::clone(&counts);
    stage.platform.set_faults(move |call| {
        let chance = chance(seed, call);
        let (fault, counter) = match call.operation {
            Operation::Invoke if chance < THROTTLED => (Fault::Refuse(429, "TooManyRequestsException"), &shared.throttled),
            Operation::Invoke if chance < THROTTLED + LOST_RESPONSES => (Fault::LoseResponse, &shared.lost_responses),
            Operation::Invoke => return None,
            _ if chance < LOST_RESPONSES => (Fault::LoseResponse, &shared.lost_responses),
            _ => return None,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        Some(fault)
    });
    stage.platform.arm_kills(kills, KILLS_STRIKE);
    counts
}

/// A number from 0 to 1 that depends only on the seed and the request.
fn chance(seed: u64, call: &ApiCall) -> f64 {
    let mut hasher = DefaultHasher::new();
    (seed, call.operation, &call.bucket, &call.key, call.nth).hash(&mut hasher);
    (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Sends new dead letters again, as an operator does with the messages of a destination.
#[derive(Default)]
pub(super) struct Operator {
    pub(super) redriven: usize,
}

impl Operator {
    /// Returns the number of events sent.
    pub(super) fn redrive(&mut self, stage: &Stage) -> usize {
        let letters = stage.dead_letters();
        let new = letters.len() - self.redriven;
        for letter in letters.into_iter().skip(self.redriven) {
            stage.platform.send(letter.payload);
        }
        self.redriven += new;
        new
    }
}

/// The number of failed invocations of each run. `run_of` finds the run of an event. Refused duplicates of a running invocation do not
/// count.
pub(super) fn failed_invocations(stage: &Stage, run_of: impl Fn(&str) -> String) -> HashMap<String, usize> {
    let mut runs = HashMap::new();
    let mut failed = HashMap::new();
    for entry in stage.platform.journal() {
        match entry.what {
            What::InvocationStarted { request_id, payload, .. } => {
                runs.entry(request_id).or_insert_with(|| run_of(&String::from_utf8_lossy(&payload)));
            }
            What::InvocationEnded { request_id, outcome, .. } => {
                let harmless = match &outcome {
                    Outcome::Ok(_) => true,
                    Outcome::Error { error_type, .. } => error_type == "DuplicateInFlight",
                    _ => false,
                };
                if !harmless {
                    *failed.entry(runs[&request_id].clone()).or_default() += 1;
                }
            }
            _ => {}
        }
    }
    failed
}

/// A text with the numbers of all faults.
pub(super) fn fault_report(stage: &Stage, counts: &FaultCounts) -> String {
    let counters = stage.platform.counters();
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    format!(
        "{} kills, {} duplicates, {} responses lost, {} throttled, {} evictions in {} invocations; {} retries",
        counters.kills,
        counters.duplicated,
        of(&counts.lost_responses),
        of(&counts.throttled),
        counters.evicted,
        counters.invocations,
        counters.retries
    )
}
