//! Random layers for the tests of the kernels.

use super::conv::{Conv, Rows};
use crate::{
    engine::kernel,
    model::{
        format::Pool,
        geometry::ConvGeometry,
        step::Parameters,
        tensor::{Element, Shape},
    },
};
use std::{vec, vec::Vec};

/// xorshift64*
pub(super) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }
    /// `low..=high`
    pub fn range(&mut self, low: usize, high: usize) -> usize {
        low + self.next() as usize % (high - low + 1)
    }
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.range(0, from.len() - 1)]
    }
    /// Returns random bytes, or extremes only.
    pub fn bytes(&mut self, len: usize, extremes: [u8; 2]) -> Vec<u8> {
        match self.range(0, 5) {
            0 => std::vec![extremes[0]; len],
            1 => std::vec![extremes[1]; len],
            2 => (0..len).map(|_| extremes[(self.next() >> 7 & 1) as usize]).collect(),
            3 => (0..len).map(|_| self.next() as u8 & self.next() as u8 & self.next() as u8).collect(),
            _ => (0..len).map(|_| self.next() as u8).collect(),
        }
    }
    /// Returns biases and multipliers of `count` channels. They bring sums of `taps` products into
    /// the range of a byte, or far out of it.
    pub fn channels(&mut self, count: usize, taps: usize) -> (Vec<i32>, Vec<i32>) {
        let wild = self.range(0, 3) == 0;
        let biases = (0..count).map(|_| (self.next() as i32) >> if wild { 7 } else { 16 }).collect();
        let multipliers = (0..count)
            .map(|_| if wild { (self.next() >> 1) as i32 } else { (self.next() >> 4) as i32 / (taps as i32) })
            .collect();
        (biases, multipliers)
    }
}

pub(super) fn le(words: &[i32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A random convolution with everything about it.
pub(super) struct Case {
    pub geometry: ConvGeometry,
    /// The output, after the pool.
    pub output: Shape,
    pub pooled: bool,
    /// The types of the input's and the output's bytes.
    pub elements: [Element; 2],
    pub input: Vec<u8>,
    pub weights: Vec<i8>,
    pub biases: Vec<i32>,
    pub multipliers: Vec<i32>,
    /// The output of the reference.
    pub expected: Vec<u8>,
}

impl Case {
    /// Returns a case with a random shape: a common one, or any with a kernel of up to 5 × 5.
    pub fn random(random: &mut Random, depths: &[usize], common: bool) -> Self {
        let depth = random.pick(depths);
        let kernel =
            if common { random.pick(&[[3, 3], [5, 5]]) } else { [random.range(1, 5), random.range(1, 5)] };
        let stride = if common { [1, 1] } else { [random.range(1, 2), random.range(1, 3)] };
        let padding =
            if common && random.range(0, 1) == 0 { [0, 0] } else { [random.range(0, 2), random.range(0, 2)] };
        let size = kernel.map(|k| k + random.range(0, 9));
        let conv = [0, 1]
            .map(|i| (size[i] + padding[i] - kernel[i]) / stride[i] + 1 + random.range(0, padding[i].min(1)));
        let pooled = random.range(0, 2) > 0 && conv[0] > 1 && conv[1] > 1;
        let outputs = 2 * random.range(1, 6);
        let shape = |[h, w]: [usize; 2], c: usize| Shape::new(h as u16, w as u16, c as u16);
        let (input, output) = (shape(size, depth), shape(conv, outputs));
        Self::new(random, ConvGeometry { input, output, kernel, stride, padding, groups: 1 }, pooled)
    }

    pub fn new(random: &mut Random, geometry: ConvGeometry, pooled: bool) -> Self {
        let ConvGeometry { input, output, .. } = geometry;
        let output =
            if pooled { Shape::new(output.height / 2, output.width / 2, output.channels) } else { output };
        let elements = [0, 1].map(|_| random.pick(&[Element::Unsigned, Element::Unsigned, Element::Signed]));
        let extremes = if elements[0] == Element::Signed { [0x80, 0x7f] } else { [0, 255] };
        let input = random.bytes(input.len(), extremes);
        let (taps, outputs) = (geometry.taps(), usize::from(output.channels));
        let weights = random.bytes(outputs * taps, [0x80, 0x7f]);
        let (biases, multipliers) = random.channels(outputs, taps);
        let parameters =
            Parameters { weights: &weights, biases: &le(&biases), multipliers: &le(&multipliers) };
        let mut expected = vec![0; output.len()];
        let (from, to) = ((&input[..], elements[0]), (&mut expected[..], elements[1]));
        if pooled {
            let pool = Pool { kernel: [2, 2], stride: [2, 2] };
            kernel::conv2d_max_pool(&geometry, pool, output, &parameters, from, to);
        } else {
            kernel::conv2d(&geometry, &parameters, from, to);
        }
        let weights = weights.iter().map(|&w| w as i8).collect();
        Self { geometry, output, pooled, elements, input, weights, biases, multipliers, expected }
    }

    /// Returns the layer as a kernel gets it; `parameters` hold packed weights.
    pub fn conv<'s, 'a>(&'s self, parameters: &'s Parameters<'a>) -> Conv<'s, 'a> {
        let [element, to] = self.elements;
        Conv {
            input: self.geometry.input,
            element,
            output: self.output,
            to,
            geometry: &self.geometry,
            pooled: self.pooled,
            narrow: false,
            parameters,
        }
    }

    /// Runs a kernel, which computes `rows_at_once` rows for each number that it gets, and compares
    /// the output. `packed` is 4-byte aligned.
    pub fn check(
        &self,
        index: usize,
        packed: &[u8],
        rows_at_once: usize,
        work_words: impl Fn(&Conv<'_, '_>) -> usize,
        rows: impl Fn(&Conv<'_, '_>, Rows<'_>, usize, &mut [u8], &mut [u32]),
    ) {
        let parameters = Parameters {
            weights: packed,
            biases: bytemuck::cast_slice(&self.biases),
            multipliers: bytemuck::cast_slice(&self.multipliers),
        };
        let conv = self.conv(&parameters);
        let mut work = vec![0x5555_5555u32; work_words(&conv)];
        let mut got = vec![0; self.output.len()];
        let ConvGeometry { input, .. } = self.geometry;
        let row_len = usize::from(input.width) * usize::from(input.channels);
        let map = Rows { bytes: &self.input, row_len, slots: input.height.into() };
        let bytes = usize::from(self.output.width) * usize::from(self.output.channels) * rows_at_once;
        for (y, out) in got.chunks_mut(bytes).enumerate() {
            rows(&conv, map, y, out, &mut work);
        }
        let Self { geometry, output, pooled, elements, expected, .. } = self;
        assert!(got == *expected, "case {index}: {geometry:?} {output} {pooled} {elements:?}");
    }
}
