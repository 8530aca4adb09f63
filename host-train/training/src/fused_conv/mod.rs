//! Convolution → ReLU → max pool as one differentiable operation, for Burn's Flex backend.
//!
//! Training a small net is mostly this. Computed in one go, a value is pooled while it is still in
//! a register, and backwards only the argmax of each window is looked at: several times faster than
//! the operations in a row. Parameters, loss, graph and optimizer remain Burn's.
//!
//! [`conv_relu_pool`] is the operation; its formula, and why its gradients are exact and do not
//! depend on the number of threads, is in `batch.rs`. Where [`supported`] says no, use Burn's own
//! operations: they give the same up to rounding.

mod backward;
mod batch;
#[cfg(test)]
mod batch_tests;
mod depthwise;
mod forward;
mod geometry;
mod memory;
mod pointwise;
#[cfg(test)]
mod reference;
mod unroll;

pub use depthwise::depthwise_relu;
pub use geometry::{Geometry, Window};
pub use pointwise::pointwise_relu;

use batch::Output;
use burn::{
    backend::{
        Autodiff, Backend, Dispatch, DispatchDevice, Flex, TensorMetadata,
        autodiff::{
            NodeId,
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        flex::FlexTensor,
        tensor::FloatTensor,
    },
    tensor::{Device, Tensor, TensorData, module::max_pool2d, ops::MaxPoolOptions},
};
use geometry::{MOST_POOL_POSITIONS, Plan};
use std::sync::Arc;
use tinytriplet_evaluation::vector::Simd;

/// Returns true if [`conv_relu_pool`] runs on `device`: on Flex, with gradients or without.
pub fn supported(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Flex(_) => true,
        DispatchDevice::Autodiff(device) => matches!(**device, DispatchDevice::Flex(_)),
        _ => false,
    }
}

/// Returns the largest of `max(0, x ∗ weight + bias)` in each window of the pool, without the `max` or
/// without the pool if `geometry` says so.
///
/// * `x`: `[images, rows, columns, inputs]`
/// * `weight`: `[outputs, inputs, kernel rows, kernel columns]`, as Burn's `Conv2d` has it
/// * `bias`: `[outputs]`
///
/// Returns `[images, rows', columns', outputs]`, the shape that [`Plan::output_shape`] tells. All
/// three get gradients; `x` costs nothing where it needs none.
///
/// # Panics
/// The device is not [`supported`], the shapes do not fit ([`Plan::new`] is `None`), or the
/// values are not `f32`.
pub fn conv_relu_pool(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, geometry: &Geometry) -> Tensor<4> {
    if let Some(Window { kernel, stride }) = geometry.pool
        && kernel[0].saturating_mul(kernel[1]) > MOST_POOL_POSITIONS
    {
        let map = conv_relu_pool(x, weight, bias, &Geometry { pool: None, ..*geometry });
        let options = MaxPoolOptions::new(kernel).with_stride(stride);
        return max_pool2d(map.permute([0, 3, 1, 2]), options).permute([0, 2, 3, 1]);
    }
    let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(<Dispatch as FusedOps>::conv_relu_pool(x, weight, bias, *geometry))
}

/// The operation that the backends below implement.
#[backend_extension(Flex, Autodiff)]
trait FusedOps: Backend {
    fn conv_relu_pool(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self>;
}

impl FusedOps for Flex {
    fn conv_relu_pool(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, geometry: Geometry) -> FlexTensor {
        let plan = plan(&x, &weight, &geometry);
        forward(&plan, &x.to_contiguous(), &weight.to_contiguous(), &bias.to_contiguous()).0
    }
}

impl<C: CheckpointStrategy> FusedOps for Autodiff<Flex, C> {
    fn conv_relu_pool(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        let ((x, x_node), (weight, weight_node), (bias, bias_node)) =
            (x.into_parts(), weight.into_parts(), bias.into_parts());
        let plan = plan(&x, &weight, &geometry);
        let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
        let (y, argmax) = forward(&plan, &x, &weight, &bias.to_contiguous());
        match FusedBackward.prepare::<C>([x_node, weight_node, bias_node]).compute_bound().stateful() {
            OpsKind::Tracked(operation) => {
                operation.finish(Saved { plan, x, weight, argmax: Arc::new(argmax) }, y)
            }
            OpsKind::UnTracked(operation) => operation.finish(y),
        }
    }
}

#[derive(Debug)]
struct FusedBackward;

/// State of the forward pass that the backward pass needs.
#[derive(Clone, Debug)]
struct Saved {
    plan: Plan,
    x: FlexTensor,
    weight: FlexTensor,
    argmax: Arc<Vec<u8>>,
}

impl Backward<Flex, 3> for FusedBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let nodes = ops.parents.map(|node| node.map(|node| node.id));
        let Saved { plan, x, weight, argmax } = ops.state;
        let g = grads.consume::<Flex>(&ops.node).to_contiguous();
        let gradients = batch::backward(
            Simd::best(),
            &plan,
            values(&x),
            values(&weight),
            &argmax,
            values(&g),
            nodes[0].is_some(),
        );
        register(gradients, nodes, [plan.input_shape(), plan.weight_shape()], grads);
    }
}

/// Gives each of an operation's inputs, its maps, weights and biases, its gradient, if it asks for one. The shapes
/// are those of the maps and the weights.
fn register(
    gradients: batch::Gradients,
    [x, weight, bias]: [Option<NodeId>; 3],
    [x_shape, weight_shape]: [[usize; 4]; 2],
    grads: &mut Gradients,
) {
    if let (Some(node), Some(gradient)) = (x, gradients.x) {
        grads.register::<Flex>(node, tensor(gradient, x_shape));
    }
    if let Some(node) = weight {
        grads.register::<Flex>(node, tensor(gradients.weight, weight_shape));
    }
    if let Some(node) = bias {
        let outputs = gradients.bias.len();
        grads.register::<Flex>(node, tensor(gradients.bias, [outputs]));
    }
}

fn plan(x: &FlexTensor, weight: &FlexTensor, geometry: &Geometry) -> Plan {
    let dims = |tensor: &FlexTensor| -> [usize; 4] { tensor.shape().dims() };
    let (x, weight) = (dims(x), dims(weight));
    Plan::new(x, weight, geometry)
        .unwrap_or_else(|| panic!("weights {weight:?} do not fit maps {x:?} with {geometry:?}"))
}

/// `y` and its argmax, of contiguous tensors.
fn forward(plan: &Plan, x: &FlexTensor, weight: &FlexTensor, bias: &FlexTensor) -> (FlexTensor, Vec<u8>) {
    let Output { values: y, argmax } =
        batch::forward(Simd::best(), plan, values(x), values(weight), values(bias));
    (tensor(y, plan.output_shape()), argmax)
}

/// Returns the values of a contiguous tensor.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().expect("a contiguous tensor of f32")
}

/// Returns values as a tensor.
pub(crate) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, activation::relu, module::conv2d, ops::ConvOptions};

    /// Burn's own operations in a row.
    fn plain(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, geometry: &Geometry) -> Tensor<4> {
        let [top, bottom, left, right] = geometry.padding;
        assert!(top == bottom && left == right, "as Burn has it");
        let options = ConvOptions::new(geometry.stride, [top, left], [1, 1], 1);
        let mut y = conv2d(x.permute([0, 3, 1, 2]), weight, Some(bias), options);
        if geometry.relu {
            y = relu(y);
        }
        if let Some(Window { kernel, stride }) = geometry.pool {
            y = max_pool2d(y, MaxPoolOptions::new(kernel).with_stride(stride));
        }
        y.permute([0, 2, 3, 1])
    }

    fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), device)
    }

    fn assert_close<const D: usize>(ours: Tensor<D>, theirs: Tensor<D>, what: &str) {
        assert_eq!(ours.dims(), theirs.dims(), "{what}");
        let values = |tensor: Tensor<D>| tensor.into_data().try_into_vec::<f32>().unwrap();
        let (ours, theirs) = (values(ours), values(theirs));
        let scale = theirs.iter().fold(1e-3_f32, |scale, value| scale.max(value.abs()));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert!(
                (ours - theirs).abs() < 1e-5 * scale,
                "{ours} instead of {theirs}, at most {scale}: {what}"
            );
        }
    }

    #[test]
    fn equals_burns_operations() {
        let device = Device::flex().autodiff();
        device.seed(1);
        let pool = |size: usize, step: usize| Some(Window { kernel: [size; 2], stride: [step; 2] });
        let same =
            |padding: usize| Geometry { stride: [1, 1], padding: [padding; 4], relu: true, pool: None };
        for (geometry, x, weight) in [
            (Geometry { pool: pool(2, 2), ..same(0) }, [8, 28, 28, 1], [32, 1, 3, 3]),
            (Geometry { pool: pool(2, 2), ..same(0) }, [8, 13, 13, 32], [32, 32, 3, 3]),
            (Geometry { pool: pool(2, 2), ..same(0) }, [4, 28, 28, 1], [24, 1, 5, 5]),
            (Geometry { pool: pool(3, 2), ..same(1) }, [4, 11, 9, 3], [17, 3, 3, 3]),
            (same(1), [4, 7, 7, 16], [32, 16, 3, 3]),
            (Geometry { relu: false, ..same(0) }, [4, 7, 6, 5], [3, 5, 1, 4]),
            (Geometry { stride: [2, 3], padding: [1, 1, 2, 2], ..same(0) }, [4, 9, 11, 8], [20, 8, 3, 5]),
            (Geometry { pool: pool(16, 16), ..same(0) }, [2, 18, 18, 2], [4, 2, 3, 3]),
        ] {
            let tensors = (random(x, &device), random(weight, &device), random([weight[0]], &device));
            let (x, weight, bias) =
                (tensors.0.require_grad(), tensors.1.require_grad(), tensors.2.require_grad());
            let ours = conv_relu_pool(x.clone(), weight.clone(), bias.clone(), &geometry);
            let theirs = plain(x.clone(), weight.clone(), bias.clone(), &geometry);
            let g = random(ours.dims(), &device);
            let what = format!("{geometry:?} {:?} {:?}", x.dims(), weight.dims());
            assert_close(ours.clone(), theirs.clone(), &what);
            let (ours, theirs) = ((ours * g.clone()).sum().backward(), (theirs * g).sum().backward());
            assert_close(x.grad(&ours).unwrap(), x.grad(&theirs).unwrap(), &what);
            assert_close(weight.grad(&ours).unwrap(), weight.grad(&theirs).unwrap(), &what);
            assert_close(bias.grad(&ours).unwrap(), bias.grad(&theirs).unwrap(), &what);
        }
    }

    /// Tests a view that is not contiguous, without gradients, and with gradients of the weights
    /// alone.
    #[test]
    fn runs_on_what_it_is_given() {
        let geometry = Geometry { stride: [1, 1], padding: [0; 4], relu: true, pool: None };
        let device = Device::flex();
        let (x, weight, bias) =
            (random([2, 3, 6, 7], &device), random([4, 3, 3, 3], &device), random([4], &device));
        let x = x.permute([0, 2, 3, 1]);
        let ours = conv_relu_pool(x.clone(), weight.clone(), bias.clone(), &geometry);
        assert_close(ours, plain(x.clone(), weight.clone(), bias.clone(), &geometry), "no gradients");

        let (x, weight, bias) = (x.autodiff(), weight.autodiff().require_grad(), bias.autodiff());
        let ours = conv_relu_pool(x.clone(), weight.clone(), bias.clone(), &geometry).sum().backward();
        let theirs = plain(x.clone(), weight.clone(), bias, &geometry).sum().backward();
        assert_close(weight.grad(&ours).unwrap(), weight.grad(&theirs).unwrap(), "of the weights");
        assert!(x.grad(&ours).is_none());
    }

    #[test]
    fn other_backends_are_not_supported() {
        assert!(supported(&Device::flex()));
        assert!(supported(&Device::flex().autodiff()));
        #[allow(deprecated)]
        let others = [Device::ndarray(), Device::ndarray().autodiff()];
        assert!(others.iter().all(|device| !supported(device)));
    }
}
