use super::*;
use crate::{Cloud, Confusion, DataFacts, Grade, Images, LayerFacts, NetFacts, Scatter, Training};
use shared_model::Distance;
use tinytriplet_data::Label;
use tinytriplet_evaluation::{
    history::HistoryRow,
    metrics::{FewShot, SeparatePairs, TripletReport},
    scores::{AtThresholds, ErrorRates, PairScores, Scores, Trials, TripletAccuracy, UnseenScores},
};

fn scores(share: f64) -> Scores {
    let errors = ErrorRates { false_accept_rate: 0.01, false_reject_rate: 0.02 };
    Scores {
        triplet_accuracy: TripletAccuracy { mean: share, worst: share, per_class: vec![share; 3] },
        precision_at_1: share,
        precision_at_1_gallery: share,
        recall_at: [(1, share)].into(),
        r_precision: share,
        map_at_r: share,
        prototype_5_shot: FewShot { mean: share, standard_deviation: 0.0 },
        pairs: PairScores {
            equal_error_rate: 0.015,
            at_thresholds: Some(AtThresholds { equal_error: errors, false_accept_1_percent: errors }),
            roc: Vec::new(),
        },
        open_set: None,
        unseen: None,
        episodes: None,
        trials: Trials { images: 10_000, queries: 10_000, pairs: SeparatePairs::default() },
        triplets: TripletReport { classes: Vec::new(), mean_accuracy: share },
        distance: Distance::Cosine,
    }
}

fn row(step: usize, loss: f64, precision_at_1: f64) -> HistoryRow {
    HistoryRow {
        step,
        images_seen: 0,
        seconds: 1.0,
        loss,
        mined: 100.0,
        learning_rate: 1e-3,
        precision_at_1: Some(precision_at_1),
    }
}

/// Findings of a run that nothing is wrong with: three classes, 99 %.
pub fn good() -> Findings {
    let cloud = Cloud {
        pca: Vec::new(),
        pca_variance: [0.0; 2],
        neighbour_map: Vec::new(),
        neighbour_map_name: "t-SNE",
        nearest: Vec::new(),
    };
    Findings {
        name: "run".into(),
        tool: "0".into(),
        verdict: Verdict { grade: Grade::Good, sentence: String::new(), advice: Vec::new() },
        data: DataFacts {
            name: "mnist".into(),
            drawn: false,
            train_images: 600,
            held_out_images: 100,
            strangers: None,
            test_images: 10_000,
            size: [28, 28],
            classes: ["cat", "dog", "cow"].map(String::from).to_vec(),
            unseen: Vec::new(),
        },
        recipe: String::new(),
        training: Training {
            loss: "triplet, semi_hard".into(),
            unit: "triplets".into(),
            images_seen: 1,
            seconds: 1.0,
            history: vec![row(100, 0.1, 0.988), row(200, 0.05, 0.99)],
        },
        float: scores(0.99),
        int8: scores(0.99),
        table: Table::new(None, &scores(0.99)),
        distances: None,
        triplets: Vec::new(),
        confusion: Confusion {
            labels: vec![0, 1, 2],
            rows: vec![vec![0.995, 0.003, 0.002], vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 1.0]],
        },
        mistakes: Vec::new(),
        mistakes_in_all: 0,
        images: Images {
            sprite: String::new(),
            tile: [28, 28],
            columns: 1,
            labels: Vec::new(),
            test_index: Vec::new(),
        },
        scatter: Scatter { raw: cloud.clone(), embedded: cloud },
        net: NetFacts {
            hash: String::new(),
            input: [28, 28, 1],
            embedding: 64,
            parameters: 1,
            macs: 1,
            flash: 1,
            ram: 1,
            layers: [40.0, 25.0, f64::INFINITY].map(layer).to_vec(),
        },
        boards: Vec::new(),
        slow_layers: Vec::new(),
    }
}

fn layer(signal_to_noise_db: f64) -> LayerFacts {
    LayerFacts {
        operation: format!("layer of {signal_to_noise_db} dB"),
        input: [1; 3],
        output: [1; 3],
        parameters: 1,
        flash: 1,
        macs: 1,
        ram: 1,
        signal_to_noise_db,
        clipped: 0.0,
        zeros: 0.0,
        histogram: Vec::new(),
    }
}

fn unseen(labels: Vec<Label>, share: f64, equal_error_rate: f64) -> UnseenScores {
    let few_shot = FewShot { mean: share, standard_deviation: 0.0 };
    UnseenScores {
        labels,
        precision_at_1: share,
        prototype_5_shot: few_shot,
        prototype_5_shot_all: few_shot,
        pairs: PairScores { equal_error_rate, at_thresholds: None, roc: Vec::new() },
        open_set: None,
        trials: Trials { images: 10_000, ..Trials::default() },
    }
}

/// Returns the verdict on [`good`] findings of the recipe `quick`, after a change.
fn of(change: impl FnOnce(&mut Findings, &mut Config)) -> Verdict {
    let (mut findings, mut config) = (good(), Config::preset("quick").unwrap());
    change(&mut findings, &mut config);
    verdict(&findings, &config)
}

/// Checks that there is one advice, with these words.
#[track_caller]
fn advises(verdict: &Verdict, words: &[&str]) {
    assert_eq!(verdict.advice.len(), 1, "{:?}", verdict.advice);
    for word in words {
        assert!(verdict.advice[0].contains(word), "`{word}` is not in: {}", verdict.advice[0]);
    }
    // What it says to type is taken; quotation marks are the shell's.
    for change in verdict.advice[0].split('`').filter_map(|part| part.strip_prefix("--set ")) {
        let taken = Config::preset("origin").unwrap().with(&[change.trim_matches('\'').to_owned()]);
        assert!(taken.is_ok(), "{change}: {taken:?}");
    }
}

#[test]
fn a_good_run_is_called_good() {
    let expected = "Shown five examples of each class, it names 99.00 % of the test images right; the training \
        image nearest to a test image is of its class in 99.00 % of cases (P@1, nearest training image); telling same from different errs in 1.50 % of pairs \
        (equal error rate); int8 costs nothing of that.";
    let found = of(|_, _| {});
    assert_eq!(
        (found.grade, found.sentence.as_str(), found.advice.len()),
        (Grade::Good, expected, 0),
        "{found:?}"
    );
}

#[test]
fn few_images_give_a_range() {
    let pairs = SeparatePairs { same: 3, different: 2 };
    let found = of(|of, _| {
        of.int8.prototype_5_shot.mean = 5.0 / 6.0;
        of.int8.pairs.equal_error_rate = 0.0;
        of.int8.trials = Trials { images: 6, queries: 6, pairs };
    });
    for part in [
        "it names 83.33 % (95 %: 44 to 97 %) of the test images right",
        "is of its class in 99.00 % (95 %: 60 to 100 %) of cases",
        "errs in 0.00 % (95 %: 0 to 66 %) of pairs",
    ] {
        assert!(found.sentence.contains(part), "{}", found.sentence);
    }
}

#[test]
fn poor_scores_and_few_or_drawn_images_lower_the_grade() {
    let grade = |change: &dyn Fn(&mut Findings)| of(|findings, _| change(findings)).grade;
    assert_eq!(grade(&|of| of.int8.precision_at_1_gallery = 0.96), Grade::Fair);
    assert_eq!(grade(&|of| of.int8.prototype_5_shot.mean = 0.89), Grade::Poor);
    assert_eq!(grade(&|of| of.int8.unseen = Some(unseen(vec![2], 0.95, 0.1))), Grade::Fair);
    assert_eq!(grade(&|of| of.data.drawn = true), Grade::Fair);
    assert_eq!(grade(&|of| of.data.test_images = 99), Grade::Fair);
    assert_eq!(grade(&|of| of.confusion.rows[0] = vec![0.85, 0.15, 0.0]), Grade::Fair);
    assert_eq!(grade(&|of| of.float = scores(1.0 + 1e-9)), Grade::Fair);
    // P@1 could not be measured: the other one counts.
    assert_eq!(grade(&|of| of.int8.precision_at_1_gallery = f64::NAN), Grade::Good);
}

#[test]
fn a_cost_of_int8_gets_advice() {
    let found = of(|of, _| of.float = scores(0.9952));
    assert!(found.sentence.ends_with("int8 costs 0.52 points of that."), "{}", found.sentence);
    advises(&found, &["0.52 points", "step 1 (layer of 25 dB)", "train.weight_decay"]);
}

#[test]
fn drawn_digits_are_said_first() {
    let found = of(|of, _| of.data.drawn = true);
    assert!(found.sentence.starts_with("On DRAWN digits"), "{}", found.sentence);
    advises(&found, &["--data FOLDER"]);
}

#[test]
fn classes_that_were_not_trained_on() {
    let found = of(|of, _| of.int8.unseen = Some(unseen(vec![1, 2], 0.9691, 0.194)));
    assert!(found.sentence.contains("of 2 classes it was never trained on, it names 96.91 % right"));
    advises(&found, &["19.40 %", "1.50 %", "train.turned_classes=true"]);
}

#[test]
fn a_run_with_nothing_to_measure_is_poor() {
    let found = of(|of, _| {
        of.int8 = scores(f64::NAN);
        of.int8.pairs.equal_error_rate = f64::NAN;
        of.float = of.int8.clone();
        of.confusion.rows[0][0] = f64::NAN;
        of.training.history.clear();
    });
    assert_eq!(found.grade, Grade::Poor);
    assert!(found.sentence.starts_with("There is nothing to measure"));
}

#[test]
fn a_loss_at_the_margin() {
    let found = of(|of, _| {
        (of.int8, of.float) = (scores(0.2), scores(0.2));
        of.training.history = vec![row(100, 0.198, 0.2)];
    });
    assert_eq!(found.grade, Grade::Poor);
    advises(&found, &["stands at 0.198", "train.lr=0.001"]);
}

#[test]
fn a_miner_that_finds_nothing_gets_advice() {
    let mined = |of: &mut Findings, mined: [f64; 2]| {
        of.training.history.iter_mut().zip(mined).for_each(|(row, mined)| row.mined = mined);
    };
    advises(&of(|findings, _| mined(findings, [0.0, 0.2])), &["No step found any triplets"]);
    // In the end there is nothing to learn: that is well where the run is.
    assert!(of(|findings, _| mined(findings, [9.0, 0.2])).advice.is_empty());
    let found = of(|findings, _| {
        mined(findings, [9.0, 0.2]);
        findings.int8.precision_at_1_gallery = 0.95;
        findings.float.precision_at_1_gallery = 0.95;
    });
    advises(&found, &["train.loss.triplet.margin=0.4"]);
}

#[test]
fn few_images_get_advice() {
    advises(&of(|of, _| of.data.test_images = 5), &["5 test images", "20.0 points", "data.test_share"]);
    advises(&of(|of, _| of.data.held_out_images = 99), &["99 held-out images", "docs/THRESHOLD.md"]);
    advises(&of(|of, _| of.data.train_images = 30), &["10 images", "train.augment"]);
}

#[test]
fn precision_that_rose_or_fell() {
    let rows = |found: [f64; 2]| [row(100, 0.1, found[0]), row(200, 0.1, found[1])].to_vec();
    advises(
        &of(|of, _| of.training.history = rows([0.99, 0.98])),
        &["step 100 (P@1, nearest other held-out image: 99.00 %)", "train.patience=5"],
    );
    advises(
        &of(|of, _| of.training.history = rows([0.97, 0.98])),
        &["97.00 %, then 98.00 %", "train.steps=400"],
    );
    let with_patience = of(|of, config| {
        of.training.history = rows([0.99, 0.98]);
        config.train.patience = Some(5);
    });
    assert!(with_patience.advice.is_empty());
}

#[test]
fn missing_and_loose_thresholds_get_advice() {
    let few = of(|of, _| of.int8.pairs.at_thresholds = None);
    advises(&few, &["no threshold", "6 training images; add some."]);
    let many = of(|of, _| {
        of.int8.pairs.at_thresholds = None;
        of.data.classes = (0..8).map(|class| class.to_string()).collect();
        of.data.train_images = 1_600;
    });
    advises(&many, &["no threshold", "--set 'train.hold_out=\"classes\"'"]);
    let none = of(|of, config| {
        of.int8.pairs.at_thresholds = None;
        config.train.hold_out = tinytriplet_recipe::HoldOut::None;
    });
    advises(&none, &["no threshold", "--set 'train.hold_out=\"images\"'"]);
    let unasked = of(|of, config| {
        of.int8.pairs.at_thresholds = None;
        config.train.hold_out = tinytriplet_recipe::HoldOut::None;
        config.train.folds = 3;
    });
    advises(&unasked, &["no threshold", "could not be asked about any; add images of each class"]);
    let loose = of(|of, _| {
        if let Some(at) = &mut of.int8.pairs.at_thresholds {
            at.false_accept_1_percent.false_accept_rate = 0.05;
        }
    });
    advises(&loose, &["accepts 5.00 %", "add images"]);
}

/// What the recipe has already is not advised.
#[test]
fn advice_names_nothing_that_is_on() {
    let stuck = |changes: &[&str]| {
        let changes: Vec<String> = changes.iter().map(|change| (*change).into()).collect();
        of(|of, config| {
            (of.int8, of.float) = (scores(0.2), scores(0.2));
            of.training.history = vec![row(100, 0.198, 0.2)];
            *config = config.clone().with(&changes).unwrap();
        })
    };
    assert!(stuck(&[]).advice[0].ends_with("(`--set train.lr=0.001`)."), "mines semi_hard");
    advises(&stuck(&["train.loss.triplet.miner=\"batch_hard\""]), &["mine `semi_hard`", "warm_up=200"]);
    let few = of(|of, config| {
        of.data.test_images = 5;
        config.data.test_share = 0.5;
    });
    assert!(few.advice[0].ends_with("20.0 points: add images."), "{few:?}");
    let costly = of(|of, config| {
        of.float = scores(0.9952);
        config.train.weight_decay = 0.02;
    });
    advises(&costly, &["train.weight_decay=0.04"]);
    let classes = of(|of, config| {
        of.int8.pairs.at_thresholds = None;
        config.train.hold_out = tinytriplet_recipe::HoldOut::Classes;
    });
    assert!(!classes.advice[0].contains("--set"), "{classes:?}");
}

#[test]
fn classes_taken_for_another_get_advice() {
    let found = of(|of, _| of.confusion.rows[2] = vec![0.01, 0.03, 0.96]);
    advises(&found, &["`cow` is taken for `dog` (3.00 %)", "`cow` is recognised least (96.00 %)"]);
    // Of a class that was not trained on, more images would not help.
    let found = of(|of, _| {
        of.confusion.rows[2] = vec![0.01, 0.03, 0.96];
        of.data.unseen = vec![2];
    });
    assert!(found.advice.is_empty(), "{found:?}");
}
