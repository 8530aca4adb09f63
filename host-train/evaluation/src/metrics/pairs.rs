use super::{Embeddings, Value, distances::write_keys};
use crate::vector::Simd;
use rayon::prelude::*;
use tinytriplet_data::Label;

/// The distances of all pairs of embeddings, same and different ones: how many lie within a
/// threshold. Exact, and in bounded memory: 50 million distances are not stored but counted, in
/// 65,536 buckets once and then, where a bucket has to be looked into, each of its keys by itself.
pub struct Pairs<'a, T: Value> {
    embeddings: &'a Embeddings<T>,
    labels: &'a [Label],
    /// Bits of a key that do not tell its bucket.
    shift: u32,
    /// Pairs in this bucket and those before it.
    buckets: Vec<Count>,
}

/// Numbers of pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// With one label.
    pub same: u64,
    /// With two.
    pub different: u64,
}

/// The pairs within a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Within {
    /// Key of the threshold.
    pub key: u32,
    /// Pairs that are at most that far apart.
    pub count: Count,
}

/// Bits of a number of buckets, and of a number of keys in one.
const BITS: u32 = 16;

impl<'a, T: Value> Pairs<'a, T> {
    /// Returns all pairs of `embeddings`, where row `i` has label `labels[i]`. `None` where no two have the
    /// same label, or no two have different ones.
    pub fn new(embeddings: &'a Embeddings<T>, labels: &'a [Label]) -> Option<Self> {
        let bits = u32::BITS - embeddings.largest_key().leading_zeros();
        let shift = bits.saturating_sub(BITS);
        let mut pairs = Self { embeddings, labels, shift, buckets: Vec::new() };
        let mut buckets = pairs.count(1 << BITS, |key| pairs.bucket(key));
        accumulate(Count::default(), &mut buckets);
        pairs.buckets = buckets;
        let Count { same, different } = pairs.total();
        (same > 0 && different > 0).then_some(pairs)
    }

    /// Returns all of them.
    pub(super) fn total(&self) -> Count {
        self.buckets.last().copied().unwrap_or_default()
    }

    /// Returns, for each bucket, the pairs within its largest key.
    pub(super) fn buckets(&self) -> impl ExactSizeIterator<Item = Within> {
        let largest = |bucket: usize| ((bucket as u32) << self.shift) | ((1 << self.shift) - 1);
        self.buckets.iter().enumerate().map(move |(bucket, &count)| Within { key: largest(bucket), count })
    }

    /// Returns the bucket of a key; the last one for a threshold beyond all distances.
    pub(super) fn bucket(&self, key: u32) -> usize {
        (key >> self.shift).min((1 << BITS) - 1) as usize
    }

    /// Returns the last bucket before this one that is not empty.
    pub(super) fn before(&self, bucket: usize) -> Option<usize> {
        let buckets = &self.buckets[..bucket];
        let before = *buckets.last()?;
        (before != Count::default()).then(|| buckets.partition_point(|count| *count != before))
    }

    /// Looks into some buckets: every key that occurs there, ascending.
    pub(super) fn look_into(&self, mut buckets: Vec<usize>) -> Vec<Within> {
        buckets.sort_unstable();
        buckets.dedup();
        let keys = 1 << self.shift;
        // Slot 0 is for the pairs that nobody asks for.
        let mut slots = vec![usize::MAX; 1 << BITS];
        for (place, &bucket) in buckets.iter().enumerate() {
            slots[bucket] = place * keys;
        }
        let counts = self.count(1 + buckets.len() * keys, |key| match slots[self.bucket(key)] {
            usize::MAX => 0,
            slot => 1 + slot + (key as usize & (keys - 1)),
        });
        let mut found = Vec::new();
        for (&bucket, counts) in buckets.iter().zip(counts[1..].chunks_exact(keys)) {
            let mut so_far = bucket.checked_sub(1).map_or(Count::default(), |before| self.buckets[before]);
            for (low, count) in counts.iter().enumerate().filter(|(_, count)| **count != Count::default()) {
                so_far = so_far.plus(*count);
                found.push(Within { key: ((bucket as u32) << self.shift) | low as u32, count: so_far });
            }
        }
        found
    }

    /// Counts all pairs in `slots` slots; `slot` says which one a key belongs to.
    fn count(&self, slots: usize, slot: impl Fn(u32) -> usize + Sync) -> Vec<Count> {
        const ROWS: usize = 32;
        const COLUMNS: usize = 1024;
        let Self { embeddings, labels, .. } = *self;
        let simd = Simd::best();
        let blocks = (0..embeddings.len().div_ceil(ROWS)).into_par_iter();
        // Few, long pieces of work: each has counters of its own.
        let pieces = blocks.with_min_len(embeddings.len().div_ceil(ROWS * 8).max(1));
        let counts = pieces.fold(
            || (vec![Count::default(); slots], vec![0; ROWS * COLUMNS]),
            |(mut counts, mut keys), block| {
                let rows = block * ROWS..((block + 1) * ROWS).min(embeddings.len());
                for start in (0..rows.end).step_by(COLUMNS) {
                    let columns = start..(start + COLUMNS).min(rows.end);
                    let width = columns.len();
                    let keys = &mut keys[..rows.len() * width];
                    write_keys(simd, (embeddings, rows.clone()), (embeddings, columns.clone()), keys);
                    for (row, keys) in rows.clone().zip(keys.chunks_exact(width)) {
                        // Each pair once: the second index is below the first.
                        let below = row.clamp(start, columns.end) - start;
                        for (&key, &label) in keys[..below].iter().zip(&labels[columns.clone()]) {
                            let count = &mut counts[slot(key)];
                            let same = u64::from(label == labels[row]);
                            count.same += same;
                            count.different += 1 - same;
                        }
                    }
                }
                (counts, keys)
            },
        );
        counts.map(|(counts, _)| counts).reduce(
            || vec![Count::default(); slots],
            |mut a, b| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a = a.plus(b));
                a
            },
        )
    }
}

impl Count {
    fn plus(self, other: Self) -> Self {
        Self { same: self.same + other.same, different: self.different + other.different }
    }
}

/// Replaces each count by the sum of all up to it.
fn accumulate(mut sum: Count, counts: &mut [Count]) {
    for count in counts {
        sum = sum.plus(*count);
        *count = sum;
    }
}
