use super::{Embeddings, Value, nearest};
use crate::{data::Label, rng::Rng, sampler::classes};

/// Images a class that a prototype is the mean of.
const SHOTS: usize = 5;
/// How often they are drawn anew.
const DRAWS: u64 = 10;

/// Training images to build prototypes of: ten times, five random ones a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// Indices into the training set, draw by draw, class by class: what is to be embedded, in this order.
    pub images: Vec<usize>,
    /// The classes.
    labels: Vec<Label>,
}

/// Draws the images of a training set with these labels. A class with fewer than five takes part with
/// repetitions.
pub fn support(labels: &[Label], seed: u64) -> Support {
    let classes = classes(labels);
    let seed = Rng::new(seed);
    let mut images = Vec::new();
    for draw in 0..DRAWS {
        let mut rng = seed.stream(draw);
        for class in &classes {
            let mut order = class.images.clone();
            rng.shuffle(&mut order);
            images.extend(order.iter().cycle().take(SHOTS));
        }
    }
    Support { images, labels: classes.iter().map(|class| class.label).collect() }
}

/// Few-shot accuracy (Snell, Swersky and Zemel, "Prototypical networks", 2017): the share of `queries` whose
/// nearest prototype, the mean of five embeddings of a class, is that of its label; mean of ten draws, 0 to 1.
/// `embeddings` are those of [`Support::images`]; query `i` has label `labels[i]`.
pub fn prototype_accuracy<T: Value>(
    support: &Support,
    embeddings: &Embeddings<T>,
    queries: &Embeddings<T>,
    labels: &[Label],
) -> f64 {
    let classes = support.labels.len();
    if classes == 0 || queries.is_empty() {
        return 0.0;
    }
    let prototypes = embeddings.means(SHOTS);
    let mut right = 0;
    for draw in 0..DRAWS as usize {
        let own: Vec<usize> = (draw * classes..(draw + 1) * classes).collect();
        let found = nearest(queries, &prototypes.select(&own), |_| None);
        let labelled = found.iter().flatten().zip(labels);
        right += labelled.filter(|(found, label)| support.labels[**found] == **label).count();
    }
    right as f64 / (queries.len() * DRAWS as usize) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::Distance;

    #[test]
    fn draws_are_of_their_class_and_seeded() {
        let labels: Vec<Label> = (0..40).map(|i| [2, 7][i % 2]).chain([9, 9]).collect();
        let drawn = support(&labels, 1);
        assert_eq!((drawn.images.len(), drawn.labels.as_slice()), (10 * 3 * 5, [2, 7, 9].as_slice()));
        for (place, &image) in drawn.images.iter().enumerate() {
            assert_eq!(labels[image], [2, 7, 9][place / 5 % 3]);
        }
        let mut first = drawn.images[..5].to_vec();
        first.dedup();
        assert_eq!(first.len(), 5, "five different images");
        assert_eq!(drawn, support(&labels, 1));
        assert_ne!(drawn, support(&labels, 2));
    }

    #[test]
    fn by_hand() {
        let labels: Vec<Label> = (0..10).map(|i| (i / 5) as Label).collect();
        let drawn = support(&labels, 1);
        // Class 0 lies at 0 to 4 with mean 2, class 1 at 10 to 14 with mean 12: the border is 7.
        let places = drawn.images.iter().map(|&image| (image + image / 5 * 5) as f32).collect();
        let embeddings = Embeddings::from_floats(places, 100, Distance::SquaredL2);
        let queries = Embeddings::from_floats(vec![-3.0, 6.9, 7.1, 30.0], 4, Distance::SquaredL2);
        assert_eq!(prototype_accuracy(&drawn, &embeddings, &queries, &[0, 0, 0, 1]), 0.75);
    }
}
