//! What can be wrong with a picture, and the limits that it has.

use super::{jpeg::JpegFault, kind::Foreign};
use image::ImageError;
use std::io;
use thiserror::Error;

/// The longest side of a picture, in pixels.
pub const LONGEST_SIDE: u32 = 16_384;
/// The most bytes that a picture takes in its file, and the most that all take together that are
/// being decoded: 89 million pixels in colour; of a progressive JPEG, 30 to 45 million.
pub const MEMORY: u64 = 256 << 20;

/// A fault of a picture.
#[derive(Debug, Error)]
pub enum PictureFault {
    /// The system does not give its bytes.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is a pipe, a socket or a device.
    #[error("is a pipe, a socket or a device, not a file. Save the picture as a file")]
    NotAFile,
    /// There is nothing in it.
    #[error("is empty: the file has 0 bytes. Copy it again")]
    Empty,
    /// It is, or unpacks to, more than the limits.
    #[error(
        "is too large: a picture may have {longest} pixels on each side and take {} MiB of memory while it is decoded. \
         Make it smaller{}",
        MEMORY >> 20, if *is_kept { ", or save it as a JPEG that is not progressive" } else { "" },
        longest = LONGEST_SIDE
    )]
    TooLarge {
        /// True if it comes in several scans, which are kept beside its pixels until the last one.
        is_kept: bool,
    },
    /// It has no pixels.
    #[error("has no pixels: its width or height is 0. Copy it again")]
    NoPixels,
    /// Its content is of another kind.
    #[error("is a {kind}, which this program does not read. {advice}", kind = .0, advice = .0.advice())]
    Foreign(Foreign),
    /// Its content is in no known format.
    #[error("is neither PNG nor JPEG nor BMP, whatever its name says")]
    Format,
    /// It is of a rare kind of JPEG.
    #[error("is {0}, which this program does not read. Save it as an ordinary JPEG or as PNG")]
    Unsupported(&'static str),
    /// The rest of it is missing.
    #[error("ends in the middle of its picture; it was not copied whole")]
    Truncated,
    /// Its end is there, but not all that should be before it.
    #[error("is damaged: a part of its picture is missing or garbled. Copy it again from where it is whole")]
    Damaged,
    /// It is damaged.
    #[error("cannot be decoded: {0}")]
    Decode(ImageError),
}

impl From<ImageError> for PictureFault {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge { is_kept: false },
            ImageError::Unsupported(ref unsupported)
                if matches!(unsupported.kind(), image::error::UnsupportedErrorKind::Format(_)) =>
            {
                Self::Format
            }
            error => Self::Decode(error),
        }
    }
}

impl From<JpegFault> for PictureFault {
    fn from(fault: JpegFault) -> Self {
        match fault {
            JpegFault::Truncated => Self::Truncated,
            JpegFault::Damaged => Self::Damaged,
            JpegFault::Unsupported(kind) => Self::Unsupported(kind),
        }
    }
}
