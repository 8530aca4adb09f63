//! What the characters of an alphabet on a grid have in common.

use super::{chance::Chance, way::Way};
use crate::rng::Rng;
use tinytriplet_recipe::CharactersConfig;

/// Parts that the characters of an alphabet are composed of.
pub const PARTS: usize = 5;

/// What the characters of an alphabet have in common.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Places of the columns and rows, about −1 to 1.
    pub columns: Vec<f32>,
    pub rows: Vec<f32>,
    /// Share of the height in the width.
    pub width: f32,
    /// Probability that a way has no corners.
    pub smooth: f64,
    /// Probability that a piece of a way with corners is an arc.
    pub arcs: f64,
    /// Strokes more than usual.
    pub more: usize,
    pub build: Build,
}

/// How the characters of an alphabet are built.
#[derive(Clone, Debug)]
pub enum Build {
    /// Of several strokes; most characters begin with this one, where there is one.
    Strokes(Option<Way>),
    /// Mainly of one long way that winds through the columns, and mostly begins like this one.
    Winding(Option<Way>),
    /// Of two parts. The stream has those that the alphabet uses again and again.
    Parts(Rng),
}

impl Manner {
    /// Makes one up, without a way that characters begin with. `rng` is the alphabet's, and `chance` a
    /// stream of it.
    pub fn new(config: &CharactersConfig, rng: &Rng, chance: &mut Chance) -> Self {
        let winding = chance.happens(config.winding);
        let (columns, width) = match winding {
            true => (3 + chance.weighted(&[0.2, 0.3, 0.3, 0.2]), 1.2),
            false => (2 + chance.weighted(&[0.3, 0.6, 0.1]), 0.85),
        };
        let rows = 2 + chance.weighted(&[0.1, 0.65, 0.25]);
        let manner = Self {
            columns: levels(columns, chance),
            rows: levels(rows, chance),
            width: width * chance.factor(0.2),
            smooth: chance.between(0.0, 0.9).into(),
            arcs: chance.between(0.05, 0.6).into(),
            more: chance.weighted(&[0.6, 0.25, 0.15]),
            build: if winding { Build::Winding(None) } else { Build::Strokes(None) },
        };
        if !winding && chance.happens(config.parts) {
            return Self { more: 0, build: Build::Parts(rng.stream(PARTS as u64)), ..manner };
        }
        manner
    }
}

/// Returns so many places, evenly but for a little.
fn levels(count: usize, chance: &mut Chance) -> Vec<f32> {
    let step = 2.0 / (count - 1) as f32;
    (0..count).map(|at| -1.0 + step * (at as f32 + 0.1 * chance.normal())).collect()
}
