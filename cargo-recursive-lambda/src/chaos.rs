//! `--chaos SEED`: the faults of a bad day, so that a person sees a run survive them.
//!
//! It only chooses faults; the platform makes them. The same seed chooses the same ones, as far as the requests are the same.

use recursive_lambda_local::{ApiCall, Fault, Operation, Platform, QueueFaults};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// The kills, if `--kill` does not say how many.
pub(crate) const KILLS: u32 = 2;

/// The fraction of containers that are thrown away after an invocation.
pub(crate) const EVICTED: f64 = 0.3;

const DUPLICATES: f64 = 0.2;
const LOST_RESPONSES: f64 = 0.1;
const THROTTLED: f64 = 0.05;

/// What happens, for a person.
pub(crate) fn told(seed: u64) -> String {
    let percent = |fraction: f64| fraction * 100.0;
    format!(
        "-- chaos {seed}: {} % of the responses of S3 and Lambda are lost, {} % of the signals throttled, {} % of the events come twice, \
         {} % of the containers are thrown away",
        percent(LOST_RESPONSES),
        percent(THROTTLED),
        percent(DUPLICATES),
        percent(EVICTED)
    )
}

pub(crate) fn unleash(platform: &Platform, seed: u64) {
    platform.set_queue_faults(QueueFaults { duplicate: DUPLICATES, delay: Duration::from_millis(20), ..QueueFaults::default() });
    platform.set_faults(move |call| fault(call.operation, chance(seed, call)));
}

fn fault(operation: Operation, chance: f64) -> Option<Fault> {
    match operation {
        Operation::Invoke if chance < THROTTLED => Some(Fault::Refuse(429, "TooManyRequestsException")),
        Operation::Invoke if chance < THROTTLED + LOST_RESPONSES => Some(Fault::LoseResponse),
        Operation::Invoke => None,
        _ => (chance < LOST_RESPONSES).then_some(Fault::LoseResponse),
    }
}

/// A number from 0 to 1 that depends only on the seed and the request.
fn chance(seed: u64, call: &ApiCall) -> f64 {
    let mut hasher = DefaultHasher::new();
    (seed, call.operation, &call.bucket, &call.key, call.nth).hash(&mut hasher);
    (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_calls_have_a_fault() {
        for (operation, chance, expected) in [
            (Operation::Invoke, 0.01, "Refuse"),
            (Operation::Invoke, 0.1, "LoseResponse"),
            (Operation::Invoke, 0.2, "None"),
            (Operation::PutObject, 0.09, "LoseResponse"),
            (Operation::PutObject, 0.11, "None"),
        ] {
            let found = format!("{:?}", fault(operation, chance));
            assert!(found.contains(expected), "{operation:?} {chance}: {found}");
        }
    }
}
