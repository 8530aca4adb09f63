//! Where things are on a screen of 320 × 240 pixels.

use embedded_graphics::{
    geometry::{Point, Size},
    primitives::Rectangle,
};

/// Columns of the screen.
pub const WIDTH: u16 = 320;
/// Rows of the screen.
pub const HEIGHT: u16 = 240;

/// The pad to write on.
pub const PAD: Rectangle = Rectangle::new(Point::new(4, 4), Size::new(228, 196));
/// Two lines of text.
pub const TEXT: Rectangle = Rectangle::new(Point::new(0, 204), Size::new(320, 36));

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Enrols the drawing into the current label.
    Teach,
    /// Begins a new label with the drawing.
    New,
    /// Wipes the pad.
    Clear,
}

impl Key {
    /// All keys, from top to bottom.
    pub const ALL: [Self; 3] = [Self::Teach, Self::New, Self::Clear];

    /// Returns the place of the key.
    pub const fn place(self) -> Rectangle {
        let top = match self {
            Self::Teach => 4,
            Self::New => 71,
            Self::Clear => 138,
        };
        Rectangle::new(Point::new(240, top), Size::new(76, 62))
    }

    /// Returns the word on the key.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Teach => "teach",
            Self::New => "new",
            Self::Clear => "clear",
        }
    }

    /// Returns the key at a place, if there is one.
    pub fn at(place: Point) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.place().contains(place))
    }
}
