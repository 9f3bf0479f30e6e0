//! The start of a shard where the bytes around its bound tell it: after a newline, or after a multiple of a record's length.
//!
//! The same search with the same bound gives one shard its start and the shard before it its end.

use super::Cut;

/// Finds where a shard begins, from bytes of any number of parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The place if it is found, otherwise the offset of the next byte to look at.
    at: u64,
    is_found: bool,
    size: u64,
}

impl Boundary {
    /// Looks for the first cut at or after `bound` in an object of `size` bytes whose header ends at byte `first`. `None`: this
    /// format is not cut by the bytes around a bound.
    #[must_use]
    pub fn new(cut: Cut, first: u64, bound: u64, size: u64) -> Option<Self> {
        let (at, is_found) = match cut {
            Cut::Nowhere | Cut::ByScan(_) => return None,
            _ if bound <= first => (first, true),
            _ if bound >= size => (size, true),
            Cut::EveryBytes(length) => {
                let records = (bound - first).div_ceil(length.get());
                (records.saturating_mul(length.get()).saturating_add(first), true)
            }
            // The byte before the bound says whether it is a cut.
            Cut::AtNewline => (bound - 1, false),
        };
        Some(Self { at: at.min(size), is_found, size })
    }

    /// The offset of the first byte it needs; `None` if the place is found.
    #[must_use]
    pub fn wanted(&self) -> Option<u64> {
        (!self.is_found).then_some(self.at)
    }

    /// The offset where the shard begins, if it is found.
    #[must_use]
    pub fn place(&self) -> Option<u64> {
        self.is_found.then_some(self.at)
    }

    /// Looks at the object's bytes from [`wanted`](Self::wanted) on.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.is_found {
            return;
        }
        let newline = memchr::memchr(b'\n', bytes);
        self.at += newline.map_or(bytes.len(), |found| found + 1) as u64;
        self.is_found = newline.is_some() || self.at >= self.size;
    }
}
