use super::{Pairs, Rates, Value};

/// Points for each of the two rates.
const POINTS: i32 = 100;
/// Powers of ten that they span.
const DECADES: f64 = 5.0;

impl<T: Value> Pairs<'_, T> {
    /// Returns the receiver operating characteristic, to be plotted: at most 200 thresholds with their
    /// rates, ascending. Each rate passes 100 steps from 10^-5 to 1 that are even on a logarithmic
    /// axis, because the interesting part is where both are small. The rates are exact; between two
    /// points, both rates lie between theirs.
    pub fn roc(&self) -> Vec<Rates<T::Distance>> {
        let points: Vec<Rates<T::Distance>> = self.buckets().map(|within| self.rates_of(within)).collect();
        let steps = (0..POINTS).map(|step| 10f64.powf(-DECADES * f64::from(step) / f64::from(POINTS - 1)));
        let mut chosen: Vec<usize> = steps
            .flat_map(|rate| {
                let accepting = points.partition_point(|point| point.false_accept_rate < rate);
                let rejecting = points.partition_point(|point| point.false_reject_rate > rate);
                [accepting, rejecting]
            })
            .filter(|&at| at < points.len())
            .collect();
        chosen.sort_unstable();
        let mut roc: Vec<Rates<T::Distance>> = chosen.into_iter().map(|at| points[at]).collect();
        roc.dedup_by_key(|point| (point.false_accept_rate, point.false_reject_rate));
        roc
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Embeddings;
    use shared_model::{Distance, inspect::Element};
    use tinytriplet_data::{Label, Rng};

    #[test]
    fn each_distance_of_a_pair_is_a_point() {
        // Same pairs: 16, 4. Different: 4, 16, 4, 0.
        let embeddings = Embeddings::from_bytes(&[0, 4, 2, 4], 4, Element::Signed, Distance::SquaredL2, 1.0);
        let roc = Pairs::new(&embeddings, &[0, 0, 1, 1]).unwrap().roc();
        let point = |threshold, false_accept_rate, false_reject_rate| Rates {
            threshold,
            false_accept_rate,
            false_reject_rate,
        };
        assert_eq!(roc, [point(0, 0.25, 1.0), point(4, 0.75, 0.5), point(16, 1.0, 0.0)]);
    }

    #[test]
    fn few_exact_points_from_all_rejected_to_all_accepted() {
        let mut rng = Rng::new(7);
        let bytes: Vec<u8> = (0..500 * 8).map(|_| rng.below(256) as u8).collect();
        let labels: Vec<Label> = (0..500).map(|i| i % 9).collect();
        for kind in [Distance::SquaredL2, Distance::Cosine] {
            let embeddings = Embeddings::from_bytes(&bytes, 500, Element::Unsigned, kind, 1.0);
            let pairs = Pairs::new(&embeddings, &labels).unwrap();
            let roc = pairs.roc();
            assert!((100..=200).contains(&roc.len()), "{}", roc.len());
            assert!(roc.is_sorted_by_key(|point| point.threshold));
            assert!(roc.is_sorted_by_key(|point| point.false_accept_rate));
            assert_eq!(roc.last().unwrap().false_accept_rate, 1.0);
            for point in roc {
                assert_eq!(pairs.rates([point.threshold]), [point]);
            }
        }
    }
}
