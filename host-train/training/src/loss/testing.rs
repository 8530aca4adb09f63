//! Checks of losses: against a value worked out elsewhere, and of their gradients against finite
//! differences.

use super::batch::{EmbeddedBatch, Loss};
use crate::net::floats;
use burn::tensor::{Device, Tensor, TensorData};
use tinytriplet_data::{Label, Rng};

/// Returns a batch of images with these labels, and nothing beside.
pub fn batch(embeddings: Tensor<2>, labels: &[Label]) -> EmbeddedBatch<'_> {
    EmbeddedBatch { embeddings, labels, triplets: None, proxies: None, taught: None, classes: &[], step: 0 }
}

/// `loss` as a function of the embeddings of images with these labels, which have something to
/// learn from.
pub fn of(loss: impl Loss, labels: &[Label]) -> impl Fn(Tensor<2>) -> Tensor<1> {
    move |embeddings| {
        let batch = batch(embeddings, labels);
        loss.loss(&batch, &mut Rng::new(1)).expect("something to learn from").loss
    }
}

/// Returns the loss of embeddings with `columns` values each.
pub fn value_of(values: Vec<f32>, columns: usize, loss: impl Fn(Tensor<2>) -> Tensor<1>) -> f32 {
    let rows = values.len() / columns;
    floats(loss(Tensor::from_data(TensorData::new(values, [rows, columns]), &Device::flex())))[0]
}

/// Checks that the gradient of `loss` at random embeddings is what its values say: central differences,
/// along every value.
pub fn assert_gradient(rows: usize, columns: usize, loss: impl Fn(Tensor<2>) -> Tensor<1>) {
    let device = Device::flex().autodiff();
    let mut rng = Rng::new(5);
    let values: Vec<f32> = (0..rows * columns).map(|_| rng.symmetric()).collect();
    let tensor = |values: Vec<f32>| Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), &device);
    let embeddings = tensor(values.clone()).require_grad();
    let gradients = loss(embeddings.clone()).backward();
    let gradient = floats(embeddings.grad(&gradients).expect("the loss depends on the embeddings"));
    assert!(gradient.iter().any(|&slope| slope.abs() > 0.01), "{gradient:?}");
    for (place, &slope) in gradient.iter().enumerate() {
        let at = |step: f32| {
            let mut moved = values.clone();
            moved[place] += step;
            floats(loss(tensor(moved)))[0]
        };
        let measured = (at(4e-3) - at(-4e-3)) / 8e-3;
        let tolerance = 2e-3 * (1.0 + slope.abs());
        assert!((slope - measured).abs() < tolerance, "{place}: {slope} is not {measured}");
    }
}
