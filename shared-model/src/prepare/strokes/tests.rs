use super::*;
use std::{vec, vec::Vec};

/// Returns the points of strokes of `(x, y)`.
fn points(strokes: &[&[(u16, u16)]]) -> Vec<Point> {
    let of = |stroke: &&[(u16, u16)]| -> Vec<Point> {
        stroke.iter().enumerate().map(|(at, &(x, y))| Point { x, y, begins: at == 0 }).collect()
    };
    strokes.iter().flat_map(of).collect()
}

fn pixels(points: &[Point], size: [u16; 2]) -> Vec<u8> {
    // What was there before does not matter.
    let mut scratch = vec![0x5a5a_5a5a; scratch_len(size)];
    let mut pixels = vec![0x5a; usize::from(size[0]) * usize::from(size[1])];
    rasterise(points, size, &mut scratch, &mut pixels).unwrap();
    pixels
}

#[test]
fn a_level_line_is_20_pixels_long_and_an_eighth_of_that_thick() {
    // The box has 20 pixels, 320 units, and the pen a diameter of 40. So the line begins 20 units
    // from the left, and has 280: its ends are round, its pixels those of 3 rows, of which the last
    // has samples down to 40 units: 34 and 38 of 34, 38, 42, 46.
    let pixels = pixels(&points(&[&[(7, 9), (1007, 9)]]), [28, 28]);
    let rows: Vec<&[u8]> = pixels.chunks(28).collect();
    // Its mass is 2.5 pixels high, of weights 1, 1 and 1/2: the centre is at (0.5 + 1.5 + 1.25) /
    // 2.5 = 1.3, and 14 − 1.3 = 12.7, rounded to 13. Across, it is symmetric.
    let inked: Vec<usize> = (0..28).filter(|&row| rows[row].iter().any(|&pixel| pixel > 0)).collect();
    assert_eq!(inked, [13, 14, 15]);
    assert_eq!(rows[14][3..25].iter().filter(|&&pixel| pixel > 0).count(), 20);
    assert_eq!((rows[14][3], rows[14][24]), (0, 0));
    assert_eq!((rows[13][14], rows[14][14], rows[15][14]), (255, 255, 128));
    assert_eq!(rows[13][5..23], [255; 18]);
    // The first pixel's samples are 18, 14, 10 and 6 units from the end of the line, (20, 20), each
    // way. Those are covered whose distance is at most 20.
    let covered = [18, 14, 10, 6_i32]
        .iter()
        .flat_map(|x| [18, 14, 10, 6_i32].map(|y| x * x + y * y))
        .filter(|square| *square <= 400)
        .count();
    assert_eq!(covered, 11);
    assert_eq!(usize::from(rows[13][4]), (255 * covered + 8) / 16);
}

#[test]
fn a_point_is_a_dot_of_the_pens_size_in_the_middle() {
    let dot = pixels(&points(&[&[(65_535, 0)]]), [28, 28]);
    let inked: Vec<usize> = (0..784).filter(|&at| dot[at] > 0).collect();
    // 40 units: 3 pixels; see above for the corner, and by symmetry the rest.
    assert_eq!(inked, [377, 378, 379, 405, 406, 407, 433, 434, 435]);
    assert_eq!(dot, pixels(&points(&[&[(3, 3), (3, 3)], &[(3, 3)]]), [28, 28]));
}

#[test]
fn only_proportions_count() {
    let drawing: &[&[(u16, u16)]] = &[&[(0, 0), (10, 30), (20, 0)], &[(5, 15), (15, 15)]];
    let scaled = |by: u16, x: u16, y: u16| -> Vec<Point> {
        let points = points(drawing);
        points.iter().map(|point| Point { x: point.x * by + x, y: point.y * by + y, ..*point }).collect()
    };
    let original = pixels(&points(drawing), [28, 28]);
    assert_eq!(pixels(&scaled(2_000, 5_000, 0), [28, 28]), original);
    assert_eq!(pixels(&scaled(1, 65_515, 65_505), [28, 28]), original);
}

#[test]
fn a_lifted_pen_leaves_no_line() {
    let apart = pixels(&points(&[&[(0, 0), (0, 9)], &[(9, 0), (9, 9)]]), [28, 28]);
    let joined = pixels(&points(&[&[(0, 0), (0, 9), (9, 0), (9, 9)]]), [28, 28]);
    assert_eq!((apart[14 * 28 + 14], joined[14 * 28 + 14]), (0, 255));
}

#[test]
fn the_longest_sides_and_the_widest_range_do_not_overflow() {
    let corners = points(&[&[(0, 0), (65_535, 65_535)], &[(65_535, 0), (0, 65_535)]]);
    let size = [MAX_SIDE; 2];
    let drawn = pixels(&corners, size);
    let at = |row: usize, column: usize| drawn[row * 1024 + column];
    assert_eq!((at(512, 512), at(512, 300), at(300, 512)), (255, 0, 0));
    for (row, column) in [(200, 200), (200, 823), (823, 200), (823, 823)] {
        assert_eq!(at(row, column), 255, "{row}, {column}");
    }
    // The smallest: a box of one pixel, and a cross in it.
    assert!(pixels(&corners, [1, 1])[0] > 0);
    assert_eq!(scratch_len([28, 28]), 200);
}

#[test]
fn what_cannot_be_drawn_is_refused_by_name() {
    let dot = points(&[&[(1, 1)]]);
    let refused = |points: &[Point], size: [u16; 2], scratch: usize, pixels: usize| {
        rasterise(points, size, &mut vec![0; scratch], &mut vec![1; pixels]).err()
    };
    assert_eq!(refused(&dot, [28, 28], 200, 784), None);
    assert_eq!(refused(&[], [28, 28], 200, 784), Some(StrokesError::NoPoints));
    for size in [[0, 28], [28, 0], [MAX_SIDE + 1, 1], [1, MAX_SIDE + 1]] {
        assert_eq!(refused(&dot, size, 9_999, 784), Some(StrokesError::Size));
    }
    assert_eq!(refused(&dot, [28, 28], 199, 784), Some(StrokesError::ScratchLength));
    for len in [0, 783, 785] {
        assert_eq!(refused(&dot, [28, 28], 200, len), Some(StrokesError::PixelsLength));
    }
}

#[test]
fn strokes_are_collected_until_memory_is_full() {
    let mut memory = [Point::default(); 3];
    let mut strokes = Strokes::new(&mut memory);
    strokes.lift();
    assert_eq!((strokes.points(), strokes.is_down()), (&[][..], false));
    strokes.touch(1, 2).unwrap();
    // A pen that rests.
    strokes.touch(1, 2).unwrap();
    assert!(strokes.is_down());
    strokes.lift();
    // The same place again is a stroke of its own.
    strokes.touch(1, 2).unwrap();
    strokes.touch(3, 4).unwrap();
    let expected = points(&[&[(1, 2)], &[(1, 2), (3, 4)]]);
    assert_eq!(strokes.points(), expected);
    assert_eq!(strokes.touch(5, 6), Err(StrokesError::Full));
    strokes.lift();
    assert_eq!(strokes.touch(5, 6), Err(StrokesError::Full));
    assert_eq!(strokes.points(), expected);
    strokes.clear();
    strokes.touch(7, 8).unwrap();
    assert_eq!(strokes.points(), points(&[&[(7, 8)]]));
}
