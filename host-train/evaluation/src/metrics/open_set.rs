use super::{Embeddings, prototypes};
use rayon::prelude::*;
use serde::Serialize;
use shared_model::{
    Gallery, Model, Threshold,
    gallery::{Method, entry_len},
};
use tinytriplet_data::{Class, Label, Rng};

/// Images that are asked about in each draw, at most.
const QUERIES: usize = 1_000;

/// The quality of a board that was taught some of the classes, in telling these from each other and
/// from all others. Shares are from 0 to 1, and NaN where there is nothing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OpenSet {
    /// Share of images of enrolled classes that are given their class.
    pub known_right: f64,
    /// Share of images of enrolled classes that are given another one.
    pub known_wrong: f64,
    /// Share of images of enrolled classes that are called unknown.
    pub known_rejected: f64,
    /// Share of images of other classes that are given a class.
    pub unknown_accepted: f64,
}

/// Images, and their labels.
pub type Labels<'a> = (&'a Embeddings<i16>, &'a [Label]);

/// Measures open-set identification, by what the board runs: in each of twenty draws a gallery is taught
/// five images of each of `enrolled`, or of a random half of the classes where that is empty, and
/// asked about images of all classes at the model's own threshold. `classes` are those of the
/// images that are enrolled; the embeddings are `model`'s. `None` without such a threshold.
pub fn open_set(
    model: &Model<'_>,
    classes: &[Class],
    images: &Embeddings<i16>,
    (queries, labels): Labels<'_>,
    enrolled: &[Label],
    seed: u64,
) -> Option<OpenSet> {
    model.metadata().thresholds.own(1)?;
    let support = prototypes::support(classes, seed);
    let step = queries.len().div_ceil(QUERIES).max(1);
    let count = |draw: usize| {
        let mut order: Vec<Label> = classes.iter().map(|class| class.label).collect();
        if enrolled.is_empty() {
            // Not the stream that the images were drawn with.
            Rng::new(seed).stream((prototypes::DRAWS + draw) as u64).shuffle(&mut order);
            order.truncate(classes.len() / 2);
        } else {
            order.retain(|label| enrolled.contains(label));
        }
        let mut memory = vec![0; order.len() * entry_len(model.embedding_len(), 0)];
        let mut gallery = Gallery::new(model, 0, &mut memory);
        for (label, image) in support.draw(draw).filter(|(label, _)| order.contains(label)) {
            let label = label.to_string();
            let embedding = images.bytes(image);
            gallery.enrol(&label, &embedding).expect("there is room for every class");
        }
        let mut counts = Counts::default();
        // Each draw asks about others.
        for query in (draw % step..queries.len()).step_by(step) {
            let embedding = queries.bytes(query);
            let found = gallery.recognise(model, &embedding, Method::Prototype, Threshold::Own);
            let found = found.expect("the model has this threshold").label();
            if order.contains(&labels[query]) {
                counts.known += 1;
                counts.right += u32::from(found == Some(&*labels[query].to_string()));
                counts.rejected += u32::from(found.is_none());
            } else {
                counts.unknown += 1;
                counts.accepted += u32::from(found.is_some());
            }
        }
        counts
    };
    let all = (0..prototypes::DRAWS).into_par_iter().map(count).reduce(Counts::default, Counts::plus);
    let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole);
    Some(OpenSet {
        known_right: share(all.right, all.known),
        known_wrong: share(all.known - all.right - all.rejected, all.known),
        known_rejected: share(all.rejected, all.known),
        unknown_accepted: share(all.accepted, all.unknown),
    })
}

/// Numbers of queries by their outcome.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    known: u32,
    right: u32,
    rejected: u32,
    unknown: u32,
    accepted: u32,
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            known: self.known + other.known,
            right: self.right + other.right,
            rejected: self.rejected + other.rejected,
            unknown: self.unknown + other.unknown,
            accepted: self.accepted + other.accepted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::testing::{model_file, places};
    use tinytriplet_data::classes;

    #[test]
    fn unknown_is_what_is_too_far_or_nearer_to_the_background() {
        // Known up to 20 away.
        let file = model_file(Some(400));
        let model = Model::decode(&file).unwrap();
        // Five images per class at one place each, so that any five have the same mean.
        let enrolled = places(&[10, 40, 70, 100].repeat(5));
        let classes = classes(&[0, 1, 2, 3].repeat(5));
        let found = |queries: &[u8], labels: &[Label], taught: &[Label]| {
            open_set(&model, &classes, &enrolled, (&places(queries), labels), taught, 1)
        };
        // Of 2 and 3: right; nearer to 3; too far; nearer to the background. Of 1: the background;
        // nearer to 2.
        let by_hand =
            OpenSet { known_right: 0.25, known_wrong: 0.25, known_rejected: 0.5, unknown_accepted: 0.5 };
        assert_eq!(found(&[70, 88, 130, 52, 40, 56], &[2, 2, 3, 2, 1, 1], &[2, 3]), Some(by_hand));
        // A half, whichever it is, is told from the other, its own background being dead.
        let perfect =
            OpenSet { known_right: 1.0, known_wrong: 0.0, known_rejected: 0.0, unknown_accepted: 0.0 };
        assert_eq!(found(&[10, 40, 70, 100], &[0, 1, 2, 3], &[]), Some(perfect));

        let file = model_file(None);
        let model = Model::decode(&file).unwrap();
        assert_eq!(open_set(&model, &classes, &enrolled, (&enrolled, &[0; 20]), &[], 1), None);
    }
}
