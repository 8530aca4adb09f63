use super::dot;
use crate::model::{step::Parameters, tensor::Element};

/// Fully connected layer: `output[o] = requantize(bias[o] + Σ weight[o][i] · input[i])`.
/// The input is a feature map read in its own order: row, column, channel.
pub fn dense(
    parameters: &Parameters<'_>,
    (input, input_element): (&[u8], Element),
    (output, output_element): (&mut [u8], Element),
) {
    debug_assert_eq!(output.len(), parameters.channels(), "the output has another length");
    debug_assert_eq!(parameters.weights.len(), output.len() * input.len(), "the input has another length");
    let rows = parameters.weights.chunks_exact(input.len().max(1));
    for (channel, (out, weights)) in output.iter_mut().zip(rows).enumerate() {
        let sum = dot(input, input_element, weights);
        *out = parameters.finish(sum, channel, output_element);
    }
}
