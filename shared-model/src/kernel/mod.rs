//! The layers' arithmetic, as plain as it can be said: these functions define what a layer computes.
//!
//! A faster implementation is right when it gives the same bytes as these do.
//! `docs/ARITHMETIC.md` states the same in formulas.
//!
//! Contract of all functions here: lengths fit the shapes given, as [`Model::decode`](crate::Model::decode)
//! has checked, and no accumulator can overflow, as it has checked too.

mod conv;
mod dense;
mod pool;

pub use conv::{ConvGeometry, conv2d, conv2d_max_pool};
pub use dense::dense;
pub use pool::{average_pool, max_pool};

use crate::{Element, requantize::requantize};

/// Weights, biases and multipliers of a layer, read in place from the model file.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a> {
    /// int8, `[output channel][row][column][input channel of the group]`; dense: `[output][input]`.
    pub weights: &'a [u8],
    /// `i32`, little-endian, one an output channel, at the scale of the accumulator.
    pub biases: &'a [u8],
    /// `i32`, little-endian, one an output channel; see [`requantize`](crate::requantize).
    pub multipliers: &'a [u8],
}

impl Parameters<'_> {
    /// Bias of output channel `channel`.
    #[inline(always)]
    pub fn bias(&self, channel: usize) -> i32 {
        word(self.biases, channel)
    }

    /// Adds the bias to an accumulator and requantizes it: the end of every output value.
    #[inline(always)]
    fn finish(&self, accumulator: i32, channel: usize, element: Element) -> u8 {
        requantize(accumulator + self.bias(channel), word(self.multipliers, channel), element)
    }
}

/// `Σ weight · input` over two slices of one length.
#[inline(always)]
fn dot(input: &[u8], element: Element, weights: &[u8]) -> i32 {
    match element {
        Element::Unsigned => sum_of_products(input.iter().map(|&byte| i16::from(byte)), weights),
        Element::Signed => sum_of_products(input.iter().map(|&byte| i16::from(byte as i8)), weights),
    }
}

/// Products of 16-bit integers are what vector units and DSP extensions have instructions for. No sum of a validated
/// model overflows; wrapping saves a debug build from asking about each.
#[inline(always)]
fn sum_of_products(input: impl Iterator<Item = i16>, weights: &[u8]) -> i32 {
    input
        .zip(weights)
        .fold(0i32, |sum, (x, &w)| sum.wrapping_add(i32::from(x).wrapping_mul(i32::from(w as i8 as i16))))
}

#[inline(always)]
fn word(words: &[u8], index: usize) -> i32 {
    let bytes = &words[4 * index..4 * index + 4];
    i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
