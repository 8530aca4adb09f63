//! How well signs are recognised on photographs, by the int8 engine and the model's own
//! preprocessing.

use crate::{
    engine::Engine,
    metrics::gallery_precision_at_1,
    scores::{SEED, int8_embeddings},
};
use rayon::prelude::*;
use serde::Serialize;
use shared_model::{
    Model,
    prepare::{Format, Frame, prepare, scratch_len},
};
use tinytriplet_data::{
    Dataset, Label, Rng, Split,
    photographs::{Kind, photograph},
};

/// The share of photographs of a kind whose nearest training image has the same label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhotographScore {
    /// [`Kind::name`].
    pub kind: &'static str,
    /// From 0 to 1.
    pub precision_at_1: f64,
}

/// Scores photographs of `count` test images, or of all if there are fewer, spread evenly over the
/// test set; `done` is called after each of [`Kind::ALL`].
///
/// # Panics
/// Panics if the images are not square or not of the model's size, or the model takes colours.
pub fn photograph_scores(
    model: &Model<'_>,
    data: &Dataset,
    count: usize,
    mut done: impl FnMut(),
) -> Vec<PhotographScore> {
    let engine = Engine::new(model);
    let all: Vec<usize> = (0..data.train.len()).collect();
    let gallery = int8_embeddings(&engine, &data.train, &all);
    let count = count.min(data.test.len());
    let indices: Vec<usize> = (0..count).map(|place| place * data.test.len() / count.max(1)).collect();
    let labels: Vec<Label> = indices.iter().map(|&index| data.test.labels()[index]).collect();
    let places: Vec<usize> = (0..count).collect();
    Kind::ALL
        .into_iter()
        .map(|kind| {
            let pixels: Vec<u8> =
                indices.par_iter().flat_map_iter(|&index| pixels(model, kind, &data.test, index)).collect();
            let Split { height, width, .. } = data.test;
            let photographs =
                Split::new(height, width, pixels, labels.clone()).expect("each became the model's pixels");
            let embeddings = int8_embeddings(&engine, &photographs, &places);
            let precision_at_1 =
                gallery_precision_at_1((&embeddings, &labels), (&gallery, data.train.labels()));
            done();
            PhotographScore { kind: kind.name(), precision_at_1 }
        })
        .collect()
}

/// Returns what the model is given of a photograph of an image.
fn pixels(model: &Model<'_>, kind: Kind, split: &Split, index: usize) -> Vec<u8> {
    let mut rng = Rng::new(SEED).stream(index as u64).stream(kind as u64);
    let photograph = photograph(kind, split.image(index), split.width, &mut rng);
    let [width, height] = [photograph.width, photograph.height].map(|side| side as u16);
    let frame = Frame::new(Format::Grey8, width, height).expect("a photograph has pixels");
    let preprocessing = model.metadata().preprocessing;
    let input = model.metadata().input;
    let mut scratch = vec![0; scratch_len(preprocessing, input)];
    let mut pixels = vec![0; model.input_len()];
    prepare(frame, &photograph.greys, preprocessing, input, &mut scratch, &mut pixels)
        .expect("all lengths are those that are wanted");
    pixels
}
