//! What a run was worth, to look at: a page, plots, and files for TensorBoard.
//!
//! ```text
//! run folder + data → findings → page (one HTML file), plots (SVG, PNG)
//!                   → projector (tensors, labels, images), TensorBoard's event files
//! ```

mod boards;
mod findings;
mod gather;
mod layers;
pub mod ledger;
mod pca;
mod pictures;
mod scatter;
mod tsne;
mod verdict;

pub use findings::*;
pub use gather::Run;
