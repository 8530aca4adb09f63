//! The sign on the paper: from a reduced frame to its ink alone, evenly strong.
//!
//! ```text
//! frame → reduced (means of blocks) → cells → tiles → paper
//!                         cells − paper → lines out → specks out → where the sign is
//! reduced − paper, there → ink
//! ```
//!
//! What takes many steps is done on cells, of which there are a quarter as many as pixels in a large
//! frame. The ink itself keeps the resolution of the reduced frame. Bytes are compared and added four
//! at once, in words ([`lanes`](super::lanes)); what can be known early ends a step: that there is
//! little noise, no line, or one part.

use super::{
    border::GREYS,
    centre::Part,
    lines,
    mask::{self, Mask},
    means::{self, TILE},
    paper::{self, Level},
    parts,
    reduce::{AREA, SIDE},
};
use crate::model::format::{Background, Centring};
use core::ops::Range;

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
        let mask = (cells / mask::WORD).saturating_add(longer);
        let work = most([blocks, marks, mask, 2 * longer, (3 * tiles).div_ceil(4)]);
        Self { reduced: pixels.div_ceil(4), cells: cells.div_ceil(4), tiles: tiles.div_ceil(4), work }
    }
}

const fn most<const N: usize>(lengths: [usize; N]) -> usize {
    let (mut most, mut at) = (0, 0);
    while at < N {
        if lengths[at] > most {
            most = lengths[at];
        }
        at += 1;
    }
    most
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
        let tiles = cells.map(|side| side.div_ceil(TILE));
        let mut sign = Self { room, counts, pixels, cells, tiles, cell, background, middle: 0 };
        let Room { reduced, cells: room_of_cells, tiles: room_of_tiles, .. } = &mut *sign.room;
        for (room, [height, width]) in [(reduced, pixels), (room_of_cells, cells), (room_of_tiles, tiles)] {
            *room = core::mem::take(room).get_mut(..height * width).unwrap_or_default();
        }
        observe(Stage { kind: StageKind::Reduced, pixels: sign.room.reduced, size: pixels });
        sign.average();
        sign.background =
            paper::find(sign.room.tiles, tiles, background, bytemuck::cast_slice_mut(sign.room.work));
        let mut found = Found { background: sign.background, lines: 0, parts: 0, specks: 0, is_tidy: false };
        sign.flatten();
        observe(Stage { kind: StageKind::Flattened, pixels: sign.room.cells, size: cells });
        let Some(threshold) = sign.threshold(centring.threshold) else { return (found, None) };
        // Neither is more than the strongest ink.
        let [inked, faint] =
            [threshold, (threshold * LINES[0] / LINES[1]).max(1)].map(|ink| (sign.middle + ink) as u8);
        if centring.line > 0 {
            let work = bytemuck::cast_slice_mut(sign.room.work);
            found.lines = lines::remove(sign.room.cells, cells, faint, centring.line, work);
        }
        [found.parts, found.specks] =
            parts::select(sign.room.cells, cells, inked, centring.speck, sign.room.work);
        let Some(place) = sign.ink(inked) else { return (found, None) };
        observe(Stage { kind: StageKind::Ink, pixels: sign.room.reduced, size: pixels });
        (found, Some(place))
    }

    /// Fills the cells with the means of their pixels, and the tiles with those of their cells.
    fn average(&mut self) {
        let Room { reduced, cells, tiles, work } = &mut *self.room;
        if self.cell == 1 {
            cells.iter_mut().zip(reduced.iter()).for_each(|(cell, &pixel)| *cell = pixel);
        } else {
            means::cells(reduced, self.pixels[1], cells);
        }
        means::tiles(cells, self.cells[1], tiles, work);
    }

    /// Replaces cells with how much they stand out of the paper, plus [`ZERO`], and counts the
    /// values.
    fn flatten(&mut self) {
        let Some(counts) = self.counts.first_chunk_mut::<GREYS>() else { return };
        counts.fill(0);
        for (y, row) in self.room.cells.chunks_exact_mut(self.cells[1].max(1)).enumerate() {
            let tiles = self.room.tiles.get(y / TILE * self.tiles[1]..).unwrap_or_default();
            let (whole, rest) = row.as_chunks_mut::<TILE>();
            let (tiles, last) = tiles.split_at_checked(whole.len()).unwrap_or_default();
            for (part, &paper) in whole.iter_mut().zip(tiles) {
                flatten_part(part, Level::new(paper, self.background, ZERO), counts);
            }
            if let Some(&paper) = last.first() {
                flatten_part(rest, Level::new(paper, self.background, ZERO), counts);
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
        let share = peak * i32::from(share) / 256;
        let threshold = if self.is_quiet(share / NOISE) { share } else { share.max(NOISE * self.noise()) };
        let threshold = threshold.max(1);
        (peak >= WEAKEST && peak >= threshold).then_some(threshold)
    }

    /// Returns how much neighbours differ, in each row.
    fn differences(cells: &[u8], width: usize) -> impl Iterator<Item = impl Iterator<Item = u8>> {
        cells.chunks_exact(width.max(1)).map(|row| {
            let pairs = row.iter().zip(row.get(1..).unwrap_or_default());
            pairs.map(|(&left, &right)| left.abs_diff(right))
        })
    }

    /// Returns whether the noise is at most `most`, which is known before all cells are looked at.
    fn is_quiet(&self, most: i32) -> bool {
        let [height, width] = self.cells;
        let pairs = height * (width - 1);
        let mut quiet = 0;
        for row in Self::differences(self.room.cells, width) {
            quiet += row.map(|difference| usize::from(i32::from(difference) <= most)).sum::<usize>();
            if quiet > pairs / 4 {
                return true;
            }
        }
        pairs == 0
    }

    /// Returns the difference of neighbours that a quarter of them does not exceed.
    fn noise(&mut self) -> i32 {
        let Some(counts) = self.counts.first_chunk_mut::<GREYS>() else { return 0 };
        counts.fill(0);
        for difference in Self::differences(self.room.cells, self.cells[1]).flatten() {
            counts[usize::from(difference)] += 1;
        }
        let pairs: u32 = counts.iter().sum();
        if pairs == 0 { 0 } else { self.counted(pairs / 4) }
    }

    /// Replaces the pixels of the sign with its ink, which cells of at least `inked` have, and the
    /// others with 0; returns the pixels among which the ink is, if there is any.
    fn ink(&mut self, inked: u8) -> Option<Part> {
        let Room { reduced, cells, tiles, work } = &mut *self.room;
        let mut mask = Mask::new(cells, self.cells[1], inked, work, self.counts);
        // Ink, and what is next to it.
        mask.spread();
        let (width, side) = (self.pixels[1].max(1), self.cell);
        let around = mask.bounds()?;
        let [rows, columns] = [0, 1].map(|axis| {
            let Range { start, end } = &around[axis];
            start * side..(end * side).min(self.pixels[axis])
        });

        let strong = strong(self.counts) - self.middle;
        let floor = strong / FLOOR;
        // Rounded up, so that strong ink is 255.
        let evening = (255 * 256 + strong - floor - 1) / (strong - floor).max(1);
        let lowest = self.middle - ZERO + floor;

        let (above, rest) = reduced.split_at_mut_checked(rows.start * width)?;
        let (place, below) = rest.split_at_mut_checked(rows.len() * width)?;
        above.fill(0);
        below.fill(0);
        let background = self.background;
        let ink = |grey, paper| {
            let level = Level::new(paper, background, -lowest);
            ((level.of(grey).max(0) * evening) >> 8).min(255) as u8
        };
        for (y, row) in (rows.start..).zip(place.chunks_exact_mut(width)) {
            let tiles = tiles.get(y / side / TILE * self.tiles[1]..).unwrap_or_default();
            let marks = mask.row(y / side);
            if side == 1 {
                ink_row::<TILE>(row, tiles, marks, ink);
            } else {
                ink_row::<{ 2 * TILE }>(row, tiles, marks, ink);
            }
        }
        let [part_height, part_width] = [rows.len(), columns.len()].map(|side| side as u16);
        Some(Part { left: columns.start, top: rows.start, width: part_width, height: part_height })
    }
}

/// Replaces a row of pixels, of which a tile has `PIXELS`, with the ink of those whose cells are
/// marked, and the others with 0.
fn ink_row<const PIXELS: usize>(row: &mut [u8], tiles: &[u8], marks: &[u32], ink: impl Fn(u8, u8) -> u8) {
    const TILES: usize = mask::WORD / TILE;
    let ink_tile = |pixels: &mut [u8; PIXELS], tile: usize, paper: u8| {
        let marks = marks.get(tile / TILES).map_or(0, |word| word >> (tile % TILES * TILE));
        if marks & 0xf == 0 {
            *pixels = [0; PIXELS];
            return;
        }
        for (at, pixel) in pixels.iter_mut().enumerate() {
            let is_marked = marks >> (at * TILE / PIXELS) & 1 != 0;
            *pixel = if is_marked { ink(*pixel, paper) } else { 0 };
        }
    };
    let (whole, rest) = row.as_chunks_mut();
    let (tiles, last) = tiles.split_at_checked(whole.len()).unwrap_or_default();
    for (tile, (pixels, &paper)) in whole.iter_mut().zip(tiles).enumerate() {
        ink_tile(pixels, tile, paper);
    }
    if let Some(&paper) = last.first() {
        let mut pixels = [0; PIXELS];
        pixels.iter_mut().zip(rest.iter()).for_each(|(pixel, &rest)| *pixel = rest);
        ink_tile(&mut pixels, whole.len(), paper);
        rest.iter_mut().zip(pixels).for_each(|(rest, pixel)| *rest = pixel);
    }
}

/// Replaces the cells of a tile with how much they stand out of its paper, and counts the values.
#[inline(always)]
fn flatten_part(part: &mut [u8], level: Level, counts: &mut [u32; GREYS]) {
    for cell in part {
        *cell = level.of(*cell).clamp(0, 255) as u8;
        counts[usize::from(*cell)] += 1;
    }
}

/// Returns the value that more than [`STRONG`]'s part of all counted ones reach.
fn strong(counts: &[u32]) -> i32 {
    let total: u32 = counts.iter().sum();
    let mut passed = 0;
    let reached = |count: &u32| {
        passed += count;
        passed * STRONG > total
    };
    counts.iter().rposition(reached).unwrap_or(0) as i32
}
