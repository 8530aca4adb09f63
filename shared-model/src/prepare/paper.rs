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

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    fn papers<const W: usize, const H: usize>(tiles: [[u8; W]; H]) -> Vec<u8> {
        let mut tiles = tiles.concat();
        let mut work = vec![0x5a; 3 * tiles.len()];
        paper(&mut tiles, [H, W], &mut work);
        tiles
    }

    fn votes<const W: usize, const H: usize>(tiles: [[u8; W]; H]) -> i64 {
        vote(&tiles.concat(), [H, W], &mut vec![0x5a; 3 * W * H])
    }

    #[test]
    fn paper_passes_below_what_is_thin_and_not_what_is_thick() {
        // Of 10 tiles, a window is 3.
        assert_eq!(papers([[20, 20, 20, 220, 220, 20, 20, 20, 20, 20]]), [20; 10]);
        // What is as wide as a window is paper, with a tile more on each side.
        let thick = [20, 20, 20, 220, 220, 220, 20, 20, 20, 20];
        assert_eq!(papers([thick]), [20, 20, 220, 220, 220, 220, 220, 20, 20, 20]);
        // Downwards as well as across.
        let mut down = [[20]; 10];
        down[3] = [220];
        down[4] = [220];
        assert_eq!(papers(down), [20; 10]);
    }

    #[test]
    fn the_dark_side_of_a_shadow_s_edge_has_its_own_paper() {
        let edge = [20, 20, 20, 20, 20, 120, 120, 120, 120, 120];
        // One tile of the light side counts as dark, so that none of the dark side stands out.
        assert_eq!(papers([edge]), [20, 20, 20, 20, 120, 120, 120, 120, 120, 120]);
        // Of 40 tiles, a window is 11, and what is 10 wide is thin.
        let mut wide = [7; 40];
        wide[15..25].fill(200);
        assert_eq!(papers([wide]), [7; 40]);
        wide[25] = 200;
        assert_eq!(papers([wide]).iter().filter(|&&paper| paper == 200).count(), 13);
    }

    #[test]
    fn one_tile_is_its_own_paper() {
        assert_eq!(papers([[77]]), [77]);
        assert_eq!(papers([[77, 3]]), [3, 3]);
        assert_eq!(votes([[77]]), 0);
    }

    #[test]
    fn most_tiles_are_the_background() {
        // Eight tiles are 100 nearer to the lightest around them, and one to the darkest.
        let mut tiles = [[200; 5]; 5];
        tiles[2][2] = 100;
        assert_eq!(votes(tiles), 8 * 100 - 100);
        // And the other way round.
        let dark = tiles.map(|row| row.map(|tile| 255 - tile));
        assert_eq!(votes(dark), -700);
        // Even light says nothing, and neither does light that falls evenly, but for its ends.
        assert_eq!(votes([[9; 7]; 6]), 0);
        assert_eq!(votes([[10, 20, 30, 40, 50, 60, 70]]), 0);
    }

    #[test]
    fn ink_is_amplified_as_its_paper_is_dark() {
        // Papers are in the greys of a dark background: 0 is white.
        let gains = [0, 127, 128, 238, 239, 240, 255].map(|paper| gain(paper, Background::Light));
        assert_eq!(gains, [256, 510, 514, 3840, 4080, 4080, 4080]);
        assert!((0..=255).all(|paper| gain(paper, Background::Dark) == 256));
    }
}
