//! One-shot classification in runs, as Omniglot's test has it: which of a run's training images, one of
//! each class, is most like a test image?

use crate::{engine::Engine, metrics::interval_95};
use rayon::prelude::*;
use serde::Serialize;
use shared_model::{
    Gallery, Model,
    gallery::{Method, entry_len},
};
use tinytriplet_data::one_shot::{Run, Trial};

/// Errors in all runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OneShot {
    /// Share of wrong answers in all runs, 0 to 1.
    pub error: f64,
    /// Where the true share lies, with a confidence of 95 %, if answers are independent (Wilson's score
    /// interval).
    pub interval: [f64; 2],
    /// Number of test images.
    pub trials: usize,
    /// By the order of their names.
    pub runs: Vec<RunErrors>,
}

/// Errors in a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunErrors {
    /// The name of its folder.
    pub name: String,
    /// Share of wrong answers, 0 to 1.
    pub error: f64,
    /// Number of test images.
    pub trials: usize,
    /// The wrong answers.
    pub wrong: Vec<WrongAnswer>,
}

/// A test image that was taken for another class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrongAnswer {
    /// The file of the test image.
    pub test: String,
    /// The file of the training image that was nearest.
    pub nearest: String,
    /// The file of the training image of its class.
    pub right: String,
}

/// Returns the errors of the int8 engine in these runs: each training image is enrolled by itself, as on a
/// board.
///
/// # Panics
/// The images are not of the size that the model takes, or there is no trial.
pub fn one_shot(model: &Model<'_>, runs: &[Run]) -> OneShot {
    let engine = Engine::new(model);
    let runs: Vec<RunErrors> = runs.iter().map(|run| errors(&engine, run)).collect();
    let trials: usize = runs.iter().map(|run| run.trials).sum();
    let wrong: usize = runs.iter().map(|run| run.wrong.len()).sum();
    let error = wrong as f64 / trials as f64;
    let interval = interval_95(error, trials).expect("there are trials");
    OneShot { error, interval, trials, runs }
}

fn errors(engine: &Engine<'_>, run: &Run) -> RunErrors {
    let model = engine.model();
    let training = run.training.iter().map(|image| image.pixels.as_slice());
    let images: Vec<&[u8]> =
        training.chain(run.trials.iter().map(|trial| trial.image.pixels.as_slice())).collect();
    let embeddings =
        engine.embed_all(images.into_par_iter()).expect("images of the size that the model takes");
    let len = model.embedding_len();
    let (training, asked) = embeddings.split_at(run.training.len() * len);

    let mut memory = vec![0; run.training.len() * entry_len(len, 0)];
    let mut gallery = Gallery::new(model, 0, &mut memory);
    for (place, embedding) in training.chunks_exact(len).enumerate() {
        gallery.enrol(&place.to_string(), embedding).expect("there is room for every image");
    }
    let wrong =
        run.trials.iter().zip(asked.chunks_exact(len)).filter_map(|(Trial { image, answer }, embedding)| {
            let nearest = gallery.nearest(embedding, Method::Prototype).expect("an embedding of the model");
            let nearest: usize =
                nearest.first.expect("something is enrolled").label.parse().expect("a place");
            (nearest != *answer).then(|| WrongAnswer {
                test: image.name.clone(),
                nearest: run.training[nearest].name.clone(),
                right: run.training[*answer].name.clone(),
            })
        });
    let (wrong, trials): (Vec<_>, usize) = (wrong.collect(), run.trials.len());
    RunErrors { name: run.name.clone(), error: wrong.len() as f64 / trials as f64, trials, wrong }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::testing::model_file;
    use tinytriplet_data::one_shot::Image;

    fn image(name: &str, place: u8) -> Image {
        Image { name: name.into(), pixels: vec![place] }
    }

    #[test]
    fn the_nearest_training_image_is_the_answer() {
        let file = model_file(None);
        let model = Model::decode(&file).unwrap();
        let trial = |name, place, answer| Trial { image: image(name, place), answer };
        let training = vec![image("a", 10), image("b", 40), image("c", 70)];
        let first = Run {
            name: "run1".into(),
            training: training.clone(),
            trials: vec![trial("x", 20, 0), trial("y", 44, 1), trial("z", 50, 2), trial("w", 99, 2)],
        };
        let second = Run { name: "run2".into(), training, trials: vec![trial("x", 70, 2)] };
        let found = one_shot(&model, &[first, second]);
        let wrong = WrongAnswer { test: "z".into(), nearest: "b".into(), right: "c".into() };
        assert_eq!((found.error, found.trials), (0.2, 5));
        assert_eq!(Some(found.interval), interval_95(0.2, 5));
        assert_eq!((found.runs[0].error, &found.runs[0].wrong), (0.25, &vec![wrong]));
        assert_eq!((found.runs[1].error, found.runs[1].trials, found.runs[1].wrong.len()), (0.0, 1, 0));
    }
}
