//! Which triplets of a batch are trained on.

use tinytriplet_data::{Label, Rng, Triplet};
use tinytriplet_recipe::MinerConfig;

/// Distances between all images of a batch, of the kind that the loss compares.
#[derive(Clone, Debug)]
pub struct Distances {
    values: Vec<f32>,
    count: usize,
}

impl Distances {
    /// Creates distances from `count` rows of `count` values.
    pub fn new(values: Vec<f32>, count: usize) -> Self {
        assert_eq!(values.len(), count * count);
        Self { values, count }
    }

    /// Returns the distances of image `image` from each.
    pub fn row(&self, image: usize) -> &[f32] {
        &self.values[image * self.count..][..self.count]
    }
}

/// Chooses triplets among the images of a batch, whose `labels` and `distances` it is given.
pub trait Miner {
    /// Returns the triplets, as indices into the batch; perhaps none.
    fn mine(&self, distances: &Distances, labels: &[Label], rng: &mut Rng) -> Vec<Triplet>;
}

/// Returns the miner that a config asks for, for a loss with this margin.
pub fn miner(config: MinerConfig, margin: f32) -> Box<dyn Miner> {
    match config {
        MinerConfig::SemiHard => Box::new(SemiHard { margin }),
        MinerConfig::BatchHard => Box::new(BatchHard),
        MinerConfig::BatchAll => Box::new(BatchAll { margin }),
        MinerConfig::Random => Box::new(Random),
    }
}

/// For each anchor and positive, the nearest negative that is farther than the positive (Schroff,
/// Kalenichenko and Philbin, "FaceNet", 2015, section 3.2); if no negative is farther, the
/// farthest negative. Triplets that already hold the margin, and so have no loss, are left out.
pub struct SemiHard {
    /// The loss's margin.
    pub margin: f32,
}

impl Miner for SemiHard {
    fn mine(&self, distances: &Distances, labels: &[Label], _: &mut Rng) -> Vec<Triplet> {
        let mut triplets = Vec::new();
        for (anchor, positive) in pairs(labels) {
            let row = distances.row(anchor);
            let farther = nearest(negatives(labels, anchor).filter(|&other| row[other] > row[positive]), row);
            let Some(negative) = farther.or_else(|| farthest(negatives(labels, anchor), row)) else {
                continue;
            };
            if row[negative] < row[positive] + self.margin {
                triplets.push(Triplet { anchor, positive, negative });
            }
        }
        triplets
    }
}

/// For each anchor, the farthest positive and the nearest negative (Hermans, Beyer and Leibe, "In
/// defense of the triplet loss", 2017, equation 5). Prone to collapse; wants a low learning rate at
/// first.
pub struct BatchHard;

impl Miner for BatchHard {
    fn mine(&self, distances: &Distances, labels: &[Label], _: &mut Rng) -> Vec<Triplet> {
        let hardest = |anchor| {
            let row = distances.row(anchor);
            let positives =
                (0..labels.len()).filter(|&other| other != anchor && labels[other] == labels[anchor]);
            let (positive, negative) = (farthest(positives, row)?, nearest(negatives(labels, anchor), row)?);
            Some(Triplet { anchor, positive, negative })
        };
        (0..labels.len()).filter_map(hardest).collect()
    }
}

/// All triplets that have a loss (Hermans, Beyer and Leibe 2017, "batch all"; only the losses above
/// 0 are averaged).
pub struct BatchAll {
    /// The loss's margin.
    pub margin: f32,
}

impl Miner for BatchAll {
    fn mine(&self, distances: &Distances, labels: &[Label], _: &mut Rng) -> Vec<Triplet> {
        let triplets = pairs(labels).flat_map(|(anchor, positive)| {
            let row = distances.row(anchor);
            let limit = row[positive] + self.margin;
            let near = negatives(labels, anchor).filter(move |&negative| row[negative] < limit);
            near.map(move |negative| Triplet { anchor, positive, negative })
        });
        triplets.collect()
    }
}

/// For each anchor and positive, any negative.
pub struct Random;

impl Miner for Random {
    fn mine(&self, _: &Distances, labels: &[Label], rng: &mut Rng) -> Vec<Triplet> {
        let mut triplets = Vec::new();
        for (anchor, positive) in pairs(labels) {
            let count = negatives(labels, anchor).count();
            if count > 0 {
                let negative = negatives(labels, anchor).nth(rng.below(count));
                triplets.extend(negative.map(|negative| Triplet { anchor, positive, negative }));
            }
        }
        triplets
    }
}

/// Returns all ordered pairs of different images of one class.
fn pairs(labels: &[Label]) -> impl Iterator<Item = (usize, usize)> {
    let all = (0..labels.len()).flat_map(|anchor| (0..labels.len()).map(move |positive| (anchor, positive)));
    all.filter(|&(anchor, positive)| anchor != positive && labels[anchor] == labels[positive])
}

fn negatives(labels: &[Label], anchor: usize) -> impl Iterator<Item = usize> {
    (0..labels.len()).filter(move |&other| labels[other] != labels[anchor])
}

fn nearest(images: impl Iterator<Item = usize>, row: &[f32]) -> Option<usize> {
    images.min_by(|&a, &b| row[a].total_cmp(&row[b]))
}

/// Returns the first of those that are farthest.
fn farthest(images: impl Iterator<Item = usize>, row: &[f32]) -> Option<usize> {
    images.min_by(|&a, &b| row[b].total_cmp(&row[a]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns images on a line at 0, 3 (class 0) and 2, 4, 9 (class 1).
    fn on_a_line() -> (Distances, [Label; 5]) {
        let places = [0.0f32, 3.0, 2.0, 4.0, 9.0];
        let values = places.iter().flat_map(|a| places.map(|b| (a - b) * (a - b))).collect();
        (Distances::new(values, 5), [0, 0, 1, 1, 1])
    }

    fn mined(miner: &dyn Miner) -> Vec<[usize; 3]> {
        let (distances, labels) = on_a_line();
        let triplets = miner.mine(&distances, &labels, &mut Rng::new(1));
        triplets.iter().map(|t| [t.anchor, t.positive, t.negative]).collect()
    }

    #[test]
    fn semi_hard_by_hand() {
        // 0-1: 9, farther are 16 and 81: 3. 1-0: 9, farther is 36: 4, which holds a margin of 10
        // and is left out. 2-3: 4, negatives are 4 and 1: none is farther, farthest is 0. 2-4: 49,
        // farthest is 0. 3-2: 4, farther is 16: 0, outside a margin of 10? 16 > 14: left out. 3-4:
        // 25, none farther: 0. 4-2: 49, farther is 81: left out. 4-3: 25, nearest farther is 36:
        // left out with 11.
        assert_eq!(mined(&SemiHard { margin: 10.0 }), [[0, 1, 3], [2, 3, 0], [2, 4, 0], [3, 4, 0]]);
        let with_more = mined(&SemiHard { margin: 12.0 });
        assert!(with_more.contains(&[4, 3, 1]) && !with_more.contains(&[3, 2, 0]), "{with_more:?}");
    }

    #[test]
    fn batch_hard_by_hand() {
        assert_eq!(mined(&BatchHard), [[0, 1, 2], [1, 0, 2], [2, 4, 1], [3, 4, 1], [4, 2, 1]]);
    }

    #[test]
    fn batch_all_by_hand() {
        // Pairs and their limits: 0-1: 9 + 1, 1-0 the same, 2-3: 4 + 1, 2-4: 49 + 1, 3-2: 4 + 1,
        // 3-4: 25 + 1, 4-2: 49 + 1, 4-3: 25 + 1; negatives of 0: 4, 16, 81; of 1: 1, 1, 36; of 2:
        // 4, 1; of 3: 16, 1; of 4: 81, 36.
        let expected = [
            [0, 1, 2],
            [1, 0, 2],
            [1, 0, 3],
            [2, 3, 0],
            [2, 3, 1],
            [2, 4, 0],
            [2, 4, 1],
            [3, 2, 1],
            [3, 4, 0],
            [3, 4, 1],
            [4, 2, 1],
        ];
        assert_eq!(mined(&BatchAll { margin: 1.0 }), expected);
        assert_eq!(mined(&BatchAll { margin: f32::INFINITY }).len(), 2 * 3 + 6 * 2);
    }

    #[test]
    fn random_is_valid() {
        let (_, labels) = on_a_line();
        let triplets = mined(&Random);
        assert_eq!(triplets.len(), 2 + 6);
        for [anchor, positive, negative] in triplets {
            assert!(anchor != positive && labels[anchor] == labels[positive]);
            assert_ne!(labels[anchor], labels[negative]);
        }
    }

    #[test]
    fn one_class_has_no_triplets() {
        let distances = Distances::new(vec![1.0; 9], 3);
        for config in
            [MinerConfig::SemiHard, MinerConfig::BatchHard, MinerConfig::BatchAll, MinerConfig::Random]
        {
            assert!(miner(config, 1.0).mine(&distances, &[4; 3], &mut Rng::new(1)).is_empty());
        }
    }
}
