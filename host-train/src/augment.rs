//! Random distortion of images while training.

use crate::{config::AugmentConfig, rng::Rng};

/// Writes `image`, of `size` rows and columns, to `out`: rotated, sheared, scaled and shifted by random
/// amounts within `limits` about its middle, sampled bilinearly, as values from 0 to 1. Beyond its edge an
/// image goes on as the edge is.
pub fn distort(image: &[u8], size: [usize; 2], limits: &AugmentConfig, rng: &mut Rng, out: &mut [f32]) {
    let mut draw = |limit: f64| limit as f32 * rng.symmetric();
    let (sine, cosine) = draw(limits.degrees).to_radians().sin_cos();
    let zoom = 1.0 / (1.0 + draw(limits.scale));
    let shear = draw(limits.shear);
    let (down, right) = (draw(limits.shift), draw(limits.shift));
    // From a place in `out` to the place in `image`, both relative to the middle.
    let matrix = [[zoom * cosine, zoom * (shear - sine)], [zoom * sine, zoom * cosine]];
    transform(image, size, matrix, [down, right], out);
}

/// `out[place] = image[matrix · (place − shift)]`, where places are (column, row) from the middle.
fn transform(
    image: &[u8],
    [rows, columns]: [usize; 2],
    matrix: [[f32; 2]; 2],
    shift: [f32; 2],
    out: &mut [f32],
) {
    let (middle_row, middle_column) = ((rows - 1) as f32 / 2.0, (columns - 1) as f32 / 2.0);
    let (last_row, last_column) = ((rows - 1) as f32, (columns - 1) as f32);
    for (row, line) in out.chunks_exact_mut(columns).enumerate() {
        let y = row as f32 - middle_row - shift[0];
        for (column, value) in line.iter_mut().enumerate() {
            let x = column as f32 - middle_column - shift[1];
            let from_column = (matrix[0][0] * x + matrix[0][1] * y + middle_column).clamp(0.0, last_column);
            let from_row = (matrix[1][0] * x + matrix[1][1] * y + middle_row).clamp(0.0, last_row);
            let (left, top) = (from_column as usize, from_row as usize);
            let (right, bottom) = ((left + 1).min(columns - 1), (top + 1).min(rows - 1));
            let (to_right, to_bottom) = (from_column - left as f32, from_row - top as f32);
            let pixel = |row: usize, column: usize| f32::from(image[row * columns + column]);
            let upper = pixel(top, left) + to_right * (pixel(top, right) - pixel(top, left));
            let lower = pixel(bottom, left) + to_right * (pixel(bottom, right) - pixel(bottom, left));
            *value = (upper + to_bottom * (lower - upper)) / 255.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: [u8; 12] = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110];

    fn transformed(size: [usize; 2], matrix: [[f32; 2]; 2], shift: [f32; 2]) -> Vec<f32> {
        let mut out = vec![0.0; 12];
        transform(&IMAGE, size, matrix, shift, &mut out);
        out.iter().map(|value| (value * 2550.0).round() / 10.0).collect()
    }

    #[test]
    fn nothing_changes_without_limits() {
        let limits = AugmentConfig { degrees: 0.0, scale: 0.0, shear: 0.0, shift: 0.0 };
        let mut out = [0.0; 12];
        distort(&IMAGE, [3, 4], &limits, &mut Rng::new(1), &mut out);
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
    fn distortions_are_random_and_seeded() {
        let limits = AugmentConfig { degrees: 10.0, scale: 0.1, shear: 0.1, shift: 2.0 };
        let run = |seed| {
            let mut out = [0.0; 12];
            distort(&IMAGE, [3, 4], &limits, &mut Rng::new(seed), &mut out);
            assert!(out.iter().all(|value| (0.0..=110.0 / 255.0).contains(value)));
            out
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}
