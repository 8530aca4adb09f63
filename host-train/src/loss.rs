//! What training makes small.

use burn::tensor::{Int, Tensor, TensorData, activation::relu};

use crate::miner::Triplet;

/// Squared Euclidean distances between all rows of `[images, values]`: `[images, images]`, none negative.
///
/// As `|a|² + |b|² − 2ab`, which costs one matrix product.
pub fn squared_distances(embeddings: Tensor<2>) -> Tensor<2> {
    let products = embeddings.clone().matmul(embeddings.clone().transpose());
    let norms = embeddings.square().sum_dim(1);
    (norms.clone() + norms.transpose() - products * 2.0).clamp_min(0.0)
}

/// The distances from anchor to positive and from anchor to negative of each triplet, of which there is at
/// least one.
pub fn triplet_distances(distances: Tensor<2>, triplets: &[Triplet]) -> (Tensor<1>, Tensor<1>) {
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

/// A loss over triplets.
pub trait Loss {
    /// One number from the squared distances to the positives and to the negatives, `[triplets]` each.
    fn loss(&self, positive: Tensor<1>, negative: Tensor<1>) -> Tensor<1>;
}

/// The mean of `max(0, |a − p|² − |a − n|² + margin)` (Schroff, Kalenichenko and Philbin 2015, equation 3).
pub struct TripletMargin {
    /// By how much a negative should be farther than a positive.
    pub margin: f32,
}

impl Loss for TripletMargin {
    fn loss(&self, positive: Tensor<1>, negative: Tensor<1>) -> Tensor<1> {
        relu(positive - negative + self.margin).mean()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{net::floats, rng::Rng};
    use burn::tensor::Device;

    const TRIPLETS: [Triplet; 3] = [
        Triplet { anchor: 0, positive: 1, negative: 2 },
        Triplet { anchor: 1, positive: 0, negative: 3 },
        Triplet { anchor: 3, positive: 2, negative: 0 },
    ];

    fn loss(embeddings: Tensor<2>, margin: f32) -> Tensor<1> {
        let (positive, negative) = triplet_distances(squared_distances(embeddings), &TRIPLETS);
        TripletMargin { margin }.loss(positive, negative)
    }

    #[test]
    fn by_hand() {
        let embeddings =
            Tensor::from_data([[0.0f32, 0.0], [1.0, 0.0], [0.0, 2.0], [1.0, 2.0]], &Device::flex());
        let distances = floats(squared_distances(embeddings.clone()));
        let by_hand = [0., 1., 4., 5., 1., 0., 5., 4., 4., 5., 0., 1., 5., 4., 1., 0.];
        assert_eq!(distances, by_hand);
        // 1 − 4 + 4 = 1, 1 − 4 + 4 = 1, 1 − 5 + 4 = 0
        assert!((floats(loss(embeddings, 4.0))[0] - 2.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn gradient_equals_finite_differences() {
        let device = Device::flex().autodiff();
        let mut rng = Rng::new(5);
        let values: Vec<f32> = (0..20).map(|_| rng.symmetric()).collect();
        let tensor = |values: Vec<f32>| Tensor::<2>::from_data(TensorData::new(values, [4, 5]), &device);
        for margin in [0.2, 3.0] {
            let embeddings = tensor(values.clone()).require_grad();
            let gradients = loss(embeddings.clone(), margin).backward();
            let gradient = floats(embeddings.grad(&gradients).unwrap());
            assert!(gradient.iter().any(|&slope| slope.abs() > 0.1));
            for (place, &slope) in gradient.iter().enumerate() {
                let at = |step: f32| {
                    let mut moved = values.clone();
                    moved[place] += step;
                    floats(loss(tensor(moved), margin))[0]
                };
                let measured = (at(1e-2) - at(-1e-2)) / 2e-2;
                assert!((slope - measured).abs() < 1e-3, "{place}: {slope} is not {measured}");
            }
        }
    }
}
