//! The input and result of a loss, and computations that several losses share.

use burn::tensor::{Bool, Tensor, TensorData};
use tinytriplet_data::{Label, Rng, Triplet};

/// A batch that has gone through the net.
pub struct EmbeddedBatch<'a> {
    /// `[images, values]`; of length 1 where the config normalises.
    pub embeddings: Tensor<2>,
    /// One per image.
    pub labels: &'a [Label],
    /// The triplets, if the sampler chose them itself.
    pub triplets: Option<&'a [Triplet]>,
    /// `[classes, values]`: a learned point for each class, where the loss
    /// [wants](Loss::wants_proxies) them.
    pub proxies: Option<Tensor<2>>,
    /// `[images, values]`, of length 1: a teacher's embeddings, where there is a teacher.
    pub taught: Option<Tensor<2>>,
    /// The labels in the order of the proxies, ascending.
    pub classes: &'a [Label],
    /// Steps done before this one.
    pub step: usize,
}

/// A loss and what it rests on.
pub struct BatchLoss {
    /// One number, to be made small.
    pub loss: Tensor<1>,
    /// The number of triplets, pairs or images with a part in it; see
    /// [`LossConfig::unit`](tinytriplet_recipe::LossConfig::unit).
    pub count: usize,
}

/// A loss over a batch of embeddings.
pub trait Loss {
    /// Returns the loss; `None` where the batch has nothing to learn from, such as no triplet that breaks
    /// the margin.
    fn loss(&self, batch: &EmbeddedBatch<'_>, rng: &mut Rng) -> Option<BatchLoss>;

    /// Returns true if [`EmbeddedBatch::proxies`] are needed.
    fn wants_proxies(&self) -> bool {
        false
    }
}

/// Returns the squared Euclidean distances between all rows of `[images, values]`: `[images, images]`, none
/// negative.
///
/// Computed as `|a|² + |b|² − 2ab`, which costs one matrix product.
pub fn squared_distances(embeddings: Tensor<2>) -> Tensor<2> {
    let products = similarities(embeddings.clone());
    let norms = embeddings.square().sum_dim(1);
    (norms.clone() + norms.transpose() - products * 2.0).clamp_min(0.0)
}

/// Returns the dot products of all rows of `[images, values]`: `[images, images]`; cosines where the rows have
/// length 1.
pub fn similarities(embeddings: Tensor<2>) -> Tensor<2> {
    embeddings.clone().matmul(embeddings.transpose())
}

/// Returns a value for each pair of images, `[images, images]`, told by their places in the batch.
pub(super) fn pairwise(like: &Tensor<2>, value: impl Fn(usize, usize) -> f32) -> Tensor<2> {
    let [rows, columns] = like.dims();
    let values: Vec<f32> = (0..rows * columns).map(|at| value(at / columns, at % columns)).collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), &like.device())
}

/// Returns a mask of whether something holds for each pair of images, `[images, images]`.
pub(super) fn pairwise_mask(like: &Tensor<2>, holds: impl Fn(usize, usize) -> bool) -> Tensor<2, Bool> {
    let [rows, columns] = like.dims();
    let values: Vec<bool> = (0..rows * columns).map(|at| holds(at / columns, at % columns)).collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), &like.device())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::floats;
    use burn::tensor::Device;

    #[test]
    fn distances_are_squared_differences() {
        let embeddings =
            Tensor::from_data([[0.0f32, 0.0], [1.0, 0.0], [0.0, 2.0], [1.0, 2.0]], &Device::flex());
        let by_hand = [0., 1., 4., 5., 1., 0., 5., 4., 4., 5., 0., 1., 5., 4., 1., 0.];
        assert_eq!(floats(squared_distances(embeddings)), by_hand);
    }
}
