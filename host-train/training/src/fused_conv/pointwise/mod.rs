//! A convolution of 1×1 → ReLU as one differentiable operation, for Burn's Flex backend.
//!
//! ```text
//! y[p, o] = max(0, bias[o] + Σ over i of x[p, i] · weight[o, i])
//! ```
//!
//! Pixels `p` do not see each other, whatever image they are of: this is a matrix product, and so are
//! its gradients. With `g = ∂loss/∂y`, and 0 in its place where ReLU cut (which `y` shows):
//!
//! ```text
//! ∂loss/∂x[p, i]      = Σ over o of g[p, o] · weight[o, i]
//! ∂loss/∂weight[o, i] = Σ over p of g[p, o] · x[p, i]
//! ∂loss/∂bias[o]      = Σ over p of g[p, o]
//! ```

mod pixels;
#[cfg(test)]
mod tests;
mod tile;

pub(super) use pixels::copy_uncut;

use super::{register, tensor, values};
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
use pixels::Pointwise;
use tinytriplet_evaluation::vector::Simd;

/// Returns the convolution of `x` with a kernel of 1×1, and ReLU of it if asked for.
///
/// * `x`: `[images, rows, columns, inputs]`
/// * `weight`: `[outputs, inputs, 1, 1]`, as Burn's `Conv2d` has it
/// * `bias`: `[outputs]`
///
/// Returns `[images, rows, columns, outputs]`. All three get gradients; `x` costs nothing where it
/// needs none.
///
/// # Panics
/// The device is not [`supported`](super::supported), the shapes do not fit, or the values are not
/// `f32`.
pub fn pointwise_relu(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, relu: bool) -> Tensor<4> {
    let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(<Dispatch as PointwiseOps>::pointwise_relu(x, weight, bias, relu))
}

/// The operation that the backends below implement.
#[backend_extension(Flex, Autodiff)]
trait PointwiseOps: Backend {
    fn pointwise_relu(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self>;
}

impl PointwiseOps for Flex {
    fn pointwise_relu(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, relu: bool) -> FlexTensor {
        forward(&x.to_contiguous(), &weight.to_contiguous(), &bias.to_contiguous(), relu)
    }
}

impl<C: CheckpointStrategy> PointwiseOps for Autodiff<Flex, C> {
    fn pointwise_relu(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let ((x, x_node), (weight, weight_node), (bias, bias_node)) =
            (x.into_parts(), weight.into_parts(), bias.into_parts());
        let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
        let y = forward(&x, &weight, &bias.to_contiguous(), relu);
        match PointwiseBackward.prepare::<C>([x_node, weight_node, bias_node]).compute_bound().stateful() {
            OpsKind::Tracked(operation) => operation.finish(Saved { x, weight, y: y.clone(), relu }, y),
            OpsKind::UnTracked(operation) => operation.finish(y),
        }
    }
}

#[derive(Debug)]
struct PointwiseBackward;

/// State of the forward pass that the backward pass needs.
#[derive(Clone, Debug)]
struct Saved {
    x: FlexTensor,
    weight: FlexTensor,
    y: FlexTensor,
    relu: bool,
}

impl Backward<Flex, 3> for PointwiseBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let nodes = ops.parents.map(|node| node.map(|node| node.id));
        let Saved { x, weight, y, relu } = ops.state;
        let g = grads.consume::<Flex>(&ops.node).to_contiguous();
        let shape = shape(&x, &weight, relu);
        let gradients = pixels::backward(
            Simd::best(),
            shape,
            values(&x),
            values(&weight),
            values(&y),
            values(&g),
            nodes[0].is_some(),
        );
        let weight_shape = [shape.outputs, shape.inputs, 1, 1];
        register(gradients, nodes, [x.shape().dims(), weight_shape], grads);
    }
}

fn shape(x: &FlexTensor, weight: &FlexTensor, relu: bool) -> Pointwise {
    let (x, weight): ([usize; 4], [usize; 4]) = (x.shape().dims(), weight.shape().dims());
    match weight {
        [outputs, inputs, 1, 1] if inputs == x[3] && inputs > 0 && outputs > 0 => {
            Pointwise { pixels: x[0] * x[1] * x[2], inputs, outputs, relu }
        }
        _ => panic!("weights {weight:?} are no kernel of 1x1 for maps {x:?}"),
    }
}

/// `y` of contiguous tensors.
fn forward(x: &FlexTensor, weight: &FlexTensor, bias: &FlexTensor, relu: bool) -> FlexTensor {
    let shape = shape(x, weight, relu);
    let y = pixels::forward(Simd::best(), shape, values(x), values(weight), values(bias));
    let [images, rows, columns, _] = x.shape().dims();
    tensor(y, [images, rows, columns, shape.outputs])
}
