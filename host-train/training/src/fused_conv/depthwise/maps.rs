//! The operation and its gradients, on plain slices, one thread an image. As in
//! [`batch`](crate::fused_conv::batch), sums over images are made of a fixed number of partial sums,
//! so that the bits do not depend on the threads.

use super::{
    kernel::{Convolution, Filters, ScatteredGradient, WeightGradients},
    padded::Padded,
    shape::DepthwiseShape,
};
use crate::fused_conv::{
    batch::{FORWARD_IMAGES, GROUPS, Gradients},
    memory::{room, zeroed},
};
use rayon::prelude::*;
use std::mem::MaybeUninit;
use tinytriplet_evaluation::vector::{
    Simd,
    f32::{Kernel, Target},
};

/// Returns the instruction set for so many channels: a vector of 16 would be half empty with 8.
fn fitting(simd: Simd, channels: usize) -> Simd {
    let narrower = Simd::available().find(|narrower| narrower.lanes() == 8);
    match narrower {
        Some(narrower) if channels <= 8 && simd.lanes() > 8 => narrower,
        _ => simd,
    }
}

/// `x`, `weight` and `bias` have the shapes that `shape` was made with. Returns `y`.
pub(super) fn forward(
    simd: Simd,
    shape: &DepthwiseShape,
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
) -> Vec<f32> {
    assert_eq!(x.len(), shape.images * shape.image_len());
    assert_eq!(weight.len(), shape.channels * shape.taps());
    assert_eq!(bias.len(), shape.channels);
    let simd = fitting(simd, shape.channels);
    let filters = Filters::new(shape, weight, bias, false, simd.lanes());
    let len = shape.images * shape.result_len();
    let mut y = Vec::with_capacity(len);
    room(&mut y, len)
        .par_chunks_mut(shape.result_len())
        .zip(x.par_chunks(shape.image_len()))
        .with_min_len(FORWARD_IMAGES)
        .for_each_init(
            || Padded::new(shape.size, shape.channels, shape.padding, simd.lanes()),
            |padded, (y, image)| {
                padded.load(image);
                simd.run(Convolution {
                    kernel: shape.kernel,
                    stride: shape.stride,
                    relu: shape.relu,
                    x: padded,
                    filters: &filters,
                    count: [shape.convolved[1], shape.channels],
                    y: zeroed(y, 0.0),
                });
            },
        );
    // SAFETY: the chunks, one per image, are all of the first `len` values, and `zeroed` wrote each.
    unsafe { y.set_len(len) };
    y
}

/// The gradients to compute; those of the weights and biases are 0 where they are not.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub x: bool,
    pub weights: bool,
}

/// Gradients, given `g = ∂loss/∂y` and what [`forward`] was given and found.
pub(super) fn backward(
    simd: Simd,
    shape: &DepthwiseShape,
    x: &[f32],
    weight: &[f32],
    y: &[f32],
    g: &[f32],
    want: Wanted,
) -> Gradients {
    let (image_len, result_len) = (shape.image_len(), shape.result_len());
    assert_eq!(x.len(), shape.images * image_len);
    assert_eq!(weight.len(), shape.channels * shape.taps());
    assert_eq!(g.len(), shape.images * result_len);
    assert_eq!(y.len(), g.len());
    let simd = fitting(simd, shape.channels);
    let transposed = shape.transposed_padding();
    let filters = Filters::new(shape, weight, &[], transposed.is_some(), simd.lanes());
    let group = shape.images.div_ceil(GROUPS).max(1);
    let len = if want.x { x.len() } else { 0 };
    let mut gradient_x = Vec::with_capacity(len);
    let mut places: Vec<_> = room(&mut gradient_x, len).chunks_mut(group * image_len).collect();
    places.resize_with(shape.images.div_ceil(group), || &mut []);
    let groups: Vec<Filters> = places
        .into_par_iter()
        .enumerate()
        .map_init(
            || Scratch::new(shape, transposed, simd.lanes()),
            |scratch, (index, places)| {
                let mut sums = Filters::new(shape, &[], &[], false, simd.lanes());
                let mut places = places.chunks_exact_mut(image_len);
                for index in index * group..shape.images.min((index + 1) * group) {
                    let result = index * result_len..(index + 1) * result_len;
                    simd.run(Uncut {
                        relu: shape.relu,
                        g: &g[result.clone()],
                        y: &y[result],
                        to: &mut scratch.g,
                    });
                    if want.weights {
                        let (kernel, stride, count) = (shape.kernel, shape.stride, shape.convolved);
                        scratch.x.load(&x[index * image_len..][..image_len]);
                        let Scratch { x, g, .. } = &*scratch;
                        simd.run(WeightGradients { kernel, stride, count, x, g, sums: &mut sums });
                    }
                    if want.x {
                        let place = places.next().expect("as many chunks as images");
                        write_image_gradient(simd, shape, &filters, scratch, place);
                    }
                }
                sums
            },
        )
        .collect();
    // SAFETY: `len` is 0, or each of the images in each of the groups had its gradient written whole by
    // `write_image_gradient`; together they are the first `len` values.
    unsafe { gradient_x.set_len(len) };
    let mut total = Filters::new(shape, &[], &[], false, simd.lanes());
    for group in &groups {
        total.weight.iter_mut().zip(&*group.weight).for_each(|(sum, value)| *sum += value);
        total.bias.iter_mut().zip(&*group.bias).for_each(|(sum, value)| *sum += value);
    }
    let filled = total.bias.len();
    let weights = (0..shape.channels * shape.taps())
        .map(|place| total.weight[place % shape.taps() * filled + place / shape.taps()]);
    Gradients {
        x: want.x.then_some(gradient_x),
        weight: weights.collect(),
        bias: total.bias[..shape.channels].to_vec(),
    }
}

/// Memory that a thread needs for its images.
struct Scratch {
    x: Padded,
    /// Padded as the gradient of `x` needs it, if that is a convolution.
    g: Padded,
    /// Sums of the gradient of `x`, if it is none.
    sums: Option<Padded>,
}

impl Scratch {
    fn new(shape: &DepthwiseShape, transposed: Option<[usize; 4]>, lanes: usize) -> Self {
        let padded = |size, padding| Padded::new(size, shape.channels, padding, lanes);
        Self {
            x: padded(shape.size, shape.padding),
            g: padded(shape.convolved, transposed.unwrap_or_default()),
            sums: transposed.is_none().then(|| padded(shape.size, shape.padding)),
        }
    }
}

/// Copies `g`, with 0 where ReLU cut `y`.
struct Uncut<'a> {
    relu: bool,
    g: &'a [f32],
    y: &'a [f32],
    to: &'a mut Padded,
}

impl Kernel for Uncut<'_> {
    #[inline(always)]
    fn run<T: Target>(self) {
        let Self { relu, g, y, to } = self;
        if relu { to.load_uncut::<T>(g, y) } else { to.load(g) }
    }
}

/// Writes the gradient of one image to all of `place`.
fn write_image_gradient(
    simd: Simd,
    shape: &DepthwiseShape,
    filters: &Filters,
    scratch: &mut Scratch,
    place: &mut [MaybeUninit<f32>],
) {
    let Scratch { g, sums, .. } = scratch;
    let (kernel, stride, count) = (shape.kernel, shape.stride, shape.convolved);
    if let Some(sums) = sums {
        simd.run(ScatteredGradient { kernel, stride, count, g, filters, sums: &mut *sums });
        sums.unload(place);
    } else {
        let (y, count) = (zeroed(place, 0.0), [shape.size[1], shape.channels]);
        simd.run(Convolution { kernel, stride, relu: false, x: g, filters, count, y });
    }
}
