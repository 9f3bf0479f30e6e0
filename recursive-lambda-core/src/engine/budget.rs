//! Is there time for one more batch in this invocation?

use std::time::Duration;

/// How much an invocation may still do. The first batch always runs, so a run always moves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// The invocation's whole time; `None` if the deadline is unknown.
    total: Option<Duration>,
    reserve: Duration,
    most_batches: Option<u64>,
    concurrency: u64,
    batches: u64,
    working: Duration,
    slowest_batch: Duration,
    slowest_save: Duration,
}

impl Budget {
    /// `left`: the time to the deadline as the invocation starts; `None` if it is unknown, which allows one batch. The reserve is
    /// at most a quarter of it.
    #[must_use]
    pub fn new(left: Option<Duration>, reserve: Duration, most_batches: Option<u64>) -> Self {
        let reserve = left.map_or(reserve, |left| reserve.min(left / 4));
        Self {
            total: left,
            reserve,
            most_batches,
            concurrency: 1,
            batches: 0,
            working: Duration::ZERO,
            slowest_batch: Duration::ZERO,
            slowest_save: Duration::ZERO,
        }
    }

    #[must_use]
    pub fn concurrency(&self) -> u32 {
        u32::try_from(self.concurrency).unwrap_or(u32::MAX)
    }

    /// Whether a batch was done in this invocation.
    #[must_use]
    pub fn has_worked(&self) -> bool {
        self.batches > 0
    }

    /// The same budget with up to `batches` batches in flight.
    #[must_use]
    pub fn concurrent(self, concurrency: u64) -> Self {
        Self { concurrency, ..self }
    }

    #[must_use]
    pub fn slowest_batch(&self) -> Duration {
        self.slowest_batch
    }

    pub fn batch_took(&mut self, took: Duration) {
        self.batches += 1;
        self.working += took;
        self.try_took(took);
    }

    /// A failed try takes as long as a successful one.
    pub fn try_took(&mut self, took: Duration) {
        self.slowest_batch = self.slowest_batch.max(took);
    }

    pub fn save_took(&mut self, took: Duration) {
        self.slowest_save = self.slowest_save.max(took);
    }

    /// How many batches may start in addition to those in flight. A batch may start while the time left exceeds the reserve, or
    /// twice the slowest batch if that is longer, plus the time for a save and a signal for each concurrent batch.
    #[must_use]
    pub fn allows(&self, in_flight: u64, left: Option<Duration>) -> u64 {
        if left.is_none_or(|left| left <= self.kept_free()) {
            return 0;
        }
        self.still_allowed(in_flight).min(self.concurrency.saturating_sub(in_flight))
    }

    /// How many more batches will probably start: one until the first batch is done.
    #[must_use]
    pub fn expected_batches(&self, in_flight: u64, left: Option<Duration>) -> u64 {
        let (Some(left), true) = (left, self.batches > 0) else { return 1 };
        let mean = (self.working.as_secs_f64() / self.batches as f64).max(1e-6);
        let fitting = left.saturating_sub(self.kept_free()).as_secs_f64() / mean * self.concurrency as f64;
        (fitting as u64).clamp(1, self.still_allowed(in_flight).max(1))
    }

    fn still_allowed(&self, in_flight: u64) -> u64 {
        self.most_batches.map_or(u64::MAX, |most| most.saturating_sub(self.batches + in_flight))
    }

    /// Whether half of the invocation is left. After batches, `on_complete` starts only then.
    #[must_use]
    pub fn half_is_left(&self, left: Option<Duration>) -> bool {
        match (self.total, left) {
            (Some(total), Some(left)) => left >= total / 2,
            _ => true,
        }
    }

    fn kept_free(&self) -> Duration {
        self.reserve.max(self.slowest_batch * 2) + self.slowest_save * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn another_batch_needs_enough_time() {
        /// Total, reserve, most batches, seconds each batch took, seconds each save took, left; is another allowed?
        type Case = (Option<Duration>, Duration, Option<u64>, &'static [u64], &'static [u64], Option<Duration>, bool);
        let table: [Case; 14] = [
            (Some(s(900)), s(10), None, &[1], &[], Some(s(11)), true),
            (Some(s(900)), s(10), None, &[1], &[], Some(s(10)), false),
            (Some(s(900)), s(10), None, &[6], &[], Some(s(12)), false),
            (Some(s(900)), s(10), None, &[6, 1], &[], Some(s(12)), false),
            (Some(s(900)), s(10), None, &[6, 1], &[], Some(s(13)), true),
            (Some(s(900)), s(10), None, &[1], &[1], Some(s(12)), false),
            (Some(s(900)), s(10), None, &[1], &[1], Some(s(13)), true),
            (Some(s(900)), s(10), None, &[1], &[3, 1], Some(s(16)), false),
            (Some(s(900)), s(10), None, &[1], &[3, 1], Some(s(17)), true),
            (Some(s(12)), s(10), None, &[0], &[], Some(s(4)), true),
            (Some(s(12)), s(10), None, &[0], &[], Some(s(3)), false),
            (None, s(10), None, &[0], &[], None, false),
            (Some(s(900)), s(10), Some(2), &[1], &[], Some(s(800)), true),
            (Some(s(900)), s(10), Some(2), &[1, 1], &[], Some(s(800)), false),
        ];
        for (line, (total, reserve, most, batches, saves, left, want)) in table.into_iter().enumerate() {
            let mut budget = Budget::new(total, reserve, most);
            batches.iter().for_each(|took| budget.batch_took(s(*took)));
            saves.iter().for_each(|took| budget.save_took(s(*took)));
            assert_eq!(budget.allows(0, left) > 0, want, "line {line}");
        }
    }

    #[test]
    fn expects_one_batch_until_one_is_done() {
        let mut budget = Budget::new(Some(s(100)), s(10), None);
        assert_eq!((budget.concurrency(), budget.clone().concurrent(3).concurrency()), (1, 3));
        assert_eq!(budget.expected_batches(0, Some(s(100))), 1);
        budget.batch_took(s(1));
        assert_eq!(budget.expected_batches(0, Some(s(99))), 89);
        assert_eq!(budget.expected_batches(0, Some(s(5))), 1, "the reader always wants the batch it is asked for");
        budget.batch_took(s(3));
        assert_eq!(budget.expected_batches(0, Some(s(96))), 43, "of two seconds each");
        let mut budget = Budget::new(Some(s(100)), s(10), None);
        budget.batch_took(Duration::ZERO);
        assert_eq!(budget.expected_batches(0, Some(s(99))), 89_000_000, "none takes less than a microsecond");
        let mut budget = Budget::new(Some(s(100)), s(10), Some(3));
        budget.batch_took(s(1));
        assert_eq!(budget.expected_batches(0, Some(s(99))), 2);
        assert_eq!(Budget::new(None, s(10), None).expected_batches(0, None), 1);
    }

    #[test]
    fn batches_in_flight_limit_new_ones() {
        // Most batches, done, in flight, seconds left; how many may start, how many are expected?
        for (line, (most, done, in_flight, left, starts, expected)) in [
            (None, 0, 0, 100, 4, 1),
            (None, 0, 3, 100, 1, 1),
            (None, 0, 4, 100, 0, 1),
            (None, 2, 1, 50, 3, 160),
            (None, 2, 1, 10, 0, 1),
            (Some(6), 2, 1, 100, 3, 3),
            (Some(6), 2, 3, 100, 1, 1),
            (Some(6), 2, 4, 100, 0, 1),
        ]
        .into_iter()
        .enumerate()
        {
            let mut budget = Budget::new(Some(s(100)), s(10), most).concurrent(4);
            (0..done).for_each(|_| budget.batch_took(s(1)));
            assert_eq!(budget.allows(in_flight, Some(s(left))), starts, "line {line}");
            assert_eq!(budget.expected_batches(in_flight, Some(s(left))), expected, "line {line}");
        }
    }

    #[test]
    fn on_complete_needs_half_the_time() {
        let budget = Budget::new(Some(s(100)), s(10), None);
        assert!(budget.half_is_left(Some(s(50))));
        assert!(!budget.half_is_left(Some(s(49))));
        assert!(Budget::new(None, s(10), None).half_is_left(None));
    }
}
