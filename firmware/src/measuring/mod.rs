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
