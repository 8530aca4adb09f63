//! Convolution → max pool → requantization on [packed](Packed) weights.
//!
//! Several output pixels times several output channels are accumulated at once, in registers: each
//! weight that is loaded is used for all these pixels, each input for all these channels. The
//! pixels may be of several images, which is what makes a fully connected layer, with its one pixel
//! per image, like any other.

use super::pack::{Filters, Packed, Runs, Staging, Taps};
use crate::vector::i8::{Kernel, MOST_LANES, Target};

/// A layer on some images.
pub(super) struct Layer<'a, T: Target> {
    pub packed: &'a Packed<T>,
    pub images: usize,
    /// One image after another.
    pub input: &'a [u8],
    /// At least [`Packed::staged_len`] values; what is in it does not matter.
    pub staged: &'a mut [T::Value],
    /// One image after another.
    pub output: &'a mut [u8],
}

impl<T: Target> Kernel for Layer<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { packed, images, input, staged, output } = self;
        stage::<T>(&packed.staging, images, input, staged);
        let windows = &packed.windows[..images * packed.pixels];
        match &packed.filters {
            Filters::Full(runs) => full(packed, runs, windows, staged, output),
            Filters::Depthwise(taps) => depthwise(packed, taps, windows, staged, output),
        }
    }
}

#[inline(always)]
fn full<T: Target>(
    packed: &Packed<T>,
    runs: &Runs<T>,
    windows: &[usize],
    staged: &[T::Value],
    output: &mut [u8],
) {
    let vector = runs.count * runs.groups; // weights of LANES channels
    let vectors = runs.weights.len() / vector;
    for first in (0..vectors).step_by(2) {
        let channels = Channels::new(packed, &runs.weights[first * vector..], first * T::LANES);
        if first + 1 < vectors {
            channel_block::<T, 2>(packed, runs, &channels, windows, staged, output);
        } else {
            channel_block::<T, 1>(packed, runs, &channels, windows, staged, output);
        }
    }
}

/// [Stages](Packed) images.
#[inline(always)]
fn stage<T: Target>(staging: &Staging, images: usize, input: &[u8], staged: &mut [T::Value]) {
    let &Staging { element, input_len, len, rows, row_len, strides, start, padded } = staging;
    if padded {
        staged[..images * len].fill(T::value(0, element));
    }
    for image in 0..images {
        let from = &input[image * input_len..][..input_len];
        let to = &mut staged[image * len..][..len];
        for row in 0..rows {
            let from = &from[row * strides[0]..][..row_len];
            let to = &mut to[start + row * strides[1]..][..row_len];
            to.iter_mut().zip(from).for_each(|(to, &from)| *to = T::value(from, element));
        }
    }
}

/// The channels from `first` on.
struct Channels<'a, T: Target> {
    weights: &'a [T::Weights],
    biases: &'a [i32],
    multipliers: &'a [i32],
    first: usize,
}

impl<'a, T: Target> Channels<'a, T> {
    #[inline(always)]
    fn new(packed: &'a Packed<T>, weights: &'a [T::Weights], first: usize) -> Self {
        Self { weights, biases: &packed.biases[first..], multipliers: &packed.multipliers[first..], first }
    }

    /// Writes the first [`Target::LANES`] channels from `first` + `LANES` · `vector` on, of a pixel.
    #[inline(always)]
    fn finish(&self, packed: &Packed<T>, pixel: usize, vector: usize, sums: T::Sums, output: &mut [u8]) {
        let (range, at) = (packed.element.range(), vector * T::LANES);
        let (multipliers, pixel) = (&self.multipliers[at..], &mut output[pixel * packed.channels..]);
        let output = &mut pixel[..packed.channels][self.first + at..];
        if output.len() >= T::LANES {
            T::requantize(sums, multipliers, range, output);
        } else {
            // The last lanes are of no channel.
            let mut bytes = [0; MOST_LANES];
            T::requantize(sums, multipliers, range, &mut bytes);
            output.copy_from_slice(&bytes[..output.len()]);
        }
    }
}

/// Computes all pixels of `VECTORS` times [`Target::LANES`] channels.
#[inline(always)]
fn channel_block<T: Target, const VECTORS: usize>(
    packed: &Packed<T>,
    runs: &Runs<T>,
    channels: &Channels<'_, T>,
    windows: &[usize],
    staged: &[T::Value],
    output: &mut [u8],
) {
    let count = windows.len();
    macro_rules! blocks {
        ($pixels:literal) => {
            for first in (0..count).step_by($pixels) {
                // The last block reaches back into the one before it: what is computed twice is
                // written twice.
                let first = first.min(count - $pixels);
                block::<T, $pixels, VECTORS>(packed, runs, channels, windows, first, staged, output);
            }
        };
    }
    match (T::PIXELS[VECTORS - 1], count) {
        (8, 8..) => blocks!(8),
        (6, 6..) => blocks!(6),
        (_, 4..) => blocks!(4),
        _ => blocks!(1),
    }
}

/// Computes `PIXELS` pixels from `first` on, of `VECTORS` times [`Target::LANES`] channels.
#[inline(always)]
fn block<T: Target, const PIXELS: usize, const VECTORS: usize>(
    packed: &Packed<T>,
    runs: &Runs<T>,
    channels: &Channels<'_, T>,
    windows: &[usize],
    first: usize,
    staged: &[T::Value],
    output: &mut [u8],
) {
    let windows: &[usize; PIXELS] = windows[first..].first_chunk().expect("as many pixels");
    let run = runs.groups * T::GROUP;
    // Slices of one length: one comparison below does for all pixels.
    let mut pixels: [&[T::Value]; PIXELS] = [&[]; PIXELS];
    for (pixel, &window) in pixels.iter_mut().zip(windows) {
        *pixel = &staged[window..][..packed.reach];
    }
    let least = T::load(&[i32::MIN; MOST_LANES]);
    let mut biases = [least; VECTORS];
    for (biases, values) in biases.iter_mut().zip(channels.biases.chunks_exact(T::LANES)) {
        *biases = T::load(values);
    }
    let mut largest = [[least; VECTORS]; PIXELS];
    for &position in &packed.positions {
        let mut sums = [biases; PIXELS];
        let rows = channels.weights.as_chunks::<VECTORS>().0.chunks_exact(runs.groups);
        for (row, weights) in rows.take(runs.count).enumerate() {
            let at = position + row * runs.stride;
            let mut inputs: [&[T::Group]; PIXELS] = [&[]; PIXELS];
            for (input, pixel) in inputs.iter_mut().zip(&pixels) {
                *input = T::groups(&pixel[at..at + run]);
            }
            for (group, weights) in weights.iter().enumerate() {
                for (sums, input) in sums.iter_mut().zip(&inputs) {
                    for (sum, &weights) in sums.iter_mut().zip(weights) {
                        *sum = T::multiply_add(*sum, input[group], weights);
                    }
                }
            }
        }
        for (largest, sums) in largest.iter_mut().zip(&sums) {
            for (largest, &sum) in largest.iter_mut().zip(sums) {
                *largest = T::max(*largest, sum);
            }
        }
    }
    for (pixel, largest) in largest.iter().enumerate() {
        for (vector, &sums) in largest.iter().enumerate() {
            channels.finish(packed, first + pixel, vector, sums, output);
        }
    }
}

/// Channel by channel, with [`Target::LANES`] of them side by side.
#[inline(always)]
fn depthwise<T: Target>(
    packed: &Packed<T>,
    taps: &Taps<T>,
    windows: &[usize],
    staged: &[T::Value],
    output: &mut [u8],
) {
    let filters = taps.weights.chunks_exact(taps.places.len());
    for (weights, first) in filters.zip((0..).step_by(T::LANES)) {
        let channels = Channels::new(packed, weights, first);
        match taps.places.as_array::<9>() {
            // Of a window with a known number of pixels, the weights stay in registers.
            Some(places) => filter(packed, &channels, places, windows, staged, output),
            None => filter(packed, &channels, &taps.places, windows, staged, output),
        }
    }
}

/// Computes all pixels of [`Target::LANES`] channels.
#[inline(always)]
fn filter<T: Target>(
    packed: &Packed<T>,
    channels: &Channels<'_, T>,
    places: &[usize],
    windows: &[usize],
    staged: &[T::Value],
    output: &mut [u8],
) {
    let biases = T::load(channels.biases);
    let weights = &channels.weights[..places.len()];
    for (pixel, &window) in windows.iter().enumerate() {
        let values = &staged[window + channels.first..][..packed.reach - channels.first];
        let mut largest = T::load(&[i32::MIN; MOST_LANES]);
        for &position in &packed.positions {
            let mut sums = biases;
            for (&place, &weights) in places.iter().zip(weights) {
                sums = T::multiply_add_each(sums, &values[position + place..], weights);
            }
            largest = T::max(largest, sums);
        }
        channels.finish(packed, pixel, 0, largest, output);
    }
}
