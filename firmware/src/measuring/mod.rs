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

/// An image that is embedded. Costs are those of [`Noise`](Self::Noise); the others only have to give what they give on
/// the PC, and are such that sums are as large as they can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Noise, always the same.
    Noise,
    /// All 0: only biases are left.
    Dark,
    /// All 255: the largest inputs that there are.
    Light,
    /// 0 and 255 in turns: the largest differences of neighbours, which Winograd's method makes of them.
    Turns,
}

impl Pattern {
    /// All of them, in the order in which they are embedded.
    pub const ALL: [Self; 4] = [Self::Noise, Self::Dark, Self::Light, Self::Turns];

    /// An image of `len` bytes.
    pub fn image(self, len: usize) -> impl Iterator<Item = u8> {
        // A linear congruential generator ("Numerical Recipes"), of which the upper bits are good.
        let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let noise = core::iter::successors(Some(1), next).map(|state| (state >> 24) as u8);
        noise.enumerate().take(len).map(move |(index, noise)| match self {
            Self::Noise => noise,
            Self::Dark => 0,
            Self::Light => 255,
            Self::Turns => 255 * (index % 2) as u8,
        })
    }
}
