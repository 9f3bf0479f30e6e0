//! One object in byte ranges that are read separately and have together exactly the object's records.
//!
//! A format says how it can be cut: [`Cut`]. [`ranges`] divides the object. A cut at a newline or after a number of bytes is found
//! near the start of each range: [`Boundary`]. Where a row of CSV begins depends on all bytes before it, so each range is scanned
//! for every state that it can begin in ([`Scan`]), and the results of all ranges in order ([`Scanned`]) give the shards:
//! [`ShardStarts`]. It never reads, and never looks into a row for more than its end.

mod block;
mod boundary;
mod marks;
mod path;
mod scan;
mod starts;
mod state;
#[cfg(test)]
mod tests;

pub use boundary::Boundary;
pub use scan::{Scan, Scanned};
pub use starts::{Shard, ShardStarts, Unplaced, compose};
pub use state::RowRules;

use std::num::NonZeroU64;
use std::ops::Range;

/// How objects of a format can be cut into ranges that are read separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// Not at all: where a record begins depends on everything before it.
    Nowhere,
    /// After every `\n`: after the header, a part that begins there is split like an object of its own, and so is the part before it.
    AtNewline,
    /// After every so many bytes, counted from the first record: all records have this length.
    EveryBytes(NonZeroU64),
    /// Where a scan of the whole object finds that a row begins. Only the formats of this crate have one.
    ByScan(RowRules),
}

impl Cut {
    /// For records that all have this length in bytes; [`Cut::Nowhere`] if that is 0.
    #[must_use]
    pub const fn every_bytes(length: u64) -> Self {
        match NonZeroU64::new(length) {
            Some(length) => Self::EveryBytes(length),
            None => Self::Nowhere,
        }
    }
}

/// The ranges of an object in equal parts, except that none begins before byte `first`, where its header ends. Ranges of small
/// objects can be empty.
pub fn ranges(first: u64, size: u64, shards: u32) -> impl Iterator<Item = Range<u64>> {
    let bound = move |shard: u32| {
        let bound = u128::from(size) * u128::from(shard) / u128::from(shards.max(1));
        // It is at most `size`.
        u64::try_from(bound).unwrap_or(size).max(first)
    };
    (0..shards).map(move |shard| bound(shard)..bound(shard + 1))
}
