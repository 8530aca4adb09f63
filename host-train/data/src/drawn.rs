//! Digits and other signs drawn by this program, for a machine without MNIST and without a network.
//!
//! A sign starts as a glyph: a few strokes of a pen, in one of the ways people draw it. Every image
//! bends, jitters, shears, turns and widens its glyph, draws it with a pen of its own,
//! and sets it as MNIST does: scaled to fit 20×20 pixels, its centre of mass in the middle of
//! 28×28.
//!
//! The same seed gives the same bytes on every machine: there is no arithmetic here but
//! `+ - × ÷ √`, which IEEE 754 defines to the last bit.

mod glyphs;
mod signs;

use crate::{
    dataset::{DRAWN_DIGITS, DRAWN_SIGNS, Dataset, Source},
    split::{Label, Split},
};
use glyphs::{GLYPHS, Glyph, Point};
use rand::RngExt;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use shared_model::{inspect::Shape, model::format::Preprocessing};
use signs::SIGNS;

/// Height and width of an image.
const SIDE: usize = 28;
/// Rows and columns of an image, which are also those of MNIST's.
pub const SHAPE: Shape = Shape::new(SIDE as u16, SIDE as u16, 1);
/// The longer side of the box that a sign fills.
const BOX: f32 = 20.0;
/// Straight pieces for one curved piece of a stroke.
const PIECES: u8 = 6;

/// Signs are drawn with more care than digits, which everybody writes in haste: points stray, and corners
/// become round, by this factor as much.
const CARE: f32 = 0.4;

/// Images of each class in the training split, where nobody asks for another number.
pub const TRAIN_PER_CLASS: usize = 1200;
/// Images of each class in the test split, where nobody asks for another number.
pub const TEST_PER_CLASS: usize = 200;

/// Draws ten classes of digits, shuffled. The test split comes from a random stream of its own, so
/// its images do not depend on the size of the training split.
#[must_use]
pub fn dataset(seed: u64, train_per_class: usize, test_per_class: usize) -> Dataset {
    Dataset {
        name: DRAWN_DIGITS.into(),
        source: Source::Drawn,
        class_names: (0..GLYPHS.len()).map(|digit| digit.to_string()).collect(),
        preprocessing: Preprocessing::MNIST,
        train: split(&GLYPHS, 1.0, seed, 0, train_per_class),
        test: split(&GLYPHS, 1.0, seed, 1, test_per_class),
    }
}

/// Draws ten classes of signs that are no digits, as [`dataset`] draws digits: things to enrol that no
/// net here is trained on.
#[must_use]
pub fn signs(seed: u64, train_per_class: usize, test_per_class: usize) -> Dataset {
    let glyphs = SIGNS.map(|(_, glyphs)| glyphs);
    Dataset {
        name: DRAWN_SIGNS.into(),
        source: Source::Signs,
        class_names: SIGNS.map(|(name, _)| name.into()).into(),
        preprocessing: Preprocessing::MNIST,
        train: split(&glyphs, CARE, seed, 0, train_per_class),
        test: split(&glyphs, CARE, seed, 1, test_per_class),
    }
}

/// A stroke: points in order, joined by straight lines, y downwards.
pub type Stroke = Vec<(f32, f32)>;

/// Writes ten digits, in order and `per_class` times each, as a touch panel would see the pen: in
/// the ways and by the hands of [`dataset`], in a square of about one unit. The random stream is
/// one of its own.
#[must_use]
pub fn strokes(seed: u64, per_class: usize) -> Vec<(Label, Vec<Stroke>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(2);
    let labels = (0..10).flat_map(|digit| std::iter::repeat_n(digit, per_class));
    let write = |label: Label| {
        let variants = GLYPHS[usize::from(label)];
        let glyph = variants[rng.random_range(0..variants.len())];
        let hand = Hand::new(&mut rng);
        (label, glyph.iter().map(|stroke| curve(&hand.write(stroke, &mut rng))).collect())
    };
    labels.map(write).collect()
}

/// `care` is the factor by which points stray and corners become round.
fn split(glyphs: &[&[Glyph]], care: f32, seed: u64, stream: u64, per_class: usize) -> Split {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    let classes = 0..glyphs.len() as Label;
    let mut labels: Vec<Label> = classes.flat_map(|label| std::iter::repeat_n(label, per_class)).collect();
    // Fisher and Yates.
    for i in (1..labels.len()).rev() {
        labels.swap(i, rng.random_range(0..=i));
    }
    let mut pixels = Vec::with_capacity(labels.len() * SIDE * SIDE);
    for &label in &labels {
        let variants = glyphs[usize::from(label)];
        let glyph = variants[rng.random_range(0..variants.len())];
        pixels.extend_from_slice(&draw(glyph, care, &mut rng));
    }
    Split::new(SIDE, SIDE, pixels, labels).expect("a label for each image")
}

/// A straight piece of a stroke, and the pen's radius on it.
struct Segment {
    from: Point,
    to: Point,
    radius: f32,
}

impl Segment {
    fn length(&self) -> f32 {
        distance(self.from, self.to)
    }

    /// Returns the distance from `p` to the nearest point of the piece.
    fn distance(&self, p: Point) -> f32 {
        let (dx, dy) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
        let square = dx * dx + dy * dy;
        let along = (p.0 - self.from.0) * dx + (p.1 - self.from.1) * dy;
        let t = if square > 0.0 { (along / square).clamp(0.0, 1.0) } else { 0.0 };
        distance(p, (self.from.0 + t * dx, self.from.1 + t * dy))
    }
}

fn distance(a: Point, b: Point) -> f32 {
    ((a.0 - b.0) * (a.0 - b.0) + (a.1 - b.1) * (a.1 - b.1)).sqrt()
}

/// Draws one image of a glyph.
fn draw(glyph: Glyph, care: f32, rng: &mut ChaCha8Rng) -> [u8; SIDE * SIDE] {
    let mut hand = Hand::new(rng);
    hand.jitter *= care;
    hand.haste *= care;
    let strokes: Vec<Vec<Point>> = glyph.iter().map(|stroke| curve(&hand.write(stroke, rng))).collect();
    let segments = set(&strokes, rng);
    let ink = 262.0 - 20.0 * bell(rng).abs();
    let softness = 0.55 + 0.15 * bell(rng);
    let mut image = [0; SIDE * SIDE];
    let mut coverage = [0.0_f32; SIDE * SIDE];
    for segment in &segments {
        let reach = segment.radius + softness;
        let range = |a: f32, b: f32| {
            // `as` saturates, so a digit cannot leave the image.
            let from = (a.min(b) - reach - 0.5).ceil() as usize;
            let to = (a.max(b) + reach + 0.5) as usize;
            from..to.min(SIDE)
        };
        for y in range(segment.from.1, segment.to.1) {
            for x in range(segment.from.0, segment.to.0) {
                let edge = segment.radius - segment.distance((x as f32 + 0.5, y as f32 + 0.5));
                let covered = (0.5 + edge / (2.0 * softness)).clamp(0.0, 1.0);
                let pixel = &mut coverage[y * SIDE + x];
                *pixel = pixel.max(covered);
            }
        }
    }
    for (pixel, covered) in image.iter_mut().zip(coverage) {
        // The paper stays clean, as MNIST's is.
        if covered > 0.0 {
            *pixel = (covered * (ink + 20.0 * bell(rng))).clamp(0.0, 255.0) as u8;
        }
    }
    image
}

/// The differences of one image's shape from its glyph.
struct Hand {
    /// Turn, slant and width in one: columns of a matrix.
    x_axis: Point,
    y_axis: Point,
    /// Factors of x², xy and y² in the displacement of x, then of y.
    bend: [f32; 6],
    /// The distance by which single points stray.
    jitter: f32,
    /// The probability that a sharp corner is written round.
    haste: f32,
}

impl Hand {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        let width = 0.88 + 0.48 * bell(rng);
        let slant = 0.12 + 0.6 * bell(rng);
        // Sine and cosine of a turn by 2·atan(t).
        let t = 0.16 * bell(rng);
        let (sin, cos) = (2.0 * t / (1.0 + t * t), (1.0 - t * t) / (1.0 + t * t));
        Self {
            x_axis: (width * cos, width * sin),
            y_axis: (-sin - slant * cos, cos - slant * sin),
            bend: std::array::from_fn(|_| 0.9 * bell(rng)),
            jitter: rng.random_range(0.03..0.16),
            haste: rng.random_range(0.0..0.7),
        }
    }

    fn write(&self, stroke: &[Point], rng: &mut ChaCha8Rng) -> Vec<Point> {
        let mut written = Vec::with_capacity(stroke.len());
        let mut before = None;
        for &point in stroke {
            // A point given twice is a corner: it must stray as one, or become round as a whole.
            if before == Some(point) {
                if let Some(&corner) = written.last()
                    && rng.random::<f32>() >= self.haste
                {
                    written.push(corner);
                }
                continue;
            }
            before = Some(point);
            let (x, y) = (point.0 - 0.5, point.1 - 0.5);
            let [xx, xy, yy, yxx, yxy, yyy] = self.bend;
            let x_bent = x + xx * x * x + xy * x * y + yy * y * y + self.jitter * bell(rng);
            let y_bent = y + yxx * x * x + yxy * x * y + yyy * y * y + self.jitter * bell(rng);
            written.push((
                x_bent * self.x_axis.0 + y_bent * self.y_axis.0,
                x_bent * self.x_axis.1 + y_bent * self.y_axis.1,
            ));
        }
        written
    }
}

/// Returns the quadratic B-spline of control points, as a polyline: from the first point to the last, each
/// point between them pulling the line towards itself; a point given twice is met exactly.
fn curve(points: &[Point]) -> Vec<Point> {
    let mid = |a: Point, b: Point| ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
    let mut line: Vec<Point> = points.first().copied().into_iter().collect();
    for (i, window) in points.windows(3).enumerate() {
        let start = if i == 0 { window[0] } else { mid(window[0], window[1]) };
        let end = if i + 3 == points.len() { window[2] } else { mid(window[1], window[2]) };
        for piece in 1..=PIECES {
            let t = f32::from(piece) / f32::from(PIECES);
            let (a, b, c) = ((1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t);
            line.push((a * start.0 + b * window[1].0 + c * end.0, a * start.1 + b * window[1].1 + c * end.1));
        }
    }
    if let &[_, end] = points {
        line.push(end);
    }
    line
}

/// Scales strokes to the box, moves their centre of mass to the middle of the image, and picks a
/// pen.
fn set(strokes: &[Vec<Point>], rng: &mut ChaCha8Rng) -> Vec<Segment> {
    let thickness = 1.3 + 0.9 * bell(rng);
    // A pen is pressed more at one end of a stroke than at the other.
    let pressure = 0.3 * bell(rng);
    let all = || strokes.iter().flatten();
    let extent = |along: fn(&Point) -> f32| {
        let (low, high) = all().map(along).fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
        high - low
    };
    let scale = (BOX - 2.0 * thickness) / extent(|p| p.0).max(extent(|p| p.1)).max(0.1);
    let mut segments: Vec<Segment> = Vec::new();
    for stroke in strokes {
        let last = stroke.len() as f32;
        for (i, ends) in stroke.windows(2).enumerate() {
            segments.push(Segment {
                from: (ends[0].0 * scale, ends[0].1 * scale),
                to: (ends[1].0 * scale, ends[1].1 * scale),
                radius: thickness * (1.0 + pressure * (i as f32 / last - 0.5)),
            });
        }
    }
    let mass: f32 = segments.iter().map(Segment::length).sum();
    let moment = |along: fn(&Point) -> f32| {
        segments.iter().map(|s| s.length() * (along(&s.from) + along(&s.to)) / 2.0).sum::<f32>()
    };
    let middle = SIDE as f32 / 2.0;
    let shift = (middle - moment(|p| p.0) / mass, middle - moment(|p| p.1) / mass);
    for segment in &mut segments {
        for end in [&mut segment.from, &mut segment.to] {
            *end = (end.0 + shift.0, end.1 + shift.1);
        }
    }
    segments
}

/// Returns a random number in −1..1, small ones more likely: a normal distribution's shape without its
/// tails, and without a logarithm.
fn bell(rng: &mut ChaCha8Rng) -> f32 {
    (0..3).map(|_| rng.random::<f32>()).sum::<f32>() / 1.5 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::classes;

    #[test]
    fn the_seed_decides_every_byte() {
        let dataset = dataset(7, 5, 3);
        let again = super::dataset(7, 5, 3);
        assert_eq!((&dataset.train, &dataset.test), (&again.train, &again.test));
        let other = super::dataset(8, 5, 3);
        assert_ne!(dataset.train, other.train);
        assert_ne!(dataset.test, other.test);
        // More training images are no other test.
        assert_eq!(dataset.test, super::dataset(7, 50, 3).test);
    }

    #[test]
    fn every_class_is_there_as_often_as_asked() {
        let dataset = dataset(1, 6, 4);
        assert_eq!(dataset.class_names.len(), 10);
        assert!(classes(dataset.train.labels()).iter().all(|class| class.images.len() == 6));
        assert!(classes(dataset.test.labels()).iter().all(|class| class.images.len() == 4));
        assert!(super::dataset(1, 0, 0).train.is_empty());
    }

    #[test]
    fn signs_are_the_same_everywhere() {
        let signs = signs(7, 5, 3);
        assert_eq!(
            [signs.train.fingerprint(), signs.test.fingerprint()],
            ["14e7209da31482b1", "91ab6fae175f9d8c"]
        );
        assert!(signs.class_names.is_sorted() && signs.class_names.len() == 10);
        assert!(classes(signs.train.labels()).iter().all(|class| class.images.len() == 5));
    }

    #[test]
    fn signs_sit_in_the_image_as_mnist_has_its_digits() {
        for split in [dataset(3, 100, 0).train, signs(3, 100, 0).train] {
            sits_as_mnist_has_them(&split);
        }
    }

    fn sits_as_mnist_has_them(split: &Split) {
        for index in 0..split.len() {
            let image = split.image(index);
            let (mut mass, mut across, mut down) = (0.0, 0.0, 0.0);
            for (i, &ink) in image.iter().enumerate() {
                let ink = f32::from(ink);
                mass += ink;
                across += ink * ((i % SIDE) as f32 + 0.5);
                down += ink * ((i / SIDE) as f32 + 0.5);
            }
            let label = split.label(index);
            assert!(mass > 255.0 * 20.0, "image {index}, a {label}, is all but empty");
            for middle in [across / mass, down / mass] {
                assert!((middle - 14.0).abs() < 1.5, "image {index}, a {label}: {middle}");
            }
        }
    }
}
