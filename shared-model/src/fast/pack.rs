//! Packed weights, made and read back: `docs/FORMAT.md` defines their order, `docs/KERNELS.md` says what it is good for.
//!
//! All packed weights are 16-bit halves, little-endian. A layer's weights are visited filter by filter, and each visit
//! says which half has which value: packing writes them, checking compares them.

use super::Path;
use crate::kernel::Parameters;

/// Output channels that [`Path::Rows`] packs together.
const ROWS: usize = 4;
/// Values of a row of [`Path::Rows`] are a multiple of this many, zeros at the end.
const ROW_MULTIPLE: usize = 8;

impl Path {
    /// Bytes of the weights of `channels` filters of `taps` weights; `None` if they exceed the address space.
    pub(crate) fn weights_len(self, channels: usize, taps: usize) -> Option<usize> {
        match self {
            Self::Reference(_) => channels.checked_mul(taps),
            // 16 halves for 9 bytes.
            Self::Winograd => channels.checked_mul(taps / 9)?.checked_mul(32),
            Self::Taps => channels.next_multiple_of(2).checked_mul(2 * taps.next_multiple_of(2)),
            // Two weights share a half: one byte each.
            Self::Rows => channels
                .checked_next_multiple_of(ROWS)?
                .checked_mul(taps.checked_next_multiple_of(ROW_MULTIPLE)?),
        }
    }

    /// Packs filters, of which `weight` is asked channel and tap.
    pub(crate) fn pack(
        self,
        channels: usize,
        taps: usize,
        weight: impl Fn(usize, usize) -> i8,
        out: &mut [u8],
    ) {
        if let Self::Reference(_) = self {
            out.chunks_exact_mut(taps).enumerate().for_each(|(channel, filter)| {
                filter.iter_mut().enumerate().for_each(|(tap, byte)| *byte = weight(channel, tap) as u8);
            });
            return;
        }
        self.visit(channels, taps, weight, |half, value| {
            if let Some(bytes) = out.get_mut(2 * half..2 * half + 2) {
                bytes.copy_from_slice(&value.to_le_bytes());
            }
        });
    }

    /// Whether the packed weights are what packing makes of any.
    pub(crate) fn is_packed(self, channels: usize, taps: usize, parameters: &Parameters<'_>) -> bool {
        let mut same = true;
        let weight = |channel, tap| self.weight(taps, parameters, channel, tap);
        self.visit(channels, taps, weight, |half, value| same &= read(parameters.weights, half) == value);
        same
    }

    /// The weight `tap` of output channel `channel`, as it was before packing.
    pub(crate) fn weight(self, taps: usize, parameters: &Parameters<'_>, channel: usize, tap: usize) -> i8 {
        let half = |index| read(parameters.weights, index);
        match self {
            Self::Reference(_) => parameters.weights.get(channel * taps + tap).map_or(0, |&byte| byte as i8),
            Self::Winograd => {
                let depth = taps / 9;
                let (cell, input) = (tap / depth.max(1), tap % depth.max(1));
                let at = |position| i32::from(half(winograd_half(depth, channel, position, input)));
                // In each direction: the first and the last of the four are twice the first and the last weight, the
                // difference of the two between is twice the middle one.
                let line = |[first, second, third, last]: [i32; 4], index: usize| match index {
                    0 => first / 2,
                    1 => (second - third) / 2,
                    _ => last / 2,
                };
                let column = |column: usize| line(core::array::from_fn(|row| at(4 * row + column)), cell / 3);
                line(core::array::from_fn(column), cell % 3) as i8
            }
            Self::Taps => half(taps_half(taps, channel, tap)) as i8,
            Self::Rows => {
                let both = half(rows_half(taps, channel, tap));
                if channel & 1 == 0 { (both as u8).wrapping_sub(128) as i8 } else { (both >> 8) as i8 }
            }
        }
    }

    /// Says of every half of the packed weights which value it has.
    fn visit(
        self,
        channels: usize,
        taps: usize,
        weight: impl Fn(usize, usize) -> i8,
        mut see: impl FnMut(usize, i16),
    ) {
        // What is beyond the last channel or tap counts as 0.
        let weight = |channel, tap| if channel < channels && tap < taps { weight(channel, tap) } else { 0 };
        match self {
            Self::Reference(_) => {}
            Self::Winograd => {
                let depth = taps / 9;
                for channel in 0..channels {
                    for input in 0..depth {
                        let filter =
                            core::array::from_fn(|cell| i16::from(weight(channel, cell * depth + input)));
                        for (position, value) in transform(filter).into_iter().enumerate() {
                            see(winograd_half(depth, channel, position, input), value);
                        }
                    }
                }
            }
            Self::Taps => {
                for channel in 0..channels.next_multiple_of(2) {
                    for tap in 0..taps.next_multiple_of(2) {
                        see(taps_half(taps, channel, tap), weight(channel, tap).into());
                    }
                }
            }
            Self::Rows => {
                for channel in (0..channels.next_multiple_of(ROWS)).step_by(2) {
                    for tap in 0..taps.next_multiple_of(ROW_MULTIPLE) {
                        let low = weight(channel, tap) as u8 ^ 0x80; // 128 more
                        let high = weight(channel + 1, tap) as u8;
                        see(rows_half(taps, channel, tap), i16::from_le_bytes([low, high]));
                    }
                }
            }
        }
    }
}

fn read(bytes: &[u8], half: usize) -> i16 {
    bytes.as_chunks().0.get(half).map_or(0, |&bytes| i16::from_le_bytes(bytes))
}

/// Place of value `index` in words of two halves: of each four values, the first word has 0 and 2, the second 1 and 3.
/// That is what taking the even and the odd bytes out of a word of four gives.
pub(super) const fn place(index: usize) -> usize {
    index & !3 | (index & 1) << 1 | index >> 1 & 1
}

/// `[pair of output channels][position][word][channel of the pair][half of the word]`
fn winograd_half(depth: usize, channel: usize, position: usize, input: usize) -> usize {
    let at = place(input);
    let words = depth / 2;
    4 * ((channel / 2 * 16 + position) * words + at / 2) + 2 * (channel % 2) + at % 2
}

/// `[pair of output channels][word][channel of the pair][half of the word]`
fn taps_half(taps: usize, channel: usize, tap: usize) -> usize {
    let words = taps_words(taps);
    4 * (channel / 2 * words + tap / 2) + 2 * (channel % 2) + tap % 2
}

/// Words of a row of [`Path::Taps`].
pub(super) const fn taps_words(taps: usize) -> usize {
    taps.div_ceil(2)
}

/// Words of a row of [`Path::Rows`].
pub(super) const fn row_words(taps: usize) -> usize {
    taps.next_multiple_of(ROW_MULTIPLE) / 2
}

/// `[group of 4 output channels][word][pair of the group][half of the word]`
fn rows_half(taps: usize, channel: usize, tap: usize) -> usize {
    let words = row_words(taps);
    let at = place(tap);
    4 * (channel / ROWS * words + at / 2) + 2 * (channel / 2 % 2) + at % 2
}

/// Winograd's transform of a filter, row by row: `(2G) g (2G)ᵀ` with the rows (1, 0, 0), (½, ½, ½), (½, −½, ½),
/// (0, 0, 1) of G. No value exceeds 9 · 128.
fn transform(g: [i16; 9]) -> [i16; 16] {
    let line = |[a, b, c]: [i16; 3]| [2 * a, a + b + c, a - b + c, 2 * c];
    let [a, b, c, d, e, f, g, h, i] = g;
    let columns = [line([a, d, g]), line([b, e, h]), line([c, f, i])];
    core::array::from_fn(|at| line(columns.map(|column| column[at / 4]))[at % 4])
}
