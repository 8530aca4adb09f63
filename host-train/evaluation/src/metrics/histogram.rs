use super::{Pairs, Value};

/// The distances of pairs: the shares of pairs in bins of one width, but for the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram<D> {
    /// Share of the pairs of one label in each bin.
    pub same: Vec<f64>,
    /// Share of the pairs of two labels in each bin.
    pub different: Vec<f64>,
    /// The beginning of each bin, and the end of the last one.
    pub edges: Vec<D>,
}

impl Pairs<'_, i16> {
    /// Returns a histogram of at most `bins` bins, from 0 to the largest distance that occurs. Exact: a bin
    /// is a whole number of the buckets that pairs are counted in. It holds the distances from
    /// where it begins to just before it ends.
    pub fn histogram(&self, bins: usize) -> Histogram<u32> {
        let total = self.total();
        let used = 1 + self.buckets().take_while(|within| within.count != total).count();
        let buckets: Vec<_> = self.buckets().take(used).collect();
        let ends: Vec<_> = buckets.chunks(used.div_ceil(bins)).filter_map(|bin| bin.last()).collect();
        let mut before = (0, 0);
        let (mut same, mut different) = (Vec::new(), Vec::new());
        for within in &ends {
            same.push((within.count.same - before.0) as f64 / total.same as f64);
            different.push((within.count.different - before.1) as f64 / total.different as f64);
            before = (within.count.same, within.count.different);
        }
        let edges = ends.iter().map(|within| i16::from_key(within.key.saturating_add(1)));
        Histogram { same, different, edges: [0].into_iter().chain(edges).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Embeddings;
    use shared_model::{Distance, inspect::Element};

    #[test]
    fn each_pair_counts_in_the_bin_of_its_distance() {
        // Same pairs: 0-1: 1, 2-3: 4. Different: 0-2: 9, 0-3: 25, 1-2: 4, 1-3: 16.
        let bytes = [0, 1, 3, 5];
        let embeddings = Embeddings::from_bytes(&bytes, 4, Element::Unsigned, Distance::SquaredL2, 1.0);
        let pairs = Pairs::new(&embeddings, &[0, 0, 1, 1]).unwrap();
        // 26 distances from 0 to 25 in bins of 7, and one of 5.
        let found = pairs.histogram(4);
        assert_eq!(found.edges, [0, 7, 14, 21, 26]);
        assert_eq!(found.same, [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(found.different, [0.25, 0.25, 0.25, 0.25]);
        // More bins than there are distances: one for each.
        assert_eq!(pairs.histogram(1000).edges.len(), 27);
        assert_eq!(pairs.histogram(1000).same[4], 0.5);
    }

    #[test]
    fn every_pair_is_in_a_bin() {
        let bytes: Vec<u8> = (0..300).map(|i| (i * i % 251) as u8).collect();
        let labels: Vec<u16> = (0..100).map(|i| i % 3).collect();
        for kind in [Distance::SquaredL2, Distance::Cosine] {
            let embeddings = Embeddings::from_bytes(&bytes, 100, Element::Signed, kind, 1.0);
            let found = Pairs::new(&embeddings, &labels).unwrap().histogram(50);
            assert!((found.same.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!((found.different.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert_eq!(found.edges.len(), found.same.len() + 1);
            assert!(found.edges.is_sorted() && found.same.len() > 25);
        }
    }
}
