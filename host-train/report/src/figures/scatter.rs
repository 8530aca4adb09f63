//! Test images as dots in a plane, by their pixels and by their embeddings: the origin's two pictures.

use super::{
    Drawing, Fit,
    style::colour,
    svg::{Escaped, Share},
    text::class,
};
use crate::{Cloud, Findings, text::cut};
use std::fmt::Write;
use tinytriplet_data::Label;

/// Pixels of a plane's side, in a file.
const SIDE: f64 = 450.0;
/// Units of a plane's side, and those that are free at its edges.
const UNITS: f64 = 10_000.0;
const EDGE: f64 = 400.0;
/// Columns of a class's name, and pixels of one of them and of a row.
const NAME: usize = 14;
const COLUMN: f64 = 8.2;
const ROW: f64 = 16.0;

/// A way to put points into a plane.
#[derive(Clone, Copy)]
pub enum Projection {
    /// By the two main components.
    Pca,
    /// By a map that keeps neighbours together.
    Neighbours,
}

/// Returns both clouds: before and after.
pub fn clouds(run: &Findings, by: Projection) -> Vec<Drawing> {
    let clouds = match by {
        Projection::Pca => [
            ("raw-pca", "Before: raw pixels", &run.scatter.raw),
            ("embedded-pca", "After: int8 embeddings", &run.scatter.embedded),
        ],
        Projection::Neighbours => [
            ("raw-map", "Before: raw pixels", &run.scatter.raw),
            ("embedded-map", "After: int8 embeddings", &run.scatter.embedded),
        ],
    };
    if clouds.iter().all(|(_, _, cloud)| points(cloud, by).is_empty()) {
        return Vec::new();
    }
    clouds.map(|(name, title, cloud)| drawing(run, by, name, title, cloud)).into()
}

fn points(cloud: &Cloud, by: Projection) -> &[[f32; 2]] {
    match by {
        Projection::Pca => &cloud.pca,
        Projection::Neighbours => &cloud.neighbour_map,
    }
}

fn drawing(run: &Findings, by: Projection, name: &'static str, title: &str, cloud: &Cloud) -> Drawing {
    let how = match by {
        Projection::Pca => {
            let [first, second] = cloud.pca_variance.map(|share| match share.is_finite() {
                true => format!("{:.0} %", 100.0 * share),
                false => "–".into(),
            });
            format!("principal components with {first} and {second} of the variance")
        }
        Projection::Neighbours => format!("{}: only what is near means something", cloud.neighbour_map_name),
    };
    let places = fit(points(cloud, by));
    let mut labels: Vec<Label> = run.images.labels.iter().take(places.len()).copied().collect();
    labels.sort_unstable();
    labels.dedup();
    let classes = labels.iter().map(|&label| Class::new(run, label, &places)).collect::<Vec<_>>();
    let size = (2.4 * (2000.0 / places.len().max(1) as f64).sqrt()).clamp(1.8, 5.0) * 2.0 * UNITS / SIDE;
    let mut body = format!(
        r#"<rect class="ground" width="100%" height="100%"/><svg class="dots" viewBox="0 0 {UNITS} {UNITS}" width="100%" height="100%" style="stroke-width: {size:.0}">"#
    );
    for class in &classes {
        body += &class.dots(run, size);
    }
    body += r#"</svg><g class="names">"#;
    names(&classes, &mut body);
    body += "</g>";
    Drawing {
        name,
        title: title.into(),
        label: format!("{} test images, {title}, {how}", places.len()),
        plane: [SIDE, SIDE],
        margins: [0.0; 4],
        fit: Fit::Scaled,
        body,
        stops: String::new(),
        notes: vec![how],
    }
}

/// A class's dots.
struct Class {
    label: Label,
    name: String,
    /// A place for each of its images.
    places: Vec<Option<[f64; 2]>>,
    /// The place of its name.
    middle: Option<[f64; 2]>,
}

impl Class {
    fn new(run: &Findings, label: Label, places: &[Option<[f64; 2]>]) -> Self {
        let of = places.iter().zip(&run.images.labels).filter(|(_, own)| **own == label);
        let places: Vec<Option<[f64; 2]>> = of.map(|(place, _)| *place).collect();
        Self { label, name: class(run, label), middle: medoid(&places), places }
    }

    /// Returns the dots: strokes without length, whose ends are round. An image without a place has
    /// no stroke.
    fn dots(&self, run: &Findings, size: f64) -> String {
        let mut path = String::new();
        for place in &self.places {
            let _ = match place {
                Some([x, y]) => write!(path, "M{x:.0} {y:.0}h0"),
                None => write!(path, "M0 0"),
            };
        }
        let colour = colour(self.label.into(), run.data.classes.len());
        let dots = format!(r#"<path style="stroke: {colour}" d="{path}"/>"#);
        let label = self.label;
        match run.data.unseen.contains(&label) {
            false => format!(r#"<g class="of" data-label="{label}">{dots}</g>"#),
            // Rings.
            true => format!(
                r#"<g class="of unseen" data-label="{label}">{dots}<path class="hole" style="stroke-width: {:.0}" d="{path}"/></g>"#,
                0.5 * size
            ),
        }
    }
}

/// Returns the place that has the least distance to all others: in a class's midst, and at one of its dots.
fn medoid(places: &[Option<[f64; 2]>]) -> Option<[f64; 2]> {
    let places: Vec<[f64; 2]> = places.iter().flatten().copied().collect();
    let far = |one: &[f64; 2]| -> f64 {
        places.iter().map(|other| (one[0] - other[0]).hypot(one[1] - other[1])).sum()
    };
    places
        .iter()
        .map(|place| (far(place), *place))
        .min_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, place)| place)
}

/// Writes the classes' names. Of two that would cover each other, the second one has to wait until the reader has
/// made the picture larger.
fn names(classes: &[Class], body: &mut String) {
    let mut placed: Vec<([f64; 2], f64)> = Vec::new();
    for Class { label, name, middle, places } in classes {
        let &Some([x, y]) = middle else { continue };
        let name = cut(name, NAME);
        let half = COLUMN * name.chars().count() as f64 / 2.0 + 3.0;
        // Above the dot, or below one at the edge; on some where there are many.
        let above = match places.len() {
            0..=12 if y / UNITS * SIDE > 2.0 * ROW => 10.0,
            0..=12 => -1.3 * ROW,
            _ => -4.0,
        };
        let place = [x / UNITS * SIDE, y / UNITS * SIDE - above];
        let from = placed.iter().map(|&(other, its)| {
            let [across, down] = [0, 1].map(|axis| (f64::abs(place[axis] - other[axis])).max(1e-6));
            ((half + its) / across).min(ROW / down)
        });
        let from = from.fold(1.0, f64::max);
        placed.push((place, half));
        let inside = (place[0].clamp(half, SIDE - half) - place[0], -above);
        let _ = write!(
            body,
            r#"<text class="{}" data-label="{label}" data-from="{from:.2}" x="{}" y="{}" dx="{:.0}" dy="{:.0}" text-anchor="middle">{}</text>"#,
            if from > 1.0 { "covered" } else { "shown" },
            Share(x / UNITS),
            Share(y / UNITS),
            inside.0,
            inside.1,
            Escaped(&name)
        );
    }
}

/// Places points in a square, both axes to one scale, y upwards.
fn fit(points: &[[f32; 2]]) -> Vec<Option<[f64; 2]>> {
    let finite = |point: &&[f32; 2]| point.iter().all(|value| value.is_finite());
    let bounds = [0, 1].map(|axis| {
        let values = points.iter().filter(finite).map(|point| f64::from(point[axis]));
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
    });
    let longest = bounds.iter().map(|(low, high)| high - low).fold(f64::MIN_POSITIVE, f64::max);
    let place = |point: &[f32; 2]| {
        let [x, y] = [0, 1].map(|axis| {
            let (low, high) = bounds[axis];
            (f64::from(point[axis]) - (low + high) / 2.0) / longest
        });
        let at = |share: f64| (UNITS / 2.0 + share * (UNITS - 2.0 * EDGE)).round();
        finite(&point).then(|| [at(x), at(-y)])
    };
    points.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_fit_and_keep_their_proportions() {
        let places = fit(&[[0.0, 0.0], [4.0, 2.0], [f32::NAN, 100.0]]);
        assert_eq!(places, [Some([400.0, 7300.0]), Some([9600.0, 2700.0]), None]);
        assert_eq!(fit(&[[3.0, 3.0]]), [Some([5000.0, 5000.0])]);
        assert_eq!(fit(&[]), []);
    }

    #[test]
    fn a_name_is_at_a_dot() {
        let places = [Some([0.0, 0.0]), None, Some([1.0, 0.0]), Some([9.0, 9.0])];
        assert_eq!(medoid(&places), Some([1.0, 0.0]));
        assert_eq!(medoid(&[None]), None);
    }
}
