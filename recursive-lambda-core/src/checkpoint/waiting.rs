//! How long retryable errors have kept a run at its position. It never reads a clock: time comes in with each error and
//! acquisition.

use super::humantime_millis;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// How long retryable errors have kept a run at its position.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Waiting {
    /// The time of the first error, by the host's clock: for people.
    #[serde(with = "humantime_millis")]
    pub since: SystemTime,
    /// The approximate time of the next try: for people.
    #[serde(with = "humantime_millis")]
    pub next: SystemTime,
    /// Errors so far.
    pub errors: u32,
    /// The time from the first error to the latest acquisition or error, in milliseconds. It adds up ages by the store's clock,
    /// so the clocks of two hosts are never compared.
    pub waited_ms: u64,
}

impl Waiting {
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_millis(self.waited_ms)
    }

    /// How long to wait before the next try: a quarter of the time waited so far, at most an hour.
    #[must_use]
    pub fn pause(&self) -> Duration {
        const LONGEST: Duration = Duration::from_secs(3600);
        (self.waited() / 4).min(LONGEST)
    }
}
