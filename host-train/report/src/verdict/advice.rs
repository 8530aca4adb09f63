use super::{
    grade::grade,
    weakness::{FEW_TEST_IMAGES, int8_loss, percent, trained_on, weakest_class},
};
use crate::{
    Findings, Grade,
    scatter::short,
    text::{count, thousands},
};
use tinytriplet_data::ENOUGH_CLASSES_TO_HOLD_OUT;
use tinytriplet_evaluation::strangers::StrangerRates;
use tinytriplet_recipe::{BatchConfig, Config, HoldOut, LossConfig, Margin, MinerConfig};

/// An int8 that loses more than this share is spoken of.
const NOTABLE_INT8: f64 = 0.003;
/// A class that is taken for another one this often is spoken of.
const CONFUSED: f64 = 0.005;
/// A P@1 of held-out images that changed by more than this share rose, or fell.
const CHANGED: f64 = 0.005;
/// Around the margin by this share of it, a triplet loss is stuck there.
const STUCK: f64 = 0.1;
/// A threshold that was calibrated to accept 1 % and accepts more than this share does not fit the
/// test images.
const LOOSE_THRESHOLD: f64 = 0.03;
/// No larger share of the images is advised to be tested with.
const LARGE_TEST_SHARE: f64 = 0.4;
/// With fewer held-out images, 50 pairs at most share none: after none of them was mistaken, seven in
/// a hundred may still be.
const FEW_HELD_OUT: usize = 100;
/// With fewer training images per class, more of them help most.
const FEW_TRAINING_IMAGES: usize = 20;

/// Returns what to look at or to try, the most important first.
pub fn advice(findings: &Findings, config: &Config) -> Vec<String> {
    let all = [
        drawn,
        nothing_learned,
        few_test_images,
        few_training_images,
        dear_int8,
        overfitted,
        unfinished,
        no_thresholds,
        strangers_pass,
        rough_thresholds,
        loose_threshold,
        unseen_pairs,
        confused,
    ];
    all.into_iter().filter_map(|advice| advice(findings, config)).collect()
}

fn drawn(findings: &Findings, _: &Config) -> Option<String> {
    findings.data.drawn.then(|| {
        "These are digits that the program drew itself: train on real images, with `--data FOLDER` for your own or \
         with MNIST, which is downloaded where there is a network."
            .into()
    })
}

/// Returns advice where the loss stands at the margin, or rests on nothing.
fn nothing_learned(findings: &Findings, config: &Config) -> Option<String> {
    let training = &findings.training;
    let (last, lr) = (training.history.last()?, config.train.lr);
    let slower = format!("lower the learning rate (`--set train.lr={}`)", short(lr / 3.0));
    if training.history.iter().all(|row| row.mined < 1.0) {
        return Some(format!(
            "No step found any {} to learn from: raise the margin, or take another miner (`train.loss` in the recipe).",
            training.unit
        ));
    }
    let LossConfig::Triplet(triplet) = config.train.loss else { return None };
    let Margin::Hard(margin) = triplet.margin else { return None };
    if (last.loss - margin).abs() < STUCK * margin && grade(findings) == Grade::Poor {
        let mine = match (config.train.batch, triplet.miner.unwrap_or_default()) {
            (BatchConfig::Triplets(_), _) | (_, MinerConfig::SemiHard) => String::new(),
            _ => format!(
                ", or mine `semi_hard` for longer (`--set train.loss.triplet.warm_up={}`)",
                2 * triplet.warm_up.max(100)
            ),
        };
        return Some(format!(
            "The loss stands at {:.3}, the margin: all images have nearly the same embedding. {}{mine}.",
            last.loss,
            capital(&slower),
        ));
    }
    (last.mined < 1.0 && grade(findings) != Grade::Good).then(|| {
        format!(
            "In the end no {} broke the margin any more: raise it (`--set train.loss.triplet.margin={}`).",
            training.unit,
            2.0 * margin
        )
    })
}

fn few_test_images(findings: &Findings, config: &Config) -> Option<String> {
    let images = findings.data.test_images;
    (images < FEW_TEST_IMAGES).then(|| {
        let share = match config.data.test_share < LARGE_TEST_SHARE {
            true => format!(", or test with a larger share (`--set data.test_share={LARGE_TEST_SHARE}`)"),
            false => String::new(),
        };
        format!(
            "With {}, the true shares lie in the ranges in brackets with 95 % confidence, and one image is worth {:.1} \
             points: add images{share}.",
            count(images as u64, "test image"),
            100.0 / images.max(1) as f64
        )
    })
}

fn few_training_images(findings: &Findings, config: &Config) -> Option<String> {
    let data = &findings.data;
    let classes = data.classes.len().saturating_sub(data.unseen.len()).max(1);
    let each = data.train_images / classes;
    (each < FEW_TRAINING_IMAGES).then(|| {
        let augment = match config.train.augment {
            Some(_) => "or distort them more (`train.augment` in the recipe)",
            None => {
                "or distort them at random (`train.augment` in the recipe; `configs/default.toml` shows how)"
            }
        };
        format!("A class has {} to train on: add some, {augment}.", count(each as u64, "image"))
    })
}

fn dear_int8(findings: &Findings, config: &Config) -> Option<String> {
    let loss = int8_loss(findings);
    let layers =
        findings.net.layers.iter().enumerate().filter(|(_, layer)| !layer.signal_to_noise_db.is_nan());
    let (step, layer) =
        layers.min_by(|(_, a), (_, b)| a.signal_to_noise_db.total_cmp(&b.signal_to_noise_db))?;
    (loss > NOTABLE_INT8).then(|| {
        format!(
            "int8 costs {:.2} points, most of all in step {step} ({}), whose outputs are {:.0} dB above what it \
             rounds away: keep its weights even (`--set train.weight_decay={}`), or give it more channels in \
             `net.layers`.",
            100.0 * loss,
            layer.operation,
            layer.signal_to_noise_db,
            short((2.0 * config.train.weight_decay).clamp(0.01, 1.0))
        )
    })
}

fn overfitted(findings: &Findings, config: &Config) -> Option<String> {
    let rows = findings.training.history.iter().filter_map(|row| Some((row.step, row.precision_at_1?)));
    let (_, last) = rows.clone().next_back()?;
    let (step, best) = rows.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (best - last > CHANGED && config.train.patience.is_none()).then(|| {
        format!(
            "Held-out images were recognised best at step {} (P@1, nearest other held-out image: {}) and worse at the end ({}): stop in time \
             (`--set train.patience=5`), or distort images more (`train.augment`).",
            thousands(step as u64),
            percent(best),
            percent(last)
        )
    })
}

fn unfinished(findings: &Findings, config: &Config) -> Option<String> {
    let rows: Vec<f64> = findings.training.history.iter().filter_map(|row| row.precision_at_1).collect();
    let &[.., before, last] = rows.as_slice() else { return None };
    (last - before > CHANGED).then(|| {
        let longer = match (config.train.steps, config.train.epochs) {
            (Some(steps), _) => format!("train.steps={}", 2 * steps),
            (_, epochs) => format!("train.epochs={}", 2 * epochs.unwrap_or(1)),
        };
        format!(
            "Held-out images were still recognised better and better (P@1, nearest other held-out image: {}, then {}): train longer \
             (`--set {longer}`).",
            percent(before),
            percent(last)
        )
    })
}

/// Too many strangers were given a name by nets that did not know them.
fn strangers_pass(findings: &Findings, config: &Config) -> Option<String> {
    let rates = findings.data.strangers.filter(StrangerRates::strangers_pass)?;
    let [low, high] = rates.accepted_range().unwrap_or([0.0, 1.0]);
    let remedy = match &config.data.decoys {
        Some(_) => "add decoys of the kinds that pass",
        None => "add pictures of what else the camera sees (`--decoys FOLDER`)",
    };
    Some(format!(
        "Strangers will pass: of {} that a net had not been trained on, {} got a name (95 %: {} to {}): {remedy} \
         (docs/THRESHOLD.md).",
        count(rates.strangers as u64, "picture"),
        percent(rates.accepted),
        percent(low),
        percent(high)
    ))
}

/// Rates of the thresholds on few held-out images say little.
fn rough_thresholds(findings: &Findings, _: &Config) -> Option<String> {
    let images = findings.data.held_out_images;
    let are_calibrated = findings.int8.pairs.at_thresholds.is_some() && findings.data.strangers.is_none();
    (are_calibrated && images < FEW_HELD_OUT).then(|| {
        format!(
            "The thresholds for \"unknown\" come from {}, which is few: choose one with your own images \
             (docs/THRESHOLD.md).",
            count(images as u64, "held-out image")
        )
    })
}

fn no_thresholds(findings: &Findings, config: &Config) -> Option<String> {
    let without = findings.int8.pairs.at_thresholds.is_none();
    without.then(|| {
        let how = match config.train.hold_out {
            HoldOut::None if config.train.folds > 0 => {
                "the nets that tell strangers could not be asked about any; add images of each class"
            }
            HoldOut::None => "hold images out (`--set 'train.hold_out=\"images\"'`)",
            HoldOut::Images
                if findings.data.classes.len() - findings.data.unseen.len() < ENOUGH_CLASSES_TO_HOLD_OUT =>
            {
                "a threshold needs a class with 6 training images; add some"
            }
            HoldOut::Images => {
                "a threshold needs a class with 6 training images; add some, or hold whole classes out \
                 (`--set 'train.hold_out=\"classes\"'`)"
            }
            HoldOut::Classes => "the classes held out need 2 training images each; add some",
        };
        format!("The model has no threshold for \"unknown\", so a board names whatever it is shown: {how}.")
    })
}

fn loose_threshold(findings: &Findings, config: &Config) -> Option<String> {
    let at = findings.int8.pairs.at_thresholds?;
    let accepted = at.false_accept_1_percent.false_accept_rate;
    (accepted > LOOSE_THRESHOLD).then(|| {
        let how = match config.train.hold_out {
            HoldOut::Classes => "add classes",
            _ => "the images held out are too few or too much like each other; add images",
        };
        format!(
            "The threshold that should accept 1 % of different pairs accepts {} here: {how}.",
            percent(accepted)
        )
    })
}

/// Pairs of classes that were not trained on are told apart far worse.
fn unseen_pairs(findings: &Findings, config: &Config) -> Option<String> {
    let unseen = findings.int8.unseen.as_ref()?.pairs.equal_error_rate;
    let seen = findings.int8.pairs.equal_error_rate;
    (unseen > 2.0 * seen && unseen > 0.05).then(|| {
        let how = match config.train.turned_classes {
            true => "train on more classes: what helps is their number",
            false => {
                "train on more classes, or make eight of each by turning them (`--set train.turned_classes=true`), \
                 unless they may lie at any angle"
            }
        };
        format!(
            "Pairs of classes that it never saw are told apart with {} of errors, of those it was trained on with {}: \
             {how}.",
            percent(unseen),
            percent(seen)
        )
    })
}

fn confused(findings: &Findings, _: &Config) -> Option<String> {
    let confusion = &findings.confusion;
    let name = |place: usize| &findings.data.classes[usize::from(confusion.labels[place])];
    let pairs = trained_on(findings).flat_map(|(row, shares)| {
        let others = shares.iter().enumerate().filter(move |(column, _)| *column != row);
        others.map(move |(column, &share)| (row, column, share))
    });
    let (row, column, share) =
        pairs.filter(|(_, _, share)| *share > CONFUSED).max_by(|a, b| a.2.total_cmp(&b.2))?;
    let (weakest, right) = weakest_class(findings)?;
    Some(format!(
        "Most often, `{}` is taken for `{}` ({}); `{}` is recognised least ({}). Look at the mistakes: are they \
         labelled right? Then add training images of these classes.",
        name(row),
        name(column),
        percent(share),
        name(weakest),
        percent(right)
    ))
}

fn capital(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}
