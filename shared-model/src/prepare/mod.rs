//! From a camera frame, or a decoded picture, to the pixels of a net.
//!
//! Training, the PC's commands and a board must make the same pixels of the same picture, so there
//! is one implementation, in integers. `docs/FORMAT.md` ("How an image becomes pixels") defines
//! every step.
//!
//! A [`Frame`] says what bytes mean: format, size, stride and crop. A [`Preparer`] takes its rows
//! one at a time, from top to bottom, so that the frame need not be in memory as a whole;
//! [`prepare`] takes one that is. Both write the pixels into an array of the caller's.
//!
//! ```
//! use shared_model::{
//!     inspect::Shape,
//!     model::format::{Background, Fit, Preprocessing},
//!     prepare::{Format, Frame, prepare, scratch_len},
//! };
//!
//! // A red square on white, 4 × 4 pixels of 2 bytes, becomes 2 × 2 pixels on black.
//! let [white, red] = [[0xff, 0xff], [0xf8, 0x00]];
//! let rows = [[white; 4], [white, red, red, white], [white, red, red, white], [white; 4]];
//! let frame = Frame::new(Format::Rgb565BigEndian, 4, 4)?;
//!
//! const PREPROCESSING: Preprocessing = Preprocessing::new(Fit::Contain, Background::Auto);
//! const SHAPE: Shape = Shape::new(2, 2, 1);
//! let mut scratch = [0; scratch_len(PREPROCESSING, SHAPE)];
//! let mut pixels = [0; 4];
//! let bytes = rows.as_flattened().as_flattened();
//! let background = prepare(frame, bytes, PREPROCESSING, SHAPE, &mut scratch, &mut pixels)?;
//! assert_eq!(background, Background::Light);
//! assert_eq!(pixels, [50; 4]); // a quarter of 255 − 54
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A net whose pixels have three values is given red, green and blue; a frame in grey has all three
//! alike then. Only `Centre`, which looks for ink on paper, makes grey pixels alone.
//!
//! # Memory
//!
//! [`scratch_len`] is a constant of the preprocessing and the net's input, whatever the frame's
//! size:
//!
//! * `Stretch` and `Contain` need 8 bytes per value of a row of the net's input. `Auto` needs 1 KiB more, for the
//!   greys of the border.
//! * `Centre` cannot know where the sign is before it has seen all of the frame. It keeps it,
//!   reduced to the means of square blocks: at most 25 times the net's pixels, and some maps of a
//!   quarter of that and less. For 28 × 28 pixels that is 31,500 bytes all in all.
//!
//! A frame may have up to 65,535 pixels on each side: no sum exceeds 42 bits.

mod border;
mod centre;
mod error;
mod frame;
mod lanes;
mod lines;
mod mask;
mod means;
mod paper;
mod parts;
mod preparer;
mod reduce;
mod resize;
mod sign;
pub mod strokes;
#[cfg(test)]
mod tests;

pub use error::{FrameError, PrepareError};
pub use frame::{Crop, Format, Frame, grey};
pub use preparer::{Paused, Preparer, can_prepare, prepare, scratch_len};
pub use sign::{Found, Stage, StageKind};
