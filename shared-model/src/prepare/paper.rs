//! The local background: an envelope of the means of tiles, which follows falling light, vignettes
//! and the edges of shadows, and passes below what is thin.

use super::lanes;
use crate::model::format::Background;

/// An envelope reaches over this share of the longer side, to each side of a tile.
const REACH: usize = 8;
/// Light paper darker than this counts as that dark, lest noise be amplified without end.
const DARKEST_PAPER: i32 = 16;

/// Replaces tiles with the paper below them, on a dark background, and returns the background: what
/// most of them are, if it is `Auto`.
///
/// Paper is the largest of the smallest tiles around, and one tile farther, so that the darker side
/// of a shadow's edge has its own. `work` has three times as many bytes as there are tiles.
pub fn find(tiles: &mut [u8], size: [usize; 2], background: Background, work: &mut [u8]) -> Background {
    let reach = (size[0].max(size[1]) / REACH).max(1);
    let [largest, inverted, before] = thirds(work, tiles.len());
    if background != Background::Dark {
        lanes::copy(largest, tiles);
        spread(largest, before, size[1], reach);
    }
    if background != Background::Light {
        // The smallest tile, inverted, is the largest of the inverted ones.
        invert(tiles, inverted);
        spread(inverted, before, size[1], reach);
    }
    let background = match background {
        Background::Auto => judge(tiles, largest, inverted),
        background => background,
    };
    // On a dark background, light paper is inverted, and what was largest is smallest.
    invert(if background == Background::Light { largest } else { inverted }, tiles);
    spread(tiles, before, size[1], reach + 1);
    background
}

/// Returns the background: what most of the frame is, where there is a contrast.
fn judge(tiles: &[u8], largest: &[u8], inverted: &[u8]) -> Background {
    let vote = vote(tiles, largest, inverted);
    let sum: u64 = tiles.iter().map(|&tile| u64::from(tile)).sum();
    let is_light = if vote == 0 { 2 * sum > 255 * tiles.len() as u64 } else { vote > 0 };
    if is_light { Background::Light } else { Background::Dark }
}

/// Returns the sum of `2 · tile − largest − smallest` over all tiles, where the latter two are those
/// of the tile's surroundings, the smallest inverted: positive where most tiles are near the
/// largest, which is paper then.
fn vote(tiles: &[u8], largest: &[u8], inverted: &[u8]) -> i64 {
    let all = tiles.iter().zip(largest).zip(inverted);
    all.map(|((&tile, &largest), &inverted)| {
        i64::from(2 * i32::from(tile) - i32::from(largest) - (255 - i32::from(inverted)))
    })
    .sum()
}

/// How a grey stands out of its paper: `⌊(grey − paper) · gain / 256⌋`, in the greys of a dark
/// background.
#[derive(Clone, Copy)]
pub struct Level {
    gain: i32,
    offset: i32,
}

impl Level {
    /// Stands on `paper`, and adds `plus` to each result.
    ///
    /// Light paper reflects a share of the light, and so does ink on it: it is amplified.
    #[inline(always)]
    pub fn new(paper: u8, background: Background, plus: i32) -> Self {
        let (paper, white) = (i32::from(paper), 255);
        match background {
            // `white − grey − paper`, times the gain.
            Background::Light => {
                let gain = white * 256 / (white - paper).max(DARKEST_PAPER);
                Self { gain: -gain, offset: (white - paper) * gain + (plus << 8) }
            }
            _ => Self { gain: 256, offset: (plus - paper) << 8 },
        }
    }

    #[inline(always)]
    pub fn of(self, grey: u8) -> i32 {
        (i32::from(grey) * self.gain + self.offset) >> 8
    }
}

fn thirds(work: &mut [u8], len: usize) -> [&mut [u8]; 3] {
    let (first, rest) = work.split_at_mut_checked(len).unwrap_or_default();
    let (second, rest) = rest.split_at_mut_checked(len).unwrap_or_default();
    [first, second, rest.get_mut(..len).unwrap_or_default()]
}

fn invert(from: &[u8], to: &mut [u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = 255 - from);
}

/// Replaces each tile with the largest one within `reach`.
fn spread(tiles: &mut [u8], before: &mut [u8], width: usize, reach: usize) {
    let mut reached = 0;
    while reached < reach {
        // As far as there is no gap between what three tiles reach, or two at an edge.
        let step = (reached + 1).min(reach - reached);
        let rows = tiles.chunks_exact_mut(width.max(1)).zip(before.chunks_exact_mut(width.max(1)));
        rows.for_each(|(row, before)| spread_by(row, before, step));
        spread_by(tiles, before, step * width);
        reached += step;
    }
}

/// Replaces each tile with the largest one of itself and those a step before and after it.
fn spread_by(tiles: &mut [u8], before: &mut [u8], step: usize) {
    lanes::copy(before, tiles);
    lanes::raise(tiles.get_mut(step..).unwrap_or_default(), before);
    lanes::raise(tiles, before.get(step..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    fn papers<const W: usize, const H: usize>(tiles: [[u8; W]; H]) -> Vec<u8> {
        let mut tiles = tiles.concat();
        let mut work = vec![0x5a; 3 * tiles.len()];
        assert_eq!(find(&mut tiles, [H, W], Background::Dark, &mut work), Background::Dark);
        tiles
    }

    fn votes<const W: usize, const H: usize>(tiles: [[u8; W]; H]) -> i64 {
        let tiles = tiles.concat();
        let within = |mut tiles: Vec<u8>| {
            spread(&mut tiles, &mut vec![0x5a; W * H], W, (H.max(W) / REACH).max(1));
            tiles
        };
        vote(&tiles, &within(tiles.clone()), &within(tiles.iter().map(|tile| 255 - tile).collect()))
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
    fn what_is_within_a_reach_is_found_however_far_it_is() {
        let size = [13, 17];
        let tiles: Vec<u8> = (0..13 * 17).map(|at| (at * at * 31 % 251) as u8).collect();
        for reach in 1..20 {
            let mut spread_out = tiles.clone();
            spread(&mut spread_out, &mut vec![0x5a; tiles.len()], size[1], reach);
            for (at, &largest) in spread_out.iter().enumerate() {
                let near = |other: &usize| {
                    let rows = (other / size[1]).abs_diff(at / size[1]);
                    rows.max((other % size[1]).abs_diff(at % size[1])) <= reach
                };
                let expected = (0..tiles.len()).filter(near).map(|other| tiles[other]).max();
                assert_eq!(Some(largest), expected, "{reach}: {at}");
            }
        }
    }

    #[test]
    fn ink_is_amplified_as_its_paper_is_dark() {
        // Papers are in the greys of a dark background: 0 is white.
        let gains =
            [0, 127, 128, 238, 239, 240, 255].map(|paper| -Level::new(paper, Background::Light, 0).gain);
        assert_eq!(gains, [256, 510, 514, 3840, 4080, 4080, 4080]);
        for background in [Background::Light, Background::Dark] {
            for paper in 0..=255 {
                let gain = if background == Background::Light { gains_of(paper) } else { 256 };
                for (grey, plus) in (0..=255).zip((-300..300).step_by(7).cycle()) {
                    let on_dark = if background == Background::Light { 255 - grey } else { grey };
                    let expected = ((i32::from(on_dark) - i32::from(paper)) * gain).div_euclid(256) + plus;
                    assert_eq!(Level::new(paper, background, plus).of(grey), expected);
                }
            }
        }
    }

    fn gains_of(paper: u8) -> i32 {
        65_280 / (255 - i32::from(paper)).max(16)
    }
}
