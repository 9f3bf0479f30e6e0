//! The search for the record at fault: where it stands, and what is tried next. It never decides what is done with the record.

use super::is_zero;
use serde::{Deserialize, Serialize};

/// Where a record at fault is looked for: from the run's position up to, and not including, position `until`, so many records at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Search {
    pub until: u64,
    pub step: u64,
    /// Whether the errors are retryable: then no record is skipped unless another one was processed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubtful: bool,
    /// Whether a part of the batch was processed since the doubt arose, in this invocation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub witness: bool,
    /// How often the record at the cursor failed by itself.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub alone: u32,
    /// Up to this position each record is tried by itself: behind one that failed, another may be processed so, and must keep its key. Zero
    /// if none is.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub alone_until: u64,
    /// Whether the next record that fails by itself often enough is at fault, because the one at the end of `alone_until` was processed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proven: bool,
}

impl Search {
    pub fn begun(until: u64, step: u64, doubtful: bool) -> Self {
        Self { until, step, doubtful, witness: false, alone: 0, alone_until: 0, proven: false }
    }

    /// The run passed a record, or more. What is left may be without fault: it is tried at once, unless it must be tried one by one.
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
