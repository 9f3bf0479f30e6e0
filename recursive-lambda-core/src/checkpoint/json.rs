//! A checkpoint as JSON. What no run can have is refused, because people write to the store, too.

use super::{Checkpoint, Stage, VERSION};
use crate::compression::TextPosition;
use serde::Deserialize;

impl Checkpoint {
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// Parses a checkpoint. Fails if it has a newer version, is not a checkpoint, or holds values that no run can have.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Versioned {
            v: u32,
        }
        match serde_json::from_slice::<Versioned>(bytes) {
            Ok(Versioned { v }) if v > VERSION => Err(Unreadable::Newer(v)),
            _ => match serde_json::from_slice::<Self>(bytes) {
                Ok(checkpoint) if checkpoint.is_consistent() => Ok(checkpoint),
                Ok(_) => Err(Unreadable::Corrupt("its numbers contradict each other".into())),
                Err(error) => Err(Unreadable::Corrupt(error.to_string())),
            },
        }
    }

    /// Whether a run can have this checkpoint. People write to the store, too, and anyone may have made a signal that carries a
    /// checkpoint.
    fn is_consistent(&self) -> bool {
        // No real count comes near this, so adding to one never overflows.
        let Self { position, size, line, batches, seq, epoch, invocations, forgiven, skipped, one_at_a_time_ms, .. } = *self;
        let waited = self.waiting.as_ref().map_or(0, |waiting| waiting.waited_ms);
        let errors = self.waiting.as_ref().map_or(0, |waiting| waiting.errors);
        let counts = [position, size, line, batches, seq, epoch, invocations, skipped, one_at_a_time_ms, waited];
        counts.iter().all(|count| *count < 1 << 53)
            && forgiven <= invocations
            && self.attempts.max(errors) < 1 << 20
            && self.offset <= self.size
            && self.size == self.object.size
            && (self.offset == 0 || self.header.is_some() || self.has_no_header_yet())
            && self.shards.is_none_or(|shards| shards.are_consistent() && self.shard.is_none())
            && self.shard.is_none_or(|shard| shard.is_consistent(self.size) && (shard.start..=shard.end).contains(&self.offset))
            && self.text.as_ref().is_none_or(|text| {
                let TextPosition { offset, resume, anchor, .. } = text;
                let is_after_anchor = anchor.as_ref().is_none_or(|anchor| anchor.text <= *offset);
                resume.text <= text.bytes()
                    && text.bytes().max(*offset) < 1 << 53
                    && resume.compressed <= self.size
                    && is_after_anchor
            })
            && self.commands() < 1 << 53
            && self.search.is_none_or(|search| search.step > 0 && (self.position..1 << 53).contains(&search.until))
    }

    /// A run over shards reads no record, and a scan reads no header.
    fn has_no_header_yet(&self) -> bool {
        self.shards.is_some() || self.shard.is_some_and(|shard| shard.stage == Stage::Scan)
    }
}

/// Why a checkpoint cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unreadable {
    Newer(u32),
    Corrupt(String),
}
