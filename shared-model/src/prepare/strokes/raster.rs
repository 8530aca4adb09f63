use super::{
    super::centre::{move_to_centre, room},
    Point, StrokesError,
};
use core::borrow::Borrow;

/// The longest side of a net's input that can be drawn in: all products but one fit 32 bits then.
pub const MAX_SIDE: u16 = 1024;

/// Units of length per pixel.
const UNITS: i32 = 16;
/// Samples per pixel in each direction.
const SAMPLES: i32 = 4;
/// The distance of two samples, and that of the first one from the pixel's edge.
const STEP: i32 = UNITS / SAMPLES;
const FIRST: i32 = STEP / 2;
/// The samples of a pixel, a bit each, if all are covered.
const COVERED: u16 = u16::MAX;

/// Returns the length of the scratch that [`rasterise`] needs, in words, for a net's input of
/// `[height, width]`.
pub const fn scratch_len(size: [u16; 2]) -> usize {
    let [height, width] = room(size);
    (height as usize * width as usize).div_ceil(2)
}

/// Makes pixels of a drawing. `points` is a slice of them, or anything else that gives them twice.
/// `size` is the `[height, width]` of the net's input, and `pixels` has one byte for each of its
/// pixels: 0 where nothing is drawn, 255 under the pen.
///
/// A drawing of a single point becomes a dot, as large as the pen.
///
/// # Errors
/// Returns [`StrokesError::Size`] if a side is 0 or longer than [`MAX_SIDE`],
/// [`StrokesError::PixelsLength`] if there are not as many pixels, [`StrokesError::ScratchLength`]
/// if the scratch is shorter than [`scratch_len`], and [`StrokesError::NoPoints`] if nothing is
/// drawn; the pixels are 0 then.
pub fn rasterise(
    points: impl IntoIterator<Item: Borrow<Point>, IntoIter: Clone>,
    size: [u16; 2],
    scratch: &mut [u32],
    pixels: &mut [u8],
) -> Result<(), StrokesError> {
    let [height, width] = size;
    if !size.iter().all(|side| (1..=MAX_SIDE).contains(side)) {
        return Err(StrokesError::Size);
    }
    if pixels.len() != usize::from(height) * usize::from(width) {
        return Err(StrokesError::PixelsLength);
    }
    let scratch = scratch.get_mut(..scratch_len(size)).ok_or(StrokesError::ScratchLength)?;
    pixels.fill(0);
    let points = points.into_iter();
    let page = Page::new(points.clone(), room(size)).ok_or(StrokesError::NoPoints)?;

    let [rows, columns] = page.ink_size();
    let covered: &mut [u16] = bytemuck::cast_slice_mut(scratch);
    let covered = covered.get_mut(..rows * columns).ok_or(StrokesError::ScratchLength)?;
    covered.fill(0);
    let mut before = None;
    for point in points {
        let point = point.borrow();
        let to = page.place(point);
        let from = before.filter(|_| !point.begins).unwrap_or(to);
        Line::new(from, to, page.radius).cover(covered, columns);
        before = Some(to);
    }
    for (row, covered) in pixels.chunks_exact_mut(width.into()).zip(covered.chunks_exact(columns)) {
        for (pixel, covered) in row.iter_mut().zip(covered) {
            *pixel = ((255 * covered.count_ones() + 8) / 16) as u8;
        }
    }
    move_to_centre(pixels, size, [rows as u16, columns as u16]);
    Ok(())
}

/// A place in the box, in units: x, y.
type Place = [i32; 2];

/// How points become places in the box.
struct Page {
    /// The least coordinates of all points, and the greatest.
    low: [u16; 2],
    high: [u16; 2],
    /// A distance between points is multiplied by the first, and divided by the second.
    scale: [u32; 2],
    /// The pen's, in units.
    radius: i32,
}

impl Page {
    /// Returns the page for a box of `[height, width]`; `None` if there are no points.
    fn new(mut points: impl Iterator<Item: Borrow<Point>>, [height, width]: [u16; 2]) -> Option<Self> {
        let first = points.next()?;
        let mut low = [first.borrow().x, first.borrow().y];
        let mut high = low;
        for point in points {
            let point = point.borrow();
            low = [low[0].min(point.x), low[1].min(point.y)];
            high = [high[0].max(point.x), high[1].max(point.y)];
        }
        // An eighth of the box's shorter side in diameter: as many units as that side has pixels.
        // A pen of less than 3 could miss all samples.
        let radius = u32::from(height.min(width)).max(3);
        let [across, down] = [width, height].map(|side| UNITS as u32 * u32::from(side) - 2 * radius);
        let [columns, rows] = [0, 1].map(|axis| u32::from(high[axis] - low[axis]));
        let is_wide = columns * down >= rows * across;
        // A single point has no extent to divide by, and nothing to multiply either.
        let scale = if is_wide { [across, columns.max(1)] } else { [down, rows] };
        Some(Self { low, high, scale, radius: radius as i32 })
    }

    fn place(&self, point: &Point) -> Place {
        self.of([point.x, point.y])
    }

    fn of(&self, point: [u16; 2]) -> Place {
        let [by, of] = self.scale;
        [0, 1].map(|axis| {
            let distance = u32::from(point[axis].saturating_sub(self.low[axis]));
            ((2 * distance * by + of) / (2 * of)) as i32 + self.radius
        })
    }

    /// Returns the rows and columns of the pixels that have ink.
    fn ink_size(&self) -> [usize; 2] {
        let [x, y] = self.of(self.high).map(|high| (high + self.radius + UNITS - 1) / UNITS);
        [y as usize, x as usize]
    }
}

/// A straight piece of a stroke.
struct Line {
    from: Place,
    to: Place,
    /// From one end to the other.
    along: [i32; 2],
    /// The square of its length.
    square: i32,
    radius: i32,
    /// The square of the pen's radius.
    near: i32,
}

impl Line {
    fn new(from: Place, to: Place, radius: i32) -> Self {
        let along = [to[0] - from[0], to[1] - from[1]];
        let square = along[0] * along[0] + along[1] * along[1];
        Self { from, to, along, square, radius, near: radius * radius }
    }

    /// Returns whether the pen, on its way along the line, touches a place.
    #[inline(always)]
    fn touches(&self, [x, y]: Place) -> bool {
        let [dx, dy] = [x - self.from[0], y - self.from[1]];
        let projected = dx * self.along[0] + dy * self.along[1];
        if projected <= 0 {
            return dx * dx + dy * dy <= self.near;
        }
        if projected >= self.square {
            let [dx, dy] = [x - self.to[0], y - self.to[1]];
            return dx * dx + dy * dy <= self.near;
        }
        // The area is the line's length times the distance from it.
        let area = u64::from((dx * self.along[1] - dy * self.along[0]).unsigned_abs());
        area * area <= self.near as u64 * self.square as u64
    }

    /// Marks the samples that the pen touches.
    fn cover(&self, covered: &mut [u16], columns: usize) {
        let pixels = |axis: usize| {
            let (a, b) = (self.from[axis], self.to[axis]);
            let (low, high) = (a.min(b) - self.radius, a.max(b) + self.radius);
            (low / UNITS) as usize..(high / UNITS + 1) as usize
        };
        let (rows, across) = (pixels(1), pixels(0));
        let rows = covered.chunks_exact_mut(columns).enumerate().skip(rows.start).take(rows.len());
        for (row, pixels) in rows {
            let pixels = pixels.iter_mut().enumerate().skip(across.start).take(across.len());
            for (column, pixel) in pixels.filter(|(_, pixel)| **pixel != COVERED) {
                let corner = [column, row].map(|at| at as i32 * UNITS + FIRST);
                for bit in 0..SAMPLES * SAMPLES {
                    let sample = [corner[0] + bit % SAMPLES * STEP, corner[1] + bit / SAMPLES * STEP];
                    if *pixel & 1 << bit == 0 && self.touches(sample) {
                        *pixel |= 1 << bit;
                    }
                }
            }
        }
    }
}
