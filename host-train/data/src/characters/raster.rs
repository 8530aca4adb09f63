//! Ink on paper: lines of one width, as pixels.

use super::geometry::Point;

/// Height and width of an image.
pub const SIDE: usize = 28;

/// Draws polylines with a round pen. `radius` is the pen's, `softness` the half width of its edge's
/// ramp from ink to paper, both in pixels; `ink` is the value of a pixel that is wholly covered.
/// What lies outside of the image is not drawn.
pub fn draw(lines: &[Vec<Point>], radius: f32, softness: f32, ink: f32, image: &mut [u8]) {
    let reach = radius + softness;
    // For each pixel the square of its distance from the nearest line, at most that of the reach.
    let mut squares = [reach * reach; SIDE * SIDE];
    for line in lines {
        for ends in line.windows(2) {
            near(ends[0], ends[1], reach, &mut squares);
        }
    }
    for (pixel, square) in image.iter_mut().zip(squares) {
        let covered = (0.5 + (radius - square.sqrt()) / (2.0 * softness)).clamp(0.0, 1.0);
        *pixel = (covered * ink + 0.5) as u8;
    }
}

/// Lowers the squares of the pixels that a straight line is the nearest of.
fn near(from: Point, to: Point, reach: f32, squares: &mut [f32; SIDE * SIDE]) {
    let way = to - from;
    let length = way.length();
    let along = if length > 0.0 { way * (1.0 / length) } else { Point::default() };
    // Pixel i's middle is at i + ½; `as` saturates, so that nothing leaves the image.
    let range = |a: f32, b: f32| {
        let first = (a.min(b) - reach + 0.5) as usize;
        first..((a.max(b) + reach + 0.5) as usize).min(SIDE)
    };
    let columns = range(from.x, to.x);
    if columns.is_empty() {
        return;
    }
    for row in range(from.y, to.y) {
        let y = row as f32 + 0.5 - from.y;
        let pixels = &mut squares[row * SIDE..][columns.clone()];
        let first = columns.start as f32 + 0.5 - from.x;
        for (column, square) in pixels.iter_mut().enumerate() {
            let x = first + column as f32;
            let share = (x * along.x + y * along.y).clamp(0.0, length);
            let (across, down) = (x - share * along.x, y - share * along.y);
            *square = square.min(across * across + down * down);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(lines: &[Vec<Point>], radius: f32) -> Vec<u8> {
        let mut image = vec![0; SIDE * SIDE];
        draw(lines, radius, 0.5, 200.0, &mut image);
        image
    }

    /// A line along the middles of row 10, from column 5 to 20, two pixels wide: wholly covered where
    /// it is nearer than ½ pixel, half where it is at 1.
    #[test]
    fn a_line_is_ink_within_its_radius_and_fades_at_its_edge() {
        let image = drawn(&[vec![Point::new(5.5, 10.5), Point::new(20.5, 10.5)]], 1.0);
        let at = |row: usize, column: usize| image[row * SIDE + column];
        assert_eq!([8, 9, 10, 11, 12].map(|row| at(row, 12)), [0, 100, 200, 100, 0]);
        assert_eq!([3, 4, 5, 20, 21, 22].map(|column| at(10, column)), [0, 100, 200, 200, 100, 0]);
        assert_eq!(at(11, 21), 17, "√2 from the line's end: 0.5 + 1 - 1.4142 of 200, rounded");
    }

    #[test]
    fn a_point_is_a_dot_and_what_is_outside_is_not_drawn() {
        let dot = drawn(&[vec![Point::new(3.5, 3.5), Point::new(3.5, 3.5)]], 1.0);
        assert_eq!((dot[3 * SIDE + 3], dot[3 * SIDE + 4], dot[3 * SIDE + 5]), (200, 100, 0));
        let outside = drawn(&[vec![Point::new(-50.0, -9.0), Point::new(-3.0, 60.0)]], 1.0);
        assert!(outside.iter().all(|&pixel| pixel == 0));
        let across = drawn(&[vec![Point::new(-50.0, 14.5), Point::new(90.0, 14.5)]], 1.0);
        assert!(across[14 * SIDE..][..SIDE].iter().all(|&pixel| pixel == 200));
    }
}
