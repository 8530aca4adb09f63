use super::{Embeddings, Value};
use serde::Serialize;
use tinytriplet_data::{Label, Rng, classes, origin_triplets};

/// The table of triplet-loss-mnist: how the triplets of a test set come out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TripletReport {
    /// One per class, by ascending label.
    pub classes: Vec<ClassTriplets>,
    /// Mean accuracy of the classes, 0 to 1.
    pub mean_accuracy: f64,
}

/// `d(anchor, positive) − d(anchor, negative)` over the triplets of a class, in real units (squared
/// L2, or `1 − cos`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassTriplets {
    /// Label of anchors and positives.
    pub label: Label,
    /// Share of triplets below 0, 0 to 1.
    pub accuracy: f64,
    /// Smallest difference.
    pub min: f64,
    /// Largest difference.
    pub max: f64,
    /// Mean difference.
    pub mean: f64,
}

/// Returns the report on the [origin's triplets](origin_triplets), drawn with `seed`. Row `i` has label
/// `labels[i]`. A class of one image is left out; where fewer than two are left, there are no rows,
/// and the mean is NaN.
pub fn triplet_report<T: Value>(embeddings: &Embeddings<T>, labels: &[Label], seed: u64) -> TripletReport {
    let mut classes = classes(labels);
    classes.retain(|class| class.images.len() > 1);
    if classes.len() < 2 {
        return TripletReport { classes: Vec::new(), mean_accuracy: f64::NAN };
    }
    let triplets = origin_triplets(&classes, &mut Rng::new(seed));
    let per_class = triplets.len() / classes.len();
    let rows = classes.iter().zip(triplets.chunks_exact(per_class)).map(|(class, triplets)| {
        let (mut below, mut min, mut max, mut sum) = (0, f64::INFINITY, f64::NEG_INFINITY, 0.0);
        for triplet in triplets {
            let positive = embeddings.distance(triplet.anchor, embeddings, triplet.positive);
            let negative = embeddings.distance(triplet.anchor, embeddings, triplet.negative);
            below += usize::from(T::key(positive) < T::key(negative));
            let difference = embeddings.real(positive) - embeddings.real(negative);
            (min, max, sum) = (min.min(difference), max.max(difference), sum + difference);
        }
        let count = per_class as f64;
        ClassTriplets { label: class.label, accuracy: below as f64 / count, min, max, mean: sum / count }
    });
    let rows: Vec<ClassTriplets> = rows.collect();
    let mean_accuracy = rows.iter().map(|row| row.accuracy).sum::<f64>() / rows.len() as f64;
    TripletReport { classes: rows, mean_accuracy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::Distance;

    #[test]
    fn a_triplet_is_right_if_its_positive_is_nearer_than_its_negative() {
        // Two classes, so that the other class is certain.
        let embeddings = Embeddings::from_floats(vec![0.0, 1.0, 3.0, 7.0, 4.0, 3.0], 6, Distance::SquaredL2);
        let report = triplet_report(&embeddings, &[0, 0, 1, 1, 1, 0], 1);
        // Class 0: images 0, 1, 5; class 1: images 2, 3, 4.
        // (0, 1 | 2): 1 − 9 = −8; (1, 5 | 3): 4 − 36 = −32.
        // (2, 3 | 0): 16 − 9 = 7; (3, 4 | 1): 9 − 36 = −27.
        let expected = [
            ClassTriplets { label: 0, accuracy: 1.0, min: -32.0, max: -8.0, mean: -20.0 },
            ClassTriplets { label: 1, accuracy: 0.5, min: -27.0, max: 7.0, mean: -10.0 },
        ];
        assert_eq!(report, TripletReport { classes: expected.to_vec(), mean_accuracy: 0.75 });
        assert!(triplet_report(&embeddings, &[0; 6], 1).mean_accuracy.is_nan());
        // A class of one image is not asked for a positive.
        let report = triplet_report(&embeddings, &[0, 0, 1, 1, 2, 0], 1);
        assert_eq!(report.classes.iter().map(|class| class.label).collect::<Vec<_>>(), [0, 1]);
    }
}
