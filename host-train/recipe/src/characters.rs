//! `[data.characters]`: how characters are made up.

use crate::{check::Check, error::ConfigError};
use serde::{Deserialize, Serialize};

/// The characters that a net is trained on where a source is `characters`. Each part of the model
/// can be switched off, to see what it is worth; `docs/CHARACTERS.md` describes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CharactersConfig {
    /// Number of characters, after which they come again in other drawings: 2 to 2^32. Without it,
    /// every batch has new ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<u64>,
    /// The kinds of strokes, at least one.
    pub strokes: Vec<StrokeKind>,
    /// Probability that the characters of an alphabet are built on the points of a grid, 0 to 1.
    pub grid: f64,
    /// Probability that those of such an alphabet wind through many columns, 0 to 1.
    pub winding: f64,
    /// Probability that those of another such alphabet are composed of two parts, 0 to 1.
    pub parts: f64,
    /// Probability that a stroke is joined to an earlier one, 0 to 1.
    pub joints: f64,
    /// Probability that a stroke is an earlier one once more, 0 to 1.
    pub repetition: f64,
    /// Probability that a stroke is an earlier one's mirror image, 0 to 1.
    pub symmetry: f64,
    /// Number of characters in a row that have strokes in common, as those of an alphabet do: 1 to
    /// 256, 1 for none.
    pub alphabet: u16,
    /// Probability that a character is much like the first of its four neighbours in the alphabet: 0 to
    /// 1.
    pub look_alikes: f64,
    /// Factor of how drawings differ in slant, width and height, as people's hands do: 0 to 2.
    pub style: f64,
    /// Factor of how often and how much hands bend what is straight, make loops of corners, add flags, and
    /// join strokes: 0 to 2.
    pub habits: f64,
    /// Factor of how far strokes stray from their character's: 0 to 2.
    pub jitter: f64,
    /// Factor of how the whole is bent: 0 to 2.
    pub bend: f64,
    /// Factor of how drawings differ in the width, the edge and the ink of their pen: 0 to 2.
    pub pen: f64,
}

/// A kind of stroke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrokeKind {
    /// A straight line.
    Line,
    /// A part of an ellipse, or all of it.
    Arc,
    /// A line and an arc that goes on from it.
    Hook,
    /// Lines with corners between them: an angle, a zigzag, a box.
    Corner,
    /// Arcs to alternating sides.
    Wave,
    /// Arcs to the same side, with sharp turns between them, as a 3 has.
    Cusp,
    /// A line that makes a loop on its way.
    Loop,
    /// A dot.
    Dot,
    /// A path without a rule.
    Free,
}

impl StrokeKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Line,
        Self::Arc,
        Self::Hook,
        Self::Corner,
        Self::Wave,
        Self::Cusp,
        Self::Loop,
        Self::Dot,
        Self::Free,
    ];
}

impl Default for CharactersConfig {
    fn default() -> Self {
        Self {
            classes: None,
            strokes: StrokeKind::ALL.to_vec(),
            grid: 0.8,
            winding: 0.4,
            parts: 0.4,
            joints: 0.75,
            repetition: 0.12,
            symmetry: 0.08,
            alphabet: 16,
            look_alikes: 0.5,
            style: 1.0,
            habits: 1.0,
            jitter: 1.0,
            bend: 1.0,
            pen: 1.0,
        }
    }
}

impl CharactersConfig {
    pub(super) fn check(&self, check: &Check<'_>) -> Result<(), ConfigError> {
        if let Some(classes) = self.classes {
            let fits = (2..=1 << 32).contains(&classes);
            check.that(fits, "data.characters.classes", classes, "2 to 2^32")?;
        }
        check.that(!self.strokes.is_empty(), "data.characters.strokes", "empty", "one kind or more")?;
        check.within("data.characters.alphabet", self.alphabet.into(), (1, 256))?;
        for (field, probability) in [
            ("grid", self.grid),
            ("winding", self.winding),
            ("parts", self.parts),
            ("joints", self.joints),
            ("repetition", self.repetition),
            ("symmetry", self.symmetry),
            ("look_alikes", self.look_alikes),
        ] {
            check.real(format_args!("data.characters.{field}"), probability, (0.0, 1.0))?;
        }
        for (field, factor) in [
            ("style", self.style),
            ("habits", self.habits),
            ("jitter", self.jitter),
            ("bend", self.bend),
            ("pen", self.pen),
        ] {
            check.real(format_args!("data.characters.{field}"), factor, (0.0, 2.0))?;
        }
        Ok(())
    }
}
