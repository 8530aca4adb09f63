//! The sign on the paper: from a reduced frame to its ink alone, evenly strong.
//!
//! ```text
//! frame → reduced (means of blocks) → cells → tiles → paper
//!                         cells − paper → lines out → specks out → where the sign is
//! reduced − paper, there → ink
//! ```
//!
//! What takes many steps is done on cells, of which there are a quarter as many as pixels in a large
//! frame. The ink itself keeps the resolution of the reduced frame.

use super::{
    border::GREYS,
    centre::Part,
    lines, paper, parts,
    reduce::{AREA, SIDE},
};
use crate::model::format::{Background, Centring};

/// A cell is 2 × 2 pixels of a reduced frame with more than this part of its largest area.
const CELL_AREA: u32 = 4;
/// The place of "as light as the paper" among the counted values of cells: some are negative.
const ZERO: i32 = 64;
/// One cell in so many is stronger than what counts as the strongest ink.
const PEAK: u32 = 300;
/// The strongest ink of a frame without ink is weaker than this.
const WEAKEST: i32 = 8;
/// Ink is more than this many times the noise: the difference of neighbours that a quarter of them
/// does not exceed.
const NOISE: i32 = 8;
/// Lines are looked for from this share of the ink's threshold on.
const LINES: [i32; 2] = [3, 8];
/// The weakest part of strong ink, in this share of it, is blur and paper.
const FLOOR: i32 = 16;
/// Ink is as strong as a pen's where this part of it is stronger.
const STRONG: u32 = 4;

/// Bits of a cell once it is known where the sign is.
const HAS_INK: u8 = 1;
const NEXT_TO_INK: u8 = 2;

/// What has been found in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Found {
    /// The end of the grey scale that is the background: `Dark` or `Light`.
    pub background: Background,
    /// The lines of the paper that were removed.
    pub lines: u16,
    /// The parts of the sign; 0 if there is no ink, or if the picture was tidy and nothing was
    /// looked for.
    pub parts: u16,
    /// The parts that were left out: specks, and what is at the rim.
    pub specks: u16,
    /// Whether the picture was small and its border even, and therefore left as it was.
    pub is_tidy: bool,
}

/// An image on the way to the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage<'a> {
    /// Its kind.
    pub kind: StageKind,
    /// Row by row.
    pub pixels: &'a [u8],
    /// Height and width.
    pub size: [usize; 2],
}

/// The kinds of images on the way to the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageKind {
    /// The greys of the frame, reduced.
    Reduced,
    /// How much each cell stands out of the paper below it.
    Flattened,
    /// The ink of the sign, evened.
    Ink,
}

/// The scratch for one sign, divided.
pub struct Room<'a> {
    /// The reduced frame.
    pub reduced: &'a mut [u8],
    cells: &'a mut [u8],
    tiles: &'a mut [u8],
    /// Used by one step after another.
    pub work: &'a mut [u32],
}

/// The lengths of a [`Room`], in words.
struct Lengths {
    reduced: usize,
    cells: usize,
    tiles: usize,
    work: usize,
}

impl Lengths {
    const fn new([height, width]: [u16; 2]) -> Self {
        let [height, width] = [height as usize, width as usize];
        let sides = (height.saturating_add(width)).saturating_mul(SIDE as usize);
        let pixels = height.saturating_mul(width).saturating_mul(AREA as usize);
        // With sides h and w, (h + 1) (w + 1) / 4 for the cells, and the like for the others.
        let cells = pixels.saturating_add(sides).saturating_add(4) / CELL_AREA as usize;
        let tiles = cells.saturating_add(3 * sides).saturating_add(9) / 16;
        let blocks = cells.saturating_add(sides).saturating_add(1) / 4;
        let longer = (if height > width { height } else { width }) * SIDE as usize;
        let marks = (2 * lines::STRIPS * longer).div_ceil(4);
        let sums = 2 * longer;
        let mut work = blocks;
        if marks > work {
            work = marks;
        }
        if sums > work {
            work = sums;
        }
        if (3 * tiles).div_ceil(4) > work {
            work = (3 * tiles).div_ceil(4);
        }
        Self { reduced: pixels.div_ceil(4), cells: cells.div_ceil(4), tiles: tiles.div_ceil(4), work }
    }
}

/// Returns the scratch that a sign for a net of `size` needs, in words.
pub const fn scratch_len(size: [u16; 2]) -> usize {
    let Lengths { reduced, cells, tiles, work } = Lengths::new(size);
    reduced.saturating_add(cells).saturating_add(tiles).saturating_add(work)
}

impl<'a> Room<'a> {
    /// Divides scratch; `None` if it is shorter than [`scratch_len`].
    pub fn new(scratch: &'a mut [u32], size: [u16; 2]) -> Option<Self> {
        let lengths = Lengths::new(size);
        let (reduced, scratch) = scratch.split_at_mut_checked(lengths.reduced)?;
        let (cells, scratch) = scratch.split_at_mut_checked(lengths.cells)?;
        let (tiles, scratch) = scratch.split_at_mut_checked(lengths.tiles)?;
        let work = scratch.get_mut(..lengths.work)?;
        let [reduced, cells, tiles] = [reduced, cells, tiles].map(bytemuck::cast_slice_mut);
        Some(Self { reduced, cells, tiles, work })
    }
}

/// A reduced frame, and what is known of it.
pub struct Sign<'a, 'r> {
    room: &'r mut Room<'a>,
    counts: &'r mut [u32],
    /// Height and width of the reduced frame, its cells, and its tiles.
    pixels: [usize; 2],
    cells: [usize; 2],
    tiles: [usize; 2],
    /// The side of a cell, in pixels.
    cell: usize,
    background: Background,
    /// The value of cells as light as most are.
    middle: i32,
}

impl<'a, 'r> Sign<'a, 'r> {
    /// Leaves the ink of the sign, of 0 to 255, in the reduced frame of the room, whose size is
    /// given; what is found, and the part of it that has ink, if any. `counts` has [`GREYS`] words.
    pub fn find(
        room: &'r mut Room<'a>,
        counts: &'r mut [u32],
        (pixels, net): ([u16; 2], [u16; 2]),
        background: Background,
        centring: Centring,
        observe: &mut impl FnMut(Stage<'_>),
    ) -> (Found, Option<Part>) {
        let most = AREA * u32::from(net[0]) * u32::from(net[1]);
        let is_fine = CELL_AREA * u32::from(pixels[0]) * u32::from(pixels[1]) <= most;
        let cell = if is_fine { 1 } else { 2 };
        let pixels = pixels.map(usize::from);
        let cells = pixels.map(|side| side.div_ceil(cell));
        let tiles = cells.map(|side| side.div_ceil(paper::TILE));
        let mut sign = Self { room, counts, pixels, cells, tiles, cell, background, middle: 0 };
        let [reduced_len, cells_len] = [pixels, cells].map(|[height, width]| height * width);
        sign.room.reduced =
            core::mem::take(&mut sign.room.reduced).get_mut(..reduced_len).unwrap_or_default();
        sign.room.cells = core::mem::take(&mut sign.room.cells).get_mut(..cells_len).unwrap_or_default();
        observe(Stage { kind: StageKind::Reduced, pixels: sign.room.reduced, size: pixels });
        sign.make_cells();
        sign.make_tiles();
        if background == Background::Auto {
            sign.background = sign.judge();
        }
        let mut found = Found { background: sign.background, lines: 0, parts: 0, specks: 0, is_tidy: false };
        sign.flatten();
        observe(Stage { kind: StageKind::Flattened, pixels: sign.room.cells, size: cells });
        let Some(threshold) = sign.threshold(centring.threshold) else { return (found, None) };
        if centring.line > 0 {
            sign.keep_from((threshold * LINES[0] / LINES[1]).max(1));
            let work = bytemuck::cast_slice_mut(sign.room.work);
            found.lines = lines::remove(sign.room.cells, cells, centring.line, work);
            sign.room
                .cells
                .iter_mut()
                .filter(|cell| i32::from(**cell) < threshold)
                .for_each(|cell| *cell = 0);
        } else {
            sign.keep_from(threshold);
        }
        [found.parts, found.specks] = parts::select(sign.room.cells, cells, centring.speck, sign.room.work);
        let strong = sign.strong();
        let Some(place) = sign.mark_neighbours() else { return (found, None) };
        sign.ink(strong, place);
        observe(Stage { kind: StageKind::Ink, pixels: sign.room.reduced, size: pixels });
        (found, Some(place))
    }

    /// Fills the cells with the means of their pixels.
    fn make_cells(&mut self) {
        let [height, width] = self.pixels;
        let rows = self.room.cells.chunks_exact_mut(self.cells[1].max(1));
        for (y, row) in rows.enumerate() {
            let upper = self.room.reduced.get(self.cell * y * width..).unwrap_or_default();
            let upper = upper.get(..width).unwrap_or_default();
            if self.cell == 1 {
                row.iter_mut().zip(upper).for_each(|(cell, &pixel)| *cell = pixel);
                continue;
            }
            // The last row and the last column stand for those that are missing.
            let lower = (2 * y + 1).min(height - 1);
            let lower = self.room.reduced.get(lower * width..(lower + 1) * width).unwrap_or_default();
            let sum = |pair: [u8; 2]| u16::from(pair[0]) + u16::from(pair[1]);
            let mean = |upper, lower| ((sum(upper) + sum(lower) + 2) / 4) as u8;
            let ((upper, upper_end), (lower, lower_end)) = (upper.as_chunks(), lower.as_chunks());
            let mut cells = row.iter_mut();
            for ((&upper, &lower), cell) in upper.iter().zip(lower).zip(cells.by_ref()) {
                *cell = mean(upper, lower);
            }
            if let (Some(cell), [upper], [lower]) = (cells.next(), upper_end, lower_end) {
                *cell = mean([*upper; 2], [*lower; 2]);
            }
        }
    }

    /// Fills the tiles with the means of their cells.
    fn make_tiles(&mut self) {
        let [height, width] = self.cells;
        for y in 0..self.tiles[0] {
            for x in 0..self.tiles[1] {
                let columns = paper::TILE * x..width.min(paper::TILE * (x + 1));
                let (mut sum, mut count) = (0, 0);
                for row in paper::TILE * y..height.min(paper::TILE * (y + 1)) {
                    let part = row * width + columns.start..row * width + columns.end;
                    let part = self.room.cells.get(part).unwrap_or_default();
                    sum += part.iter().map(|&cell| u32::from(cell)).sum::<u32>();
                    count += part.len() as u32;
                }
                if let Some(tile) = self.room.tiles.get_mut(y * self.tiles[1] + x) {
                    *tile = ((sum + count / 2) / count.max(1)) as u8;
                }
            }
        }
        let len = self.tiles[0] * self.tiles[1];
        self.room.tiles = core::mem::take(&mut self.room.tiles).get_mut(..len).unwrap_or_default();
    }

    /// Returns the background: what most of the frame is, where there is a contrast.
    fn judge(&mut self) -> Background {
        let work = bytemuck::cast_slice_mut(self.room.work);
        let vote = paper::vote(self.room.tiles, self.tiles, work);
        let sum: u64 = self.room.tiles.iter().map(|&tile| u64::from(tile)).sum();
        let is_light = if vote == 0 { 2 * sum > 255 * self.room.tiles.len() as u64 } else { vote > 0 };
        if is_light { Background::Light } else { Background::Dark }
    }

    /// Replaces cells with how much they stand out of the paper, plus [`ZERO`], and counts the
    /// values.
    fn flatten(&mut self) {
        let Some(counts) = self.counts.first_chunk_mut::<GREYS>() else { return };
        counts.fill(0);
        let background = self.background;
        let tiles = &mut *self.room.tiles;
        if background == Background::Light {
            tiles.iter_mut().for_each(|tile| *tile = 255 - *tile);
        }
        paper::paper(tiles, self.tiles, bytemuck::cast_slice_mut(self.room.work));
        for (y, row) in self.room.cells.chunks_exact_mut(self.cells[1].max(1)).enumerate() {
            let tiles = tiles.get(y / paper::TILE * self.tiles[1]..).unwrap_or_default();
            let (whole, rest) = row.as_chunks_mut::<{ paper::TILE }>();
            let (tiles, last) = tiles.split_at_checked(whole.len()).unwrap_or_default();
            for (part, &paper) in whole.iter_mut().zip(tiles) {
                flatten_part(part, paper, background, counts);
            }
            if let Some(&paper) = last.first() {
                flatten_part(rest, paper, background, counts);
            }
        }
    }

    /// Returns the value at a place among all counted ones, in order.
    fn counted(&self, place: u32) -> i32 {
        let mut passed = 0;
        let reached = |count: &u32| {
            passed += count;
            passed > place
        };
        self.counts.iter().position(reached).unwrap_or(GREYS - 1) as i32
    }

    /// Finds how light most cells are, and returns by how much ink stands out of that; `None` if
    /// there is no ink.
    fn threshold(&mut self, share: u8) -> Option<i32> {
        let total = self.room.cells.len() as u32;
        self.middle = self.counted(total / 2);
        let peak = self.counted(total - 1 - total / PEAK) - self.middle;
        let counts = self.counts.first_chunk_mut::<GREYS>()?;
        counts.fill(0);
        for row in self.room.cells.chunks_exact(self.cells[1].max(1)) {
            for (&left, &right) in row.iter().zip(row.get(1..).unwrap_or_default()) {
                counts[usize::from(left.abs_diff(right))] += 1;
            }
        }
        let pairs: u32 = counts.iter().sum();
        let noise = if pairs == 0 { 0 } else { self.counted(pairs / 4) };
        let threshold = (peak * i32::from(share) / 256).max(NOISE * noise).max(1);
        (peak >= WEAKEST && peak >= threshold).then_some(threshold)
    }

    /// Replaces cells with how much they stand out of most of them, or with 0 if that is less than
    /// `threshold`.
    fn keep_from(&mut self, threshold: i32) {
        for cell in self.room.cells.iter_mut() {
            let value = i32::from(*cell) - self.middle;
            *cell = if value < threshold { 0 } else { value as u8 };
        }
    }

    /// Returns how much strong ink stands out.
    fn strong(&mut self) -> i32 {
        self.counts.fill(0);
        let mut total = 0;
        for &cell in self.room.cells.iter().filter(|&&cell| cell > 0) {
            total += 1;
            if let Some(count) = self.counts.get_mut(usize::from(cell)) {
                *count += 1;
            }
        }
        let mut passed = 0;
        let reached = |count: &u32| {
            passed += count;
            passed * STRONG > total
        };
        self.counts.iter().rposition(reached).unwrap_or(0) as i32
    }

    /// Marks cells with ink and those next to them; returns the pixels among which they are.
    fn mark_neighbours(&mut self) -> Option<Part> {
        let [height, width] = self.cells;
        let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
        for (y, row) in self.room.cells.chunks_exact_mut(width.max(1)).enumerate() {
            let Some(first) = row.iter().position(|&cell| cell > 0) else { continue };
            let last = row.iter().rposition(|&cell| cell > 0).unwrap_or(first);
            low = [low[0].min(y), low[1].min(first)];
            high = [y, high[1].max(last)];
            row.iter_mut().for_each(|cell| *cell = u8::from(*cell > 0));
        }
        if low[0] > high[0] {
            return None;
        }
        for y in low[0]..=high[0] {
            for x in low[1]..=high[1] {
                if self.room.cells.get(y * width + x).is_none_or(|cell| cell & HAS_INK == 0) {
                    continue;
                }
                let columns = x.saturating_sub(1)..width.min(x + 2);
                for row in y.saturating_sub(1)..height.min(y + 2) {
                    let near = row * width + columns.start..row * width + columns.end;
                    let near = self.room.cells.get_mut(near).unwrap_or_default();
                    near.iter_mut().for_each(|cell| *cell |= NEXT_TO_INK);
                }
            }
        }
        let from = low.map(|side| side.saturating_sub(1));
        let to = [height.min(high[0] + 2), width.min(high[1] + 2)];
        let [top, left] = from.map(|side| side * self.cell);
        let [bottom, right] = [0, 1].map(|axis| self.pixels[axis].min(to[axis] * self.cell));
        Some(Part { left, top, width: (right - left) as u16, height: (bottom - top) as u16 })
    }

    /// Replaces the pixels with ink.
    fn ink(&mut self, strong: i32, place: Part) {
        // The compiler does not know that it is not 0.
        let (width, side) = (self.pixels[1], self.cell.max(1));
        let floor = strong / FLOOR;
        // Rounded up, so that strong ink is 255.
        let evening = (255 * 256 + strong - floor - 1) / (strong - floor).max(1);
        let base = self.middle - ZERO + floor;
        let (rows, columns) = (
            place.top..place.top + usize::from(place.height),
            place.left..place.left + usize::from(place.width),
        );
        for (y, row) in self.room.reduced.chunks_exact_mut(width.max(1)).enumerate() {
            if !rows.contains(&y) {
                row.fill(0);
                continue;
            }
            let y = y / side;
            let cells = self.room.cells.get(y * self.cells[1]..).unwrap_or_default();
            let tiles = self.room.tiles.get(y / paper::TILE * self.tiles[1]..).unwrap_or_default();
            let (tile, len) = (side * paper::TILE, row.len());
            let used = columns.start / tile..columns.end.div_ceil(tile);
            row.get_mut(..used.start * tile).unwrap_or_default().fill(0);
            row.get_mut(len.min(used.end * tile)..).unwrap_or_default().fill(0);
            let parts = row.chunks_mut(tile).zip(cells.chunks(paper::TILE)).zip(tiles);
            for ((part, cells), &paper) in parts.take(used.end).skip(used.start) {
                let gain = paper::gain(paper, self.background);
                for (pixels, &cell) in part.chunks_mut(side).zip(cells) {
                    let ink = |pixel: u8| {
                        let value = stands_out(pixel, paper, gain, self.background) - base;
                        let is_near = cell & NEXT_TO_INK != 0;
                        if is_near { ((value.max(0) * evening) >> 8).min(255) as u8 } else { 0 }
                    };
                    match pixels {
                        [left, right] => (*left, *right) = (ink(*left), ink(*right)),
                        pixels => pixels.iter_mut().for_each(|pixel| *pixel = ink(*pixel)),
                    }
                }
            }
        }
    }
}

/// Replaces the cells of a tile with how much they stand out of its paper, plus [`ZERO`], and counts
/// the values.
#[inline(always)]
fn flatten_part(part: &mut [u8], paper: u8, background: Background, counts: &mut [u32; GREYS]) {
    let gain = paper::gain(paper, background);
    for cell in part {
        let value = stands_out(*cell, paper, gain, background) + ZERO;
        *cell = value.clamp(0, 255) as u8;
        counts[usize::from(*cell)] += 1;
    }
}

/// Returns how much a grey stands out of the paper, which is given on a dark background.
fn stands_out(grey: u8, paper: u8, gain: i32, background: Background) -> i32 {
    // `255 - grey`, or the grey itself.
    let on_dark = grey ^ if background == Background::Light { 255 } else { 0 };
    ((i32::from(on_dark) - i32::from(paper)) * gain) >> 8
}
