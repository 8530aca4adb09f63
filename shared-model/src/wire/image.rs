//! How an image goes over the line: announced, then in chunks.

use crate::prepare::{Crop, Format, Frame, FrameError};
use serde::{Deserialize, Serialize};

/// The meaning of an image's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ImageForm {
    /// The pixels of the net: height × width × channels bytes.
    Pixels {
        /// The number of bytes that follow.
        len: u32,
    },
    /// A camera's frame, of which the board makes the pixels. Its rows follow each other directly.
    Camera {
        /// The meaning of its bytes.
        format: Format,
        /// Its columns.
        width: u16,
        /// Its rows.
        height: u16,
        /// The part of it that is used; `None` for all of it. The rest is sent, too.
        crop: Option<Crop>,
    },
}

impl ImageForm {
    /// Returns the form of a frame. On the line, its rows follow each other directly.
    pub fn of(frame: Frame) -> Self {
        let (width, height, crop) = (frame.width(), frame.height(), frame.crop());
        let is_whole = crop == Crop { left: 0, top: 0, width, height };
        Self::Camera { format: frame.format(), width, height, crop: (!is_whole).then_some(crop) }
    }

    /// Returns the bytes that are sent as a whole: a row of a frame, or 1. Zero for a frame without
    /// columns.
    pub const fn row_len(self) -> usize {
        match self {
            Self::Pixels { .. } => 1,
            Self::Camera { format, width, .. } => width as usize * format.bytes_per_pixel(),
        }
    }
}

/// The reason why an image, or a part of it, was refused, or is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ImageError {
    /// There is no image on the board: none has come since it started, or since the last
    /// [`Bench`](crate::wire::RequestBody::Bench) or
    /// [`SelfTest`](crate::wire::RequestBody::SelfTest), which take its place.
    None,
    /// The image is still on its way.
    Unfinished {
        /// The bytes that have come.
        received: u32,
        /// The bytes that it has.
        expected: u32,
    },
    /// There is nothing to compare the image with: it is the only one so far.
    OnlyOne,
    /// A chunk came, and no image is on its way.
    NotBegun,
    /// A chunk is not the next one: another was lost, or this one came twice or too early.
    Offset {
        /// The offset of the next one.
        expected: u32,
        /// The offset of this one.
        actual: u32,
    },
    /// A chunk reaches beyond the end of the image.
    TooLong {
        /// The bytes that the image has.
        expected: u32,
        /// Where the chunk ends.
        actual: u32,
    },
    /// The bytes are not whole rows of the frame.
    Row {
        /// The bytes of a row.
        expected: u32,
    },
    /// A row of the frame is longer than a chunk.
    TooWide {
        /// The bytes of a row.
        row: u32,
        /// The most bytes of a chunk.
        most: u32,
    },
    /// The frame's width or height is 0.
    Empty,
    /// Two pixels of the frame share their colour, and its width is odd.
    OddWidth,
    /// The crop of the frame is empty, or reaches beyond it.
    Crop,
    /// The model takes pixels that are not made of frames, neither grey nor in colour: send it pixels.
    NoPreparation,
}

impl core::fmt::Display for ImageError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::None => f.write_str("there is no image: show one first"),
            Self::Unfinished { received, expected } => {
                write!(f, "the image is still on its way: {received} of {expected} bytes have come")
            }
            Self::OnlyOne => f.write_str("there is one image, and nothing to compare it with: send another"),
            Self::NotBegun => f.write_str("a part of an image came before its announcement: begin again"),
            Self::Offset { expected, actual } => write!(
                f,
                "parts of the image were lost or came twice: the next one is that from byte {expected} on, not \
                 {actual}"
            ),
            Self::TooLong { expected, actual } => {
                write!(f, "the image has {expected} bytes, and one more part of it reaches up to {actual}")
            }
            Self::Row { expected } => {
                write!(f, "the bytes are not whole rows of the frame, which have {expected} bytes each")
            }
            Self::TooWide { row, most } => {
                write!(
                    f,
                    "a row of the frame has {row} bytes, and it takes {most} at most: send a smaller one"
                )
            }
            Self::Empty => FrameError::Empty.fmt(f),
            Self::OddWidth => FrameError::OddWidth.fmt(f),
            Self::Crop => FrameError::Crop.fmt(f),
            Self::NoPreparation => f.write_str(
                "its model takes pixels that it does not make of a frame, neither grey nor in colour: send pixels",
            ),
        }
    }
}

impl core::error::Error for ImageError {}
