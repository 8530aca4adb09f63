//! An image inside zeros, its channels filled up to whole vectors.

use crate::fused_conv::{memory::Aligned, pointwise::copy_uncut};
use std::{mem::MaybeUninit, ops::Range};
use tinytriplet_evaluation::vector::f32::Target;

/// `[row][column][channel]`, with the zeros.
pub(super) struct Padded {
    pub values: Aligned,
    /// Values from one row to the next.
    pub row_step: usize,
    /// Values from one column to the next: the channels, filled up.
    pub column_step: usize,
    /// Where the image begins.
    pub start: usize,
    /// Columns and channels of the image.
    columns: usize,
    channels: usize,
}

impl Padded {
    /// Zeros for images of so many rows and columns; `padding` is above, below, left, right.
    pub fn new(size: [usize; 2], channels: usize, padding: [usize; 4], lanes: usize) -> Self {
        let [top, bottom, left, right] = padding;
        let column_step = channels.next_multiple_of(lanes);
        let row_step = (size[1] + left + right) * column_step;
        Self {
            values: Aligned::new((size[0] + top + bottom) * row_step),
            row_step,
            column_step,
            start: top * row_step + left * column_step,
            columns: size[1],
            channels,
        }
    }

    /// Returns the values from the beginning of an image's row on, and from a channel.
    #[inline(always)]
    pub fn row(&self, row: usize, channel: usize) -> &[f32] {
        &self.values[self.start + row * self.row_step + channel..]
    }

    /// Copies an image in.
    #[inline(always)]
    pub fn load(&mut self, image: &[f32]) {
        self.load_pieces(image.len(), |piece, to| to.copy_from_slice(&image[piece]));
    }

    /// Copies `g` in, with 0 where `y` is.
    #[inline(always)]
    pub fn load_uncut<T: Target>(&mut self, g: &[f32], y: &[f32]) {
        self.load_pieces(g.len(), |piece, to| copy_uncut::<T>(&g[piece.clone()], &y[piece], to));
    }

    /// Calls `copy` for all pieces of an image of so many values that lie side by side here: rows, or
    /// pixels if their channels are filled up.
    #[inline(always)]
    fn load_pieces(&mut self, len: usize, mut copy: impl FnMut(Range<usize>, &mut [f32])) {
        let row_len = self.columns * self.channels;
        let whole = self.channels == self.column_step;
        let (piece, step) = if whole { (row_len, self.row_step) } else { (self.channels, self.column_step) };
        for row in 0..len / row_len {
            let mut first = row * row_len;
            for to in self.values[self.start + row * self.row_step..].chunks_mut(step).take(row_len / piece) {
                copy(first..first + piece, &mut to[..piece]);
                first += piece;
            }
        }
    }

    /// Writes the image, without zeros and filling, to all of `image`.
    pub fn unload(&self, image: &mut [MaybeUninit<f32>]) {
        for (row, values) in image.chunks_exact_mut(self.columns * self.channels).enumerate() {
            let from = self.values[self.start + row * self.row_step..].chunks(self.column_step);
            for (values, from) in values.chunks_exact_mut(self.channels).zip(from) {
                values.write_copy_of_slice(&from[..self.channels]);
            }
        }
    }
}
