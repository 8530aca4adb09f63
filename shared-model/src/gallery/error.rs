use super::limits::{MAX_COUNT, MAX_LABEL};
use serde::{Deserialize, Serialize};

/// The reason why a text cannot be a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum LabelError {
    /// It has no characters.
    Empty,
    /// It has more than [`MAX_LABEL`] bytes.
    TooLong,
    /// It has control characters.
    Control,
}

impl core::fmt::Display for LabelError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Empty => f.write_str("a label has at least one character"),
            Self::TooLong => write!(f, "a label has at most {MAX_LABEL} bytes (of UTF-8)"),
            Self::Control => f.write_str("a label has no control characters"),
        }
    }
}

impl core::error::Error for LabelError {}

/// The reason why a gallery did not do what it was asked.
///
/// Variants keep their order: it is their number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum GalleryError {
    /// The label is not valid.
    Label(LabelError),
    /// There is no room for another label.
    Full,
    /// The entry has [`MAX_COUNT`] images.
    TooManyImages,
    /// No exemplars are kept.
    NoExemplars,
    /// The length of an embedding or a value differs from those of this gallery.
    Length,
    /// A value has a count or sums that enrolling cannot produce.
    Value,
    /// The image has taken an older exemplar's place, so that the entry as it was before is gone.
    Replaced,
}

impl core::fmt::Display for GalleryError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Label(error) => error.fmt(f),
            Self::Full => f.write_str("the gallery is full: forget a label first"),
            Self::TooManyImages => write!(f, "the label has {MAX_COUNT} images, which is the most"),
            Self::NoExemplars => f.write_str("the gallery keeps no exemplars that could vote"),
            Self::Length => f.write_str("the entry belongs to another gallery: its length differs"),
            Self::Replaced => f.write_str("the image has replaced an older exemplar: forget the label"),
            Self::Value => f.write_str("the entry is damaged: no images have such sums"),
        }
    }
}

impl core::error::Error for GalleryError {}
