//! How many bytes to ask for next: all that will be used, and hardly more.
//!
//! What is fetched and not used is fetched again by the next invocation. So a request is sized by what the rest of this
//! invocation will probably use: large while there is much time, down to one batch's bytes near its end.

/// The largest request. Larger ones gain nothing: one stream of S3 already fills a Lambda environment's network.
pub(crate) const LARGEST: u64 = 4 << 20;

/// The smallest request that is worth its round trip.
const SMALLEST: u64 = 1 << 10;

/// The first request of a run, before anything is known of its records.
const FIRST: u64 = 64 << 10;

/// What is known when a request is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Appetite {
    /// Records of one batch.
    pub(crate) batch: u64,
    /// Batches that will probably still start, the one at hand included.
    pub(crate) batches: u64,
    /// Records and bytes of the object done so far, by all invocations.
    pub(crate) position: u64,
    pub(crate) offset: u64,
}

impl Appetite {
    /// The bytes to ask for, with so many already held beyond `offset`; 0 if those are enough.
    pub(crate) fn request(&self, held: u64) -> u64 {
        if self.position == 0 {
            return FIRST.saturating_sub(held);
        }
        // Batches vary: a little less than the mean and a second request where it was too little wastes less than a little more.
        let expected = self.bytes_of(self.batch.saturating_mul(self.batches)) / 100 * 97;
        let missing = expected.saturating_sub(held);
        if missing == 0 { 0 } else { missing.clamp(SMALLEST, LARGEST) }
    }

    /// The bytes to ask for when the batch at hand lacks so many records and cannot do without more, whatever was expected. `asked`
    /// counts how often that was said of this batch: a record far larger than the others is fetched in few requests.
    pub(crate) fn demand(&self, missing_records: u64, asked: u32) -> u64 {
        let least = if self.position == 0 { FIRST } else { SMALLEST };
        let grown = least.saturating_mul(1 << asked.min(20));
        self.bytes_of(missing_records).clamp(grown.min(LARGEST), LARGEST)
    }

    /// The probable size of so many records, from the mean of those done.
    fn bytes_of(&self, records: u64) -> u64 {
        (records as f64 * self.offset as f64 / self.position.max(1) as f64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_what_will_be_used() {
        //    batch batches position offset  held   request
        for (line, (batch, batches, position, offset, held, want)) in [
            (400, 1, 0, 0, 0, FIRST),
            (400, 1, 0, 0, FIRST, 0),
            (400, 1, 4_000, 400_000, 0, 38_800),
            (400, 1, 4_000, 400_000, 38_700, SMALLEST),
            (400, 1, 4_000, 400_000, 38_800, 0),
            (400, 50, 4_000, 400_000, 0, 1_940_000),
            (400, 1_000, 4_000, 400_000, 0, LARGEST),
            (u64::MAX, u64::MAX, 1, 1, 0, LARGEST),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(Appetite { batch, batches, position, offset }.request(held), want, "line {line}");
        }
    }

    #[test]
    fn a_demand_grows_with_every_time_it_is_made() {
        let known = Appetite { batch: 400, batches: 1, position: 4_000, offset: 400_000 };
        for (missing, asked, want) in [(1, 0, SMALLEST), (1, 3, SMALLEST * 8), (100, 0, 10_000), (100, 30, LARGEST)] {
            assert_eq!(known.demand(missing, asked), want);
        }
        assert_eq!(Appetite { position: 0, offset: 0, ..known }.demand(400, 1), FIRST * 2);
    }
}
