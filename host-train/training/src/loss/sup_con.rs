use super::batch::{BatchLoss, EmbeddedBatch, Loss, pairwise, pairwise_mask, similarities};
use burn::tensor::activation::log_softmax;
use tinytriplet_data::Rng;

/// The supervised contrastive loss (Khosla et al. 2020, equation 2, `L_out`): with z the normalised
/// embeddings, for each image i that has others P(i) of its class in the batch,
///
/// ```text
/// −1/|P(i)| Σ_{p ∈ P(i)} ln( exp(z_i·z_p / τ) / Σ_{a ≠ i} exp(z_i·z_a / τ) )
/// ```
///
/// and of these the mean.
pub struct SupCon {
    /// τ: the smaller, the more the hardest negatives count.
    pub temperature: f32,
}

/// The stand-in for a similarity that must not count: far below all others, and no infinity to make
/// NaN of.
const NEVER: f32 = -1e9;

impl Loss for SupCon {
    fn loss(&self, batch: &EmbeddedBatch<'_>, _: &mut Rng) -> Option<BatchLoss> {
        let labels = batch.labels;
        let others = |a: usize| labels.iter().filter(|&&label| label == labels[a]).count() - 1;
        let others: Vec<usize> = (0..labels.len()).map(others).collect();
        let anchors = others.iter().filter(|&&count| count > 0).count();
        if anchors == 0 {
            return None;
        }
        let similarities = similarities(batch.embeddings.clone()) / self.temperature;
        let itself = pairwise_mask(&similarities, |a, b| a == b);
        let logarithms = log_softmax(similarities.mask_fill(itself, NEVER), 1);
        let weights = pairwise(&logarithms, |a, b| match a != b && labels[a] == labels[b] {
            true => -1.0 / (others[a] * anchors) as f32,
            false => 0.0,
        });
        Some(BatchLoss { loss: (logarithms * weights).sum(), count: others.iter().sum::<usize>() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing::{assert_gradient, batch, of, value_of};
    use burn::tensor::Tensor;

    #[test]
    fn the_loss_is_the_mean_over_anchors_with_a_positive() {
        // z = 1, 1, −1 with classes 0, 0, 1 and τ = 2. Only the first two have a positive:
        // ln(e^½ / (e^½ + e^−½)) each.
        let value = value_of(vec![1.0, 1.0, -1.0], 1, of(SupCon { temperature: 2.0 }, &[0, 0, 1]));
        let expected = -(0.5 - (0.5f32.exp() + (-0.5f32).exp()).ln());
        assert!((value - expected).abs() < 1e-6, "{value} {expected}");
    }

    #[test]
    fn gradient_equals_finite_differences() {
        assert_gradient(6, 4, of(SupCon { temperature: 0.5 }, &[0, 0, 0, 1, 1, 2]));
    }

    #[test]
    fn without_a_positive_there_is_no_loss() {
        let embeddings = Tensor::from_data([[1f32], [2.0]], &burn::tensor::Device::flex());
        let batch = batch(embeddings, &[0, 1]);
        assert!(SupCon { temperature: 0.1 }.loss(&batch, &mut Rng::new(1)).is_none());
    }
}
