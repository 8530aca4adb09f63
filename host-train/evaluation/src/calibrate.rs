//! Thresholds by the number of images that a label has, calibrated by asking a board about strangers.
//!
//! A net tells apart best what it was trained on, so pairs of that say little of how near a stranger comes.
//! Strangers are signs that no net here is trained on, and made-up characters that this one was not.

use crate::{
    engine::Engine,
    metrics::{Draws, Embeddings, Group, Images, OpenSetAnswers, Pool},
    scores::int8_embeddings,
};
use shared_model::{
    Model,
    inspect::Shape,
    model::format::{CalibratedThreshold, Fit, SHOTS},
};
use tinytriplet_data::{Split, characters, classes, drawn};

/// The share of strangers that a threshold by shots accepts, with five labels enrolled.
pub const ACCEPTED: f64 = 0.05;
/// The images that are drawn of each digit and sign.
const DRAWINGS: usize = 60;
/// One of so many made-up characters is among the strangers: as many as there are signs.
const CHARACTERS: usize = 32;
/// The seed of all that is drawn.
const SEED: u64 = 0x057a_96e5;
/// The episodes for each number of shots.
const DRAWS: Draws = Draws { episodes: 2_000, seed: SEED };

/// What a board has enrolled when it is asked about strangers.
#[derive(Clone, Copy, Debug)]
pub enum Enrolled<'d> {
    /// Drawn digits or drawn signs, as the net was trained to tell any apart; others of the same kind are the
    /// strangers. Made-up characters would flatter it: it has been trained on their like.
    AnySigns,
    /// Some of these images, of classes that the net was trained on with other images.
    Trained(&'d Split, &'d [usize]),
    /// Some of these images, of classes that the net was not trained on; the other classes are the strangers.
    Untrained(&'d Split, &'d [usize]),
}

/// Returns the thresholds at which [`ACCEPTED`] of the strangers are given a name, for as many images of each
/// label as [`SHOTS`] says. `None` if there are too few images or classes for one of them, or if the model does not
/// take drawn signs, which only [`Enrolled::Untrained`] does without.
pub fn by_shots(engine: &Engine<'_>, enrolled: Enrolled<'_>) -> Option<[CalibratedThreshold; SHOTS.len()]> {
    let model = engine.model();
    if !matches!(enrolled, Enrolled::Untrained(..)) && !takes_signs(model) {
        return None;
    }
    let signs = || drawn::signs(SEED, DRAWINGS, 0).train;
    let all = |split: &Split| (0..split.len()).collect::<Vec<_>>();
    let [one, three, five, ten] = match enrolled {
        Enrolled::AnySigns => {
            let (digits, signs) = (drawn::dataset(SEED, DRAWINGS, 0).train, signs());
            let parts = [&digits, &signs].map(|split| (split, all(split)));
            among_each_other(engine, &parts.each_ref().map(|(split, all)| (*split, all.as_slice())))
        }
        Enrolled::Untrained(split, images) => among_each_other(engine, &[(split, images)]),
        Enrolled::Trained(split, images) => {
            let (signs, characters) = (signs(), characters::dataset(SEED).test);
            let is_chosen = |&index: &usize| usize::from(characters.label(index)).is_multiple_of(CHARACTERS);
            let chosen: Vec<usize> = (0..characters.len()).filter(is_chosen).collect();
            let parts = [(split, images), (&signs, &all(&signs)), (&characters, &chosen)];
            let (embeddings, mut parts) = embedded(engine, &parts);
            let strangers = parts.split_off(1).concat();
            SHOTS.map(|shots| {
                let [own, strangers] = [&parts[0], &strangers];
                OpenSetAnswers::ask_about(model, &embeddings, (own, strangers), shots as usize, DRAWS)
            })
        }
    }
    .map(|answers| calibrated(&answers?));
    Some([one?, three?, five?, ten?])
}

/// Returns true if the images that the model takes are like drawn ones.
fn takes_signs(model: &Model<'_>) -> bool {
    let [height, width] = characters::SIZE.map(|side| side as u16);
    model.input().shape == Shape::new(height, width, 1) && model.metadata().preprocessing.fit == Fit::Centre
}

/// Asks a board that has enrolled some classes of one of the parts about others of the same part.
fn among_each_other(
    engine: &Engine<'_>,
    parts: &[(&Split, &[usize])],
) -> [Option<OpenSetAnswers>; SHOTS.len()] {
    let (embeddings, parts) = embedded(engine, parts);
    let groups = parts.into_iter().map(|classes| Group { name: String::new(), classes }).collect();
    let pool = Pool { groups };
    SHOTS.map(|shots| OpenSetAnswers::ask(engine.model(), &embeddings, &pool, shots as usize, DRAWS))
}

/// Returns the embeddings of some images of each part, and the places of those of each class of it.
fn embedded(engine: &Engine<'_>, parts: &[(&Split, &[usize])]) -> (Embeddings<i16>, Vec<Vec<Images>>) {
    let mut all: Option<Embeddings<i16>> = None;
    let mut places = Vec::new();
    for (split, images) in parts {
        let before = all.as_ref().map_or(0, Embeddings::len);
        let embeddings = int8_embeddings(engine, split, images);
        let labels: Vec<_> = images.iter().map(|&image| split.label(image)).collect();
        let of_class = |images: Vec<usize>| images.into_iter().map(|image| before + image).collect();
        let classes = classes(&labels).into_iter();
        places.push(classes.map(|class| Images { enrolled: of_class(class.images), asked: None }).collect());
        all = Some(all.map_or_else(|| embeddings.clone(), |all| all.chain(&embeddings)));
    }
    (all.expect("there are parts"), places)
}

/// Returns the threshold that accepts [`ACCEPTED`] of the strangers.
fn calibrated(answers: &OpenSetAnswers) -> Option<CalibratedThreshold> {
    let distance = answers.accepting(ACCEPTED)?;
    let rates = answers.at(distance, 0.0);
    Some(CalibratedThreshold {
        distance,
        false_accept_rate: rates.strangers_accepted.share as f32,
        false_reject_rate: (1.0 - rates.known_right.share) as f32,
    })
}
