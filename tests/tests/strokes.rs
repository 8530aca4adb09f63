//! The pixels that `shared_model::prepare::strokes` makes are those that `docs/FORMAT.md` defines, and digits that a
//! pen writes are recognised by the built-in model.

use firmware::model;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use shared_model::{
    Gallery, Model, Threshold, gallery,
    gallery::Method,
    prepare::strokes::{Point, rasterise, scratch_len},
};
use tests::drawing;
use tinytriplet_data::drawn::{self, Stroke};

fn pixels(points: &[Point], size: [u16; 2]) -> Vec<u8> {
    let mut scratch = vec![0x5a5a_5a5a; scratch_len(size)];
    let mut pixels = vec![0x5a; usize::from(size[0]) * usize::from(size[1])];
    rasterise(points, size, &mut scratch, &mut pixels).unwrap();
    pixels
}

/// A few strokes in a range of its own: a wandering pen, jumps, level and upright lines, dots.
fn random_points(rng: &mut ChaCha8Rng) -> Vec<Point> {
    let range = [1, 3, 100, 4_096, u16::MAX][rng.random_range(0..5)];
    let most = [2, 12, 40][rng.random_range(0..3)];
    let count = rng.random_range(1..=most);
    let step = range / [1, 4, 16][rng.random_range(0..3)];
    let [axis_x, axis_y] = [[true, true], [true, false], [false, true]][rng.random_range(0..3)];
    let mut at: [u16; 2] = [0, 1].map(|_| rng.random_range(0..=range));
    let points = (0..count).map(|_| {
        for (place, moves) in at.iter_mut().zip([axis_x, axis_y]) {
            let to = i32::from(*place) + rng.random_range(-i32::from(step)..=i32::from(step));
            *place = if moves { to.clamp(0, i32::from(range)) as u16 } else { *place };
        }
        Point { x: at[0], y: at[1], begins: rng.random_ratio(1, 6) }
    });
    points.collect()
}

#[test]
fn any_strokes_become_the_pixels_that_are_defined() {
    (0..4_000_u64).into_par_iter().for_each(|seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let points = random_points(&mut rng);
        let size: [u16; 2] = match rng.random_range(0..8) {
            0 => [rng.random_range(1..=5), rng.random_range(1..=5)],
            1 => [rng.random_range(1..=70), rng.random_range(1..=70)],
            _ => [28, 28],
        };
        let plain: Vec<_> = points.iter().map(|point| (point.x, point.y, point.begins)).collect();
        let defined = drawing::drawn(&plain, size[0].into(), size[1].into());
        let pixels = pixels(&points, size);
        assert_eq!(Some(&pixels), defined.as_ref(), "{seed}: {size:?} {points:?}");
        assert!(pixels.iter().any(|&pixel| pixel > 0), "{seed}: {size:?} {points:?}");
    });
}

/// As a panel of 1,000 × 1,000 points gives them, the digit 300 points high.
fn touched(strokes: &[Stroke]) -> Vec<Point> {
    let coordinate = |value: f32| (350.0 + 300.0 * value).clamp(0.0, 999.0) as u16;
    let of = |stroke: &Stroke| -> Vec<Point> {
        let point = |(at, &(x, y)): (usize, &(f32, f32))| Point {
            x: coordinate(x),
            y: coordinate(y),
            begins: at == 0,
        };
        stroke.iter().enumerate().map(point).collect()
    };
    strokes.iter().flat_map(of).collect()
}

/// The share of `shown` whose nearest prototype is theirs, in thousandths. Of each digit, the first five images are
/// enrolled.
fn named_right(model: &Model<'_>, digits: &[(u8, Vec<u8>)]) -> usize {
    let mut scratch = vec![0; model.scratch_len()];
    let mut memory = vec![0; 10 * gallery::entry_len(model.embedding_len(), 0)];
    let mut gallery = Gallery::new(model, 0, &mut memory);
    let mut embedding = vec![0; model.embedding_len()];
    let (mut right, mut shown) = (0, 0);
    for digit in 0..10 {
        for (_, image) in digits.iter().filter(|(label, _)| *label == digit).take(5) {
            model.embed(image, &mut scratch, &mut embedding).unwrap();
            gallery.enrol(&digit.to_string(), &embedding).unwrap();
        }
    }
    for digit in 0..10 {
        for (label, image) in digits.iter().filter(|(label, _)| *label == digit).skip(5) {
            model.embed(image, &mut scratch, &mut embedding).unwrap();
            let seen = gallery.recognise(model, &embedding, Method::Prototype, Threshold::None).unwrap();
            right += usize::from(seen.nearest.is_some_and(|nearest| nearest.label == label.to_string()));
            shown += 1;
        }
    }
    1_000 * right / shown
}

#[test]
fn written_digits_are_recognised_as_drawn_ones_are() {
    let model = Model::decode(model::FILE).unwrap();
    let size = [model.input().shape.height, model.input().shape.width];
    let written: Vec<(u8, Vec<u8>)> = drawn::strokes(1, 105)
        .iter()
        .map(|(label, strokes)| (*label as u8, pixels(&touched(strokes), size)))
        .collect();
    let test = drawn::dataset(1, 1, 105).test;
    let drawn: Vec<(u8, Vec<u8>)> =
        (0..test.len()).map(|index| (test.label(index) as u8, test.image(index).to_vec())).collect();
    let [written, drawn] = [written, drawn].map(|digits| named_right(&model, &digits));
    println!("named right by five examples each: {written} ‰ of written digits, {drawn} ‰ of drawn ones");
    assert!(
        written >= 900 && written + 30 >= drawn,
        "{written} ‰ of written digits, {drawn} ‰ of drawn ones"
    );
}
