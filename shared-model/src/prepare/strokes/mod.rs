//! From the strokes of a pen to the pixels of a net.
//!
//! A touch panel, or a browser's page, gives points in some unit of its own. [`rasterise`] sets
//! what they draw as [`Fit::Centre`](crate::model::format::Fit::Centre) sets a sign that was
//! photographed: 20/28 of the net's size, its centre of mass in the middle. The pen is an eighth of
//! that as thick, whatever the unit; its edges are smooth. `docs/FORMAT.md` ("How strokes become
//! pixels") defines every step.
//!
//! [`Strokes`] collects the points of a drawing in memory of the caller's.
//!
//! ```
//! use shared_model::prepare::strokes::{Point, Strokes, rasterise, scratch_len};
//!
//! // A cross: down, then across.
//! let mut memory = [Point::default(); 64];
//! let mut strokes = Strokes::new(&mut memory);
//! for y in (10..=50).step_by(2) {
//!     strokes.touch(100, y)?;
//! }
//! strokes.lift();
//! for x in (80..=120).step_by(2) {
//!     strokes.touch(x, 30)?;
//! }
//! strokes.lift();
//! assert_eq!(strokes.touch(0, 0), Ok(()));
//!
//! const SIZE: [u16; 2] = [28, 28];
//! let mut scratch = [0; scratch_len(SIZE)];
//! let mut pixels = [0; 28 * 28];
//! rasterise(strokes.points(), SIZE, &mut scratch, &mut pixels)?;
//! # Ok::<(), shared_model::prepare::strokes::StrokesError>(())
//! ```
//!
//! # Memory
//!
//! [`scratch_len`] is a constant of the net's size, however many points there are: two bytes for
//! each pixel of the box that the drawing fills, 800 bytes for a net of 28 × 28 pixels. A
//! [`Point`] has six bytes.

mod collector;
mod error;
mod raster;
#[cfg(test)]
mod tests;

pub use collector::Strokes;
pub use error::StrokesError;
pub use raster::{MAX_SIDE, rasterise, scratch_len};

/// A point that the pen has touched. Any coordinates are valid: only their proportions count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Point {
    /// The distance from the left edge, in the panel's unit.
    pub x: u16,
    /// The distance from the upper edge.
    pub y: u16,
    /// True if the pen came down here, so that no line leads here from the point before. The first
    /// point of all begins a stroke anyway.
    pub begins: bool,
}
