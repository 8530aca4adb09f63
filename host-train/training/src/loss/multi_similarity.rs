use super::batch::{BatchLoss, EmbeddedBatch, Loss, pairwise_mask, similarities};
use crate::net::floats;
use tinytriplet_data::Rng;

/// The multi-similarity loss with its own mining of pairs (Wang et al. 2019, equations 10, 11 and
/// 15). With S the cosines, an image i takes those positives that are less similar to it than its
/// most similar negative plus ε, and those negatives that are more similar than its least similar
/// positive minus ε, or that have no positive themselves, as decoys; then
///
/// ```text
/// 1/α ln(1 + Σ_p exp(−α (S_ip − λ))) + 1/β ln(1 + Σ_n exp(β (S_in − λ)))
/// ```
///
/// and of these the mean over all images.
pub struct MultiSimilarity {
    /// α, how sharply positives count.
    pub alpha: f32,
    /// β, how sharply negatives count.
    pub beta: f32,
    /// λ, the similarity that parts them.
    pub base: f32,
    /// ε, how generously pairs are mined.
    pub epsilon: f32,
}

/// The sum of a batch's exponentials, 2,048 at most, is finite up to this exponent.
const LARGEST_EXPONENT: f32 = 80.0;

impl Loss for MultiSimilarity {
    fn loss(&self, batch: &EmbeddedBatch<'_>, _: &mut Rng) -> Option<BatchLoss> {
        let labels = batch.labels;
        let count = labels.len();
        let similarities = similarities(batch.embeddings.clone());
        let values = floats(similarities.clone());
        let is_alone = |image: usize| labels.iter().filter(|&&label| label == labels[image]).count() == 1;
        let alone: Vec<bool> = (0..count).map(is_alone).collect();
        let (mut positives, mut negatives) = (vec![false; count * count], vec![false; count * count]);
        for anchor in 0..count {
            let row = &values[anchor * count..][..count];
            let of = |same: bool| {
                (0..count).filter(move |&other| other != anchor && (labels[other] == labels[anchor]) == same)
            };
            let nearest_negative = of(false).map(|other| row[other]).fold(f32::NEG_INFINITY, f32::max);
            let farthest_positive = of(true).map(|other| row[other]).fold(f32::INFINITY, f32::min);
            of(true).for_each(|other| {
                positives[anchor * count + other] = row[other] < nearest_negative + self.epsilon;
            });
            of(false).for_each(|other| {
                let is_hard = row[other] > farthest_positive - self.epsilon;
                negatives[anchor * count + other] = is_hard || alone[other] && !alone[anchor];
            });
        }
        let mined = positives.iter().chain(&negatives).filter(|&&mined| mined).count();
        if mined == 0 {
            return None;
        }
        let term = |pairs: &[bool], sharpness: f32| {
            let is_out = pairwise_mask(&similarities, |a, b| !pairs[a * count + b]);
            let exponents =
                ((similarities.clone() - self.base) * sharpness).mask_fill(is_out, f32::NEG_INFINITY);
            // Σ exp(x) = exp(s) · Σ exp(x − s). Where s is not 0, the sum is so large that the 1 is nothing.
            let shift = (exponents.clone().detach().max_dim(1) - LARGEST_EXPONENT).clamp_min(0.0);
            ((exponents - shift.clone()).exp().sum_dim(1).log1p() + shift) / sharpness.abs()
        };
        let loss = (term(&positives, -self.alpha) + term(&negatives, self.beta)).mean();
        Some(BatchLoss { loss, count: mined })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing::{assert_gradient, of, value_of};
    use burn::tensor::{Device, Tensor};

    fn loss(epsilon: f32) -> MultiSimilarity {
        MultiSimilarity { alpha: 2.0, beta: 5.0, base: 0.5, epsilon }
    }

    #[test]
    fn only_pairs_within_epsilon_of_the_hardest_count() {
        // One value each: 1, 0.5 (class 0), 0.4 and 0.1 (class 1), so S01 = 0.5, S02 = 0.4, S03 = 0.1,
        // S12 = 0.2, S13 = 0.05, S23 = 0.04. With ε = 0.2: 0: positive 0.5 < 0.4 + 0.2, negative
        // 0.4 > 0.5 − 0.2, but not 0.1. 1: positive 0.5 < 0.2 + 0.2 not, negatives > 0.3 not. 2 and
        // 3: positive 0.04 < 0.1 + 0.2, negatives > 0.04 − 0.2 all.
        let value = value_of(vec![1.0, 0.5, 0.4, 0.1], 1, of(loss(0.2), &[0, 0, 1, 1]));
        let positive = |similarity: f32| 0.5 * (-2.0 * (similarity - 0.5)).exp().ln_1p();
        let negative = |similarities: &[f32]| {
            0.2 * similarities.iter().map(|similarity| (5.0 * (similarity - 0.5)).exp()).sum::<f32>().ln_1p()
        };
        let [first, third] = [positive(0.5) + negative(&[0.4]), positive(0.04) + negative(&[0.4, 0.2])];
        let expected = (first + third + positive(0.04) + negative(&[0.1, 0.05])) / 4.0;
        assert!((value - expected).abs() < 1e-6, "{value} {expected}");
    }

    /// An image without another of its class, such as a decoy, is a negative of all others however far it is.
    #[test]
    fn what_is_alone_is_always_a_negative() {
        // 1 and 1 are of a class; −1 is farther than any mining would take.
        let value = value_of(vec![1.0, 1.0, -1.0], 1, of(loss(0.2), &[0, 0, 1]));
        let expected = 2.0 * 0.2 * (5.0f32 * -1.5).exp().ln_1p() / 3.0;
        assert!((value - expected).abs() < 1e-6, "{value} {expected}");
    }

    /// At the widest settings of a recipe, two equal images give e¹⁰⁰, which overflows f32.
    #[test]
    fn sharp_pairs_have_a_loss_and_a_slope() {
        let sharp = || MultiSimilarity { alpha: 100.0, beta: 100.0, base: 0.0, epsilon: 2.0 };
        // S02 = S03 = S12 = S13 = 0.95, and ln(1 + 2 e⁹⁵) is 95 + ln 2. Positives add next to nothing.
        let value = value_of(vec![1.0, 1.0, 0.95, 0.95], 1, of(sharp(), &[0, 0, 1, 2]));
        let expected = 2.0 * (0.95 + 0.01 * 2.0f32.ln()) / 4.0;
        assert!((value - expected).abs() < 1e-6, "{value} {expected}");

        let device = Device::flex().autodiff();
        let rows = Tensor::<2>::from_data([[1.0f32, 0.0], [1.0, 0.0], [0.95, 0.1]], &device).require_grad();
        let gradients = of(sharp(), &[0, 0, 1])(rows.clone()).backward();
        let slopes = floats(rows.grad(&gradients).unwrap());
        assert!(slopes.iter().all(|slope| slope.is_finite()) && slopes.iter().any(|&slope| slope > 0.1));
    }

    #[test]
    fn gradient_equals_finite_differences() {
        assert_gradient(6, 3, of(loss(5.0), &[0, 0, 1, 1, 2, 2])); // all pairs: mining has no slope
    }
}
