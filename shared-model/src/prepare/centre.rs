//! Ink, scaled as MNIST was made: to 20/28 of the size, its centre of mass in the middle.

use super::resize::{Resizer, Target, fitted};

/// The ink fills this share of the size: 20 of MNIST's 28 pixels.
const BOX: [u32; 2] = [20, 28];

/// Returns the size of the box that ink fills, at least one pixel each way.
pub const fn room([height, width]: [u16; 2]) -> [u16; 2] {
    const fn share(side: u16) -> u16 {
        let share = (side as u32 * BOX[0] + BOX[1] / 2) / BOX[1];
        if share == 0 { 1 } else { share as u16 }
    }
    [share(height), share(width)]
}

/// A part of an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub left: usize,
    pub top: usize,
    pub width: u16,
    pub height: u16,
}

impl Part {
    /// Returns the part's pixels of each of its rows.
    fn rows<'a>(
        &self,
        image: &'a [u8],
        stride: usize,
    ) -> impl DoubleEndedIterator<Item = &'a [u8]> + use<'a> {
        let (columns, width) = (self.left, usize::from(self.width));
        let rows = image.chunks_exact(stride.max(1)).skip(self.top).take(self.height.into());
        rows.map(move |row| row.get(columns..columns + width).unwrap_or_default())
    }
}

/// Writes the ink of an image, of `stride` columns, into `pixels`, which are zeros: the box of all
/// pixels within a part that have at least `faintest`.
pub fn centre(
    (image, stride): (&[u8], usize),
    within: Part,
    faintest: u8,
    [height, width]: [u16; 2],
    scratch: &mut [u32],
    pixels: &mut [u8],
) {
    let Some(ink) = ink_box((image, stride), within, faintest) else { return };
    let fitting = fitted([ink.height, ink.width], room([height, width]));
    let mut resizer = Resizer::new([ink.height, ink.width], fitting);
    let mut target = Target { pixels: &mut *pixels, stride: width.into(), corner: 0 };
    for row in ink.rows(image, stride) {
        resizer.push(row.iter().map(|&grey| [grey]), scratch, &mut target);
    }
    move_to_centre(pixels, [height, width], fitting);
}

/// Returns the box of the ink; `None` if there is none.
fn ink_box((image, stride): (&[u8], usize), within: Part, faintest: u8) -> Option<Part> {
    let is_ink = |pixel: &u8| *pixel >= faintest;
    let has_ink = |row: &[u8]| row.iter().any(is_ink);
    let rows = || within.rows(image, stride);
    let top = rows().position(has_ink)?;
    let bottom = usize::from(within.height) - 1 - rows().rev().position(has_ink)?;
    let (mut left, mut right) = (usize::from(within.width), 0);
    for row in rows().skip(top).take(bottom + 1 - top) {
        // Only what is outside of the box so far.
        left = row.iter().take(left).position(is_ink).unwrap_or(left);
        right += row.iter().skip(right).rposition(is_ink).map_or(0, |beyond| beyond + 1);
    }
    let [width, height] = [right - left, bottom + 1 - top].map(|side| side as u16);
    Some(Part { left: within.left + left, top: within.top + top, width, height })
}

/// Moves the left upper part of an image, `[rows, columns]` of it, such that its centre of mass is
/// in the middle, as far as it does not leave the image.
pub fn move_to_centre(pixels: &mut [u8], [height, width]: [u16; 2], [rows, columns]: [u16; 2]) {
    let stride = usize::from(width);
    let [part_rows, part_columns] = [rows, columns].map(usize::from);
    // Moments in halves of a pixel: pixel i's middle is at 2 i + 1.
    let (mut mass, mut moments) = (0u64, [0u64; 2]);
    for (y, row) in (0u64..).zip(pixels.chunks_exact(stride).take(part_rows)) {
        for (x, &pixel) in (0u64..).zip(row.iter().take(part_columns)) {
            let pixel = u64::from(pixel);
            mass += pixel;
            moments[0] += pixel * (2 * y + 1);
            moments[1] += pixel * (2 * x + 1);
        }
    }
    if mass == 0 {
        return;
    }
    // The middle of the image minus the centre of mass, rounded to the nearest, halves up.
    let corner = |side: u16, part: u16, moment: u64| {
        ((u64::from(side) * mass + mass).saturating_sub(moment) / (2 * mass)).min((side - part).into())
            as usize
    };
    let (top, left) = (corner(height, rows, moments[0]), corner(width, columns, moments[1]));
    for y in (0..part_rows).rev() {
        let (from, to) = (y * stride, (y + top) * stride + left);
        pixels.copy_within(from..from + part_columns, to);
        // What was there is background now, unless it has been written to.
        let cleared = if top == 0 { left.min(part_columns) } else { part_columns };
        pixels[from..from + cleared].fill(0);
    }
}
