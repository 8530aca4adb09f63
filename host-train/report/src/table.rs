//! The table of a run's scores: what each row is called, what it means, and its numbers. The
//! terminal, the report and `docs/METRICS.md` have the rows and their words from here.

use serde::Serialize;
use tinytriplet_evaluation::{
    metrics::{OpenSet, interval_95},
    scores::{AtThresholds, PairScores, Scores, Trials, UnseenScores},
};

/// With fewer test images than these, rows have an interval: with a thousand, it is about a point
/// wide for a share of 99 %, and six points for one of 50 %.
pub const MANY: usize = 1_000;

/// The part of a run's table that a row is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// How well the net tells images apart.
    Embedding,
    /// The errors at the thresholds in the model file.
    Thresholds,
    /// Known or unknown, as a board decides.
    OpenSet,
}

/// What a row is called, and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The place in `metrics.json`, below `int8` or `int8.unseen`.
    pub key: &'static str,
    /// The name in the table, at most 38 characters.
    pub name: &'static str,
    /// The meaning, in plain sentences, with which direction is good.
    pub meaning: &'static str,
    /// True for the rows to look at first.
    pub first: bool,
    group: Group,
    /// True if less is better.
    less: bool,
    of: fn(Part<'_>) -> Option<f64>,
    /// Independent trials that the share is from; 0 where it is none.
    trials: fn(Part<'_>) -> usize,
}

/// The scores of classes that were trained on, or of those that were not.
#[derive(Clone, Copy)]
enum Part<'a> {
    Seen(&'a Scores),
    Unseen(&'a UnseenScores, &'a Scores),
}

impl<'a> Part<'a> {
    fn unseen_of(scores: &'a Scores) -> Option<Self> {
        scores.unseen.as_ref().map(|unseen| Self::Unseen(unseen, scores))
    }

    fn seen(self) -> Option<&'a Scores> {
        match self {
            Self::Seen(scores) => Some(scores),
            Self::Unseen(..) => None,
        }
    }

    fn unseen(self) -> Option<&'a UnseenScores> {
        match self {
            Self::Seen(_) => None,
            Self::Unseen(scores, _) => Some(scores),
        }
    }

    fn precision_at_1(self) -> f64 {
        match self {
            Self::Seen(scores) => scores.precision_at_1,
            Self::Unseen(scores, _) => scores.precision_at_1,
        }
    }

    fn pairs(self) -> &'a PairScores {
        match self {
            Self::Seen(scores) => &scores.pairs,
            Self::Unseen(scores, _) => &scores.pairs,
        }
    }

    fn at(self) -> Option<AtThresholds> {
        self.pairs().at_thresholds
    }

    fn open_set(self) -> Option<OpenSet> {
        match self {
            Self::Seen(scores) => scores.open_set,
            Self::Unseen(scores, _) => scores.open_set,
        }
    }

    fn trials(self) -> Trials {
        match self {
            Self::Seen(scores) => scores.trials,
            Self::Unseen(scores, _) => scores.trials,
        }
    }

    /// Returns the number of images that are asked about in the open set without being enrolled.
    fn strangers(self) -> usize {
        match self {
            // Each class is left out in some of the draws.
            Self::Seen(scores) => scores.trials.images,
            Self::Unseen(_, seen) => seen.trials.images,
        }
    }
}

/// A row like most: it is about how well images are told apart, more is better, and each test image
/// is a trial.
const EMBEDDING: Row = Row {
    key: "",
    name: "",
    meaning: "",
    first: false,
    group: Group::Embedding,
    less: false,
    of: |_| None,
    trials: |part| part.trials().images,
};

/// The rows of classes that were trained on.
const SEEN: [Row; 11] = [
    Row {
        key: "triplet_accuracy.mean",
        name: "triplet accuracy, mean of the classes",
        meaning: "Of an image, another one of its class and one of another class: how often the one of its class is \
                  nearer. More is better.",
        of: |part| Some(part.seen()?.triplet_accuracy.mean),
        ..EMBEDDING
    },
    Row {
        key: "triplet_accuracy.worst",
        name: "triplet accuracy, worst class",
        meaning: "The same for the class where it is lowest: a good mean can hide a class that does not work. More \
                  is better.",
        of: |part| Some(part.seen()?.triplet_accuracy.worst),
        // A part of the images; how many, depends on which class it is.
        trials: |_| 0,
        ..EMBEDDING
    },
    PRECISION_AT_1,
    Row {
        key: "precision_at_1_gallery",
        name: "P@1, nearest training image",
        meaning: "How often the nearest training image of a test image is of the same class. More is better.",
        of: |part| Some(part.seen()?.precision_at_1_gallery),
        ..EMBEDDING
    },
    Row {
        key: "recall_at.2",
        name: "recall@2",
        meaning: "How often one of the two nearest other test images is of the same class. More is better.",
        of: |part| part.seen()?.recall_at.get(&2).copied(),
        ..PRECISION_AT_1
    },
    Row {
        key: "recall_at.4",
        name: "recall@4",
        meaning: "How often one of the four nearest other test images is of the same class. More is better.",
        of: |part| part.seen()?.recall_at.get(&4).copied(),
        ..PRECISION_AT_1
    },
    Row {
        key: "recall_at.8",
        name: "recall@8",
        meaning: "How often one of the eight nearest other test images is of the same class. More is better.",
        of: |part| part.seen()?.recall_at.get(&8).copied(),
        ..PRECISION_AT_1
    },
    Row {
        key: "r_precision",
        name: "R-precision",
        meaning: "An image has R others of its class: how many of its R nearest test images are of the class. More \
                  is better.",
        of: |part| Some(part.seen()?.r_precision),
        ..PRECISION_AT_1
    },
    Row {
        key: "map_at_r",
        name: "MAP@R",
        meaning: "R-precision that also asks whether the right images come first. More is better. It tells two nets \
                  apart when P@1 is 99 % for both.",
        of: |part| Some(part.seen()?.map_at_r),
        ..PRECISION_AT_1
    },
    Row {
        key: "prototype_5_shot.mean",
        name: "5-shot prototypes, mean of 20 draws",
        meaning: "How often a test image is named right by five training images of each class, as a board names \
                  images after five are enrolled. More is better.",
        first: true,
        of: |part| Some(part.seen()?.prototype_5_shot.mean),
        ..EMBEDDING
    },
    Row {
        key: "prototype_5_shot.standard_deviation",
        name: "  standard deviation of the draws",
        meaning: "How much that depends on which five images are drawn. Less is better.",
        less: true,
        of: |part| Some(part.seen()?.prototype_5_shot.standard_deviation),
        trials: |_| 0,
        ..EMBEDDING
    },
];

/// The rows of classes that were never trained on.
const UNSEEN: [Row; 3] = [
    PRECISION_AT_1,
    Row {
        key: "prototype_5_shot.mean",
        name: "5-shot prototypes, among these classes",
        meaning: "How often a test image of a class that the net was never trained on is named right by five \
                  training images of each such class. More is better.",
        first: true,
        of: |part| Some(part.unseen()?.prototype_5_shot.mean),
        ..EMBEDDING
    },
    Row {
        key: "prototype_5_shot_all.mean",
        name: "5-shot prototypes, among all classes",
        meaning: "The same if the classes that the net was trained on are enrolled as well. More is better.",
        of: |part| Some(part.unseen()?.prototype_5_shot_all.mean),
        ..EMBEDDING
    },
];

const PRECISION_AT_1: Row = Row {
    key: "precision_at_1",
    name: "P@1, nearest other test image",
    meaning: "How often the nearest of all other test images is of the same class. More is better.",
    of: |part| Some(part.precision_at_1()),
    trials: |part| part.trials().queries,
    ..EMBEDDING
};

const EQUAL_ERROR_RATE: Row = Row {
    key: "equal_error_rate",
    name: "equal error rate of pairs",
    meaning: "Pairs of test images are called same or different by one threshold, the one at which both kinds of \
              error are equally frequent: that frequency. Less is better.",
    less: true,
    of: |part| Some(part.pairs().equal_error_rate),
    trials: |part| part.trials().pairs.same.min(part.trials().pairs.different),
    ..EMBEDDING
};

const FALSE_ACCEPTS: Row = Row { trials: |part| part.trials().pairs.different, ..FALSE_REJECTS };
const FALSE_REJECTS: Row =
    Row { group: Group::Thresholds, less: true, trials: |part| part.trials().pairs.same, ..EMBEDDING };

const AT_THRESHOLDS: [Row; 4] = [
    Row {
        key: "at_thresholds.equal_error.false_accept_rate",
        name: "threshold eer: false accepts",
        meaning: "This threshold was chosen such that both kinds of error are equal: on pairs of held-out training \
                  images, or, after a training with folds, as on a few pictures, on strangers that nets were asked \
                  about. Here it is measured on pairs of test images: how often it takes a pair of two classes for \
                  the same. Less is better.",
        of: |part| Some(part.at()?.equal_error.false_accept_rate),
        ..FALSE_ACCEPTS
    },
    Row {
        key: "at_thresholds.equal_error.false_reject_rate",
        name: "threshold eer: false rejects",
        meaning: "The same threshold: how often it takes a pair of one class for different things. Less is better.",
        of: |part| Some(part.at()?.equal_error.false_reject_rate),
        ..FALSE_REJECTS
    },
    Row {
        key: "at_thresholds.false_accept_1_percent.false_accept_rate",
        name: "threshold far1: false accepts",
        meaning: "This threshold was chosen to accept 1 % of the different pairs of held-out training images, and is \
                  measured on pairs of test images here. Near 1 % is as it should be; much more means that too few \
                  images were held out. After a training with folds, it accepts 1 % of the strangers instead, and \
                  pairs say little about it.",
        of: |part| Some(part.at()?.false_accept_1_percent.false_accept_rate),
        ..FALSE_ACCEPTS
    },
    Row {
        key: "at_thresholds.false_accept_1_percent.false_reject_rate",
        name: "threshold far1: false rejects",
        meaning: "The price of far1: how often it takes a pair of one class for different things. Less is better.",
        of: |part| Some(part.at()?.false_accept_1_percent.false_reject_rate),
        ..FALSE_REJECTS
    },
];

const KNOWN: Row = Row { group: Group::OpenSet, ..EMBEDDING };

const OPEN_SET: [Row; 4] = [
    Row {
        key: "open_set.known_right",
        name: "open set: enrolled, named right",
        meaning: "A board is taught five images each of half of the classes (or of those that the net was never \
                  trained on, if there are any), and asked about test images of all: how often an image of a taught \
                  class gets its name. More is better.",
        of: |part| Some(part.open_set()?.known_right),
        ..KNOWN
    },
    Row {
        key: "open_set.known_wrong",
        name: "open set: enrolled, named wrong",
        meaning: "Images of taught classes that get the name of another one. Less is better.",
        less: true,
        of: |part| Some(part.open_set()?.known_wrong),
        ..KNOWN
    },
    Row {
        key: "open_set.known_rejected",
        name: "open set: enrolled, called unknown",
        meaning: "Images of taught classes that are refused: with the two rows above, that is all of them. Less is \
                  better.",
        first: true,
        less: true,
        of: |part| Some(part.open_set()?.known_rejected),
        ..KNOWN
    },
    Row {
        key: "open_set.unknown_accepted",
        name: "open set: not enrolled, given a name",
        meaning: "Images of all other classes that are not called unknown, as they should be. Less is better. The \
                  net was trained on these classes: real strangers are given a name more often.",
        first: true,
        less: true,
        of: |part| Some(part.open_set()?.unknown_accepted),
        trials: |part| part.strangers(),
        ..KNOWN
    },
];

/// A row's words and numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The place in `metrics.json`, below `int8` or `int8.unseen`.
    pub key: &'static str,
    /// The name in the table.
    pub name: &'static str,
    /// The meaning, in plain sentences.
    pub meaning: &'static str,
    /// True for the rows to look at first.
    pub first: bool,
    /// The part of the table.
    pub group: Group,
    /// True if less is better.
    pub less: bool,
    /// The float net's share, if it has one.
    pub float: Option<f64>,
    /// The int8 engine's; NaN where there was nothing to measure.
    pub int8: f64,
    /// Where the true share of int8 lies, with a confidence of 95 %; only where there are few test
    /// images.
    pub interval: Option<[f64; 2]>,
}

/// The table of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// Classes that were trained on.
    pub seen: Vec<Line>,
    /// Classes that were never trained on; empty where there are none.
    pub unseen: Vec<Line>,
}

impl Table {
    /// Returns the table of the int8 engine's scores, beside those of the float net if there are any.
    /// A row that is not measured, such as the errors at thresholds that were not calibrated, is left
    /// out.
    pub fn new(float: Option<&Scores>, int8: &Scores) -> Self {
        let lines = |rows: &[Row], float: Option<Part<'_>>, int8: Part<'_>| {
            let all = rows.iter().chain([&EQUAL_ERROR_RATE]).chain(&AT_THRESHOLDS).chain(&OPEN_SET);
            all.filter_map(|row| row.line(float, int8)).collect()
        };
        Self {
            seen: lines(&SEEN, float.map(Part::Seen), Part::Seen(int8)),
            unseen: Part::unseen_of(int8)
                .map_or(Vec::new(), |int8| lines(&UNSEEN, float.and_then(Part::unseen_of), int8)),
        }
    }

    /// Returns the line of classes that were trained on with this key.
    pub fn seen(&self, key: &str) -> Option<&Line> {
        self.seen.iter().find(|line| line.key == key)
    }

    /// Returns the line of classes that were never trained on with this key.
    pub fn unseen(&self, key: &str) -> Option<&Line> {
        self.unseen.iter().find(|line| line.key == key)
    }
}

impl Row {
    fn line(&self, float: Option<Part<'_>>, int8: Part<'_>) -> Option<Line> {
        let &Self { key, name, meaning, first, group, less, of, trials } = self;
        let share = of(int8)?;
        let few = int8.trials().images < MANY;
        Some(Line {
            key,
            name,
            meaning,
            first,
            group,
            less,
            float: float.and_then(of),
            int8: share,
            interval: if few { interval_95(share, trials(int8)) } else { None },
        })
    }
}

/// Returns every row of the table, those that both of its parts have once.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    SEEN.iter().chain([&EQUAL_ERROR_RATE]).chain(&AT_THRESHOLDS).chain(&OPEN_SET).chain(&UNSEEN[1..])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::Value;
    use shared_model::Distance;
    use tinytriplet_evaluation::{
        metrics::{FewShot, SeparatePairs, TripletReport},
        scores::{ErrorRates, TripletAccuracy},
    };

    /// Scores of which all are `share`, measured on so many images of two classes.
    fn scores(share: f64, images: usize) -> Scores {
        let errors = ErrorRates { false_accept_rate: share, false_reject_rate: share };
        let found = OpenSet {
            known_right: share,
            known_wrong: share,
            known_rejected: share,
            unknown_accepted: share,
        };
        let few_shot = FewShot { mean: share, standard_deviation: share };
        let pairs = PairScores {
            equal_error_rate: share,
            at_thresholds: Some(AtThresholds { equal_error: errors, false_accept_1_percent: errors }),
            roc: Vec::new(),
        };
        let trials = Trials {
            images,
            queries: images - 1,
            pairs: SeparatePairs { same: images / 2, different: images / 3 },
        };
        Scores {
            triplet_accuracy: TripletAccuracy { mean: share, worst: share, per_class: vec![share; 2] },
            precision_at_1: share,
            precision_at_1_gallery: share,
            recall_at: [1, 2, 4, 8].map(|k| (k, share)).into(),
            r_precision: share,
            map_at_r: share,
            prototype_5_shot: few_shot,
            pairs: pairs.clone(),
            open_set: Some(found),
            unseen: Some(UnseenScores {
                labels: vec![1],
                precision_at_1: share,
                prototype_5_shot: few_shot,
                prototype_5_shot_all: few_shot,
                pairs,
                open_set: Some(found),
                trials: Trials { images: 10, ..trials },
            }),
            episodes: None,
            trials,
            triplets: TripletReport { classes: Vec::new(), mean_accuracy: share },
            distance: Distance::Cosine,
        }
    }

    #[test]
    fn keys_lead_to_the_numbers_in_metrics_json() {
        let scores = scores(0.25, 100);
        let json = serde_json::to_value(&scores).unwrap();
        let at = |json: &Value, key: &str| json.pointer(&format!("/{}", key.replace('.', "/"))).cloned();
        let table = Table::new(None, &scores);
        for (lines, json, count) in [(&table.seen, &json, 20), (&table.unseen, &json["unseen"], 12)] {
            assert_eq!(lines.len(), count);
            for line in lines {
                assert_eq!(at(json, line.key), Some(0.25.into()), "{}", line.key);
                assert_eq!((line.float, line.int8), (None, 0.25));
            }
        }
        assert_eq!(rows().count(), 22);
        assert!(rows().all(|row| row.name.chars().count() <= 38));
    }

    /// The page has the words of `--explain`, however it breaks its lines.
    #[test]
    fn metrics_md_has_every_row_in_the_same_words() {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let page = words(include_str!("../../../docs/METRICS.md"));
        for Row { key, name, meaning, .. } in rows() {
            let expected = words(&format!("* **{}** (`{key}`): {meaning}", name.trim()));
            assert!(page.contains(&expected), "docs/METRICS.md lacks:\n{expected}");
        }
    }

    #[test]
    fn few_images_have_an_interval_and_many_have_none() {
        let few = Table::new(None, &scores(0.5, 12));
        let of = |key: &str| few.seen(key).unwrap().interval;
        assert_eq!(of("prototype_5_shot.mean"), interval_95(0.5, 12));
        assert_eq!(of("map_at_r"), interval_95(0.5, 11));
        assert_eq!(of("at_thresholds.equal_error.false_reject_rate"), interval_95(0.5, 6));
        assert_eq!(of("at_thresholds.equal_error.false_accept_rate"), interval_95(0.5, 4));
        assert_eq!(of("equal_error_rate"), interval_95(0.5, 4));
        assert_eq!(of("open_set.unknown_accepted"), interval_95(0.5, 12));
        assert_eq!(of("prototype_5_shot.standard_deviation"), None);
        // Of the classes that were never trained on there are ten images; strangers are the others.
        let of = |key: &str| few.unseen(key).unwrap().interval;
        assert_eq!(of("prototype_5_shot.mean"), interval_95(0.5, 10));
        assert_eq!(of("open_set.unknown_accepted"), interval_95(0.5, 12));

        let many = Table::new(None, &scores(0.5, 1_000));
        assert!(many.seen.iter().all(|line| line.interval.is_none()));
        assert!(many.unseen.iter().any(|line| line.interval.is_some()));
    }

    #[test]
    fn what_is_not_measured_has_no_line() {
        let (mut float, mut int8) = (scores(0.5, 12), scores(f64::NAN, 12));
        float.pairs.at_thresholds = None;
        (float.open_set, int8.open_set, int8.unseen) = (None, None, None);
        let table = Table::new(Some(&float), &int8);
        assert_eq!((table.seen.len(), table.unseen.len()), (16, 0));
        let line = table.seen("at_thresholds.equal_error.false_accept_rate").unwrap();
        assert_eq!((line.float, line.interval), (None, None));
        let line = table.seen("map_at_r").unwrap();
        assert!(line.float == Some(0.5) && line.int8.is_nan() && line.interval.is_none(), "{line:?}");
    }
}
