use super::batch::{BatchLoss, EmbeddedBatch, Loss, squared_distances};
use crate::{
    miner::{Distances, Miner, SemiHard, miner},
    net::floats,
};
use burn::tensor::{
    Int, Tensor, TensorData,
    activation::{relu, softplus},
};
use tinytriplet_data::{Rng, Triplet};
use tinytriplet_recipe::{Margin, TripletConfig};

/// The triplet loss over mined triplets, or over those that the sampler brings: the mean of
///
/// * `max(0, d(a,p) − d(a,n) + margin)` (Schroff, Kalenichenko and Philbin 2015, equation 3), or
/// * `ln(1 + exp(d(a,p) − d(a,n)))` with a soft margin (Hermans, Beyer and Leibe 2017, section 2),
///
/// where d is the squared distance or its root.
pub struct Triplets {
    margin: Margin,
    squared: bool,
    miner: Box<dyn Miner>,
    /// Steps in which [`SemiHard`] mines instead.
    warm_up: usize,
    gentle: SemiHard,
}

impl Triplets {
    /// Returns the loss that a config describes.
    pub fn new(config: &TripletConfig) -> Self {
        let margin = match config.margin {
            Margin::Soft => f32::INFINITY, // every triplet has a loss
            Margin::Hard(margin) => margin as f32,
        };
        Self {
            margin: config.margin,
            squared: config.squared,
            miner: miner(config.miner.unwrap_or_default(), margin),
            warm_up: config.warm_up,
            gentle: SemiHard { margin },
        }
    }

    /// Returns the loss over some triplets, at least one, whose images have these squared distances,
    /// `[images, images]`.
    fn over(&self, squared_distances: Tensor<2>, triplets: &[Triplet]) -> Tensor<1> {
        let (positive, negative) = triplet_distances(squared_distances, triplets);
        let difference = if self.squared {
            positive - negative
        } else {
            // The root has no slope at 0.
            (positive + 1e-12).sqrt() - (negative + 1e-12).sqrt()
        };
        match self.margin {
            Margin::Hard(margin) => relu(difference + margin as f32).mean(),
            Margin::Soft => softplus(difference, 1.0).mean(),
        }
    }
}

impl Loss for Triplets {
    fn loss(&self, batch: &EmbeddedBatch<'_>, rng: &mut Rng) -> Option<BatchLoss> {
        let squared = squared_distances(batch.embeddings.clone());
        let mined;
        let triplets = match batch.triplets {
            Some(triplets) => triplets,
            None => {
                let mut distances = floats(squared.clone());
                if !self.squared {
                    distances.iter_mut().for_each(|distance| *distance = distance.sqrt());
                }
                let distances = Distances::new(distances, batch.labels.len());
                let miner = if batch.step < self.warm_up { &self.gentle } else { self.miner.as_ref() };
                mined = miner.mine(&distances, batch.labels, rng);
                &mined
            }
        };
        let count = triplets.len();
        (count > 0).then(|| BatchLoss { loss: self.over(squared, triplets), count })
    }
}

/// Returns the distances from anchor to positive and from anchor to negative of each triplet, of which
/// there is at least one.
fn triplet_distances(distances: Tensor<2>, triplets: &[Triplet]) -> (Tensor<1>, Tensor<1>) {
    let [count, _] = distances.dims();
    let device = distances.device();
    let flat = distances.reshape([count * count]);
    let pick = |other: fn(&Triplet) -> usize| {
        let places: Vec<i32> = triplets.iter().map(|t| (t.anchor * count + other(t)) as i32).collect();
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, [triplets.len()]), &device);
        flat.clone().select(0, places)
    };
    (pick(|t| t.positive), pick(|t| t.negative))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing::{assert_gradient, batch, value_of};
    use tinytriplet_recipe::MinerConfig;

    const TRIPLETS: [Triplet; 3] = [
        Triplet { anchor: 0, positive: 1, negative: 2 },
        Triplet { anchor: 1, positive: 0, negative: 3 },
        Triplet { anchor: 3, positive: 2, negative: 0 },
    ];
    const PLACES: [f32; 8] = [0., 0., 1., 0., 0., 2., 1., 2.];

    fn triplet(margin: Margin, squared: bool) -> Triplets {
        Triplets::new(&TripletConfig { margin, squared, miner: Some(MinerConfig::BatchAll), warm_up: 0 })
    }

    fn by_hand(loss: &Triplets) -> f32 {
        value_of(PLACES.to_vec(), 2, |embeddings| loss.over(squared_distances(embeddings), &TRIPLETS))
    }

    #[test]
    fn values_by_hand() {
        // 1 − 4 + 4 = 1, 1 − 4 + 4 = 1, 1 − 5 + 4 = 0
        assert!((by_hand(&triplet(Margin::Hard(4.0), true)) - 2.0 / 3.0).abs() < 1e-6);
        // 1 − 2 + 2 = 1, the same, 1 − √5 + 2
        let roots = (2.0 + 3.0 - 5f32.sqrt()) / 3.0;
        assert!((by_hand(&triplet(Margin::Hard(2.0), false)) - roots).abs() < 1e-5);
        let soft = [-3f32, -3.0, -4.0].map(|x| x.exp().ln_1p()).iter().sum::<f32>() / 3.0;
        assert!((by_hand(&triplet(Margin::Soft, true)) - soft).abs() < 1e-6);
    }

    #[test]
    fn gradients_equal_finite_differences() {
        for (margin, squared) in [
            (Margin::Hard(0.2), true),
            (Margin::Hard(3.0), true),
            (Margin::Hard(0.5), false),
            (Margin::Soft, true),
        ] {
            let loss = triplet(margin, squared);
            assert_gradient(4, 5, |embeddings| loss.over(squared_distances(embeddings), &TRIPLETS));
        }
    }

    #[test]
    fn warming_up_mines_semi_hard() {
        let config = |warm_up| TripletConfig {
            margin: Margin::Hard(0.2),
            squared: true,
            miner: Some(MinerConfig::BatchHard),
            warm_up,
        };
        let labels = [0, 0, 1, 1];
        let count = |warm_up, step| {
            let embeddings = Tensor::from_data([[0f32], [1.0], [3.0], [3.5]], &burn::tensor::Device::flex());
            let batch = EmbeddedBatch { step, ..batch(embeddings, &labels) };
            Triplets::new(&config(warm_up)).loss(&batch, &mut Rng::new(1)).map(|value| value.count)
        };
        // Every negative is far away: nothing is left for semi-hard mining, but batch-hard takes
        // all anchors.
        assert_eq!([count(10, 9), count(10, 10), count(0, 0)], [None, Some(4), Some(4)]);
    }
}
