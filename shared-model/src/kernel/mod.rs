//! The layers' arithmetic, as plain as it can be said: these functions define what a layer computes.
//!
//! A faster implementation is right when it gives the same bytes as these do.
//! `docs/ARITHMETIC.md` states the same in formulas.
//!
//! Contract of all functions here: lengths fit the shapes given, as [`Model::decode`](crate::Model::decode)
//! has checked, and no accumulator can overflow, as it has checked too. Because a board should not carry code for what
//! cannot happen, nothing here panics: what does not fit is left out.

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
    /// int8, `[output channel][row][column][input channel of the group]`; dense: `[output][input]`. In a packed model
    /// file they are as [`Path`](crate::Path) says.
    pub weights: &'a [u8],
    /// `i32`, little-endian, one an output channel, at the scale of the accumulator.
    pub biases: &'a [u8],
    /// `i32`, little-endian, one an output channel; see [`requantize`](crate::requantize).
    pub multipliers: &'a [u8],
}

impl Parameters<'_> {
    /// Number of output channels.
    pub fn channels(&self) -> usize {
        self.biases.len() / 4
    }

    /// Bias of output channel `channel`.
    #[inline(always)]
    pub fn bias(&self, channel: usize) -> i32 {
        word(self.biases, channel)
    }

    /// Multiplier of output channel `channel`.
    #[inline(always)]
    pub fn multiplier(&self, channel: usize) -> i32 {
        word(self.multipliers, channel)
    }

    /// Adds the bias to an accumulator and requantizes it: the end of every output value.
    #[inline(always)]
    fn finish(&self, accumulator: i32, channel: usize, element: Element) -> u8 {
        requantize(accumulator + self.bias(channel), self.multiplier(channel), element)
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
    words.as_chunks().0.get(index).map_or(0, |&bytes| i32::from_le_bytes(bytes))
}
