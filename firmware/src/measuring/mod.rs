//! What a computation costs on a board: the program "measure" counts and prints [`Line`]s, the PC reads them,
//! computes the same, and makes a [`Report`] of it.

mod line;
#[cfg(not(target_os = "none"))]
mod model_folder;
#[cfg(not(target_os = "none"))]
mod report;

pub use line::{Cost, Line};
#[cfg(not(target_os = "none"))]
pub use report::{MeasureError, ModelReport, Report, StepReport, measure};

/// The image that is embedded: `len` bytes of noise, always the same.
pub fn image(len: usize) -> impl Iterator<Item = u8> {
    // A linear congruential generator ("Numerical Recipes"), of which the upper bits are good.
    let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    core::iter::successors(Some(1), next).map(|state| (state >> 24) as u8).take(len)
}
