//! The search for a bad record: how far it is, and what is tried next. It never decides what happens to the record.

use super::is_zero;
use serde::{Deserialize, Serialize};

/// The range that is searched for a bad record: from the run's position to `until` (exclusive), some records at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Search {
    pub until: u64,
    pub step: u64,
    /// Whether the errors are retryable. Then no record is skipped unless another one was processed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubtful: bool,
    /// Whether this invocation processed a part of the batch since the search began.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub witness: bool,
    /// How often the record at the position failed alone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub alone: u32,
    /// Up to this position each record is tried alone. After a failed record another one may be processed like that, and it must
    /// keep its key. Zero if no record is tried alone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub alone_until: u64,
    /// Whether the next record that fails alone often enough is bad, because the one at the end of `alone_until` was processed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proven: bool,
}

impl Search {
    #[must_use]
    pub fn begun(until: u64, step: u64, doubtful: bool) -> Self {
        Self { until, step, doubtful, witness: false, alone: 0, alone_until: 0, proven: false }
    }

    /// The run passed at least one record. The rest may be fine: it is tried at once, unless it must be tried one by one.
    #[must_use]
    pub fn past(self, position: u64) -> Self {
        let rest = self.until.saturating_sub(position).max(1);
        let search = Self { alone: 0, ..self };
        match self.alone_until {
            0 if self.doubtful && self.step == 1 => Self { step: rest, ..search },
            0 => search,
            end if position >= end => Self { step: rest, alone_until: 0, proven: false, ..search },
            _ => search,
        }
    }
}
