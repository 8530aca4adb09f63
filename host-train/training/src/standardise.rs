//! Standardised filters as one differentiable operation, for Burn's Flex backend: a dozen small
//! operations of a deep net's every layer would take as long as its convolutions.

use crate::fused_conv::{supported, tensor, values};
use burn::{
    backend::{
        Autodiff, Backend, Dispatch, Flex, TensorMetadata,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        flex::FlexTensor,
        tensor::FloatTensor,
    },
    tensor::Tensor,
};

/// ε of the variance.
const EPSILON: f32 = 1e-10;

/// Weight standardization (Qiao et al. 2019, with the scale and gain of Brock et al. 2021): subtracts
/// each filter's mean and scales the rest to the length `gain`:
///
/// ```text
/// ŵ = gain · (w − mean(w)) / √(N · (var(w) + ε)),  N values in a filter, ε = 1e-10
/// ```
///
/// * `weight`: filters, `[out, in, rows, columns]`
/// * `gain`: `[out]`
pub(crate) fn standardise(weight: Tensor<4>, gain: Tensor<1>) -> Tensor<4> {
    if supported(&weight.device()) {
        let (weight, gain) = (weight.into_dispatch(), gain.into_dispatch());
        return Tensor::from_dispatch(<Dispatch as Standardise>::standardise(weight, gain));
    }
    let shape = weight.dims();
    let len: usize = shape[1..].iter().product();
    let weight = weight.reshape([shape[0], len]);
    let centred = weight.clone() - weight.mean_dim(1);
    let length = (centred.clone().square().sum_dim(1) + EPSILON * len as f32).sqrt();
    (centred / length * gain.unsqueeze_dim(1)).reshape(shape)
}

/// The operation that the backends below implement.
#[backend_extension(Flex, Autodiff)]
trait Standardise: Backend {
    fn standardise(weight: FloatTensor<Self>, gain: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Standardise for Flex {
    fn standardise(weight: FlexTensor, gain: FlexTensor) -> FlexTensor {
        forward(&weight.to_contiguous(), &gain.to_contiguous())
    }
}

impl<C: CheckpointStrategy> Standardise for Autodiff<Flex, C> {
    fn standardise(weight: FloatTensor<Self>, gain: FloatTensor<Self>) -> FloatTensor<Self> {
        let ((weight, weight_node), (gain, gain_node)) = (weight.into_parts(), gain.into_parts());
        let (weight, gain) = (weight.to_contiguous(), gain.to_contiguous());
        let standardised = forward(&weight, &gain);
        match StandardiseBackward.prepare::<C>([weight_node, gain_node]).compute_bound().stateful() {
            OpsKind::Tracked(operation) => operation.finish((weight, gain), standardised),
            OpsKind::UnTracked(operation) => operation.finish(standardised),
        }
    }
}

#[derive(Debug)]
struct StandardiseBackward;

impl Backward<Flex, 2> for StandardiseBackward {
    type State = (FlexTensor, FlexTensor);

    /// With u the filter of length 1, L the length it had, and g = ∂loss/∂ŵ:
    ///
    /// ```text
    /// ∂loss/∂gain = Σ g · u
    /// ∂loss/∂w    = d − mean(d),  d = gain / L · (g − u · Σ g · u)
    /// ```
    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let ([weight_node, gain_node], (weight, gain)) = (ops.parents, ops.state);
        let g = grads.consume::<Flex>(&ops.node).to_contiguous();
        let shape: [usize; 4] = weight.shape().dims();
        let len = shape[1..].iter().product();
        let filters = values(&weight).chunks_exact(len).zip(values(&g).chunks_exact(len)).zip(values(&gain));
        let (mut of_weight, mut of_gain) = (Vec::with_capacity(shape[0] * len), Vec::with_capacity(shape[0]));
        for ((filter, g), &gain) in filters {
            let (mean, length) = mean_and_length(filter);
            let along = sum(len, |at| g[at] * (filter[at] - mean)) / length;
            of_gain.push(along);
            let scale = gain / length;
            let first = of_weight.len();
            let towards = along / length;
            of_weight.extend(filter.iter().zip(g).map(|(w, g)| scale * (g - (w - mean) * towards)));
            let filter = &mut of_weight[first..];
            let mean = sum(len, |at| filter[at]) / len as f32;
            filter.iter_mut().for_each(|value| *value -= mean);
        }
        if let Some(node) = weight_node {
            grads.register::<Flex>(node.id, tensor(of_weight, shape));
        }
        if let Some(node) = gain_node {
            grads.register::<Flex>(node.id, tensor(of_gain, [shape[0]]));
        }
    }
}

/// The standardised filters of contiguous tensors.
fn forward(weight: &FlexTensor, gain: &FlexTensor) -> FlexTensor {
    let shape: [usize; 4] = weight.shape().dims();
    let filters = values(weight).chunks_exact(shape[1..].iter().product());
    let mut standardised = Vec::with_capacity(shape.iter().product());
    for (filter, gain) in filters.zip(values(gain)) {
        let (mean, length) = mean_and_length(filter);
        let scale = gain / length;
        standardised.extend(filter.iter().map(|w| (w - mean) * scale));
    }
    tensor(standardised, shape)
}

/// Returns a filter's mean, and its length without it.
fn mean_and_length(filter: &[f32]) -> (f32, f32) {
    let len = filter.len() as f32;
    let mean = sum(filter.len(), |at| filter[at]) / len;
    let squares = sum(filter.len(), |at| (filter[at] - mean) * (filter[at] - mean));
    (mean, (squares + EPSILON * len).sqrt())
}

/// Sums up `value` below `len`, by eight partial sums, which the compiler turns into vectors.
#[inline(always)]
fn sum(len: usize, value: impl Fn(usize) -> f32) -> f32 {
    let mut sums = [0.0; 8];
    let whole = len / 8 * 8;
    for first in (0..whole).step_by(8) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += value(first + lane);
        }
    }
    sums.iter().sum::<f32>() + (whole..len).map(value).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::floats;
    use burn::tensor::{Device, TensorData, Tolerance};
    use tinytriplet_data::Rng;

    /// The operation and Burn's own in a row, on the backend without it: values and gradients.
    #[test]
    fn equals_burns_operations() {
        for shape in [[3, 2, 3, 3], [5, 1, 3, 3], [16, 32, 1, 1], [2, 1, 1, 1], [4, 3, 5, 1]] {
            let results = || {
                #[allow(deprecated)]
                let devices = [Device::flex().autodiff(), Device::ndarray().autodiff()];
                devices.map(|device| {
                    let mut rng = Rng::new(1);
                    let mut random =
                        |len: usize| (0..len).map(|_| rng.symmetric() + 0.2).collect::<Vec<f32>>();
                    let len = shape.iter().product();
                    let four = |values| Tensor::<4>::from_data(TensorData::new(values, shape), &device);
                    let (weight, slope) = (four(random(len)).require_grad(), four(random(len)));
                    let gain = Tensor::<1>::from_data(TensorData::new(random(shape[0]), [shape[0]]), &device)
                        .require_grad();
                    let y = standardise(weight.clone(), gain.clone());
                    let gradients = (y.clone() * slope).sum().backward();
                    let of = [weight.grad(&gradients).unwrap(), y.without_autodiff()].map(floats);
                    [&of[0][..], &of[1], &floats(gain.grad(&gradients).unwrap())].concat()
                })
            };
            let [ours, theirs] = results();
            let data = |values: Vec<f32>| TensorData::new(values.clone(), [values.len()]);
            data(ours).assert_approx_eq(&data(theirs), Tolerance::<f32>::absolute(1e-5));
        }
    }
}
