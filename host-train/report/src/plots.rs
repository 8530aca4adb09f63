//! Figures for papers and slides: each as SVG, whose text stays text, and as PNG.

mod canvas;
mod chart;
mod confusion;
mod distances;
mod font;
mod layers;
mod legend;
mod palette;
mod roc;
mod scatter;
mod text;
mod training;

#[cfg(test)]
mod tests;

use super::Findings;
use crate::run_folder::write_whole;
use anyhow::{Context, Result};
use canvas::{Area, Drawn, png, svg};
use plotters::prelude::DrawingBackend;
use rayon::prelude::*;
use std::{fs, path::Path};

/// The folder of the figures, within that of a run.
pub const FOLDER: &str = "plots";

/// The content of one pair of files.
trait Figure {
    /// Name of the files.
    const NAME: &'static str;

    /// Returns columns and rows in pixels of the SVG file; the PNG file has twice as many. Nothing where
    /// there is nothing to show.
    fn size(findings: &Findings) -> Option<[u32; 2]>;

    /// Draws it on a white area.
    fn draw<B: DrawingBackend>(findings: &Findings, area: &Area<B>) -> Drawn<B>;
}

/// Writes the figures to `plots/` in a run's folder: `training` (loss, held-out P@1 and what was
/// mined, by step), `distances` (of pairs of test images, with the thresholds for "unknown"), `roc`
/// (both errors at every threshold), `confusion`, `pca` and `neighbours` (test images as points, by
/// their pixels and by their embeddings) and `layers` (what int8 does to each, and what each
/// takes). A figure that has nothing to show is left out.
///
/// # Errors
/// Returns an error if a file cannot be written.
pub fn write(findings: &Findings, folder: &Path) -> Result<()> {
    let folder = folder.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let figures = [
        save::<training::Training>,
        save::<distances::Distances>,
        save::<roc::Roc>,
        save::<confusion::Confusion>,
        save::<scatter::Pca>,
        save::<scatter::Neighbours>,
        save::<layers::Layers>,
    ];
    figures.into_par_iter().try_for_each(|save| save(findings, &folder))
}

/// Writes both files of a figure.
fn save<F: Figure>(findings: &Findings, folder: &Path) -> Result<()> {
    let Some(size) = F::size(findings) else { return Ok(()) };
    let file = |extension| folder.join(format!("{}.{extension}", F::NAME));
    write_whole(&file("svg"), svg::<F>(findings, size)?.as_bytes())?;
    write_whole(&file("png"), &png::<F>(findings, size)?)
}
