//! Places for names in a chart, so that none lies on a line, on another name or beyond the edge, on a
//! telephone either.

use super::{
    svg::{Anchor, Share, Text},
    text::width,
};
use std::fmt::Display;

/// Pixels of the narrowest drawing.
pub const NARROW: f64 = 320.0;
/// Pixels to the right of a plane.
pub const RIGHT: f64 = 14.0;
/// Pixels to the left of a plane, at least.
const LEFT: f64 = 28.0;
/// Pixels beside a drawing that are free.
const FREE: f64 = 10.0;
/// Pixels of the narrowest plane, about.
const PLANE: f64 = 244.0;
/// Pixels between a line or a spot and its name.
const GAP: f64 = 4.0;
const SPOT: f64 = 9.0;
/// Pixels from one row of text to the next.
const ROW: f64 = 15.0;

/// A name beside a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Share of the plane's width.
    pub at: f64,
    /// The side of the place that the name is on, and pixels between them.
    anchor: Anchor,
    gap: f64,
    said: String,
}

impl Label {
    /// Returns the text at some height.
    pub fn text(&self, y: impl Display) -> String {
        let gap = match self.anchor {
            Anchor::Start => self.gap,
            Anchor::Middle => 0.0,
            Anchor::End => -self.gap,
        };
        let at = (Share(self.at), y);
        Text { class: "name", at, moved: (gap, 0.0), anchor: self.anchor, said: &self.said }.to_string()
    }

    /// Returns pixels from the top of the name's row to the end of its line, which is beside the name
    /// or below it.
    pub fn line(&self) -> f64 {
        if self.anchor == Anchor::Middle { ROW } else { 2.0 }
    }

    /// Returns where the name begins and ends, in pixels of the narrowest plane.
    fn span(&self) -> [f64; 2] {
        let (at, wide) = (PLANE * self.at, width(&self.said));
        match self.anchor {
            Anchor::Start => [at + self.gap, at + self.gap + wide],
            Anchor::Middle => [at - wide / 2.0, at + wide / 2.0],
            Anchor::End => [at - self.gap - wide, at - self.gap],
        }
    }

    /// Returns the name at the first of some sides that has room for it, or at the last one.
    fn new(at: f64, gap: f64, said: &str, sides: &[Anchor]) -> Self {
        let label = |&anchor: &Anchor| Self { at, anchor, gap, said: said.to_owned() };
        let fits = |label: &Self| {
            let [begins, ends] = label.span();
            begins >= -LEFT - FREE && ends <= PLANE + RIGHT + FREE
        };
        let mut labels = sides.iter().map(label);
        labels.clone().find(fits).or(labels.next_back()).expect("a side")
    }
}

/// Returns the names of vertical lines, which are ascending, in rows above the plane from the top
/// one. A line begins at its row, and so passes the rows below.
pub fn beside_lines(lines: &[(f64, &str)]) -> Vec<Label> {
    let beside = |sides: &'static [Anchor]| move |(at, name): &(f64, &str)| Label::new(*at, GAP, name, sides);
    let right: Vec<Label> = lines.iter().map(beside(&[Anchor::Start, Anchor::End])).collect();
    // To the right of each there are only lines that begin below it; to the left likewise.
    match right.last() {
        Some(last) if last.anchor != Anchor::Start => {
            lines.iter().rev().map(beside(&[Anchor::End, Anchor::Middle, Anchor::Start])).collect()
        }
        _ => right,
    }
}

/// Where a spot's name may be, the best first: pixels that its base line is below the spot, and its
/// side. A curve falls from the upper left corner to the lower right one.
const BESIDE: [(f64, Anchor); 8] = [
    (-8.0, Anchor::Start),
    (17.0, Anchor::End),
    (17.0, Anchor::Start),
    (-8.0, Anchor::End),
    (-23.0, Anchor::Start),
    (32.0, Anchor::End),
    (-38.0, Anchor::Start),
    (47.0, Anchor::End),
];

/// Returns the names of spots, given in shares of a plane from its upper left corner, with the
/// height of each in pixels. Spots at one place have one name.
pub fn beside_spots(spots: &[([f64; 2], &str)], height: f64) -> Vec<(Label, f64)> {
    let mut merged: Vec<([f64; 2], String)> = Vec::new();
    for &(at, name) in spots {
        let near = |other: &[f64; 2]| {
            PLANE * (other[0] - at[0]).abs() < 2.0 && height * (other[1] - at[1]).abs() < 2.0
        };
        match merged.iter_mut().find(|(other, _)| near(other)) {
            Some((_, names)) => *names = format!("{names}, {name}"),
            None => merged.push((at, name.to_owned())),
        }
    }
    let mut placed: Vec<(Label, f64)> = Vec::new();
    for (at, name) in &merged {
        let label = |&(below, side): &(f64, Anchor)| {
            (Label { at: at[0], anchor: side, gap: SPOT, said: name.clone() }, height * at[1] + below)
        };
        let free = |(label, down): &(Label, f64)| {
            let [begins, ends] = label.span();
            let beside = |from: f64, to: f64| begins < to && from < ends;
            let inside = begins >= -LEFT && ends <= PLANE + RIGHT && *down >= 6.0 && *down <= height - 2.0;
            let names = placed.iter().all(|(other, its)| {
                let [first, last] = other.span();
                !beside(first, last) || (its - down).abs() >= ROW
            });
            // A spot is as large as its name's gap, and text is above its base line.
            let spots = merged.iter().filter(|(other, _)| other != at).all(|(other, _)| {
                let [x, y] = [PLANE * other[0], height * other[1]];
                !beside(x - SPOT, x + SPOT) || y + 6.0 < down - 9.0 || y - 6.0 > *down
            });
            inside && names && spots
        };
        let mut labels = BESIDE.iter().map(label);
        let first = labels.clone().next().expect("a place");
        placed.push(labels.find(free).unwrap_or(first));
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_line_lies_on_another_line_or_beyond_the_edge() {
        let places = (0..=50).map(|place| f64::from(place) / 50.0);
        for (low, high) in places.clone().flat_map(|low| places.clone().map(move |high| (low, high))) {
            let (low, high) = (f64::min(low, high), f64::max(low, high));
            let labels = beside_lines(&[(low, "accepts 1 % 0.123"), (high, "equal error 0.123")]);
            assert_eq!(labels.len(), 2);
            for label in &labels {
                let [begins, ends] = label.span();
                assert!(begins >= -LEFT - FREE && ends <= PLANE + RIGHT + FREE, "{low} {high}: {label:?}");
            }
            // The upper one's line passes the lower one's row.
            let (upper, [begins, ends]) = (PLANE * labels[0].at, labels[1].span());
            assert!(upper < begins - 1.0 || upper > ends + 1.0, "{low} {high}: {labels:?}");
        }
    }

    #[test]
    fn names_of_spots_share_a_place_or_keep_apart() {
        let corner = beside_spots(&[([0.0, 1.0], "equal error"), ([0.0, 1.0], "accepts 1 %")], 190.0);
        assert_eq!(corner.len(), 1);
        assert_eq!((corner[0].0.said.as_str(), corner[0].1), ("equal error, accepts 1 %", 182.0));
        // The second one's name is not on the first one's, nor on its spot.
        let near = beside_spots(&[([0.5, 0.5], "equal error"), ([0.45, 0.47], "accepts 1 %")], 190.0);
        let found = near.iter().map(|(label, down)| (label.anchor, down.round()));
        assert_eq!(found.collect::<Vec<_>>(), [(Anchor::Start, 87.0), (Anchor::End, 106.0)]);
        // At the right edge to the left of it, and below what is at the top.
        let edge = beside_spots(&[([1.0, 0.0], "equal error")], 190.0);
        assert_eq!((edge[0].0.anchor, edge[0].1), (Anchor::End, 17.0));
    }
}
