//! Characters whose strokes lead from one point of a coarse grid to another, as those of most
//! scripts do: what is level stays level, what meets keeps meeting, and the whole is well filled.

use super::{
    chance::Chance,
    geometry::Point,
    manner::{Build, Manner, PARTS},
    way::{Anchor, Way},
};
use crate::rng::Rng;
use tinytriplet_recipe::CharactersConfig;

/// Arcs between two points, in whole turns.
const ARCS: [f32; 6] = [0.2, 0.25, 0.4, 0.5, 0.5, 0.6];
/// The number of other points that are tried where one does not suit.
const TRIES: usize = 12;
/// Half the gap between two parts.
const GAP: f32 = 0.2;

/// A character on a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct GridCharacter {
    /// Places of the columns, about −1 to 1, before a hand moves them.
    pub columns: Vec<f32>,
    /// Places of the rows.
    pub rows: Vec<f32>,
    pub ways: Vec<Way>,
}

/// Makes up what the characters of an alphabet have in common. `rng` is the alphabet's, and `chance` a stream
/// of it.
pub fn manner(config: &CharactersConfig, rng: &Rng, chance: &mut Chance) -> Manner {
    let mut manner = Manner::new(config, rng, chance);
    let build = match manner.build {
        Build::Parts(_) => return manner,
        Build::Strokes(_) => Build::Strokes,
        Build::Winding(_) => Build::Winding,
    };
    if chance.happens(0.4) {
        manner.build = build(Some(GridCharacter::one_way(config, &manner, chance)));
    }
    manner
}

impl GridCharacter {
    /// Makes one up.
    pub fn new(config: &CharactersConfig, manner: &Manner, chance: &mut Chance) -> Self {
        let mut character = Self::empty(manner, chance);
        let count = match &manner.build {
            Build::Parts(parts) if chance.happens(0.85) => {
                let known = Self::known_part(config, manner, parts, chance);
                let other = match chance.happens(0.6) {
                    true => Self::known_part(config, manner, parts, chance),
                    false => Self::part(config, manner, chance),
                };
                return match chance.happens(0.5) {
                    true => Self::composed(&known, &other, chance),
                    false => Self::composed(&other, &known, chance),
                };
            }
            Build::Winding(_) => 1 + chance.weighted(&[0.6, 0.3, 0.1]),
            _ => 1 + manner.more + chance.weighted(&[0.30, 0.36, 0.22, 0.09, 0.03]),
        };
        let count = match &manner.build {
            Build::Strokes(Some(way)) if chance.happens(0.8) => {
                character.ways.push(way.clone());
                count.max(2)
            }
            Build::Winding(Some(way)) if chance.happens(0.8) => {
                let way = character.other_end(way, chance);
                character.ways.push(way);
                count
            }
            _ => count,
        };
        for _ in character.ways.len()..count {
            character.add(config, manner, count, chance);
        }
        // What is very simple is told from hardly anything: mostly it gets company.
        let pieces: usize = character.ways.iter().map(|way| way.turns.len()).sum();
        if pieces == 1 || (pieces == 2 && chance.happens(0.6)) {
            character.add(config, manner, count, chance);
        }
        character
    }

    /// Returns one of the alphabet's parts, which are in the stream `parts`.
    fn known_part(config: &CharactersConfig, manner: &Manner, parts: &Rng, chance: &mut Chance) -> Self {
        let number = chance.below(PARTS) as u64;
        Self::part(config, manner, &mut Chance::new(parts.stream(number)))
    }

    /// Makes a simple one up, to be a part of others.
    fn part(config: &CharactersConfig, manner: &Manner, chance: &mut Chance) -> Self {
        let mut character = Self::empty(manner, chance);
        let count = 1 + chance.weighted(&[0.55, 0.35, 0.1]);
        for _ in 0..count {
            character.add(config, manner, count, chance);
        }
        character
    }

    /// Makes a stroke up that characters of this manner may begin with.
    fn one_way(config: &CharactersConfig, manner: &Manner, chance: &mut Chance) -> Way {
        let mut character = Self::empty(manner, chance);
        character.add(config, manner, 2, chance);
        character.ways.swap_remove(0)
    }

    /// Returns a character that has no strokes yet.
    fn empty(manner: &Manner, chance: &mut Chance) -> Self {
        let width = manner.width * chance.factor(0.2);
        Self {
            columns: manner.columns.iter().map(|place| place * width).collect(),
            rows: manner.rows.clone(),
            ways: Vec::new(),
        }
    }

    /// Returns both in one, side by side or one above the other.
    fn composed(first: &Self, second: &Self, chance: &mut Chance) -> Self {
        let beside = chance.happens(0.6);
        let middle = 2.0 * [0.5, 0.5, 0.4, 0.65][chance.below(4)] - 1.0;
        let squeezed = |places: &[f32], low: f32, high: f32| -> Vec<f32> {
            let bounds = |(low, high): (f32, f32), &place: &f32| (low.min(place), high.max(place));
            let (least, most) = places.iter().fold((f32::MAX, f32::MIN), bounds);
            let factor = (high - low) / (most - least).max(1e-3);
            places.iter().map(|place| low + factor * (place - least)).collect()
        };
        let [mut whole, other] =
            [(first, -1.0, middle - GAP), (second, middle + GAP, 1.0)].map(|(character, low, high)| {
                match beside {
                    true => Self {
                        columns: squeezed(&character.columns, 0.9 * low, 0.9 * high),
                        ..character.clone()
                    },
                    false => Self { rows: squeezed(&character.rows, low, high), ..character.clone() },
                }
            });
        let (columns, rows, ways) = (whole.columns.len(), whole.rows.len(), whole.ways.len());
        whole.columns.extend(other.columns);
        whole.rows.extend(other.rows);
        for mut way in other.ways {
            for anchor in &mut way.anchors {
                *anchor = match *anchor {
                    Anchor::Node { column, row } => {
                        Anchor::Node { column: columns + column, row: rows + row }
                    }
                    Anchor::On { stroke, at } => Anchor::On { stroke: ways + stroke, at },
                };
            }
            whole.ways.push(way);
        }
        whole
    }

    /// Adds a stroke; `count` are those that there will be: of many, most are short.
    fn add(&mut self, config: &CharactersConfig, manner: &Manner, count: usize, chance: &mut Chance) {
        let is_first = self.ways.is_empty();
        if matches!(manner.build, Build::Winding(_)) && (is_first || chance.happens(0.3)) {
            let pieces = if is_first { 3 + chance.below(6) } else { 2 + chance.below(3) };
            let way = self.winding(pieces, chance);
            return self.ways.push(way);
        }
        if !is_first && chance.happens(0.04) {
            let node = self.node(chance);
            return self.ways.push(Way::dot(node));
        }
        let pieces = match count {
            1 => 2 + chance.weighted(&[0.25, 0.35, 0.25, 0.15]),
            2 => 1 + chance.weighted(&[0.35, 0.35, 0.2, 0.1]),
            _ => 1 + chance.weighted(&[0.6, 0.3, 0.1]),
        };
        let first = self.beginning(config, chance);
        let smooth = pieces > 1 && chance.happens(manner.smooth);
        let closed = pieces > 2 && chance.happens(0.12);
        let mut way = Way { anchors: vec![first], turns: Vec::new(), smooth };
        for at in 1..=pieces {
            let is_last = at == pieces;
            let next = if is_last && closed { first } else { self.next(&way, is_last, chance) };
            let arc = !smooth && chance.happens(manner.arcs);
            way.anchors.push(next);
            way.turns.push(if arc { chance.sign() * ARCS[chance.below(ARCS.len())] } else { 0.0 });
        }
        self.ways.push(way);
    }

    /// Makes a way up that winds through so many points, from somewhere at the left.
    fn winding(&self, pieces: usize, chance: &mut Chance) -> Way {
        let column = chance.below(self.columns.len()) / 2;
        let first = Anchor::Node { column, row: chance.below(self.rows.len()) };
        let mut way = Way { anchors: vec![first], turns: Vec::new(), smooth: chance.happens(0.8) };
        for _ in 0..pieces {
            let next = self.winds_to(&way, chance);
            way.go(next);
        }
        way
    }

    /// Returns a winding way that begins like another one.
    fn other_end(&self, way: &Way, chance: &mut Chance) -> Way {
        let mut way = way.clone();
        let kept = 2 + chance.below(way.anchors.len() - 1);
        way.anchors.truncate(kept);
        way.turns.truncate(kept - 1);
        for _ in 0..2 + chance.below(3) {
            let next = self.winds_to(&way, chance);
            way.go(next);
        }
        way
    }

    /// Returns the point that a winding way goes to next: up or down, mostly in the next column.
    fn winds_to(&self, way: &Way, chance: &mut Chance) -> Anchor {
        let here = way.anchors[way.anchors.len() - 1];
        let Anchor::Node { column, row } = here else { return self.node(chance) };
        let before = way.anchors.len().checked_sub(2).map(|at| way.anchors[at]);
        for _ in 0..TRIES {
            let next = Anchor::Node {
                // The column before, its own, the next, or the one after that.
                column: (column + chance.weighted(&[0.15, 0.35, 0.4, 0.1])).wrapping_sub(1),
                row: chance.below(self.rows.len()),
            };
            let Anchor::Node { column: to, row: other } = next else { continue };
            let moves = other != row || chance.happens(0.25);
            if to < self.columns.len() && moves && next != here && Some(next) != before {
                return next;
            }
        }
        self.node(chance)
    }

    /// Returns any point of the grid.
    fn node(&self, chance: &mut Chance) -> Anchor {
        Anchor::Node { column: chance.below(self.columns.len()), row: chance.below(self.rows.len()) }
    }

    /// Returns the point where a stroke begins: mostly one where an earlier one has been.
    fn beginning(&self, config: &CharactersConfig, chance: &mut Chance) -> Anchor {
        if self.ways.is_empty() || !chance.happens(config.joints) {
            return self.node(chance);
        }
        let stroke = chance.below(self.ways.len());
        match chance.below(3) {
            0 => Anchor::On { stroke, at: [0.5, 0.33, 0.67][chance.below(3)] },
            _ => {
                let anchors = &self.ways[stroke].anchors;
                anchors[chance.below(anchors.len())]
            }
        }
    }

    /// Returns the point that a stroke goes to next: not back, seldom straight on or aslant, and not along
    /// what is there already.
    fn next(&self, way: &Way, is_last: bool, chance: &mut Chance) -> Anchor {
        let here = self.place(way.anchors[way.anchors.len() - 1]);
        let before = way.anchors.len().checked_sub(2).map(|at| self.place(way.anchors[at]));
        if is_last && !self.ways.is_empty() && chance.happens(0.12) {
            return Anchor::On { stroke: chance.below(self.ways.len()), at: chance.between(0.2, 0.8) };
        }
        let mut found = self.node(chance);
        for _ in 0..TRIES {
            let step = self.place(found) - here;
            let is_straight = step.x.abs() < 0.15 || step.y.abs() < 0.15;
            let turns = before.is_none_or(|before| {
                let last = here - before;
                let lengths = (step.length() * last.length()).max(1e-6);
                let cosine = (step.x * last.x + step.y * last.y) / lengths;
                cosine > -0.9 && (cosine < 0.9 || chance.happens(0.1))
            });
            let suits = step.length() > 0.3 && turns && (is_straight || chance.happens(0.15));
            if suits && self.is_free(way, here, step, chance) {
                break;
            }
            found = self.node(chance);
        }
        found
    }

    /// Returns true if a straight piece has a place of its own: not along another one, and seldom across
    /// one or to where the pen has been.
    fn is_free(&self, way: &Way, from: Point, step: Point, chance: &mut Chance) -> bool {
        let (may_cross, may_meet) = (chance.happens(0.25), chance.happens(0.35));
        let square = (step.x * step.x + step.y * step.y).max(1e-6);
        let is_free = |ends: &[Anchor]| {
            let [a, b] = [self.place(ends[0]) - from, self.place(ends[1]) - from];
            let across = |point: Point| point.x * step.y - point.y * step.x;
            let along = |point: Point| (point.x * step.x + point.y * step.y) / square;
            let (low, high) = (along(a).min(along(b)), along(a).max(along(b)));
            if across(a).abs().max(across(b).abs()) < 0.2 && low < 0.9 && high > 0.1 {
                return false;
            }
            let meets = |point: Point| (point - step).length() < 0.2;
            if !may_meet && (meets(a) || meets(b)) {
                return false;
            }
            // Pieces cross where the ends of each are on both sides of the other.
            let side = |point: Point| {
                let (other, point) = (b - a, point - a);
                point.x * other.y - point.y * other.x
            };
            let apart = |one: f32, other: f32| one * other < -0.01;
            may_cross || !(apart(across(a), across(b)) && apart(side(Point::default()), side(step)))
        };
        self.ways.iter().chain([way]).all(|way| way.anchors.windows(2).all(is_free))
    }

    /// Returns about where an anchor is; one on a stroke, on the straight line between its ends.
    fn place(&self, anchor: Anchor) -> Point {
        match anchor {
            Anchor::Node { column, row } => Point::new(self.columns[column], self.rows[row]),
            Anchor::On { stroke, at } => {
                let anchors = &self.ways[stroke].anchors;
                let way = at * (anchors.len() - 1) as f32;
                let first = (way as usize).min(anchors.len() - 2);
                let [a, b] = [self.place(anchors[first]), self.place(anchors[first + 1])];
                a + (b - a) * (way - first as f32)
            }
        }
    }

    /// Returns another character that is much like it: a stroke, a dot or a bend more or less, an arc in
    /// place of a line or to the other side, or a point elsewhere.
    pub fn varied(&self, config: &CharactersConfig, manner: &Manner, chance: &mut Chance) -> Self {
        let mut other = self.clone();
        let count = self.ways.len();
        let at = chance.below(count);
        let way = &mut other.ways[at];
        match chance.below(8) {
            0 if count > 2 => _ = other.ways.pop(),
            1 if count > 1 => {
                other.ways.pop();
                other.add(config, manner, count, chance);
            }
            2 if !way.smooth => {
                let turn = &mut way.turns[chance.below(self.ways[at].turns.len())];
                *turn = if *turn == 0.0 { 0.5 * chance.sign() } else { -*turn };
            }
            3 | 4 => {
                let moved = chance.below(way.anchors.len());
                let node = self.node(chance);
                if !way.anchors.contains(&node) {
                    way.anchors[moved] = node;
                }
            }
            5 if matches!(manner.build, Build::Winding(_)) && chance.happens(0.6) => {
                let next = self.winds_to(way, chance);
                way.go(next);
            }
            5 if chance.happens(0.4) => {
                let node = self.node(chance);
                other.ways.push(Way::dot(node));
            }
            6 if way.anchors.len() > 3 => {
                let gone = 1 + chance.below(way.anchors.len() - 2);
                way.anchors.remove(gone);
                way.turns.remove(gone - 1);
            }
            _ => other.add(config, manner, 3, chance),
        }
        other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    fn of(config: &CharactersConfig, check: impl Fn(&GridCharacter)) {
        for alphabet in 0..200 {
            let rng = Rng::new(alphabet);
            let manner = manner(config, &rng, &mut Chance::new(rng.stream(0)));
            for number in 1..20 {
                let mut chance = Chance::new(rng.stream(number));
                let character = GridCharacter::new(config, &manner, &mut chance);
                check(&character);
                check(&character.varied(config, &manner, &mut chance));
            }
        }
    }

    /// Anchors are points of the grid or on a stroke that is there already, and between two of them there
    /// is a turn.
    #[test]
    fn strokes_rest_on_what_is_there() {
        of(&CharactersConfig::default(), |character| {
            assert!(!character.ways.is_empty());
            for (number, way) in character.ways.iter().enumerate() {
                assert!(way.anchors.len() >= 2 && way.turns.len() == way.anchors.len() - 1, "{way:?}");
                for anchor in &way.anchors {
                    match *anchor {
                        Anchor::Node { column, row } => {
                            assert!(column < character.columns.len() && row < character.rows.len());
                        }
                        Anchor::On { stroke, at } => {
                            assert!(stroke < number && (0.0..=1.0).contains(&at), "{number}: {way:?}");
                        }
                    }
                }
            }
        });
    }

    #[test]
    fn parts_keep_to_their_sides() {
        let line = |from: (usize, usize), to: (usize, usize)| Way {
            anchors: [from, to].map(|(column, row)| Anchor::Node { column, row }).to_vec(),
            turns: vec![0.0],
            smooth: false,
        };
        let part = |ways| GridCharacter { columns: vec![-0.8, 0.8], rows: vec![-1.0, 1.0], ways };
        let on = Way { anchors: vec![Anchor::On { stroke: 0, at: 0.5 }; 2], turns: vec![0.0], smooth: false };
        let (first, second) = (part(vec![line((0, 0), (1, 1))]), part(vec![line((0, 1), (1, 0)), on]));
        for seed in 0..20 {
            let whole = GridCharacter::composed(&first, &second, &mut Chance::new(Rng::new(seed)));
            assert_eq!(whole.ways[1], line((2, 3), (3, 2)));
            assert_eq!(whole.ways[2].anchors[0], Anchor::On { stroke: 1, at: 0.5 });
            let apart = |places: &[f32]| places[..2].iter().all(|a| places[2..].iter().all(|b| b - a > 0.3));
            assert!(apart(&whole.columns) != apart(&whole.rows), "{whole:?}");
        }
    }
}
