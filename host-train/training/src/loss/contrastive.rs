use super::batch::{BatchLoss, EmbeddedBatch, Loss, pairwise, squared_distances};
use burn::tensor::activation::relu;
use tinytriplet_data::Rng;

/// The contrastive loss (Hadsell, Chopra and LeCun 2006, equation 4) over all pairs of a batch: the
/// mean of `d²` over pairs of one class, and the mean of `max(0, margin − d)²` over the others,
/// added. Each kind is averaged by itself, because there are many more pairs of the second kind.
pub struct Contrastive {
    /// The distance (not squared) that different things should be apart.
    pub margin: f32,
}

impl Loss for Contrastive {
    fn loss(&self, batch: &EmbeddedBatch<'_>, _: &mut Rng) -> Option<BatchLoss> {
        let labels = batch.labels;
        let same = |a: usize, b: usize| a != b && labels[a] == labels[b];
        let different = |a: usize, b: usize| labels[a] != labels[b];
        let count = |kind: &dyn Fn(usize, usize) -> bool| {
            (0..labels.len()).map(|a| (0..labels.len()).filter(|&b| kind(a, b)).count()).sum::<usize>()
        };
        let (same_count, different_count) = (count(&same), count(&different));
        if same_count + different_count == 0 {
            return None;
        }
        let weight = |holds: bool, count: usize| if holds { 1.0 / count as f32 } else { 0.0 };
        let squared = squared_distances(batch.embeddings.clone());
        let apart = relu((squared.clone() + 1e-12).sqrt() * -1.0 + self.margin).square();
        let pull = squared.clone() * pairwise(&squared, |a, b| weight(same(a, b), same_count));
        let push = apart * pairwise(&squared, |a, b| weight(different(a, b), different_count));
        // Every pair stands twice in the matrix.
        Some(BatchLoss { loss: (pull + push).sum(), count: (same_count + different_count) / 2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing::{assert_gradient, of, value_of};

    #[test]
    fn the_loss_is_the_mean_of_same_pairs_and_that_of_different_ones_within_the_margin() {
        // On a line: 0 and 3 are one class, 4 and 6 the other. Same: 9 and 4, mean 6.5. Different,
        // with a margin of 5: (5 − 4)² = 1, 6: 0, (5 − 1)² = 16, (5 − 3)² = 4; mean 21 / 4.
        let value = value_of(vec![0.0, 3.0, 4.0, 6.0], 1, of(Contrastive { margin: 5.0 }, &[0, 0, 1, 1]));
        assert!((value - (6.5 + 5.25)).abs() < 1e-4, "{value}");
    }

    #[test]
    fn gradient_equals_finite_differences() {
        assert_gradient(6, 3, of(Contrastive { margin: 1.5 }, &[0, 0, 1, 1, 2, 2]));
    }
}
