//! Sums of listed products, with the weights side by side.

use super::rows::padded_row;
use crate::fused_conv::{
    geometry::Plan,
    unroll::{unrolled, with_const},
};
use tinytriplet_evaluation::vector::f32::Target;

/// One of the products that are summed: `factor` times what lies at `offset`.
#[derive(Clone, Copy, Default)]
pub(super) struct Term {
    pub offset: u32,
    pub factor: f32,
}

/// For all rows of the kernel: adds to the vectors of a row of `sums` each term's factor times
/// those of `source` at its offset. The steps lead from one row to the next.
///
/// Rows are filled up to whole vectors. In one of `sums` and `source` the filling is 0 and stays
/// so, or is never looked at; in the other it is the beginning of what comes next.
#[inline(always)]
pub(super) fn add_terms<T: Target>(
    plan: &Plan,
    sums: &mut [f32],
    sums_step: usize,
    source: &[f32],
    source_step: usize,
    terms: &[Term],
) {
    let row_vectors = padded_row(plan) / T::LANES;
    let mut row = 0;
    while row < plan.kernel[0] {
        let rows = if plan.kernel[0] - row >= 3 { 3 } else { 1 };
        let most = const { most_vectors(T::SUMS) }[usize::from(rows == 3)];
        let mut first = 0;
        while first < row_vectors {
            let vectors = match (row_vectors - first).min(most) {
                5 => 3,
                vectors => vectors,
            };
            let sums = &mut sums[row * sums_step + first * T::LANES..];
            let source = &source[row * source_step + first * T::LANES..];
            with_const!(rows, ROWS in [1, 3], at most 3, {
                with_const!(vectors, VECTORS in [1, 2, 3, 4, 6], at most most_vectors(T::SUMS)[(ROWS == 3) as usize], {
                    add_terms_to_block::<T, ROWS, VECTORS>(sums, sums_step, source, source_step, terms);
                })
            });
            first += vectors;
        }
        row += rows;
    }
}

/// Vectors of a row whose sums fit the registers, for one row and for three.
const fn most_vectors(sums: usize) -> [usize; 2] {
    if sums >= 18 { [6, 6] } else { [6, 4] }
}

#[inline(always)]
fn add_terms_to_block<T: Target, const ROWS: usize, const VECTORS: usize>(
    sums: &mut [f32],
    sums_step: usize,
    source: &[f32],
    source_step: usize,
    terms: &[Term],
) {
    let mut total = [[T::splat(0.0); VECTORS]; ROWS];
    unrolled!(row in [0, 1, 2], below ROWS, {
        let sums = &sums[row * sums_step..][..VECTORS * T::LANES];
        unrolled!(vector in [0, 1, 2, 3, 4, 5], below VECTORS, {
            total[row][vector] = T::load(&sums[vector * T::LANES..]);
        })
    });
    for term in terms {
        let source = &source[term.offset as usize..];
        let factor = T::splat(term.factor);
        unrolled!(row in [0, 1, 2], below ROWS, {
            let source = &source[row * source_step..][..VECTORS * T::LANES];
            unrolled!(vector in [0, 1, 2, 3, 4, 5], below VECTORS, {
                let values = T::load(&source[vector * T::LANES..]);
                total[row][vector] = T::multiply_add(factor, values, total[row][vector]);
            })
        })
    }
    // In this order: the filling of a short row reaches into the next, which then overwrites it.
    unrolled!(row in [0, 1, 2], below ROWS, {
        let sums = &mut sums[row * sums_step..][..VECTORS * T::LANES];
        unrolled!(vector in [0, 1, 2, 3, 4, 5], below VECTORS, {
            T::store(total[row][vector], &mut sums[vector * T::LANES..]);
        })
    });
}
