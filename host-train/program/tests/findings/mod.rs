//! Findings made by hand, for tests of what is drawn of them.

use shared_model::Distance;
use std::f64::consts::TAU;
use tinytriplet_evaluation::{
    history::HistoryRow,
    metrics::{
        ClassTriplets, ClosedSet, Draws, EpisodeShare, Episodes, FewShot, Measured, OpenSet, OpenSetEpisodes,
        OpenSetRates, Rates, SeparatePairs, TripletReport,
    },
    scores::{AtThresholds, ErrorRates, PairScores, Scores, Trials, TripletAccuracy, UnseenScores},
};
use tinytriplet_report::{
    BoardEstimate, Cloud, Confusion, DataFacts, Distances, Findings, Grade, Images, LayerFacts, Mistake,
    Neighbour, NetFacts, Scatter, Threshold, Training, Verdict, table::Table,
};

/// Images of each class.
const PER_CLASS: usize = 8;
const SIDE: usize = 4;
const COLUMNS: usize = 16;

/// Returns a run that learned to tell these classes apart, `five_shot` of them right; the last one was not
/// trained on.
pub fn findings(name: &str, classes: &[&str], five_shot: f64) -> Findings {
    let (count, labels) = (classes.len(), labels(classes.len()));
    let unseen = u16::try_from(count - 1).unwrap();
    let (float, int8) = (scores(five_shot, unseen, None), scores(five_shot, unseen, Some(OPEN_SET)));
    Findings {
        name: name.into(),
        tool: "0.1.0".into(),
        verdict: Verdict {
            grade: Grade::Fair,
            sentence: format!("Of {count} classes made by hand, all are told apart."),
            advice: vec![format!("Look at {}.", classes[0]), "Train it on images.".into()],
        },
        data: DataFacts {
            name: "made by hand".into(),
            drawn: true,
            train_images: 100 * count,
            held_out_images: 20,
            strangers: None,
            test_images: 10 * labels.len(),
            size: [SIDE, SIDE],
            classes: classes.iter().map(|&class| class.into()).collect(),
            unseen: vec![unseen],
        },
        recipe: "name = \"by hand\"\n# <b>&amp;</b>\n".into(),
        training: Training {
            loss: "triplet".into(),
            unit: "triplets".into(),
            images_seen: 2000,
            seconds: 1.5,
            history: (1..=20).map(history_row).collect(),
        },
        table: Table::new(Some(&float), &int8),
        float,
        int8,
        distances: Some(distances()),
        triplets: (0..unseen)
            .map(|label| ClassTriplets { label, accuracy: 0.99, min: -1.5, max: 0.25, mean: -0.75 })
            .collect(),
        confusion: Confusion {
            labels: (0..=unseen).collect(),
            rows: (0..count).map(|row| shares(count, row, five_shot)).collect(),
        },
        mistakes: (0..14)
            .map(|image| Mistake {
                image,
                // Every other image was made of a picture in a file.
                original: (image % 2 == 0).then(|| sprite(1)),
                margin: 0.125,
                neighbours: neighbours(image, &labels),
            })
            .collect(),
        mistakes_in_all: 140,
        images: Images {
            sprite: sprite(labels.len()),
            tile: [SIDE, SIDE],
            columns: COLUMNS,
            test_index: (0..labels.len()).map(|image| 10 * image).collect(),
            labels: labels.clone(),
        },
        scatter: Scatter { raw: cloud(&labels, 0.8), embedded: cloud(&labels, 0.2) },
        net: net(),
        boards: vec![board("pico", true, Some(9.25)), board("mps2-an386", false, None)],
        slow_layers: vec!["net.layers[1] (depthwise_conv) takes the plain kernel".into()],
    }
}

/// Returns the same, where there was nothing to measure: numbers are NaN, lists empty.
pub fn nothing(name: &str) -> Findings {
    let none = findings(name, &["only"], f64::NAN);
    let cloud = Cloud {
        pca: Vec::new(),
        pca_variance: [f64::NAN; 2],
        neighbour_map: Vec::new(),
        neighbour_map_name: "t-SNE",
        nearest: Vec::new(),
    };
    let mut row = history_row(1);
    (row.loss, row.precision_at_1) = (f64::NAN, None);
    let layers = none.net.layers.into_iter().map(|layer| LayerFacts {
        signal_to_noise_db: f64::NAN,
        clipped: f64::NAN,
        zeros: f64::NAN,
        ..layer
    });
    Findings {
        verdict: Verdict { grade: Grade::Poor, sentence: "Nothing was measured.".into(), advice: Vec::new() },
        data: DataFacts { drawn: false, unseen: Vec::new(), ..none.data },
        training: Training { history: vec![row], ..none.training },
        float: empty_scores(),
        int8: empty_scores(),
        table: Table::new(Some(&empty_scores()), &empty_scores()),
        distances: None,
        triplets: Vec::new(),
        confusion: Confusion { labels: vec![0], rows: vec![vec![f64::NAN]] },
        mistakes: Vec::new(),
        mistakes_in_all: 0,
        images: Images { sprite: String::new(), labels: Vec::new(), test_index: Vec::new(), ..none.images },
        scatter: Scatter { raw: cloud.clone(), embedded: cloud },
        net: NetFacts { layers: layers.collect(), ..none.net },
        boards: Vec::new(),
        slow_layers: Vec::new(),
        ..none
    }
}

/// [`PER_CLASS`] of each class in turn.
fn labels(classes: usize) -> Vec<u16> {
    (0..PER_CLASS * classes).map(|image| u16::try_from(image % classes).unwrap()).collect()
}

fn history_row(step: usize) -> HistoryRow {
    HistoryRow {
        step,
        images_seen: 100 * step as u64,
        seconds: 0.075 * step as f64,
        loss: 1.0 / step as f64,
        mined: 400.0 / step as f64,
        learning_rate: 1e-3,
        precision_at_1: step.is_multiple_of(4).then(|| 1.0 - 0.5 / step as f64),
    }
}

const OPEN_SET: OpenSet =
    OpenSet { known_right: 0.875, known_wrong: 0.025, known_rejected: 0.1, unknown_accepted: 0.003 };

/// Makes scores; int8 has what the float net lacks: `open_set`, and errors at thresholds.
fn scores(five_shot: f64, unseen: u16, open_set: Option<OpenSet>) -> Scores {
    let few_shot = FewShot { mean: five_shot, standard_deviation: 0.01 };
    let rates = ErrorRates { false_accept_rate: 0.01, false_reject_rate: 0.02 };
    let thresholds = open_set.map(|_| AtThresholds { equal_error: rates, false_accept_1_percent: rates });
    let pairs = PairScores { equal_error_rate: 0.0156, at_thresholds: thresholds, roc: Vec::new() };
    Scores {
        triplet_accuracy: TripletAccuracy { mean: 0.999, worst: 0.99, per_class: vec![0.999, 0.99] },
        precision_at_1: 0.98,
        precision_at_1_gallery: 0.985,
        recall_at: [(1, 0.98), (2, 0.99), (4, 0.995), (8, 1.0)].into(),
        r_precision: 0.9,
        map_at_r: 0.89,
        prototype_5_shot: few_shot,
        pairs: pairs.clone(),
        unseen: Some(UnseenScores {
            labels: vec![unseen],
            precision_at_1: 0.9,
            prototype_5_shot: few_shot,
            prototype_5_shot_all: few_shot,
            pairs,
            open_set,
            trials: Trials { images: 10, queries: 10, pairs: SeparatePairs { same: 5, different: 5 } },
        }),
        episodes: open_set.map(|_| episodes()),
        ..empty_scores()
    }
}

/// Two groups: all kinds of episodes are measured within them, and only some of all classes.
fn episodes() -> Episodes {
    let share = |share| EpisodeShare { share, margin: 0.004 };
    let closed_set =
        |ways, shots, right| ClosedSet { ways, shots, left_out: Vec::new(), right: share(right) };
    let rates = |threshold: f64| OpenSetRates {
        threshold,
        known_right: share(0.5 + threshold),
        known_wrong: share(0.05),
        known_rejected: share(0.45 - threshold),
        strangers_accepted: share(threshold.powi(2)),
    };
    let open_set = |shots| OpenSetEpisodes {
        shots,
        enrolled: 5,
        strangers: 5,
        left_out: vec!["Runes".into()],
        at_threshold: (shots > 1).then(|| rates(0.3)),
        equal_error: rates(0.4),
        curve: [0.1, 0.2, 0.4].map(rates).into(),
    };
    let within = Measured {
        classes: 12,
        closed_set: vec![closed_set(5, 1, 0.8125), closed_set(5, 5, 0.9375), closed_set(7, 1, 0.75)],
        open_set: [1, 3, 5, 10].map(open_set).into(),
    };
    let all_classes =
        Measured { classes: 12, closed_set: vec![closed_set(5, 1, 0.875)], open_set: Vec::new() };
    Episodes {
        draws: Draws { episodes: 1_000, seed: 1 },
        queries: 5,
        trained_on: false,
        within_groups: Some(within),
        all_classes,
    }
}

fn empty_scores() -> Scores {
    let none = f64::NAN;
    Scores {
        triplet_accuracy: TripletAccuracy { mean: none, worst: none, per_class: Vec::new() },
        precision_at_1: none,
        precision_at_1_gallery: none,
        recall_at: [(1, none)].into(),
        r_precision: none,
        map_at_r: none,
        prototype_5_shot: FewShot { mean: none, standard_deviation: none },
        pairs: PairScores { equal_error_rate: none, at_thresholds: None, roc: Vec::new() },
        open_set: None,
        unseen: None,
        episodes: None,
        trials: Trials::default(),
        triplets: TripletReport { classes: Vec::new(), mean_accuracy: none },
        distance: Distance::Cosine,
    }
}

fn distances() -> Distances {
    let rates = |threshold: usize| {
        let share = threshold as f64 / 20.0;
        Rates { threshold: share, false_accept_rate: share.powi(3), false_reject_rate: (1.0 - share).powi(3) }
    };
    Distances {
        kind: "cosine",
        same: shares(10, 1, 0.7),
        different: shares(10, 7, 0.6),
        edges: (0..=10).map(|edge| f64::from(edge) / 10.0).collect(),
        thresholds: vec![
            Threshold { name: "equal error", rates: rates(10) },
            Threshold { name: "accepts 1 %", rates: rates(4) },
        ],
        roc: (0..=20).map(rates).collect(),
        equal_error_rate: 0.125,
    }
}

/// Shares that add up to 1, `most` of it at one place.
fn shares(count: usize, at: usize, most: f64) -> Vec<f64> {
    let rest = (1.0 - most) / count.saturating_sub(1).max(1) as f64;
    (0..count).map(|place| if place == at { most } else { rest }).collect()
}

/// Returns the images after one, which are of other classes, except that the last is of its own.
fn neighbours(image: usize, labels: &[u16]) -> Vec<Neighbour> {
    let classes = labels.len() / PER_CLASS;
    [1, 2, classes]
        .into_iter()
        .map(|step| Neighbour { image: (image + step) % labels.len(), distance: 0.0625 * step as f64 })
        .collect()
}

/// Returns a ring of classes, each spread by so much of the ring's radius.
fn cloud(labels: &[u16], spread: f32) -> Cloud {
    let classes = labels.len() / PER_CLASS;
    let around = |share: f64| [share.cos() as f32, share.sin() as f32];
    let place = |(image, &label): (usize, &u16)| {
        let [x, y] = around(TAU * f64::from(label) / classes as f64);
        let [right, up] = around(TAU * (image / classes) as f64 / PER_CLASS as f64);
        [x + spread * right, y + spread * up]
    };
    let places: Vec<[f32; 2]> = labels.iter().enumerate().map(place).collect();
    Cloud {
        pca: places.iter().map(|&[x, y]| [y, 0.5 * x]).collect(),
        pca_variance: [0.5, 0.25],
        neighbour_map: places,
        neighbour_map_name: "t-SNE",
        nearest: (0..labels.len()).map(|image| neighbours(image, labels)).collect(),
    }
}

/// White tiles for so many images; a drawing serves as well as a PNG file.
fn sprite(images: usize) -> String {
    let (width, height) = (COLUMNS * SIDE, images.div_ceil(COLUMNS) * SIDE);
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'%3E\
         %3Crect width='100%25' height='100%25' fill='white'/%3E%3C/svg%3E"
    )
}

fn net() -> NetFacts {
    let layer = |operation: &str, input, output, zeros| LayerFacts {
        operation: operation.into(),
        input,
        output,
        parameters: 160,
        flash: 192,
        macs: 2304,
        ram: 96,
        signal_to_noise_db: 36.5,
        clipped: 0.0001,
        zeros,
        histogram: shares(32, 0, 0.5),
    };
    NetFacts {
        hash: "0123456789abcdef".into(),
        input: [SIDE, SIDE, 1],
        embedding: 8,
        parameters: 320,
        macs: 4608,
        flash: 512,
        ram: 128,
        layers: vec![
            layer("conv 3x3 relu max 2x2", [SIDE, SIDE, 1], [1, 1, 16], 0.5),
            layer("dense", [1, 1, 16], [1, 1, 8], 0.0),
        ],
    }
}

fn board(name: &str, counted: bool, milliseconds: Option<f64>) -> BoardEstimate {
    BoardEstimate {
        board: name.into(),
        description: format!("A board called {name}"),
        instructions: 12_345,
        counted,
        milliseconds,
        ram: 256,
        flash: 512,
    }
}
