//! Depthwise convolution → ReLU as one differentiable operation, for Burn's Flex backend.
//!
//! ```text
//! y[p, c] = max(0, bias[c] + Σ over (ky, kx) of x[p · stride + (ky, kx) − padding, c] · weight[c, ky, kx])
//! ```
//!
//! Each channel has a filter of its own, so there is nothing that a matrix product would save:
//! channels lie side by side in a vector, and a kernel of 3×3 keeps its nine weights in registers.
//! Where ReLU cut is seen in `y`, which the next layer keeps anyway. Gradients are the sums of
//! [`batch`](super::batch), less all products of different channels.

mod kernel;
mod maps;
mod padded;
mod shape;
#[cfg(test)]
mod tests;

use super::{Geometry, register, tensor, values};
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
use maps::Wanted;
use shape::DepthwiseShape;
use tinytriplet_evaluation::vector::Simd;

/// Returns the depthwise convolution of `x`, and ReLU of it if `geometry` says so. It must not have a
/// pool.
///
/// * `x`: `[images, rows, columns, channels]`
/// * `weight`: `[channels, 1, kernel rows, kernel columns]`, as Burn's `Conv2d` with as many groups
///   has it
/// * `bias`: `[channels]`
///
/// Returns `[images, rows', columns', channels]`. All three get gradients; `x` costs nothing where it
/// needs none.
///
/// # Panics
/// The device is not [`supported`](super::supported), the shapes do not fit, or the values are not
/// `f32`.
pub fn depthwise_relu(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, geometry: &Geometry) -> Tensor<4> {
    let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(<Dispatch as DepthwiseOps>::depthwise_relu(x, weight, bias, *geometry))
}

/// The operation that the backends below implement.
#[backend_extension(Flex, Autodiff)]
trait DepthwiseOps: Backend {
    fn depthwise_relu(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self>;
}

impl DepthwiseOps for Flex {
    fn depthwise_relu(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, geometry: Geometry) -> FlexTensor {
        let shape = shape(&x, &weight, &geometry);
        forward(&shape, &x.to_contiguous(), &weight.to_contiguous(), &bias.to_contiguous())
    }
}

impl<C: CheckpointStrategy> DepthwiseOps for Autodiff<Flex, C> {
    fn depthwise_relu(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        let ((x, x_node), (weight, weight_node), (bias, bias_node)) =
            (x.into_parts(), weight.into_parts(), bias.into_parts());
        let shape = shape(&x, &weight, &geometry);
        let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
        let y = forward(&shape, &x, &weight, &bias.to_contiguous());
        match DepthwiseBackward.prepare::<C>([x_node, weight_node, bias_node]).compute_bound().stateful() {
            OpsKind::Tracked(operation) => operation.finish(Saved { shape, x, weight, y: y.clone() }, y),
            OpsKind::UnTracked(operation) => operation.finish(y),
        }
    }
}

#[derive(Debug)]
struct DepthwiseBackward;

/// State of the forward pass that the backward pass needs.
#[derive(Clone, Debug)]
struct Saved {
    shape: DepthwiseShape,
    x: FlexTensor,
    weight: FlexTensor,
    y: FlexTensor,
}

impl Backward<Flex, 3> for DepthwiseBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let nodes = ops.parents.map(|node| node.map(|node| node.id));
        let Saved { shape, x, weight, y } = ops.state;
        let g = grads.consume::<Flex>(&ops.node).to_contiguous();
        let gradients = maps::backward(
            Simd::best(),
            &shape,
            values(&x),
            values(&weight),
            values(&y),
            values(&g),
            Wanted { x: nodes[0].is_some(), weights: nodes[1].is_some() || nodes[2].is_some() },
        );
        register(gradients, nodes, [shape.input_shape(), shape.weight_shape()], grads);
    }
}

fn shape(x: &FlexTensor, weight: &FlexTensor, geometry: &Geometry) -> DepthwiseShape {
    let dims = |tensor: &FlexTensor| -> [usize; 4] { tensor.shape().dims() };
    let (x, weight) = (dims(x), dims(weight));
    DepthwiseShape::new(x, weight, geometry)
        .unwrap_or_else(|| panic!("weights {weight:?} do not fit maps {x:?} with {geometry:?}"))
}

/// `y` of contiguous tensors.
fn forward(shape: &DepthwiseShape, x: &FlexTensor, weight: &FlexTensor, bias: &FlexTensor) -> FlexTensor {
    let y = maps::forward(Simd::best(), shape, values(x), values(weight), values(bias));
    tensor(y, shape.output_shape())
}
