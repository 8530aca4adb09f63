//! Random decisions.

use crate::rng::Rng;

/// What draws random decisions from a stream of numbers.
#[derive(Clone, Debug)]
pub struct Chance(Rng);

impl Chance {
    pub fn new(rng: Rng) -> Self {
        Self(rng)
    }

    /// Returns a number from `low` to `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * 0.5 * (self.0.symmetric() + 1.0)
    }

    /// Returns true with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.between(0.0, 1.0) < probability as f32
    }

    /// Returns a whole number from 0 to `bound` − 1.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0.below(bound)
    }

    /// Returns −1 or 1.
    pub fn sign(&mut self) -> f32 {
        if self.happens(0.5) { 1.0 } else { -1.0 }
    }

    /// Returns the place of one of these weights, each as likely as it is large.
    pub fn weighted(&mut self, weights: &[f32]) -> usize {
        let mut left = self.between(0.0, 1.0) * weights.iter().sum::<f32>();
        for (place, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return place;
            }
        }
        weights.len() - 1
    }

    /// Returns a number with mean 0 and standard deviation 1, from −3 to 3: the sum of three even ones,
    /// which has a normal distribution's shape and needs no logarithm.
    pub fn normal(&mut self) -> f32 {
        (0..3).map(|_| self.0.symmetric()).sum()
    }

    /// Returns a factor about 1 whose logarithm has this standard deviation, at most ¼ or so:
    /// `(1 + x/8)^8` for the exponential function, which differs from machine to machine.
    pub fn factor(&mut self, deviation: f32) -> f32 {
        let root = 1.0 + deviation * self.normal() / 8.0;
        let square = root * root;
        let fourth = square * square;
        fourth * fourth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_have_their_moments() {
        let mut chance = Chance::new(Rng::new(5));
        let count = 20_000;
        let normals: Vec<f32> = (0..count).map(|_| chance.normal()).collect();
        let mean = normals.iter().sum::<f32>() / count as f32;
        let variance = normals.iter().map(|x| x * x).sum::<f32>() / count as f32;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        assert!(normals.iter().all(|x| x.abs() <= 3.0));
        let factors: Vec<f32> = (0..count).map(|_| chance.factor(0.2).ln()).collect();
        let spread = (factors.iter().map(|x| x * x).sum::<f32>() / count as f32).sqrt();
        assert!((spread - 0.2).abs() < 0.01, "{spread}");
        let places = (0..count).filter(|_| chance.weighted(&[1.0, 0.0, 3.0]) == 2).count();
        assert!((places as f32 / count as f32 - 0.75).abs() < 0.02, "{places}");
        assert!((0..count).all(|_| chance.weighted(&[0.0, 1.0, 0.0]) == 1));
    }
}
