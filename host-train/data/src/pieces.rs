//! Decoys that are pieced together: what a thing would look like if its parts were others.

use crate::{rng::Rng, split::Split};

/// Returns the pixels of a picture made of two of `split`'s at `images`: halves, quarters, one within the
/// other, or both on top of each other. It has the strokes, edges and light of real ones, and is hardly ever
/// one.
#[must_use]
pub fn piece(split: &Split, images: &[usize], rng: &mut Rng) -> Vec<u8> {
    let mut any = || split.image(images[rng.below(images.len())]);
    let (one, other) = (any(), any());
    let size = [split.height, split.width];
    let shape = split.shape();
    let turned = Turned { image: other, shape, angle: angle(rng), zoom: 1.0 };
    let original = Turned { image: one, shape, angle: 0.0, zoom: 1.0 };
    let middle = size.map(|side| (side as f32 - 1.0) / 2.0);
    let each = |pixel: &dyn Fn(f32, f32, usize) -> u8| {
        let places = (0..size[0]).flat_map(|row| (0..size[1]).map(move |column| (row, column)));
        let from_middle = |(row, column): (usize, usize)| (row as f32 - middle[0], column as f32 - middle[1]);
        let channels = 0..split.channels;
        places
            .map(from_middle)
            .flat_map(|(y, x)| channels.clone().map(move |channel| pixel(y, x, channel)))
            .collect()
    };
    match rng.below(4) {
        0 => {
            let (sine, cosine) = angle(rng).sin_cos();
            each(&|y, x, channel| {
                let from = if x * cosine + y * sine > 0.0 { turned } else { original };
                from.at(y, x, channel)
            })
        }
        1 => {
            // Each quarter is one of any picture's, brought to its place by a quarter turn or more.
            let quarter = std::f32::consts::FRAC_PI_2;
            let from: Vec<Turned<'_>> = (0..4)
                .map(|_| Turned {
                    image: if rng.below(2) == 0 { one } else { other },
                    shape,
                    angle: quarter * rng.below(4) as f32,
                    zoom: 1.0,
                })
                .collect();
            each(&|y, x, channel| from[2 * usize::from(y > 0.0) + usize::from(x > 0.0)].at(y, x, channel))
        }
        2 => {
            let radius = middle[0].min(middle[1]) * (0.5 + 0.25 * rng.symmetric());
            let within = Turned { zoom: 1.0 + 0.5 * rng.symmetric(), ..turned };
            each(&|y, x, channel| {
                let from = if y * y + x * x < radius * radius { within } else { original };
                from.at(y, x, channel)
            })
        }
        _ => {
            let darker = rng.below(2) == 0;
            each(&|y, x, channel| {
                let (a, b) = (original.at(y, x, channel), turned.at(y, x, channel));
                if darker { a.min(b) } else { a.max(b) }
            })
        }
    }
}

fn angle(rng: &mut Rng) -> f32 {
    std::f32::consts::PI * rng.symmetric()
}

/// A picture that is turned about its middle.
#[derive(Clone, Copy)]
struct Turned<'a> {
    image: &'a [u8],
    /// Rows, columns and values per pixel.
    shape: [usize; 3],
    angle: f32,
    zoom: f32,
}

impl Turned<'_> {
    /// Returns a value of the nearest pixel at a place that is counted from the middle. Beyond its edge a
    /// picture goes on as the edge is.
    fn at(&self, y: f32, x: f32, channel: usize) -> u8 {
        let (sine, cosine) = self.angle.sin_cos();
        let [rows, columns, channels] = self.shape;
        let place = |at: f32, side: usize| {
            (at * self.zoom + (side as f32 - 1.0) / 2.0).round().clamp(0.0, side as f32 - 1.0) as usize
        };
        let (row, column) = (place(cosine * y - sine * x, rows), place(sine * y + cosine * x, columns));
        self.image[(row * columns + column) * channels + channel]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn;

    #[test]
    fn pieces_are_of_both_and_neither() {
        let digits = drawn::dataset(1, 3, 1).train;
        let images: Vec<usize> = (0..digits.len()).collect();
        let pieced = |number| piece(&digits, &images, &mut Rng::new(1).stream(number));
        let all: Vec<Vec<u8>> = (0..200).map(pieced).collect();
        assert_eq!(all[3], pieced(3));
        let ink = |image: &[u8]| image.iter().filter(|&&pixel| pixel > 127).count();
        let mean =
            |images: &mut dyn Iterator<Item = &[u8]>, count: usize| images.map(ink).sum::<usize>() / count;
        let [of_pieces, of_digits] =
            [mean(&mut all.iter().map(Vec::as_slice), 200), mean(&mut digits.images(), digits.len())];
        assert!(of_pieces > of_digits / 2 && of_pieces < 2 * of_digits, "{of_pieces} {of_digits}");
        let are_digits = all.iter().filter(|image| digits.images().any(|digit| digit == **image)).count();
        assert!(are_digits < 10, "{are_digits}");
        // Of one image alone, a part is always that image's.
        let whole = Split::new(2, 3, vec![7; 6], vec![0]).unwrap();
        assert_eq!(piece(&whole, &[0], &mut Rng::new(1)), [7; 6]);
        // Each colour comes from the same place.
        let pixels = (0..16).flat_map(|at| [at, 100 + at, 200 + at]).collect();
        let colour = Split::of_shape([4, 4, 3], pixels, vec![0]).unwrap();
        for number in 0..40 {
            let pieced = piece(&colour, &[0], &mut Rng::new(1).stream(number));
            assert_eq!(pieced.len(), 48);
            assert!(pieced.chunks(3).all(|pixel| pixel[1] == 100 + pixel[0] && pixel[2] == 200 + pixel[0]));
        }
    }
}
