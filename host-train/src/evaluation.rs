//! The numbers that a run ends with: float and int8, measured the same way on the same test images.

use crate::{
    data::{Dataset, Split},
    engine,
    float_net::FloatNet,
    metrics::{
        Embeddings, TripletReport, Value, precision_at_1, prototype_accuracy, support, triplet_report,
    },
};
use rayon::prelude::*;
use serde::Serialize;
use shared_model::{Distance, Model};

/// Triplets and prototypes are drawn with this seed, so that the numbers of any two runs compare.
const SEED: u64 = 1;

/// How good embeddings are, measured on the test set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Share of the origin's triplets whose positive is nearer than the negative.
    pub triplet_accuracy: TripletAccuracy,
    /// Share of test images whose nearest other test image has the same label.
    pub precision_at_1: f64,
    /// Share of test images whose nearest prototype (mean of five training images a class; mean of ten draws) is
    /// that of their class.
    pub prototype_5_shot: f64,
    /// The origin's table.
    #[serde(skip)]
    pub triplets: TripletReport,
    /// The distance that all of it was measured by.
    #[serde(skip)]
    pub distance: Distance,
}

/// Of the [`TripletReport`], what `metrics.json` says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TripletAccuracy {
    /// Mean over the classes.
    pub mean: f64,
    /// By ascending label.
    pub per_class: Vec<f64>,
}

/// Scores of the float net.
pub fn float_scores(net: &FloatNet, distance: Distance, data: &Dataset) -> Scores {
    let embed = |split: &Split, indices: &[usize]| {
        let images = indices.par_iter().map(|&index| split.image(index));
        Embeddings::from_floats(net.embed_all(images), indices.len(), distance)
    };
    scores(data, embed)
}

/// Scores of the int8 engine.
pub fn int8_scores(model: &Model<'_>, data: &Dataset) -> Scores {
    scores(data, |split, indices| int8_embeddings(model, split, indices))
}

/// The engine's embeddings of some images.
pub fn int8_embeddings(model: &Model<'_>, split: &Split, indices: &[usize]) -> Embeddings<i16> {
    let images = indices.par_iter().map(|&index| split.image(index));
    let bytes = engine::embed_all(model, images);
    let output = model.output();
    Embeddings::from_bytes(&bytes, indices.len(), output.element, model.distance(), output.scale)
}

fn scores<T: Value>(data: &Dataset, embed: impl Fn(&Split, &[usize]) -> Embeddings<T>) -> Scores {
    let labels = data.test.labels();
    let all: Vec<usize> = (0..data.test.len()).collect();
    let test = embed(&data.test, &all);
    let support = support(&crate::sampler::classes(data.train.labels()), SEED);
    let shots = embed(&data.train, &support.images);
    let triplets = triplet_report(&test, labels, SEED);
    Scores {
        triplet_accuracy: TripletAccuracy {
            mean: triplets.mean_accuracy,
            per_class: triplets.classes.iter().map(|class| class.accuracy).collect(),
        },
        precision_at_1: precision_at_1(&test, labels),
        prototype_5_shot: prototype_accuracy(&support, &shots, &test, labels).mean,
        triplets,
        distance: test.kind(),
    }
}
