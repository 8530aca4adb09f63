use shared_model::{
    Distance, Element,
    distance::{COSINE_ONE, cosine_distance},
};
use std::cmp::Ordering;

/// Embeddings, one a row, and how they are compared.
#[derive(Clone, Debug)]
pub struct Embeddings<T: Value> {
    rows: Vec<T>,
    dimensions: usize,
    /// `Σ x²` of each row.
    norms: Vec<T::Sum>,
    distance: Distance,
    scale: f32,
}

/// What an embedding consists of.
pub trait Value: Copy + Send + Sync + 'static {
    /// A sum of products.
    type Sum: Copy + Send + Sync;
    /// A distance; smaller is more alike.
    type Distance: Copy + Send + Sync;

    /// `Σ a·b` over two rows of one length.
    fn dot(a: &[Self], b: &[Self]) -> Self::Sum;

    /// The distance of two rows from their dot product and norms.
    fn distance(kind: Distance, dot: Self::Sum, a_norm: Self::Sum, b_norm: Self::Sum) -> Self::Distance;

    /// Total order of distances.
    fn order(a: Self::Distance, b: Self::Distance) -> Ordering;

    /// A distance that may be nearer than `best`, or `None` where it certainly is not: a cheap look before
    /// an expensive one.
    #[inline(always)]
    fn nearer(
        kind: Distance,
        dot: Self::Sum,
        a_norm: Self::Sum,
        b_norm: Self::Sum,
        best: Option<Self::Distance>,
    ) -> Option<Self::Distance> {
        let distance = Self::distance(kind, dot, a_norm, b_norm);
        match best {
            Some(best) if Self::order(distance, best).is_ge() => None,
            _ => Some(distance),
        }
    }

    /// The distance in real units: squared L2, or `1 − cos`.
    fn real(kind: Distance, distance: Self::Distance, scale: f32) -> f64;

    /// The mean of some values.
    fn mean(values: impl Iterator<Item = Self>, count: usize) -> Self;
}

impl Embeddings<f32> {
    /// `count` rows of floats. Cosine distance is `1 − cos`, and 1 where a row is 0.
    ///
    /// # Panics
    /// `rows` does not divide into `count` rows of one length.
    pub fn from_floats(rows: Vec<f32>, count: usize, distance: Distance) -> Self {
        Self::new(rows, count, distance, 1.0)
    }
}

impl Embeddings<i16> {
    /// `count` rows of the int8 engine's bytes, read as `element` says. `scale` is that of the embedding; it
    /// serves to show real distances.
    ///
    /// # Panics
    /// `bytes` does not divide into `count` rows of one length.
    pub fn from_bytes(bytes: &[u8], count: usize, element: Element, distance: Distance, scale: f32) -> Self {
        let rows = bytes.iter().map(|&byte| element.value(byte) as i16).collect();
        Self::new(rows, count, distance, scale)
    }
}

impl<T: Value> Embeddings<T> {
    fn new(rows: Vec<T>, count: usize, distance: Distance, scale: f32) -> Self {
        let dimensions = rows.len().checked_div(count).unwrap_or(0);
        assert_eq!(dimensions * count, rows.len(), "rows of one length");
        let norms = rows.chunks_exact(dimensions.max(1)).map(|row| T::dot(row, row)).collect();
        Self { rows, dimensions, norms, distance, scale }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.norms.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.norms.is_empty()
    }

    /// Embedding `index`.
    #[inline(always)]
    pub fn row(&self, index: usize) -> &[T] {
        &self.rows[index * self.dimensions..][..self.dimensions]
    }

    /// How they are compared.
    pub fn kind(&self) -> Distance {
        self.distance
    }

    pub(super) fn norm(&self, index: usize) -> T::Sum {
        self.norms[index]
    }

    /// The distance of `self[a]` and `other[b]`.
    #[inline(always)]
    pub fn distance(&self, a: usize, other: &Self, b: usize) -> T::Distance {
        T::distance(self.distance, T::dot(self.row(a), other.row(b)), self.norms[a], other.norms[b])
    }

    /// A distance in real units: squared L2, or `1 − cos`.
    pub fn real(&self, distance: T::Distance) -> f64 {
        T::real(self.distance, distance, self.scale)
    }

    /// The mean of each group of `size` rows that follow each other.
    pub(super) fn means(&self, size: usize) -> Self {
        let column =
            |group: &[T], at: usize| T::mean(group.iter().skip(at).step_by(self.dimensions).copied(), size);
        let groups = self.rows.chunks_exact(size * self.dimensions);
        let rows: Vec<T> =
            groups.flat_map(|group| (0..self.dimensions).map(move |at| column(group, at))).collect();
        Self::new(rows, self.len() / size, self.distance, self.scale)
    }

    /// Some of the rows.
    pub fn select(&self, indices: &[usize]) -> Self {
        let rows = indices.iter().flat_map(|&index| self.row(index)).copied().collect();
        Self::new(rows, indices.len(), self.distance, self.scale)
    }
}

impl Value for f32 {
    type Sum = f32;
    type Distance = f32;

    /// Sixteen partial sums, always in the same order.
    #[inline(always)]
    fn dot(a: &[f32], b: &[f32]) -> f32 {
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
        let mut sums = [0.0; 16];
        for (a, b) in a.iter().zip(b) {
            for lane in 0..16 {
                sums[lane] += a[lane] * b[lane];
            }
        }
        let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
        sums.iter().sum::<f32>() + rest
    }

    #[inline(always)]
    fn distance(kind: Distance, dot: f32, a_norm: f32, b_norm: f32) -> f32 {
        match kind {
            Distance::SquaredL2 => (a_norm + b_norm - 2.0 * dot).max(0.0),
            Distance::Cosine if a_norm * b_norm > 0.0 => 1.0 - dot / (a_norm * b_norm).sqrt(),
            Distance::Cosine => 1.0,
        }
    }

    #[inline(always)]
    fn order(a: f32, b: f32) -> Ordering {
        a.total_cmp(&b)
    }

    fn real(_: Distance, distance: f32, _: f32) -> f64 {
        distance.into()
    }

    fn mean(values: impl Iterator<Item = f32>, count: usize) -> f32 {
        values.sum::<f32>() / count as f32
    }
}

/// The engine's integers, widened: products of pairs of 16-bit values are what vector units add up fastest.
impl Value for i16 {
    type Sum = i32;
    type Distance = u32;

    /// 1,024 products of 255 · 255 are far from overflowing. The addition wraps all the same: a check at each
    /// one, as `cargo run` has it, would keep the loop from being vectorised.
    #[inline(always)]
    fn dot(a: &[i16], b: &[i16]) -> i32 {
        let products = a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b));
        products.fold(0, i32::wrapping_add)
    }

    #[inline(always)]
    fn distance(kind: Distance, dot: i32, a_norm: i32, b_norm: i32) -> u32 {
        match kind {
            Distance::SquaredL2 => (a_norm + b_norm - 2 * dot) as u32,
            Distance::Cosine => cosine_distance(dot.into(), a_norm.into(), b_norm.into()),
        }
    }

    #[inline(always)]
    fn order(a: u32, b: u32) -> Ordering {
        a.cmp(&b)
    }

    /// The engine's cosine costs an integer root and a division. In real numbers it is at most
    /// `cos · n / (n − 1)` with `n = √(a_norm · b_norm)`, because the root is rounded down: where even that
    /// does not reach `best`, with room for the rounding of this estimate, the exact one need not be known.
    #[inline(always)]
    fn nearer(kind: Distance, dot: i32, a_norm: i32, b_norm: i32, best: Option<u32>) -> Option<u32> {
        if let (Distance::Cosine, Some(best)) = (kind, best) {
            let n = (f64::from(a_norm) * f64::from(b_norm)).sqrt();
            let wanted = f64::from((COSINE_ONE - i64::from(best)) as i32);
            if n > 2.0
                && wanted > 0.0
                && COSINE_ONE as f64 * f64::from(dot) * (1.0 + 1e-9) < wanted * (n - 1.0)
            {
                return None;
            }
        }
        let distance = Self::distance(kind, dot, a_norm, b_norm);
        best.is_none_or(|best| distance < best).then_some(distance)
    }

    fn real(kind: Distance, distance: u32, scale: f32) -> f64 {
        match kind {
            Distance::SquaredL2 => f64::from(distance) * f64::from(scale) * f64::from(scale),
            Distance::Cosine => f64::from(distance) / COSINE_ONE as f64,
        }
    }

    /// Rounded to the nearest, halves up.
    fn mean(values: impl Iterator<Item = i16>, count: usize) -> i16 {
        let (sum, count) = (values.map(i32::from).sum::<i32>(), count as i32);
        (2 * sum + count).div_euclid(2 * count) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn integer_distances_are_the_engines() {
        let mut rng = Rng::new(1);
        let bytes: Vec<u8> = (0..10 * 33).map(|_| rng.below(256) as u8).collect();
        for element in [Element::Unsigned, Element::Signed] {
            for kind in [Distance::SquaredL2, Distance::Cosine] {
                let embeddings = Embeddings::from_bytes(&bytes, 10, element, kind, 1.0);
                for (a, a_bytes) in bytes.chunks_exact(33).enumerate() {
                    for (b, b_bytes) in bytes.chunks_exact(33).enumerate() {
                        let engine = kind.between(a_bytes, b_bytes, element);
                        assert_eq!(embeddings.distance(a, &embeddings, b), engine);
                    }
                }
            }
        }
    }

    #[test]
    fn the_cheap_look_never_hides_a_nearer_one() {
        let mut rng = Rng::new(2);
        for round in 0..300_000 {
            let range = [4, 30, 256][round % 3];
            let mut row = || [0; 3].map(|_: i16| rng.below(range) as i16 - (range / 4) as i16);
            let (a, b, c) = (row(), row(), row());
            let parts = |b: &[i16; 3]| (i16::dot(&a, b), i16::dot(&a, &a), i16::dot(b, b));
            let exact = |(dot, a, b)| i16::distance(Distance::Cosine, dot, a, b);
            let (best, candidate) = (exact(parts(&b)), exact(parts(&c)));
            let (dot, a_norm, c_norm) = parts(&c);
            let seen = i16::nearer(Distance::Cosine, dot, a_norm, c_norm, Some(best));
            assert_eq!(seen, (candidate < best).then_some(candidate), "{a:?} {b:?} {c:?}");
        }
    }

    #[test]
    fn floats_by_hand() {
        let at = |kind| Embeddings::from_floats(vec![3.0, 4.0, 4.0, 3.0, 0.0, 0.0], 3, kind);
        let (l2, cosine) = (at(Distance::SquaredL2), at(Distance::Cosine));
        assert_eq!([l2.distance(0, &l2, 1), l2.distance(0, &l2, 2)], [2.0, 25.0]);
        assert!((cosine.distance(0, &cosine, 1) - 0.04).abs() < 1e-6);
        assert_eq!(cosine.distance(0, &cosine, 2), 1.0);
        assert_eq!(l2.select(&[1, 2]).row(0), [4.0, 3.0]);
    }

    #[test]
    fn means_by_hand() {
        let floats = Embeddings::from_floats(vec![1.0, 2.0, 3.0, 6.0], 2, Distance::Cosine);
        assert_eq!(floats.means(2).row(0), [2.0, 4.0]);
        let bytes = Embeddings::from_bytes(&[1, 255, 2, 252], 2, Element::Signed, Distance::SquaredL2, 1.0);
        assert_eq!(bytes.means(2).row(0), [2, -2]); // 1.5 and −2.5, halves up
    }

    #[test]
    fn real_units() {
        let bytes = |kind| Embeddings::from_bytes(&[0, 200, 200, 0], 2, Element::Unsigned, kind, 0.01);
        let (l2, cosine) = (bytes(Distance::SquaredL2), bytes(Distance::Cosine));
        assert!((l2.real(l2.distance(0, &l2, 1)) - 8.0).abs() < 1e-5);
        assert_eq!(cosine.real(cosine.distance(0, &cosine, 1)), 1.0);
    }
}
