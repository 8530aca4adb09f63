//! One image's convolution, ReLU and max pool.

use super::{
    geometry::{CUT, Plan},
    memory::{Aligned, PaddedImage},
    unroll::{unrolled, with_const},
};
use tinytriplet_evaluation::vector::f32::{Kernel, Target};

/// Weights and biases in blocks of output channels, filled up with zeros.
pub(super) struct Filters {
    blocks: Vec<FilterBlock>,
}

struct FilterBlock {
    /// First output channel, and how many.
    first: usize,
    count: usize,
    /// Channels with the zeros: 8, 16 or 32.
    lanes: usize,
    /// `[lanes]`
    bias: Vec<f32>,
    /// `[kernel row][kernel column][input][lanes]`
    weight: Aligned,
}

impl Filters {
    /// `lanes` is that of the instruction set: blocks of twice as many, and one of `lanes` if that
    /// is enough for the last.
    pub fn new(plan: &Plan, weight: &[f32], bias: &[f32], lanes: usize) -> Self {
        let mut blocks = Vec::new();
        let mut first = 0;
        while first < plan.outputs {
            let left = plan.outputs - first;
            let lanes = if left > lanes { 2 * lanes } else { lanes };
            let count = left.min(lanes);
            blocks.push(FilterBlock::new(plan, weight, bias, first, count, lanes));
            first += count;
        }
        Self { blocks }
    }
}

impl FilterBlock {
    fn new(plan: &Plan, weight: &[f32], bias: &[f32], first: usize, count: usize, lanes: usize) -> Self {
        let positions = plan.kernel[0] * plan.kernel[1];
        let mut packed = Aligned::new(plan.taps() * lanes);
        for (lane, filter) in weight.chunks_exact(plan.taps()).skip(first).take(count).enumerate() {
            for (input, plane) in filter.chunks_exact(positions).enumerate() {
                for (position, &value) in plane.iter().enumerate() {
                    packed[(position * plan.inputs + input) * lanes + lane] = value;
                }
            }
        }
        let mut biases = vec![0.0; lanes];
        biases[..count].copy_from_slice(&bias[first..first + count]);
        Self { first, count, lanes, bias: biases, weight: packed }
    }
}

/// Memory that a thread needs for its images.
pub(super) struct ForwardScratch {
    image: PaddedImage,
    /// The convolution of an image, for a block of channels; empty if the pool is computed
    /// with the convolution.
    convolved: Vec<f32>,
    /// The argmax of each of these: itself.
    zeros: Vec<u8>,
}

impl ForwardScratch {
    pub fn new(plan: &Plan, filters: &Filters) -> Self {
        let positions = plan.convolved[0] * plan.convolved[1];
        let lanes = filters.blocks.iter().map(|block| block.lanes).max().unwrap_or(0);
        let len = if pool_in_registers(plan).is_some() { 0 } else { positions * lanes };
        Self { image: PaddedImage::new(plan), convolved: vec![0.0; len], zeros: vec![0; len] }
    }
}

/// Returns rows and columns of a pool whose windows do not overlap and are small enough to be kept in
/// registers.
fn pool_in_registers(plan: &Plan) -> Option<usize> {
    match (plan.pool.kernel, plan.pool.stride) {
        ([1, 1], [1, 1]) => Some(1),
        ([2, 2], [2, 2]) => Some(2),
        _ => None,
    }
}

/// Computes one image's result, a block of channels at a time.
pub(super) struct ForwardImage<'a> {
    pub plan: &'a Plan,
    pub filters: &'a Filters,
    pub image: &'a [f32],
    pub scratch: &'a mut ForwardScratch,
    /// The result: `[row][column][output]`.
    pub values: &'a mut [f32],
    pub argmax: &'a mut [u8],
}

impl Kernel for ForwardImage<'_> {
    #[inline(always)]
    fn run<T: Target>(self) {
        let Self { plan, filters, image, scratch, values, argmax } = self;
        let x = scratch.image.load(plan, image);
        for block in &filters.blocks {
            let (values, argmax) = (&mut values[block.first..], &mut argmax[block.first..]);
            let mut result = Map { values, argmax, step: plan.outputs, count: block.count, relu: plan.relu };
            let (values, argmax) = (&mut scratch.convolved[..], &mut scratch.zeros[..]);
            let mut map = Map { values, argmax, step: block.lanes, count: block.lanes, relu: false };
            if block.lanes == T::LANES {
                forward_block::<T, 1>(plan, block, x, &mut map, &mut result);
            } else {
                forward_block::<T, 2>(plan, block, x, &mut map, &mut result);
            }
        }
    }
}

#[inline(always)]
fn forward_block<'a, T: Target, const VECTORS: usize>(
    plan: &Plan,
    block: &FilterBlock,
    x: &[f32],
    map: &mut Map<'a>,
    result: &mut Map<'a>,
) {
    let pool = pool_in_registers(plan);
    if pool == Some(2) {
        return convolve::<T, VECTORS, 2>(plan, block, x, plan.pooled, result);
    }
    convolve::<T, VECTORS, 1>(plan, block, x, plan.convolved, if pool.is_some() { result } else { map });
    if pool.is_none() {
        pool_map::<T, VECTORS>(plan, map.values, result);
    }
}

/// A map that a block of channels is written to.
struct Map<'a> {
    values: &'a mut [f32],
    argmax: &'a mut [u8],
    /// The distance from one position to the next.
    step: usize,
    /// Channels of the block that are no filling.
    count: usize,
    relu: bool,
}

impl Map<'_> {
    /// Writes what ReLU leaves of the largest values at a position of the map, and where in the
    /// pool's window they were.
    #[inline(always)]
    fn write<T: Target, const VECTORS: usize>(&mut self, position: usize, largest: Largest<T, VECTORS>) {
        let places = position * self.step..position * self.step + self.count;
        let (values, argmax) = (&mut self.values[places.clone()], &mut self.argmax[places]);
        let filled = self.count < VECTORS * T::LANES;
        let (mut all_values, mut all_argmax) = ([0.0; 32], [0; 32]);
        write_block(
            self.relu,
            largest,
            if filled { &mut all_values } else { &mut *values },
            if filled { &mut all_argmax } else { &mut *argmax },
        );
        if filled {
            leave_filling(values, &all_values, argmax, &all_argmax);
        }
    }
}

#[inline(never)]
fn leave_filling(values: &mut [f32], all_values: &[f32; 32], argmax: &mut [u8], all_argmax: &[u8; 32]) {
    values.copy_from_slice(&all_values[..values.len()]);
    argmax.copy_from_slice(&all_argmax[..argmax.len()]);
}

#[inline(always)]
fn write_block<T: Target, const VECTORS: usize>(
    relu: bool,
    largest: Largest<T, VECTORS>,
    values: &mut [f32],
    argmax: &mut [u8],
) {
    // Nothing is less than or equal to NaN.
    let floor = T::splat(if relu { 0.0 } else { f32::NAN });
    unrolled!(i in [0, 1], below VECTORS, {
        let value = largest.values[i];
        T::store(T::select_le(value, floor, T::splat(0.0), value), &mut values[i * T::LANES..]);
        let uncut = T::select_le(value, floor, T::splat(f32::from(CUT)), largest.argmax[i]);
        T::store_bytes(uncut, &mut argmax[i * T::LANES..]);
    })
}

/// The largest value of each channel so far, and at which position of the window it was.
struct Largest<T: Target, const VECTORS: usize> {
    values: [T::V; VECTORS],
    argmax: [T::V; VECTORS],
}

impl<T: Target, const VECTORS: usize> Largest<T, VECTORS> {
    #[inline(always)]
    fn first(values: [T::V; VECTORS]) -> Self {
        Self { values, argmax: [T::splat(0.0); VECTORS] }
    }

    #[inline(always)]
    fn or(&mut self, values: [T::V; VECTORS], position: usize) {
        let position = T::splat(position as f32);
        unrolled!(i in [0, 1], below VECTORS, {
            let (value, held) = (values[i], self.values[i]);
            self.argmax[i] = T::select_le(value, held, self.argmax[i], position);
            self.values[i] = T::select_le(value, held, held, value);
        })
    }
}

/// Convolution and a pool of `POOL`×`POOL`, for `count` windows of that pool.
#[inline(always)]
fn convolve<T: Target, const VECTORS: usize, const POOL: usize>(
    plan: &Plan,
    block: &FilterBlock,
    x: &[f32],
    count: [usize; 2],
    map: &mut Map,
) {
    let bias = load::<T, VECTORS>(&block.bias);
    let [down, right] = plan.position_step();
    for row in 0..count[0] {
        let x = &x[row * POOL * down..];
        let mut done = 0;
        while done < count[1] {
            let windows = run_len(done, count[1], const { most_windows(T::SUMS, VECTORS, POOL) });
            // The last may be computed once more.
            let column = done.min(count[1] - windows);
            let x = &x[column * POOL * right..];
            with_const!(windows, WINDOWS in [1, 2, 3, 5, 12], at most most_windows(T::SUMS, VECTORS, POOL), {
                let sums = convolve_windows::<T, VECTORS, POOL, WINDOWS>(plan, x, &block.weight, bias);
                write_windows::<T, VECTORS, POOL, WINDOWS>(map, row * count[1] + column, &sums);
            });
            done = column + windows;
        }
    }
}

#[inline(always)]
fn write_windows<T: Target, const VECTORS: usize, const POOL: usize, const WINDOWS: usize>(
    map: &mut Map,
    first: usize,
    sums: &[[[[T::V; VECTORS]; POOL]; POOL]; WINDOWS],
) {
    if const { POOL == 1 } {
        for (window, sums) in sums.iter().enumerate() {
            map.write::<T, VECTORS>(first + window, largest_in_window::<T, VECTORS, POOL>(sums));
        }
    } else {
        // Faster, where a window has more work than here; slower to compile.
        unrolled!(window in [0, 1, 2, 3, 4], below WINDOWS, {
            map.write::<T, VECTORS>(first + window, largest_in_window::<T, VECTORS, POOL>(&sums[window]));
        })
    }
}

/// The numbers of a row's windows that may be computed at once; the registers set a limit.
const RUNS: [usize; 5] = [1, 2, 3, 5, 12];

/// Returns the largest of [`RUNS`] whose sums are at most `sums`.
const fn most_windows(sums: usize, vectors: usize, pool: usize) -> usize {
    let mut i = RUNS.len() - 1;
    while i > 0 && RUNS[i] * vectors * pool * pool > sums {
        i -= 1;
    }
    RUNS[i]
}

/// Returns the number of windows to compute next: all that are left if a run of at most `most` reaches the
/// end, even one that begins before, or else as many as can be.
#[inline(always)]
fn run_len(done: usize, count: usize, most: usize) -> usize {
    let left = count - done;
    let mut runs = RUNS.iter().copied().filter(|&run| run <= most && run <= count);
    let longest = runs.clone().next_back().unwrap_or(1);
    runs.find(|&run| run >= left).unwrap_or(longest)
}

/// `v` of neighbouring windows of `POOL`×`POOL` positions, for a block of output channels. `x`
/// begins at the first; `weight` is `[taps][channels of the block]`.
#[inline(always)]
fn convolve_windows<T: Target, const VECTORS: usize, const POOL: usize, const WINDOWS: usize>(
    plan: &Plan,
    x: &[f32],
    weight: &[f32],
    bias: [T::V; VECTORS],
) -> [[[[T::V; VECTORS]; POOL]; POOL]; WINDOWS] {
    let [down, right] = plan.position_step();
    let (row_step, kernel_row) = (plan.row_step(), plan.kernel_row());
    let reach = (WINDOWS * POOL - 1) * right + kernel_row;
    let mut sums = [[[bias; POOL]; POOL]; WINDOWS];
    for (kernel_y, weight) in weight.chunks_exact(kernel_row * VECTORS * T::LANES).enumerate() {
        let mut rows: [&[f32]; POOL] = [&[]; POOL];
        for (y, row) in rows.iter_mut().enumerate() {
            *row = &x[kernel_y * row_step + y * down..][..reach];
        }
        for (tap, weight) in weight.chunks_exact(VECTORS * T::LANES).enumerate() {
            let weight = load::<T, VECTORS>(weight);
            unrolled!(window in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], below WINDOWS, {
                unrolled!(y in [0, 1], below POOL, {
                    unrolled!(x in [0, 1], below POOL, {
                        let offset = (window * POOL + x) * right + tap;
                        // SAFETY: `rows[y]` has `reach` values; (window, x) is at most (WINDOWS -
                        // 1, POOL - 1) and `tap` less than `kernel_row`, so that `offset < reach`.
                        let factor = T::splat(unsafe { *rows[y].get_unchecked(offset) });
                        unrolled!(i in [0, 1], below VECTORS, {
                            sums[window][y][x][i] = T::multiply_add(factor, weight[i], sums[window][y][x][i]);
                        })
                    })
                })
            })
        }
    }
    sums
}

/// `VECTORS` neighbouring vectors.
#[inline(always)]
fn load<T: Target, const VECTORS: usize>(values: &[f32]) -> [T::V; VECTORS] {
    let mut vectors = [T::splat(0.0); VECTORS];
    unrolled!(i in [0, 1], below VECTORS, {
        vectors[i] = T::load(&values[i * T::LANES..]);
    });
    vectors
}

#[inline(always)]
fn largest_in_window<T: Target, const VECTORS: usize, const POOL: usize>(
    sums: &[[[T::V; VECTORS]; POOL]; POOL],
) -> Largest<T, VECTORS> {
    let mut largest = Largest::first(sums[0][0]);
    for position in 1..POOL * POOL {
        largest.or(sums[position / POOL][position % POOL], position);
    }
    largest
}

/// A pool of any size, of the map of a block.
#[inline(always)]
fn pool_map<T: Target, const VECTORS: usize>(plan: &Plan, map: &[f32], target: &mut Map) {
    let step = VECTORS * T::LANES;
    let [rows, columns] = plan.pool.kernel;
    for window_row in 0..plan.pooled[0] {
        for window_column in 0..plan.pooled[1] {
            let [top, left] = [window_row * plan.pool.stride[0], window_column * plan.pool.stride[1]];
            let window = &map[(top * plan.convolved[1] + left) * step..];
            let mut largest = Largest::first(load::<T, VECTORS>(window));
            for row in 0..rows {
                for column in 0..columns {
                    let values = load::<T, VECTORS>(&window[(row * plan.convolved[1] + column) * step..]);
                    largest.or(values, row * columns + column);
                }
            }
            target.write::<T, VECTORS>(window_row * plan.pooled[1] + window_column, largest);
        }
    }
}
