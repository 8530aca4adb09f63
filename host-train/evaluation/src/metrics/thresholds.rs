use super::{
    Embeddings, Pairs, Value,
    pairs::{Count, Within},
};
use serde::Serialize;
use tinytriplet_data::Label;

/// Two thresholds on the distance, and how well each tells same from different.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verification<D> {
    /// The threshold at which different pairs are accepted as often as same pairs are rejected, as
    /// nearly as the pairs allow.
    pub equal_error: Rates<D>,
    /// The largest threshold at which at most one different pair in a hundred is accepted.
    pub false_accept_1_percent: Rates<D>,
}

impl<D> Verification<D> {
    /// Returns the equal error rate: the mean of both rates at [`equal_error`](Self::equal_error), 0 to 1.
    pub fn equal_error_rate(&self) -> f64 {
        (self.equal_error.false_accept_rate + self.equal_error.false_reject_rate) / 2.0
    }
}

/// A threshold, and how often it errs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rates<D> {
    /// Largest distance that counts as the same thing.
    pub threshold: D,
    /// Share of different pairs within the threshold, 0 to 1.
    pub false_accept_rate: f64,
    /// Share of same pairs beyond the threshold, 0 to 1.
    pub false_reject_rate: f64,
}

/// Thresholds over all pairs of `embeddings`, where row `i` has label `labels[i]`. Thresholds are
/// distances that occur. `None` where no two have the same label, or no two have different ones.
pub fn verification<T: Value>(
    embeddings: &Embeddings<T>,
    labels: &[Label],
) -> Option<Verification<T::Distance>> {
    Some(Pairs::new(embeddings, labels)?.verification())
}

impl<T: Value> Pairs<'_, T> {
    /// Returns the two thresholds. Both are distances that occur; of two that are equally near to an equal
    /// error, the smaller.
    pub fn verification(&self) -> Verification<T::Distance> {
        let total = self.total();
        // Shares are compared as whole numbers: a / b < c / d as a · d < c · b.
        let accepts_less = |within: &Within| {
            let accepted = u128::from(within.count.different) * u128::from(total.same);
            let rejected = u128::from(total.same - within.count.same) * u128::from(total.different);
            accepted < rejected
        };
        let up_to_1_percent = |within: &Within| 100 * within.count.different <= total.different;

        // From bucket to bucket accepts rise and rejects fall. Where the one passes the other, and
        // where the first passes 1 %, is in the first bucket that is beyond, or is the last
        // distance before it.
        let crossing = self.buckets().take_while(accepts_less).count();
        let beyond_1_percent = self.buckets().take_while(up_to_1_percent).count();
        let buckets = [crossing, beyond_1_percent].into_iter().flat_map(|at| [self.before(at), Some(at)]);
        let distances = self.look_into(buckets.flatten().collect());

        let at = distances.partition_point(accepts_less);
        let around = [at.checked_sub(1), Some(at)].into_iter().flatten().filter_map(|at| distances.get(at));
        let gap = |rates: &Rates<T::Distance>| (rates.false_accept_rate - rates.false_reject_rate).abs();
        let equal_error =
            around.map(|within| self.rates_of(*within)).min_by(|a, b| gap(a).total_cmp(&gap(b)));
        // Where even the smallest distance accepts more than 1 %, it is the strictest threshold
        // there is.
        let at = distances.partition_point(up_to_1_percent).saturating_sub(1);
        Verification {
            equal_error: equal_error.expect("there are pairs"),
            false_accept_1_percent: self.rates_of(distances[at]),
        }
    }

    /// Returns the error rates at each of these thresholds.
    pub fn rates<const N: usize>(&self, thresholds: [T::Distance; N]) -> [Rates<T::Distance>; N] {
        let distances = self.look_into(thresholds.map(|threshold| self.bucket(T::key(threshold))).to_vec());
        thresholds.map(|threshold| {
            let key = T::key(threshold);
            let before = self.bucket(key).checked_sub(1).and_then(|bucket| self.buckets().nth(bucket));
            let found = distances[..distances.partition_point(|within| within.key <= key)].last();
            // What was looked into is there only from the first distance on that occurs in its
            // bucket.
            let found = found.filter(|found| self.bucket(found.key) == self.bucket(key));
            let count = found.copied().or(before).map_or(Count::default(), |within| within.count);
            Rates { threshold, ..self.rates_of(Within { key, count }) }
        })
    }

    pub(super) fn rates_of(&self, within: Within) -> Rates<T::Distance> {
        let total = self.total();
        Rates {
            threshold: T::from_key(within.key),
            false_accept_rate: within.count.different as f64 / total.different as f64,
            false_reject_rate: (total.same - within.count.same) as f64 / total.same as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::{Distance, inspect::Element};
    use tinytriplet_data::Rng;

    #[test]
    fn separable_classes_have_no_error() {
        let embeddings = Embeddings::from_floats(vec![0.0, 1.0, 10.0, 12.0], 4, Distance::SquaredL2);
        let found = verification(&embeddings, &[0, 0, 1, 1]).unwrap();
        assert_eq!(
            found.equal_error,
            Rates { threshold: 4.0, false_accept_rate: 0.0, false_reject_rate: 0.0 }
        );
        assert_eq!(found.false_accept_1_percent.false_accept_rate, 0.0);
        assert_eq!(found.false_accept_1_percent.threshold, 4.0);
        assert_eq!(found.equal_error_rate(), 0.0);
    }

    #[test]
    fn overlapping_classes_by_hand() {
        // Same pairs: 0-1: 16, 2-3: 4. Different: 0-2: 4, 0-3: 16, 1-2: 4, 1-3: 0.
        let bytes = [0, 4, 2, 4];
        let embeddings = Embeddings::from_bytes(&bytes, 4, Element::Unsigned, Distance::SquaredL2, 1.0);
        let found = verification(&embeddings, &[0, 0, 1, 1]).unwrap();
        // At 0: accepts 1/4, rejects 1. At 4: 3/4 and 1/2. At 16: 1 and 0.
        assert_eq!(
            found.equal_error,
            Rates { threshold: 4, false_accept_rate: 0.75, false_reject_rate: 0.5 }
        );
        assert_eq!(found.equal_error_rate(), 0.625);
        let strictest = Rates { threshold: 0, false_accept_rate: 0.25, false_reject_rate: 1.0 };
        assert_eq!(found.false_accept_1_percent, strictest);
    }

    #[test]
    fn one_percent_of_many() {
        // 200 different pairs at distances 1, 4, 9, …: two of them may be accepted.
        let mut places = vec![0.0];
        places.extend((1..=200).map(|place| place as f32));
        let embeddings = Embeddings::from_floats(places, 201, Distance::SquaredL2);
        let labels: Vec<Label> = std::iter::once(0).chain([1; 200]).collect();
        let found = verification(&embeddings, &labels).unwrap().false_accept_1_percent;
        assert_eq!((found.threshold, found.false_accept_rate), (4.0, 0.01));
    }

    #[test]
    fn needs_both_kinds_of_pairs() {
        let embeddings = Embeddings::from_floats(vec![1.0, 2.0], 2, Distance::SquaredL2);
        assert_eq!(verification(&embeddings, &[0, 0]), None);
        assert_eq!(verification(&embeddings, &[0, 1]), None);
    }

    /// Distances of all pairs, sorted; shares counted one by one.
    fn plain(embeddings: &Embeddings<i16>, labels: &[Label]) -> (Vec<u32>, impl Fn(u32) -> Rates<u32>) {
        let pairs = (0..labels.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let distance =
            |(a, b): (usize, usize)| (labels[a] == labels[b], embeddings.distance(a, embeddings, b));
        let pairs: Vec<(bool, u32)> = pairs.map(distance).collect();
        let mut distances: Vec<u32> = pairs.iter().map(|(_, distance)| *distance).collect();
        distances.sort_unstable();
        let rates = move |threshold| {
            let of = |wanted: bool| pairs.iter().filter(move |(same, _)| *same == wanted);
            let share = |wanted: bool| {
                let within = of(wanted).filter(|(_, distance)| *distance <= threshold).count();
                within as f64 / of(wanted).count() as f64
            };
            Rates { threshold, false_accept_rate: share(false), false_reject_rate: 1.0 - share(true) }
        };
        (distances, rates)
    }

    fn assert_near(a: Rates<u32>, b: Rates<u32>) {
        assert_eq!(a.threshold, b.threshold);
        assert!((a.false_accept_rate - b.false_accept_rate).abs() < 1e-12, "{a:?} {b:?}");
        assert!((a.false_reject_rate - b.false_reject_rate).abs() < 1e-12, "{a:?} {b:?}");
    }

    #[test]
    fn equals_sorting_all_distances() {
        let mut rng = Rng::new(6);
        // Few values, so that distances occur often; or many, so that they fill several buckets.
        for range in [3, 256] {
            for kind in [Distance::SquaredL2, Distance::Cosine] {
                let count = 97;
                let labels: Vec<Label> = (0..count).map(|_| rng.below(4) as Label).collect();
                let near = |label: Label, at| if usize::from(label) == at { range / 2 } else { 0 };
                let value = |i: usize, rng: &mut Rng| (rng.below(range) + near(labels[i / 5], i % 5)) / 2;
                let bytes: Vec<u8> = (0..count * 5).map(|i| value(i, &mut rng) as u8).collect();
                let embeddings = Embeddings::from_bytes(&bytes, count, Element::Unsigned, kind, 1.0);
                let (distances, rates) = plain(&embeddings, &labels);

                let pairs = Pairs::new(&embeddings, &labels).unwrap();
                let found = pairs.verification();
                let gap = |threshold: u32| {
                    let rates = rates(threshold);
                    (rates.false_accept_rate - rates.false_reject_rate).abs()
                };
                let smallest =
                    distances.iter().map(|&threshold| gap(threshold)).fold(f64::INFINITY, f64::min);
                assert!((gap(found.equal_error.threshold) - smallest).abs() < 1e-12);
                assert_near(found.equal_error, rates(found.equal_error.threshold));
                let strict =
                    distances.iter().filter(|&&threshold| rates(threshold).false_accept_rate <= 0.01);
                let strict = strict.max().unwrap_or(&distances[0]);
                assert_near(found.false_accept_1_percent, rates(*strict));

                let any = |rng: &mut Rng| distances[rng.below(distances.len())] + rng.below(3) as u32;
                for _ in 0..10 {
                    let thresholds = [0, any(&mut rng), any(&mut rng)];
                    for (found, threshold) in pairs.rates(thresholds).into_iter().zip(thresholds) {
                        assert_near(found, rates(threshold));
                    }
                }
            }
        }
    }

    #[test]
    fn floats_are_as_exact_as_integers() {
        let places = [0.0, 0.25, 0.5, 4.0, 4.5, 9.0];
        let embeddings = Embeddings::from_floats(places.to_vec(), 6, Distance::SquaredL2);
        let pairs = Pairs::new(&embeddings, &[0, 0, 1, 1, 1, 1]).unwrap();
        // Same: 0.0625; 12.25, 16, 72.25, 0.25, 25, 20.25. Different: 0.25, 0.0625, and six from
        // 12.25 on.
        let [rates] = pairs.rates([0.0625]);
        let expected = Rates { threshold: 0.0625, false_accept_rate: 0.125, false_reject_rate: 6.0 / 7.0 };
        assert_eq!(rates, expected);
        let [rates] = pairs.rates([1e9]);
        assert_eq!((rates.false_accept_rate, rates.false_reject_rate), (1.0, 0.0));
    }
}
