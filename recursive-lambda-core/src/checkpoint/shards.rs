//! One run over many shards: what the run's checkpoint knows of its shards, and a shard's of its range.
//!
//! It decides nothing.

use crate::records::cuts::ranges;
use serde::{Deserialize, Serialize};

/// The most shards of a run: one list of the store has no more keys.
pub const MOST_SHARDS: u32 = 1_000;

/// The shards of a run, in its own checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shards {
    pub count: u32,
    /// How many of them, from the first one on, have a checkpoint and were signalled.
    pub asked: u32,
}

impl Shards {
    #[must_use]
    pub fn new(count: u32) -> Self {
        Self { count, asked: 0 }
    }

    #[must_use]
    pub fn are_asked(&self) -> bool {
        self.asked >= self.count
    }

    /// The bytes of the object that a shard has: it processes the records that begin there.
    #[must_use]
    pub fn shard(&self, index: u32, size: u64) -> Shard {
        let range = ranges(0, size, self.count).nth(index as usize).unwrap_or(size..size);
        Shard { index, count: self.count, start: range.start, end: range.end }
    }

    pub(super) fn are_consistent(&self) -> bool {
        (1..=MOST_SHARDS).contains(&self.count) && self.asked <= self.count
    }
}

/// One shard, in its checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shard {
    /// From 0 on.
    pub index: u32,
    pub count: u32,
    /// Offsets in the object.
    pub start: u64,
    pub end: u64,
}

impl Shard {
    pub(super) fn is_consistent(&self, size: u64) -> bool {
        self.index < self.count && self.count <= MOST_SHARDS && self.start <= self.end && self.end <= size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_the_object_once() {
        for (size, count) in [(0, 1), (1, 3), (10, 3), (1_000, 7), (5_000_000_000_000, 1_000), (u64::MAX, 1_000)] {
            let shards = Shards::new(count);
            let mut end = 0;
            for index in 0..count {
                let shard = shards.shard(index, size);
                assert_eq!(shard.start, end, "{size} {count} {index}");
                assert!(shard.is_consistent(size), "{shard:?}");
                end = shard.end;
            }
            assert_eq!(end, size, "{count}");
        }
    }
}
