use super::{Embeddings, Value, nearest};
use serde::Serialize;
use std::collections::BTreeMap;
use tinytriplet_data::{Class, Label, Rng};

/// Images per class that a prototype is the mean of.
const SHOTS: usize = 5;
/// The number of draws.
pub(super) const DRAWS: usize = 20;

/// Images to build prototypes of: twenty times, five random ones a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// The images, as the classes name them, draw by draw, class by class.
    pub images: Vec<usize>,
    /// The classes.
    labels: Vec<Label>,
}

impl Support {
    /// Labels of the classes, ascending as they were given.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// Returns the images of one draw, and their labels.
    pub(super) fn draw(&self, draw: usize) -> impl Iterator<Item = (Label, usize)> {
        let of_draw = self.images.chunks_exact(SHOTS).skip(draw * self.labels.len());
        let of_class = self.labels.iter().zip(of_draw);
        of_class.flat_map(|(&label, images)| images.iter().map(move |&image| (label, image)))
    }
}

/// Draws images of these classes. A class with fewer than five takes part with repetitions.
pub fn support(classes: &[Class], seed: u64) -> Support {
    let seed = Rng::new(seed);
    let mut images = Vec::new();
    for draw in 0..DRAWS {
        let mut rng = seed.stream(draw as u64);
        for class in classes {
            let mut order = class.images.clone();
            rng.shuffle(&mut order);
            images.extend(order.iter().cycle().take(SHOTS));
        }
    }
    Support { images, labels: classes.iter().map(|class| class.label).collect() }
}

/// Few-shot accuracy over the draws of a [`Support`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FewShot {
    /// Mean over the draws, 0 to 1.
    pub mean: f64,
    /// The sample's standard deviation over the draws, with one less than their number in the
    /// denominator.
    pub standard_deviation: f64,
}

/// Returns few-shot accuracy (Snell, Swersky and Zemel, "Prototypical networks", 2017): the share of
/// `queries` whose nearest prototype, the mean of five embeddings of a class, is that of its label.
/// `embeddings` are those of [`Support::images`]; query `i` has label `labels[i]`. NaN without
/// classes or queries.
pub fn prototype_accuracy<T: Value>(
    support: &Support,
    embeddings: &Embeddings<T>,
    queries: &Embeddings<T>,
    labels: &[Label],
) -> FewShot {
    if support.labels.is_empty() || queries.is_empty() {
        return FewShot { mean: f64::NAN, standard_deviation: f64::NAN };
    }
    let draws = answers(support, embeddings, queries).map(|found| {
        let right = found.iter().zip(labels).filter(|(found, label)| support.labels[**found] == **label);
        right.count() as f64 / queries.len() as f64
    });
    let draws: Vec<f64> = draws.collect();
    let mean = draws.iter().sum::<f64>() / DRAWS as f64;
    let squares: f64 = draws.iter().map(|draw| (draw - mean).powi(2)).sum();
    FewShot { mean, standard_deviation: (squares / (DRAWS - 1) as f64).sqrt() }
}

/// Returns the confusion of [`prototype_accuracy`]: for each label of the support, in its order,
/// the shares of its queries that were nearest to the prototypes of labels, by their places, over
/// all draws. Empty for a label without queries.
pub fn prototype_confusion<T: Value>(
    support: &Support,
    embeddings: &Embeddings<T>,
    queries: &Embeddings<T>,
    labels: &[Label],
) -> Vec<BTreeMap<usize, f64>> {
    let mut counts = vec![BTreeMap::<usize, u64>::new(); support.labels.len()];
    for found in answers(support, embeddings, queries) {
        for (&found, label) in found.iter().zip(labels) {
            if let Ok(row) = support.labels.binary_search(label) {
                *counts[row].entry(found).or_default() += 1;
            }
        }
    }
    let shares = |row: BTreeMap<usize, u64>| {
        let total: u64 = row.values().sum();
        row.into_iter().map(|(place, count)| (place, count as f64 / total as f64)).collect()
    };
    counts.into_iter().map(shares).collect()
}

/// Returns, for each draw, the place among the support's labels of the prototype that each query is nearest
/// to.
fn answers<T: Value>(
    support: &Support,
    embeddings: &Embeddings<T>,
    queries: &Embeddings<T>,
) -> impl Iterator<Item = Vec<usize>> {
    let classes = support.labels.len();
    let prototypes = embeddings.means(SHOTS);
    (0..DRAWS).map(move |draw| {
        let own: Vec<usize> = (draw * classes..(draw + 1) * classes).collect();
        nearest(queries, &prototypes.select(&own), |_| None).into_iter().flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::Distance;
    use tinytriplet_data::classes;

    #[test]
    fn draws_are_of_their_class_and_seeded() {
        let labels: Vec<Label> = (0..40).map(|i| [2, 7][i % 2]).chain([9, 9]).collect();
        let drawn = support(&classes(&labels), 1);
        assert_eq!((drawn.images.len(), drawn.labels.as_slice()), (20 * 3 * 5, [2, 7, 9].as_slice()));
        for (place, &image) in drawn.images.iter().enumerate() {
            assert_eq!(labels[image], [2, 7, 9][place / 5 % 3]);
        }
        let mut first = drawn.images[..5].to_vec();
        first.dedup();
        assert_eq!(first.len(), 5, "five different images");
        assert_eq!(drawn, support(&classes(&labels), 1));
        assert_ne!(drawn, support(&classes(&labels), 2));
    }

    #[test]
    fn a_query_is_taken_for_the_class_of_its_nearest_prototype() {
        let labels: Vec<Label> = (0..10).map(|i| (i / 5) as Label).collect();
        let drawn = support(&classes(&labels), 1);
        // Class 0 lies at 0 to 4 with mean 2, class 1 at 10 to 14 with mean 12: the border is 7.
        let places = drawn.images.iter().map(|&image| (image + image / 5 * 5) as f32).collect();
        let embeddings = Embeddings::from_floats(places, 200, Distance::SquaredL2);
        let queries = Embeddings::from_floats(vec![-3.0, 6.9, 7.1, 30.0], 4, Distance::SquaredL2);
        let found = prototype_accuracy(&drawn, &embeddings, &queries, &[0, 0, 0, 1]);
        assert_eq!(found, FewShot { mean: 0.75, standard_deviation: 0.0 });
        // Of three zeros one is beyond the border; nobody asks about label 9.
        let confusion = prototype_confusion(&drawn, &embeddings, &queries, &[0, 0, 0, 9]);
        assert_eq!(confusion, [[(0, 2.0 / 3.0), (1, 1.0 / 3.0)].into(), BTreeMap::new()]);

        // The prototypes of one half of the draws are 0 and 10, of the other half 0 and 12: at 5.5,
        // the first half is wrong. The variance is 20 · 0.25² / 19.
        let place = |image: usize| [0.0, if image < 100 { 10.0 } else { 12.0 }][image / 5 % 2];
        let embeddings = Embeddings::from_floats((0..200).map(place).collect(), 200, Distance::SquaredL2);
        let queries = Embeddings::from_floats(vec![5.5, 12.0], 2, Distance::SquaredL2);
        let found = prototype_accuracy(&drawn, &embeddings, &queries, &[0, 1]);
        assert_eq!(found.mean, 0.75);
        assert!((found.standard_deviation - (20.0 * 0.0625 / 19.0f64).sqrt()).abs() < 1e-12);
    }
}
