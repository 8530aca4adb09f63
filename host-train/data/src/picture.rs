//! A picture in a file: PNG, JPEG or BMP, by its content, whatever its name says.
//!
//! A file is not trusted: no header makes the decoder take more than [`MEMORY`].

use super::prepare::prepare;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, metadata::Orientation,
};
use shared_model::model::format::Preprocessing;
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
    /// The fault.
    pub fault: PictureFault,
}

/// A fault of a picture.
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
    /// Its content is in no known format.
    #[error("is neither PNG nor JPEG nor BMP, whatever its name says")]
    Format,
    /// The rest of it is missing.
    #[error("ends in the middle of its picture; it was not copied whole")]
    Truncated,
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
/// Returns an error if the file cannot be read, is no picture, or too large a one.
pub fn read(path: &Path, preprocessing: Preprocessing, size: [usize; 2]) -> Result<Vec<u8>, PictureError> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(MEMORY + 1).read_to_end(&mut bytes)?;
        decode(&bytes)
    };
    match read() {
        Ok(image) => Ok(prepare(image, preprocessing, size)),
        Err(fault) => Err(PictureError { path: path.into(), fault }),
    }
}

/// Returns the picture in a file's content, as its camera's orientation says.
///
/// # Errors
/// Returns an error if it is no picture, or too large a one.
pub fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureFault> {
    if bytes.len() as u64 > MEMORY {
        return Err(PictureFault::TooLarge);
    }
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST_SIDE), Some(LONGEST_SIDE));
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    if reader.format() == Some(ImageFormat::Jpeg) && !jpeg_ends(bytes) {
        return Err(PictureFault::Truncated);
    }
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

/// Returns true if a JPEG has its end (ITU-T T.81, B.1.1.3: marker EOI). The decoder does without,
/// and paints the rest grey.
fn jpeg_ends(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xda;
    // A thumbnail in one of the segments before the scan has an end of its own.
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        if marker == START_OF_SCAN {
            break;
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
    bytes.get(at..).is_some_and(|rest| rest.windows(2).any(|two| two == [0xff, 0xd9]))
}

/// Returns true if a file's name is that of a picture, and not a hidden one.
#[must_use]
pub fn is_named_so(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    !is_hidden(path) && EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Returns true if a file's name begins with a dot.
#[must_use]
pub fn is_hidden(path: &Path) -> bool {
    name(path).starts_with('.')
}

/// Returns the last part of a path, to be shown.
#[must_use]
pub fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns the order in which people put names: numbers in them count as numbers, so that `img2` is before
/// `img10`.
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use image::{GrayImage, ImageEncoder, Luma, codecs::jpeg::JpegEncoder};
    use shared_model::model::{
        crc32,
        format::{Background, Fit},
    };
    use std::fs;

    const PREPROCESSING: Preprocessing = Preprocessing { fit: Fit::Contain, background: Background::Dark };

    /// Returns a bright cross on black: its upright at a third of the width, its bar at a third of the
    /// height.
    pub fn cross(width: u32, height: u32) -> DynamicImage {
        let near = |at: u32, of: u32| at >= of / 3 && at < of / 3 + of.div_ceil(5);
        let value = |x, y| if near(x, width) || near(y, height) { 230 } else { 0 };
        GrayImage::from_fn(width, height, |x, y| Luma([value(x, y)])).into()
    }

    pub fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        image.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    fn error(bytes: &[u8]) -> String {
        decode(bytes).unwrap_err().to_string()
    }

    #[test]
    fn every_format_and_depth_gives_the_same_pixels() {
        for (width, height) in [(45, 30), (31, 47)] {
            let cross = cross(width, height);
            let expected = prepare(cross.clone(), PREPROCESSING, [28, 28]);
            assert!(expected.iter().filter(|&&pixel| pixel > 200).count() > 28);
            let depths = [
                cross.clone(),
                cross.to_rgb8().into(),
                cross.to_rgba8().into(),
                cross.to_luma16().into(),
                cross.to_rgb16().into(),
                cross.to_rgba16().into(),
                cross.to_luma_alpha8().into(),
            ];
            for image in &depths {
                let pixels =
                    prepare(decode(&encoded(image, ImageFormat::Png)).unwrap(), PREPROCESSING, [28, 28]);
                assert_eq!(pixels, expected, "{:?}", image.color());
            }
            for image in &depths[..2] {
                let pixels =
                    prepare(decode(&encoded(image, ImageFormat::Bmp)).unwrap(), PREPROCESSING, [28, 28]);
                assert_eq!(pixels, expected, "{:?}", image.color());
                let mut jpeg = Vec::new();
                image.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 95)).unwrap();
                let pixels = prepare(decode(&jpeg).unwrap(), PREPROCESSING, [28, 28]);
                let farthest = pixels.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(farthest < Some(30), "{farthest:?}");
            }
        }
    }

    /// TIFF, little-endian, one directory of one entry: orientation (0x112), a short.
    fn exif(orientation: u8) -> Vec<u8> {
        let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        exif
    }

    #[test]
    fn the_cameras_orientation_is_honoured() {
        let cross = cross(40, 24);
        let mut file = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut file, 95);
        encoder.set_exif_metadata(exif(6)).unwrap();
        cross.rotate270().write_with_encoder(encoder).unwrap();
        let turned = decode(&file).unwrap();
        assert_eq!((turned.width(), turned.height()), (40, 24));
        let far = |(a, b): (&u8, &u8)| a.abs_diff(*b) > 60;
        let wrong = turned.to_luma8().iter().zip(cross.to_luma8().iter()).filter(|&pair| far(pair)).count();
        assert_eq!(wrong, 0);
    }

    #[test]
    fn the_content_decides_not_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.jpeg");
        fs::write(&path, encoded(&cross(9, 9), ImageFormat::Png)).unwrap();
        assert_eq!(read(&path, PREPROCESSING, [9, 9]).unwrap(), cross(9, 9).into_luma8().into_raw());
        fs::write(&path, "GIF89a and so on").unwrap();
        assert_eq!(
            read(&path, PREPROCESSING, [9, 9]).unwrap_err().to_string(),
            format!("{}: is neither PNG nor JPEG nor BMP, whatever its name says", path.display())
        );
    }

    #[test]
    fn broken_files_are_errors_and_none_panics() {
        for text in [&b""[..], b"x", b"<!DOCTYPE html>", b"RIFF\0\0\0\0WEBP"] {
            assert!(error(text).contains("neither PNG nor JPEG nor BMP"), "{}", error(text));
        }
        for format in [ImageFormat::Png, ImageFormat::Bmp] {
            let whole = encoded(&cross(12, 10), format);
            for end in (8..whole.len() - 20).step_by(3) {
                assert!(decode(&whole[..end]).is_err(), "{format:?} {end}");
            }
        }
        let jpeg = encoded(&cross(64, 64).to_rgb8().into(), ImageFormat::Jpeg);
        (3..jpeg.len()).for_each(|end| assert!(decode(&jpeg[..end]).is_err(), "{end}"));
        assert!(error(&jpeg[..jpeg.len() - 2]).contains("ends in the middle of its picture"));
        let with_more_behind = [jpeg, b"what a camera adds".to_vec()].concat();
        assert!(decode(&with_more_behind).is_ok());
        assert!(matches!(
            read(Path::new("/not/there.png"), PREPROCESSING, [1, 1]),
            Err(PictureError { fault: PictureFault::Read(_), .. })
        ));
    }

    /// Returns a PNG's beginning, which announces so many pixels of 64 bits.
    fn png_header(width: u32, height: u32) -> Vec<u8> {
        let header = [&b"IHDR"[..], &width.to_be_bytes(), &height.to_be_bytes(), &[16, 6, 0, 0, 0]].concat();
        let crc = crc32(&header).to_be_bytes();
        [&b"\x89PNG\r\n\x1a\n\0\0\0\x0d"[..], &header, &crc, b"\0\0\0\0IDAT\x35\xaf\x06\x1e"].concat()
    }

    #[test]
    fn bombs_take_no_memory() {
        for (width, height) in
            [(4_000_000_000, 1), (1, 20_000), (16_000, 16_000), (u32::MAX >> 1, u32::MAX >> 1)]
        {
            let message = error(&png_header(width, height));
            assert!(message.contains("is too large: 16384 pixels a side and 256 MiB"), "{width}: {message}");
        }
        let mut bmp = encoded(&cross(4, 4).to_rgb8().into(), ImageFormat::Bmp);
        bmp[18..22].copy_from_slice(&16_000u32.to_le_bytes());
        bmp[22..26].copy_from_slice(&16_000u32.to_le_bytes());
        assert!(error(&bmp).contains("is too large"), "{}", error(&bmp));
        let mut jpeg = encoded(&cross(8, 8), ImageFormat::Jpeg);
        let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xf0, 0xff, 0xf0]);
        assert!(error(&jpeg).contains("is too large"), "{}", error(&jpeg));
        let mut long = vec![0; MEMORY as usize + 1];
        long[..8].copy_from_slice(b"\x89PNG\r\n\x1a\n");
        assert!(error(&long).contains("is too large"));
    }

    #[test]
    fn names_are_put_in_the_order_of_people() {
        let mut names =
            ["b", "img10.png", "img2.png", "10", "9", "img02.png", "", "é", "a1b10", "a1b9", "img2"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(
            names,
            ["", "9", "10", "a1b9", "a1b10", "b", "img2", "img02.png", "img2.png", "img10.png", "é"]
        );
        let long = ["1".repeat(50), "1".repeat(49) + "2"];
        assert!(natural_order(&long[0], &long[1]).is_lt());
    }

    #[test]
    fn names_of_pictures() {
        let named = |name: &str| is_named_so(Path::new(name));
        assert!(["a.png", "b.JPG", "c.x.Jpeg", "d.bmp"].map(named).iter().all(|&is| is));
        assert!(![".a.png", "._b.jpg", "png", "c.gif", "d.png.txt", ".png"].map(named).iter().any(|&is| is));
    }
}
