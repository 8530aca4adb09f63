//! "How strokes become pixels" of `docs/FORMAT.md` once more, by someone who has not seen
//! `shared_model::prepare::strokes`: 128-bit integers, every sample against every line.

/// A point: x, y, and whether it begins a stroke.
pub type Point = (u16, u16, bool);

/// `round(a / b)`.
fn round(a: i128, b: i128) -> i128 {
    (2 * a + b).div_euclid(2 * b)
}

/// The pixels of a net of h × w; `None` without a point.
pub fn drawn(points: &[Point], height: i128, width: i128) -> Option<Vec<u8>> {
    let (h, w) = (round(20 * height, 28).max(1), round(20 * width, 28).max(1));
    let radius = h.min(w).max(3);
    let xs = || points.iter().map(|point| i128::from(point.0));
    let ys = || points.iter().map(|point| i128::from(point.1));
    let (least_x, least_y) = (xs().min()?, ys().min()?);
    let (a, b) = (xs().max()? - least_x, ys().max()? - least_y);
    let (across, down) = (16 * w - 2 * radius, 16 * h - 2 * radius);
    let scaled = |distance: i128| {
        if a == 0 && b == 0 {
            radius
        } else if a * down >= b * across {
            radius + round(distance * across, a)
        } else {
            radius + round(distance * down, b)
        }
    };
    let places: Vec<(i128, i128)> =
        xs().zip(ys()).map(|(x, y)| (scaled(x - least_x), scaled(y - least_y))).collect();
    let size = |greatest: i128| (greatest + radius + 15).div_euclid(16);
    let columns = size(places.iter().map(|place| place.0).max()?);
    let rows = size(places.iter().map(|place| place.1).max()?);
    let mut lines = Vec::new();
    for (at, &place) in places.iter().enumerate() {
        lines.push((place, place));
        if at > 0 && !points[at].2 {
            lines.push((places[at - 1], place));
        }
    }
    let is_covered = |x: i128, y: i128| lines.iter().any(|&(from, to)| is_near((x, y), from, to, radius));
    let pixel = |i: i128, j: i128| {
        let samples = (0..16).map(|nth| (16 * j + 2 + 4 * (nth % 4), 16 * i + 2 + 4 * (nth / 4)));
        round(255 * samples.filter(|&(x, y)| is_covered(x, y)).count() as i128, 16)
    };
    let image: Vec<i128> = (0..rows * columns).map(|at| pixel(at / columns, at % columns)).collect();

    let mass: i128 = image.iter().sum();
    let at = |side: i128, part: i128, of: &dyn Fn(i128) -> i128| {
        let moment: i128 = (0..).zip(&image).map(|(at, x)| (2 * of(at) + 1) * x).sum();
        if mass == 0 { 0 } else { ((side + 1) * mass - moment).div_euclid(2 * mass).clamp(0, side - part) }
    };
    let top = at(height, rows, &|at| at / columns);
    let left = at(width, columns, &|at| at % columns);
    let mut pixels = vec![0; (height * width) as usize];
    for (at, &value) in (0..).zip(&image) {
        pixels[((top + at / columns) * width + left + at % columns) as usize] = u8::try_from(value).unwrap();
    }
    Some(pixels)
}

/// Whether a sample is not farther than `radius` from a line: from where its foot on the line is,
/// in multiples of the line's squared length.
fn is_near(sample: (i128, i128), from: (i128, i128), to: (i128, i128), radius: i128) -> bool {
    let (u, v) = (to.0 - from.0, to.1 - from.1);
    let length = (u * u + v * v).max(1);
    let foot = ((sample.0 - from.0) * u + (sample.1 - from.1) * v).clamp(0, length);
    let (x, y) = ((sample.0 - from.0) * length - foot * u, (sample.1 - from.1) * length - foot * v);
    x * x + y * y <= radius * radius * length * length
}
