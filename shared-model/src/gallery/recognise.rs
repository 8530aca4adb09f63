//! The rule by which a thing is one of the enrolled ones or unknown. It is the same on a board and
//! on a PC.
//!
//! A thing is the nearest entry if that is no farther than a threshold, and if nothing of the
//! *background* is nearer. A threshold alone is not enough: a net puts the classes of its training
//! far apart, but a new thing near to some of them, so things of those classes lie around a new
//! thing's entry. The model file's [background prototypes] stand for the classes of the training: a
//! thing that is nearer to one of them probably belongs to that class.
//!
//! A class of the training may be enrolled as well. Its background prototype then lies where its
//! entry does, and must not count: a prototype is *live* only while no entry's prototype is within
//! half the model's equal-error threshold of it. An entry of its own class is usually nearer, even
//! one of a single image, and other entries are farther than the whole threshold.
//!
//! [background prototypes]: Model::background_prototypes

use super::{
    enrol::Gallery,
    error::GalleryError,
    nearest::{Match, Method, Nearest},
    threshold::Threshold,
};
use crate::model::decode::Model;
use serde::{Deserialize, Serialize};

impl Gallery<'_> {
    /// Recognises the thing that an embedding shows.
    ///
    /// `model` is the model whose embeddings were enrolled. With [`Threshold::None`] the background
    /// does not count, and the nearest entry is the answer. Neither does it count if the model has
    /// no equal-error threshold.
    ///
    /// The cost is that of [`nearest`](Self::nearest), one distance per background prototype, and,
    /// for each prototype that is nearer than the nearest entry, up to one distance per entry.
    ///
    /// ```
    /// # use shared_model::{Gallery, Model, gallery::entry_len};
    /// use shared_model::{Threshold, gallery::Method};
    ///
    /// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
    /// # let model = Model::decode(FILE)?;
    /// # let mut memory = vec![0; 2 * entry_len(8, 0)];
    /// # let mut gallery = Gallery::new(&model, 0, &mut memory);
    /// gallery.enrol("blue mug", &[1; 8])?;
    /// let label = |embedding: &[u8], threshold| {
    ///     gallery.recognise(&model, embedding, Method::Prototype, threshold).map(|seen| seen.label())
    /// };
    /// assert_eq!(label(&[2; 8], Threshold::EqualError)?, Some("blue mug"));
    /// assert_eq!(label(&[99; 8], Threshold::EqualError)?, None);
    /// assert_eq!(label(&[99; 8], Threshold::None)?, Some("blue mug"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`RecogniseError::OtherModel`] if the gallery was made for another model,
    /// [`RecogniseError::NoThreshold`] if the model has no such threshold, and
    /// [`RecogniseError::Gallery`] with the errors of [`nearest`](Self::nearest).
    pub fn recognise(
        &self,
        model: &Model<'_>,
        embedding: &[u8],
        method: Method,
        threshold: Threshold,
    ) -> Result<Recognition<'_>, RecogniseError> {
        if !self.is_of(model) {
            return Err(RecogniseError::OtherModel);
        }
        let Nearest { first, second } = self.nearest(embedding, method)?;
        let count = first.and_then(|first| self.find(first.label)).map_or(1, |entry| entry.count());
        let thresholds = &model.metadata().thresholds;
        let distance = threshold.distance(thresholds, count).ok_or(RecogniseError::NoThreshold)?;
        let background = match first {
            Some(first) if threshold != Threshold::None => self.background(model, embedding, first.distance),
            _ => None,
        };
        Ok(Recognition { nearest: first, runner_up: second, threshold: distance, background })
    }

    /// Returns the distance of the nearest live background prototype, if it is nearer than `entry`.
    fn background(&self, model: &Model<'_>, embedding: &[u8], entry: u32) -> Option<u32> {
        let reach = model.metadata().thresholds.equal_error?.distance / 2;
        let is_live =
            |prototype: &[u8]| self.entries().all(|entry| entry.distance_to_prototype(prototype) > reach);
        model.background_prototypes().fold(None, |nearest, prototype| {
            let distance = model.compare(embedding, prototype);
            // Most are farther, and need no closer look.
            if distance < nearest.unwrap_or(entry) && is_live(prototype) { Some(distance) } else { nearest }
        })
    }
}

/// The result of recognising a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recognition<'a> {
    /// The nearest entry; `None` if nothing is enrolled.
    #[serde(borrow)]
    pub nearest: Option<Match<'a>>,
    /// The nearest entry with another label.
    pub runner_up: Option<Match<'a>>,
    /// The largest distance that counts as known.
    pub threshold: u32,
    /// The distance of the nearest live background prototype, if it is nearer than `nearest`: the
    /// thing is then unknown. See [`Gallery::recognise`].
    pub background: Option<u32>,
}

impl<'a> Recognition<'a> {
    /// Returns the label of the thing, or `None` if it is unknown.
    pub fn label(&self) -> Option<&'a str> {
        let nearest = self.nearest.filter(|nearest| nearest.distance <= self.threshold)?;
        self.background.is_none_or(|background| nearest.distance <= background).then_some(nearest.label)
    }

    /// Returns how much farther the runner-up is than the nearest entry, or `None` if there are not
    /// two. It is below 0 if the neighbours' vote went against the nearest one.
    pub fn margin(&self) -> Option<i64> {
        Some(i64::from(self.runner_up?.distance) - i64::from(self.nearest?.distance))
    }
}

/// The reason why recognition failed. (A thing that is unknown is not a failure.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RecogniseError {
    /// The gallery was made for another model, whose embeddings mean something else.
    OtherModel,
    /// The model has no such threshold: it was not calibrated.
    NoThreshold,
    /// The gallery refuses the question.
    Gallery(GalleryError),
}

impl From<GalleryError> for RecogniseError {
    fn from(error: GalleryError) -> Self {
        Self::Gallery(error)
    }
}

impl core::fmt::Display for RecogniseError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::OtherModel => f.write_str("the gallery was made for another model"),
            Self::NoThreshold => f.write_str("the model has no calibrated threshold: give a distance"),
            Self::Gallery(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for RecogniseError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gallery::entry_len,
        model::{
            format::{
                self, Activation, CalibratedThreshold, Dense, Distance, Layer, Metadata, Preprocessing,
                Thresholds, TrainingSummary,
            },
            tensor::{Element, Shape},
        },
    };
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use std::{vec, vec::Vec};

    const DIM: usize = 3;

    /// A model with these background prototypes.
    fn model_file(
        distance: Distance,
        element: Element,
        prototypes: &[[u8; DIM]],
        threshold: Option<u32>,
    ) -> Vec<u8> {
        let activation = match element {
            Element::Signed => Activation::Linear,
            Element::Unsigned => Activation::Relu,
        };
        let dense = Dense { out_features: DIM as u16, activation, scale: 1.0 };
        let calibrated =
            |distance| CalibratedThreshold { distance, false_accept_rate: 0.0, false_reject_rate: 0.0 };
        let metadata = Metadata {
            name: "",
            input: Shape::new(1, 1, 1),
            input_scale: 1.0,
            preprocessing: Preprocessing::MNIST,
            views: 1,
            layers: heapless::Vec::from_slice(&[Layer::Dense(dense)]).unwrap(),
            distance,
            thresholds: Thresholds { equal_error: threshold.map(calibrated), ..Thresholds::default() },
            training: TrainingSummary { dataset: "", tool: "", seed: 0, images_seen: 0, precision_at_1: 0.0 },
            golden_crc: 0,
            background_prototypes: prototypes.len() as u16,
        };
        // Multipliers, biases and weights.
        let mut data = vec![0; 3 * format::ALIGNMENT];
        data.extend(prototypes.as_flattened());
        data.resize(format::align(data.len()), 0);
        let mut file = vec![0; 1024];
        let len = format::encode(&metadata, &data, &mut file).unwrap();
        file.truncate(len);
        file
    }

    /// Against the definition, on places so few that distances are often equal.
    #[test]
    fn the_background_by_the_definition() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut random = |below: u32| rng.random_range(0..below);
        // Known, unknown by the threshold, unknown by the background.
        let mut met = [0; 3];
        for case in 0..4_000 {
            let element = [Element::Unsigned, Element::Signed][case % 2];
            let distance = [Distance::SquaredL2, Distance::Cosine][case / 2 % 2];
            let mut place = || {
                [(); DIM].map(
                    |()| if element == Element::Signed { random(7) as i8 - 3 } else { random(6) as i8 } as u8,
                )
            };
            let prototypes: Vec<[u8; DIM]> = (0..case % 6).map(|_| place()).collect();
            let enrolled: Vec<[u8; DIM]> = (0..case % 7).map(|_| place()).collect();
            let query = place();
            let unit = if distance == Distance::Cosine { 1 << 27 } else { 4 };
            let equal_error = random(8) * unit + 1;
            let has_threshold = case % 11 != 0;
            let file = model_file(distance, element, &prototypes, has_threshold.then_some(equal_error));
            let model = Model::decode(&file).unwrap();
            let mut memory = vec![0; 4 * entry_len(DIM, 2)];
            let mut gallery = Gallery::new(&model, 2, &mut memory);
            for (image, embedding) in enrolled.iter().enumerate() {
                gallery.enrol(["a", "b", "c", "d"][image % 4], embedding).unwrap();
            }

            let live = prototypes.iter().filter(|prototype| {
                has_threshold
                    && gallery.entries().all(|entry| {
                        let apart = distance.to_prototype(&**prototype, element, entry.sums(), entry.count());
                        2 * u64::from(apart) > u64::from(equal_error)
                    })
            });
            let live: Option<u32> = live.map(|one| distance.between(&query, one, element)).min();
            for method in [Method::Prototype, Method::Neighbours(2)] {
                let nearest = gallery.nearest(&query, method).unwrap();
                let threshold = Threshold::Distance(random(12) * unit);
                let found = gallery.recognise(&model, &query, method, threshold).unwrap();
                assert_eq!((found.nearest, found.runner_up), (nearest.first, nearest.second), "case {case}");
                let nearer = nearest.first.and_then(|first| live.filter(|&live| live < first.distance));
                assert_eq!(found.background, nearer, "case {case}");
                let within = nearest.first.filter(|first| first.distance <= found.threshold);
                let known = within.filter(|_| nearer.is_none());
                assert_eq!(found.label(), known.map(|known| known.label), "case {case}");
                met[if known.is_some() { 0 } else { 1 + usize::from(within.is_some()) }] += 1;

                let found = gallery.recognise(&model, &query, method, Threshold::None).unwrap();
                assert_eq!((found.background, found.label()), (None, nearest.first.map(|first| first.label)));
                if !has_threshold {
                    let found = gallery.recognise(&model, &query, method, Threshold::EqualError);
                    assert_eq!(found, Err(RecogniseError::NoThreshold));
                }
            }
        }
        assert!(met.iter().all(|&count| count > 300), "{met:?}");
    }

    #[test]
    fn a_gallery_answers_only_for_its_model() {
        let [one, other] =
            [3, 4].map(|threshold| model_file(Distance::SquaredL2, Element::Unsigned, &[], Some(threshold)));
        let [one, other] = [&one, &other].map(|file| Model::decode(file).unwrap());
        let mut memory = vec![0; entry_len(DIM, 0)];
        let mut gallery = Gallery::new(&one, 0, &mut memory);
        gallery.enrol("a", &[1; DIM]).unwrap();
        let ask = |model| gallery.recognise(model, &[1; DIM], Method::Prototype, Threshold::None);
        assert_eq!(ask(&one).unwrap().label(), Some("a"));
        assert_eq!(ask(&other), Err(RecogniseError::OtherModel));
    }

    #[test]
    fn a_class_leaves_the_background_when_it_is_enrolled() {
        let file = model_file(Distance::SquaredL2, Element::Unsigned, &[[10, 0, 0]], Some(8));
        let model = Model::decode(&file).unwrap();
        let mut memory = vec![0; 2 * entry_len(DIM, 0)];
        let mut gallery = Gallery::new(&model, 0, &mut memory);
        let ask = |gallery: &Gallery<'_>, place: u8| {
            let threshold = Threshold::Distance(100);
            let found = gallery.recognise(&model, &[place, 0, 0], Method::Prototype, threshold).unwrap();
            (found.nearest.map(|nearest| nearest.distance), found.background, found.label().is_some())
        };
        // Nothing is enrolled: nothing is known, whatever the background.
        assert_eq!(ask(&gallery, 10), (None, None, false));
        gallery.enrol("new", &[2, 0, 0]).unwrap();
        assert_eq!(ask(&gallery, 5), (Some(9), None, true));
        assert_eq!(ask(&gallery, 6), (Some(16), None, true)); // as near to the one as to the other
        assert_eq!(ask(&gallery, 7), (Some(25), Some(9), false));
        // At half the threshold, its entry takes its place.
        gallery.enrol("old", &[12, 0, 0]).unwrap();
        assert_eq!(ask(&gallery, 10), (Some(4), None, true));
        assert_eq!(ask(&gallery, 7), (Some(25), None, true));
        assert!(gallery.remove("old"));
        assert_eq!(ask(&gallery, 10), (Some(64), Some(0), false));
        // Just beyond it, it does not.
        gallery.enrol("other", &[10, 3, 0]).unwrap();
        assert_eq!(ask(&gallery, 10), (Some(9), Some(0), false));
    }
}
