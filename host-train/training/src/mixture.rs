//! Batches of several sources: the run's own images, others, characters that are made up, and decoys.

use crate::{
    dihedral::Dihedral,
    sampler::{Sampler, sampler},
    train::error::TrainError,
};
use tinytriplet_data::{
    Class, Label, PartImages, Rng, Split, TrainingData, Triplet, characters::Characters, classes, piece,
};
use tinytriplet_recipe::{BalancedConfig, BatchConfig, LossConfig, TrainConfig};

/// An image of a batch: which part's, and which of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// One in memory, as [`Dihedral`] numbers them.
    Stored {
        /// Place of the part.
        part: usize,
        /// Its number.
        number: usize,
    },
    /// One that is made up.
    MadeUp {
        /// Place of the part.
        part: usize,
        /// The character.
        character: u64,
        /// The drawing of it.
        drawing: u64,
    },
    /// A decoy.
    Decoy {
        /// Its number.
        number: usize,
    },
    /// A decoy that is pieced together.
    Pieced {
        /// Its number, of all in the training.
        number: u64,
    },
}

/// The batch of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MixedBatch {
    /// The images.
    pub images: Vec<Image>,
    /// Their labels: the same for images of one class, of one part.
    pub labels: Vec<Label>,
    /// Indices into `images`, where the sampler chose the triplets as well.
    pub triplets: Option<Vec<Triplet>>,
}

/// An endless source of batches, each of which has classes of every part by its share.
pub struct Mixture<'a> {
    parts: Vec<Part<'a>>,
    class_labels: Vec<Label>,
    decoys: Option<Negatives<'a>>,
    pieced: Option<Pieced<'a>>,
}

/// Decoys: each is in a batch once, so that it has no positive, and is a negative of everything else.
struct Negatives<'a> {
    split: &'a Split,
    first_label: Label,
    /// The order in which they come, and how many of them have.
    order: Vec<usize>,
    used: usize,
    rng: Rng,
}

/// Decoys that are pieced together from the run's own images.
struct Pieced<'a> {
    split: &'a Split,
    images: Vec<usize>,
    first_label: Label,
    per_batch: usize,
    /// Those made so far.
    made: u64,
    rng: Rng,
}

/// A source of images, and its share of a batch.
enum Part<'a> {
    Stored { split: &'a Split, turns: Dihedral, first_label: Label, sampler: Box<dyn Sampler> },
    MadeUp(MadeUp),
}

/// Characters, some new ones for each batch.
struct MadeUp {
    characters: Characters,
    first_label: Label,
    per_batch: u64,
    images_per_class: u64,
    /// Batches made so far.
    batches: u64,
}

impl<'a> Mixture<'a> {
    /// Returns batches of `data` as `config` wants them; `own` are the classes of its own images that may
    /// be trained on.
    ///
    /// # Errors
    /// Returns [`TrainError::Data`] if a part has too few classes or images, and
    /// [`TrainError::TooManyClasses`] if all parts and decoys together have more classes than labels.
    pub fn new(
        config: &TrainConfig,
        data: &'a TrainingData<'a>,
        own: &[Class],
        rng: &Rng,
    ) -> Result<Self, TrainError> {
        let mut mixture = Self {
            parts: Vec::with_capacity(data.parts.len()),
            class_labels: Vec::new(),
            decoys: None,
            pieced: None,
        };
        let mut first_label = 0;
        for (place, part) in data.parts.iter().enumerate() {
            let config = &TrainConfig { batch: share(config.batch, &data.parts, place), ..*config };
            let rng = if place == 0 { rng.clone() } else { rng.stream(place as u64) };
            let (split, classes) = match &part.images {
                PartImages::Own => (data.own, own.to_vec()),
                PartImages::Others(split) => (split, classes(split.labels())),
                PartImages::Characters(characters) => {
                    let made_up = MadeUp::new(characters.clone(), first_label, config)?;
                    first_label += made_up.per_batch as usize;
                    mixture.parts.push(Part::MadeUp(made_up));
                    continue;
                }
            };
            let turns = if config.turned_classes { Dihedral::all(split) } else { Dihedral::none(split) };
            let too_many =
                TrainError::TooManyClasses { field: "train.turned_classes", advice: "leave it out" };
            let classes = turns.classes(&classes).ok_or(too_many)?;
            for class in &classes {
                mixture.class_labels.push(label_of_source(first_label + usize::from(class.label))?);
            }
            let next = classes.last().map_or(0, |class| usize::from(class.label) + 1);
            let sampler = sampler(config, classes, rng).map_err(|reason| TrainError::Data {
                part: place,
                reason: reason.with_label(|label| turns.origin(label)),
            })?;
            let part = Part::Stored { split, turns, first_label: label_of_source(first_label)?, sampler };
            mixture.parts.push(part);
            first_label += next;
        }
        if let Some(split) = data.decoys {
            let label = |number| label(number, "data.decoys", "take fewer pictures");
            let (first, last) = (label(first_label)?, label(first_label + split.len() - 1)?);
            mixture.class_labels.extend(first..=last);
            mixture.decoys = Some(Negatives {
                split,
                first_label: first,
                order: (0..split.len()).collect(),
                used: usize::MAX,
                rng: rng.stream(DECOYS),
            });
            first_label += split.len();
        }
        if config.pieced > 0 {
            let images = own.iter().flat_map(|class| &class.images).copied().collect();
            let label = |number| label(number, "train.pieced", "lower it");
            label(first_label + config.pieced - 1)?;
            mixture.pieced = Some(Pieced {
                split: data.own,
                images,
                first_label: label(first_label)?,
                per_batch: config.pieced,
                made: 0,
                rng: rng.stream(PIECED),
            });
        }
        Ok(mixture)
    }

    /// Returns the labels of all classes in memory, turned ones included, ascending.
    pub fn class_labels(&self) -> &[Label] {
        &self.class_labels
    }

    /// Returns the next batch.
    pub fn batch(&mut self) -> MixedBatch {
        let mut batch = MixedBatch::default();
        for (place, part) in self.parts.iter_mut().enumerate() {
            match part {
                Part::Stored { sampler, first_label, .. } => {
                    let of_part = sampler.batch();
                    let before = batch.images.len();
                    let stored = |number| Image::Stored { part: place, number };
                    batch.images.extend(of_part.images.into_iter().map(stored));
                    batch.labels.extend(of_part.labels.into_iter().map(|label| *first_label + label));
                    if let Some(triplets) = of_part.triplets {
                        let behind = triplets.into_iter().map(|triplet| triplet.behind(before));
                        batch.triplets.get_or_insert_default().extend(behind);
                    }
                }
                Part::MadeUp(made_up) => made_up.add(place, &mut batch),
            }
        }
        if let Some(decoys) = &mut self.decoys {
            decoys.add(&mut batch);
        }
        if let Some(pieced) = &mut self.pieced {
            pieced.add(&mut batch);
        }
        batch
    }

    /// Returns the number of batches in a pass over the images in memory; `None` where there are none.
    pub fn batches_per_epoch(&self) -> Option<usize> {
        let of_part = |part: &Part<'_>| match part {
            Part::Stored { sampler, .. } => Some(sampler.batches_per_epoch()),
            Part::MadeUp(_) => None,
        };
        self.parts.iter().filter_map(of_part).max()
    }

    /// Gives the pixels of an image to `take`, turned where they are; `turned` is memory for that.
    pub fn with_pixels<T>(&self, image: Image, turned: &mut Vec<u8>, take: impl FnOnce(&[u8]) -> T) -> T {
        match image {
            Image::Stored { part, number } => match &self.parts[part] {
                Part::Stored { split, turns, .. } => take(turns.image(split, number, turned)),
                Part::MadeUp(_) => unreachable!("it has no images in memory"),
            },
            Image::MadeUp { part, character, drawing } => match &self.parts[part] {
                Part::MadeUp(made_up) => take(&made_up.characters.draw(character, drawing)),
                Part::Stored { .. } => unreachable!("it makes nothing up"),
            },
            Image::Decoy { number } => match &self.decoys {
                Some(decoys) => take(decoys.split.image(number)),
                None => unreachable!("no batch has decoys where there are none"),
            },
            Image::Pieced { number } => match &self.pieced {
                Some(Pieced { split, images, rng, .. }) => {
                    take(&piece(split, images, &mut rng.stream(number)))
                }
                None => unreachable!("no batch has pieced ones where there are none"),
            },
        }
    }
}

/// Streams of random numbers that no part has.
const DECOYS: u64 = 1 << 32;
const PIECED: u64 = DECOYS + 1;

impl Negatives<'_> {
    /// Adds as many decoys as there are other images, or all where they are fewer.
    fn add(&mut self, batch: &mut MixedBatch) {
        let count = batch.images.len().min(self.order.len());
        // What is left of a round but too little is skipped, so that none is in a batch twice.
        if self.order.len().saturating_sub(self.used) < count {
            self.rng.shuffle(&mut self.order);
            self.used = 0;
        }
        for &number in &self.order[self.used..self.used + count] {
            batch.images.push(Image::Decoy { number });
            batch.labels.push(self.first_label + number as Label);
        }
        self.used += count;
    }
}

impl Pieced<'_> {
    fn add(&mut self, batch: &mut MixedBatch) {
        for at in 0..self.per_batch {
            batch.images.push(Image::Pieced { number: self.made + at as u64 });
            batch.labels.push(self.first_label + at as Label);
        }
        self.made += self.per_batch as u64;
    }
}

impl MadeUp {
    fn new(characters: Characters, first_label: usize, config: &TrainConfig) -> Result<Self, TrainError> {
        let endless = |field, advice| Err(TrainError::Endless { field, advice });
        let BatchConfig::Balanced(BalancedConfig { classes, images_per_class }) = config.batch else {
            return endless("train.batch.triplets", "take train.batch.balanced");
        };
        if config.epochs.is_some() {
            return endless("train.epochs", "set train.steps instead");
        }
        if let LossConfig::Proxies(_) = config.loss {
            return endless("train.loss.proxies", "take another loss, such as multi_similarity");
        }
        label_of_source(first_label + classes - 1)?;
        let first_label = label_of_source(first_label)?;
        let [per_batch, images_per_class] = [classes, images_per_class].map(|number| number as u64);
        Ok(Self { characters, first_label, per_batch, images_per_class, batches: 0 })
    }

    /// Adds the next characters to a batch. Every drawing of all the training is another one.
    fn add(&mut self, part: usize, batch: &mut MixedBatch) {
        for at in 0..self.per_batch {
            let number = self.batches * self.per_batch + at;
            let character = self.characters.count().map_or(number, |count| number % count);
            for nth in 0..self.images_per_class {
                let drawing = self.batches * self.images_per_class + nth;
                batch.images.push(Image::MadeUp { part, character, drawing });
                batch.labels.push(self.first_label + at as Label);
            }
        }
        self.batches += 1;
    }
}

/// Returns the label of this number, which the field of the config led to.
fn label(number: usize, field: &'static str, advice: &'static str) -> Result<Label, TrainError> {
    Label::try_from(number).map_err(|_| TrainError::TooManyClasses { field, advice })
}

/// Returns the label of this number, of a class of a source.
fn label_of_source(number: usize) -> Result<Label, TrainError> {
    label(number, "data.mixture", "leave a source out")
}

/// Returns the part of a batch that the data's part at `place` gives: its share of the classes, at
/// least one.
fn share(batch: BatchConfig, parts: &[tinytriplet_data::Part], place: usize) -> BatchConfig {
    let until = |end: usize| parts[..end].iter().map(|part| part.share).sum::<f64>();
    let whole = until(parts.len());
    let of = |count: usize| {
        let place_of = |end: usize| (count as f64 * until(end) / whole).round() as usize;
        (place_of(place + 1) - place_of(place)).max(1)
    };
    match batch {
        BatchConfig::Balanced(BalancedConfig { classes, images_per_class }) => {
            BatchConfig::Balanced(BalancedConfig { classes: of(classes), images_per_class })
        }
        BatchConfig::Triplets(count) => BatchConfig::Triplets(of(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::SamplerError;
    use std::collections::BTreeSet;
    use tinytriplet_data::Part as DataPart;
    use tinytriplet_recipe::{CharactersConfig, Config, ValidConfig};

    /// Batches of 8 classes of 3 images, which nothing distorts, unless the changes say otherwise.
    fn config(changes: &[&str]) -> ValidConfig {
        let always =
            ["train.augment =", "train.batch = { balanced = { classes = 8, images_per_class = 3 } }"];
        let changes: Vec<String> = always.iter().chain(changes).map(ToString::to_string).collect();
        let config = Config::preset("default").unwrap().with(&changes).unwrap();
        config.validate("test").unwrap()
    }

    fn split(side: usize, labels: &[Label]) -> Split {
        Split::new(side, side, vec![7; side * side * labels.len()], labels.to_vec()).unwrap()
    }

    fn characters(classes: Option<u64>) -> PartImages {
        let config = CharactersConfig { classes, ..CharactersConfig::default() };
        PartImages::Characters(Characters::new(&config, 1))
    }

    fn parts(images: Vec<(PartImages, f64)>) -> Vec<DataPart> {
        images.into_iter().map(|(images, share)| DataPart { images, share }).collect()
    }

    /// Of 8 classes, 2 to 1 to 1. The first part has labels 0 and 5, so the next one's begin with 6, and
    /// the characters' after that one's 0 and 1.
    #[test]
    fn every_part_gives_its_share_and_labels_of_its_own() {
        let own = split(28, &[0, 0, 0, 5, 5, 5]);
        let others = split(28, &[1, 1, 1, 0, 0, 0]);
        let images = vec![(PartImages::Own, 1.0), (PartImages::Others(others), 1.0), (characters(None), 2.0)];
        let data = TrainingData { own: &own, parts: parts(images), decoys: None };
        let config = config(&[]);
        let mut mixture = Mixture::new(&config.train, &data, &classes(own.labels()), &Rng::new(1)).unwrap();
        assert_eq!(mixture.class_labels(), [0, 5, 6, 7]);
        assert_eq!(mixture.batches_per_epoch(), Some(1));
        let batch = mixture.batch();
        assert_eq!(batch.labels.len(), 8 * 3);
        let (stored, made_up) = batch.labels.split_at(4 * 3);
        assert_eq!(stored.iter().collect::<BTreeSet<_>>().len(), 4);
        let expected: Vec<Label> = (8..12).flat_map(|label| [label; 3]).collect();
        assert_eq!(made_up, expected);
        for (image, label) in batch.images.iter().zip(&batch.labels) {
            let part = match image {
                Image::Stored { part, .. } | Image::MadeUp { part, .. } => *part,
                Image::Decoy { .. } | Image::Pieced { .. } => panic!("{image:?}"),
            };
            assert_eq!(part, [0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2][usize::from(*label)]);
        }
        let first = |image| mixture.with_pixels(image, &mut Vec::new(), <[u8]>::to_vec);
        assert_eq!(first(batch.images[0]), [7; 784]);
        assert!(first(batch.images[12]).iter().any(|&pixel| pixel > 150));
        assert_ne!(first(batch.images[12]), first(batch.images[13]));
    }

    #[test]
    fn triplets_are_of_the_part_that_chose_them() {
        let own = split(28, &[0, 0, 0, 5, 5, 5]);
        let others = split(28, &[1, 1, 1, 0, 0, 0]);
        let images = vec![(PartImages::Own, 1.0), (PartImages::Others(others), 1.0)];
        let data = TrainingData { own: &own, parts: parts(images), decoys: None };
        let config =
            config(&["train.batch = { triplets = 4 }", "train.loss = { triplet = { margin = 0.2 } }"]);
        let mut mixture = Mixture::new(&config.train, &data, &classes(own.labels()), &Rng::new(1)).unwrap();
        let MixedBatch { images, labels, triplets } = mixture.batch();
        let triplets = triplets.unwrap();
        let of_image = triplets.iter().flat_map(|t| [t.anchor, t.positive, t.negative]);
        assert_eq!(of_image.collect::<BTreeSet<_>>(), (0..images.len()).collect());
        assert_eq!(images.len(), 2 * 2 * 3, "half of the triplets from each part");
        let part = |image: usize| match images[image] {
            Image::Stored { part, .. } => part,
            other => panic!("{other:?}"),
        };
        for Triplet { anchor, positive, negative } in triplets {
            assert_eq!(labels[anchor], labels[positive]);
            assert_ne!(labels[anchor], labels[negative]);
            assert_eq!(part(anchor), part(negative));
        }
    }

    #[test]
    fn decoys_are_negatives_of_everything() {
        let own = split(28, &[0, 0, 0, 5, 5, 5]);
        let others = Split::new(28, 28, (0..5).flat_map(|at| [at; 784]).collect(), vec![0; 5]).unwrap();
        let data = TrainingData { decoys: Some(&others), ..TrainingData::from(&own) };
        let config = config(&["train.pieced = 2"]);
        let mut mixture = Mixture::new(&config.train, &data, &classes(own.labels()), &Rng::new(1)).unwrap();
        assert_eq!(mixture.class_labels(), [0, 5, 6, 7, 8, 9, 10]);
        let mut met = BTreeSet::new();
        for _ in 0..3 {
            let batch = mixture.batch();
            // Two classes of three, all decoys, and two that are pieced together.
            let (labels, alone) = batch.labels.split_at(2 * 3);
            assert_eq!(labels.iter().collect::<BTreeSet<_>>().len(), 2);
            assert_eq!(alone.iter().copied().collect::<BTreeSet<_>>(), (6..13).collect());
            for (image, label) in batch.images.iter().zip(&batch.labels).skip(6) {
                match *image {
                    Image::Decoy { number } => {
                        assert_eq!(usize::from(*label), 6 + number);
                        let of_decoy = mixture.with_pixels(*image, &mut Vec::new(), <[u8]>::to_vec);
                        assert_eq!(of_decoy, [number as u8; 784]);
                    }
                    Image::Pieced { number } => assert!(met.insert(number)),
                    _ => panic!("{image:?}"),
                }
            }
        }
        assert_eq!(met.len(), 6);
    }

    /// More decoys than other images take turns.
    #[test]
    fn all_decoys_come() {
        let own = split(28, &[0, 0, 1, 1]);
        let others = split(28, &[0; 20]);
        let data = TrainingData { decoys: Some(&others), ..TrainingData::from(&own) };
        let config = config(&["train.batch = { balanced = { classes = 2, images_per_class = 2 } }"]);
        let mut mixture = Mixture::new(&config.train, &data, &classes(own.labels()), &Rng::new(1)).unwrap();
        let labels: Vec<Label> = (0..5).flat_map(|_| mixture.batch().labels.split_off(4)).collect();
        assert_eq!(labels.len(), 20);
        assert_eq!(labels.into_iter().collect::<BTreeSet<_>>().len(), 20);
    }

    #[test]
    fn every_batch_has_characters_that_no_other_has() {
        let own = split(28, &[0, 1]);
        let of = |classes, batches| {
            let data =
                TrainingData { own: &own, parts: parts(vec![(characters(classes), 1.0)]), decoys: None };
            let config = config(&[]);
            let mut mixture = Mixture::new(&config.train, &data, &[], &Rng::new(1)).unwrap();
            assert_eq!(mixture.batches_per_epoch(), None);
            let images: Vec<_> = (0..batches).flat_map(|_| mixture.batch().images).collect();
            let numbers = images.into_iter().map(|image| match image {
                Image::MadeUp { character, drawing, .. } => (character, drawing),
                _ => panic!("{image:?} is in memory"),
            });
            numbers.collect::<Vec<_>>()
        };
        let endless: BTreeSet<_> = of(None, 5).into_iter().map(|(character, _)| character).collect();
        assert_eq!(endless.len(), 40);
        let limited = of(Some(12), 5);
        assert_eq!(limited.iter().map(|(character, _)| character).collect::<BTreeSet<_>>().len(), 12);
        assert_eq!(limited.iter().collect::<BTreeSet<_>>().len(), 120, "no drawing comes again");
    }

    /// The label is the class's own, also where turned classes have others.
    #[test]
    fn a_class_that_is_too_small_is_named_with_its_part() {
        let own = split(28, &[0, 0, 0, 5, 5, 5]);
        let others = split(28, &[0, 0, 0, 3]);
        let images = vec![(PartImages::Own, 1.0), (PartImages::Others(others), 1.0)];
        let data = TrainingData { own: &own, parts: parts(images), decoys: None };
        for changes in [&[][..], &["train.turned_classes = true"]] {
            let config = config(changes);
            let error = Mixture::new(&config.train, &data, &classes(own.labels()), &Rng::new(1)).err();
            let reason = SamplerError::TooFewImages { label: 3, images: 1, needed: 3 };
            assert_eq!(error, Some(TrainError::Data { part: 1, reason }), "{changes:?}");
        }
    }

    #[test]
    fn what_makes_too_many_classes_is_named() {
        let error = |labels: usize, others: Option<Split>, decoys: Option<Split>, changes: &[&str]| {
            let classes = (0..labels).map(|label| Class { label: label as Label, images: vec![0, 1, 2] });
            let own = split(1, &[0, 0, 0]);
            let others = others.map(|split| (PartImages::Others(split), 1.0));
            let images = std::iter::once((PartImages::Own, 1.0)).chain(others).collect();
            let data = TrainingData { own: &own, parts: parts(images), decoys: decoys.as_ref() };
            let mixture =
                Mixture::new(&config(changes).train, &data, &classes.collect::<Vec<_>>(), &Rng::new(1));
            mixture.err().map(|error| error.to_string())
        };
        let others = || Some(split(1, &[0, 0, 0, 1, 1, 1]));
        let decoys = |count| Some(split(1, &vec![0; count]));
        let (pieced, turned) = ("train.pieced = 2", "train.turned_classes = true");
        let told = |with| Some(format!("with {with}"));
        assert_eq!(
            error(8193, None, None, &[turned]),
            told(
                "train.turned_classes, the classes and decoys in training are more than 65536; leave it out"
            )
        );
        assert_eq!(
            error(65_535, others(), None, &[]),
            told("data.mixture, the classes and decoys in training are more than 65536; leave a source out")
        );
        assert_eq!(
            error(65_535, None, decoys(2), &[]),
            told("data.decoys, the classes and decoys in training are more than 65536; take fewer pictures")
        );
        assert_eq!(
            error(65_535, None, None, &[pieced]),
            told("train.pieced, the classes and decoys in training are more than 65536; lower it")
        );
        assert_eq!(error(65_534, others(), None, &[]), None);
        assert_eq!(error(65_534, None, decoys(2), &[]), None);
        assert_eq!(error(65_534, None, None, &[pieced]), None);
    }

    #[test]
    fn what_needs_classes_that_come_again_is_refused() {
        let own = split(28, &[0, 1]);
        let data = TrainingData { own: &own, parts: parts(vec![(characters(None), 1.0)]), decoys: None };
        for (change, field) in [
            (&["train.loss = { proxies = {} }"][..], "train.loss.proxies"),
            (&["train.steps =", "train.epochs = 2"], "train.epochs"),
            (
                &["train.batch = { triplets = 32 }", "train.loss = { triplet = { margin = 0.2 } }"],
                "train.batch.triplets",
            ),
        ] {
            let config = config(change);
            let error = Mixture::new(&config.train, &data, &[], &Rng::new(1)).err().unwrap().to_string();
            assert!(error.starts_with(&format!("{field} needs classes that come again")), "{error}");
        }
    }
}
