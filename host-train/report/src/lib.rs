//! The report of a run: a page, figures, and files for TensorBoard.
//!
//! ```text
//! run folder + data → findings → page (one HTML file), figures (SVG)
//!                   → projector (tensors, labels, images), TensorBoard's event files
//! ```

pub mod boards;
mod figures;
mod findings;
mod gather;
pub mod history;
mod layers;
mod originals;
mod page;
mod pca;
mod pictures;
pub mod projector;
pub mod run_folder;
mod scatter;
pub mod slow;
mod sprite;
pub mod table;
pub mod tensorboard;
pub mod text;
mod tsne;
mod verdict;

pub use findings::*;
pub use gather::Run;
pub use page::page;

use crate::run_folder::RunFolder;
use anyhow::Result;

/// The page, in a run's folder.
pub const REPORT: &str = "report.html";

/// Writes the report of a run to its folder, and says which files it consists of.
///
/// # Errors
/// Returns an error if a file cannot be written.
pub fn write(folder: &RunFolder, run: &Run<'_>) -> Result<Vec<&'static str>> {
    let findings = run.findings()?;
    folder.write(REPORT, page(std::slice::from_ref(&findings))?.as_bytes())?;
    figures::write(&findings, folder.path())?;
    tensorboard::write(&findings, folder.path())?;
    projector::write(run, folder.path())?;
    Ok(vec![REPORT, "plots/", tensorboard::EVENTS, projector::CONFIG, "projector/"])
}
