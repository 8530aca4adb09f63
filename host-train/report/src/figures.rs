//! Figures, as SVG. Each is drawn once: the page holds the drawings and lets the reader point at them, and
//! files in `plots/`, for papers and slides, put a heading above them.
//!
//! Colours are in `page/figures.css`.

mod axis;
mod chart;
mod confusion;
mod labels;
mod net;
mod pairs;
mod scatter;
mod style;
mod svg;
mod text;
mod training;

#[cfg(test)]
mod tests;

use super::Findings;
use crate::run_folder::write_whole;
use anyhow::{Context, Result};
use std::{fmt::Write, fs, path::Path};
use svg::{Anchor, Escaped, Px, Text};

pub use style::FIGURES;

/// The folder of the figures, within that of a run.
pub const FOLDER: &str = "plots";

/// A drawing: a plane, and what is around it.
///
/// The page changes the plane's width with that of the window. What is placed by shares follows, and
/// text keeps its size.
struct Drawing {
    /// Its name in the page.
    name: &'static str,
    /// Its title.
    title: String,
    /// What it shows, in words.
    label: String,
    /// Columns and rows of the plane in pixels, in a file.
    plane: [f64; 2],
    /// Pixels above the plane, to the right of it, below it, and to its left.
    margins: [f64; 4],
    /// What the page does with its size.
    fit: Fit,
    /// Its content, from the plane's upper left corner.
    body: String,
    /// Places at which values can be read out, as JSON; empty for none.
    stops: String,
    /// Sentences below it in a file.
    notes: Vec<String>,
}

/// What a page does with the size of a drawing.
enum Fit {
    /// The plane is as wide as there is room.
    Wide,
    /// The same, but at least and at most this wide.
    Between(f64, f64),
    /// All of it is made larger or smaller.
    Scaled,
}

/// Returns the drawings of a page, as templates: those of each run, and those of all runs over each
/// other if there are several.
pub fn templates(runs: &[Findings]) -> String {
    let mut html = String::new();
    let mut template = |of: &str, drawings: Vec<Drawing>| {
        let drawings: String = drawings.iter().map(Drawing::in_page).collect();
        let _ = writeln!(html, r#"<template data-run="{of}">{drawings}</template>"#);
    };
    for (place, run) in runs.iter().enumerate() {
        let one = std::slice::from_ref(run);
        let mut drawings = training::charts(one);
        drawings.extend(pairs::distances(run));
        drawings.extend(pairs::roc(one));
        drawings.extend(confusion::confusion(run));
        drawings.extend(net::layers(run));
        drawings.extend(scatter::clouds(run, scatter::Projection::Pca));
        drawings.extend(scatter::clouds(run, scatter::Projection::Neighbours));
        template(&place.to_string(), drawings);
    }
    if runs.len() > 1 {
        template("all", training::charts(runs).into_iter().chain(pairs::roc(runs)).collect());
    }
    html
}

/// Writes the figures to `plots/` in a run's folder: `training` (loss, held-out P@1 and what was mined, over
/// images seen), `distances` (of pairs of test images, with the thresholds for "unknown"), `roc` (both errors
/// at every threshold), `confusion`, `pca` and `neighbours` (test images as points, by their pixels and by
/// their embeddings) and `layers` (what int8 does to each, and what each takes). A figure that has nothing to
/// show is left out.
///
/// # Errors
/// Returns an error if a file cannot be written.
pub fn write(findings: &Findings, folder: &Path) -> Result<()> {
    let folder = folder.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let one = std::slice::from_ref(findings);
    let figures = [
        ("training", 1, training::charts(one)),
        ("distances", 1, pairs::distances(findings).into_iter().collect()),
        ("roc", 1, pairs::roc(one).into_iter().collect()),
        ("confusion", 1, confusion::confusion(findings).into_iter().collect()),
        ("pca", 2, scatter::clouds(findings, scatter::Projection::Pca)),
        ("neighbours", 2, scatter::clouds(findings, scatter::Projection::Neighbours)),
        ("layers", 1, net::layers(findings).into_iter().collect()),
    ];
    for (name, columns, drawings) in figures {
        if !drawings.is_empty() {
            let svg = sheet(&text::of(findings), &drawings, columns);
            write_whole(&folder.join(format!("{name}.svg")), svg.as_bytes())?;
        }
    }
    Ok(())
}

impl Drawing {
    /// Returns the drawing as it is in a page.
    fn in_page(&self) -> String {
        let Self { name, title, label, plane, margins, fit, body, stops, .. } = self;
        let (title, label, stops) = (Escaped(title), Escaped(label), Escaped(stops));
        let ([width, height], [top, right, bottom, left]) = (plane.map(Px), margins.map(Px));
        let beside = Px(margins[1] + margins[3]);
        let style = format!("margin: {top}px {right}px {bottom}px {left}px; width: calc(100% - {beside}px)");
        let size = match fit {
            Fit::Wide => format!(r#"style="{style}" height="{height}""#),
            Fit::Between(least, most) => {
                let [least, most] = [least, most].map(|width| Px(*width));
                format!(r#"style="{style}; min-width: {least}px; max-width: {most}px" height="{height}""#)
            }
            Fit::Scaled => format!(r#"viewBox="0 0 {width} {height}""#),
        };
        format!(
            r#"<svg class="figure" data-figure="{name}" data-title="{title}" data-stops="{stops}" role="img" aria-label="{label}" {size}>{body}</svg>"#
        )
    }

    /// Returns columns and rows in pixels, in a file.
    fn size(&self) -> [f64; 2] {
        let ([width, height], [top, right, bottom, left]) = (self.plane, self.margins);
        [left + width + right, top + height + bottom]
    }
}

/// Pixels around the drawings of a file.
const MARGIN: f64 = 16.0;
/// Pixels of a row of text.
const ROW: f64 = 18.0;
/// Pixels of a drawing's title.
const TITLE: f64 = 30.0;

/// Returns a file: drawings below each other or side by side, with their titles and notes, and a line on what
/// they are of.
fn sheet(of: &str, drawings: &[Drawing], columns: usize) -> String {
    let line = |class, at: [f64; 2], said: &str| {
        let at = (Px(at[0]), Px(at[1]));
        Text { class, at, moved: (0.0, 0.0), anchor: Anchor::Start, said }.to_string()
    };
    let mut body = line("axis", [MARGIN, MARGIN + 10.0], of);
    let (mut top, mut width) = (MARGIN + ROW, 0.0f64);
    for row in drawings.chunks(columns) {
        let mut left = MARGIN;
        let tallest = row.iter().map(|drawing| drawing.size()[1]).fold(0.0, f64::max);
        for drawing in row {
            let Drawing { title, plane, margins, body: drawn, notes, .. } = drawing;
            body += &line("heading", [left, top + TITLE - 10.0], title);
            let _ = write!(
                body,
                r#"<svg x="{}" y="{}" width="{}" height="{}" overflow="visible">{drawn}</svg>"#,
                Px(left + margins[3]),
                Px(top + TITLE + margins[0]),
                Px(plane[0]),
                Px(plane[1])
            );
            for (row, note) in notes.iter().enumerate() {
                body += &line("axis", [left, top + TITLE + tallest + ROW * (row as f64 + 0.7)], note);
                width = width.max(left + text::width(note));
            }
            left += drawing.size()[0] + MARGIN;
        }
        let notes = row.iter().map(|drawing| drawing.notes.len()).max().unwrap_or(0);
        top += TITLE + tallest + ROW * notes as f64 + MARGIN;
        width = width.max(left - MARGIN);
    }
    let (width, height) = (Px(width.max(text::width(of)) + MARGIN), Px(top));
    let style = style::element();
    let body = style::on_paper(&body);
    let of = Escaped(of);
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="{of}">{style}<rect class="paper" width="100%" height="100%"/>{body}</svg>
"#
    )
}
