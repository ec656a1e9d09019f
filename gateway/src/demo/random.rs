//! A small seeded generator (`SplitMix64`), so that a district has the same data on every machine and every day.
//!
//! *Invariant*: what is known of one person in one department depends on the two alone, so a street's copy of a
//! department's database tells the same facts as the department's own.

/// A stream of numbers that its seed determines.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// A stream for one thing, told apart from others by a label and a number.
    pub(super) fn of(label: &str, number: u64) -> Self {
        let seed = label
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut random = Self(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // Streams that start at numbers near each other would run into each other.
        random.0 = random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to and without `bound`; 0 for a bound of 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// A number from `low` up to and with `high`.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of several; they must not be empty.
    pub(super) fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len() as u32) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_label_and_number_give_one_stream() {
        let mut first = Random::of("health", 7);
        let mut second = Random::of("health", 7);
        let drawn: Vec<u32> = (0..50).map(|_| first.below(1_000_000)).collect();
        assert_eq!(drawn, (0..50).map(|_| second.below(1_000_000)).collect::<Vec<_>>());
        assert_eq!(Random::of("health", 7).below(1_000_000), drawn[0]);
        assert_ne!(Random::of("health", 8).below(1_000_000), drawn[0]);
        assert_ne!(Random::of("housing", 7).below(1_000_000), drawn[0]);
    }

    #[test]
    fn numbers_keep_within_their_bounds() {
        let mut random = Random::of("bounds", 1);
        let drawn: Vec<u32> = (0..2_000).map(|_| random.between(3, 5)).collect();
        assert!(drawn.iter().all(|number| (3..=5).contains(number)));
        assert!([3, 4, 5].iter().all(|number| drawn.contains(number)));
        assert_eq!(random.below(0), 0);
        assert!((0..100).all(|_| random.chance(100) && !random.chance(0)));
    }
}
