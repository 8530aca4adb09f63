//! How a person writes: the same character, another drawing each time.

use super::{
    chance::Chance,
    geometry::{Point, along, length},
    grid::GridCharacter,
    habits::Habits,
    raster::SIDE,
    stroke::{Joint, Stroke, StrokeCharacter},
    trace::trace,
};
use tinytriplet_recipe::CharactersConfig;

/// The longer side of the box that a character fills, with its ink: MNIST's 20 of 28 pixels.
const BOX: f32 = 20.0;
/// Straight lines for a whole turn of an arc.
const PER_TURN: f32 = 14.0;
/// Straight lines for a piece that has no turn: it may be bent.
const PER_LINE: f32 = 4.0;

/// How far an unsteady hand trembles, and over what length; a character is one or two units high.
const TREMBLE: f32 = 0.03;
const TREMBLE_LENGTH: f32 = 0.25;

/// Share of the hands that write aslant.
const ASLANT: f64 = 0.3;
/// Share of the hands with a thick pen.
const THICK: f64 = 0.2;
/// The largest product of a pen's radius and the length of all lines, in square pixels: a thick pen would
/// blot out a character of many strokes.
const MOST_INK: f32 = 120.0;
/// The radius of a pen that is fine enough for any character, in pixels.
const FINE: f32 = 0.6;

/// What is the same in all of one drawing.
pub struct Hand {
    /// Turn, slant and width in one: where a step to the right leads, and one downwards.
    right: Point,
    down: Point,
    /// Factors of x², xy, y², x³ and y³ in the displacement of x, then of y.
    bend: [[f32; 5]; 2],
    /// How much strokes stray from their character's.
    unsteadiness: f32,
    /// How far corners are rounded, 0 to 1.
    haste: f32,
    habits: Habits,
    /// Radius of the pen and softness of its edge, in pixels.
    pub radius: f32,
    pub softness: f32,
    /// The value of a pixel that is all ink.
    pub ink: f32,
}

impl Hand {
    pub fn new(config: &CharactersConfig, chance: &mut Chance) -> Self {
        let style = config.style as f32;
        let (width, height) = (chance.factor(0.18 * style), chance.factor(0.14 * style));
        let slant = if chance.happens(ASLANT) { 0.35 } else { 0.16 } * style * chance.normal();
        let turn = 0.016 * style * chance.normal();
        let right = Point::direction(turn);
        let down = Point::new(-right.y, right.x);
        let bend = 0.07 * config.bend as f32;
        let pen = match chance.happens(THICK * config.pen.min(1.0)) {
            true => 3.6 * chance.factor(0.25),
            false => 2.0 * chance.factor(0.3 * config.pen as f32),
        };
        Self {
            right: right * width,
            down: (down + right * slant) * height,
            bend: [(); 2].map(|()| [(); 5].map(|()| bend * chance.normal())),
            habits: Habits::new(config.habits as f32, chance),
            unsteadiness: config.jitter as f32 * (0.35 + 0.45 * chance.normal().abs()),
            haste: (config.jitter as f32).min(1.0) * chance.between(0.0, 1.0),
            radius: 0.41 * pen,
            softness: 0.5 + 0.1 * config.pen as f32 * chance.between(0.0, 1.0),
            ink: 255.0 - 50.0 * config.pen as f32 * chance.between(0.0, 1.0),
        }
    }

    /// Returns the lines of a drawing, in pixels.
    pub fn write(&mut self, character: &StrokeCharacter, chance: &mut Chance) -> Vec<Vec<Point>> {
        let mut lines: Vec<Vec<Point>> = Vec::with_capacity(character.strokes.len());
        for stroke in &character.strokes {
            let mut line = self.path(stroke, chance);
            let stray = |chance: &mut Chance, by: f32| {
                Point::new(chance.normal(), chance.normal()) * (by * self.unsteadiness)
            };
            let shift = match stroke.joint {
                Joint::Free { at: [x, y] } => Point::new(x, y) + stray(chance, 0.09),
                Joint::On { stroke, at, own } => {
                    along(&lines[stroke], at) - along(&line, own) + stray(chance, 0.05)
                }
                Joint::Beside { stroke, by: [x, y] } => {
                    lines[stroke][0] + Point::new(x, y) + stray(chance, 0.07)
                }
            };
            line.iter_mut().for_each(|point| *point = *point + shift);
            lines.push(line);
        }
        self.habits.apply(&mut lines, chance);
        self.tremble(&mut lines, chance);
        self.set(&mut lines);
        lines
    }

    /// Returns the lines of a drawing of a character on a grid, in pixels.
    pub fn write_on_grid(&mut self, character: &GridCharacter, chance: &mut Chance) -> Vec<Vec<Point>> {
        let lines = trace(character, self.unsteadiness, self.haste, chance);
        let mut lines: Vec<_> = lines.into_iter().map(|line| rounded(line, 0.6 * self.haste)).collect();
        self.habits.apply(&mut lines, chance);
        self.tremble(&mut lines, chance);
        self.set(&mut lines);
        lines
    }

    /// Returns the path of a stroke from the origin, as this drawing has it.
    fn path(&self, stroke: &Stroke, chance: &mut Chance) -> Vec<Point> {
        let much = self.unsteadiness;
        let mut heading = stroke.heading + 0.014 * much * chance.normal();
        let size = chance.factor(0.10 * much);
        let squash = stroke.squash * chance.factor(0.08 * much);
        let mut at = Point::default();
        let mut line = vec![at];
        for piece in &stroke.pieces {
            heading += piece.corner + if piece.corner == 0.0 { 0.0 } else { 0.02 * much * chance.normal() };
            let length = piece.length * size * chance.factor(0.13 * much);
            let turn = piece.turn * chance.factor(0.10 * much) + 0.015 * much * chance.normal();
            let count = (turn.abs() * PER_TURN).max(if piece.length < 0.1 { 1.0 } else { PER_LINE }).ceil();
            for _ in 0..count as usize {
                heading += turn / (2.0 * count);
                let step = Point::direction(heading) * (length / count);
                at = at + Point::new(step.x / squash, step.y * squash);
                line.push(at);
                heading += turn / (2.0 * count);
            }
        }
        rounded(line, 0.6 * self.haste)
    }

    /// Lets the hand tremble: it leaves every line by a little, to and fro.
    fn tremble(&self, lines: &mut [Vec<Point>], chance: &mut Chance) {
        let by = TREMBLE * self.unsteadiness;
        for line in lines.iter_mut().filter(|line| by > 0.0 && length(line) > 0.15) {
            let count = (length(line) / TREMBLE_LENGTH).ceil() as usize;
            let mut stray = || Point::new(chance.normal(), chance.normal()) * by;
            let strays: Vec<Point> = (0..count + 2).map(|_| stray()).collect();
            let places = evenly(line, 3 * count).into_iter().enumerate();
            let strayed = places.map(|(at, place)| {
                let (before, share) = (at / 3, (at % 3) as f32 / 3.0);
                place + strays[before] * (1.0 - share) + strays[before + 1] * share
            });
            *line = strayed.collect();
        }
    }

    /// Bends, slants and scales the lines, and puts their centre of mass in the middle of the image, as
    /// MNIST's digits are set. Takes a finer pen where there is much to write.
    fn set(&mut self, lines: &mut [Vec<Point>]) {
        let [middle, extent] = bounds(lines);
        let scale = 2.0 / extent.x.max(extent.y).max(0.3);
        for point in lines.iter_mut().flatten() {
            let Point { x, y } = (*point - middle) * scale;
            let terms = [x * x, x * y, y * y, x * x * x, y * y * y];
            let displacement = |factors: [f32; 5]| {
                factors.iter().zip(terms).map(|(factor, term)| factor * term).sum::<f32>()
            };
            let bent = Point::new(x + displacement(self.bend[0]), y + displacement(self.bend[1]));
            *point = self.right * bent.x + self.down * bent.y;
        }
        let [_, extent] = bounds(lines);
        // A dot alone would fill the box.
        let side = extent.x.max(extent.y).max(0.3);
        let total = lines.iter().map(|line| length(line)).sum::<f32>() * BOX / side;
        self.radius = self.radius.min((MOST_INK / total).max(FINE));
        let scale = (BOX - 2.0 * self.radius) / side;
        lines.iter_mut().flatten().for_each(|point| *point = *point * scale);
        let shift = Point::new(SIDE as f32 / 2.0, SIDE as f32 / 2.0) - centre_of_mass(lines);
        lines.iter_mut().flatten().for_each(|point| *point = *point + shift);
    }
}

/// Returns the line with its corners rounded by moving each point towards the middle of its neighbours.
fn rounded(line: Vec<Point>, share: f32) -> Vec<Point> {
    let mut round = line.clone();
    for (at, around) in line.windows(3).enumerate() {
        let middle = (around[0] + around[2]) * 0.5;
        round[at + 1] = around[1] + (middle - around[1]) * share;
    }
    round
}

/// Returns points of the line at even distances, so many and its beginning.
fn evenly(line: &[Point], count: usize) -> Vec<Point> {
    let step = length(line) / count as f32;
    let mut points = vec![line[0]];
    // How much of the way to the next point lies before these ends.
    let mut gone = 0.0;
    for ends in line.windows(2) {
        let way = ends[1] - ends[0];
        let length = way.length();
        while points.len() < count && gone + length >= step && length > 0.0 {
            points.push(ends[0] + way * ((step - gone) / length));
            gone -= step;
        }
        gone += length;
    }
    points.push(line[line.len() - 1]);
    points
}

/// Returns the middle of the box that the lines fill, and its width and height.
fn bounds(lines: &[Vec<Point>]) -> [Point; 2] {
    let (mut low, mut high) = (Point::new(f32::MAX, f32::MAX), Point::new(f32::MIN, f32::MIN));
    for point in lines.iter().flatten() {
        low = Point::new(low.x.min(point.x), low.y.min(point.y));
        high = Point::new(high.x.max(point.x), high.y.max(point.y));
    }
    [(low + high) * 0.5, high - low]
}

fn centre_of_mass(lines: &[Vec<Point>]) -> Point {
    let (mut mass, mut moment) = (0.0, Point::default());
    for ends in lines.iter().flat_map(|line| line.windows(2)) {
        // Even a dot weighs something.
        let length = (ends[1] - ends[0]).length() + 1e-3;
        mass += length;
        moment = moment + (ends[0] + ends[1]) * (0.5 * length);
    }
    moment * (1.0 / mass)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_even_distances() {
        let line = [[0.0, 0.0], [1.0, 0.0], [1.0, 3.0]].map(|[x, y]| Point::new(x, y));
        let points = evenly(&line, 4);
        let expected = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0]];
        assert_eq!(points, expected.map(|[x, y]| Point::new(x, y)));
        assert_eq!(evenly(&line, 1), [line[0], line[2]]);
    }
}
