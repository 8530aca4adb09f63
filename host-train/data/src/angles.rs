//! Whether things lie at any angle, judged by their pictures.

use crate::{classes::Class, split::Split};

/// Angles that two pictures of a class are compared at.
const ANGLES: usize = 16;
/// Pictures of a class that are compared, at most.
const PICTURES: usize = 10;
/// Classes that are looked at, at most.
const CLASSES: usize = 32;
/// If fewer pairs than this share are most alike nearly upright, they lie at any angle. By chance it would be 3
/// of 16 angles.
const UPRIGHT: f64 = 0.45;
/// Fewer pairs tell nothing.
const FEWEST: usize = 12;

/// Returns the share of pairs of pictures of one class that are most alike when neither is turned, or hardly (by
/// a sixteenth of a turn); `None` if there are too few pairs to tell.
fn upright(split: &Split, classes: &[Class]) -> Option<f64> {
    let (mut pairs, mut are_upright) = (0, 0);
    for class in classes.iter().take(CLASSES) {
        let images = &class.images[..class.images.len().min(PICTURES)];
        let turned: Vec<Vec<Vec<f32>>> = images.iter().map(|&image| turns(split, image)).collect();
        for (place, one) in turned.iter().enumerate() {
            for other in &turned[..place] {
                let alike =
                    |angle: usize| -> f32 { one[0].iter().zip(&other[angle]).map(|(a, b)| a * b).sum() };
                let best = (0..ANGLES).max_by(|&a, &b| alike(a).total_cmp(&alike(b)));
                pairs += 1;
                are_upright += usize::from(best.is_some_and(|best| [0, 1, ANGLES - 1].contains(&best)));
            }
        }
    }
    (pairs >= FEWEST).then(|| are_upright as f64 / pairs as f64)
}

/// Returns true if the things in these pictures may lie at any angle: pictures of one class are then as often
/// most alike at one angle as at another. Pictures of what has no upright, such as a ball, count as such.
#[must_use]
pub fn any_angle(split: &Split, classes: &[Class]) -> bool {
    upright(split, classes).is_some_and(|share| share < UPRIGHT)
}

/// Returns the middle of a picture at each angle: a disc, from whose pixels their mean is subtracted, and whose
/// length is 1.
fn turns(split: &Split, image: usize) -> Vec<Vec<f32>> {
    let (pixels, height, width) = (split.image(image), split.height, split.width);
    let (middle_row, middle_column) = ((height as f32 - 1.0) / 2.0, (width as f32 - 1.0) / 2.0);
    let radius = middle_row.min(middle_column);
    let places = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
    let disc: Vec<(f32, f32)> = places
        .map(|(row, column)| (row as f32 - middle_row, column as f32 - middle_column))
        .filter(|(y, x)| y * y + x * x <= radius * radius)
        .collect();
    // The mean of the colours.
    let pixel = |row: usize, column: usize| {
        let pixel = &pixels[(row * width + column) * split.channels..][..split.channels];
        pixel.iter().copied().map(f32::from).sum::<f32>() / split.channels as f32
    };
    let at = |y: f32, x: f32| {
        let (y, x) = (
            (y + middle_row).clamp(0.0, height as f32 - 1.0),
            (x + middle_column).clamp(0.0, width as f32 - 1.0),
        );
        let (row, column) = (y as usize, x as usize);
        let (below, right) = ((row + 1).min(height - 1), (column + 1).min(width - 1));
        let (down, across) = (y - row as f32, x - column as f32);
        let upper = pixel(row, column) + across * (pixel(row, right) - pixel(row, column));
        let lower = pixel(below, column) + across * (pixel(below, right) - pixel(below, column));
        upper + down * (lower - upper)
    };
    let turn = |angle: usize| {
        let (sine, cosine) = (std::f32::consts::TAU * angle as f32 / ANGLES as f32).sin_cos();
        let mut values: Vec<f32> =
            disc.iter().map(|&(y, x)| at(cosine * y - sine * x, sine * y + cosine * x)).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        values.iter_mut().for_each(|value| *value -= mean);
        let length = values.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        values.iter_mut().for_each(|value| *value /= length);
        values
    };
    (0..ANGLES).map(turn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{classes::classes, drawn, rng::Rng};

    #[test]
    fn digits_are_upright_and_turned_ones_are_not() {
        let digits = drawn::dataset(1, 8, 1).train;
        let of = classes(digits.labels());
        assert!(!any_angle(&digits, &of), "{:?}", upright(&digits, &of));
        let mut rng = Rng::new(5);
        let pixels = (0..digits.len()).flat_map(|image| {
            let angle = std::f32::consts::PI * rng.symmetric();
            let (sine, cosine) = angle.sin_cos();
            let image = digits.image(image);
            let place = |at: f32| (at + 13.5).round().clamp(0.0, 27.0) as usize;
            let turned = (0..784).map(move |at| {
                let (y, x) = ((at / 28) as f32 - 13.5, (at % 28) as f32 - 13.5);
                image[28 * place(cosine * y - sine * x) + place(sine * y + cosine * x)]
            });
            turned.collect::<Vec<u8>>()
        });
        let turned = Split::new(28, 28, pixels.collect(), digits.labels().to_vec()).unwrap();
        assert!(any_angle(&turned, &of), "{:?}", upright(&turned, &of));
        assert!(!any_angle(&turned, &of[..0]), "nothing tells");
    }
}
