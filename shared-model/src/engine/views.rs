//! Views, or test-time augmentation: an image and slightly moved, scaled, slanted and turned copies of
//! it, whose embeddings are averaged.
//!
//! A net's embedding still changes a little with such distortions; the mean over several views changes
//! less. Each view costs an inference. [`Metadata::views`](crate::model::format::Metadata::views) is their
//! number. `docs/ARITHMETIC.md` defines them: an affine map in 256ths, bilinear, with one rounding.

use crate::{
    contract::{bytes, fitting},
    engine::EmbedError,
    model::{
        decode::Model,
        format::MAX_VIEWS,
        tensor::{Element, Shape},
    },
};

/// From a place in the view to the place in the image that it shows, both measured from the
/// middle: in 256ths, by rows of the matrix, and a shift in 256ths of a pixel.
struct View {
    across: [i32; 2],
    down: [i32; 2],
    shift: [i32; 2],
}

impl View {
    const fn new(across: [i32; 2], down: [i32; 2], shift: [i32; 2]) -> Self {
        Self { across, down, shift }
    }
}

/// In the order in which they are used. The first one is the image itself.
const VIEWS: [View; MAX_VIEWS as usize] = [
    View::new([256, 0], [0, 256], [0, 0]),
    View::new([256, 60], [0, 256], [0, 0]),   // slanted to the right
    View::new([256, -60], [0, 256], [0, 0]),  // and to the left
    View::new([310, 0], [0, 256], [0, 0]),    // narrower
    View::new([256, 0], [0, 310], [0, 0]),    // lower
    View::new([252, 44], [-44, 252], [0, 0]), // turned by 10 degrees
    View::new([252, -44], [44, 252], [0, 0]),
    View::new([224, 0], [0, 224], [192, 192]), // larger, and moved
    View::new([256, 0], [0, 256], [-320, -320]),
];

impl Model<'_> {
    /// Returns the words of scratch that views need beside a net's: an image, and a sum per value of
    /// the embedding.
    pub(crate) fn view_scratch(&self) -> usize {
        match self.metadata().views {
            0 | 1 => 0,
            _ => self.input_len().div_ceil(4) + self.embedding_len(),
        }
    }

    /// Computes the mean of the embeddings of the model's views of an image.
    pub(super) fn embed_views(
        &self,
        pixels: &[u8],
        scratch: &mut [u32],
        embedding: &mut [u8],
    ) -> Result<(), EmbedError> {
        let (image, rest) =
            scratch.split_at_mut_checked(self.input_len().div_ceil(4)).ok_or(EmbedError::ScratchLength)?;
        let (sums, net) = rest.split_at_mut_checked(self.embedding_len()).ok_or(EmbedError::ScratchLength)?;
        let image = fitting(bytes(image).get_mut(..self.input_len()));
        let (element, views) = (self.output().element, self.metadata().views);
        sums.fill(0);
        for view in 0..views {
            draw(view, pixels, self.metadata().input, image);
            self.embed_image(image, net, embedding)?;
            add(sums, embedding, element);
        }
        means(sums, views, embedding);
        Ok(())
    }
}

/// Adds the embedding of a view to the sums.
pub(super) fn add(sums: &mut [u32], embedding: &[u8], element: Element) {
    for (sum, &byte) in sums.iter_mut().zip(embedding) {
        *sum = sum.wrapping_add_signed(element.value(byte));
    }
}

/// Writes the means of so many views.
pub(super) fn means(sums: &[u32], views: u8, embedding: &mut [u8]) {
    for (byte, &sum) in embedding.iter_mut().zip(sums) {
        *byte = mean(sum.cast_signed(), views.into());
    }
}

/// Returns the mean of `count` values of an embedding that add up to `sum`, as a byte; halves are
/// rounded up.
pub fn mean(sum: i32, count: i32) -> u8 {
    (2 * sum + count).div_euclid((2 * count).max(1)) as u8
}

/// Draws a view of an image, from 0 on; both of `shape`, channels last. Beyond its edge, an image
/// goes on as at the edge. There is nothing but the image itself beyond [`MAX_VIEWS`].
///
/// Lengths that do not fit `shape` leave pixels as they are.
pub fn draw(view: u8, image: &[u8], shape: Shape, out: &mut [u8]) {
    let View { across, down, shift } = VIEWS.get(usize::from(view)).unwrap_or(&VIEWS[0]);
    let [height, width, depth] = [shape.height, shape.width, shape.channels].map(i32::from);
    let mut values = out.iter_mut();
    for y in 0..height {
        for x in 0..width {
            // Twice the distance from the middle, and so all places in 512ths.
            let [u, v] = [2 * x + 1 - width, 2 * y + 1 - height];
            let place = |row: &[i32; 2], shift: i32, side: i32| {
                let place = row[0] * u + row[1] * v + 2 * shift + 256 * (side - 1);
                let (before, share) = (place >> 9, place & 511);
                (before.clamp(0, side - 1), (before + 1).clamp(0, side - 1), share as u32)
            };
            let (left, right, to_right) = place(across, shift[0], width);
            let (above, below, to_below) = place(down, shift[1], height);
            for channel in 0..depth {
                let pixel = |row: i32, column: i32| {
                    let index = (row * width + column) * depth + channel;
                    u32::from(fitting(image.get(index as usize).copied()))
                };
                let between = |row| (512 - to_right) * pixel(row, left) + to_right * pixel(row, right);
                let sum = (512 - to_below) * between(above) + to_below * between(below);
                if let Some(value) = values.next() {
                    *value = ((sum + (1 << 17)) >> 18) as u8;
                }
            }
        }
    }
}
