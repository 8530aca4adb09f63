//! What a run was worth, to look at: a page, plots, and files for TensorBoard.
//!
//! ```text
//! run folder + data → findings → page (one HTML file), plots (SVG, PNG)
//!                   → projector (tensors, labels, images), TensorBoard's event files
//! ```

mod findings;
mod page;

pub use findings::*;
pub use page::page;
