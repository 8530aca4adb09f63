//! Draws things, each at any angle, in its own light, a little off the centre: what a user would photograph.

use image::{GrayImage, Luma};
use rand::{Rng, RngExt};
use std::f64::consts::PI;

/// Pixels of a side.
const SIDE: u32 = 96;
/// Samples of a pixel along each axis.
const SAMPLES: u32 = 3;

/// A kind of thing: its name, and whether a point is a part of its shape.
type Kind = (&'static str, fn(f64, f64) -> bool);

/// Things of one sort, which only their shape tells apart.
pub struct Sort {
    pub name: &'static str,
    /// Each fills a circle of radius 1.
    pub kinds: &'static [Kind],
    /// True if the shape is cut into a round head.
    has_head: bool,
}

pub const SORTS: [Sort; 2] = [
    Sort {
        name: "screw heads",
        kinds: &[
            ("slotted", |x, y| is_bar(x, y, 0.8, 0.12)),
            ("phillips", |x, y| is_cross(x, y, 0.6, 0.13)),
            ("hexagon", |x, y| is_polygon(x, y, 6, 0.48)),
            ("torx", |x, y| is_lobed(x, y, 6)),
            ("square", |x, y| is_polygon(x, y, 4, 0.52)),
            ("spanner", |x, y| (x.abs() - 0.45).hypot(y) < 0.16),
            ("triangle", |x, y| is_polygon(x, y, 3, 0.6)),
            ("pozidriv", |x, y| is_cross(x, y, 0.6, 0.13) || is_cross(x + y, x - y, 0.6, 0.06)),
            ("tri-wing", |x, y| is_star_of_bars(x, y, 3)),
            ("one-way", |x, y| y.abs() < 0.3 && x.abs() < 0.7 && x * y < 0.0),
            ("pentalobe", |x, y| is_lobed(x, y, 5)),
            ("pin-torx", |x, y| is_lobed(x, y, 6) && x.hypot(y) > 0.17),
            ("aitch", |x, y| is_bar(x, y, 0.5, 0.1) || is_bar(y, x.abs() - 0.5, 0.45, 0.1)),
            ("clutch", |x, y| x.abs() < 0.6 && y.abs() < 0.1 + 0.4 * x.abs()),
        ],
        has_head: true,
    },
    Sort {
        name: "silhouettes",
        kinds: &[
            ("washer", |x, y| (0.45..0.9).contains(&x.hypot(y))),
            ("nut", |x, y| is_polygon(x, y, 6, 0.95) && x.hypot(y) > 0.4),
            ("bolt", |x, y| is_bar(x + 0.7, y, 0.25, 0.55) || is_bar(x - 0.2, y, 0.75, 0.22)),
            ("bracket", |x, y| is_bar(x, y - 0.6, 0.85, 0.2) || is_bar(y, x - 0.65, 0.8, 0.2)),
            ("gear", |x, y| {
                let far = x.hypot(y);
                far > 0.25 && far < 0.75 + 0.15 * (9.0 * y.atan2(x)).sin().signum()
            }),
            ("clip", |x, y| {
                is_bar(x, y.abs() - 0.55, 0.8, 0.15) || (is_bar(y, x - 0.7, 0.55, 0.15) && x < 0.8)
            }),
            ("arrow", |x, y| is_bar(x + 0.2, y, 0.7, 0.15) || ((0.2..0.9).contains(&x) && y.abs() < 0.9 - x)),
            ("star", |x, y| x.hypot(y) < 0.6 + 0.3 * (5.0 * y.atan2(x)).cos()),
            ("crescent", |x, y| x.hypot(y) < 0.9 && (x - 0.4).hypot(y) > 0.75),
            ("key", |x, y| {
                (0.15..0.4).contains(&(x + 0.5).hypot(y))
                    || is_bar(x - 0.35, y, 0.55, 0.1)
                    || is_bar(x - 0.75, y - 0.2, 0.1, 0.2)
            }),
            ("tee", |x, y| is_bar(y + 0.6, x, 0.2, 0.85) || is_bar(y, x, 0.8, 0.2)),
            ("wye", |x, y| is_star_of_bars(x / 1.4, y / 1.4, 3)),
            ("plate", |x, y| is_bar(x, y, 0.85, 0.45) && (x.abs() - 0.5).hypot(y) > 0.2),
            ("drop", |x, y| {
                (x + 0.3).hypot(y) < 0.5 || ((-0.1..0.9).contains(&x) && y.abs() < 0.45 * (0.9 - x))
            }),
        ],
        has_head: false,
    },
];

/// Draws one of a sort's kinds as it happens to lie.
pub fn draw(sort: &Sort, kind: usize, rng: &mut impl Rng) -> GrayImage {
    let (_, is_shape) = sort.kinds[kind];
    let (sine, cosine) = rng.random_range(0.0..2.0 * PI).sin_cos();
    let radius = f64::from(SIDE) * rng.random_range(0.3..0.4);
    let [right, down] = [(); 2].map(|()| rng.random_range(-5.0..5.0));
    let table = rng.random_range(150.0..220.0);
    let (head, ink) = (rng.random_range(90.0..140.0), rng.random_range(20.0..60.0));
    // The light comes from one side.
    let [across, along] = [(); 2].map(|()| rng.random_range(-20.0..20.0));
    let noise = rng.random_range(1.0..6.0);
    let middle = f64::from(SIDE) / 2.0;
    GrayImage::from_fn(SIDE, SIDE, |column, row| {
        let mut sum = 0.0;
        for sample in 0..SAMPLES * SAMPLES {
            let at = |pixel: u32, part: u32| {
                f64::from(pixel) + (f64::from(part) + 0.5) / f64::from(SAMPLES) - middle
            };
            let (x, y) = (at(column, sample % SAMPLES), at(row, sample / SAMPLES));
            let light = (across * x + along * y) / middle;
            let (x, y) = ((x - right) / radius, (y - down) / radius);
            let is_ink = is_shape(cosine * x + sine * y, cosine * y - sine * x);
            sum += light
                + match (is_ink, sort.has_head && x.hypot(y) < 1.0) {
                    (true, _) => ink,
                    (false, true) => head - 20.0 * x.hypot(y),
                    (false, false) => table,
                };
        }
        let mean = sum / f64::from(SAMPLES * SAMPLES);
        Luma([(mean + noise * rng.random_range(-1.7..1.7)).round() as u8])
    })
}

/// A bar along x.
fn is_bar(x: f64, y: f64, length: f64, half_width: f64) -> bool {
    x.abs() < length && y.abs() < half_width
}

fn is_cross(x: f64, y: f64, length: f64, half_width: f64) -> bool {
    is_bar(x, y, length, half_width) || is_bar(y, x, length, half_width)
}

/// Bars from the middle, so many.
fn is_star_of_bars(x: f64, y: f64, count: u32) -> bool {
    (0..count).any(|bar| {
        let (sine, cosine) = (2.0 * PI * f64::from(bar) / f64::from(count)).sin_cos();
        let (x, y) = (cosine * x + sine * y, cosine * y - sine * x);
        x > -0.1 && is_bar(x, y, 0.62, 0.13)
    })
}

fn is_lobed(x: f64, y: f64, lobes: u32) -> bool {
    x.hypot(y) < 0.45 * (1.0 + 0.2 * (f64::from(lobes) * y.atan2(x)).cos())
}

/// A regular polygon with corners at this radius.
fn is_polygon(x: f64, y: f64, corners: u32, radius: f64) -> bool {
    let part = 2.0 * PI / f64::from(corners);
    let within = y.atan2(x).rem_euclid(part) - part / 2.0;
    x.hypot(y) * within.cos() < radius * (part / 2.0).cos()
}
