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

/// How many filters a layer has, and of which shape. A dense layer's have one row and one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FilterShape {
    pub channels: usize,
    pub kernel: [usize; 2],
    /// Input channels.
    pub depth: usize,
}

impl FilterShape {
    /// Weights of a filter.
    pub fn taps(self) -> usize {
        self.kernel[0] * self.kernel[1] * self.depth
    }

    /// Words of a filter of [`Path::Taps`].
    pub fn tap_words(self) -> usize {
        self.taps().div_ceil(2)
    }

    /// Where tap `tap` lies in a filter of [`Path::Taps`], in halves. With one input channel and an odd number of
    /// columns, values that are neighbours in a row share a word, but those of the last column with the one below, so
    /// that windows side by side share words; else they are as they come.
    pub fn tap_place(self, tap: usize) -> usize {
        let [rows, columns] = self.kernel;
        if self.depth != 1 || columns.is_multiple_of(2) {
            return tap;
        }
        let (row, column) = (tap / columns.max(1), tap % columns.max(1));
        if column + 1 == columns { rows * column + row } else { 2 * (column / 2 * rows + row) + column % 2 }
    }

    /// Halves that a row of the kernel takes in a filter of [`Path::Rows`].
    pub fn line_halves(self) -> usize {
        (self.kernel[1] * self.depth).next_multiple_of(4)
    }

    /// Words of a filter of [`Path::Rows`]; `None` if they exceed the address space.
    pub fn row_words(self) -> Option<usize> {
        let line = self.kernel[1].checked_mul(self.depth)?.checked_next_multiple_of(4)?;
        Some(line.checked_mul(self.kernel[0])?.checked_next_multiple_of(ROW_MULTIPLE)? / 2)
    }

    /// Where tap `tap` lies in a filter of [`Path::Rows`], in halves.
    fn row_place(self, tap: usize) -> usize {
        let line = (self.kernel[1] * self.depth).max(1);
        tap / line * self.line_halves() + place(tap % line)
    }

    /// `[pair of output channels][position][word][channel of the pair][half of the word]`
    fn winograd_half(self, channel: usize, position: usize, input: usize) -> usize {
        let at = place(input);
        let words = self.depth / 2;
        4 * ((channel / 2 * 16 + position) * words + at / 2) + 2 * (channel % 2) + at % 2
    }

    /// `[pair of output channels]`: two biases, `[word][channel of the pair][half of the word]`, two multipliers.
    fn tap_half(self, channel: usize, tap: usize) -> usize {
        let at = self.tap_place(tap);
        self.tap_record(channel) + 4 + 4 * (at / 2) + 2 * (channel % 2) + at % 2
    }

    /// Where the record of this channel and the other of its pair begins.
    fn tap_record(self, channel: usize) -> usize {
        channel / 2 * (8 + 4 * self.tap_words())
    }

    /// `[group of 4 output channels][word][pair of the group][half of the word]`
    fn row_half(self, channel: usize, place: usize) -> usize {
        let words = self.row_words().unwrap_or_default();
        4 * (channel / ROWS * words + place / 2) + 2 * (channel / 2 % 2) + place % 2
    }
}

impl Path {
    /// Bytes of the weights of filters; `None` if they exceed the address space.
    pub(crate) fn weights_len(self, filters: FilterShape) -> Option<usize> {
        let FilterShape { channels, depth, .. } = filters;
        match self {
            Self::Reference(_) => channels.checked_mul(filters.taps()),
            // 16 halves for 9 bytes.
            Self::Winograd => channels.checked_mul(depth)?.checked_mul(32),
            Self::Taps => channels.div_ceil(2).checked_mul(16 + 8 * filters.tap_words()),
            // Two weights share a half: one byte each.
            Self::Rows => {
                channels.checked_next_multiple_of(ROWS)?.checked_mul(filters.row_words()?.checked_mul(2)?)
            }
        }
    }

    /// Packs filters, of which `weight` is asked channel and tap.
    pub(crate) fn pack(
        self,
        filters: FilterShape,
        parameters: &Parameters<'_>,
        weight: impl Fn(usize, usize) -> i8,
        out: &mut [u8],
    ) {
        if let Self::Reference(_) = self {
            out.chunks_exact_mut(filters.taps()).enumerate().for_each(|(channel, filter)| {
                filter.iter_mut().enumerate().for_each(|(tap, byte)| *byte = weight(channel, tap) as u8);
            });
            return;
        }
        out.fill(0);
        self.visit(filters, parameters, weight, |half, value| {
            if let Some(bytes) = out.get_mut(2 * half..2 * half + 2) {
                bytes.copy_from_slice(&value.to_le_bytes());
            }
        });
    }

    /// Whether the packed weights are what packing makes of any.
    pub(crate) fn is_packed(self, filters: FilterShape, parameters: &Parameters<'_>) -> bool {
        let half = |index| read(parameters.weights, index);
        let FilterShape { channels, depth, .. } = filters;
        match self {
            Self::Reference(_) => true,
            Self::Winograd => (0..channels).all(|channel| {
                (0..depth).all(|input| {
                    let first = filters.winograd_half(channel, 0, input);
                    let transformed = POSITIONS.map(|position| half(first + 2 * depth * position));
                    let filter = inverse(transformed);
                    filter.iter().all(|&weight| i8::try_from(weight).is_ok())
                        && transform(filter) == transformed
                })
            }),
            Self::Taps => {
                // Each half is one weight's, or 0.
                let fits = |half: i16| i8::try_from(half).is_ok();
                (0..channels.next_multiple_of(2)).all(|channel| {
                    let at = filters.tap_record(channel) + 2 * (channel % 2);
                    let word = |at: usize| i32::from(half(at)) & 0xffff | i32::from(half(at + 1)) << 16;
                    let words = filters.tap_words();
                    let exists = channel < channels;
                    let (bias, multiplier) = match exists {
                        true => (parameters.bias(channel), parameters.multiplier(channel)),
                        false => (0, 0),
                    };
                    let odd = filters.taps() % 2 == 1;
                    word(at) == bias
                        && word(at + 4 + 4 * words) == multiplier
                        && (0..2 * words).all(|tap| {
                            let half = half(at + 4 + 4 * (tap / 2) + tap % 2);
                            if exists && !(odd && tap + 1 == 2 * words) { fits(half) } else { half == 0 }
                        })
                })
            }
            // Any two bytes are two weights; what is beyond the last channel or tap is 0, which is no half of 0.
            Self::Rows => {
                let halves = 2 * filters.row_words().unwrap_or_default();
                let line = filters.kernel[1] * depth;
                let ends = filters.kernel[0] * filters.line_halves();
                (0..channels.next_multiple_of(ROWS)).step_by(2).all(|channel| {
                    let at = |place| half(filters.row_half(channel, place));
                    let inner = |row: usize| (line..filters.line_halves()).map(move |at| (row, at));
                    let inner = (0..filters.kernel[0]).flat_map(inner);
                    let mut beyond_taps =
                        inner.map(|(row, at)| row * filters.line_halves() + place(at)).chain(ends..halves);
                    let beyond_channels = |half: i16| {
                        let [low, high] = half.to_le_bytes();
                        (channel < channels || low == 0x80) && (channel + 1 < channels || high == 0)
                    };
                    beyond_taps.all(|place| at(place) == 0x80)
                        && (channel + 1 < channels || (0..halves).all(|place| beyond_channels(at(place))))
                })
            }
        }
    }

    /// The weight `tap` of output channel `channel`, as it was before packing.
    pub(crate) fn weight(
        self,
        filters: FilterShape,
        parameters: &Parameters<'_>,
        channel: usize,
        tap: usize,
    ) -> i8 {
        let half = |index| read(parameters.weights, index);
        match self {
            Self::Reference(_) => {
                parameters.weights.get(channel * filters.taps() + tap).map_or(0, |&byte| byte as i8)
            }
            Self::Winograd => {
                let depth = filters.depth.max(1);
                let first = filters.winograd_half(channel, 0, tap % depth);
                let filter = inverse(POSITIONS.map(|position| half(first + 2 * depth * position)));
                filter.get(tap / depth).copied().unwrap_or_default() as i8
            }
            Self::Taps => half(filters.tap_half(channel, tap)) as i8,
            Self::Rows => {
                let both = half(filters.row_half(channel, filters.row_place(tap)));
                if channel & 1 == 0 { (both as u8 ^ 0x80) as i8 } else { (both >> 8) as i8 }
            }
        }
    }

    /// Says of every half of the packed weights which value it has, but of those that are 0 in any.
    fn visit(
        self,
        filters: FilterShape,
        parameters: &Parameters<'_>,
        weight: impl Fn(usize, usize) -> i8,
        mut see: impl FnMut(usize, i16),
    ) {
        let FilterShape { channels, depth, .. } = filters;
        let taps = filters.taps();
        match self {
            Self::Reference(_) => {}
            Self::Winograd => {
                for channel in 0..channels {
                    for input in 0..depth {
                        let cell = |cell: usize| i16::from(weight(channel, cell * depth + input));
                        for (position, value) in
                            transform([0, 1, 2, 3, 4, 5, 6, 7, 8].map(cell)).into_iter().enumerate()
                        {
                            see(filters.winograd_half(channel, position, input), value);
                        }
                    }
                }
            }
            Self::Taps => {
                for channel in 0..channels {
                    let mut word = |at: usize, value: i32| {
                        let at = filters.tap_record(channel) + at + 2 * (channel % 2);
                        see(at, value as i16);
                        see(at + 1, (value >> 16) as i16);
                    };
                    word(0, parameters.bias(channel));
                    word(4 + 4 * filters.tap_words(), parameters.multiplier(channel));
                    for tap in 0..taps {
                        see(filters.tap_half(channel, tap), weight(channel, tap).into());
                    }
                }
            }
            Self::Rows => {
                // What is beyond the last channel or tap counts as 0, which is no half of 0.
                let weight = |channel, tap| if channel < channels { weight(channel, tap) } else { 0 };
                let halves = 2 * filters.row_words().unwrap_or_default();
                for channel in (0..channels.next_multiple_of(ROWS)).step_by(2) {
                    let mut half = |place, [a, b]: [i8; 2]| {
                        see(filters.row_half(channel, place), i16::from_le_bytes([a as u8 ^ 0x80, b as u8]));
                    };
                    for tap in 0..taps {
                        half(filters.row_place(tap), [weight(channel, tap), weight(channel + 1, tap)]);
                    }
                    let line = filters.kernel[1] * depth;
                    for row in 0..filters.kernel[0] {
                        let rest = line..filters.line_halves();
                        rest.for_each(|at| half(row * filters.line_halves() + place(at), [0, 0]));
                    }
                    (filters.kernel[0] * filters.line_halves()..halves).for_each(|place| half(place, [0, 0]));
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

/// Positions of a transformed filter.
const POSITIONS: [usize; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Winograd's transform of a filter, row by row: `(2G) g (2G)ᵀ` with the rows (1, 0, 0), (½, ½, ½), (½, −½, ½),
/// (0, 0, 1) of G. No value exceeds 9 · 128.
fn transform(g: [i16; 9]) -> [i16; 16] {
    let line = |[a, b, c]: [i16; 3]| {
        let ends = a.wrapping_add(c);
        [a.wrapping_mul(2), ends.wrapping_add(b), ends.wrapping_sub(b), c.wrapping_mul(2)]
    };
    let [a, b, c, d, e, f, g, h, i] = g;
    let columns = [line([a, d, g]), line([b, e, h]), line([c, f, i])];
    core::array::from_fn(|at| line(columns.map(|column| column[at / 4]))[at % 4])
}

/// The filter that [`transform`] makes this of, if there is one. In each direction, the first and the last of the four
/// are twice the first and the last weight, and the difference of the two between is twice the middle one.
fn inverse(u: [i16; 16]) -> [i16; 9] {
    let line = |[a, b, c, d]: [i16; 4]| [a / 2, b.wrapping_sub(c) / 2, d / 2];
    let columns = [0, 1, 2, 3].map(|at: usize| line([u[at], u[at + 4], u[at + 8], u[at + 12]]));
    let row = |at: usize| line(columns.map(|column| column[at]));
    let ([a, b, c], [d, e, f], [g, h, i]) = (row(0), row(1), row(2));
    [a, b, c, d, e, f, g, h, i]
}
