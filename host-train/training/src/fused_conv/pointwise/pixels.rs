//! The operation and its gradients, on plain slices, a run of pixels at a time. As in
//! [`batch`](crate::fused_conv::batch), sums over all pixels are made of a fixed number of partial
//! sums, so that the bits do not depend on the threads.

use super::tile::{Become, Left, Right, Rows, multiply};
use crate::fused_conv::{
    batch::{GROUPS, Gradients},
    memory::{room, zeroed},
};
use rayon::prelude::*;
use std::mem::MaybeUninit;
use tinytriplet_evaluation::vector::{
    Simd,
    f32::{Kernel, Target},
};

/// Pixels whose maps stay in the cache, and whose products are summed before they are added to the
/// gradients of the weights.
const PIXELS: usize = 48;

/// Fewest pixels that are worth partial sums of their own.
const GROUP_PIXELS: usize = 3 * PIXELS;

/// Fewest products that a thread takes at once in the forward pass.
const FORWARD_PRODUCTS: usize = 1 << 18;

/// The shapes, and what follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointwise {
    pub pixels: usize,
    pub inputs: usize,
    pub outputs: usize,
    /// True if `max(0, ·)` follows.
    pub relu: bool,
}

/// * `x`: `[pixels, inputs]`
/// * `weight`: `[outputs, inputs]`
/// * `bias`: `[outputs]`
///
/// Returns `y`, `[pixels, outputs]`.
pub(super) fn forward(simd: Simd, shape: Pointwise, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let Pointwise { pixels, inputs, outputs, relu } = shape;
    assert_eq!(x.len(), pixels * inputs);
    assert_eq!(weight.len(), outputs * inputs);
    assert_eq!(bias.len(), outputs);
    let weight = Rows::of(inputs, outputs, simd.lanes(), |input, output| weight[output * inputs + input]);
    let bias = Rows::of(1, outputs, simd.lanes(), |_, output| bias[output]);
    let len = pixels * outputs;
    let mut y = Vec::with_capacity(len);
    room(&mut y, len)
        .par_chunks_mut(PIXELS * outputs)
        .zip(x.par_chunks(PIXELS * inputs))
        .with_min_len(FORWARD_PRODUCTS.div_ceil(PIXELS * inputs * outputs))
        .for_each(|(y, x)| {
            let y = zeroed(y, 0.0);
            simd.run(Forward { shape, x, weight: &weight, bias: &bias, relu, y });
        });
    // SAFETY: the chunks are all of the first `len` values, and `zeroed` wrote each.
    unsafe { y.set_len(len) };
    y
}

struct Forward<'a> {
    shape: Pointwise,
    x: &'a [f32],
    weight: &'a Rows,
    bias: &'a Rows,
    relu: bool,
    y: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    fn run<T: Target>(self) {
        let Self { shape: Pointwise { inputs, outputs, .. }, x, weight, bias, relu, y } = self;
        let left = Left { values: x, row_step: inputs, inner_step: 1 };
        let right = Right { values: &weight.values, step: weight.step };
        let pixels = x.len() / inputs;
        multiply::<T>(left, right, [pixels, inputs, outputs], Become::Biased(&bias.values, relu), y);
    }
}

/// Gradients, given `g = ∂loss/∂y` and what [`forward`] was given and found.
pub(super) fn backward(
    simd: Simd,
    shape: Pointwise,
    x: &[f32],
    weight: &[f32],
    y: &[f32],
    g: &[f32],
    want_x: bool,
) -> Gradients {
    let Pointwise { pixels, inputs, outputs, .. } = shape;
    assert_eq!(x.len(), pixels * inputs);
    assert_eq!(weight.len(), outputs * inputs);
    assert_eq!(y.len(), pixels * outputs);
    assert_eq!(g.len(), y.len());
    let turned = Rows::of(outputs, inputs, simd.lanes(), |output, input| weight[output * inputs + input]);
    let group = pixels.div_ceil(GROUPS).next_multiple_of(PIXELS).max(GROUP_PIXELS);
    let len = if want_x { x.len() } else { 0 };
    let mut gradient_x = Vec::with_capacity(len);
    let mut places: Vec<_> = room(&mut gradient_x, len).chunks_mut(group * inputs).collect();
    places.resize_with(pixels.div_ceil(group), || &mut []);
    let groups: Vec<Sums> = places
        .into_par_iter()
        .enumerate()
        .map_init(
            || Scratch::new(shape, simd.lanes()),
            |scratch, (index, places)| {
                let mut sums = Sums::new(shape);
                let mut places = places.chunks_mut(PIXELS * inputs);
                let end = pixels.min((index + 1) * group);
                for first in (index * group..end).step_by(PIXELS) {
                    let run = first..end.min(first + PIXELS);
                    let (x, result) =
                        (&x[run.start * inputs..run.end * inputs], run.start * outputs..run.end * outputs);
                    let (y, g) = (&y[result.clone()], &g[result]);
                    let place = if want_x { places.next() } else { None };
                    simd.run(Backward { shape, x, y, g, turned: &turned, scratch, sums: &mut sums, place });
                }
                sums
            },
        )
        .collect();
    // SAFETY: `len` is 0, or each run of pixels in each of the groups had its gradient written whole;
    // together they are the first `len` values.
    unsafe { gradient_x.set_len(len) };
    let mut groups = groups.into_iter();
    let mut total = groups.next().unwrap_or_else(|| Sums::new(shape));
    for group in groups {
        total.weight.iter_mut().zip(group.weight).for_each(|(sum, value)| *sum += value);
        total.bias.iter_mut().zip(group.bias).for_each(|(sum, value)| *sum += value);
    }
    Gradients { x: want_x.then_some(gradient_x), weight: total.weight, bias: total.bias }
}

/// Sums of the gradients of weights, `[output][input]`, and biases.
struct Sums {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Sums {
    fn new(Pointwise { inputs, outputs, .. }: Pointwise) -> Self {
        Self { weight: vec![0.0; outputs * inputs], bias: vec![0.0; outputs] }
    }
}

/// Memory that a thread needs for a run of pixels.
struct Scratch {
    /// `g` with 0 where ReLU cut: `[pixel][output]`.
    g: Vec<f32>,
    /// `x`, if its rows need filling up.
    x: Option<Rows>,
}

impl Scratch {
    fn new(shape: Pointwise, lanes: usize) -> Self {
        let fills = !shape.inputs.is_multiple_of(lanes);
        Self {
            g: vec![0.0; if shape.relu { PIXELS * shape.outputs } else { 0 }],
            x: fills.then(|| Rows::new(PIXELS, shape.inputs, lanes)),
        }
    }
}

/// The gradients of a run of pixels.
struct Backward<'a> {
    shape: Pointwise,
    x: &'a [f32],
    y: &'a [f32],
    g: &'a [f32],
    /// `[output][input]`
    turned: &'a Rows,
    scratch: &'a mut Scratch,
    sums: &'a mut Sums,
    /// Where the gradient of `x` goes, all of it.
    place: Option<&'a mut [MaybeUninit<f32>]>,
}

impl Kernel for Backward<'_> {
    #[inline(always)]
    fn run<T: Target>(self) {
        let Self { shape, x, y, g, turned, scratch, sums, place } = self;
        let Pointwise { inputs, outputs, relu, .. } = shape;
        let pixels = x.len() / inputs;
        let g = if relu {
            let uncut = &mut scratch.g[..g.len()];
            copy_uncut::<T>(g, y, uncut);
            &*uncut
        } else {
            g
        };
        add_bias::<T>(g, outputs, &mut sums.bias);
        let right = match &mut scratch.x {
            Some(filled) => {
                for (to, from) in filled.values.chunks_mut(filled.step).zip(x.chunks_exact(inputs)) {
                    to[..inputs].copy_from_slice(from);
                }
                Right { values: &filled.values, step: filled.step }
            }
            None => Right { values: x, step: inputs },
        };
        let left = Left { values: g, row_step: 1, inner_step: outputs };
        multiply::<T>(left, right, [outputs, pixels, inputs], Become::Added, &mut sums.weight);
        if let Some(place) = place {
            let left = Left { values: g, row_step: outputs, inner_step: 1 };
            let right = Right { values: &turned.values, step: turned.step };
            multiply::<T>(left, right, [pixels, outputs, inputs], Become::Written, zeroed(place, 0.0));
        }
    }
}

/// Copies `g`, with 0 where `y` is.
#[inline(always)]
pub(in super::super) fn copy_uncut<T: Target>(g: &[f32], y: &[f32], to: &mut [f32]) {
    let whole = g.len() / T::LANES * T::LANES;
    let vectors = g[..whole].chunks_exact(T::LANES).zip(y.chunks_exact(T::LANES));
    for (to, (g, y)) in to.chunks_exact_mut(T::LANES).zip(vectors) {
        T::store(T::select_le(T::load(y), T::splat(0.0), T::splat(0.0), T::load(g)), to);
    }
    for (to, (&g, &y)) in to[whole..].iter_mut().zip(g[whole..].iter().zip(&y[whole..])) {
        *to = if y <= 0.0 { 0.0 } else { g };
    }
}

/// Adds the sum over the run of pixels.
#[inline(always)]
fn add_bias<T: Target>(g: &[f32], outputs: usize, bias: &mut [f32]) {
    let whole = outputs / T::LANES * T::LANES;
    for first in (0..whole).step_by(T::LANES) {
        let mut sum = T::splat(0.0);
        for g in g.chunks_exact(outputs) {
            sum = T::add(sum, T::load(&g[first..]));
        }
        let bias = &mut bias[first..];
        T::store(T::add(T::load(bias), sum), bias);
    }
    for output in whole..outputs {
        let mut sum = 0.0;
        for g in g.chunks_exact(outputs) {
            sum += g[output];
        }
        bias[output] += sum;
    }
}
