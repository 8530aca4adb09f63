//! Which images a training step sees.

use thiserror::Error;
use tinytriplet_data::{Class, Label, Rng, Triplet, names::counted, origin_triplets};
use tinytriplet_recipe::{BatchConfig, TrainConfig};

/// The batch of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Indices into the data set.
    pub images: Vec<usize>,
    /// Their labels.
    pub labels: Vec<Label>,
    /// Indices into `images`, where the sampler chose the triplets as well; otherwise they are
    /// mined.
    pub triplets: Option<Vec<Triplet>>,
}

/// An endless source of batches.
pub trait Sampler: Sync {
    /// Returns the next batch.
    fn batch(&mut self) -> Batch;

    /// Returns the number of batches in a pass over the data.
    fn batches_per_epoch(&self) -> usize;
}

/// Returns the sampler that a config asks for, over these classes.
///
/// # Errors
/// Returns [`SamplerError`] if there are too few classes, or too few images of one.
pub fn sampler(
    config: &TrainConfig,
    classes: Vec<Class>,
    rng: Rng,
) -> Result<Box<dyn Sampler>, SamplerError> {
    Ok(match config.batch {
        BatchConfig::Balanced(batch) => {
            // A distorted image may be seen twice in a batch: it is another image each time.
            let distinct = if config.augment.is_some() { 2 } else { batch.images_per_class };
            Box::new(BalancedSampler::new(classes, batch.classes, batch.images_per_class, distinct, rng)?)
        }
        BatchConfig::Triplets(size) => Box::new(TripletSampler::new(&classes, size, rng)?),
    })
}

/// The reason why a data set cannot be sampled.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SamplerError {
    /// There is nothing to tell apart.
    #[error("the training data have {}, and triplets need 2 or more: add images of another class", counted(*.0, "class"))]
    TooFewClasses(usize),
    /// A class has fewer images than a batch takes of it.
    #[error(
        "class {label} has {}, but {needed} are needed; add images, or leave the class out{}",
        counted(*images, "training image"), fewer(*images)
    )]
    TooFewImages {
        /// The class.
        label: Label,
        /// Its images.
        images: usize,
        /// The images that are needed.
        needed: usize,
    },
}

impl SamplerError {
    /// Returns the same, about another class.
    #[must_use]
    pub(crate) fn with_label(self, other: impl Fn(Label) -> Label) -> Self {
        match self {
            Self::TooFewClasses(_) => self,
            Self::TooFewImages { label, images, needed } => {
                Self::TooFewImages { label: other(label), images, needed }
            }
        }
    }
}

/// Returns more advice, for a class that has pairs.
fn fewer(images: usize) -> String {
    match images {
        0 | 1 => String::new(),
        _ => format!(", set train.batch.balanced.images_per_class to {images}, or switch train.augment on"),
    }
}

fn check(classes: &[Class], needed: usize) -> Result<(), SamplerError> {
    if classes.len() < 2 {
        return Err(SamplerError::TooFewClasses(classes.len()));
    }
    match classes.iter().find(|class| class.images.len() < needed) {
        Some(Class { label, images }) => {
            Err(SamplerError::TooFewImages { label: *label, images: images.len(), needed })
        }
        None => Ok(()),
    }
}

/// P × K batches (Hermans, Beyer and Leibe 2017): `per_batch` random classes, or all where there
/// are fewer, with `images_per_class` images each. Every class is gone through in random order
/// before it begins again.
pub struct BalancedSampler {
    /// Images in random order, and how many of them have been used.
    classes: Vec<(Class, usize)>,
    per_batch: usize,
    images_per_class: usize,
    rng: Rng,
}

impl BalancedSampler {
    /// Creates a sampler over `classes`, each of which has at least `distinct` images.
    ///
    /// # Errors
    /// Returns [`SamplerError::TooFewClasses`] if there are fewer than two classes, and
    /// [`SamplerError::TooFewImages`] if one has fewer images.
    pub fn new(
        classes: Vec<Class>,
        per_batch: usize,
        images_per_class: usize,
        distinct: usize,
        rng: Rng,
    ) -> Result<Self, SamplerError> {
        check(&classes, distinct)?;
        let per_batch = per_batch.min(classes.len());
        let classes = classes.into_iter().map(|class| (class, usize::MAX)).collect();
        Ok(Self { classes, per_batch, images_per_class, rng })
    }
}

impl Sampler for BalancedSampler {
    fn batch(&mut self) -> Batch {
        let mut order: Vec<usize> = (0..self.classes.len()).collect();
        self.rng.shuffle(&mut order);
        let mut batch = Batch::default();
        for &index in &order[..self.per_batch] {
            let (Class { label, images }, used) = &mut self.classes[index];
            for at in 0..self.images_per_class {
                // What is left of a round but too little for a batch is skipped, so that no image
                // is in a batch twice; only a class smaller than its share repeats.
                let left = images.len().saturating_sub(*used);
                let needed = if at == 0 { self.images_per_class.min(images.len()) } else { 1 };
                if left < needed {
                    self.rng.shuffle(images);
                    *used = 0;
                }
                batch.images.push(images[*used]);
                batch.labels.push(*label);
                *used += 1;
            }
        }
        batch
    }

    fn batches_per_epoch(&self) -> usize {
        let images: usize = self.classes.iter().map(|(class, _)| class.images.len()).sum();
        images.div_ceil(self.per_batch * self.images_per_class)
    }
}

/// Batches of [`origin_triplets`], in another order each epoch; the last one of an epoch may be
/// smaller.
pub struct TripletSampler {
    triplets: Vec<Triplet>,
    labels: Vec<(usize, Label)>,
    size: usize,
    used: usize,
    rng: Rng,
}

impl TripletSampler {
    /// Creates a sampler of batches of `size` triplets.
    ///
    /// # Errors
    /// Returns [`SamplerError::TooFewClasses`] if there are fewer than two classes, and
    /// [`SamplerError::TooFewImages`] if one has fewer than two images.
    pub fn new(classes: &[Class], size: usize, mut rng: Rng) -> Result<Self, SamplerError> {
        check(classes, 2)?;
        let triplets = origin_triplets(classes, &mut rng);
        let labels = classes.iter().flat_map(|class| class.images.iter().map(|&image| (image, class.label)));
        let mut labels: Vec<_> = labels.collect();
        labels.sort_unstable();
        let used = triplets.len();
        Ok(Self { triplets, labels, size, used, rng })
    }

    fn label(&self, image: usize) -> Label {
        let place = self.labels.partition_point(|&(other, _)| other < image);
        self.labels[place].1
    }
}

impl Sampler for TripletSampler {
    fn batch(&mut self) -> Batch {
        if self.used == self.triplets.len() {
            self.rng.shuffle(&mut self.triplets);
            self.used = 0;
        }
        let end = (self.used + self.size).min(self.triplets.len());
        let chosen = &self.triplets[self.used..end];
        let anchors = chosen.iter().map(|triplet| triplet.anchor);
        let positives = chosen.iter().map(|triplet| triplet.positive);
        let negatives = chosen.iter().map(|triplet| triplet.negative);
        let images: Vec<usize> = anchors.chain(positives).chain(negatives).collect();
        let count = chosen.len();
        let place = |i| Triplet { anchor: i, positive: count + i, negative: 2 * count + i };
        self.used = end;
        Batch {
            labels: images.iter().map(|&image| self.label(image)).collect(),
            images,
            triplets: Some((0..count).map(place).collect()),
        }
    }

    fn batches_per_epoch(&self) -> usize {
        self.triplets.len().div_ceil(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use tinytriplet_data::classes;

    fn three_classes() -> (Vec<Label>, Vec<Class>) {
        let labels: Vec<Label> = (0..60).map(|i| [3, 5, 5, 9][i % 4]).collect();
        let classes = classes(&labels);
        (labels, classes)
    }

    #[test]
    fn balanced_batches_are_p_by_k_and_use_every_image_in_turn() {
        let (labels, classes) = three_classes();
        let mut sampler = BalancedSampler::new(classes, 2, 5, 5, Rng::new(1)).unwrap();
        assert_eq!(sampler.batches_per_epoch(), 6);
        let mut seen = BTreeSet::new();
        for _ in 0..30 {
            let batch = sampler.batch();
            assert_eq!(batch.images.iter().collect::<BTreeSet<_>>().len(), 10);
            assert!(batch.images.iter().zip(&batch.labels).all(|(&image, &label)| labels[image] == label));
            assert!(batch.labels.chunks(5).all(|five| five.iter().all(|&label| label == five[0])));
            assert_ne!(batch.labels[0], batch.labels[5]);
            seen.extend(batch.images);
        }
        assert_eq!(seen.len(), 60);

        let class = Class { label: 0, images: (0..6).collect() };
        let other = Class { label: 1, images: (6..12).collect() };
        let mut sampler = BalancedSampler::new(vec![class, other], 9, 3, 3, Rng::new(2)).unwrap();
        let round: BTreeSet<_> =
            [sampler.batch(), sampler.batch()].into_iter().flat_map(|b| b.images).collect();
        assert_eq!(round.len(), 12, "two batches are one round");
    }

    #[test]
    fn too_small_data_are_refused() {
        let (_, classes) = three_classes();
        let error = BalancedSampler::new(classes.clone(), 3, 20, 20, Rng::new(1)).err();
        assert_eq!(error, Some(SamplerError::TooFewImages { label: 3, images: 15, needed: 20 }));
        let one = BalancedSampler::new(classes[..1].to_vec(), 3, 2, 2, Rng::new(1)).err();
        assert_eq!(one, Some(SamplerError::TooFewClasses(1)));
        assert!(TripletSampler::new(&classes[..1], 3, Rng::new(1)).is_err());

        let mut repeating = BalancedSampler::new(classes, 3, 20, 2, Rng::new(1)).unwrap();
        assert_eq!(repeating.batch().images.len(), 60);
    }

    #[test]
    fn the_origins_triplets() {
        let (labels, classes) = three_classes();
        let triplets = origin_triplets(&classes, &mut Rng::new(1));
        assert_eq!(triplets.len(), 3 * 14);
        let Triplet { anchor, positive, negative } = triplets[14 + 2];
        assert_eq!((anchor, positive), (classes[1].images[2], classes[1].images[3]));
        assert!(negative == classes[0].images[2] || negative == classes[2].images[2]);
        assert!(triplets.iter().all(|t| labels[t.anchor] == labels[t.positive]));
        assert!(triplets.iter().all(|t| labels[t.anchor] != labels[t.negative]));

        let mut sampler = TripletSampler::new(&classes, 32, Rng::new(1)).unwrap();
        assert_eq!(sampler.batches_per_epoch(), 2);
        let batches = [sampler.batch(), sampler.batch()];
        assert_eq!(batches.each_ref().map(|batch| batch.images.len()), [96, 30]);
        for batch in &batches {
            for t in batch.triplets.as_ref().unwrap() {
                assert_eq!(batch.labels[t.anchor], batch.labels[t.positive]);
                assert_ne!(batch.labels[t.anchor], batch.labels[t.negative]);
            }
        }
        let anchors: BTreeSet<_> =
            batches.iter().flat_map(|batch| &batch.images[..batch.images.len() / 3]).collect();
        assert_eq!(anchors.len(), 42, "an epoch has every anchor once");
    }
}
