//! Types that the drivers of convolutions share: the layer, its channels, and the pixels that go in
//! and out.

use super::misfit;
use crate::model::{
    geometry::ConvGeometry,
    step::Parameters,
    tensor::{Element, Shape},
};

/// A convolution, and the 2 × 2 max pool of stride 2 after it where there is one.
pub(super) struct Conv<'s, 'a> {
    /// The input without the rows and columns that nothing reads.
    pub input: Shape,
    /// The type of the input's bytes.
    pub element: Element,
    /// The output, after the pool, without the rows and columns that nothing reads.
    pub output: Shape,
    /// The type of the output's bytes.
    pub to: Element,
    /// Kernel, stride and padding. Its shapes are those of the whole maps, before the pool.
    pub geometry: &'s ConvGeometry,
    /// True if a pool follows.
    pub pooled: bool,
    /// True if every rounded sum fits 16 bits.
    #[cfg_attr(not(dsp), allow(dead_code))]
    pub narrow: bool,
    /// Weights packed for this kernel, 4-byte aligned; biases and multipliers.
    pub parameters: &'s Parameters<'a>,
}

impl<'a> Conv<'_, 'a> {
    /// Returns biases and multipliers of the output channels.
    #[inline(always)]
    pub fn channels(&self) -> Channels<'a> {
        Channels::of(self.parameters)
    }

    /// Returns the packed weights of a kernel whose weights have 16 bits.
    #[inline(always)]
    pub fn halves(&self) -> &'a [i16] {
        bytemuck::try_cast_slice(self.parameters.weights).unwrap_or_else(|_| misfit())
    }

    /// Returns the number of weights of an output channel.
    #[inline(always)]
    pub const fn taps(&self) -> usize {
        self.geometry.kernel[0] * self.geometry.kernel[1] * self.input.channels as usize
    }

    /// Returns how many rows, and columns, of the convolution lie from one output to the next.
    #[inline(always)]
    pub const fn pool(&self) -> usize {
        if self.pooled { 2 } else { 1 }
    }
}

/// Biases and multipliers of the output channels.
#[derive(Clone, Copy)]
pub(super) struct Channels<'a> {
    /// At the scale of the accumulator.
    pub biases: &'a [i32],
    /// See [`requantize`](crate::engine::requantize).
    pub multipliers: &'a [i32],
}

impl<'a> Channels<'a> {
    /// Reads the words of a layer's parameters, which are aligned in a model.
    #[inline(always)]
    pub fn of(parameters: &Parameters<'a>) -> Self {
        Self {
            biases: bytemuck::try_cast_slice(parameters.biases).unwrap_or_else(|_| misfit()),
            multipliers: bytemuck::try_cast_slice(parameters.multipliers).unwrap_or_else(|_| misfit()),
        }
    }
}

/// Rows of a feature map in a ring: row `r` lies in slot `r % slots`. A whole map has as many slots
/// as rows.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// The slots, one after the other.
    pub bytes: &'a [u8],
    /// Bytes of a row.
    pub row_len: usize,
    /// Rows that are held.
    pub slots: usize,
}

impl<'a> Rows<'a> {
    /// Returns the bytes of row `r`, or an empty slice if the ring does not hold it.
    #[inline]
    pub fn row(&self, r: usize) -> &'a [u8] {
        self.from(r).get(..self.row_len).unwrap_or(&[])
    }

    /// Returns the bytes of row `r` and of the slots after its own; likewise.
    #[inline]
    pub fn from(&self, r: usize) -> &'a [u8] {
        let slot = if cfg!(dsp) { r.checked_rem(self.slots) } else { remainder(r, self.slots) };
        self.bytes.get(slot.unwrap_or(0) * self.row_len..).unwrap_or(&[])
    }
}

/// Returns `r % slots`, mostly without a division, which takes long on a core that has no instruction for
/// it.
#[inline]
fn remainder(r: usize, slots: usize) -> Option<usize> {
    if r >> 3 >= slots {
        return r.checked_rem(slots);
    }
    let mut slot = r;
    while slot >= slots {
        slot -= slots;
    }
    Some(slot)
}

/// Output pixels of `channels` bytes each, one after the other.
pub(super) struct Pixels<'a> {
    pub bytes: &'a mut [u8],
    pub channels: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remainders() {
        for r in (0..300).chain([65_534, usize::MAX]) {
            for slots in 0..40 {
                assert_eq!(remainder(r, slots), r.checked_rem(slots), "{r} {slots}");
            }
        }
    }
}
