//! A picture in a file: PNG, JPEG or BMP, by its content, whatever its name says.
//!
//! A file is not trusted: no header makes the decoder take more than [`MEMORY`].

use super::prepare::prepare;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, metadata::Orientation};
use shared_model::format::Preparation;
use std::{
    cmp::Ordering,
    fs::File,
    io::{self, Cursor, Read},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Names of picture files end in one of these, in small or capital letters.
pub const EXTENSIONS: [&str; 4] = ["png", "jpg", "jpeg", "bmp"];
/// The longest side of a picture, in pixels.
pub const LONGEST_SIDE: u32 = 16_384;
/// The most bytes that a picture takes, in its file and decoded: 89 million pixels in colour.
pub const MEMORY: u64 = 256 << 20;

/// A picture that cannot be used.
#[derive(Debug, Error)]
#[error("{}: {fault}", path.display())]
pub struct PictureError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: PictureFault,
}

/// What is wrong with a picture.
#[derive(Debug, Error)]
pub enum PictureFault {
    /// The system does not give its bytes.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is, or unpacks to, more than the limits.
    #[error(
        "is too large: {longest} pixels a side and {} MiB of memory are the most that a picture may have",
        MEMORY >> 20, longest = LONGEST_SIDE
    )]
    TooLarge,
    /// Its content is none of the formats.
    #[error("is neither PNG nor JPEG nor BMP, whatever its name says")]
    Format,
    /// It is damaged.
    #[error("cannot be decoded: {0}")]
    Decode(ImageError),
}

impl From<ImageError> for PictureFault {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge,
            ImageError::Unsupported(ref unsupported)
                if matches!(unsupported.kind(), image::error::UnsupportedErrorKind::Format(_)) =>
            {
                Self::Format
            }
            error => Self::Decode(error),
        }
    }
}

/// Reads a picture and makes pixels of it: see [`prepare`].
///
/// # Errors
/// The file cannot be read, is no picture, or too large a one.
pub fn read(path: &Path, preparation: Preparation, size: [usize; 2]) -> Result<Vec<u8>, PictureError> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(MEMORY + 1).read_to_end(&mut bytes)?;
        decode(&bytes)
    };
    match read() {
        Ok(image) => Ok(prepare(image, preparation, size)),
        Err(fault) => Err(PictureError { path: path.into(), fault }),
    }
}

/// The picture in a file's content, as its camera's orientation says.
///
/// # Errors
/// It is no picture, or too large a one.
pub fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureFault> {
    if bytes.len() as u64 > MEMORY {
        return Err(PictureFault::TooLarge);
    }
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST_SIDE), Some(LONGEST_SIDE));
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    // What cannot be read of it is no reason to refuse the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// Whether a file's name is that of a picture, and not a hidden one.
#[must_use]
pub fn is_named_so(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    !is_hidden(path) && EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Whether a file's name begins with a dot.
#[must_use]
pub fn is_hidden(path: &Path) -> bool {
    name(path).starts_with('.')
}

/// The last part of a path, to be shown.
#[must_use]
pub fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The order in which people put names: numbers in them count as numbers, so that `img2` is before `img10`.
#[must_use]
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let ordering = match (left.chars().next(), right.chars().next()) {
            (Some(one), Some(other)) if one.is_ascii_digit() && other.is_ascii_digit() => {
                let (number, others) = (digits(&mut left), digits(&mut right));
                number.len().cmp(&others.len()).then(number.cmp(others))
            }
            (Some(one), Some(other)) => {
                (left, right) = (&left[one.len_utf8()..], &right[other.len_utf8()..]);
                one.cmp(&other)
            }
            // `01` and `1` are the same number.
            (None, None) => return a.cmp(b),
            (one, other) => one.cmp(&other),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}

/// Takes the number that `text` begins with, and gives it without leading zeros.
fn digits<'a>(text: &mut &'a str) -> &'a str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    *text = rest;
    number.trim_start_matches('0')
}
