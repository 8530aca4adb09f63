//! The arithmetic of the layers in its plainest form. These functions define what a layer computes.
//!
//! A faster implementation is right if it returns the same bytes. `docs/ARITHMETIC.md` states the
//! same in formulas.
//!
//! All functions here rely on two facts that [`Model::decode`](crate::Model::decode) has checked:
//! lengths fit the shapes, and no accumulator can overflow. A board should not carry code for what
//! cannot happen, so wrong lengths leave a part of the output as it was. Where debug assertions are
//! on, they panic.

mod add;
mod conv;
mod dense;
mod pool;

pub use add::add;
pub use conv::{conv2d, conv2d_max_pool};
pub use dense::dense;
pub use pool::{average_pool, max_pool};

use crate::{
    engine::requantize::requantize,
    model::{step::Parameters, tensor::Element},
};

impl Parameters<'_> {
    /// Adds the bias to an accumulator and requantizes it, which is the last operation on every
    /// output value.
    #[inline(always)]
    fn finish(&self, accumulator: i32, channel: usize, element: Element) -> u8 {
        requantize(accumulator + self.bias(channel), self.multiplier(channel), element)
    }
}

/// Returns `Σ weight · input` over two slices of the same length.
#[inline(always)]
fn dot(input: &[u8], element: Element, weights: &[u8]) -> i32 {
    debug_assert_eq!(input.len(), weights.len(), "each value has a weight");
    match element {
        Element::Unsigned => sum_of_products(input.iter().map(|&byte| i16::from(byte)), weights),
        Element::Signed => sum_of_products(input.iter().map(|&byte| i16::from(byte as i8)), weights),
    }
}

/// Vector units and DSP extensions have instructions for products of 16-bit integers. No sum of a
/// validated model overflows; wrapping spares a debug build the check of each.
#[inline(always)]
fn sum_of_products(input: impl Iterator<Item = i16>, weights: &[u8]) -> i32 {
    input
        .zip(weights)
        .fold(0i32, |sum, (x, &w)| sum.wrapping_add(i32::from(x).wrapping_mul(i32::from(w as i8 as i16))))
}
