//! The only source of randomness: a seed decides every choice, on every machine, forever.

use std::time::Duration;

/// SplitMix64: small, and good enough to choose faults.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// Independent of the other streams of the same seed.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut chance = Self(seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        chance.next();
        chance
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `bound`; 0 if that is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        if bound <= 1 { 0 } else { self.next() % bound }
    }

    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// Milliseconds in a range.
    pub(super) fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// This many times in ten thousand.
    pub(super) fn strikes(&mut self, rate: u16) -> bool {
        self.below(10_000) < u64::from(rate)
    }

    pub(super) fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T], otherwise: T) -> T {
        let index = self.below(from.len() as u64) as usize;
        from.get(index).copied().unwrap_or(otherwise)
    }
}
