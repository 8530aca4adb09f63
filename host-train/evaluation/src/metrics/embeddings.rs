use shared_model::{
    Distance,
    gallery::distance::{COSINE_ONE, cosine_distance},
    inspect::Element,
};
use std::ops::Neg;

/// The sign bit of an `f32`.
const SIGN: u32 = 1 << 31;
/// Below this product of squared norms, [`short_cosine_distance`] is exact.
const SHORT: i64 = 1 << 46;

/// Embeddings, one per row, and the distance that compares them.
#[derive(Clone, Debug)]
pub struct Embeddings<T: Value> {
    rows: Vec<T>,
    dimensions: usize,
    /// `Σ x²` of each row.
    norms: Vec<T::Sum>,
    distance: Distance,
    scale: f32,
}

/// A value of an embedding.
pub trait Value: Copy + Send + Sync + 'static {
    /// A sum of products.
    type Sum: Copy + Default + Neg<Output = Self::Sum> + Send + Sync;
    /// A distance; smaller is more alike.
    type Distance: Copy + Send + Sync;

    /// Returns `Σ a·b` over two rows of one length.
    fn dot(a: &[Self], b: &[Self]) -> Self::Sum;

    /// Returns the distance of two rows from their dot product and norms.
    fn distance(kind: Distance, dot: Self::Sum, a_norm: Self::Sum, b_norm: Self::Sum) -> Self::Distance;

    /// Returns a number in the order of the distances: what is ranked and counted.
    fn key(distance: Self::Distance) -> u32;

    /// Returns the distance that has this [`key`](Self::key).
    fn from_key(key: u32) -> Self::Distance;

    /// Writes the keys of the distances of one row to several others, from their dot products and norms.
    #[inline(always)]
    fn keys(kind: Distance, dots: &[Self::Sum], a_norm: Self::Sum, b_norms: &[Self::Sum], keys: &mut [u32]) {
        // A loop for each kind: a branch within would keep it from being vectorised.
        match kind {
            Distance::SquaredL2 => each_key::<Self>(Distance::SquaredL2, dots, a_norm, b_norms, keys),
            Distance::Cosine => each_key::<Self>(Distance::Cosine, dots, a_norm, b_norms, keys),
        }
    }

    /// Returns the distance in real units: squared L2, or `1 − cos`.
    fn real(kind: Distance, distance: Self::Distance, scale: f32) -> f64;

    /// Returns the mean of some values.
    fn mean(values: impl Iterator<Item = Self>, count: usize) -> Self;
}

#[inline(always)]
fn each_key<T: Value>(kind: Distance, dots: &[T::Sum], a_norm: T::Sum, b_norms: &[T::Sum], keys: &mut [u32]) {
    for ((key, &dot), &b_norm) in keys.iter_mut().zip(dots).zip(b_norms) {
        *key = T::key(T::distance(kind, dot, a_norm, b_norm));
    }
}

impl Embeddings<f32> {
    /// Creates embeddings of `count` rows of floats. Cosine distance is `1 − cos`, and 1 where a row is 0.
    ///
    /// # Panics
    /// `rows` does not divide into `count` rows of one length.
    pub fn from_floats(rows: Vec<f32>, count: usize, distance: Distance) -> Self {
        Self::new(rows, count, distance, 1.0)
    }
}

impl Embeddings<i16> {
    /// Creates embeddings of `count` rows of the int8 engine's bytes, read as `element` says. `scale` is that of the
    /// embedding; it serves to show real distances.
    ///
    /// # Panics
    /// `bytes` does not divide into `count` rows of one length.
    pub fn from_bytes(bytes: &[u8], count: usize, element: Element, distance: Distance, scale: f32) -> Self {
        let rows = bytes.iter().map(|&byte| element.value(byte) as i16).collect();
        Self::new(rows, count, distance, scale)
    }

    /// Returns an embedding as the engine writes it.
    pub fn bytes(&self, index: usize) -> Vec<u8> {
        self.row(index).iter().map(|&value| value as u8).collect()
    }
}

impl<T: Value> Embeddings<T> {
    fn new(rows: Vec<T>, count: usize, distance: Distance, scale: f32) -> Self {
        let dimensions = rows.len().checked_div(count).unwrap_or(0);
        assert_eq!(dimensions * count, rows.len(), "rows of one length");
        let norms = rows.chunks_exact(dimensions.max(1)).map(|row| T::dot(row, row)).collect();
        Self { rows, dimensions, norms, distance, scale }
    }

    /// Returns their number.
    pub fn len(&self) -> usize {
        self.norms.len()
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.norms.is_empty()
    }

    /// Returns embedding `index`.
    #[inline(always)]
    pub fn row(&self, index: usize) -> &[T] {
        &self.rows[index * self.dimensions..][..self.dimensions]
    }

    /// Returns the distance that compares them.
    pub fn kind(&self) -> Distance {
        self.distance
    }

    /// Returns the real value of one integer step; 1 for floats.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// `Σ x²` of each row.
    pub(super) fn norms(&self) -> &[T::Sum] {
        &self.norms
    }

    /// Returns the distance of `self[a]` and `other[b]`.
    #[inline(always)]
    pub fn distance(&self, a: usize, other: &Self, b: usize) -> T::Distance {
        T::distance(self.distance, T::dot(self.row(a), other.row(b)), self.norms[a], other.norms[b])
    }

    /// Returns the largest [key](Value::key) that a distance of two rows can have: nothing is farther from
    /// a row than its opposite, and no row is farther from its opposite than the longest.
    pub(super) fn largest_key(&self) -> u32 {
        let opposite = |&norm: &T::Sum| T::key(T::distance(self.distance, -norm, norm, norm));
        self.norms.iter().map(opposite).max().unwrap_or(0)
    }

    /// Returns a distance in real units: squared L2, or `1 − cos`.
    pub fn real(&self, distance: T::Distance) -> f64 {
        T::real(self.distance, distance, self.scale)
    }

    /// Returns the mean of each group of `size` rows that follow each other.
    pub(super) fn means(&self, size: usize) -> Self {
        let column =
            |group: &[T], at: usize| T::mean(group.iter().skip(at).step_by(self.dimensions).copied(), size);
        let groups = self.rows.chunks_exact(size * self.dimensions);
        let rows: Vec<T> =
            groups.flat_map(|group| (0..self.dimensions).map(move |at| column(group, at))).collect();
        Self::new(rows, self.len() / size, self.distance, self.scale)
    }

    /// Returns these rows and then those of `other`, which are alike.
    pub fn chain(&self, other: &Self) -> Self {
        let rows = [self.rows.as_slice(), &other.rows].concat();
        Self::new(rows, self.len() + other.len(), self.distance, self.scale)
    }

    /// Returns some of the rows.
    pub fn select(&self, indices: &[usize]) -> Self {
        let rows = indices.iter().flat_map(|&index| self.row(index)).copied().collect();
        Self::new(rows, indices.len(), self.distance, self.scale)
    }
}

impl Value for f32 {
    type Sum = f32;
    type Distance = f32;

    /// Sixteen partial sums, always in the same order, which a compiler turns into vector instructions; one sum it
    /// may not reorder.
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
            Distance::Cosine => {
                let cosine = dot / (a_norm * b_norm).sqrt();
                if a_norm * b_norm > 0.0 { 1.0 - cosine } else { 1.0 }
            }
        }
    }

    /// Returns a key in the order of [`f32::total_cmp`].
    #[inline(always)]
    fn key(distance: f32) -> u32 {
        let bits = distance.to_bits();
        bits ^ ((bits.cast_signed() >> 31).cast_unsigned() | SIGN)
    }

    fn from_key(key: u32) -> f32 {
        f32::from_bits(if key & SIGN == 0 { !key } else { key ^ SIGN })
    }

    fn real(_: Distance, distance: f32, _: f32) -> f64 {
        distance.into()
    }

    fn mean(values: impl Iterator<Item = f32>, count: usize) -> f32 {
        values.sum::<f32>() / count as f32
    }
}

/// The engine's integers, widened: products of pairs of 16-bit values are what vector units add up
/// fastest.
impl Value for i16 {
    type Sum = i32;
    type Distance = u32;

    /// 1,024 products of 255 · 255 are far from overflowing. The addition wraps all the same: a
    /// check at each one, as `cargo run` has it, would keep the loop from being vectorised.
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
    fn key(distance: u32) -> u32 {
        distance
    }

    fn from_key(key: u32) -> u32 {
        key
    }

    /// The engine's cosine costs an integer root and a division; where the embeddings are short
    /// enough, floats give the same integers and are vectorised.
    #[inline(always)]
    fn keys(kind: Distance, dots: &[i32], a_norm: i32, b_norms: &[i32], keys: &mut [u32]) {
        let longest = b_norms.iter().copied().max().unwrap_or(0);
        match kind {
            Distance::Cosine if i64::from(a_norm) * i64::from(longest) < SHORT => {
                for ((key, &dot), &b_norm) in keys.iter_mut().zip(dots).zip(b_norms) {
                    *key = short_cosine_distance(dot, a_norm, b_norm);
                }
            }
            Distance::Cosine => each_key::<Self>(Distance::Cosine, dots, a_norm, b_norms, keys),
            Distance::SquaredL2 => each_key::<Self>(Distance::SquaredL2, dots, a_norm, b_norms, keys),
        }
    }

    fn real(kind: Distance, distance: u32, scale: f32) -> f64 {
        match kind {
            Distance::SquaredL2 => f64::from(distance) * f64::from(scale) * f64::from(scale),
            Distance::Cosine => f64::from(distance) / COSINE_ONE as f64,
        }
    }

    /// Divides, rounded to the nearest, halves up.
    fn mean(values: impl Iterator<Item = i16>, count: usize) -> i16 {
        let (sum, count) = (values.map(i32::from).sum::<i32>(), count as i32);
        (2 * sum + count).div_euclid(2 * count) as i16
    }
}

/// Returns [`cosine_distance`] in floats, exact if `a_norm · b_norm < 2^46`. The product is then a whole
/// number that an `f64` holds, and its root, rounded down, is the integer root. With that root,
/// `n < 2^23`, a quotient that is no whole number lies at least `1 / n` below the next one; an
/// `f64` near 2^30 is at most 2^-23 off, so that rounding down gives the quotient rounded down.
#[inline(always)]
fn short_cosine_distance(dot: i32, a_norm: i32, b_norm: i32) -> u32 {
    const ONE: f64 = COSINE_ONE as f64;
    let n = (f64::from(a_norm) * f64::from(b_norm)).sqrt().floor();
    let quotient = (f64::from(dot) * ONE / n).floor().clamp(-ONE, ONE);
    let cosine = if n > 0.0 { quotient as i32 } else { 0 };
    (COSINE_ONE as i32).wrapping_sub(cosine).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinytriplet_data::Rng;

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
    fn keys_are_in_the_order_of_the_distances() {
        let ascending = [f32::NEG_INFINITY, -2.5, -1e-9, -0.0, 0.0, 1e-9, 0.5, 2.0, f32::INFINITY];
        assert!(ascending.is_sorted_by_key(|&distance| f32::key(distance)));
        for distance in ascending {
            assert_eq!(f32::from_key(f32::key(distance)).to_bits(), distance.to_bits());
        }
    }

    #[test]
    fn many_keys_at_once_are_those_of_the_distances() {
        let mut rng = Rng::new(2);
        for round in 0..30_000 {
            // The last of these ranges has products of squared norms on both sides of the limit.
            let (range, len) = [(4, 3), (30, 3), (256, 3), (256, 128), (511, 170)][round % 5];
            let mut row = || -> Vec<i16> { (0..len).map(|_| (rng.below(range) / 2) as i16).collect() };
            let (a, mut others) = (row(), [row(), row(), row(), vec![0; len]]);
            others[0].iter_mut().for_each(|value| *value = -*value);
            others[2].clone_from(&a);
            let dots = others.each_ref().map(|b| i16::dot(&a, b));
            let (a_norm, norms) = (i16::dot(&a, &a), others.each_ref().map(|b| i16::dot(b, b)));
            for kind in [Distance::SquaredL2, Distance::Cosine] {
                let mut keys = [0; 4];
                i16::keys(kind, &dots, a_norm, &norms, &mut keys);
                let exact = [0, 1, 2, 3].map(|i| i16::distance(kind, dots[i], a_norm, norms[i]));
                assert_eq!(keys, exact, "{a:?} {others:?}");
            }
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
