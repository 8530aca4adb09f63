//! The layers' arithmetic, as plain as it can be said: these functions define what a layer computes.
//!
//! A faster implementation is right when it gives the same bytes as these do.
//! `docs/ARITHMETIC.md` states the same in formulas.
//!
//! Contract of all functions here: lengths fit the shapes given, as [`Model::decode`](crate::model::decode::Model::decode)
//! has checked, and no accumulator can overflow, as it has checked too. Because a board should not carry code for what
//! cannot happen, nothing here panics: what does not fit is left out.

mod conv;
mod dense;
mod pool;

pub use conv::{conv2d, conv2d_max_pool};
pub use dense::dense;
pub use pool::{average_pool, max_pool};

use crate::{
    engine::requantize::requantize,
    model::{step::Parameters, tensor::Element},
};

impl Parameters<'_> {
    /// Adds the bias to an accumulator and requantizes it: the end of every output value.
    #[inline(always)]
    fn finish(&self, accumulator: i32, channel: usize, element: Element) -> u8 {
        requantize(accumulator + self.bias(channel), self.multiplier(channel), element)
    }
}

/// `Σ weight · input` over two slices of one length.
#[inline(always)]
fn dot(input: &[u8], element: Element, weights: &[u8]) -> i32 {
    debug_assert_eq!(input.len(), weights.len(), "each value has a weight");
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
