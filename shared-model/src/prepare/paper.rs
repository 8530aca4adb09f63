//! The local background: an envelope of the means of tiles, which follows falling light, vignettes
//! and the edges of shadows, and passes below what is thin.

use crate::model::format::Background;

/// The sides of a tile, in cells.
pub const TILE: usize = 4;
/// An envelope reaches over this share of the longer side, to each side of a tile.
const REACH: usize = 8;
/// Light paper darker than this counts as that dark, lest noise be amplified without end.
const DARKEST_PAPER: u32 = 16;

/// Returns the sum of `2 · tile − largest − smallest` over all tiles, where the latter two are those
/// of the tile's surroundings: positive where most tiles are near the largest, which is paper then.
///
/// `work` has three times as many bytes as there are tiles.
pub fn vote(tiles: &[u8], size: [usize; 2], work: &mut [u8]) -> i64 {
    let [across, largest, smallest] = thirds(work, tiles.len());
    let reach = reach(size);
    envelope(tiles, across, largest, size, reach, u8::max);
    envelope(tiles, across, smallest, size, reach, u8::min);
    let surroundings = largest.iter().zip(smallest.iter());
    tiles
        .iter()
        .zip(surroundings)
        .map(|(&tile, (&largest, &smallest))| 2 * i64::from(tile) - i64::from(largest) - i64::from(smallest))
        .sum()
}

/// Replaces tiles, on a dark background, with the paper below them: the largest of the smallest
/// tiles around, and one tile farther, so that the darker side of a shadow's edge has its own.
pub fn paper(tiles: &mut [u8], size: [usize; 2], work: &mut [u8]) {
    let [across, smallest, _] = thirds(work, tiles.len());
    let reach = reach(size);
    envelope(tiles, across, smallest, size, reach, u8::min);
    envelope(smallest, across, tiles, size, reach + 1, u8::max);
}

/// Returns by how much ink on such paper is amplified, in 256ths: light paper reflects a share of
/// the light, and so does ink on it.
pub fn gain(paper: u8, background: Background) -> i32 {
    match background {
        Background::Light => (255 * 256 / (255 - u32::from(paper)).max(DARKEST_PAPER)) as i32,
        _ => 256,
    }
}

fn reach([height, width]: [usize; 2]) -> usize {
    (height.max(width) / REACH).max(1)
}

fn thirds(work: &mut [u8], len: usize) -> [&mut [u8]; 3] {
    let (first, rest) = work.split_at_mut_checked(len).unwrap_or_default();
    let (second, rest) = rest.split_at_mut_checked(len).unwrap_or_default();
    [first, second, rest.get_mut(..len).unwrap_or_default()]
}

/// Writes into `to` what `pick` finds within `reach` of each tile: along rows, then along columns.
fn envelope(
    from: &[u8],
    across: &mut [u8],
    to: &mut [u8],
    [height, width]: [usize; 2],
    reach: usize,
    pick: impl Fn(u8, u8) -> u8 + Copy,
) {
    for (from, to) in from.chunks_exact(width.max(1)).zip(across.chunks_exact_mut(width.max(1))) {
        for (x, to) in to.iter_mut().enumerate() {
            let window = from.get(x.saturating_sub(reach)..width.min(x + reach + 1)).unwrap_or_default();
            *to = window.iter().copied().reduce(pick).unwrap_or(0);
        }
    }
    for (y, to) in to.chunks_exact_mut(width.max(1)).enumerate() {
        let rows = y.saturating_sub(reach)..height.min(y + reach + 1);
        let window = across.get(rows.start * width..rows.end * width).unwrap_or_default();
        let mut rows = window.chunks_exact(width.max(1));
        let first = rows.next().unwrap_or_default();
        to.iter_mut().zip(first).for_each(|(to, &tile)| *to = tile);
        for row in rows {
            to.iter_mut().zip(row).for_each(|(to, &tile)| *to = pick(*to, tile));
        }
    }
}
