//! How a person writes a character of the grid: levels and points move, so that what meets keeps
//! meeting.

use super::{
    chance::Chance,
    geometry::{Point, along, sin_cos},
    grid::GridCharacter,
    way::{Anchor, Way},
};

/// Straight lines for a whole turn of an arc.
const PER_TURN: f32 = 14.0;
/// Straight lines for the bend where a way has no corner.
const PER_BEND: usize = 5;

/// Returns the lines of a drawing. `much` is how far a hand strays from the character, 1 for an
/// unsteady one; a hasty hand, 1 for the hastiest, makes the roundest bends.
pub fn trace(character: &GridCharacter, much: f32, haste: f32, chance: &mut Chance) -> Vec<Vec<Point>> {
    // Less where there are many.
    let near = |places: &[f32]| (3.0 / places.len() as f32).min(1.0);
    let levels = |places: &[f32], chance: &mut Chance| -> Vec<f32> {
        places.iter().map(|place| place + near(places) * 0.13 * much * chance.normal()).collect()
    };
    let (columns, rows) = (levels(&character.columns, chance), levels(&character.rows, chance));
    let stray = |by: f32, chance: &mut Chance| Point::new(chance.normal(), chance.normal()) * (by * much);
    let nodes: Vec<Point> = rows
        .iter()
        .flat_map(|&y| columns.iter().map(move |&x| Point::new(x, y)))
        .map(|node| node + stray(0.07 * near(&character.columns), chance))
        .collect();
    let mut lines: Vec<Vec<Point>> = Vec::with_capacity(character.ways.len());
    for way in &character.ways {
        let mut points: Vec<Point> = way
            .anchors
            .iter()
            .map(|&anchor| {
                let place = match anchor {
                    Anchor::Node { column, row } => nodes[row * columns.len() + column],
                    Anchor::On { stroke, at } => along(&lines[stroke], at + 0.06 * much * chance.normal()),
                };
                place + stray(0.035, chance)
            })
            .collect();
        let last = points.len() - 1;
        // Too far, or not far enough.
        let miss = 0.05 * much * chance.normal();
        points[last] = points[last] + (points[last] - points[last - 1]) * miss;
        lines.push(match way.smooth {
            true => smooth(&points, way.anchors[0] == way.anchors[last], 0.6 + 0.4 * haste),
            false => pieces(way, &points, much, chance),
        });
    }
    lines
}

/// Returns a way of straight lines and arcs.
fn pieces(way: &Way, points: &[Point], much: f32, chance: &mut Chance) -> Vec<Point> {
    let mut line = vec![points[0]];
    for (ends, turn) in points.windows(2).zip(&way.turns) {
        let turn = turn * chance.factor(0.2 * much) + 0.02 * much * chance.normal();
        arc(ends[0], ends[1], turn.clamp(-0.8, 0.8), &mut line);
    }
    line
}

/// Adds an arc from one point to another, without the first one.
fn arc(from: Point, to: Point, turn: f32, line: &mut Vec<Point>) {
    let count = (turn.abs() * PER_TURN).max(4.0).ceil();
    let way = to - from;
    let across = Point::new(way.y, -way.x);
    let (sine, cosine) = sin_cos(turn / 2.0);
    for at in 1..=count as usize {
        let share = at as f32 / count;
        if sine.abs() < 0.02 {
            line.push(from + way * share);
            continue;
        }
        let (s, c) = sin_cos((share - 0.5) * turn);
        line.push(from + way * (0.5 + 0.5 * s / sine) + across * (0.5 * (c - cosine) / sine));
    }
}

/// Returns a way without corners: between the middles of its pieces, or nearer to the corner than those,
/// a parabola. `round` is the share of half a piece that a bend takes.
fn smooth(points: &[Point], closed: bool, round: f32) -> Vec<Point> {
    let last = points.len() - 1;
    let middle = |a: Point, b: Point| (a + b) * 0.5;
    // What is closed begins and ends in the middle of its first piece.
    let corners: Vec<Point> = match closed {
        true => {
            let begin = middle(points[0], points[1]);
            let around = points[1..last].iter().copied().chain([middle(points[0], points[last]), begin]);
            [begin].into_iter().chain(around).collect()
        }
        false => points.to_vec(),
    };
    let mut line = vec![corners[0]];
    for around in corners.windows(3) {
        let corner = around[1];
        let ends = [around[0], around[2]].map(|other| corner + (middle(corner, other) - corner) * round);
        for at in 0..=PER_BEND {
            let share = at as f32 / PER_BEND as f32;
            let [a, b] = [ends[0] + (corner - ends[0]) * share, corner + (ends[1] - corner) * share];
            line.push(a + (b - a) * share);
        }
    }
    line.push(corners[corners.len() - 1]);
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    fn assert_near(point: Point, [x, y]: [f32; 2]) {
        assert!((point - Point::new(x, y)).length() < 1e-5, "{point:?} is not {x}, {y}");
    }

    /// Half a circle to the right, from left to right: by way of what lies above.
    #[test]
    fn an_arc_turns_by_its_turn_and_ends_where_it_should() {
        let (from, to) = (Point::new(0.0, 0.0), Point::new(2.0, 0.0));
        for (turn, middle) in [(0.5, [1.0, -1.0]), (-0.5, [1.0, 1.0]), (0.0, [1.0, 0.0])] {
            let mut line = vec![from];
            arc(from, to, turn, &mut line);
            let count = line.len();
            assert_near(line[count - 1], [2.0, 0.0]);
            // An odd number of pieces has no point in the middle.
            if count % 2 == 1 {
                assert_near(line[count / 2], middle);
            }
        }
    }

    #[test]
    fn a_smooth_way_keeps_its_ends_and_cuts_its_corners() {
        let corners = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]].map(|[x, y]| Point::new(x, y));
        let line = smooth(&corners, false, 1.0);
        assert_near(line[0], [0.0, 0.0]);
        assert_near(line[1], [0.5, 0.0]);
        assert_near(line[line.len() - 2], [1.0, 0.5]);
        assert_near(line[line.len() - 1], [1.0, 1.0]);
        assert!(line.iter().all(|&point| (point - corners[1]).length() > 0.15), "{line:?}");
        let [a, b, c] = corners;
        let closed = smooth(&[a, b, c, a], true, 1.0);
        assert_near(closed[0], [0.5, 0.0]);
        assert_near(closed[closed.len() - 1], [0.5, 0.0]);
    }

    /// However the hand strays, a stroke that begins on another one begins near it.
    #[test]
    fn what_meets_keeps_meeting() {
        let node = |column, row| Anchor::Node { column, row };
        let straight = |anchors| Way { anchors, turns: vec![0.0], smooth: false };
        let ways = vec![
            straight(vec![node(0, 0), node(1, 1)]),
            straight(vec![node(0, 0), node(1, 0)]),
            straight(vec![Anchor::On { stroke: 0, at: 0.5 }, node(0, 1)]),
        ];
        let character = GridCharacter { columns: vec![-1.0, 1.0], rows: vec![-1.0, 1.0], ways };
        for seed in 0..100 {
            let lines = trace(&character, 1.0, 0.5, &mut Chance::new(Rng::new(seed)));
            assert!((lines[0][0] - lines[1][0]).length() < 0.4);
            assert!((lines[2][0] - along(&lines[0], 0.5)).length() < 0.9);
        }
        let steady = trace(&character, 0.0, 0.0, &mut Chance::new(Rng::new(1)));
        assert_eq!(steady[0][0], steady[1][0]);
        assert_near(steady[2][0], [0.0, 0.0]);
    }
}
