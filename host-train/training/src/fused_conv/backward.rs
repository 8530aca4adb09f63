//! One image's gradients.

use super::{
    forward::{Filters, ForwardImage, ForwardScratch},
    geometry::{Geometry, Plan, Pool},
    kernel::{Aligned, CUT, LANES, PaddedImage, zeroed},
    unroll::{unrolled, with_const},
};
use std::mem::MaybeUninit;
use tinytriplet_evaluation::vector::{
    Simd,
    f32::{Kernel, Target},
};

/// Whether it is faster to compute the products of all positions of a window, with the output channels side by
/// side, than to look for the winners and compute theirs, with the weights side by side. Measured on AVX-512;
/// it must be the same on all, for the bits to be.
fn dense_is_faster(plan: &Plan) -> bool {
    plan.pool_positions() * plan.taps() <= 150 + padded_taps(plan) * 3 / 4
}

/// Weights of an output channel whose dense sums are computed at once.
const TAPS: usize = 9;

/// Windows of the pool for which they are.
const WINDOWS: usize = 128;

/// Output channels whose winners are looked for at once.
const CHANNELS: usize = 16;

/// What is the same for all images.
pub(super) struct BackwardTables {
    /// Where each window of the pool begins in a padded image.
    windows: Vec<u32>,
    /// Where each position of a window is, from there. What was cut may look up any.
    positions: [u32; 256],
    /// Where each weight of an output channel looks, from there, in the order `[row][column][input]`; for
    /// the dense sums filled up with the last.
    taps: Vec<u32>,
    /// Layout of the sums.
    dense: Option<Dense>,
    /// `[output][row][column][input]`, each row filled up with zeros; empty where the gradient of `x` is not
    /// wanted or is a convolution.
    weight: Aligned,
    transposed: Option<Transposed>,
}

/// Layout of the dense sums: `[tap][output]`, both filled up.
#[derive(Clone, Copy)]
struct Dense {
    taps: usize,
    outputs: usize,
}

impl BackwardTables {
    /// `lanes` is that of the instruction set; `weight` is given where the gradient of `x` is wanted.
    pub fn new(plan: &Plan, weight: Option<&[f32]>, lanes: usize) -> Self {
        let columns = plan.pooled[1];
        let window = |window: usize| plan.window_offset(window / columns, window % columns) as u32;
        let [down, right] = plan.position_step();
        let pool_columns = plan.pool.kernel[1];
        let position = |p: usize| ((p / pool_columns) * down + (p % pool_columns) * right) as u32;
        let mut positions = [0; 256];
        for (p, offset) in positions.iter_mut().enumerate().take(plan.pool_positions()) {
            *offset = position(p);
        }
        let row = plan.kernel_row();
        let tap = |tap: usize| ((tap / row) * plan.row_step() + tap % row) as u32;
        let dense = dense_is_faster(plan).then(|| {
            let (taps, outputs) = (plan.taps().next_multiple_of(TAPS), plan.outputs.next_multiple_of(lanes));
            Dense { taps, outputs }
        });
        let taps = dense.map_or(plan.taps(), |dense| dense.taps);
        let transposed = weight.and_then(|weight| Transposed::new(plan, weight, lanes));
        let scattered = weight.filter(|_| transposed.is_none());
        let mut packed = Aligned::new(if scattered.is_some() { padded_taps(plan) * plan.outputs } else { 0 });
        let filters = scattered.unwrap_or_default().chunks_exact(plan.taps());
        for (filter, packed) in filters.zip(packed.chunks_exact_mut(padded_taps(plan))) {
            for_each_tap(plan, |tap, row, place| packed[row * padded_row(plan) + place] = filter[tap]);
        }
        Self {
            windows: (0..plan.windows()).map(window).collect(),
            positions,
            taps: (0..taps).map(|i| tap(i.min(plan.taps() - 1))).collect(),
            dense,
            weight: packed,
            transposed,
        }
    }
}

/// The gradient of `x` as a convolution of `g`, with the kernel turned around: without a pool, and with a stride
/// of 1, that is faster than adding up products.
struct Transposed {
    plan: Plan,
    filters: Filters,
}

impl Transposed {
    fn new(plan: &Plan, weight: &[f32], lanes: usize) -> Option<Self> {
        let [rows, columns] = plan.kernel;
        if plan.stride != [1, 1] || plan.pool != Pool::NONE {
            return None;
        }
        let [top, bottom, left, right] = plan.padding;
        let vertically = |padding: usize| (rows - 1).checked_sub(padding);
        let horizontally = |padding: usize| (columns - 1).checked_sub(padding);
        let padding = [vertically(top)?, vertically(bottom)?, horizontally(left)?, horizontally(right)?];
        let geometry = Geometry { stride: [1, 1], padding, relu: false, pool: None };
        let transposed =
            Plan::new(plan.output_shape(), [plan.inputs, plan.outputs, rows, columns], &geometry)?;
        let positions = rows * columns;
        let mut turned = vec![0.0; weight.len()];
        for output in 0..plan.outputs {
            for input in 0..plan.inputs {
                let from = &weight[(output * plan.inputs + input) * positions..][..positions];
                let to = &mut turned[(input * plan.outputs + output) * positions..][..positions];
                for (to, from) in to.iter_mut().zip(from.iter().rev()) {
                    *to = *from;
                }
            }
        }
        let filters = Filters::new(&transposed, &turned, &vec![0.0; plan.inputs], lanes);
        Some(Self { plan: transposed, filters })
    }
}

/// A row of the kernel, filled up to whole vectors.
fn padded_row(plan: &Plan) -> usize {
    plan.kernel_row().next_multiple_of(LANES)
}

/// Weights of one output channel, each row filled up.
fn padded_taps(plan: &Plan) -> usize {
    plan.kernel[0] * padded_row(plan)
}

/// Calls `visit` for each weight of an output channel, with its index in `[input][row][column]`, its row of
/// the kernel, and its place in that row's `[column][input]`.
fn for_each_tap(plan: &Plan, mut visit: impl FnMut(usize, usize, usize)) {
    let [rows, columns] = plan.kernel;
    for input in 0..plan.inputs {
        for row in 0..rows {
            for column in 0..columns {
                visit((input * rows + row) * columns + column, row, column * plan.inputs + input);
            }
        }
    }
}

/// One of the products that are summed: `factor` times what lies at `offset`.
#[derive(Clone, Copy, Default)]
struct Term {
    offset: u32,
    factor: f32,
}

/// What a thread needs for its images.
pub(super) struct BackwardScratch {
    image: PaddedImage,
    /// Where the gradient is added up; not for [`Transposed`].
    gradient: Option<PaddedImage>,
    /// [`CHANNELS`] lists with room for each window; or, for each position of a window, one with room for
    /// each output channel.
    terms: Vec<Term>,
    /// An image's `g` and winners, the channels filled up; empty where they need no filling.
    g: Vec<f32>,
    winners: Vec<u8>,
    /// For [`Transposed`]: `g` with 0 where ReLU did, the winners of its pool, which it has not, and what the
    /// convolution needs.
    uncut: Vec<f32>,
    ignored: Vec<u8>,
    convolution: Option<ForwardScratch>,
}

impl BackwardScratch {
    pub fn new(plan: &Plan, tables: &BackwardTables) -> Self {
        let filled = match tables.dense {
            Some(dense) if dense.outputs != plan.outputs => plan.windows() * dense.outputs,
            _ => 0,
        };
        let sparse_terms = if tables.dense.is_some() { 0 } else { CHANNELS * (plan.windows() + 1) };
        let scattered = !tables.weight.is_empty();
        let scattered_terms = if scattered { plan.pool_positions() * (plan.outputs + 1) } else { 0 };
        Self {
            image: PaddedImage::new(plan),
            gradient: scattered.then(|| PaddedImage::new(plan)),
            terms: vec![Term::default(); sparse_terms.max(scattered_terms)],
            g: vec![0.0; filled],
            winners: vec![CUT; filled],
            uncut: vec![0.0; if tables.transposed.is_some() { plan.result_len() } else { 0 }],
            ignored: vec![0; if tables.transposed.is_some() { plan.image_len() } else { 0 }],
            convolution: tables.transposed.as_ref().map(|t| ForwardScratch::new(&t.plan, &t.filters)),
        }
    }
}

/// Sums of the weight and bias gradients over some images.
pub(super) struct WeightSums {
    /// As in [`Dense`]; or `[output][row][column][input]`, rows filled up.
    weight: Vec<f32>,
    /// `[output]`, filled up if dense.
    bias: Vec<f32>,
}

impl WeightSums {
    pub fn new(plan: &Plan, tables: &BackwardTables) -> Self {
        let (weights, biases) = match tables.dense {
            Some(dense) => (dense.taps * dense.outputs, dense.outputs),
            None => (plan.outputs * padded_taps(plan), plan.outputs),
        };
        Self { weight: vec![0.0; weights], bias: vec![0.0; biases] }
    }

    /// The sums of all groups, in order, as `[output][input][row][column]` and `[output]`.
    pub fn total(plan: &Plan, tables: &BackwardTables, groups: &[Self]) -> (Vec<f32>, Vec<f32>) {
        let mut total = Self::new(plan, tables);
        for group in groups {
            add(&mut total.weight, &group.weight);
            add(&mut total.bias, &group.bias);
        }
        let mut weight = vec![0.0; plan.outputs * plan.taps()];
        for (output, filter) in weight.chunks_exact_mut(plan.taps()).enumerate() {
            for_each_tap(plan, |tap, row, place| {
                filter[tap] = total.weight[match tables.dense {
                    Some(dense) => (row * plan.kernel_row() + place) * dense.outputs + output,
                    None => output * padded_taps(plan) + row * padded_row(plan) + place,
                }];
            });
        }
        total.bias.truncate(plan.outputs);
        (weight, total.bias)
    }
}

fn add(sums: &mut [f32], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

/// Adds one image's weight and bias gradients to `sums`.
#[allow(clippy::too_many_arguments)]
pub(super) fn add_weight_gradients(
    simd: Simd,
    plan: &Plan,
    tables: &BackwardTables,
    image: &[f32],
    g: &[f32],
    winners: &[u8],
    scratch: &mut BackwardScratch,
    sums: &mut WeightSums,
) {
    simd.run(WeightGradients { plan, tables, image, g, winners, scratch, sums });
}

/// Writes the gradient of one image to all of `gradient`.
pub(super) fn write_image_gradient(
    simd: Simd,
    plan: &Plan,
    tables: &BackwardTables,
    g: &[f32],
    winners: &[u8],
    scratch: &mut BackwardScratch,
    gradient: &mut [MaybeUninit<f32>],
) {
    if let (Some(transposed), Some(convolution)) = (&tables.transposed, &mut scratch.convolution) {
        for ((uncut, &g), &winner) in scratch.uncut.iter_mut().zip(g).zip(winners) {
            *uncut = if winner == CUT { 0.0 } else { g };
        }
        let Transposed { plan, filters } = transposed;
        let (values, winners) = (zeroed(gradient, 0.0), &mut scratch.ignored[..]);
        simd.run(ForwardImage {
            plan,
            filters,
            image: &scratch.uncut,
            scratch: convolution,
            values,
            winners,
        });
    } else {
        let sums = scratch.gradient.as_mut().expect("made where there is no convolution");
        simd.run(ScatteredGradient {
            plan,
            tables,
            g,
            winners,
            terms: &mut scratch.terms,
            sums: &mut sums.0,
        });
        sums.unload(plan, gradient);
    }
}

struct WeightGradients<'a> {
    plan: &'a Plan,
    tables: &'a BackwardTables,
    image: &'a [f32],
    g: &'a [f32],
    winners: &'a [u8],
    scratch: &'a mut BackwardScratch,
    sums: &'a mut WeightSums,
}

impl Kernel for WeightGradients<'_> {
    #[inline(always)]
    fn run<T: Target>(self) {
        let Self { plan, tables, image, mut g, mut winners, scratch, sums } = self;
        let x = scratch.image.load(plan, image);
        let Some(dense) = tables.dense else {
            return sparse_sums::<T>(plan, tables, x, g, winners, &mut scratch.terms, sums);
        };
        if !scratch.g.is_empty() {
            fill_up(&mut scratch.g, dense.outputs, g, plan.outputs);
            fill_up(&mut scratch.winners, dense.outputs, winners, plan.outputs);
            (g, winners) = (&scratch.g, &scratch.winners);
        }
        for output in (0..dense.outputs).step_by(T::LANES) {
            dense_sums::<T>(plan, tables, dense, output, x, g, winners, sums);
        }
    }
}

/// Copies rows to the beginnings of longer ones.
fn fill_up<V: Copy>(filled: &mut [V], filled_row: usize, values: &[V], row: usize) {
    for (filled, values) in filled.chunks_exact_mut(filled_row).zip(values.chunks_exact(row)) {
        filled[..row].copy_from_slice(values);
    }
}

/// The sums of as many output channels as a vector has values.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn dense_sums<T: Target>(
    plan: &Plan,
    tables: &BackwardTables,
    dense: Dense,
    output: usize,
    x: &[f32],
    g: &[f32],
    winners: &[u8],
    sums: &mut WeightSums,
) {
    let (g, winners) = (&g[output..], &winners[output..]);
    add_dense_bias::<T>(dense, g, winners, &mut sums.bias[output..]);
    // A run of windows at a time, so that what they look at stays in the cache.
    for windows in (0..plan.windows()).step_by(WINDOWS) {
        let (g, winners) = (&g[windows * dense.outputs..], &winners[windows * dense.outputs..]);
        let windows = &tables.windows[windows..plan.windows().min(windows + WINDOWS)];
        for (first, taps) in tables.taps.as_chunks::<TAPS>().0.iter().enumerate() {
            let weight = &mut sums.weight[first * TAPS * dense.outputs + output..];
            match plan.pool_positions() {
                1 => add_dense_weights::<T, 1>(plan, tables, dense, taps, windows, x, g, winners, weight),
                4 => add_dense_weights::<T, 4>(plan, tables, dense, taps, windows, x, g, winners, weight),
                _ => add_dense_weights::<T, 0>(plan, tables, dense, taps, windows, x, g, winners, weight),
            }
        }
    }
}

/// Adds the products of a few taps, at `POSITIONS` positions of each window, or as many as the pool has if that
/// is 0. At each the factor is 0 for the channels that have another winner.
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
    winners: &[u8],
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
        let winners = T::load_bytes(&winners[window * dense.outputs..]);
        if const { POSITIONS > 0 } {
            unrolled!(position in [0, 1, 2, 3], below POSITIONS, {
                let factors = T::select_eq(winners, T::splat(position as f32), g, T::splat(0.0));
                let x = &x[(offset + positions[position]) as usize..][..reach];
                // SAFETY: `x` has `reach` values, which is more than any of `taps`.
                unsafe { add_products::<T>(&mut sums, taps, x, factors) };
            })
        } else {
            for (position, position_offset) in positions.iter().enumerate() {
                let factors = T::select_eq(winners, T::splat(position as f32), g, T::splat(0.0));
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
fn add_dense_bias<T: Target>(dense: Dense, g: &[f32], winners: &[u8], bias: &mut [f32]) {
    // Four sums, because each addition waits for the one before it.
    let mut sums = [T::splat(0.0); 4];
    for (g, winners) in g.chunks(4 * dense.outputs).zip(winners.chunks(4 * dense.outputs)) {
        unrolled!(i in [0, 1, 2, 3], below 4, {
            let start = i * dense.outputs;
            if start < g.len() {
                let winners = T::load_bytes(&winners[start..]);
                let uncut = T::select_eq(winners, T::splat(f32::from(CUT)), T::splat(0.0), T::load(&g[start..]));
                sums[i] = T::add(sums[i], uncut);
            }
        });
    }
    let total = T::add(T::add(sums[0], sums[1]), T::add(sums[2], sums[3]));
    T::store(T::add(T::load(bias), total), bias);
}

/// The sums of one output channel after another, over its winners.
#[inline(always)]
fn sparse_sums<T: Target>(
    plan: &Plan,
    tables: &BackwardTables,
    x: &[f32],
    g: &[f32],
    winners: &[u8],
    terms: &mut [Term],
    sums: &mut WeightSums,
) {
    let room = plan.windows() + 1;
    for first in (0..plan.outputs).step_by(CHANNELS) {
        let outputs = first..plan.outputs.min(first + CHANNELS);
        let mut counts = [0; CHANNELS];
        for (window, &offset) in tables.windows.iter().enumerate() {
            let row = window * plan.outputs..(window + 1) * plan.outputs;
            let (g, winners) = (&g[row.clone()][outputs.clone()], &winners[row][outputs.clone()]);
            for (list, (&g, &winner)) in g.iter().zip(winners).enumerate() {
                // Written in any case, and kept if it is wanted: there is nothing to predict.
                let offset = offset + tables.positions[usize::from(winner)];
                terms[list * room + counts[list]] = Term { offset, factor: g };
                counts[list] += usize::from((winner != CUT) & (g != 0.0));
            }
        }
        for (list, output) in outputs.enumerate() {
            let terms = &terms[list * room..][..counts[list]];
            for term in terms {
                sums.bias[output] += term.factor;
            }
            let weight = &mut sums.weight[output * padded_taps(plan)..][..padded_taps(plan)];
            add_terms::<T>(plan, weight, padded_row(plan), x, plan.row_step(), terms);
        }
    }
}

/// Adds up the gradient of one padded image, `sums`.
struct ScatteredGradient<'a> {
    plan: &'a Plan,
    tables: &'a BackwardTables,
    g: &'a [f32],
    winners: &'a [u8],
    terms: &'a mut [Term],
    sums: &'a mut [f32],
}

impl Kernel for ScatteredGradient<'_> {
    #[inline(always)]
    fn run<T: Target>(self) {
        let Self { plan, tables, g, winners, terms, sums } = self;
        sums.fill(0.0);
        let room = plan.outputs + 1;
        let mut counts = [0; 256];
        let windows = g.chunks_exact(plan.outputs).zip(winners.chunks_exact(plan.outputs));
        for ((g, winners), &window) in windows.zip(&tables.windows) {
            let counts = &mut counts[..plan.pool_positions()];
            if let [count] = counts {
                *count = one_list(plan, g, winners, terms);
            } else {
                list_each_position(plan, g, winners, terms, counts);
            }
            for (position, &count) in counts.iter().enumerate() {
                let terms = &terms[position * room..][..count];
                if !terms.is_empty() {
                    let sums = &mut sums[(window + tables.positions[position]) as usize..];
                    add_terms::<T>(plan, sums, plan.row_step(), &tables.weight, padded_row(plan), terms);
                }
            }
        }
    }
}

/// Lists the output channels that were not cut, for a pool of one position.
#[inline(always)]
fn one_list(plan: &Plan, g: &[f32], winners: &[u8], terms: &mut [Term]) -> usize {
    let mut count = 0;
    for (output, (&factor, &winner)) in g.iter().zip(winners).enumerate() {
        terms[count] = Term { offset: (output * padded_taps(plan)) as u32, factor };
        count += usize::from((winner != CUT) & (factor != 0.0));
    }
    count
}

/// Lists the output channels that were not cut, for each position of a window.
#[inline(always)]
fn list_each_position(plan: &Plan, g: &[f32], winners: &[u8], terms: &mut [Term], counts: &mut [usize]) {
    let room = plan.outputs + 1;
    counts.fill(0);
    for (output, (&factor, &winner)) in g.iter().zip(winners).enumerate() {
        let position = if winner == CUT { 0 } else { usize::from(winner) };
        let offset = (output * padded_taps(plan)) as u32;
        terms[position * room + counts[position]] = Term { offset, factor };
        counts[position] += usize::from((winner != CUT) & (factor != 0.0));
    }
}

/// For all rows of the kernel: adds to the vectors of a row of `sums` each term's factor times those of
/// `source` at its offset. The steps lead from one row to the next.
///
/// Rows are filled up to whole vectors. In one of `sums` and `source` the filling is 0 and stays so, or is
/// never looked at; in the other it is the beginning of what lies behind.
#[inline(always)]
fn add_terms<T: Target>(
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
