//! Nets that are trained without some of the classes and decoys, to be asked about them: what a board makes of
//! strangers that its net has never seen.

use super::{data::training_data, train::in_their_words};
use crate::terminal::{Progress, interrupted};
use anyhow::{Context, Result};
use shared_model::{Distance, Model};
use std::{fs, io};
use tinytriplet_data::{Class, Dataset, Split, classes};
use tinytriplet_evaluation::{
    export::export,
    strangers::{Questions, StrangerRates},
};
use tinytriplet_recipe::{HoldOut, TrainConfig, ValidConfig};
use tinytriplet_report::{
    run_folder::{RunFolder, STRANGERS, unreadable},
    text::count,
};
use tinytriplet_training::{
    Device,
    train::{self, Observer, OtherNets, Start, train},
};

/// With fewer classes there is nothing to tell apart.
const FEWEST_CLASSES: usize = 2;

/// The data and the starting weights of a run. Each fold trains on a part of the data.
#[derive(Clone, Copy, Debug)]
pub struct Trainable<'a> {
    /// The run's data.
    pub data: &'a Dataset,
    /// Those of them that are trained on.
    pub seen: &'a Dataset,
    /// Decoys: pictures that every class is kept apart from.
    pub decoys: Option<&'a Split>,
    /// The nets that a training begins with or learns from.
    pub others: OtherNets<'a>,
}

/// The outcome of asking about strangers.
#[derive(Debug)]
pub enum Asked {
    /// All of them were asked.
    All(Questions),
    /// Ctrl-C ended them early.
    Interrupted {
        /// The number of nets that had been asked.
        nets: usize,
    },
}

/// Trains a net for each of the recipe's folds, on all but a part of the classes, of every other class's images,
/// and of the decoys, and asks it about that part, until Ctrl-C.
///
/// # Errors
/// Returns an error if one of them cannot be trained or exported.
pub fn questions(
    config: &ValidConfig,
    whole: &Trainable<'_>,
    skip_broken: bool,
    device: &Device,
) -> Result<Asked> {
    let folds = config.train.folds;
    let mut all = Questions::default();
    let mut progress = Progress::new("strangers", folds as u64, "nets");
    let shorter = shorter(config)?;
    for fold in 0..folds {
        progress.set(fold as u64, String::new);
        let asked = ask(&shorter, whole, (fold, folds), skip_broken, device);
        match asked.with_context(|| format!("net {} of {folds} about strangers", fold + 1))? {
            Some(answers) => all.add(answers),
            None => {
                progress.finish(&format!("{fold} of {}, interrupted", count(folds as u64, "net")));
                return Ok(Asked::Interrupted { nets: fold });
            }
        }
    }
    let [known, strangers] = [all.known.len(), all.strangers.len()].map(|number| number as u64);
    progress.finish(&format!(
        "{}, asked about {} of their classes and {} of others",
        count(folds as u64, "net"),
        count(known, "image"),
        count(strangers, "image")
    ));
    Ok(Asked::All(all))
}

/// Trains one of `folds` nets, and returns what it makes of what it was trained without; `None` after Ctrl-C.
fn ask(
    config: &ValidConfig,
    whole: &Trainable<'_>,
    (fold, folds): (usize, usize),
    skip_broken: bool,
    device: &Device,
) -> Result<Option<Questions>> {
    let &Trainable { data, seen, decoys, others } = whole;
    let Fold { trained_on, asked, strangers } = Fold::new(&seen.train, fold, folds);
    let is_of_fold = |index: &usize| index % folds == fold;
    let (left_out, kept): (Vec<usize>, Vec<usize>) = (0..decoys.map_or(0, Split::len)).partition(is_of_fold);
    let [left_out, kept] = [left_out, kept].map(|indices| decoys.map(|decoys| decoys.subset(&indices)));
    let strangers: Vec<&Split> = [Some(&strangers), left_out.as_ref()].into_iter().flatten().collect();
    let kept = kept.filter(|kept| !kept.is_empty());

    let part = Dataset { train: trained_on, ..seen.clone() };
    let training = training_data(&part.train, data, kept.as_ref(), skip_broken, config.seed, &config.data)?;
    let trained = train(config, &training, others, device, Start::New, &mut UntilInterrupted);
    let trained = trained.map_err(|error| in_their_words(error, &training, seen, &config.data))?;
    if interrupted() {
        return Ok(None);
    }
    let file = export(&trained.net.to_float_net(), config, &part, trained.images_seen, None, None)?;
    Ok(Some(Questions::ask(&Model::decode(&file)?, &part.train, &asked, &strangers)))
}

/// Returns the recipe of a fold's net: all of them together take as long as the training.
fn shorter(config: &ValidConfig) -> Result<ValidConfig> {
    let folds = config.train.folds;
    let mut config = config.clone().into_inner();
    let part = |number: usize| number.div_ceil(folds);
    config.train = TrainConfig {
        steps: config.train.steps.map(part),
        epochs: config.train.epochs.map(part),
        folds: 0,
        patience: None,
        hold_out: HoldOut::None,
        ..config.train
    };
    Ok(config.validate("train.folds")?)
}

/// What a fold's net is trained on and asked about.
struct Fold {
    trained_on: Split,
    /// Other images of the same classes.
    asked: Split,
    /// All images of the classes that it is trained without.
    strangers: Split,
}

impl Fold {
    fn new(split: &Split, fold: usize, folds: usize) -> Self {
        let all = classes(split.labels());
        let is_left_out = |place: usize| place % folds == fold;
        let kept = (0..all.len()).filter(|&place| !is_left_out(place)).count();
        let (mut trained_on, mut asked, mut strangers) = (Vec::new(), Vec::new(), Vec::new());
        for (place, class) in all.iter().enumerate() {
            if kept >= FEWEST_CLASSES && is_left_out(place) {
                strangers.extend_from_slice(&class.images);
                continue;
            }
            let may_ask = may_ask(class, folds);
            for (nth, &image) in class.images.iter().enumerate() {
                (if may_ask && nth % folds == fold { &mut asked } else { &mut trained_on }).push(image);
            }
        }
        let [trained_on, asked, strangers] =
            [trained_on, asked, strangers].map(|indices| split.subset(&indices));
        Self { trained_on, asked, strangers }
    }
}

/// Ends a training when the user wants it to.
struct UntilInterrupted;

impl Observer for UntilInterrupted {
    fn step(&mut self, _: &train::Progress) {}

    fn row(&mut self, _: &[tinytriplet_evaluation::history::HistoryRow]) {}

    fn interrupted(&self) -> bool {
        interrupted()
    }
}

/// Returns the questions that a run has been asked; `None` if it has none.
///
/// # Errors
/// Returns an error if its file cannot be read.
pub fn read(run: &RunFolder) -> Result<Option<Questions>> {
    let path = run.file(STRANGERS);
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => {
            let read = read.map_err(anyhow::Error::from).and_then(|text| Ok(serde_json::from_slice(&text)?));
            read.map(Some).map_err(|error| {
                let advice = "Copy the run again, or remove this file: a model that is exported then has no thresholds \
                              from nets that were asked about strangers";
                unreadable(&path, error, advice)
            })
        }
    }
}

/// Writes the questions to a run's folder.
///
/// # Errors
/// Returns an error if they cannot be written.
pub fn write(run: &RunFolder, questions: &Questions) -> Result<()> {
    run.write(STRANGERS, (serde_json::to_string(questions)? + "\n").as_bytes())
}

/// Returns the lines of a run's summary about strangers.
pub fn lines(questions: &Questions, distance: Distance, has_decoys: bool) -> String {
    let mut text = "\nstrangers: nets that were trained without some of the classes and decoys\n".to_owned();
    let own = questions.of_folds(distance);
    text += &table(&own, &questions.accepting_1_percent());
    if own.strangers_pass() {
        let advice = match has_decoys {
            true => "Add decoys of the kinds that pass, or take far1",
            false => "Add pictures of what else the camera sees: --decoys FOLDER",
        };
        text += &format!("STRANGERS WILL PASS. {advice}\n(docs/THRESHOLD.md)\n");
    }
    text
}

/// Returns the rates at both thresholds, with their ranges.
pub fn table(equal_error: &StrangerRates, strict: &StrangerRates) -> String {
    let mut text = "threshold          own things, named right    strangers, given a name\n".to_owned();
    let share = |share: f64, of: usize, range: Option<[f64; 2]>| {
        let [low, high] = range.unwrap_or([0.0, 1.0]).map(|end| 100.0 * end);
        format!("{:.0} of {of} ({low:.0} to {high:.0} %)", share * of as f64)
    };
    for (name, rates) in [("eer", equal_error), ("far1", strict)] {
        let &StrangerRates { threshold, known, known_right, strangers, accepted } = rates;
        let right = share(known_right, known, rates.known_right_range());
        let accepted = share(accepted, strangers, rates.accepted_range());
        text += &format!("{name:<7}{threshold:>9.4}   {right:<27}{accepted}\n");
    }
    text + "in brackets: where the true share probably lies (95 %)\n"
}

/// Returns true if a class has images enough to be asked about by one of `folds` nets: a pair is left to train on.
fn may_ask(class: &Class, folds: usize) -> bool {
    class.images.len() - class.images.len().div_ceil(folds) >= 2
}

/// Returns true if there is something that so many folds can leave out, and a class that they can be asked about.
pub fn may_fold(seen: &Dataset, decoys: Option<&Split>, folds: usize) -> bool {
    let may_leave_out = decoys.is_some() || seen.class_count() > FEWEST_CLASSES;
    folds > 0 && may_leave_out && classes(seen.train.labels()).iter().any(|class| may_ask(class, folds))
}

/// Returns true if a run is to have folds: if its recipe does not have whole classes calibrate it.
pub fn are_wanted(config: &ValidConfig) -> bool {
    config.train.folds > 0 && config.train.hold_out != HoldOut::Classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinytriplet_data::{Label, drawn};
    use tinytriplet_recipe::Config;

    #[test]
    fn every_class_is_left_out_once_and_no_image_is_both() {
        let labels: Vec<Label> = [2, 4, 7].into_iter().flat_map(|label| [label; 6]).collect();
        let split = Split::new(1, 1, (0..18).collect(), labels).unwrap();
        let mut left_out = Vec::new();
        for fold in 0..3 {
            let Fold { trained_on, asked, strangers } = Fold::new(&split, fold, 3);
            assert_eq!([trained_on.len(), asked.len(), strangers.len()], [8, 4, 6]);
            assert!(
                trained_on
                    .images()
                    .all(|image| asked.images().chain(strangers.images()).all(|one| one != image))
            );
            assert_eq!(classes(trained_on.labels()).len(), 2);
            left_out.push(strangers.label(0));
        }
        assert_eq!(left_out, [2, 4, 7]);
        // Two classes are needed, so none is left out.
        let Fold { trained_on, asked, strangers } = Fold::new(&split.subset(&[0, 1, 2, 6, 7]), 0, 2);
        assert_eq!([trained_on.len(), asked.len(), strangers.len()], [5, 0, 0]);
    }

    #[test]
    fn folds_take_something_to_leave_out_and_a_class_to_ask_about() {
        let data = |classes: Label, images: usize| {
            let labels: Vec<Label> = (0..classes).flat_map(|label| vec![label; images]).collect();
            let train = Split::new(1, 1, vec![0; labels.len()], labels).unwrap();
            Dataset { test: train.subset(&[]), train, ..drawn::dataset(1, 1, 1) }
        };
        assert!(may_fold(&data(3, 3), None, 3));
        assert!(!may_fold(&data(3, 2), None, 3) && !may_fold(&data(3, 3), None, 2));
        assert!(may_fold(&data(3, 4), None, 2) && !may_fold(&data(3, 4), None, 0));
        let two = data(2, 3);
        assert!(!may_fold(&two, None, 3) && may_fold(&two, Some(&two.train), 3));
        assert!(!may_fold(&data(2, 2), Some(&two.train), 3));
    }

    #[test]
    fn an_error_names_the_net_and_the_class() {
        let mut config = Config::preset("tiny").unwrap();
        config.train.folds = 3;
        let config = config.validate("tiny").unwrap();
        let data = drawn::dataset(1, 3, 1);
        let four = data.train.labels().iter().position(|&label| label == 4).unwrap();
        let kept: Vec<usize> =
            (0..data.train.len()).filter(|&i| data.train.label(i) != 4 || i == four).collect();
        let data = Dataset { train: data.train.subset(&kept), ..data };
        let whole = Trainable { data: &data, seen: &data, decoys: None, others: OtherNets::default() };
        let error = questions(&config, &whole, false, &Device::flex()).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.starts_with("net 1 of 3 about strangers: "), "{error}");
        assert!(error.contains("class 4 is `4`: class 4 has 1 training image,"), "{error}");
    }

    #[test]
    fn strangers_that_pass_are_told() {
        let questions =
            |stranger| Questions { known: vec![Some(0.1); 9], strangers: vec![Some(stranger); 9] };
        let lines = |stranger, distance, has_decoys| lines(&questions(stranger), distance, has_decoys);
        let text = lines(0.5, Distance::SquaredL2, false);
        assert!(text.contains("\neer       0.2000   9 of 9 (70 to 100 %)"), "{text}");
        assert!(text.contains("0 of 9 (0 to 30 %)") && !text.contains("PASS"), "{text}");
        assert!(lines(0.05, Distance::SquaredL2, false).contains("STRANGERS WILL PASS. Add pictures"));
        assert!(lines(0.05, Distance::Cosine, true).contains("Add decoys"));
    }
}
