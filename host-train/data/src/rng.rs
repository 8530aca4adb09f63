//! The random numbers of training: seeded, small, and the same for ever.
//!
//! Burn's own generator is one for the whole process, so that two runs side by side would disturb
//! each other. Everything random here (initial weights, sampling, augmentation, dropout) draws from
//! an [`Rng`] that is passed along instead.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA
/// 2014).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Creates a generator; equal seeds give equal numbers.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// Returns another generator, the `stream`th that belongs to this one's seed; this one is not advanced.
    pub fn stream(&self, stream: u64) -> Self {
        Self(mix(self.0 ^ mix(stream)))
    }

    /// Returns 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// Returns a whole number from 0 to `bound` − 1; `bound` is from 1 to 2^32.
    pub fn below(&mut self, bound: usize) -> usize {
        (((self.bits() >> 32) * bound as u64) >> 32) as usize
    }

    /// Returns a number from −1 (included) to 1 (excluded).
    pub fn symmetric(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// Puts `items` in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_numbers_and_streams_differ() {
        let (mut a, mut b) = (Rng::new(7), Rng::new(7));
        assert_eq!(a.bits(), b.bits());
        assert_ne!(a.stream(0).bits(), a.stream(1).bits());
        assert_ne!(Rng::new(7).bits(), Rng::new(8).bits());
    }

    #[test]
    fn numbers_are_in_range_and_spread() {
        let mut rng = Rng::new(1);
        let mut counts = [0; 10];
        let mut sum = 0.0;
        for _ in 0..10_000 {
            counts[rng.below(10)] += 1;
            let x = rng.symmetric();
            assert!((-1.0..1.0).contains(&x));
            sum += x;
        }
        assert!(counts.iter().all(|&count| (900..1100).contains(&count)), "{counts:?}");
        assert!(sum.abs() < 200.0, "{sum}");
    }

    #[test]
    fn shuffling_keeps_the_items() {
        let mut items: Vec<_> = (0..100).collect();
        Rng::new(3).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
