use super::{Embeddings, Value};
use crate::data::Label;
use rayon::prelude::*;

/// How well a limit on the distance tells same from different.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verification<D> {
    /// Where different pairs are accepted as often as same pairs are rejected, as nearly as the pairs allow.
    pub equal_error: Rates<D>,
    /// The largest limit at which at most one different pair in a hundred is accepted.
    pub false_accept_1_percent: Rates<D>,
}

impl<D> Verification<D> {
    /// The equal error rate: the mean of both rates at [`equal_error`](Self::equal_error), 0 to 1.
    pub fn equal_error_rate(&self) -> f64 {
        (self.equal_error.false_accept_rate + self.equal_error.false_reject_rate) / 2.0
    }
}

/// A limit, and how often it errs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates<D> {
    /// Largest distance that counts as the same thing.
    pub threshold: D,
    /// Share of different pairs within the limit, 0 to 1.
    pub false_accept_rate: f64,
    /// Share of same pairs beyond the limit, 0 to 1.
    pub false_reject_rate: f64,
}

/// Limits over all pairs of `embeddings`, where row `i` has label `labels[i]`. Limits are distances that occur.
/// `None` where no two have the same label, or no two have different ones.
///
/// 5,000 embeddings are 12.5 million pairs, which take 50 MB.
pub fn verification<T: Value>(
    embeddings: &Embeddings<T>,
    labels: &[Label],
) -> Option<Verification<T::Distance>> {
    let (same, different) = pair_distances(embeddings, labels);
    if same.is_empty() || different.is_empty() {
        return None;
    }
    let within = |sorted: &[T::Distance], limit| sorted.partition_point(|&d| T::order(d, limit).is_le());
    let rates = |threshold| Rates {
        threshold,
        false_accept_rate: within(&different, threshold) as f64 / different.len() as f64,
        false_reject_rate: 1.0 - within(&same, threshold) as f64 / same.len() as f64,
    };
    // Along each sorted list, accepts rise and rejects fall: the place where they cross is found by bisection.
    let crossing = |sorted: &[T::Distance]| {
        let below = |&limit: &T::Distance| {
            let rates = rates(limit);
            rates.false_accept_rate < rates.false_reject_rate
        };
        let at = sorted.partition_point(below);
        [at.checked_sub(1), Some(at)].map(|at| at.and_then(|at| sorted.get(at)).map(|&limit| rates(limit)))
    };
    let gap = |rates: &Rates<T::Distance>| (rates.false_accept_rate - rates.false_reject_rate).abs();
    let candidates = crossing(&same).into_iter().chain(crossing(&different)).flatten();
    let equal_error = candidates.min_by(|a, b| gap(a).total_cmp(&gap(b)))?;

    let within_1_percent = |&limit: &T::Distance| rates(limit).false_accept_rate <= 0.01;
    let last = |sorted: &[T::Distance]| sorted[..sorted.partition_point(within_1_percent)].last().copied();
    let limits = last(&same).into_iter().chain(last(&different));
    // Where even the smallest distance accepts more than that, it is the strictest limit there is.
    let limit = limits.max_by(|&a, &b| T::order(a, b)).unwrap_or(different[0]);
    Some(Verification { equal_error, false_accept_1_percent: rates(limit) })
}

/// Distances of all pairs with the same label, and of all others; both sorted.
fn pair_distances<T: Value>(
    embeddings: &Embeddings<T>,
    labels: &[Label],
) -> (Vec<T::Distance>, Vec<T::Distance>) {
    let mut same_and_different: (Vec<_>, Vec<_>) = (0..embeddings.len())
        .into_par_iter()
        .flat_map_iter(|a| {
            (0..a).map(move |b| (labels[a] == labels[b], embeddings.distance(a, embeddings, b)))
        })
        .partition_map(|(same, distance)| {
            if same { rayon::iter::Either::Left(distance) } else { rayon::iter::Either::Right(distance) }
        });
    same_and_different.0.par_sort_unstable_by(|&a, &b| T::order(a, b));
    same_and_different.1.par_sort_unstable_by(|&a, &b| T::order(a, b));
    same_and_different
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::{Distance, Element};

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
}
