//! Matrix products on all threads.
//!
//! Burn's Flex backend is built without threads, which is faster to build (docs/BUILDING.md). Large dense layers are
//! the only products here that gain from them.

use crate::fused_conv::supported;
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
        ops::FloatTensorOps,
        tensor::FloatTensor,
    },
    tensor::{Tensor, TensorData},
};
use rayon::prelude::*;

/// Multiply-accumulates from which threads are worth their start.
const LARGE: usize = 192 * 192 * 192;
/// Rows of the result that are worth a thread. Each thread packs all of `b` for itself.
const ROWS: usize = 24;

/// The matrix product of `a` and `b`, the same as Burn's.
pub fn product(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    let ([rows, inner], [_, columns]) = (a.dims(), b.dims());
    if rows * inner * columns < LARGE || !supported(&a.device()) {
        return a.matmul(b);
    }
    Tensor::from_dispatch(<Dispatch as Products>::product(a.into_dispatch(), b.into_dispatch()))
}

/// The operation that the backends below implement.
#[backend_extension(Flex, Autodiff)]
trait Products: Backend {
    fn product(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Products for Flex {
    fn product(a: FlexTensor, b: FlexTensor) -> FlexTensor {
        threaded(&a, &b)
    }
}

impl<C: CheckpointStrategy> Products for Autodiff<Flex, C> {
    fn product(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let ((a, a_node), (b, b_node)) = (a.into_parts(), b.into_parts());
        let y = threaded(&a, &b);
        match ProductBackward.prepare::<C>([a_node, b_node]).compute_bound().stateful() {
            OpsKind::Tracked(operation) => operation.finish((a, b), y),
            OpsKind::UnTracked(operation) => operation.finish(y),
        }
    }
}

#[derive(Debug)]
struct ProductBackward;

impl Backward<Flex, 2> for ProductBackward {
    type State = (FlexTensor, FlexTensor);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let ([a_node, b_node], (a, b)) = (ops.parents, ops.state);
        let g = grads.consume::<Flex>(&ops.node);
        if let Some(node) = a_node {
            grads.register::<Flex>(node.id, threaded(&g, &b.transpose(0, 1)));
        }
        if let Some(node) = b_node {
            grads.register::<Flex>(node.id, threaded(&a.transpose(0, 1), &g));
        }
    }
}

/// The product, in one part of the rows per thread. Each value is the sum that Burn computes, in
/// the same order, whatever the part that it is computed in.
fn threaded(a: &FlexTensor, b: &FlexTensor) -> FlexTensor {
    let ([rows, _], [_, columns]) = (a.shape().dims::<2>(), b.shape().dims::<2>());
    let parts = rayon::current_num_threads().min(rows / ROWS).max(1);
    let part = rows.div_ceil(parts);
    let mut values = vec![0.0; rows * columns];
    values.par_chunks_mut(part * columns).enumerate().for_each(|(index, values)| {
        let a = a.narrow(0, index * part, values.len() / columns);
        let product = Flex::float_matmul(a, b.clone());
        values.copy_from_slice(product.as_slice::<f32>().expect("a new tensor of f32"));
    });
    FlexTensor::from_data(TensorData::new(values, [rows, columns]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::floats;
    use burn::tensor::Device;
    use tinytriplet_data::Rng;

    /// Values and gradients, to the last bit, on any number of threads.
    #[test]
    fn equals_burns_product() {
        let device = Device::flex().autodiff();
        let mut rng = Rng::new(1);
        let mut random = |shape: [usize; 2]| {
            let values: Vec<f32> = (0..shape[0] * shape[1]).map(|_| rng.symmetric()).collect();
            Tensor::<2>::from_data(TensorData::new(values, shape), &device).require_grad()
        };
        for rows in [96, 97, 100] {
            let (a, b, slope) = (random([rows, 800]), random([800, 130]), random([rows, 130]));
            let bits = |y: Tensor<2>| {
                let grads = (y.clone() * slope.clone()).sum().backward();
                let tensors = [y.without_autodiff(), a.grad(&grads).unwrap(), b.grad(&grads).unwrap()];
                tensors.map(|tensor| floats(tensor).into_iter().map(f32::to_bits).collect::<Vec<_>>())
            };
            let expected = bits(a.clone().matmul(b.clone()));
            for threads in 1..=9 {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let computed = pool.install(|| bits(product(a.clone(), b.clone())));
                assert!(computed == expected, "{rows} rows on {threads} threads");
            }
        }
    }
}
