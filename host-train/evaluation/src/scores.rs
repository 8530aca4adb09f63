//! The numbers that a run ends with: float and int8, measured the same way on the same images.
//! `docs/METRICS.md` defines each.

use crate::{
    engine::Engine,
    metrics::{
        Besides, Draws, Embeddings, Episodes, FewShot, Group, Images, OpenSet, Pairs, Pool, RECALL_AT, Rates,
        SCORES, SeparatePairs, TripletReport, Value, episodes, gallery_precision_at_1, open_set,
        precision_at_1, prototype_accuracy, retrieval, score_errors, support, triplet_report,
    },
};
use rayon::prelude::*;
use serde::Serialize;
use shared_model::{Distance, Model};
use std::collections::BTreeMap;
use tinytriplet_data::{Class, Dataset, Label, Split, characters, classes, evenly};

/// Made-up characters that stand for the background where scores are compared.
const BACKGROUND: usize = 64;
/// The seed that they are made with: others than a data set of made-up characters has.
const BACKGROUND_SEED: u64 = 0x0bac_c5ee;
/// Triplets and prototypes are drawn with this seed, so that the numbers of any two runs compare.
pub const SEED: u64 = 1;

/// The quality of embeddings, measured on the test set: on the classes that were trained on. Shares
/// are from 0 to 1, and NaN (in JSON, `null`) where the data give nothing to measure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Share of the origin's triplets whose positive is nearer than the negative.
    pub triplet_accuracy: TripletAccuracy,
    /// Share of test images whose nearest other test image has the same label.
    pub precision_at_1: f64,
    /// Share of test images whose nearest training image has the same label.
    pub precision_at_1_gallery: f64,
    /// For each k, the share of test images with one of their label among the k nearest other test
    /// images.
    pub recall_at: BTreeMap<usize, f64>,
    /// Share of the same label among the R nearest other test images, where the label has R others.
    pub r_precision: f64,
    /// Mean average precision among the R nearest other test images.
    pub map_at_r: f64,
    /// Share of test images whose nearest prototype (mean of five training images per class) is
    /// that of their class, over twenty draws.
    pub prototype_5_shot: FewShot,
    /// Scores of pairs of test images.
    #[serde(flatten)]
    pub pairs: PairScores,
    /// Half of the classes enrolled, where none is unseen. The float net has no threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_set: Option<OpenSet>,
    /// Scores of classes that were not trained on, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen: Option<UnseenScores>,
    /// Episodes, of classes that were not trained on if there are several. The float net has none:
    /// they are what a board runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub episodes: Option<Episodes>,
    /// The number of test images that all of it rests on.
    #[serde(skip)]
    pub trials: Trials,
    /// The origin's table.
    #[serde(skip)]
    pub triplets: TripletReport,
    /// The distance that all of it was measured by.
    #[serde(skip)]
    pub distance: Distance,
}

/// The number of trials that scores rest on, for their intervals.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trials {
    /// Test images.
    pub images: usize,
    /// Those among them that another one has the label of: the queries of leave-one-out.
    pub queries: usize,
    /// Pairs that share no image.
    pub pairs: SeparatePairs,
}

impl Trials {
    fn of(labels: &[Label]) -> Self {
        let images = |class: &Class| class.images.len();
        let queries = classes(labels).iter().map(images).filter(|&images| images > 1).sum();
        Self { images: labels.len(), queries, pairs: SeparatePairs::of(labels) }
    }
}

/// The part of the [`TripletReport`] that `metrics.json` has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TripletAccuracy {
    /// Mean over the classes.
    pub mean: f64,
    /// The accuracy of the class where it is lowest.
    pub worst: f64,
    /// By ascending label.
    pub per_class: Vec<f64>,
}

/// The quality of distances in telling pairs of the same class from others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairScores {
    /// The rate at which both kinds of error are equally frequent.
    pub equal_error_rate: f64,
    /// The errors at the thresholds in the model file, which were calibrated on other images; the
    /// float net has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_thresholds: Option<AtThresholds>,
    /// To be plotted; thresholds in real units.
    #[serde(skip)]
    pub roc: Vec<Rates<f64>>,
}

/// The errors at the thresholds of a model file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtThresholds {
    /// At the threshold that was calibrated for equal errors.
    pub equal_error: ErrorRates,
    /// At the threshold that was calibrated to accept 1 % of different pairs.
    pub false_accept_1_percent: ErrorRates,
}

/// Both kinds of error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ErrorRates {
    /// Share of different pairs within the threshold.
    pub false_accept_rate: f64,
    /// Share of same pairs beyond the threshold.
    pub false_reject_rate: f64,
}

/// The quality of embeddings for classes that were never trained on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnseenScores {
    /// Their labels.
    pub labels: Vec<Label>,
    /// Share of their test images whose nearest other one has the same label.
    pub precision_at_1: f64,
    /// Share of their test images that are nearest to the prototype of their class, among their
    /// classes.
    pub prototype_5_shot: FewShot,
    /// The same among the prototypes of all classes, those that were trained on included.
    pub prototype_5_shot_all: FewShot,
    /// Scores of pairs of their test images.
    #[serde(flatten)]
    pub pairs: PairScores,
    /// They enrolled, and the classes that were trained on not. The float net has no threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_set: Option<OpenSet>,
    /// The number of test images that all of it rests on.
    #[serde(skip)]
    pub trials: Trials,
}

/// Returns scores of a float net, whose embeddings `embed` computes, not normalised, and `distance`
/// compares. `unseen` are the labels that were not trained on.
pub fn float_scores(
    embed: impl Fn(&Split) -> Vec<f32>,
    distance: Distance,
    data: &Dataset,
    unseen: &[Label],
) -> Scores {
    let embed = |split: &Split| Embeddings::from_floats(embed(split), split.len(), distance);
    scores(&Labelled::new(&data.train, embed), &Labelled::new(&data.test, embed), unseen, None)
}

/// What a model was trained on, of the data that it is evaluated on, and which labels its training
/// left unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainedOn<'a> {
    /// The training images of all classes but these.
    AllBut(&'a [Label]),
    /// None of the images: the training had other data, which may have had the same classes.
    OtherData(&'a [Label]),
}

/// Returns scores of the int8 engine, with so many episodes, if any.
pub fn int8_scores(
    model: &Model<'_>,
    data: &Dataset,
    trained_on: TrainedOn<'_>,
    draws: Option<Draws>,
) -> Scores {
    let thresholds = model.metadata().thresholds;
    let thresholds = thresholds.equal_error.zip(thresholds.false_accept_1_percent);
    let thresholds = thresholds.map(|(equal, strict)| [equal.distance, strict.distance]);
    let engine = Engine::new(model);
    let embed = |split: &Split| int8_embeddings(&engine, split, &(0..split.len()).collect::<Vec<_>>());
    let (train, test) = (Labelled::new(&data.train, embed), Labelled::new(&data.test, embed));
    let (TrainedOn::AllBut(unseen) | TrainedOn::OtherData(unseen)) = trained_on;
    let mut scores = scores(&train, &test, unseen, thresholds);
    let queries = (&test.embeddings, &*test.labels);
    let found = open_set(model, &classes(&train.labels), &train.embeddings, queries, unseen, SEED);
    match &mut scores.unseen {
        Some(unseen) => unseen.open_set = found,
        None => scores.open_set = found,
    }
    scores.episodes = draws.map(|draws| {
        let (pool, of_training) = pool(data, trained_on);
        episodes(model, &train.embeddings.chain(&test.embeddings), &pool, of_training, draws)
    });
    scores
}

/// Returns the equal errors of [`SCORES`] in episodes of `data`, with each of these shots; `None` where there are too
/// few images. `other_views` is the model with another number of views. The background is a drawing
/// of each of 64 made-up characters.
pub fn compared_scores<const N: usize>(
    model: &Model<'_>,
    other_views: &Model<'_>,
    data: &Dataset,
    shots: [usize; N],
    draws: Draws,
) -> [Option<[f64; SCORES.len()]>; N] {
    let all = |split: &Split| (0..split.len()).collect::<Vec<_>>();
    let embed = |model: &Model<'_>| {
        let engine = Engine::new(model);
        let of = |split: &Split| int8_embeddings(&engine, split, &all(split));
        of(&data.train).chain(&of(&data.test))
    };
    let characters = characters::dataset(BACKGROUND_SEED).test;
    let firsts: Vec<usize> = classes(characters.labels()).iter().map(|class| class.images[0]).collect();
    let background = int8_embeddings(&Engine::new(model), &characters, &evenly(&firsts, BACKGROUND));
    let (embeddings, views) = (embed(model), embed(other_views));
    let (pool, _) = pool(data, TrainedOn::OtherData(&[]));
    let besides = Besides { background: &background, views: &views };
    let pool = pool.in_one_group();
    shots.map(|shots| score_errors(model, &embeddings, besides, &pool, shots, draws))
}

/// Returns what episodes are drawn from, as places among the training images and then the test images,
/// and whether the net was trained on these classes. Of a class that was not trained on, any image may
/// be enrolled or asked about; of others, training images are enrolled, and test images asked about.
/// Where several classes were not trained on, the others take no part.
fn pool(data: &Dataset, trained_on: TrainedOn<'_>) -> (Pool, bool) {
    let (of_training, takes_part): (bool, &dyn Fn(Label) -> bool) = match trained_on {
        TrainedOn::OtherData(_) => (false, &|_| true),
        TrainedOn::AllBut(unseen) if unseen.len() > 1 => (false, &|label| unseen.contains(&label)),
        TrainedOn::AllBut(unseen) => (true, &|label| !unseen.contains(&label)),
    };
    let mut images: BTreeMap<Label, Images> = BTreeMap::new();
    let training = data.train.labels().iter().zip(0..).map(|(&label, place)| (label, place, false));
    let test = data.test.labels().iter().zip(data.train.len()..).map(|(&label, place)| (label, place, true));
    for (label, place, is_test) in training.chain(test).filter(|&(label, ..)| takes_part(label)) {
        let asked = of_training.then(Vec::new);
        let class = images.entry(label).or_insert(Images { enrolled: Vec::new(), asked });
        match &mut class.asked {
            Some(asked) if is_test => asked.push(place),
            _ => class.enrolled.push(place),
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for (name, labels) in data.groups() {
        let classes: Vec<Images> = labels.iter().filter_map(|label| images.remove(label)).collect();
        if !classes.is_empty() {
            groups.push(Group { name: name.into(), classes });
        }
    }
    if !images.is_empty() {
        groups.push(Group { name: String::new(), classes: images.into_values().collect() });
    }
    (Pool { groups }, of_training)
}

/// Returns the engine's embeddings of some images.
///
/// # Panics
/// The images are not of the size that the model takes.
pub fn int8_embeddings(engine: &Engine<'_>, split: &Split, indices: &[usize]) -> Embeddings<i16> {
    let images = indices.par_iter().map(|&index| split.image(index));
    let bytes = engine.embed_all(images).expect("images of the size that the model takes");
    let (output, distance) = (engine.model().output(), engine.model().distance());
    Embeddings::from_bytes(&bytes, indices.len(), output.element, distance, output.scale)
}

/// Embeddings, and what they show.
struct Labelled<T: Value> {
    embeddings: Embeddings<T>,
    labels: Vec<Label>,
}

impl<T: Value> Labelled<T> {
    fn new(split: &Split, embed: impl Fn(&Split) -> Embeddings<T>) -> Self {
        Self { embeddings: embed(split), labels: split.labels().to_vec() }
    }

    /// Returns those with some labels.
    fn only(&self, keep: impl Fn(Label) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.labels.len()).filter(|&index| keep(self.labels[index])).collect();
        Self {
            embeddings: self.embeddings.select(&kept),
            labels: kept.iter().map(|&index| self.labels[index]).collect(),
        }
    }
}

fn scores<T: Value>(
    all_train: &Labelled<T>,
    all_test: &Labelled<T>,
    unseen: &[Label],
    thresholds: Option<[T::Distance; 2]>,
) -> Scores {
    let is_unseen = |label: Label| unseen.contains(&label);
    let (train, test) = (all_train.only(|label| !is_unseen(label)), all_test.only(|label| !is_unseen(label)));

    let triplets = triplet_report(&test.embeddings, &test.labels, SEED);
    let per_class: Vec<f64> = triplets.classes.iter().map(|class| class.accuracy).collect();
    let found = retrieval(&test.embeddings, &test.labels);
    Scores {
        triplet_accuracy: TripletAccuracy {
            mean: triplets.mean_accuracy,
            worst: per_class.iter().copied().fold(f64::NAN, f64::min),
            per_class,
        },
        precision_at_1: found.recall_at[0],
        precision_at_1_gallery: gallery_precision_at_1(
            (&test.embeddings, &test.labels),
            (&train.embeddings, &train.labels),
        ),
        recall_at: RECALL_AT.into_iter().zip(found.recall_at).collect(),
        r_precision: found.r_precision,
        map_at_r: found.map_at_r,
        prototype_5_shot: few_shot(&train, &test),
        pairs: pair_scores(&test, thresholds),
        open_set: None,
        episodes: None,
        unseen: (!unseen.is_empty()).then(|| {
            let (enrolled, queries) = (all_train.only(is_unseen), all_test.only(is_unseen));
            UnseenScores {
                labels: unseen.to_vec(),
                precision_at_1: precision_at_1(&queries.embeddings, &queries.labels),
                prototype_5_shot: few_shot(&enrolled, &queries),
                prototype_5_shot_all: few_shot(all_train, &queries),
                pairs: pair_scores(&queries, thresholds),
                open_set: None,
                trials: Trials::of(&queries.labels),
            }
        }),
        trials: Trials::of(&test.labels),
        triplets,
        distance: test.embeddings.kind(),
    }
}

/// Returns the five-shot accuracy of queries with prototypes of `enrolled`.
fn few_shot<T: Value>(enrolled: &Labelled<T>, queries: &Labelled<T>) -> FewShot {
    let support = support(&classes(&enrolled.labels), SEED);
    let shots = enrolled.embeddings.select(&support.images);
    prototype_accuracy(&support, &shots, &queries.embeddings, &queries.labels)
}

fn pair_scores<T: Value>(test: &Labelled<T>, thresholds: Option<[T::Distance; 2]>) -> PairScores {
    let Some(pairs) = Pairs::new(&test.embeddings, &test.labels) else {
        return PairScores { equal_error_rate: f64::NAN, at_thresholds: None, roc: Vec::new() };
    };
    let errors = |Rates { false_accept_rate, false_reject_rate, .. }: Rates<T::Distance>| ErrorRates {
        false_accept_rate,
        false_reject_rate,
    };
    let at_thresholds = thresholds.map(|thresholds| {
        let [equal_error, false_accept_1_percent] = pairs.rates(thresholds).map(errors);
        AtThresholds { equal_error, false_accept_1_percent }
    });
    let real = |rates: Rates<T::Distance>| Rates {
        threshold: test.embeddings.real(rates.threshold),
        false_accept_rate: rates.false_accept_rate,
        false_reject_rate: rates.false_reject_rate,
    };
    let roc = pairs.roc().into_iter().map(real).collect();
    PairScores { equal_error_rate: pairs.verification().equal_error_rate(), at_thresholds, roc }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::model::format::Fit;
    use tinytriplet_data::Source;
    use tinytriplet_recipe::DataConfig;

    /// Returns images of one pixel, which is the embedding: place and label.
    fn split(images: &[(u8, Label)]) -> Split {
        let (pixels, labels): (Vec<u8>, Vec<Label>) = images.iter().copied().unzip();
        Split::new(1, 1, pixels, labels).unwrap()
    }

    fn embed(split: &Split) -> Embeddings<f32> {
        let places = (0..split.len()).map(|index| f32::from(split.image(index)[0])).collect();
        Embeddings::from_floats(places, split.len(), Distance::SquaredL2)
    }

    #[test]
    fn a_group_that_was_trained_on_takes_no_part() {
        let data = Dataset {
            name: "by hand".into(),
            source: Source::Drawn,
            class_names: ["Greek/a", "Greek/b", "Latin/a"].map(String::from).to_vec(),
            preprocessing: DataConfig::default().preprocessing(Fit::Contain),
            train: split(&[(1, 0), (2, 1), (3, 2)]),
            test: split(&[(4, 0), (5, 1), (6, 2)]),
        };
        let groups = |trained_on| {
            let groups = pool(&data, trained_on).0.groups.into_iter();
            groups.map(|group| (group.name, group.classes.len())).collect::<Vec<_>>()
        };
        assert_eq!(groups(TrainedOn::AllBut(&[0, 1])), [("Greek".into(), 2)]);
        assert_eq!(groups(TrainedOn::OtherData(&[])), [("Greek".into(), 2), ("Latin".into(), 1)]);
    }

    #[test]
    fn the_background_is_not_what_a_net_for_made_up_characters_is_evaluated_on() {
        let [background, evaluated] = [BACKGROUND_SEED, SEED].map(|seed| characters::dataset(seed).test);
        assert!(background.images().zip(evaluated.images()).all(|(one, other)| one != other));
    }

    #[test]
    fn seen_and_unseen_classes_by_hand() {
        let data = Dataset {
            name: "by hand".into(),
            source: Source::Drawn,
            class_names: (0..4).map(|class| class.to_string()).collect(),
            preprocessing: DataConfig::default().preprocessing(Fit::Contain),
            // Five images per class at one place each, so that any five have the same mean.
            train: split(&[(10, 0), (40, 1), (70, 2), (100, 3)].repeat(5)),
            test: split(&[
                (10, 0),
                (12, 0),
                (40, 1),
                (46, 1), // the nearest other test image is 48, but that is of an unseen class
                (48, 2), // nearest to the prototype of class 1, which has been seen; of the unseen ones, to its own
                (71, 2),
                (88, 2), // nearest to class 3
                (99, 3),
                (103, 3),
            ]),
        };
        let (train, test) = (Labelled::new(&data.train, embed), Labelled::new(&data.test, embed));
        let all = scores(&train, &test, &[], None);
        assert_eq!(all.unseen, None);
        // 46 finds 48, 48 finds 46, 88 finds 99.
        assert_eq!(all.precision_at_1, 6.0 / 9.0);

        let scores = scores(&train, &test, &[2, 3], Some([36.0, 4.0]));
        assert_eq!(scores.triplet_accuracy.per_class.len(), 2);
        assert_eq!((scores.precision_at_1, scores.recall_at[&1], scores.r_precision), (1.0, 1.0, 1.0));
        assert_eq!((scores.precision_at_1_gallery, scores.prototype_5_shot.mean), (1.0, 1.0));
        // Same: 4, 36. Different: from 28² on.
        assert_eq!(scores.pairs.equal_error_rate, 0.0);
        let at = scores.pairs.at_thresholds.unwrap();
        assert_eq!(at.equal_error, ErrorRates { false_accept_rate: 0.0, false_reject_rate: 0.0 });
        assert_eq!(at.false_accept_1_percent, ErrorRates { false_accept_rate: 0.0, false_reject_rate: 0.5 });

        let pairs = SeparatePairs { same: 2, different: 2 };
        assert_eq!(scores.trials, Trials { images: 4, queries: 4, pairs });

        let unseen = scores.unseen.unwrap();
        assert_eq!(unseen.labels, [2, 3]);
        let pairs = SeparatePairs { same: 2, different: 2 };
        assert_eq!(unseen.trials, Trials { images: 5, queries: 5, pairs });
        assert_eq!(Trials::of(&[0, 0, 1]).queries, 2);
        // 88 finds 99, the others the like of them.
        assert_eq!(unseen.precision_at_1, 4.0 / 5.0);
        assert!((unseen.prototype_5_shot.mean - 4.0 / 5.0).abs() < 1e-12);
        assert!((unseen.prototype_5_shot_all.mean - 3.0 / 5.0).abs() < 1e-12);
        // Same: 23², 40², 17², 4². Different: 51², 55², 28², 32², 11², 15². At 17²: 2 of 6
        // accepted, 2 of 4 rejected; at 23²: 2 of 6, 1 of 4, which is nearest to equal.
        assert!((unseen.pairs.equal_error_rate - (2.0 / 6.0 + 1.0 / 4.0) / 2.0).abs() < 1e-12);
        let at = unseen.pairs.at_thresholds.unwrap();
        assert_eq!(at.equal_error, ErrorRates { false_accept_rate: 0.0, false_reject_rate: 0.75 });
    }
}
