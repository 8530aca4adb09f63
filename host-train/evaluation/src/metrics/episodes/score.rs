//! Scores that could tell strangers from what is enrolled, compared by open-set episodes. The label is the nearest
//! one in each case; a score only decides whether it is given.

use super::{
    Draws, Pool,
    open_set::{About, plan},
    pool::{Drawn, asked, each_episode, with_gallery},
};
use crate::metrics::Embeddings;
use shared_model::{Gallery, Model, gallery::Method};

/// Background prototypes that count: the nearest.
const NEAREST: usize = 20;
/// Spreads are taken to be at least this large, in real units.
const LEAST_SPREAD: f64 = 0.05;

/// The names of the scores, in the order of a table.
pub const SCORES: [&str; 7] = [
    "distance",
    "distance over the label's own spread",
    "distance less that of the runner-up",
    "distance of the nearest image",
    "the same less that of the nearest background",
    "distance less half of the nearest background's",
    "distance and the views' disagreement",
];

/// The embeddings that scores need beside those of a pool's images.
#[derive(Clone, Copy, Debug)]
pub struct Besides<'e> {
    /// Things that stand for the background.
    pub background: &'e Embeddings<i16>,
    /// The pool's images once more, by another number of views.
    pub views: &'e Embeddings<i16>,
}

/// Returns the equal error of each of [`SCORES`]: the mean of the share of strangers that are accepted and that of
/// images of enrolled classes that are not named right, where these are nearest. `None` if no two classes of a group
/// have enough images.
pub fn score_errors(
    model: &Model<'_>,
    embeddings: &Embeddings<i16>,
    besides: Besides<'_>,
    pool: &Pool,
    shots: usize,
    draws: Draws,
) -> Option<[f64; SCORES.len()]> {
    let (groups, enrolled, all) = plan(pool, shots)?.into_parts();
    let answers: Vec<Vec<(About, [f64; SCORES.len()])>> =
        each_episode(&groups, all, shots, draws, |drawn, _| {
            with_gallery(model, embeddings, &drawn[..enrolled], |gallery| {
                let episode = Episode { model, embeddings, besides, enrolled: &drawn[..enrolled], gallery };
                asked(drawn).map(|(place, image)| episode.ask(place, image)).collect()
            })
        });
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    Some(std::array::from_fn(|score| {
        equal_error(answers.iter().map(|(about, scores)| (*about, scores[score])).collect())
    }))
}

struct Episode<'e, 'g> {
    model: &'e Model<'e>,
    embeddings: &'e Embeddings<i16>,
    besides: Besides<'e>,
    enrolled: &'e [Drawn],
    gallery: &'e Gallery<'g>,
}

impl Episode<'_, '_> {
    /// Asks about an image of the class at this place.
    fn ask(&self, place: usize, image: usize) -> (About, [f64; SCORES.len()]) {
        let Self { embeddings, besides, .. } = *self;
        let nearest = self.gallery.nearest(&embeddings.bytes(image), Method::Prototype);
        let nearest = nearest.expect("an embedding of the model");
        let first = nearest.first.expect("something is enrolled");
        let real = |distance| embeddings.real(distance);
        let distance = real(first.distance);
        let runner_up = nearest.second.map_or(distance, |second| real(second.distance));
        let label: usize = first.label.parse().expect("labels are places");
        let images = self.enrolled.iter().flat_map(|class| &class.enrolled);
        let image_distance =
            images.map(|&other| real(embeddings.distance(image, embeddings, other))).fold(f64::MAX, f64::min);
        let mut background: Vec<f64> = (0..besides.background.len())
            .map(|other| real(embeddings.distance(image, besides.background, other)))
            .collect();
        background.sort_unstable_by(f64::total_cmp);
        let near = &background[..NEAREST.min(background.len())];
        let mean = near.iter().sum::<f64>() / near.len() as f64;
        let disagreement = real(embeddings.distance(image, besides.views, image));
        let about = About::of(first.label, place, self.enrolled.len());
        let scores = [
            distance,
            distance / (self.spread(label) + LEAST_SPREAD),
            distance - runner_up,
            image_distance,
            image_distance - background[0],
            distance - mean / 2.0,
            distance + disagreement,
        ];
        (about, scores)
    }

    /// Returns the mean distance of a label's images from their prototype.
    fn spread(&self, label: usize) -> f64 {
        let entry = self.gallery.find(&label.to_string()).expect("it is the nearest");
        let element = self.model.output().element;
        let images = &self.enrolled[label].enrolled;
        let distances = images.iter().map(|&image| {
            let embedding = self.embeddings.bytes(image);
            let distance = self.model.distance();
            self.embeddings.real(distance.to_prototype(&embedding, element, entry.sums(), entry.count()))
        });
        distances.sum::<f64>() / images.len() as f64
    }
}

/// Returns the equal error of scores, of which small ones are accepted.
fn equal_error(mut answers: Vec<(About, f64)>) -> f64 {
    answers.sort_unstable_by(|(_, a), (_, b)| a.total_cmp(b));
    let count = |wanted: fn(About) -> bool| answers.iter().filter(|(about, _)| wanted(*about)).count() as f64;
    let strangers = count(|about| about == About::Stranger);
    let known = answers.len() as f64 - strangers;
    let (mut accepted, mut right, mut best) = (0.0, 0.0, (1.0, 0.5));
    for (place, &(about, score)) in answers.iter().enumerate() {
        accepted += f64::from(u8::from(about == About::Stranger));
        right += f64::from(u8::from(about == About::Right));
        // Of equal scores, all or none are accepted.
        if answers.get(place + 1).is_none_or(|(_, next)| *next > score) {
            let [accepts, misses] = [accepted / strangers, 1.0 - right / known];
            let gap = (accepts - misses).abs();
            if gap < best.0 {
                best = (gap, (accepts + misses) / 2.0);
            }
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_errors_by_hand() {
        use About::{Right, Stranger, Wrong};
        // Apart: at 2 all are named right, and no stranger is accepted.
        let apart = vec![(Right, 1.0), (Stranger, 5.0), (Right, 2.0), (Stranger, 9.0)];
        assert_eq!(equal_error(apart), 0.0);
        // At 2, one of two strangers is accepted, and one of two is right; of the equal scores, all.
        let mixed = vec![(Stranger, 2.0), (Right, 2.0), (Right, 7.0), (Stranger, 8.0)];
        assert_eq!(equal_error(mixed), 0.5);
        // What is named wrong is an error at every threshold: a half of what is enrolled.
        let wrong = vec![(Wrong, 1.0), (Right, 2.0), (Stranger, 3.0), (Stranger, 4.0)];
        assert_eq!(equal_error(wrong), 0.5);
    }
}
