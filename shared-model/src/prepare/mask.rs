//! Which cells have ink.

use super::lanes::AtLeast;
use core::ops::Range;

/// The cells of a word.
pub const WORD: usize = 32;

/// A bit for each cell: of each row, as many words as are needed, its first cell in the lowest bit.
pub struct Mask<'a> {
    words: &'a mut [u32],
    per_row: usize,
}

impl<'a> Mask<'a> {
    /// Marks the cells of at least `inked`, and counts the values of each of them in `counts`. There
    /// are as many `words` as a mask needs, or more.
    pub fn new(cells: &[u8], width: usize, inked: u8, words: &'a mut [u32], counts: &mut [u32]) -> Self {
        let per_row = width.div_ceil(WORD).max(1);
        let rows = cells.chunks_exact(width.max(1));
        let words = words.get_mut(..rows.len() * per_row).unwrap_or_default();
        let at_least = AtLeast::new(inked);
        counts.fill(0);
        for (row, words) in rows.zip(words.chunks_exact_mut(per_row)) {
            for (cells, word) in row.chunks(WORD).zip(words) {
                *word = 0;
                let mut mark = |at: usize, cell: u8| {
                    if cell >= inked {
                        *word |= 1 << at;
                        if let Some(count) = counts.get_mut(usize::from(cell)) {
                            *count += 1;
                        }
                    }
                };
                let (fours, rest) = cells.as_chunks::<4>();
                for (at, four) in fours.iter().enumerate().filter(|(_, four)| at_least.of(**four) != 0) {
                    four.iter().enumerate().for_each(|(nth, &cell)| mark(4 * at + nth, cell));
                }
                rest.iter().enumerate().for_each(|(nth, &cell)| mark(4 * fours.len() + nth, cell));
            }
        }
        Mask { words, per_row }
    }

    /// Returns the words of a row.
    pub fn row(&self, row: usize) -> &[u32] {
        self.words.chunks_exact(self.per_row).nth(row).unwrap_or_default()
    }

    /// Marks what touches something marked, by a side or a corner.
    pub fn spread(&mut self) {
        for column in 0..self.per_row {
            let mut above = 0;
            for at in (column..self.words.len()).step_by(self.per_row) {
                let below = self.words.get(at + self.per_row).copied().unwrap_or(0);
                if let Some(word) = self.words.get_mut(at) {
                    let here = *word;
                    *word = above | here | below;
                    above = here;
                }
            }
        }
        for row in self.words.chunks_exact_mut(self.per_row) {
            let mut left = 0;
            for at in 0..row.len() {
                let right = row.get(at + 1).copied().unwrap_or(0);
                if let Some(word) = row.get_mut(at) {
                    let here = *word;
                    *word = here | here << 1 | left >> (WORD - 1) | here >> 1 | right << (WORD - 1);
                    left = here;
                }
            }
        }
    }

    /// Returns the rows and the columns between which everything marked is; `None` if nothing is.
    pub fn bounds(&self) -> Option<[Range<usize>; 2]> {
        let is_marked = |row: &[u32]| row.iter().any(|&word| word != 0);
        let top = self.words.chunks_exact(self.per_row).position(is_marked)?;
        let bottom = self.words.chunks_exact(self.per_row).len()
            - self.words.chunks_exact(self.per_row).rev().position(is_marked)?;
        let (mut left, mut right) = (usize::MAX, 0);
        for column in 0..self.per_row {
            let all =
                self.words.chunks_exact(self.per_row).fold(0, |all, row| all | row.get(column).unwrap_or(&0));
            if all != 0 {
                left = left.min(WORD * column + all.trailing_zeros() as usize);
                right = WORD * (column + 1) - all.leading_zeros() as usize;
            }
        }
        Some([top..bottom, left..right])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    /// Marks the cells of a map that have at least 5, and what touches them; returns the marked
    /// ones, the bounds, and how many cells of each value were counted.
    fn spread(cells: &[u8], width: usize) -> (Vec<bool>, Option<[Range<usize>; 2]>, Vec<u32>) {
        let (mut words, mut counts) = (vec![0x5a5a_5a5a; cells.len() + 9], vec![7; 256]);
        let mut mask = Mask::new(cells, width, 5, &mut words, &mut counts);
        mask.spread();
        let is_marked = |at: usize| mask.row(at / width)[at % width / WORD] >> (at % width % WORD) & 1 == 1;
        ((0..cells.len()).map(is_marked).collect(), mask.bounds(), counts)
    }

    #[test]
    fn what_touches_ink_is_marked_however_wide_the_map_is() {
        for width in [1, 2, 3, 4, 5, 31, 32, 33, 63, 64, 65, 70] {
            let height = 7;
            // One cell in eleven has ink, as strong as its place.
            let cells: Vec<u8> = (0..height * width)
                .map(|at| if at * at % 11 == 3 { 5 + (at % 200) as u8 } else { (at % 5) as u8 })
                .collect();
            let (marked, bounds, counts) = spread(&cells, width);
            for (at, &marked) in marked.iter().enumerate() {
                let near = |other: usize| {
                    let rows = (other / width).abs_diff(at / width);
                    rows.max((other % width).abs_diff(at % width)) <= 1
                };
                let expected = (0..cells.len()).any(|other| near(other) && cells[other] >= 5);
                assert_eq!(marked, expected, "{width}: {at}");
            }
            let bounds = bounds.unwrap();
            let ends = |of: fn(usize, usize) -> usize| {
                let places = marked.iter().enumerate().filter(|(_, marked)| **marked);
                let places: Vec<usize> = places.map(|(at, _)| of(at, width)).collect();
                *places.iter().min().unwrap()..places.iter().max().unwrap() + 1
            };
            assert_eq!(bounds[0], ends(|at, width| at / width));
            // What is marked beyond the last column does not matter.
            let columns = bounds[1].start..bounds[1].end.min(width);
            assert_eq!(columns, ends(|at, width| at % width));
            for (value, &count) in counts.iter().enumerate() {
                let expected = cells.iter().filter(|&&cell| cell >= 5 && usize::from(cell) == value).count();
                assert_eq!(count as usize, expected, "{width}: {value}");
            }
        }
    }

    #[test]
    fn nothing_marked_has_no_bounds() {
        assert_eq!(spread(&[4; 66], 33).1, None);
        assert_eq!(spread(&[5], 1).1.map(|[rows, _]| rows), Some(0..1));
    }
}
