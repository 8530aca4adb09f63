//! Weight gradients with the output channels side by side: the products of all positions of each
//! window.

use super::{
    sums::WeightSums,
    tables::{BackwardTables, Dense, TAPS},
};
use crate::fused_conv::{
    geometry::{CUT, Plan},
    unroll::unrolled,
};
use tinytriplet_evaluation::vector::f32::Target;

/// Windows of the pool for which they are.
const WINDOWS: usize = 128;

/// Copies rows to the beginnings of longer ones.
pub(super) fn fill_up<V: Copy>(filled: &mut [V], filled_row: usize, values: &[V], row: usize) {
    for (filled, values) in filled.chunks_exact_mut(filled_row).zip(values.chunks_exact(row)) {
        filled[..row].copy_from_slice(values);
    }
}

/// Adds up the sums of as many output channels as a vector has values.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(super) fn dense_sums<T: Target>(
    plan: &Plan,
    tables: &BackwardTables,
    dense: Dense,
    output: usize,
    x: &[f32],
    g: &[f32],
    argmax: &[u8],
    sums: &mut WeightSums,
) {
    let (g, argmax) = (&g[output..], &argmax[output..]);
    add_dense_bias::<T>(dense, g, argmax, &mut sums.bias[output..]);
    // A run of windows at a time, so that what they look at stays in the cache.
    for windows in (0..plan.windows()).step_by(WINDOWS) {
        let (g, argmax) = (&g[windows * dense.outputs..], &argmax[windows * dense.outputs..]);
        let windows = &tables.windows[windows..plan.windows().min(windows + WINDOWS)];
        for (first, taps) in tables.taps.as_chunks::<TAPS>().0.iter().enumerate() {
            let weight = &mut sums.weight[first * TAPS * dense.outputs + output..];
            match plan.pool_positions() {
                1 => add_dense_weights::<T, 1>(plan, tables, dense, taps, windows, x, g, argmax, weight),
                4 => add_dense_weights::<T, 4>(plan, tables, dense, taps, windows, x, g, argmax, weight),
                _ => add_dense_weights::<T, 0>(plan, tables, dense, taps, windows, x, g, argmax, weight),
            }
        }
    }
}

/// Adds the products of a few taps, at `POSITIONS` positions of each window, or as many as the pool
/// has if that is 0. At each the factor is 0 for the channels that have another argmax.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn add_dense_weights<T: Target, const POSITIONS: usize>(
    plan: &Plan,
    tables: &BackwardTables,
    dense: Dense,
    taps: &[u32; TAPS],
    windows: &[u32],
    x: &[f32],
    g: &[f32],
    argmax: &[u8],
    weight: &mut [f32],
) {
    let reach = taps[TAPS - 1] as usize + 1;
    assert!(taps.is_sorted(), "relied on below");
    let positions =
        &tables.positions[..if const { POSITIONS > 0 } { POSITIONS } else { plan.pool_positions() }];
    let mut sums = [T::splat(0.0); TAPS];
    unrolled!(tap in [0, 1, 2, 3, 4, 5, 6, 7, 8], below TAPS, {
        sums[tap] = T::load(&weight[tap * dense.outputs..]);
    });
    for (window, &offset) in windows.iter().enumerate() {
        let g = T::load(&g[window * dense.outputs..]);
        let argmax = T::load_bytes(&argmax[window * dense.outputs..]);
        if const { POSITIONS > 0 } {
            unrolled!(position in [0, 1, 2, 3], below POSITIONS, {
                let factors = T::select_eq(argmax, T::splat(position as f32), g, T::splat(0.0));
                let x = &x[(offset + positions[position]) as usize..][..reach];
                // SAFETY: `x` has `reach` values, which is more than any of `taps`.
                unsafe { add_products::<T>(&mut sums, taps, x, factors) };
            })
        } else {
            for (position, position_offset) in positions.iter().enumerate() {
                let factors = T::select_eq(argmax, T::splat(position as f32), g, T::splat(0.0));
                let x = &x[(offset + position_offset) as usize..][..reach];
                // SAFETY: as above.
                unsafe { add_products::<T>(&mut sums, taps, x, factors) };
            }
        }
    }
    unrolled!(tap in [0, 1, 2, 3, 4, 5, 6, 7, 8], below TAPS, {
        T::store(sums[tap], &mut weight[tap * dense.outputs..]);
    });
}

/// Adds `x` at each tap times `factors`.
///
/// # Safety
/// All of `taps` are less than the length of `x`.
#[inline(always)]
unsafe fn add_products<T: Target>(sums: &mut [T::V; TAPS], taps: &[u32; TAPS], x: &[f32], factors: T::V) {
    unrolled!(tap in [0, 1, 2, 3, 4, 5, 6, 7, 8], below TAPS, {
        // SAFETY: the caller's.
        let x = unsafe { *x.get_unchecked(taps[tap] as usize) };
        sums[tap] = T::multiply_add(T::splat(x), factors, sums[tap]);
    })
}

/// Adds the `g` that were not cut.
#[inline(always)]
fn add_dense_bias<T: Target>(dense: Dense, g: &[f32], argmax: &[u8], bias: &mut [f32]) {
    // Four sums, because each addition waits for the one before it.
    let mut sums = [T::splat(0.0); 4];
    for (g, argmax) in g.chunks(4 * dense.outputs).zip(argmax.chunks(4 * dense.outputs)) {
        unrolled!(i in [0, 1, 2, 3], below 4, {
            let start = i * dense.outputs;
            if start < g.len() {
                let argmax = T::load_bytes(&argmax[start..]);
                let uncut = T::select_eq(argmax, T::splat(f32::from(CUT)), T::splat(0.0), T::load(&g[start..]));
                sums[i] = T::add(sums[i], uncut);
            }
        });
    }
    let total = T::add(T::add(sums[0], sums[1]), T::add(sums[2], sums[3]));
    T::store(T::add(T::load(bias), total), bias);
}
