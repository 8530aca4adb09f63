//! What the strokes of a character on a grid are made of.

/// A point that a stroke passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Anchor {
    /// A point of the grid.
    Node {
        /// Counted from the left.
        column: usize,
        /// Counted from the top.
        row: usize,
    },
    /// A point of an earlier stroke.
    On {
        /// The number of the earlier stroke.
        stroke: usize,
        /// Share of its way.
        at: f32,
    },
}

/// A movement of the pen through points of the grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// At least two; the same one twice for a dot.
    pub anchors: Vec<Anchor>,
    /// The turn along the way from each anchor to the next, in whole turns; 0 is straight.
    pub turns: Vec<f32>,
    /// True if the way has no corners at its anchors.
    pub smooth: bool,
}

impl Way {
    /// Returns a dot.
    pub fn dot(at: Anchor) -> Self {
        Self { anchors: vec![at, at], turns: vec![0.0], smooth: false }
    }

    /// Adds a straight piece.
    pub fn go(&mut self, to: Anchor) {
        self.anchors.push(to);
        self.turns.push(0.0);
    }
}
