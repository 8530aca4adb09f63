use super::batch::{BatchLoss, EmbeddedBatch, Loss};
use tinytriplet_data::Rng;

/// Distillation of embeddings (Yu et al., "Learning Metrics from Teachers", 2019, the absolute teacher): with
/// z the net's embedding of an image and t the teacher's, both of length 1, the mean over images of
/// `1 − z·t`, which is half their squared distance.
///
/// Labels play no part: the teacher has learned which images belong together.
pub struct Distillation;

impl Loss for Distillation {
    fn loss(&self, batch: &EmbeddedBatch<'_>, _: &mut Rng) -> Option<BatchLoss> {
        let taught = batch.taught.clone()?;
        let count = batch.labels.len();
        let similarity = (batch.embeddings.clone() * taught).sum() / count as f32;
        Some(BatchLoss { loss: similarity.neg() + 1.0, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing::{assert_gradient, batch, value_of};
    use burn::tensor::Tensor;

    const TAUGHT: [[f32; 2]; 2] = [[1.0, 0.0], [0.6, 0.8]];

    fn loss(embeddings: Tensor<2>) -> Tensor<1> {
        let taught = Some(Tensor::from_data(TAUGHT, &embeddings.device()));
        let batch = EmbeddedBatch { taught, ..batch(embeddings, &[0, 0]) };
        Distillation.loss(&batch, &mut Rng::new(1)).unwrap().loss
    }

    #[test]
    fn the_loss_is_the_mean_distance_from_the_teacher() {
        // Cosines are 0.8 and 0.6.
        let value = value_of(vec![0.8, 0.6, 1.0, 0.0], 2, loss);
        assert!((value - 0.3).abs() < 1e-6, "{value}");
        assert_eq!(value_of(TAUGHT.concat(), 2, loss), 0.0);
    }

    #[test]
    fn gradient_equals_finite_differences() {
        assert_gradient(2, 2, loss);
    }
}
