//! Memory for values: aligned, padded, or not written yet.

use super::geometry::{LANES, Plan};
use std::{
    mem::MaybeUninit,
    ops::{Deref, DerefMut},
};

/// Returns room for the first `len` values of an empty vector that has the capacity. The threads fill it
/// with zeros, each where it will write: if one did for all, the others would wait.
pub(super) fn room<V>(values: &mut Vec<V>, len: usize) -> &mut [MaybeUninit<V>] {
    &mut values.spare_capacity_mut()[..len]
}

/// Writes `zero` everywhere.
pub(super) fn zeroed<V: Copy>(values: &mut [MaybeUninit<V>], zero: V) -> &mut [V] {
    for value in values.iter_mut() {
        value.write(zero);
    }
    // SAFETY: all were written.
    unsafe { values.assume_init_mut() }
}

/// Zeros that begin at a cache line, so that an array of [`LANES`] does not straddle two.
pub(super) struct Aligned {
    memory: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    pub fn new(len: usize) -> Self {
        let memory = vec![0.0; len + LANES - 1];
        let start = memory.as_ptr().align_offset(LANES * size_of::<f32>()).min(LANES - 1);
        Self { memory, start, len }
    }
}

impl Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[self.start..][..self.len]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..][..self.len]
    }
}

/// An image inside zeros, with room after it to read a whole array of [`LANES`].
pub(super) struct PaddedImage(pub Aligned);

impl PaddedImage {
    pub fn new(plan: &Plan) -> Self {
        Self(Aligned::new(plan.padded_len() + LANES))
    }

    /// Copies an image in and returns it with its padding.
    pub fn load(&mut self, plan: &Plan, image: &[f32]) -> &[f32] {
        let padded = &mut self.0;
        if plan.padded == plan.size {
            padded[..image.len()].copy_from_slice(image);
        } else {
            let row_len = plan.size[1] * plan.inputs;
            for (row, values) in image.chunks_exact(row_len).enumerate() {
                padded[start_of_row(plan, row)..][..row_len].copy_from_slice(values);
            }
        }
        padded
    }

    /// Writes the image, without its padding, to all of `image`.
    pub fn unload(&self, plan: &Plan, image: &mut [MaybeUninit<f32>]) {
        assert_eq!(image.len(), plan.image_len());
        let row_len = plan.size[1] * plan.inputs;
        for (row, values) in image.chunks_exact_mut(row_len).enumerate() {
            values.write_copy_of_slice(&self.0[start_of_row(plan, row)..][..row_len]);
        }
    }
}

/// Returns where a row of the image begins in the padded one.
fn start_of_row(plan: &Plan, row: usize) -> usize {
    let [top, _, left, _] = plan.padding;
    (top + row) * plan.row_step() + left * plan.inputs
}
