//! Test images as points in a plane, by their pixels and by their embeddings: the origin's two
//! pictures.

use super::{
    Figure,
    canvas::{Area, Drawn, px},
    legend::{Mark, legend, point},
    palette::{GREY, INK},
    text::{LINE, SMALL, class, room, text, titled},
};
use crate::{Cloud, Findings};
use plotters::{element::PathElement, style::Color};
use plotters_backend::{
    DrawingBackend,
    text_anchor::{HPos, VPos},
};
use tinytriplet_data::Label;

/// Pixels of a plane's side.
const SIDE: u32 = 450;
/// Columns of a class's name.
const NAME: usize = 13;
/// Classes in a column of the legend.
const ROWS: usize = (SIDE / LINE) as usize;

/// By the two main components.
pub struct Pca;
/// By a map that keeps neighbours together.
pub struct Neighbours;

impl Figure for Pca {
    const NAME: &'static str = "pca";

    fn size(findings: &Findings) -> Option<[u32; 2]> {
        size(findings, |cloud| &cloud.pca)
    }

    fn draw<B: DrawingBackend>(findings: &Findings, area: &Area<B>) -> Drawn<B> {
        let title = "Test images by their two main components (PCA)";
        planes(findings, &titled(area, title, findings)?, |cloud| {
            let [first, second] = cloud.pca_variance.map(|share| 100.0 * share);
            (&cloud.pca, format!("{first:.0} % and {second:.0} % of the variance"))
        })
    }
}

impl Figure for Neighbours {
    const NAME: &'static str = "neighbours";

    fn size(findings: &Findings) -> Option<[u32; 2]> {
        size(findings, |cloud| &cloud.neighbour_map)
    }

    fn draw<B: DrawingBackend>(findings: &Findings, area: &Area<B>) -> Drawn<B> {
        let title = "Test images with their neighbours";
        planes(findings, &titled(area, title, findings)?, |cloud| {
            (&cloud.neighbour_map, format!("{}; only what is near means something", cloud.neighbour_map_name))
        })
    }
}

fn size(findings: &Findings, points: impl Fn(&Cloud) -> &Vec<[f32; 2]>) -> Option<[u32; 2]> {
    let scatter = &findings.scatter;
    let any = !points(&scatter.raw).is_empty() || !points(&scatter.embedded).is_empty();
    let columns = shown(findings).len().div_ceil(ROWS) as u32;
    any.then_some([14 + 2 * (SIDE + 20) + column(findings) * columns, 46 + 30 + SIDE + 30])
}

/// Pixels of a column of the legend.
fn column(findings: &Findings) -> u32 {
    let names = shown(findings).into_iter().map(|label| class(findings, label, NAME).chars().count());
    40 + room(names.max().unwrap_or(0))
}

/// Labels of the points, ascending.
fn shown(findings: &Findings) -> Vec<Label> {
    let points = findings.scatter.embedded.pca.len().max(findings.scatter.raw.pca.len());
    let mut labels: Vec<Label> = findings.images.labels.iter().take(points).copied().collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// Both planes and a legend.
fn planes<B: DrawingBackend>(
    findings: &Findings,
    area: &Area<B>,
    points: impl Fn(&Cloud) -> (&Vec<[f32; 2]>, String),
) -> Drawn<B> {
    let classes = shown(findings);
    let scatter = &findings.scatter;
    let clouds = [("by their pixels", &scatter.raw), ("by their int8 embeddings", &scatter.embedded)];
    for (at, (name, cloud)) in (0..).zip(clouds) {
        let (_, part) = area.split_horizontally(px(14) + at * px(SIDE + 20));
        let (points, how) = points(cloud);
        part.draw_text(name, &text(SMALL + 1, INK, HPos::Left, VPos::Center), (0, px(18)))?;
        plane(findings, &part.margin(px(30), 0, 0, 0), points, &classes)?;
        let below = (0, px(30 + SIDE + 14));
        part.draw_text(&how, &text(SMALL, GREY, HPos::Left, VPos::Center), below)?;
    }
    let (_, side) = area.split_horizontally(px(14 + 2 * (SIDE + 20)));
    let width = px(column(findings));
    for (left, labels) in (0..).zip(classes.chunks(ROWS)) {
        let number = |row| left as usize * ROWS + row;
        let entry = |(row, &label)| (Mark::Class(number(row)), class(findings, label, NAME));
        let entries: Vec<_> = labels.iter().enumerate().map(entry).collect();
        legend(&side.margin(px(30), 0, left * width, 0), &entries)?;
    }
    Ok(())
}

/// Returns a square with points.
fn plane<B: DrawingBackend>(
    findings: &Findings,
    area: &Area<B>,
    points: &[[f32; 2]],
    classes: &[Label],
) -> Drawn<B> {
    let side = px(SIDE);
    let frame = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)];
    area.draw(&PathElement::new(frame, GREY.stroke_width(px(1) as u32)))?;
    let place = fit(points);
    let radius = if points.len() > 3_000 { px(3) / 2 } else { px(5) / 2 };
    for (point_at, label) in points.iter().zip(&findings.images.labels) {
        let (Some((x, y)), Ok(class)) = (place(*point_at), classes.binary_search(label)) else { continue };
        let inside = |share: f64| px(8) + (share * f64::from(side - px(16))) as i32;
        point(area, (inside(x), side - inside(y)), class, radius)?;
    }
    Ok(())
}

/// Places points in a square from 0 to 1, both axes to one scale.
fn fit(points: &[[f32; 2]]) -> impl Fn([f32; 2]) -> Option<(f64, f64)> {
    let finite = |point: &&[f32; 2]| point.iter().all(|value| value.is_finite());
    let bounds = [0, 1].map(|axis| {
        let values = || points.iter().filter(finite).map(|point| f64::from(point[axis]));
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    });
    let longest = bounds.iter().map(|(low, high)| high - low).fold(f64::MIN_POSITIVE, f64::max);
    move |point| {
        let [x, y] = [0, 1].map(|axis| {
            let (low, high) = bounds[axis];
            (f64::from(point[axis]) - (low + high) / 2.0) / longest + 0.5
        });
        (x.is_finite() && y.is_finite()).then_some((x, y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_fit_and_keep_their_proportions() {
        let points = [[0.0, 0.0], [4.0, 2.0], [f32::NAN, 100.0]];
        let place = fit(&points);
        assert_eq!(points.map(place), [Some((0.0, 0.25)), Some((1.0, 0.75)), None]);
        assert_eq!(fit(&[[3.0, 3.0]])([3.0, 3.0]), Some((0.5, 0.5)));
        assert_eq!(fit(&[])([3.0, 3.0]), None);
    }
}
