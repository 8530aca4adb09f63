//! Strangers: how many are given a name, estimated with things that a net was not trained on.
//!
//! A net that was trained on three kinds of things has learned to tell these three apart, and pairs of them
//! tell nothing of how near a fourth one comes. So nets are trained without some of the kinds, and asked
//! about these.

use crate::{engine::Engine, metrics::interval_95, scores::int8_embeddings};
use serde::{Deserialize, Serialize};
use shared_model::{
    Gallery, Model, Threshold,
    gallery::{Method, entry_len},
    model::format::{CalibratedThreshold, Distance},
};
use tinytriplet_data::{Split, classes, evenly};

/// Images of each class that are enrolled, at most: evenly spread over those that were trained on.
const SHOTS: usize = 5;
/// Where in a gap between own things and strangers the threshold lies, from 0, at the own things, to 1.
const WITHIN_GAP: f64 = 0.25;
/// The threshold that suits most nets of few classes that compare by cosine. Chosen on drawn things:
/// docs/TRAINING.md.
const TYPICAL: f64 = 0.3;
/// The weight of the typical threshold, in known images that were asked about.
const TYPICAL_COUNTS: f64 = 20.0;
/// With a larger share of strangers accepted, a user is told that they will pass.
pub const PASS: f64 = 0.1;

/// What a board that has enrolled the classes of a training was asked, and how far the nearest label was.
/// Distances are in real units: squared L2, or `1 − cos`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Questions {
    /// Of images of enrolled classes: the distance where the nearest label is right, and `null` where it is
    /// wrong, or the background is nearer.
    pub known: Vec<Option<f32>>,
    /// The distances of strangers, and `null` where the background is nearer, so that they are unknown at any
    /// threshold.
    pub strangers: Vec<Option<f32>>,
}

/// A threshold, and what it does to the images that were asked about.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrangerRates {
    /// The largest distance that is known, in real units.
    pub threshold: f64,
    /// Images of enrolled classes.
    pub known: usize,
    /// The share of them that is named right.
    pub known_right: f64,
    /// Images of strangers.
    pub strangers: usize,
    /// The share of them that is given a name.
    pub accepted: f64,
}

impl StrangerRates {
    /// Returns the range of [`accepted`](Self::accepted), with a confidence of 95 %.
    #[must_use]
    pub fn accepted_range(&self) -> Option<[f64; 2]> {
        interval_95(self.accepted, self.strangers)
    }

    /// Returns the range of [`known_right`](Self::known_right), with a confidence of 95 %.
    #[must_use]
    pub fn known_right_range(&self) -> Option<[f64; 2]> {
        interval_95(self.known_right, self.known)
    }

    /// Returns true if so many strangers are accepted that a user should be warned.
    #[must_use]
    pub fn strangers_pass(&self) -> bool {
        self.accepted > PASS
    }
}

impl Questions {
    /// Asks a gallery in which the classes of `trained_on` are enrolled about other images of them (`asked`),
    /// and about strangers.
    ///
    /// # Panics
    /// The images are not of the size that the model takes.
    #[must_use]
    pub fn ask(model: &Model<'_>, trained_on: &Split, asked: &Split, strangers: &[&Split]) -> Self {
        let classes = classes(trained_on.labels());
        let engine = Engine::new(model);
        let mut memory = vec![0; classes.len() * entry_len(model.embedding_len(), 0)];
        let mut gallery = Gallery::new(model, 0, &mut memory);
        for class in &classes {
            let embeddings = int8_embeddings(&engine, trained_on, &evenly(&class.images, SHOTS));
            for image in 0..embeddings.len() {
                let enrolled = gallery.enrol(&class.label.to_string(), &embeddings.bytes(image));
                enrolled.expect("there is room for every class");
            }
        }
        let scale = model.output().scale;
        // However far: the background counts, as at every threshold. Without thresholds there is none.
        let threshold = Threshold::Distance(u32::MAX);
        let found = |split: &Split| -> Vec<Option<(String, f32)>> {
            let embeddings = int8_embeddings(&engine, split, &(0..split.len()).collect::<Vec<_>>());
            let found = |image: usize| {
                let embedding = embeddings.bytes(image);
                let found = gallery.recognise(model, &embedding, Method::Prototype, threshold);
                let found = found.expect("an embedding of the model's");
                let distance = model.distance().real(found.nearest?.distance, scale);
                Some((found.label()?.to_owned(), distance))
            };
            (0..embeddings.len()).map(found).collect()
        };
        let known = found(asked).into_iter().zip(asked.labels()).map(|(found, label)| {
            found.filter(|(name, _)| *name == label.to_string()).map(|(_, distance)| distance)
        });
        let strangers = strangers.iter().flat_map(|split| found(split));
        let strangers = strangers.map(|found| found.map(|(_, distance)| distance));
        Self { known: known.collect(), strangers: strangers.collect() }
    }

    /// Adds those of another net.
    pub fn add(&mut self, other: Self) {
        self.known.extend(other.known);
        self.strangers.extend(other.strangers);
    }

    /// Returns true if there are some of both kinds, without which there is no threshold.
    #[must_use]
    pub fn suffice(&self) -> bool {
        self.known.iter().any(Option::is_some) && !self.strangers.is_empty()
    }

    /// Returns the rates at a threshold.
    #[must_use]
    pub fn at(&self, threshold: f64) -> StrangerRates {
        let is_within = |distance: &&f32| f64::from(**distance) <= threshold;
        let share = |count: usize, of: usize| count as f64 / of as f64;
        StrangerRates {
            threshold,
            known: self.known.len(),
            known_right: share(self.known.iter().flatten().filter(is_within).count(), self.known.len()),
            strangers: self.strangers.len(),
            accepted: share(self.strangers.iter().flatten().filter(is_within).count(), self.strangers.len()),
        }
    }

    /// Returns the rates at the threshold where strangers are accepted as often as images of enrolled classes are
    /// not named right, as nearly as the images allow. Between the distances where that is so, it lies a quarter of the
    /// way up: a stranger that comes later may be nearer than any that was asked about.
    #[must_use]
    pub fn equal_error(&self) -> StrangerRates {
        let sorted = |distances: &mut dyn Iterator<Item = &Option<f32>>| {
            let mut sorted: Vec<f64> = distances.flatten().map(|&distance| f64::from(distance)).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            sorted
        };
        let (known, strangers) = (sorted(&mut self.known.iter()), sorted(&mut self.strangers.iter()));
        let distances = sorted(&mut self.known.iter().chain(&self.strangers).chain([&Some(0.0)]));
        let gap = |threshold: f64| {
            let share = |within: &[f64], of: usize| {
                within.partition_point(|&distance| distance <= threshold) as f64 / of as f64
            };
            (share(&strangers, self.strangers.len()) - (1.0 - share(&known, self.known.len()))).abs()
        };
        let smallest = distances.iter().map(|&distance| gap(distance)).fold(f64::INFINITY, f64::min);
        let is_best = |&&distance: &&f64| gap(distance) <= smallest + 1e-9;
        let first = distances.iter().find(is_best).copied().unwrap_or(0.0);
        let last = distances.iter().rfind(is_best).copied().unwrap_or(0.0);
        // From the last one up to the next distance nothing changes.
        let next = distances.iter().copied().find(|&distance| distance > last).unwrap_or(last);
        self.at(first + WITHIN_GAP * (next - first))
    }

    /// Returns the rates at the threshold for a run's own net, where the answers are those of its folds. A few images
    /// asked of a few nets give widely different thresholds, so this one is drawn towards a typical value: it is the
    /// mean of the threshold of [equal error](Self::equal_error), weighted by the number of known images, and of the
    /// typical one, which counts as 20. Squared distances have no typical value, because each net has its own scale.
    #[must_use]
    pub fn of_folds(&self, distance: Distance) -> StrangerRates {
        let asked = self.equal_error();
        match distance {
            Distance::SquaredL2 => asked,
            Distance::Cosine => {
                let known = self.known.len() as f64;
                self.at((known * asked.threshold + TYPICAL_COUNTS * TYPICAL) / (known + TYPICAL_COUNTS))
            }
        }
    }

    /// Returns the rates at the largest distance that accepts no more than 1 % of the strangers.
    #[must_use]
    pub fn accepting_1_percent(&self) -> StrangerRates {
        let of_all = |distance: &Option<f32>| distance.unwrap_or(f32::INFINITY);
        let mut strangers: Vec<f32> = self.strangers.iter().map(of_all).collect();
        strangers.sort_unstable_by(f32::total_cmp);
        let beyond = strangers.get(strangers.len() / 100).copied().map_or(f64::INFINITY, f64::from);
        let within = self.known.iter().flatten().map(|&distance| f64::from(distance));
        self.at(within.filter(|&distance| distance < beyond).fold(0.0, f64::max))
    }
}

/// Returns what a model file says of a threshold, for embeddings of this scale.
#[must_use]
pub fn calibrated(rates: &StrangerRates, distance: Distance, scale: f32) -> CalibratedThreshold {
    CalibratedThreshold {
        distance: distance.integer(rates.threshold as f32, scale),
        false_accept_rate: rates.accepted as f32,
        false_reject_rate: (1.0 - rates.known_right) as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinytriplet_data::Rng;

    fn questions(known: &[Option<f32>], strangers: &[f32]) -> Questions {
        Questions { known: known.to_vec(), strangers: strangers.iter().copied().map(Some).collect() }
    }

    #[test]
    fn a_threshold_lies_in_the_gap_nearer_to_what_is_known() {
        let apart = questions(&[Some(0.1), Some(0.2)], &[0.6, 0.9]);
        let rates = apart.equal_error();
        assert!((rates.threshold - 0.3).abs() < 1e-6, "{rates:?}");
        assert_eq!((rates.known_right, rates.accepted), (1.0, 0.0));
        assert!(!rates.strangers_pass());
        let strict = apart.accepting_1_percent();
        assert!((strict.threshold - 0.2).abs() < 1e-6 && strict.known_right == 1.0, "{strict:?}");
    }

    #[test]
    fn errors_are_equal_where_both_overlap() {
        // Missed and accepted: at .1 3/4 and 0, at .2 3/4 and 1/4, at .3 2/4 and 1/4, at .4 2/4 and 2/4.
        let rates = questions(&[Some(0.1), Some(0.3), Some(0.5), None], &[0.2, 0.4, 0.6, 0.8]).equal_error();
        assert!((rates.threshold - 0.425).abs() < 1e-6, "{rates:?}");
        assert_eq!((rates.known, rates.known_right, rates.strangers, rates.accepted), (4, 0.5, 4, 0.5));
        assert!(rates.strangers_pass());
        let [low, high] = rates.accepted_range().unwrap();
        assert!(low < 0.2 && high > 0.8);
        // Nearer than all that is known.
        let strict = questions(&[Some(0.3)], &[0.2]).accepting_1_percent();
        assert_eq!((strict.threshold, strict.accepted), (0.0, 0.0));
    }

    #[test]
    fn few_answers_are_drawn_towards_what_is_typical() {
        let answers = |count| questions(&vec![Some(0.1); count], &vec![0.1; count]);
        let threshold = |count, distance| answers(count).of_folds(distance).threshold;
        assert!((answers(20).equal_error().threshold - 0.025).abs() < 1e-6);
        assert!((threshold(20, Distance::Cosine) - (0.025 + 0.3) / 2.0).abs() < 1e-6);
        assert!((threshold(180, Distance::Cosine) - (0.9 * 0.025 + 0.1 * 0.3)).abs() < 1e-6);
        assert_eq!(threshold(20, Distance::SquaredL2), answers(20).equal_error().threshold);
        assert_eq!(answers(20).of_folds(Distance::Cosine).accepted, 1.0);
    }

    /// The threshold a quarter of the way up those at which the errors are as nearly equal as they get, by trying
    /// every distance.
    fn by_definition(questions: &Questions) -> StrangerRates {
        let mut distances: Vec<f64> =
            questions.known.iter().chain(&questions.strangers).flatten().map(|&d| f64::from(d)).collect();
        distances.push(0.0);
        distances.sort_unstable_by(f64::total_cmp);
        let gap = |distance: f64| {
            let rates = questions.at(distance);
            (rates.accepted - (1.0 - rates.known_right)).abs()
        };
        let smallest = distances.iter().map(|&distance| gap(distance)).fold(f64::INFINITY, f64::min);
        let best: Vec<f64> = distances.iter().copied().filter(|&d| gap(d) <= smallest + 1e-9).collect();
        let (first, last) = (best[0], best[best.len() - 1]);
        let next = distances.into_iter().find(|&distance| distance > last).unwrap_or(last);
        questions.at(first + WITHIN_GAP * (next - first))
    }

    #[test]
    fn equal_errors_are_those_of_the_definition() {
        let mut rng = Rng::new(1);
        for _ in 0..2_000 {
            // Few distances, so that many are equal.
            let mut answers = || -> Vec<Option<f32>> {
                let count = 1 + rng.below(12);
                let mut answer = || Some(rng.below(9)).filter(|&far| far < 8).map(|far| far as f32 / 8.0);
                (0..count).map(|_| answer()).collect()
            };
            let questions = Questions { known: answers(), strangers: answers() };
            assert_eq!(questions.equal_error(), by_definition(&questions), "{questions:?}");
        }
    }

    /// By trying every distance with every answer it would take hours.
    #[test]
    fn a_million_answers_are_no_trouble() {
        let from = |start: f32| (0..500_000).map(|step| Some(start + step as f32 / 1e6)).collect();
        let rates = Questions { known: from(0.0), strangers: from(1.0) }.equal_error();
        assert!((rates.threshold - 0.625).abs() < 1e-5, "{rates:?}");
        assert_eq!((rates.known_right, rates.accepted), (1.0, 0.0));
    }

    #[test]
    fn both_kinds_are_needed() {
        assert!(!questions(&[None], &[0.1]).suffice() && !questions(&[Some(0.1)], &[]).suffice());
        // Refused at any threshold.
        let refused = Questions { known: vec![Some(0.5); 3], strangers: vec![None; 4] };
        assert_eq!((refused.equal_error().accepted, refused.accepting_1_percent().known_right), (0.0, 1.0));
        let mut all = questions(&[Some(0.1)], &[]);
        all.add(questions(&[], &[0.5]));
        assert!(all.suffice());
    }
}
