//! The kind of a file, by its first bytes.

use std::{fmt, fs::File, io::Read, path::Path};

/// The bytes that tell the kind.
const BEGINNING: u64 = 64;

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// PNG, JPEG or BMP.
    Readable,
    /// Known, but not read.
    Foreign(Foreign),
    /// Nothing that is known.
    Unknown,
}

/// A kind of file that this program knows, but does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Foreign {
    /// A photograph of an iPhone.
    Heic,
    /// AV1 still image.
    Avif,
    /// JPEG 2000, a file or a bare code stream.
    Jpeg2000,
    /// JPEG XL.
    JpegXl,
    /// WebP.
    WebP,
    /// TIFF, and most cameras' raw files.
    Tiff,
    /// GIF.
    Gif,
    /// An icon or a cursor of Windows.
    Ico,
    /// Photoshop.
    Psd,
    /// Netpbm: PBM, PGM, PPM or PAM.
    Netpbm,
    /// A drawing in XML.
    Svg,
    /// A film: MP4 or MOV.
    Film,
    /// A document.
    Pdf,
    /// A web page, for example the error page of a server.
    WebPage,
    /// A file that Git LFS has not fetched.
    LfsPointer,
}

impl Foreign {
    /// Returns true if it is a picture that a converter makes readable.
    pub(crate) fn is_picture(self) -> bool {
        !matches!(self, Self::Film | Self::Pdf | Self::WebPage | Self::LfsPointer)
    }

    /// Returns advice on such a file.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::Heic => {
                "Convert it to JPEG or PNG. An iPhone takes JPEG itself with Settings > Camera > Formats > Most \
                 Compatible"
            }
            Self::Film => "Save single frames as PNG or JPEG",
            Self::Pdf => "Save its pages as PNG or JPEG",
            Self::WebPage => "It is probably the error page of a server: download the image again",
            Self::LfsPointer => "Fetch the image with `git lfs pull`",
            _ => "Convert it to PNG or JPEG, for example with ImageMagick: magick OLD NEW.png",
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heic => "HEIC picture",
            Self::Avif => "AVIF picture",
            Self::Jpeg2000 => "JPEG 2000 picture",
            Self::JpegXl => "JPEG XL picture",
            Self::WebP => "WebP picture",
            Self::Tiff => "TIFF or raw picture",
            Self::Gif => "GIF picture",
            Self::Ico => "Windows icon (ICO)",
            Self::Psd => "Photoshop picture (PSD)",
            Self::Netpbm => "Netpbm picture (PBM, PGM, PPM)",
            Self::Svg => "SVG drawing",
            Self::Film => "film (MP4, MOV)",
            Self::Pdf => "PDF document",
            Self::WebPage => "web page",
            Self::LfsPointer => "Git LFS pointer",
        })
    }
}

impl Kind {
    /// The kind of the file at `path`; unknown where it cannot be read.
    pub(crate) fn of_file(path: &Path) -> Self {
        let mut start = Vec::new();
        match File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut start)) {
            Ok(_) => Self::of(&start),
            Err(_) => Self::Unknown,
        }
    }

    /// The kind of a file that begins so.
    pub(crate) fn of(start: &[u8]) -> Self {
        let is_readable = start.starts_with(b"\x89PNG\r\n\x1a\n")
            || start.starts_with(b"\xff\xd8\xff")
            || start.starts_with(b"BM") && is_bitmap(start);
        match foreign(start) {
            _ if is_readable => Self::Readable,
            Some(foreign) => Self::Foreign(foreign),
            None => Self::Unknown,
        }
    }
}

/// Returns true if a file that begins with `BM` goes on as a bitmap does: the size of its second
/// header is one of those in use.
fn is_bitmap(start: &[u8]) -> bool {
    let size = start.get(14..18).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    size.is_some_and(|size| [12, 16, 40, 52, 56, 64, 108, 124].contains(&size))
}

fn foreign(start: &[u8]) -> Option<Foreign> {
    let text = start.trim_ascii_start();
    let begins = |tags: &[&[u8]]| tags.iter().any(|tag| start.starts_with(tag));
    let is_text = |tags: &[&str]| {
        tags.iter().any(|tag| text.get(..tag.len()).is_some_and(|at| at.eq_ignore_ascii_case(tag.as_bytes())))
    };
    Some(match start {
        [_, _, _, _, b'f', b't', b'y', b'p', brands @ ..] => iso_media(brands),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Foreign::WebP,
        _ if begins(&[b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"]) => Foreign::Jpeg2000,
        _ if begins(&[b"\0\0\0\x0cJXL ", b"\xff\x0a"]) => Foreign::JpegXl,
        _ if begins(&[b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]) => Foreign::Tiff,
        _ if begins(&[b"GIF8"]) => Foreign::Gif,
        // A number of pictures follows, which is not 0 and has no high byte in any icon that there
        // is.
        [0, 0, 1 | 2, 0, 1..=255, 0, ..] => Foreign::Ico,
        _ if begins(&[b"8BPS"]) => Foreign::Psd,
        [b'P', b'1'..=b'7', b'\n' | b' ' | b'\r' | b'\t', ..] => Foreign::Netpbm,
        _ if begins(&[b"%PDF"]) => Foreign::Pdf,
        _ if begins(&[b"version https://git-lfs"]) => Foreign::LfsPointer,
        _ if is_text(&["<svg"]) => Foreign::Svg,
        _ if is_text(&["<?xml"]) && start.windows(4).any(|tag| tag == b"<svg") => Foreign::Svg,
        _ if is_text(&["<!doctype html", "<html", "<?xml"]) => Foreign::WebPage,
        _ => return None,
    })
}

/// Which of the kinds in ISO's container it is: the major brand, the version, and the brands that
/// it is compatible with.
fn iso_media(brands: &[u8]) -> Foreign {
    let has = |names: &[&[u8; 4]]| brands.as_chunks::<4>().0.iter().any(|brand| names.contains(&brand));
    if has(&[b"avif", b"avis"]) {
        Foreign::Avif
    } else if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) {
        Foreign::Heic
    } else if has(&[b"jp2 ", b"jpx "]) {
        Foreign::Jpeg2000
    } else {
        Foreign::Film
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_beginnings() {
        for (start, kind) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], Foreign::Heic),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", Foreign::Avif),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", Foreign::Film),
            (b"\0\0\0\x0cjP  \r\n\x87\n", Foreign::Jpeg2000),
            (b"\xff\x4f\xff\x51\0\x2f", Foreign::Jpeg2000),
            (b"\xff\x0a\xfa\x7f", Foreign::JpegXl),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Foreign::WebP),
            (b"II*\0\x08\0\0\0", Foreign::Tiff),
            (b"MM\0*\0\0\0\x08", Foreign::Tiff),
            (b"GIF89a", Foreign::Gif),
            (b"\0\0\x01\0\x01\0\x10\x10", Foreign::Ico),
            (b"P5\n28 28\n255\n", Foreign::Netpbm),
            (b"<?xml version=\"1.0\"?>\n<svg width=\"4\"", Foreign::Svg),
            (b"\r\n<!DOCTYPE html><html>", Foreign::WebPage),
            (b"version https://git-lfs.github.com/spec/v1\n", Foreign::LfsPointer),
        ] {
            assert_eq!(Kind::of(start), Kind::Foreign(kind), "{start:?}");
            assert!(!kind.to_string().is_empty() && !kind.advice().is_empty());
        }
        for start in [&b""[..], b"x", b"BMW is a car", b"RIFF\x24\0\0\0WAVE", &[0, 0, 8, 3, 0, 0, 0, 1]] {
            assert_eq!(Kind::of(start), Kind::Unknown, "{start:?}");
        }
        assert_eq!(Kind::of(b"\xff\xd8\xff\xe0"), Kind::Readable);
        assert_eq!(Kind::of(b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"), Kind::Readable);
    }
}
