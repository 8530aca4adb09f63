//! Steps that have no fast path.

use shared_model::{
    engine::kernel,
    inspect::{Operation, Step},
};

/// Computes `step` for one image with the kernels that define the arithmetic. `kept` is the map that
/// an add adds to the input; nothing else reads it.
pub(super) fn run(step: &Step<'_>, input: &[u8], kept: &[u8], output: &mut [u8]) {
    let (from, to) = (&step.input, &step.output);
    let (source, target) = ((input, from.element), to.element);
    match &step.operation {
        Operation::Conv2d { geometry, pool: None, parameters } => {
            kernel::conv2d(geometry, parameters, source, (output, target));
        }
        Operation::Conv2d { geometry, pool: Some(pool), parameters } => {
            kernel::conv2d_max_pool(geometry, *pool, to.shape, parameters, source, (output, target));
        }
        Operation::MaxPool2d(pool) => {
            kernel::max_pool(*pool, (input, from.shape), (output, to.shape), target);
        }
        Operation::AveragePool2d(pool, multiplier) => {
            kernel::average_pool(*pool, *multiplier, (input, from.shape), (output, to.shape), target);
        }
        Operation::Dense(parameters) => kernel::dense(parameters, source, (output, target)),
        Operation::Skip => output.copy_from_slice(input),
        Operation::Add { kept: other, multipliers: [of_kept, of_input] } => {
            output.copy_from_slice(input);
            let elements = [from.element, other.element];
            kernel::add([*of_input, *of_kept], output, kept, elements, target);
        }
    }
}
