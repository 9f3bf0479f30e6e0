//! One run over many shards: what the run's checkpoint knows of its shards, and a shard's of its range.
//!
//! It decides nothing.

use super::Checkpoint;
use serde::{Deserialize, Serialize};

/// The most shards of a run: one list of the store has no more keys.
pub const MOST_SHARDS: u32 = 1_000;

/// What a run asks its shards to do, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Each finds out what its range is for every state in which that can begin. Together they tell where records begin. Only a
    /// format that is cut by a scan needs it.
    Scan,
    /// Each processes the records of its range.
    #[default]
    Read,
}

/// The shards of a run, in its own checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shards {
    pub count: u32,
    /// How many of them, from the first one on, have a checkpoint for this stage and were signalled.
    pub asked: u32,
    #[serde(default, skip_serializing_if = "Stage::is_read")]
    pub stage: Stage,
}

impl Shards {
    #[must_use]
    pub fn new(count: u32, stage: Stage) -> Self {
        Self { count, asked: 0, stage }
    }

    #[must_use]
    pub fn are_asked(&self) -> bool {
        self.asked >= self.count
    }

    pub(super) fn are_consistent(&self) -> bool {
        (1..=MOST_SHARDS).contains(&self.count) && self.asked <= self.count
    }
}

impl Stage {
    fn is_read(&self) -> bool {
        *self == Self::Read
    }
}

impl Checkpoint {
    /// Whether nobody is known to signal this shard: it was just created, or resumed.
    #[must_use]
    pub fn is_unasked(&self) -> bool {
        let is_left_alone = self.owner.is_none() && self.handed_over_by.is_none() && self.waiting.is_none();
        is_left_alone && !self.is_at_rest()
    }

    /// This run with what its shards of the present stage have done, for people. They are given in any order.
    #[must_use]
    pub fn with_work_of<'a>(&self, shards: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sum = self.clone();
        // What the run has gathered it counts itself.
        let is_open = self.batches == 0 && self.shards.is_some_and(|shards| shards.stage == Stage::Read);
        for shard in shards {
            sum.invocations += shard.invocations;
            sum.updated = sum.updated.max(shard.updated);
            if is_open {
                sum.position += shard.position;
                sum.offset += shard.offset - shard.shard.map_or(0, |range| range.start).min(shard.offset);
                sum.line += shard.line;
                sum.batches += shard.batches;
                sum.skipped += shard.skipped;
            }
        }
        sum.offset = sum.offset.min(sum.size);
        sum
    }
}

/// One shard, in its checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shard {
    /// From 0 on.
    pub index: u32,
    pub count: u32,
    #[serde(default, skip_serializing_if = "Stage::is_read")]
    pub stage: Stage,
    /// Its bytes of the object: from the start of a record to the start of another or the object's end. A scan begins and ends
    /// anywhere.
    pub start: u64,
    pub end: u64,
}

impl Shard {
    pub(super) fn is_consistent(&self, size: u64) -> bool {
        self.index < self.count && self.count <= MOST_SHARDS && self.start <= self.end && self.end <= size
    }
}
