//! What a board sees by itself: the rows of a camera, the strokes of a pen, a test pattern.
//!
//! A [`Source`] says what there is to see, and then hands out the rows of a frame one at a time, so
//! that nothing has to hold a frame as a whole. The application asks it whenever the serial line is
//! silent; a board without one has [`NoSource`].

use core::fmt;
use shared_model::prepare::{
    Frame, PrepareError,
    strokes::{Point, StrokesError},
};

/// Something to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight<'a> {
    /// Nothing new.
    Nothing,
    /// A frame. Its rows are those that [`Source::row`] returns from now on.
    Frame(Frame),
    /// A finished drawing.
    Strokes(&'a [Point]),
}

/// Something that a person wants, by a button on the board or one that is drawn on a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Enrols what was seen last into the current label.
    Teach,
    /// Begins a new label with what was seen last.
    NewLabel,
}

/// What a board sees by itself.
///
/// No call may take longer than the board's watchdog waits
/// ([`WATCHDOG_MICROS`](crate::hardware::WATCHDOG_MICROS)), and none should keep the serial line
/// waiting: if a camera's next frame is not there yet, there is nothing to see.
pub trait Source {
    /// False if there is never anything to see. The board then says nothing on its own, either.
    const SEES: bool = true;

    /// Returns what there is to see now. Each picture is returned once.
    ///
    /// # Errors
    /// Returns [`SightError::Silent`] if the camera or panel does not answer, or the error by which
    /// a picture was lost. The next call begins anew.
    fn look(&mut self) -> Result<Sight<'_>, SightError>;

    /// Returns the next row of the frame that [`look`](Self::look) has described, from top to
    /// bottom. It is not called for strokes, and need not be called for all rows.
    ///
    /// # Errors
    /// Returns [`SightError::Stopped`] if there is no further row.
    fn row(&mut self) -> Result<&[u8], SightError>;

    /// Returns true while something goes on that must not be slept through, such as a pen on a
    /// panel. The next [`look`](Self::look) then follows at once.
    fn is_busy(&self) -> bool {
        false
    }

    /// Returns what a person wants by other means than the board's button: each wish once, after
    /// the picture that it is about.
    fn wish(&mut self) -> Option<Wish> {
        None
    }
}

/// The source of a board that sees nothing by itself.
#[derive(Clone, Copy, Debug)]
pub struct NoSource;

impl Source for NoSource {
    const SEES: bool = false;

    fn look(&mut self) -> Result<Sight<'_>, SightError> {
        Ok(Sight::Nothing)
    }

    fn row(&mut self) -> Result<&[u8], SightError> {
        Err(SightError::Stopped)
    }
}

/// The reason why a picture was not seen. The gallery and what was seen before are as they were,
/// and the next picture is seen as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SightError {
    /// The camera or panel does not answer.
    Silent,
    /// The source stopped in the middle of a frame.
    Stopped,
    /// The model takes images of other pixels than the source gives: strokes are grey.
    Colour,
    /// The rows are not those of the frame.
    Prepare(PrepareError),
    /// The strokes could not be drawn.
    Strokes(StrokesError),
    /// The engine refused the pixels: a fault of the firmware.
    Internal,
}

impl From<PrepareError> for SightError {
    fn from(error: PrepareError) -> Self {
        Self::Prepare(error)
    }
}

impl From<StrokesError> for SightError {
    fn from(error: StrokesError) -> Self {
        Self::Strokes(error)
    }
}

impl fmt::Display for SightError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "the camera or panel does not answer: check its wires",
            Self::Stopped => "the picture stopped in the middle",
            Self::Colour => "the model takes other images than this board sees: strokes are grey",
            Self::Prepare(error) => return error.fmt(f),
            Self::Strokes(error) => return error.fmt(f),
            Self::Internal => "the engine refused the picture: a fault of the firmware",
        })
    }
}

impl core::error::Error for SightError {}
