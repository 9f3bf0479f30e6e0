//! How many bytes to ask for next: all that will be used, and little more.
//!
//! Bytes that are fetched and not used are fetched again by the next invocation. So a request is for half of what the rest of
//! this invocation will probably use: large while there is much time, one batch at its end.

/// The largest request. A larger one gains nothing: one stream of S3 already fills the network of a Lambda environment.
pub const LARGEST: u64 = 4 << 20;

/// The smallest request that is worth its round trip.
const SMALLEST: u64 = 1 << 10;

/// The first request of a run, before anything is known of its records.
const FIRST: u64 = 16 << 10;

/// What is known when a request is due.
#[derive(Clone, Copy, Debug)]
pub struct PrefetchPlan {
    /// Records that the current batch still lacks.
    pub missing: u64,
    /// Records that this invocation will probably use after the current batch.
    pub later: u64,
    /// The mean size of a record in bytes, if it is known.
    pub record: Option<f64>,
}

impl PrefetchPlan {
    /// The bytes to ask for when `held` bytes are already held; 0 if those are enough.
    #[must_use]
    pub fn request(&self, held: u64) -> u64 {
        let Some(record) = self.record else { return FIRST.saturating_sub(held) };
        let half = self.missing.saturating_add(self.later) / 2;
        // Batches vary. A request slightly below the mean, and a second one where it was too small, waste less than a request
        // slightly above it.
        let wanted = (self.missing.max(half) as f64 * record * 0.98) as u64;
        let lacking = wanted.saturating_sub(held);
        if lacking == 0 { 0 } else { lacking.clamp(SMALLEST, LARGEST) }
    }

    /// The bytes to ask for when the current batch cannot go on without more. `asked` counts the requests of this batch, so that
    /// a record far larger than the others is fetched in few requests.
    #[must_use]
    pub fn demand(&self, held: u64, asked: u32) -> u64 {
        let least = if self.record.is_some() { SMALLEST } else { FIRST };
        self.request(held).max(least.saturating_mul(1 << asked.min(20))).min(LARGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_half_of_what_will_be_used() {
        //    missing later record       held    request
        for (line, (missing, later, record, held, want)) in [
            (400, 0, None, 0, 16_384),
            (400, 9_000, None, 16_384, 0),
            (400, 0, Some(100.0), 0, 39_200),
            (400, 0, Some(100.0), 39_100, 1_024),
            (400, 0, Some(100.0), 39_200, 0),
            (100, 0, Some(100.0), 0, 9_800),
            (400, 400, Some(100.0), 0, 39_200),
            (400, 19_600, Some(100.0), 0, 980_000),
            (400, 400_000, Some(100.0), 0, 4_194_304),
            (400, u64::MAX, Some(1.0), 0, 4_194_304),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(PrefetchPlan { missing, later, record }.request(held), want, "line {line}");
        }
    }

    #[test]
    fn repeated_demands_grow() {
        for (missing, asked, want) in [(1, 0, 1_024), (1, 3, 8_192), (100, 0, 9_800), (100, 30, 4_194_304), (100, 99, 4_194_304)]
        {
            assert_eq!(PrefetchPlan { missing, later: 0, record: Some(100.0) }.demand(0, asked), want);
        }
        assert_eq!(PrefetchPlan { missing: 400, later: 0, record: None }.demand(16_384, 1), 32_768);
    }
}
