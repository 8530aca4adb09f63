//! A picture in a file: PNG, JPEG or BMP, by its content, whatever its name says.
//!
//! A file is not trusted: no header makes the decoder take more than [`MEMORY`].

pub(crate) mod fault;
mod jpeg;
mod kind;
mod memory;

use crate::{
    names::{counted, is_hidden, shown},
    prepare::{Prepared, prepare},
};
pub use fault::{LONGEST_SIDE, MEMORY, PictureFault};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, metadata::Orientation};
pub use kind::Foreign;
pub(crate) use kind::Kind;
use memory::{Memory, Share};
use shared_model::{inspect::Shape, model::format::Preprocessing};
use std::{
    fs::{self, File},
    io::{Cursor, Read},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Names of picture files end in one of these, in small or capital letters. Other files are judged
/// by their content.
pub const EXTENSIONS: [&str; 6] = ["png", "jpg", "jpeg", "jfif", "jpe", "bmp"];
/// The memory that is free for pictures.
static FREE: Memory = Memory::new(MEMORY);

/// A picture, ready for a net.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Row by row, 0 for the background.
    pub pixels: Vec<u8>,
    /// The greys that are left of a picture of 16 bits that uses a small part of its range; `None`
    /// of any other.
    pub greys_left: Option<usize>,
}

/// A picture that cannot be used.
#[derive(Debug, Error)]
#[error("{}: {fault}", shown(path))]
pub struct PictureError {
    /// The file.
    pub path: PathBuf,
    /// The fault.
    pub fault: PictureFault,
}

/// Reads a picture and makes pixels of it: see [`prepare`].
///
/// # Errors
/// The file cannot be read, is no picture, or too large a one.
pub fn read(path: &Path, preprocessing: Preprocessing, shape: Shape) -> Result<Picture, PictureError> {
    open(path, |image| {
        let Prepared { pixels, .. } = prepare(image, preprocessing, shape)?;
        Ok(Picture { pixels, greys_left: greys_left(image) })
    })
}

/// Reads a picture, and returns what `look` makes of it, in the memory that pictures share.
///
/// # Errors
/// The file cannot be read, is no picture, or too large a one, or `look` fails.
pub fn open<T>(
    path: &Path,
    look: impl FnOnce(&DynamicImage) -> Result<T, PictureFault>,
) -> Result<T, PictureError> {
    let read = || {
        if !fs::metadata(path)?.is_file() {
            return Err(PictureFault::NotAFile);
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(MEMORY + 1).read_to_end(&mut bytes)?;
        let (image, _share) = decode_in(&bytes, &FREE)?;
        drop(bytes);
        look(&image)
    };
    read().map_err(|fault| PictureError { path: path.into(), fault })
}

/// Returns the picture in a file's content, as its camera's orientation says.
///
/// # Errors
/// Returns an error if it is no picture, or too large a one.
pub fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureFault> {
    decode_in(bytes, &FREE).map(|(image, _share)| image)
}

/// The same, as soon as there is memory for it.
fn decode_in<'a>(bytes: &[u8], memory: &'a Memory) -> Result<(DynamicImage, Share<'a>), PictureFault> {
    if bytes.is_empty() {
        return Err(PictureFault::Empty);
    }
    if bytes.len() as u64 > MEMORY {
        return Err(PictureFault::TooLarge { is_kept: false });
    }
    if let Kind::Foreign(foreign) = Kind::of(bytes.get(..64).unwrap_or(bytes)) {
        return Err(PictureFault::Foreign(foreign));
    }
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST_SIDE), Some(LONGEST_SIDE));
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let is_jpeg = reader.format() == Some(ImageFormat::Jpeg);
    let kept = if is_jpeg { jpeg::coefficient_bytes(bytes) } else { 0 };
    reader.limits(limits.clone());
    let mut decoder = match reader.into_decoder() {
        Ok(decoder) => decoder,
        Err(error) => {
            let fault = PictureFault::from(error);
            // What is wrong with a JPEG, its decoder says in other words.
            let is_worth_it = is_jpeg && kept <= MEMORY && matches!(fault, PictureFault::Decode(_));
            return Err(if is_worth_it { jpeg::check(bytes).err().map_or(fault, Into::into) } else { fault });
        }
    };
    let needed = decoder.total_bytes().saturating_add(kept);
    limits.reserve(needed).map_err(|_| PictureFault::TooLarge { is_kept: kept > 0 })?;
    let share = memory.share(needed);
    decoder.set_limits(limits)?;
    if is_jpeg {
        jpeg::check(bytes)?;
    }
    // What cannot be read of it is no reason to refuse the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok((image, share))
}

/// The greys that are left of a picture of 16 bits once it has 8, where it uses a quarter of its
/// range or less and loses some: a sensor's 12 or 14 bits.
fn greys_left(image: &DynamicImage) -> Option<usize> {
    let values: &[u16] = match image {
        DynamicImage::ImageLuma16(image) => image.as_raw(),
        DynamicImage::ImageRgb16(image) => image.as_raw(),
        // Where it is transparent, its value says nothing.
        _ => return None,
    };
    let mut is_used = vec![false; 1 << 16];
    values.iter().for_each(|&value| is_used[usize::from(value)] = true);
    let used = || (0..).zip(&is_used).filter(|(_, is_used)| **is_used).map(|(value, _): (u32, _)| value);
    let range = used().last()? - used().next()?;
    // As `image` makes 8 bits of 16.
    let mut greys: Vec<u32> = used().map(|value| (value + 128) / 257).collect();
    let all = greys.len();
    greys.dedup();
    (range <= 1 << 14 && greys.len() < all).then_some(greys.len())
}

/// Returns the note about those `pictures` that use a sliver of their 16 bits; `None` if all use
/// more.
pub fn note_of_slivers<'a>(pictures: impl IntoIterator<Item = (&'a PathBuf, &'a Picture)>) -> Option<String> {
    let mut slivers = pictures.into_iter().filter_map(|(path, picture)| Some((path, picture.greys_left?)));
    let (first, greys) = slivers.next()?;
    Some(format!(
        "only a quarter of the range of 16 bits, or less, is in {}, as from sensors of 12 or 14 bits; a net is given 8 \
         bits, in which {greys} of 256 greys are left of {}. Stretch all of them alike before",
        counted(1 + slivers.count(), "image"),
        shown(first)
    ))
}

/// Returns true if a file's name is that of a picture, and not a hidden one.
#[must_use]
pub fn is_named_so(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    !is_hidden(path) && EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
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

    const PREPROCESSING: Preprocessing = Preprocessing::new(Fit::Contain, Background::Dark);

    /// Returns a bright cross on black: its upright at a third of the width, its bar at a third of
    /// the height.
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
            let pixels_of =
                |image: &DynamicImage| prepare(image, PREPROCESSING, Shape::new(28, 28, 1)).unwrap().pixels;
            let expected = pixels_of(&cross);
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
                let pixels = pixels_of(&decode(&encoded(image, ImageFormat::Png)).unwrap());
                assert_eq!(pixels, expected, "{:?}", image.color());
            }
            for image in &depths[..2] {
                let pixels = pixels_of(&decode(&encoded(image, ImageFormat::Bmp)).unwrap());
                assert_eq!(pixels, expected, "{:?}", image.color());
                let mut jpeg = Vec::new();
                image.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 95)).unwrap();
                let pixels = pixels_of(&decode(&jpeg).unwrap());
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
        assert_eq!(
            read(&path, PREPROCESSING, Shape::new(9, 9, 1)).unwrap().pixels,
            cross(9, 9).into_luma8().into_raw()
        );
        for (content, words) in [
            (
                &b"GIF89a and so on"[..],
                "is a GIF picture, which this program does not read. Convert it to PNG or JPEG",
            ),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is a HEIC picture, which this program does not read"),
            (b"Paint", "is neither PNG nor JPEG nor BMP, whatever its name says"),
            (b"", "is empty: the file has 0 bytes. Copy it again"),
        ] {
            fs::write(&path, content).unwrap();
            let message = read(&path, PREPROCESSING, Shape::new(9, 9, 1)).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{}: {words}", path.display())), "{message}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.png");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let message = read(&pipe, PREPROCESSING, Shape::new(9, 9, 1)).unwrap_err().to_string();
        assert!(message.contains("pipe.png: is a pipe, a socket or a device"), "{message}");
    }

    #[test]
    fn a_sliver_of_16_bits_is_noticed() {
        let image = |grey: fn(u32) -> u16| -> Option<usize> {
            let image = image::ImageBuffer::from_fn(40, 40, |x, y| Luma([grey(40 * y + x)]));
            greys_left(&decode(&encoded(&DynamicImage::ImageLuma16(image), ImageFormat::Png)).unwrap())
        };
        // A thermal camera's raw values: 7,300 to 7,500 of 65,535, so 28.4 to 29.2 of 255.
        assert_eq!(image(|at| 7300 + (at % 201) as u16), Some(2));
        assert_eq!(image(|at| (4095 * at / 1599) as u16), Some(17), "12 bits");
        assert_eq!(image(|at| (16383 * at / 1599) as u16), Some(65), "14 bits");
        assert_eq!(image(|at| (65535 * at / 1599) as u16), None, "all of the range");
        assert_eq!(image(|at| 257 * (at % 10) as u16), None, "dark, but of 8 bits");
        assert_eq!(image(|_| 7300), None, "of one grey");
        assert_eq!(greys_left(&cross(9, 9)), None);
    }

    #[test]
    fn broken_files_are_errors_and_none_panics() {
        for text in [&b"x"[..], b"RIFF\0\0\0\0WAVE", b"\x89PNG"] {
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
            read(Path::new("/not/there.png"), PREPROCESSING, Shape::new(1, 1, 1)),
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
            assert!(
                message.contains("is too large: a picture may have 16384 pixels on each side"),
                "{width}: {message}"
            );
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

    /// 16,384 × 5,456 in colour: 268 MB of pixels, and 536 MB of coefficients until the last scan
    /// is read.
    #[test]
    fn coefficients_are_counted_before_they_are_kept() {
        let mut jpeg = include_bytes!("picture/jpeg/progressive.jpg").to_vec();
        let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc2]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0x15, 0x50, 0x40, 0]);
        let message = error(&jpeg);
        assert!(
            message.ends_with("Make it smaller, or save it as a JPEG that is not progressive"),
            "{message}"
        );
        // 4:2:0, so 1.5 coefficients for each of 3,136 × 2,304 pixels, which makes 6 blocks of 8 ×
        // 8 for 256.
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0x09, 0, 0x0c, 0x40]);
        assert_eq!(jpeg::coefficient_bytes(&jpeg), 3136 * 2304 / 256 * 6 * 136);
        assert_eq!(error(&jpeg), PictureFault::Damaged.to_string(), "its codes end too early");
        assert_eq!(jpeg::coefficient_bytes(include_bytes!("picture/jpeg/restarts.jpg")), 0);
    }

    #[test]
    fn names_of_pictures() {
        let named = |name: &str| is_named_so(Path::new(name));
        assert!(["a.png", "b.JPG", "c.x.Jpeg", "d.bmp", "e.JFIF", "f.jpe"].map(named).iter().all(|&is| is));
        assert!(![".a.png", "._b.jpg", "png", "c.gif", "d.png.txt", ".png"].map(named).iter().any(|&is| is));
    }
}
