//! An image inside zeros, its channels filled up to whole vectors.

use crate::fused_conv::memory::Aligned;
use std::mem::MaybeUninit;
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
    pub fn load(&mut self, image: &[f32]) {
        let whole = self.channels == self.column_step;
        for (row, values) in image.chunks_exact(self.columns * self.channels).enumerate() {
            let to = &mut self.values[self.start + row * self.row_step..];
            if whole {
                to[..values.len()].copy_from_slice(values);
            } else {
                for (to, values) in
                    to.chunks_exact_mut(self.column_step).zip(values.chunks_exact(self.channels))
                {
                    to[..values.len()].copy_from_slice(values);
                }
            }
        }
    }

    /// Copies `g` in, with 0 where `y` is.
    #[inline(always)]
    pub fn load_uncut<T: Target>(&mut self, g: &[f32], y: &[f32]) {
        let (columns, channels) = (self.columns, self.channels);
        let rows = g.chunks_exact(columns * channels).zip(y.chunks_exact(columns * channels));
        for (row, (g, y)) in rows.enumerate() {
            let to = &mut self.values[self.start + row * self.row_step..];
            if channels == self.column_step {
                let to = to[..g.len()].chunks_exact_mut(T::LANES);
                for ((to, g), y) in to.zip(g.chunks_exact(T::LANES)).zip(y.chunks_exact(T::LANES)) {
                    T::store(T::select_le(T::load(y), T::splat(0.0), T::splat(0.0), T::load(g)), to);
                }
            } else {
                for (to, (g, y)) in to
                    .chunks_exact_mut(self.column_step)
                    .zip(g.chunks_exact(channels).zip(y.chunks_exact(channels)))
                {
                    for (to, (&g, &y)) in to.iter_mut().zip(g.iter().zip(y)) {
                        *to = if y <= 0.0 { 0.0 } else { g };
                    }
                }
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
