use super::batch::{BatchLoss, EmbeddedBatch, Loss};
use burn::tensor::{Int, Tensor, TensorData, activation::log_softmax};
use tinytriplet_data::Rng;

/// The large-margin cosine loss (Wang et al., "CosFace", 2018, equation 4): a learned proxy for
/// every class, and cross entropy over `scale · cos` between image and proxies, where the cosine to
/// the image's own is lowered by `margin`. With a margin of 0 it is the normalised softmax loss
/// (Zhai and Wu 2019).
pub struct Proxies {
    /// The sharpness with which cosines count.
    pub scale: f32,
    /// By how much the own proxy should be nearer than all others.
    pub margin: f32,
}

impl Loss for Proxies {
    fn loss(&self, batch: &EmbeddedBatch<'_>, _: &mut Rng) -> Option<BatchLoss> {
        let proxies = batch.proxies.clone()?;
        let place = |label| batch.classes.binary_search(label).ok().map(|class| class as i32);
        let places: Option<Vec<i32>> = batch.labels.iter().map(place).collect();
        let (count, device) = (batch.labels.len(), proxies.device());
        let places = Tensor::<2, Int>::from_data(TensorData::new(places?, [count, 1]), &device);
        let cosines = cosine_proxies(batch.embeddings.clone(), proxies);
        let own = Tensor::<2>::zeros(cosines.dims(), &device).scatter(
            1,
            places.clone(),
            Tensor::<2>::full([count, 1], self.margin, &device),
            burn::tensor::IndexingUpdateOp::Add,
        );
        let logarithms = log_softmax((cosines - own) * self.scale, 1);
        Some(BatchLoss { loss: logarithms.gather(1, places).mean() * -1.0, count })
    }

    fn wants_proxies(&self) -> bool {
        true
    }
}

/// Cosines between embeddings of length 1, `[images, values]`, and proxies of any length,
/// `[classes, values]`.
fn cosine_proxies(embeddings: Tensor<2>, proxies: Tensor<2>) -> Tensor<2> {
    let length = proxies.clone().square().sum_dim(1).add_scalar(1e-12).sqrt();
    embeddings.matmul((proxies / length).transpose())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing::{assert_gradient, batch, value_of};

    const PROXIES: [[f32; 2]; 2] = [[2.0, 0.0], [0.0, 3.0]];

    fn loss(labels: &[u16], proxies: impl Fn(&Tensor<2>) -> Tensor<2>) -> impl Fn(Tensor<2>) -> Tensor<1> {
        move |embeddings| {
            let proxies = Some(proxies(&embeddings));
            let batch = EmbeddedBatch { proxies, classes: &[3, 8], ..batch(embeddings, labels) };
            Proxies { scale: 4.0, margin: 0.25 }.loss(&batch, &mut Rng::new(1)).unwrap().loss
        }
    }

    #[test]
    fn the_loss_is_the_cross_entropy_of_scaled_cosines() {
        // Cosines are (0.6, 0.8); the label is that of the second proxy.
        let fixed = |like: &Tensor<2>| Tensor::from_data(PROXIES, &like.device());
        let value = value_of(vec![0.6, 0.8], 2, loss(&[8], fixed));
        let (own, other) = ((4.0 * (0.8 - 0.25f32)).exp(), (4.0 * 0.6f32).exp());
        let expected = -(own / (own + other)).ln();
        assert!((value - expected).abs() < 1e-5, "{value} {expected}");
    }

    #[test]
    fn gradients_equal_finite_differences() {
        let fixed = |like: &Tensor<2>| Tensor::from_data(PROXIES, &like.device());
        assert_gradient(3, 2, loss(&[3, 8, 3], fixed));
        // Of the proxies: they stand in the place of the embeddings.
        assert_gradient(2, 2, |proxies| {
            let embeddings = Tensor::from_data([[0.6f32, 0.8], [1.0, 0.0]], &proxies.device());
            loss(&[8, 8], |_| proxies.clone())(embeddings)
        });
    }
}
