//! How long retryable errors have kept a run where it is. It never reads a clock: time comes in with each error and acquisition.

use super::humantime_millis;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// How long retryable errors have kept a run at its position.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Waiting {
    /// When the first error came, by the clock of the host: for people.
    #[serde(with = "humantime_millis")]
    pub since: SystemTime,
    /// When the run is tried next, about: for people.
    #[serde(with = "humantime_millis")]
    pub next: SystemTime,
    /// Errors so far.
    pub errors: u32,
    /// Time from the first error to the latest acquisition or error, in milliseconds. It adds up ages by the store's clock, so no two
    /// hosts' clocks are compared.
    pub waited_ms: u64,
}

impl Waiting {
    pub fn waited(&self) -> Duration {
        Duration::from_millis(self.waited_ms)
    }

    /// How long to wait before the next try: a quarter of the time waited, an hour at most.
    pub fn pause(&self) -> Duration {
        const LONGEST: Duration = Duration::from_secs(3600);
        (self.waited() / 4).min(LONGEST)
    }
}
