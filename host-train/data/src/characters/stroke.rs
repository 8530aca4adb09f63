//! What a made-up character is: strokes of a pen, each a path of straight lines and arcs, most of
//! them joined to an earlier one.

use super::chance::Chance;
use tinytriplet_recipe::{CharactersConfig, StrokeKind};

/// Lengths that strokes have, about: characters are one or two units high.
const SIZES: [f32; 4] = [0.6, 0.9, 1.2, 1.6];
/// Strokes that the characters of an alphabet have in common.
const COMMON_STROKES: usize = 5;
/// An eighth of a turn: directions and corners are multiples of it.
const EIGHTH: f32 = 0.125;

/// A part of a stroke without a corner: a straight line, or an arc.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// The turn before it, in whole turns, positive to the right; 0 goes on smoothly.
    pub corner: f32,
    /// Its length along the path.
    pub length: f32,
    /// The turn along it: 0 for a straight line, 1 for a circle.
    pub turn: f32,
}

/// The place where a stroke begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Joint {
    /// Nowhere near: a place of its own.
    Free {
        /// To the right and downwards.
        at: [f32; 2],
    },
    /// On an earlier stroke.
    On {
        /// The number of the earlier stroke.
        stroke: usize,
        /// Share of the earlier stroke's path up to the joint, 0 to 1.
        at: f32,
        /// Share of its own path up to the joint: ½ where it crosses the earlier one.
        own: f32,
    },
    /// Beside an earlier stroke, whose beginning it is this far from.
    Beside {
        /// The number of the earlier stroke.
        stroke: usize,
        /// To the right and downwards.
        by: [f32; 2],
    },
}

/// A movement of the pen on the paper.
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke {
    pub joint: Joint,
    /// The direction in which it begins, in turns: 0 is to the right, ¼ downwards.
    pub heading: f32,
    /// Factor of its height, whose inverse is that of its width: what makes circles ellipses.
    pub squash: f32,
    pub pieces: Vec<Piece>,
}

/// What the characters of an alphabet have in common.
#[derive(Clone, Debug, Default)]
pub struct Stock {
    strokes: Vec<Stroke>,
    /// The stroke that all begin with, where there is one.
    head: Option<Stroke>,
}

/// A character of strokes that are made up one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct StrokeCharacter {
    pub strokes: Vec<Stroke>,
}

impl Stock {
    /// Makes one up.
    pub fn new(config: &CharactersConfig, chance: &mut Chance) -> Self {
        let strokes: Vec<Stroke> = (0..COMMON_STROKES).map(|_| Stroke::new(config, chance)).collect();
        let head = chance.happens(0.5).then(|| strokes[0].clone());
        Self { strokes, head }
    }
}

impl StrokeCharacter {
    /// Makes one up, of its alphabet's strokes or of new ones.
    pub fn new(config: &CharactersConfig, stock: &Stock, chance: &mut Chance) -> Self {
        let count = 1 + chance.weighted(&[0.16, 0.30, 0.27, 0.16, 0.07, 0.04]);
        let mut character = Self { strokes: Vec::with_capacity(count) };
        let count = match &stock.head {
            Some(head) => {
                character.strokes.push(head.clone());
                count.max(2)
            }
            None => count,
        };
        while character.strokes.len() < count {
            character.add(config, stock, chance);
        }
        // What is very simple is told from hardly anything: mostly it gets company.
        let pieces: usize = character.strokes.iter().map(|stroke| stroke.pieces.len()).sum();
        if pieces == 1 || (pieces == 2 && chance.happens(0.6)) {
            character.add(config, stock, chance);
        }
        character
    }

    /// Adds a stroke: an earlier one repeated or mirrored, or another one.
    fn add(&mut self, config: &CharactersConfig, stock: &Stock, chance: &mut Chance) {
        let earlier = self.strokes.len();
        if earlier > 0 && chance.happens(config.repetition) {
            return self.repeat(chance);
        }
        if earlier > 0 && chance.happens(config.symmetry) {
            return self.mirror(chance);
        }
        let known = !stock.strokes.is_empty() && chance.happens(0.5);
        let mut stroke = match known {
            true => stock.strokes[chance.below(stock.strokes.len())].clone(),
            false => Stroke::new(config, chance),
        };
        stroke.joint = self.joint(config, &stroke, chance);
        self.strokes.push(stroke);
    }

    /// Returns the place of a stroke that is to be added.
    fn joint(&self, config: &CharactersConfig, stroke: &Stroke, chance: &mut Chance) -> Joint {
        if self.strokes.is_empty() || !chance.happens(config.joints) {
            let mut third = || (chance.below(7) as f32 - 3.0) / 3.0 + 0.08 * chance.normal();
            return Joint::Free { at: [third(), third()] };
        }
        let at = match chance.below(6) {
            0 | 1 => 0.0,
            2 | 3 => 1.0,
            4 => 0.5,
            _ => chance.between(0.15, 0.85),
        };
        // Lines cross others; what is round begins there.
        let is_straight = stroke.pieces.len() == 1 && stroke.pieces[0].turn == 0.0;
        let own = match chance.below(8) {
            0..=1 if is_straight => 0.5,
            2 => 1.0,
            3 if is_straight => chance.between(0.2, 0.8),
            _ => 0.0,
        };
        Joint::On { stroke: chance.below(self.strokes.len()), at, own }
    }

    /// Adds an earlier stroke once more, beside itself.
    fn repeat(&mut self, chance: &mut Chance) {
        let stroke = chance.below(self.strokes.len());
        let [x, y] = [[0.45, 0.0], [0.0, 0.45], [0.35, 0.35], [-0.35, 0.35]][chance.below(4)];
        let factor = chance.factor(0.25);
        let joint = Joint::Beside { stroke, by: [x * factor, y * factor] };
        self.strokes.push(Stroke { joint, ..self.strokes[stroke].clone() });
    }

    /// Adds the mirror image of an earlier stroke, from the same beginning or beside it.
    fn mirror(&mut self, chance: &mut Chance) {
        let stroke = chance.below(self.strokes.len());
        let upright = chance.happens(0.7);
        let joint = match chance.below(3) {
            0 => Joint::On { stroke, at: 0.0, own: 0.0 },
            1 => Joint::On { stroke, at: 1.0, own: 1.0 },
            _ => {
                let by = 0.6 * chance.factor(0.3);
                Joint::Beside { stroke, by: if upright { [by, 0.0] } else { [0.0, by] } }
            }
        };
        self.strokes.push(Stroke { joint, ..self.strokes[stroke].mirrored(upright) });
    }

    /// Returns another character that is much like it: one stroke more, less, or another one in its
    /// place, or one of them mirrored or elsewhere.
    pub fn varied(&self, config: &CharactersConfig, stock: &Stock, chance: &mut Chance) -> Self {
        let mut other = self.clone();
        let count = self.strokes.len();
        let at = chance.below(count);
        match chance.below(7) {
            0 if count > 2 => _ = other.strokes.pop(),
            1 if count > 1 => {
                other.strokes.pop();
                other.add(config, stock, chance);
            }
            2 if self.strokes[at].pieces.len() > 1 => {
                let stroke = &mut other.strokes[at];
                *stroke = stroke.mirrored(chance.happens(0.5));
            }
            3 | 4 if at > 0 => {
                let before = Self { strokes: self.strokes[..at].to_vec() };
                other.strokes[at].joint = before.joint(config, &self.strokes[at], chance);
            }
            5 => {
                let joint = Joint::Free { at: [chance.between(-1.0, 1.0), chance.between(-1.0, 1.0)] };
                let pieces = vec![line(if chance.happens(0.4) { 0.06 } else { 0.4 })];
                let heading = chance.below(4) as f32 * EIGHTH;
                other.strokes.push(Stroke { joint, heading, squash: 1.0, pieces });
            }
            _ => other.add(config, stock, chance),
        }
        other
    }
}

impl Stroke {
    /// Makes one up; its place is still open.
    pub fn new(config: &CharactersConfig, chance: &mut Chance) -> Self {
        let kinds = &config.strokes;
        let weights: Vec<f32> = kinds.iter().map(|&kind| frequency(kind)).collect();
        let kind = kinds[chance.weighted(&weights)];
        // Mostly upright and level, now and then aslant, seldom anyhow.
        let heading = match chance.below(20) {
            0..=11 => chance.below(4) as f32 * 2.0 * EIGHTH + 0.012 * chance.normal(),
            12..=17 => chance.below(8) as f32 * EIGHTH + 0.016 * chance.normal(),
            _ => chance.between(0.0, 1.0),
        };
        let squash = if chance.happens(0.5) { chance.factor(0.22) } else { 1.0 };
        let joint = Joint::Free { at: [0.0; 2] };
        Self { joint, heading, squash, pieces: pieces(kind, chance) }
    }

    /// Returns its mirror image: left for right, or else upside down.
    fn mirrored(&self, upright: bool) -> Self {
        let heading = if upright { 0.5 - self.heading } else { -self.heading };
        let mirror = |piece: &Piece| Piece { corner: -piece.corner, turn: -piece.turn, ..*piece };
        Self { heading, pieces: self.pieces.iter().map(mirror).collect(), ..self.clone() }
    }
}

/// Returns how often strokes of a kind are made.
fn frequency(kind: StrokeKind) -> f32 {
    match kind {
        StrokeKind::Line => 0.28,
        StrokeKind::Arc => 0.18,
        StrokeKind::Hook => 0.13,
        StrokeKind::Corner => 0.13,
        StrokeKind::Wave => 0.08,
        StrokeKind::Cusp => 0.06,
        StrokeKind::Loop => 0.03,
        StrokeKind::Dot => 0.03,
        StrokeKind::Free => 0.05,
    }
}

/// Returns one of the usual lengths, more or less.
fn size(chance: &mut Chance) -> f32 {
    SIZES[chance.below(SIZES.len())] * chance.factor(0.12)
}

fn line(length: f32) -> Piece {
    Piece { corner: 0.0, length, turn: 0.0 }
}

/// Returns an arc of a circle of this diameter.
fn arc(diameter: f32, turn: f32) -> Piece {
    Piece { corner: 0.0, length: std::f32::consts::PI * diameter * turn.abs(), turn }
}

fn pieces(kind: StrokeKind, chance: &mut Chance) -> Vec<Piece> {
    let side = chance.sign();
    match kind {
        StrokeKind::Line => vec![line(size(chance))],
        StrokeKind::Dot => vec![line(0.06)],
        StrokeKind::Arc => {
            let turn = [0.25, 0.5, 0.5, 0.75, 1.0][chance.weighted(&[1.0, 1.0, 1.0, 1.0, 0.7])]
                * chance.factor(0.08);
            // A quarter of a circle is short for its diameter.
            let diameter = size(chance) * if turn < 0.35 { 1.6 } else { 0.9 };
            vec![arc(diameter, side * turn)]
        }
        StrokeKind::Hook => {
            let length = size(chance);
            let turn =
                [0.25, 0.5, 0.5, 0.75, 1.0][chance.weighted(&[1.0, 1.0, 1.0, 1.0, 0.3])] * chance.factor(0.1);
            let hook = arc(length * chance.between(0.25, 0.75), side * turn);
            let mut pieces = vec![line(length), hook];
            if chance.happens(0.3) {
                // At its beginning instead: a cane.
                pieces.reverse();
            } else if chance.happens(0.3) {
                pieces.push(line(length * chance.between(0.3, 0.9)));
            }
            pieces
        }
        StrokeKind::Corner => {
            let count = 2 + chance.weighted(&[0.5, 0.35, 0.15]);
            let is_zigzag = chance.happens(0.5);
            let angle = [0.25, 0.25, 0.25, 0.375, 0.42, 0.125][chance.below(6)];
            let mut side = side;
            (0..count)
                .map(|at| {
                    let corner = if at == 0 { 0.0 } else { side * angle * chance.factor(0.06) };
                    side = if at > 0 && is_zigzag { -side } else { side };
                    Piece { corner, ..line(0.8 * size(chance)) }
                })
                .collect()
        }
        StrokeKind::Wave => {
            let count = 2 + chance.weighted(&[0.6, 0.3, 0.1]);
            let turn = [0.3, 0.4, 0.5, 0.6][chance.below(4)];
            let diameter = 1.1 * size(chance) / count as f32 * chance.factor(0.1);
            (0..count)
                .map(|at| {
                    let side = if at % 2 == 0 { side } else { -side };
                    arc(diameter * chance.factor(0.2), side * turn * chance.factor(0.1))
                })
                .collect()
        }
        StrokeKind::Cusp => {
            let count = 2 + chance.weighted(&[0.8, 0.2]);
            let turn = [0.4, 0.5, 0.6, 0.25][chance.below(4)];
            let corner = -side * [0.5, 0.42, 0.35][chance.below(3)];
            let diameter = 0.6 * size(chance);
            (0..count)
                .map(|at| {
                    let corner = if at == 0 { 0.0 } else { corner * chance.factor(0.06) };
                    let turn = side * turn * chance.factor(0.08);
                    Piece { corner, ..arc(diameter * chance.factor(0.2), turn) }
                })
                .collect()
        }
        StrokeKind::Loop => {
            let (before, after) = (size(chance), size(chance));
            let diameter = chance.between(0.25, 0.6);
            let lead = side * [0.0, 0.125, 0.25][chance.below(3)];
            let turn = side * [0.75, 0.9, 1.0, 1.15][chance.below(4)];
            let way = |length: f32, turn: f32| Piece { corner: 0.0, length, turn };
            let mut pieces = vec![way(0.7 * before, lead), arc(diameter, turn)];
            if chance.happens(0.7) {
                let back = [0.0, 0.125, 0.25, -0.25][chance.below(4)];
                pieces.push(way(0.7 * after, side * back));
            }
            pieces
        }
        StrokeKind::Free => (0..3 + chance.below(3))
            .map(|at| Piece {
                corner: if at > 0 && chance.happens(0.4) { 0.15 * chance.normal() } else { 0.0 },
                length: chance.between(0.3, 0.8),
                turn: 0.15 * chance.normal(),
            })
            .collect(),
    }
}
