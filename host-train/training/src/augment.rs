//! Random distortion of images while training.

use tinytriplet_data::Rng;
use tinytriplet_recipe::AugmentConfig;

/// Writes `image`, of so many rows, columns and values per pixel, 1 or 3, to `out`: displaced, rotated,
/// sheared, scaled and shifted by random amounts within `limits` about its middle, sampled bilinearly,
/// its colours each made lighter or darker, as values from 0 to 1. Beyond its edge an image goes on as
/// the edge is.
pub fn distort(
    image: &[u8],
    [rows, columns, channels]: [usize; 3],
    limits: &AugmentConfig,
    rng: &mut Rng,
    out: &mut [f32],
) {
    let size = [rows, columns];
    let mut draw = |limit: f64| limit as f32 * rng.symmetric();
    let (sine, cosine) = draw(limits.degrees).to_radians().sin_cos();
    let zoom = 1.0 / (1.0 + draw(limits.scale));
    let shear = draw(limits.shear);
    let (down, right) = (draw(limits.shift), draw(limits.shift));
    // From a place in `out` to the place in `image`, both relative to the middle.
    let matrix = [[zoom * cosine, zoom * (shear - sine)], [zoom * sine, zoom * cosine]];
    let displacements = elastic(limits.elastic as f32, size, rng);
    let shift = [down, right];
    match channels {
        3 => transform::<3>(image.as_chunks().0, size, matrix, shift, &displacements, out.as_chunks_mut().0),
        _ => transform::<1>(image.as_chunks().0, size, matrix, shift, &displacements, out.as_chunks_mut().0),
    }
    if limits.colour > 0.0 {
        for channel in 0..channels {
            let factor = 1.0 + limits.colour as f32 * rng.symmetric();
            let values = out.iter_mut().skip(channel).step_by(channels);
            values.for_each(|value| *value = (*value * factor).min(1.0));
        }
    }
}

/// Pixels from one point of the grid that bends an image to the next.
const GRID: usize = 7;

/// Returns by how many rows and columns each pixel's source is moved: a uniform cubic B-spline through a
/// coarse grid of random vectors, each within ± `limit` (after Simard, Steinkraus and Platt 2003,
/// who blur a fine one). Empty where there is no limit.
fn elastic(limit: f32, [rows, columns]: [usize; 2], rng: &mut Rng) -> Vec<[f32; 2]> {
    if limit == 0.0 {
        return Vec::new();
    }
    let across = columns.div_ceil(GRID) + 3;
    let points = (rows.div_ceil(GRID) + 3) * across;
    let points: Vec<[f32; 2]> = (0..points).map(|_| [0; 2].map(|_| limit * rng.symmetric())).collect();
    let mix = |points: [[f32; 2]; 4], weights: [f32; 4]| {
        [0, 1].map(|axis| (0..4).map(|i| points[i][axis] * weights[i]).sum())
    };
    let mut displacements = Vec::with_capacity(rows * columns);
    let mut line = vec![[0.0; 2]; across];
    for row in 0..rows {
        let (above, weights) = (row / GRID * across, spline(row));
        for (at, point) in line.iter_mut().enumerate() {
            *point = mix([0, 1, 2, 3].map(|i| points[above + i * across + at]), weights);
        }
        displacements.extend((0..columns).map(|column| {
            let left = column / GRID;
            mix([line[left], line[left + 1], line[left + 2], line[left + 3]], spline(column))
        }));
    }
    displacements
}

/// Returns weights of the four points of the grid about a pixel; together 1.
fn spline(pixel: usize) -> [f32; 4] {
    let t = (pixel % GRID) as f32 / GRID as f32;
    let u = 1.0 - t;
    [u * u * u, 4.0 - 3.0 * t * t * (2.0 - t), 4.0 - 3.0 * u * u * (2.0 - u), t * t * t].map(|w| w / 6.0)
}

/// `out[place] = image[matrix · (place − shift) + displacements[place]]`, where places are (column,
/// row) from the middle.
fn transform<const N: usize>(
    image: &[[u8; N]],
    [rows, columns]: [usize; 2],
    matrix: [[f32; 2]; 2],
    shift: [f32; 2],
    displacements: &[[f32; 2]],
    out: &mut [[f32; N]],
) {
    let (middle_row, middle_column) = ((rows - 1) as f32 / 2.0, (columns - 1) as f32 / 2.0);
    let (last_row, last_column) = ((rows - 1) as f32, (columns - 1) as f32);
    for (row, line) in out.chunks_exact_mut(columns).enumerate() {
        let y = row as f32 - middle_row - shift[0];
        for (column, values) in line.iter_mut().enumerate() {
            let x = column as f32 - middle_column - shift[1];
            let [down_here, right_here] =
                displacements.get(row * columns + column).copied().unwrap_or_default();
            let from_column =
                (matrix[0][0] * x + matrix[0][1] * y + middle_column + right_here).clamp(0.0, last_column);
            let from_row =
                (matrix[1][0] * x + matrix[1][1] * y + middle_row + down_here).clamp(0.0, last_row);
            let (left, top) = (from_column as usize, from_row as usize);
            let (right, bottom) = ((left + 1).min(columns - 1), (top + 1).min(rows - 1));
            let (to_right, to_bottom) = (from_column - left as f32, from_row - top as f32);
            let pixel = |row: usize, column: usize| image[row * columns + column];
            let (upper, lower) =
                ([pixel(top, left), pixel(top, right)], [pixel(bottom, left), pixel(bottom, right)]);
            for (channel, value) in values.iter_mut().enumerate() {
                let between = |[left, right]: [[u8; N]; 2]| {
                    let [left, right] = [left, right].map(|pixel| f32::from(pixel[channel]));
                    left + to_right * (right - left)
                };
                let (upper, lower) = (between(upper), between(lower));
                *value = (upper + to_bottom * (lower - upper)) / 255.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: [u8; 12] = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110];

    fn transformed(size: [usize; 2], matrix: [[f32; 2]; 2], shift: [f32; 2]) -> Vec<f32> {
        let mut out = [0.0; 12];
        transform::<1>(IMAGE.as_chunks().0, size, matrix, shift, &[], out.as_chunks_mut().0);
        out.iter().map(|value| (value * 2550.0).round() / 10.0).collect()
    }

    #[test]
    fn nothing_changes_without_limits() {
        let limits =
            AugmentConfig { degrees: 0.0, scale: 0.0, shear: 0.0, shift: 0.0, elastic: 0.0, colour: 0.0 };
        let mut out = [0.0; 12];
        distort(&IMAGE, [3, 4, 1], &limits, &mut Rng::new(1), &mut out);
        assert_eq!(out.map(|value| (value * 255.0).round() as u8), IMAGE);
    }

    #[test]
    fn shifts_rotates_and_scales_by_hand() {
        let identity = [[1.0, 0.0], [0.0, 1.0]];
        let right = [0.0, 0.0, 10.0, 20.0, 40.0, 40.0, 50.0, 60.0, 80.0, 80.0, 90.0, 100.0];
        assert_eq!(transformed([3, 4], identity, [0.0, 1.0]), right);
        assert_eq!(transformed([3, 4], identity, [0.5, 0.0])[4..8], [20.0, 30.0, 40.0, 50.0]);
        let half_turn = [[-1.0, 0.0], [0.0, -1.0]];
        let reversed: Vec<f32> = IMAGE.iter().rev().map(|&pixel| f32::from(pixel)).collect();
        assert_eq!(transformed([3, 4], half_turn, [0.0, 0.0]), reversed);
        let twice_as_large = [[0.5, 0.0], [0.0, 0.5]];
        assert_eq!(transformed([3, 4], twice_as_large, [0.0, 0.0])[4..8], [47.5, 52.5, 57.5, 62.5]);
    }

    #[test]
    fn bending_is_smooth_and_within_its_limit() {
        for pixel in 0..20 {
            assert!((spline(pixel).iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
        assert!(elastic(0.0, [9, 11], &mut Rng::new(1)).is_empty());
        let displaced = elastic(3.0, [9, 30], &mut Rng::new(1));
        assert_eq!(displaced.len(), 9 * 30);
        assert!(displaced.iter().flatten().all(|move_by| move_by.abs() <= 3.0));
        assert!(displaced.iter().any(|[rows, _]| rows.abs() > 0.5));
        // A B-spline of points within ± 3 has a slope of at most 2 · 3 / GRID a pixel.
        for (a, b) in displaced.iter().zip(&displaced[1..]).take(29) {
            assert!((a[0] - b[0]).abs() <= 6.0 / GRID as f32 + 1e-5);
        }
        // Moving every source one pixel to the right is a shift to the left.
        let mut out = [0.0; 12];
        let (image, pixels) = (IMAGE.as_chunks().0, out.as_chunks_mut().0);
        transform::<1>(image, [3, 4], [[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0], &[[0.0, 1.0]; 12], pixels);
        assert_eq!(out.map(|value| (value * 255.0).round())[..4], [10.0, 20.0, 30.0, 30.0]);
    }

    #[test]
    fn distortions_are_random_and_seeded() {
        let limits =
            AugmentConfig { degrees: 10.0, scale: 0.1, shear: 0.1, shift: 2.0, elastic: 1.0, colour: 0.0 };
        let run = |seed| {
            let mut out = [0.0; 12];
            distort(&IMAGE, [3, 4, 1], &limits, &mut Rng::new(seed), &mut out);
            assert!(out.iter().all(|value| (0.0..=110.0 / 255.0).contains(value)));
            out
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    /// The colours of a pixel go the same way as the pixels of a grey image, and are lighter or darker each
    /// for itself.
    #[test]
    fn colours_stay_together() {
        let limits =
            AugmentConfig { degrees: 30.0, scale: 0.2, shear: 0.2, shift: 1.0, elastic: 1.0, colour: 0.0 };
        let colour: Vec<u8> = IMAGE.iter().flat_map(|&grey| [grey, grey / 2, 255 - grey]).collect();
        let (mut greys, mut colours) = ([0.0; 12], [0.0; 36]);
        distort(&IMAGE, [3, 4, 1], &limits, &mut Rng::new(3), &mut greys);
        distort(&colour, [3, 4, 3], &limits, &mut Rng::new(3), &mut colours);
        for (grey, [red, green, blue]) in greys.iter().zip(colours.as_chunks().0) {
            assert_eq!(grey, red);
            assert!((grey / 2.0 - green).abs() < 1e-5 && (1.0 - grey - blue).abs() < 1e-5);
        }
        let mut lit = [0.0; 36];
        distort(&colour, [3, 4, 3], &AugmentConfig { colour: 0.3, ..limits }, &mut Rng::new(3), &mut lit);
        let factors: Vec<f32> =
            lit[3..6].iter().zip(&colours[3..6]).map(|(lit, plain)| lit / plain).collect();
        assert!(factors.iter().all(|factor| (0.7..=1.3).contains(factor)), "{factors:?}");
        assert!(factors[0] != factors[1] && factors[1] != factors[2], "{factors:?}");
        for (lit, plain) in lit.chunks(3).zip(colours.chunks(3)) {
            for channel in 0..3 {
                let expected = (plain[channel] * factors[channel]).min(1.0);
                assert!((lit[channel] - expected).abs() < 1e-5);
            }
        }
    }
}
