//! Packed weights of [`Kernel::Taps`](crate::model::kernel_choice::Kernel::Taps): one record per two
//! output channels.

use super::lanes::place;
use crate::model::step::Parameters;

/// Words of a record after the weights: two biases, two multipliers.
pub(super) const TAIL: usize = 4;

/// The order of a layer's windows and weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub form: Form,
    /// Rows of the kernel.
    pub rows: usize,
    /// Values of a row of the kernel.
    pub run: usize,
}

/// The shape of windows and records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// 3 × 3 on one channel, stride 1, no padding, pooled.
    Three,
    /// 5 × 5 on one channel, no padding; stride 1 where it is pooled.
    Five,
    /// Anything else.
    Any,
}

/// The order of pooled 3 × 3 windows of one channel.
#[cfg(dsp)]
pub(super) const THREE: Order = Order::of(1, [3, 3], [1, 1], false, true);
/// The order of pooled 5 × 5 windows of one channel.
#[cfg(dsp)]
pub(super) const FIVE: Order = Order::of(1, [5, 5], [1, 1], false, true);

impl Order {
    /// Returns the order of a layer that reads `depth` channels.
    pub(super) const fn of(
        depth: usize,
        kernel: [usize; 2],
        stride: [usize; 2],
        padded: bool,
        pooled: bool,
    ) -> Self {
        let form = match (depth, kernel, stride, padded, pooled) {
            (1, [3, 3], [1, 1], false, true) => Form::Three,
            (1, [5, 5], [1, 1], false, true) | (1, [5, 5], _, false, false) => Form::Five,
            _ => Form::Any,
        };
        Self { form, rows: kernel[0], run: kernel[1] * depth }
    }

    /// Returns the words of a window.
    #[inline]
    pub const fn words(self) -> usize {
        match self.form {
            Form::Three => 5,
            Form::Five => 14,
            Form::Any => self.rows * 2 * self.run.div_ceil(4),
        }
    }

    /// Returns the words of a record's weights, for one output.
    #[inline]
    const fn record_words(self) -> usize {
        match self.form {
            Form::Three => 10,
            _ => self.words(),
        }
    }

    /// Returns the number of i16 of a record.
    #[inline]
    pub(super) const fn record(self) -> usize {
        4 * self.record_words() + 2 * TAIL
    }

    /// Returns the word and the lane of the tap at `index` of `row`.
    #[inline]
    const fn place(self, row: usize, index: usize) -> (usize, usize) {
        match self.form {
            Form::Three => match (row, index) {
                (0 | 1, 2) => (3, row),
                (_, 2) => (4, 0),
                _ => (row, index),
            },
            Form::Five if index < 4 => place(4 * row + index),
            Form::Five => place(20 + row),
            Form::Any => {
                let (word, lane) = place(index);
                (row * 2 * self.run.div_ceil(4) + word, lane)
            }
        }
    }

    /// Returns the index among all halves of an output's weight at `index` of a row of the kernel.
    #[inline]
    pub(super) const fn weight_half(self, output: usize, row: usize, index: usize) -> usize {
        let (word, lane) = self.place(row, index);
        output / 2 * self.record() + 4 * word + 2 * (output % 2) + lane
    }

    /// Returns the index of the copy of the half at `at`, if there is one.
    #[inline]
    pub(super) fn copy_of(self, at: usize) -> Option<usize> {
        (self.form == Form::Three).then_some(at + 4 * 5)
    }

    /// Returns the indices at which an output's bias and multiplier begin.
    #[inline]
    pub(super) const fn parameter_halves(self, output: usize) -> [usize; 2] {
        let tail = output / 2 * self.record() + 4 * self.record_words() + 2 * (output % 2);
        [tail, tail + 4]
    }

    /// Returns the halves of a record that may hold weights.
    #[inline]
    pub(super) fn weight_halves(self, record: usize) -> core::ops::Range<usize> {
        let first = record * self.record();
        first..first + 4 * self.record_words()
    }
}

/// Returns how many i16 [`pack`] writes.
pub(super) const fn packed_len(order: Order, outputs: usize) -> usize {
    order.record() * (outputs / 2)
}

/// Packs int8 weights `[output][row][column][input channel]`, with biases and multipliers.
///
/// One record per pair of outputs: `[word][output of the pair 2][lane 2]`, then two biases and two
/// multipliers, each as two i16, the lower half first. Words and lanes:
///
/// * in general, zeros fill up every row of the kernel to whole words; word `2q + h` of a row holds
///   its values `4q + h` and `4q + 2 + h`;
/// * 5 × 5 on one channel without padding: the same for one row, which consists of four columns of
///   each row and then of the fifth column;
/// * 3 × 3 on one channel without padding, pooled: three words with columns 0 and 1 of a row, one
///   with column 2 of rows 0 and 1, one with the last tap and 0; and all five words again.
///
/// Writes [`packed_len`] elements.
pub(super) fn pack(weights: &[i8], order: Order, parameters: &Parameters<'_>, packed: &mut [i16]) {
    if order.run == 0 || order.rows == 0 {
        return;
    }
    packed.fill(0);
    let mut set = |at: usize, value: i16| {
        if let Some(slot) = packed.get_mut(at) {
            *slot = value;
        }
    };
    for (output, filter) in weights.chunks_exact(order.rows * order.run).enumerate() {
        for (row, weights) in filter.chunks_exact(order.run).enumerate() {
            for (index, &weight) in weights.iter().enumerate() {
                let at = order.weight_half(output, row, index);
                set(at, i16::from(weight));
                if let Some(copy) = order.copy_of(at) {
                    set(copy, i16::from(weight));
                }
            }
        }
        let values = [parameters.bias(output), parameters.multiplier(output)];
        for (at, value) in order.parameter_halves(output).into_iter().zip(values) {
            set(at, value as i16);
            set(at + 1, (value >> 16) as i16);
        }
    }
}
