//! What stands out of a working image, scaled as MNIST was made: to 20/28 of the size, its centre
//! of mass in the middle.

use super::{
    WORKING,
    resize::{Resizer, Target, fitted},
};
use crate::model::format::Background;

/// The ink fills this share of the size: 20 of MNIST's 28 pixels.
const BOX: [u32; 2] = [20, 28];
/// Whatever stands out at least this share of the strongest ink belongs to the ink's box. What is
/// fainter is blur and paper.
const FAINTEST_INK: u8 = 4;

/// Returns the size of the working image of a frame: at most [`WORKING`] times that of the net.
pub fn working_size([height, width]: [u16; 2], size: [u16; 2]) -> [u16; 2] {
    let room = size.map(|side| side.saturating_mul(WORKING));
    if height <= room[0] && width <= room[1] { [height, width] } else { fitted([height, width], room) }
}

/// Returns the size of the box that ink fills, at least one pixel each way.
pub const fn room([height, width]: [u16; 2]) -> [u16; 2] {
    const fn share(side: u16) -> u16 {
        let share = (side as u32 * BOX[0] + BOX[1] / 2) / BOX[1];
        if share == 0 { 1 } else { share as u16 }
    }
    [share(height), share(width)]
}

/// A part of an image.
#[derive(Clone, Copy)]
struct Rectangle {
    left: usize,
    top: usize,
    width: u16,
    height: u16,
}

/// A working image, whose background is found.
pub struct Working<'a> {
    /// Its greys as the frame has them.
    pub greys: &'a [u8],
    /// Its width.
    pub width: usize,
    /// The end of the grey scale that is its background.
    pub background: Background,
    /// The value of the background's pixels, in the greys of a dark background.
    pub paper: u8,
}

impl Working<'_> {
    /// Writes the ink into `pixels`, an image of zeros.
    pub fn centre(&self, [height, width]: [u16; 2], scratch: &mut [u32], pixels: &mut [u8]) {
        let Some(ink) = self.ink_box() else { return };
        let fitting = fitted([ink.height, ink.width], room([height, width]));
        let mut resizer = Resizer::new([ink.height, ink.width], fitting);
        let mut target = Target { pixels: &mut *pixels, stride: width.into(), corner: 0 };
        for row in self.greys.chunks_exact(self.width).skip(ink.top).take(ink.height.into()) {
            let part = row.iter().skip(ink.left).take(ink.width.into());
            resizer.push(part.map(|&grey| self.ink(grey)), scratch, &mut target);
        }
        move_to_centre(pixels, [height, width], fitting);
    }

    /// Returns what stands out of the paper.
    fn ink(&self, grey: u8) -> u8 {
        let on_dark = if self.background == Background::Light { 255 - grey } else { grey };
        on_dark.saturating_sub(self.paper)
    }

    /// Returns the box of the ink; `None` for an image without ink.
    fn ink_box(&self) -> Option<Rectangle> {
        let strongest =
            self.greys.iter().map(|&grey| self.ink(grey)).max().filter(|&strongest| strongest > 0)?;
        let faintest = strongest.div_ceil(FAINTEST_INK);
        let is_ink = |grey: &u8| self.ink(*grey) >= faintest;
        let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
        for (y, row) in self.greys.chunks_exact(self.width).enumerate() {
            let Some(first) = row.iter().position(is_ink) else { continue };
            let last = row.iter().rposition(is_ink).unwrap_or(first);
            low = [low[0].min(first), low[1].min(y)];
            high = [high[0].max(last), y];
        }
        let [width, height] = [0, 1].map(|axis| (high[axis] - low[axis] + 1) as u16);
        Some(Rectangle { left: low[0], top: low[1], width, height })
    }
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
