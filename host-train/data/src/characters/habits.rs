//! What a hand does in its own way in all of a drawing: how it bends what is straight, where it sets
//! the pen down and lifts it, loops, flags, strokes that run into each other.

use super::{
    chance::Chance,
    geometry::{Point, length},
};

/// Shorter strokes are dots; a character is about two units high.
const DOT: f32 = 0.15;
/// Gaps that a pen may bridge without being lifted.
const GAPS: std::ops::Range<f32> = 0.1..1.5;
/// Straight lines of a loop.
const LOOP: usize = 8;

/// The habits of one hand.
pub struct Habits {
    /// How much strokes are larger or smaller than they should be.
    size: f32,
    /// Height of the arc that a straight stroke becomes, as a share of its length; and how much
    /// strokes differ in that.
    bow: [f32; 2],
    /// How far strokes begin and end too early or too late.
    ends: f32,
    /// Probability that a sharp corner becomes a loop.
    loops: f64,
    /// Probability that the pen stays down on its way to the next stroke.
    links: f64,
    /// Probability that a stroke begins with a flag, and the way from the stroke to the flag's tip.
    flags: f64,
    flag: Point,
}

impl Habits {
    /// Makes some up; `much` is 0 for a hand without any, and 1 for what is usual.
    pub fn new(much: f32, chance: &mut Chance) -> Self {
        let mut has = |share: f32, often: f64| match chance.happens((share * much).into()) {
            true => often,
            false => 0.0,
        };
        let (loops, links, flags) = (has(0.2, 0.6), has(0.1, 0.4), has(0.15, 0.5));
        Self {
            size: 0.1 * much,
            bow: [0.05 * much * chance.normal(), 0.03 * much],
            ends: 0.1 * much * chance.normal().abs(),
            loops,
            links,
            flags,
            flag: Point::direction(chance.between(0.3, 0.7)) * chance.between(0.1, 0.35),
        }
    }

    /// Writes the lines as this hand does.
    pub fn apply(&self, lines: &mut Vec<Vec<Point>>, chance: &mut Chance) {
        for line in lines.iter_mut().filter(|line| length(line) > DOT) {
            if self.loops > 0.0 {
                *line = self.looped(line, chance);
            }
            bend(line, self.bow[0] + self.bow[1] * chance.normal());
            resize(line, [(); 2].map(|()| chance.factor(self.size)));
            for _ in 0..2 {
                let most = 0.4 * length(line);
                move_end(line, (self.ends * chance.normal()).clamp(-most, most));
                line.reverse();
            }
            if self.flags > 0.0 && chance.happens(self.flags) {
                line.insert(0, line[0] + self.flag);
            }
        }
        if self.links > 0.0 {
            let ends: Vec<_> =
                lines.windows(2).map(|pair| [pair[0][pair[0].len() - 1], pair[1][0]]).collect();
            let links = ends
                .into_iter()
                .filter(|[from, to]| GAPS.contains(&(*to - *from).length()) && chance.happens(self.links));
            lines.extend(links.map(Vec::from).collect::<Vec<_>>());
        }
    }

    /// Returns the line with loops at some of the corners that turn by a quarter or more.
    fn looped(&self, line: &[Point], chance: &mut Chance) -> Vec<Point> {
        let mut looped = vec![line[0]];
        for around in line.windows(3) {
            let (before, after) = (around[1] - around[0], around[2] - around[1]);
            let lengths = (before.length() * after.length()).max(1e-6);
            let cosine = (before.x * after.x + before.y * after.y) / lengths;
            match cosine < 0.1 && chance.happens(self.loops) {
                true => add_loop(around, chance.between(0.05, 0.2), &mut looped),
                false => looped.push(around[1]),
            }
        }
        looped.push(line[line.len() - 1]);
        looped
    }
}

/// Adds a loop of about this size in place of the corner in the middle of three points: a cubic curve
/// that goes on beyond the corner, and comes back from beyond it.
fn add_loop(around: &[Point], size: f32, line: &mut Vec<Point>) {
    let corner = around[1];
    let (before, after) = (corner - around[0], around[2] - corner);
    let [lead, leave] = [before, after].map(|way| way * (1.0 / way.length().max(1e-6)));
    let curve = [
        corner - lead * size.min(0.5 * before.length()),
        corner + lead * (3.0 * size),
        corner - leave * (3.0 * size),
        corner + leave * size.min(0.5 * after.length()),
    ];
    for at in 0..=LOOP {
        let share = at as f32 / LOOP as f32;
        let rest = 1.0 - share;
        let weights = [
            rest * rest * rest,
            3.0 * rest * rest * share,
            3.0 * rest * share * share,
            share * share * share,
        ];
        let place = curve.iter().zip(weights).fold(Point::default(), |sum, (&point, w)| sum + point * w);
        line.push(place);
    }
}

/// Bends a line to an arc whose height is this share of the way from end to end. What is closed, or
/// nearly, stays as it is.
fn bend(line: &mut [Point], height: f32) {
    let (chord, total) = (line[line.len() - 1] - line[0], length(line));
    if chord.length() <= 0.3 * total {
        return;
    }
    let across = Point::new(-chord.y, chord.x) * (4.0 * height);
    let (mut gone, mut before) = (0.0, line[0]);
    for point in line {
        gone += (*point - before).length();
        before = *point;
        let share = gone / total;
        *point = *point + across * (share * (1.0 - share));
    }
}

/// Makes a line wider and higher by two factors, about its beginning.
fn resize(line: &mut [Point], [width, height]: [f32; 2]) {
    let begin = line[0];
    for point in line {
        let way = *point - begin;
        *point = begin + Point::new(way.x * width, way.y * height);
    }
}

/// Moves the end of a line straight on, or back by less than the line's length.
fn move_end(line: &mut Vec<Point>, by: f32) {
    let mut back = (-by).max(0.0);
    while let [.., before, end] = line[..] {
        let last = end - before;
        let length = last.length();
        if length > back {
            let place = line.len() - 1;
            line[place] = before + last * ((length - back + by.max(0.0)) / length);
            return;
        }
        if line.len() == 2 {
            return;
        }
        back -= length;
        line.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    fn line(points: &[[f32; 2]]) -> Vec<Point> {
        points.iter().map(|&[x, y]| Point::new(x, y)).collect()
    }

    #[test]
    fn ends_are_moved_along_the_line() {
        let corner = line(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]);
        for (by, expected) in [
            (0.5, line(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.5]])),
            (-0.25, line(&[[0.0, 0.0], [1.0, 0.0], [1.0, 0.75]])),
            (-1.5, line(&[[0.0, 0.0], [0.5, 0.0]])),
            (-9.0, line(&[[0.0, 0.0], [1.0, 0.0]])),
        ] {
            let mut moved = corner.clone();
            move_end(&mut moved, by);
            assert_eq!(moved, expected, "{by}");
        }
    }

    /// A parabola over the chord: its height in the middle, three quarters of it a quarter from an end.
    #[test]
    fn what_is_straight_is_bent_and_what_is_closed_is_not() {
        let mut straight = line(&[[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [4.0, 0.0]]);
        bend(&mut straight, 0.1);
        let expected = [[0.0, 0.0], [1.0, 0.3], [2.0, 0.4], [4.0, 0.0]];
        for (point, [x, y]) in straight.iter().zip(expected) {
            assert!((*point - Point::new(x, y)).length() < 1e-6, "{point:?}");
        }
        let square = line(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]);
        let mut bent = square.clone();
        bend(&mut bent, 0.1);
        assert_eq!(bent, square);
    }

    /// A right angle: the pen passes the corner, crosses its own way, and leaves as it would have.
    #[test]
    fn a_loop_goes_beyond_the_corner_and_comes_back() {
        let corner = line(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]);
        let mut looped = Vec::new();
        add_loop(&corner, 0.1, &mut looped);
        assert_eq!((looped[0], looped[LOOP]), (Point::new(0.9, 0.0), Point::new(1.0, 0.1)));
        assert!(looped.iter().any(|point| point.x > 1.02 && point.y < -0.02), "{looped:?}");
    }

    #[test]
    fn without_habits_nothing_changes() {
        let lines = vec![line(&[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), line(&[[0.5, 0.5], [0.5, 0.5]])];
        let mut chance = Chance::new(Rng::new(1));
        let mut written = lines.clone();
        Habits::new(0.0, &mut chance).apply(&mut written, &mut chance);
        assert_eq!(written, lines);
    }

    /// Of a hundred hands some leave the pen down, some set flags, and a dot stays a dot.
    #[test]
    fn hands_differ() {
        let lines =
            vec![line(&[[0.0, 0.0], [1.0, 0.0]]), line(&[[0.0, 1.0], [1.0, 1.0]]), line(&[[2.0, 2.0]; 2])];
        let mut chance = Chance::new(Rng::new(2));
        let (mut links, mut flags) = (0, 0);
        for _ in 0..100 {
            let mut written = lines.clone();
            Habits::new(1.0, &mut chance).apply(&mut written, &mut chance);
            links += usize::from(written.len() > 3);
            flags += usize::from(written[0].len() > 2);
            assert_eq!(written[2], lines[2]);
        }
        assert!((2..20).contains(&links) && (3..25).contains(&flags), "{links} {flags}");
    }
}
