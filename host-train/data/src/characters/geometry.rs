//! Points, and turns of the plane, in arithmetic that is the same on every machine.

use std::ops::{Add, Mul, Sub};

/// A point, or the way from one to another: x to the right, y downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

impl Point {
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// Returns the way of length 1 in a direction, in turns: 0 is to the right, ¼ downwards.
    pub fn direction(turns: f32) -> Self {
        let (sine, cosine) = sin_cos(turns);
        Self::new(cosine, sine)
    }

    pub fn length(self) -> f32 {
        (self.x * self.x + self.y * self.y).sqrt()
    }
}

impl Add for Point {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Point {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f32> for Point {
    type Output = Self;

    fn mul(self, factor: f32) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

/// Returns sine and cosine of an angle in turns, to about 1e-6: Taylor's polynomials within an
/// eighth of a turn. The system's functions differ from machine to machine.
pub fn sin_cos(turns: f32) -> (f32, f32) {
    let quarters = (turns * 4.0).round();
    let x = (turns * 4.0 - quarters) * std::f32::consts::FRAC_PI_2;
    let square = x * x;
    let sine = x * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0)));
    let cosine = 1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0 * (1.0 - square / 56.0)));
    match quarters.rem_euclid(4.0) as u8 {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

/// Returns the length of a line.
pub fn length(line: &[Point]) -> f32 {
    line.windows(2).map(|ends| (ends[1] - ends[0]).length()).sum()
}

/// Returns the point at a share of the line's way.
pub fn along(line: &[Point], share: f32) -> Point {
    let mut left = length(line) * share;
    for ends in line.windows(2) {
        let way = ends[1] - ends[0];
        let length = way.length();
        if left <= length && length > 0.0 {
            return ends[0] + way * (left / length);
        }
        left -= length;
    }
    line[line.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine_are_those_of_the_library() {
        for step in -400..=400 {
            let turns = step as f32 / 150.0;
            let (sine, cosine) = sin_cos(turns);
            let exact = (f64::from(turns) * std::f64::consts::TAU).sin_cos();
            assert!((f64::from(sine) - exact.0).abs() < 2e-6, "{turns}: {sine}");
            assert!((f64::from(cosine) - exact.1).abs() < 2e-6, "{turns}: {cosine}");
        }
    }
}
