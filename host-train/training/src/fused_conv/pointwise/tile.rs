//! Matrix products by tiles that stay in registers.

use crate::fused_conv::{
    memory::Aligned,
    unroll::{unrolled, with_const},
};
use tinytriplet_evaluation::vector::f32::Target;

/// A matrix whose rows are filled up with zeros, to read whole vectors of them.
pub(super) struct Rows {
    pub values: Aligned,
    /// Values from one row to the next.
    pub step: usize,
}

impl Rows {
    pub fn new(rows: usize, columns: usize, lanes: usize) -> Self {
        let step = columns.next_multiple_of(lanes);
        Self { values: Aligned::new(rows * step), step }
    }

    /// The matrix that has `value` at each row and column.
    pub fn of(rows: usize, columns: usize, lanes: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let mut matrix = Self::new(rows, columns, lanes);
        for (row, values) in matrix.values.chunks_exact_mut(matrix.step).take(rows).enumerate() {
            values[..columns].iter_mut().enumerate().for_each(|(column, to)| *to = value(row, column));
        }
        matrix
    }
}

/// The left factor of a product: `values[row · row_step + inner · inner_step]`.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    pub values: &'a [f32],
    pub row_step: usize,
    pub inner_step: usize,
}

/// The right factor of a product: rows, filled up to whole vectors.
#[derive(Clone, Copy)]
pub(super) struct Right<'a> {
    pub values: &'a [f32],
    pub step: usize,
}

/// What becomes of a product's values.
#[derive(Clone, Copy)]
pub(super) enum Become<'a> {
    /// The sums begin with a bias for each column; then `max(0, ·)`, if true.
    Biased(&'a [f32], bool),
    /// They are written.
    Written,
    /// They are added to what is there.
    Added,
}

/// The product of `left`, so many rows by `inner`, and `right`, to `result`, `[rows][columns]`.
/// Every value is the sum over `inner`, in order.
#[inline(always)]
pub(super) fn multiply<T: Target>(
    left: Left,
    right: Right,
    [rows, inner, columns]: [usize; 3],
    become_: Become,
    result: &mut [f32],
) {
    let mut column = 0;
    while column < columns {
        let vectors = if columns - column > T::LANES { 2 } else { 1 };
        let mut row = 0;
        while row < rows {
            let at_once = match (rows - row).min(const { most_rows(T::SUMS) }) {
                8.. => 8,
                4.. => 4,
                2.. => 2,
                _ => 1,
            };
            let left = Left { values: &left.values[row * left.row_step..], ..left };
            let right = Right { values: &right.values[column..], ..right };
            let place = Place { row, column, columns };
            with_const!(at_once, ROWS in [1, 2, 4, 8], at most most_rows(T::SUMS), {
                if vectors == 2 {
                    multiply_tile::<T, ROWS, 2>(left, right, inner, become_, place, result);
                } else {
                    multiply_tile::<T, ROWS, 1>(left, right, inner, become_, place, result);
                }
            });
            row += at_once;
        }
        column += vectors * T::LANES;
    }
}

/// Returns the rows of a tile of two vectors whose sums fit the registers.
const fn most_rows(sums: usize) -> usize {
    if sums >= 24 { 8 } else { 4 }
}

/// A tile's place in the result.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    column: usize,
    /// Columns of the result.
    columns: usize,
}

#[inline(always)]
fn multiply_tile<T: Target, const ROWS: usize, const VECTORS: usize>(
    left: Left,
    right: Right,
    inner: usize,
    become_: Become,
    place: Place,
    result: &mut [f32],
) {
    let mut sums = [[T::splat(0.0); VECTORS]; ROWS];
    if let Become::Biased(bias, _) = become_ {
        unrolled!(vector in [0, 1], below VECTORS, {
            let bias = T::load(&bias[place.column + vector * T::LANES..]);
            unrolled!(row in [0, 1, 2, 3, 4, 5, 6, 7], below ROWS, {
                sums[row][vector] = bias;
            });
        });
    }
    let (a, b) = (left.values, right.values);
    assert!(inner > 0 && (ROWS - 1) * left.row_step + (inner - 1) * left.inner_step < a.len());
    assert!((inner - 1) * right.step + VECTORS * T::LANES <= b.len());
    for index in 0..inner {
        let mut factors = [T::splat(0.0); VECTORS];
        unrolled!(vector in [0, 1], below VECTORS, {
            let at = index * right.step + vector * T::LANES;
            // SAFETY: `index` is at most `inner - 1` and `vector` at most `VECTORS - 1`; see above.
            factors[vector] = T::load(unsafe { b.get_unchecked(at..at + T::LANES) });
        });
        unrolled!(row in [0, 1, 2, 3, 4, 5, 6, 7], below ROWS, {
            // SAFETY: `index` is at most `inner - 1` and `row` at most `ROWS - 1`; see above.
            let a = T::splat(unsafe { *a.get_unchecked(row * left.row_step + index * left.inner_step) });
            unrolled!(vector in [0, 1], below VECTORS, {
                sums[row][vector] = T::multiply_add(a, factors[vector], sums[row][vector]);
            });
        });
    }
    let kept = (VECTORS * T::LANES).min(place.columns - place.column);
    // Nothing is less than or equal to NaN.
    let floor = T::splat(if let Become::Biased(_, true) = become_ { 0.0 } else { f32::NAN });
    unrolled!(row in [0, 1, 2, 3, 4, 5, 6, 7], below ROWS, {
        let to = &mut result[(place.row + row) * place.columns + place.column..][..kept];
        if kept == VECTORS * T::LANES {
            write_row::<T, VECTORS>(sums[row], become_, floor, to);
        } else {
            let mut values = [0.0; 32];
            values[..kept].copy_from_slice(to);
            write_row::<T, VECTORS>(sums[row], become_, floor, &mut values);
            to.copy_from_slice(&values[..kept]);
        }
    });
}

#[inline(always)]
fn write_row<T: Target, const VECTORS: usize>(
    sums: [T::V; VECTORS],
    become_: Become,
    floor: T::V,
    to: &mut [f32],
) {
    unrolled!(vector in [0, 1], below VECTORS, {
        let to = &mut to[vector * T::LANES..];
        let sum = sums[vector];
        let value = match become_ {
            Become::Biased(..) => T::select_le(sum, floor, T::splat(0.0), sum),
            Become::Written => sum,
            Become::Added => T::add(T::load(to), sum),
        };
        T::store(value, to);
    });
}
