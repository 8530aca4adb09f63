//! Distances between embeddings, in exact integers.
//!
//! Both kinds of [`Distance`] are a `u32`, and smaller means more alike, so ranking and thresholds
//! need no case distinction. Neither depends on a scale: a gallery is compared in the integers that
//! the engine wrote.

use crate::model::{decode::Model, format::Distance, tensor::Element};

/// The number one in the units of [`Distance::Cosine`].
pub const COSINE_ONE: i64 = 1 << 30;

impl Distance {
    /// Returns the distance of `a` and `b`. They have the same length, at most
    /// [`MAX_EMBEDDING`](crate::model::format::MAX_EMBEDDING), and `element` is the meaning of
    /// their bytes.
    ///
    /// ```
    /// use shared_model::{Distance, inspect::Element};
    ///
    /// assert_eq!(Distance::SquaredL2.between(&[0, 3], &[4, 0], Element::Unsigned), 25);
    /// ```
    pub fn between(self, a: &[u8], b: &[u8], element: Element) -> u32 {
        debug_assert_eq!(a.len(), b.len(), "embeddings have one length");
        match self {
            Distance::SquaredL2 => squared_l2(a, b, element),
            Distance::Cosine => {
                let (mut dot, mut a_squared, mut b_squared) = (0i64, 0i64, 0i64);
                for (&x, &y) in a.iter().zip(b) {
                    let (x, y) = (element.value(x), element.value(y));
                    dot += i64::from(x * y);
                    a_squared += i64::from(x * x);
                    b_squared += i64::from(y * y);
                }
                cosine_distance(dot, a_squared, b_squared)
            }
        }
    }

    /// Returns the distance of an embedding and the mean of `count` others, whose values add up to
    /// `sums`. The mean is not rounded:
    ///
    /// * [`SquaredL2`](Self::SquaredL2): `floor(Σ (count · e − sum)² / count²)`;
    /// * [`Cosine`](Self::Cosine): the formula there, of the embedding and `sums`, because a
    ///   vector's length does not matter.
    ///
    /// With a `count` of 1, the distance is that of [`between`](Self::between).
    ///
    /// `embedding` and `sums` have the same length, at most
    /// [`MAX_EMBEDDING`](crate::model::format::MAX_EMBEDDING). `count` is 1 to
    /// [`MAX_COUNT`](crate::gallery::MAX_COUNT), and no sum exceeds what so many elements can add
    /// up to.
    ///
    /// ```
    /// use shared_model::{Distance, inspect::Element};
    ///
    /// // The mean of (2, 0) and (4, 0) is (3, 0).
    /// assert_eq!(Distance::SquaredL2.to_prototype(&[0, 4], Element::Unsigned, [6, 0].into_iter(), 2), 25);
    /// ```
    pub fn to_prototype(
        self,
        embedding: &[u8],
        element: Element,
        sums: impl Iterator<Item = i32>,
        count: u32,
    ) -> u32 {
        debug_assert!(sums.size_hint().1.is_none_or(|sums| sums == embedding.len()), "each value has a sum");
        let pairs = embedding.iter().map(|&byte| i64::from(element.value(byte))).zip(sums.map(i64::from));
        match self {
            // Each difference has 25 bits at most: 1,024 squares of it have 60.
            Distance::SquaredL2 => {
                let count = i64::from(count.max(1));
                let sum: i64 = pairs.map(|(value, sum)| (count * value - sum).pow(2)).sum();
                (sum / (count * count)) as u32
            }
            Distance::Cosine => {
                let (mut dot, mut squared, mut sums_squared) = (0i64, 0i64, 0i64);
                for (value, sum) in pairs {
                    dot += value * sum;
                    squared += value * value;
                    sums_squared += sum * sum;
                }
                cosine_distance(dot, squared, sums_squared)
            }
        }
    }

    /// Returns `distance` as a real number for people: squared L2 at the embedding's `scale`, or `1
    /// − cos`.
    pub fn real(self, distance: u32, scale: f32) -> f32 {
        match self {
            Distance::SquaredL2 => distance as f32 * scale * scale,
            Distance::Cosine => distance as f32 / COSINE_ONE as f32,
        }
    }

    /// Returns the integer nearest to a `real` distance that a person has typed: the inverse of
    /// [`real`](Self::real). A number out of range becomes the nearer end of the range.
    ///
    /// ```
    /// use shared_model::Distance;
    ///
    /// let scale = 0.5;
    /// assert_eq!(Distance::SquaredL2.integer(25.0, scale), 100);
    /// assert_eq!(Distance::SquaredL2.real(100, scale), 25.0);
    /// ```
    pub fn integer(self, real: f32, scale: f32) -> u32 {
        let one = match self {
            Distance::SquaredL2 => scale * scale,
            Distance::Cosine => 1.0 / COSINE_ONE as f32,
        };
        // A cast saturates.
        (real / one + 0.5) as u32
    }
}

impl Model<'_> {
    /// Returns the [distance](Self::distance) of two embeddings of this model. Small means alike.
    ///
    /// ```
    /// use shared_model::Model;
    ///
    /// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
    /// let model = Model::decode(FILE)?;
    /// assert_eq!(model.compare(&[5; 8], &[7; 8]), 8 * 4);
    /// # Ok::<(), shared_model::DecodeError>(())
    /// ```
    pub fn compare(&self, a: &[u8], b: &[u8]) -> u32 {
        self.distance().between(a, b, self.output().element)
    }
}

fn squared_l2(a: &[u8], b: &[u8], element: Element) -> u32 {
    a.iter().zip(b).map(|(&x, &y)| element.value(x).abs_diff(element.value(y)).pow(2)).sum()
}

/// Returns the [cosine distance](Distance::Cosine) of two vectors of integers, from their dot
/// product and their squared norms.
pub fn cosine_distance(dot: i64, a_squared: i64, b_squared: i64) -> u32 {
    let squared = a_squared as u128 * b_squared as u128;
    // Two embeddings: 1024 · 255² · 2^30 < 2^57. With the sums of a prototype, it may need 84 bits.
    let cosine = match u64::try_from(squared) {
        Ok(squared) if dot.unsigned_abs() < 1 << 33 => {
            let norm = squared.isqrt() as i64;
            if norm == 0 { 0 } else { (dot * COSINE_ONE).div_euclid(norm) }
        }
        _ => {
            let norm = squared.isqrt() as i128;
            if norm == 0 { 0 } else { (i128::from(dot) * i128::from(COSINE_ONE)).div_euclid(norm) as i64 }
        }
    };
    (COSINE_ONE - cosine.clamp(-COSINE_ONE, COSINE_ONE)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use Element::{Signed, Unsigned};

    #[test]
    fn squared_l2_reads_the_element() {
        assert_eq!(Distance::SquaredL2.between(&[0, 255], &[255, 255], Unsigned), 65_025);
        assert_eq!(Distance::SquaredL2.between(&[0, 255], &[255, 255], Signed), 1);
        let (low, high) = ([0x81; 1024], [127; 1024]);
        assert_eq!(Distance::SquaredL2.between(&low, &high, Signed), 1024 * 254 * 254);
    }

    #[test]
    fn real_distances_and_back() {
        for distance in [0, 1, 300, 1 << 23] {
            assert_eq!(Distance::Cosine.integer(Distance::Cosine.real(distance, 0.1), 0.1), distance);
            assert_eq!(Distance::SquaredL2.integer(Distance::SquaredL2.real(distance, 0.1), 0.1), distance);
        }
        assert_eq!(Distance::Cosine.integer(0.5, 0.1), 1 << 29);
        assert_eq!(Distance::Cosine.integer(-1.0, 0.1), 0);
        assert_eq!(Distance::SquaredL2.integer(f32::INFINITY, 0.1), u32::MAX);
    }

    #[test]
    fn cosine_of_same_opposite_orthogonal_and_zero() {
        let one = COSINE_ONE as u32;
        let cosine = |a: &[i8], b: &[i8]| {
            let bytes = |v: &[i8]| v.iter().map(|&x| x as u8).collect::<std::vec::Vec<_>>();
            Distance::Cosine.between(&bytes(a), &bytes(b), Signed)
        };
        assert_eq!(cosine(&[3, -4], &[3, -4]), 0);
        assert_eq!(cosine(&[3, -4], &[6, -8]), 0);
        assert_eq!(cosine(&[3, -4], &[-3, 4]), 2 * one);
        assert_eq!(cosine(&[1, 0], &[0, 1]), one);
        assert_eq!(cosine(&[0, 0], &[0, 1]), one);
        // cos = 24 / 25, floor(2^30 · 24 / 25) = 1,030,792,151
        assert_eq!(cosine(&[3, 4], &[4, 3]), one - 1_030_792_151);
        // negative dot products round down as well: floor(−2^30 · 7 / 25) = −300,647,711
        assert_eq!(cosine(&[3, 4], &[3, -4]), one + 300_647_711);
    }
}
