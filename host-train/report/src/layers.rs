//! The effect of int8 on each layer, and the layer's cost.

use super::{LayerFacts, NetFacts};
use crate::text::{hex, operation};
use rayon::prelude::*;
use shared_model::{
    Model,
    inspect::{Operation, Shape, Step, Tensor},
    model::format::align,
};
use tinytriplet_data::Split;
use tinytriplet_evaluation::float_net::FloatNet;

/// Test images that float and int8 are compared on, and the multiply-accumulates that this may take
/// in all.
const IMAGES: usize = 256;
const MACS: u64 = 300_000_000;
/// Bins of the histogram of outputs.
const BINS: usize = 32;

/// Facts of a net: as floats, as a plain model, and as the packed one, whose file has `flash`
/// bytes. Float and int8 are compared on images of `split`.
pub fn net_facts(
    net: &FloatNet,
    plain: &Model<'_>,
    packed: &Model<'_>,
    flash: usize,
    split: &Split,
) -> NetFacts {
    let count = (MACS / plain.macs().max(1)).clamp(8, IMAGES as u64) as usize;
    let images = super::scatter::evenly((0..split.len()).collect(), count);
    let buffers = packed.input_len() + packed.embedding_len();
    let steps = packed.steps().zip(packed.scratch_in_use()).zip(compare(net, plain, split, &images));
    let layers = steps.map(|((step, scratch), compared)| LayerFacts {
        operation: operation(&step),
        input: sides(step.input.shape),
        output: sides(step.output.shape),
        parameters: step.parameters(),
        flash: flash_of(&step),
        macs: step.macs(),
        ram: buffers + 4 * scratch,
        signal_to_noise_db: compared.decibels(),
        clipped: compared.clipped as f64 / compared.outputs as f64,
        zeros: compared.zeros as f64 / compared.outputs as f64,
        histogram: compared.sizes.iter().map(|&count| count as f64 / compared.outputs as f64).collect(),
    });
    NetFacts {
        hash: hex(plain.hash()),
        input: sides(plain.input().shape),
        embedding: plain.embedding_len(),
        parameters: plain.parameters(),
        macs: plain.macs(),
        flash,
        ram: packed.ram_len(),
        layers: layers.collect(),
    }
}

fn sides(shape: Shape) -> [usize; 3] {
    [shape.height, shape.width, shape.channels].map(usize::from)
}

/// Returns the number of bytes of a step's multipliers, biases and weights in the model file, each with its padding.
fn flash_of(step: &Step<'_>) -> usize {
    match &step.operation {
        Operation::Conv2d { parameters, .. } | Operation::Dense(parameters) => {
            [parameters.multipliers, parameters.biases, parameters.weights]
                .iter()
                .map(|part| align(part.len()))
                .sum()
        }
        Operation::MaxPool2d(_) | Operation::AveragePool2d(..) | Operation::Skip | Operation::Add { .. } => 0,
    }
}

/// A layer's outputs in floats beside those in int8.
#[derive(Clone, Debug, Default, PartialEq)]
struct Compared {
    /// `Σ x²`
    signal: f64,
    /// `Σ (x − x̂)²`
    noise: f64,
    outputs: u64,
    clipped: u64,
    zeros: u64,
    /// Histogram of the sizes of int8 outputs, in bins from 0 to the largest.
    sizes: [u64; BINS],
}

impl Compared {
    /// `floats` are a step's outputs, `bytes` those of the engine, of which `output` says how they
    /// are read.
    fn add(&mut self, output: Tensor, floats: &[f32], bytes: &[u8]) {
        let (element, scale) = (output.element, f64::from(output.scale));
        let (_, largest) = element.range();
        for (&float, &byte) in floats.iter().zip(bytes) {
            let (float, value) = (f64::from(float), element.value(byte));
            self.signal += float * float;
            self.noise += (float - scale * f64::from(value)).powi(2);
            self.outputs += 1;
            self.clipped += u64::from((float / scale).abs().round() > f64::from(largest));
            self.zeros += u64::from(value == 0);
            self.sizes[value.unsigned_abs() as usize * BINS / (largest as usize + 1)] += 1;
        }
    }

    /// Returns signal over noise; infinite without noise.
    fn decibels(&self) -> f64 {
        10.0 * (self.signal / self.noise).log10()
    }

    fn plus(mut self, other: &Self) -> Self {
        self.signal += other.signal;
        self.noise += other.noise;
        self.outputs += other.outputs;
        self.clipped += other.clipped;
        self.zeros += other.zeros;
        self.sizes.iter_mut().zip(other.sizes).for_each(|(sum, count)| *sum += count);
        self
    }
}

/// Compares both nets on some images, step by step.
fn compare(net: &FloatNet, plain: &Model<'_>, split: &Split, images: &[usize]) -> Vec<Compared> {
    let none = vec![Compared::default(); plain.steps().count()];
    let of = |&index: &usize| {
        let floats = net.forward(split.image(index));
        let mut outputs = vec![Vec::new(); plain.metadata().layers.len()];
        let (mut scratch, mut embedding) = (vec![0; plain.scratch_len()], vec![0; plain.embedding_len()]);
        plain
            .embed_observed(split.image(index), &mut scratch, &mut embedding, |step, bytes| {
                outputs[step.last_layer()].extend_from_slice(bytes);
            })
            .expect("an image of the size that the model takes");
        let compared = none.iter().cloned().zip(plain.steps()).map(|(mut compared, step)| {
            compared.add(step.output, &floats[step.last_layer()], &outputs[step.last_layer()]);
            compared
        });
        compared.collect::<Vec<_>>()
    };
    // Added up in the order of the images, so that sums are the same with any number of threads.
    let each: Vec<Vec<Compared>> = images.par_iter().map(of).collect();
    each.iter().fold(none.clone(), |sums, compared| {
        sums.into_iter().zip(compared).map(|(sum, compared)| sum.plus(compared)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::inspect::Element;

    #[test]
    fn layers_are_compared_value_by_value() {
        let unsigned = Tensor { shape: Shape::new(1, 1, 4), element: Element::Unsigned, scale: 0.5 };
        let mut found = Compared::default();
        found.add(unsigned, &[1.0, 0.0, 200.0, 0.75], &[2, 0, 255, 1]);
        assert_eq!((found.signal, found.noise), (1.0 + 40_000.0 + 0.5625, 72.5 * 72.5 + 0.0625));
        assert_eq!((found.outputs, found.clipped, found.zeros), (4, 1, 1));
        assert_eq!((found.sizes[0], found.sizes[31]), (3, 1));

        let signed = Tensor { shape: Shape::new(1, 1, 3), element: Element::Signed, scale: 1.0 };
        let mut found = Compared::default();
        // 127.4 is rounded to the largest; −128 is beyond it.
        found.add(signed, &[-5.0, 127.4, -128.0], &[0xFB, 127, 0x81]);
        assert_eq!((found.clipped, found.zeros), (1, 0));
        assert_eq!((found.sizes[1], found.sizes[31]), (1, 2));
        let sum = found.clone().plus(&found);
        assert_eq!((sum.signal, sum.outputs, sum.sizes[31]), (2.0 * found.signal, 6, 4));
    }

    #[test]
    fn decibels_are_ten_logarithms_of_power() {
        let of = |signal, noise| Compared { signal, noise, ..Compared::default() }.decibels();
        assert_eq!((of(1000.0, 1.0), of(1.0, 0.0)), (30.0, f64::INFINITY));
        assert!(of(0.0, 0.0).is_nan());
    }
}
