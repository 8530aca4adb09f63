//! The IDX format: MNIST's own, and that of the data sets made in its likeness.
//!
//! A big-endian `u32` says what follows (0x803: images, 0x801: labels), another says how many;
//! images have their height and width next; then come the bytes. Files may be gzipped, whatever
//! their names say.
//!
//! A file is not trusted: no memory is taken on the word of a header, and no file unpacks to more
//! than [`LIMIT`].

use flate2::bufread::GzDecoder;
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The standard names of a data set's four files: training images and labels, test images and
/// labels.
pub const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// The most bytes that a file may hold, packed and unpacked; MNIST's largest holds 47 MB.
pub const LIMIT: u64 = 1 << 30;

/// The first bytes of a gzip file.
const GZIP: &[u8] = &[0x1f, 0x8b];
const IMAGES: u32 = 0x803;
const LABELS: u32 = 0x801;

/// Grey images of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    pixels: Vec<u8>,
}

impl Images {
    /// Returns images one after another, row by row, 0 for the background.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Returns the same, given away.
    #[must_use]
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// Returns the number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pixels.len() / (self.height * self.width)
    }

    /// Returns true if there are no images; a file that was read always holds one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }
}

/// A file that cannot be used.
#[derive(Debug, Error)]
#[error("{}: {fault}{}", path.display(), fault.advice())]
pub struct IdxError {
    /// The file.
    pub path: PathBuf,
    /// The fault.
    pub fault: Fault,
}

/// A fault of a file.
#[derive(Debug, Error)]
pub enum Fault {
    /// The system does not give its bytes.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is, or unpacks to, more than the limit.
    #[error("holds more than {0} bytes, far more than any data set that this program can use")]
    TooLarge(u64),
    /// It is a web page.
    #[error("this is an HTML or XML page, probably the error page of a server or a proxy")]
    WebPage,
    /// A gzip stream that stops before its end.
    #[error("the gzip data end too early, after {unpacked} unpacked bytes")]
    GzipTruncated {
        /// The number of bytes unpacked until then.
        unpacked: usize,
    },
    /// A gzip stream that is damaged.
    #[error("the gzip data are damaged after {unpacked} unpacked bytes ({reason})")]
    GzipCorrupt {
        /// The number of bytes unpacked until then.
        unpacked: usize,
        /// The decoder's error.
        reason: io::Error,
    },
    /// The header stops before its end.
    #[error("ends after {found} bytes, but the header alone takes {wanted}")]
    NoHeader {
        /// Bytes in the file.
        found: usize,
        /// Bytes that the header takes.
        wanted: usize,
    },
    /// The first four bytes are not those of the file wanted.
    #[error("holds {}, where {} are wanted (0x{found:08x}, not 0x{wanted:08x}, at byte 0)", kind(*found), kind(*wanted))]
    Magic {
        /// The actual ones.
        found: u32,
        /// The expected ones.
        wanted: u32,
    },
    /// The header announces no pixels.
    #[error("the header says {count} images of {height}×{width} pixels; there is nothing to use")]
    NoImages {
        /// Number of images.
        count: u32,
        /// Rows of an image.
        height: u32,
        /// Columns of an image.
        width: u32,
    },
    /// The header announces no labels.
    #[error("the header says 0 labels; there is nothing to use")]
    NoLabels,
    /// There is less than the header says.
    #[error("truncated: the header says {header}, so {wanted} bytes, but the file ends after {found}")]
    Truncated {
        /// The header's number.
        header: String,
        /// Bytes that there should be, header included.
        wanted: u128,
        /// Bytes that there are.
        found: usize,
    },
    /// There is more than the header says.
    #[error("the header says {header}, so {wanted} bytes, but {} more follow", *found as u128 - wanted)]
    Trailing {
        /// The header's number.
        header: String,
        /// Bytes that there should be, header included.
        wanted: u128,
        /// Bytes that there are.
        found: usize,
    },
}

impl Fault {
    /// Returns advice for a person who has the file.
    fn advice(&self) -> &'static str {
        match self {
            Self::WebPage
            | Self::GzipTruncated { .. }
            | Self::GzipCorrupt { .. }
            | Self::NoHeader { .. }
            | Self::Truncated { .. }
            | Self::Trailing { .. } => ". Delete the file and download or copy it again",
            Self::Magic { .. } => ". See whether files have been mixed up",
            Self::Read(_) | Self::TooLarge(_) | Self::NoImages { .. } | Self::NoLabels => "",
        }
    }
}

fn kind(magic: u32) -> &'static str {
    match magic {
        IMAGES => "images",
        LABELS => "labels",
        0x800..=0x8ff => "IDX bytes of another shape",
        0x900..=0xeff => "IDX numbers of several bytes or with signs",
        _ => "something that is neither IDX images nor IDX labels",
    }
}

/// The file of one of the [`NAMES`] in a folder, under the spellings in use; it may be in a folder
/// of its own name.
pub(super) fn locate(folder: &Path, name: &str) -> Option<PathBuf> {
    let dotted = name.replace("-idx", ".idx");
    let names = [name.into(), format!("{name}.gz"), dotted.clone(), format!("{dotted}.gz")];
    let places = names.iter().map(|name| folder.join(name));
    let inside = names.iter().map(|name| folder.join(name).join(name));
    places.chain(inside).find(|path| path.is_file())
}

/// Reads a file of images.
///
/// # Errors
/// Returns an error if the file cannot be read, or is no IDX file of images, whole and not empty.
pub fn read_images(path: &Path) -> Result<Images, IdxError> {
    Content::read(path)?.images()
}

/// The content of a file, unpacked.
pub(super) struct Content {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

impl Content {
    pub fn read(path: &Path) -> Result<Self, IdxError> {
        let read = || {
            let mut bytes = Vec::new();
            File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
            unpack(bytes, LIMIT)
        };
        match read() {
            Ok(bytes) => Ok(Self { path: path.into(), bytes }),
            Err(fault) => Err(IdxError { path: path.into(), fault }),
        }
    }

    pub fn images(self) -> Result<Images, IdxError> {
        images(self.bytes).map_err(|fault| IdxError { path: self.path, fault })
    }

    pub fn labels(self) -> Result<Vec<u8>, IdxError> {
        labels(self.bytes).map_err(|fault| IdxError { path: self.path, fault })
    }
}

/// Unpacks a gzip file, to at most `limit` bytes; returns other bytes as they are.
pub(super) fn unpack(bytes: Vec<u8>, limit: u64) -> Result<Vec<u8>, Fault> {
    let content = if bytes.starts_with(GZIP) { gunzip(&bytes, limit)? } else { bytes };
    if content.len() as u64 > limit {
        return Err(Fault::TooLarge(limit));
    }
    // IDX begins with a zero byte.
    if content.trim_ascii_start().starts_with(b"<") {
        return Err(Fault::WebPage);
    }
    Ok(content)
}

/// Unpacks a gzip file, which may be several in a row, padded with zeros as on a tape.
fn gunzip(mut packed: &[u8], limit: u64) -> Result<Vec<u8>, Fault> {
    let mut content = Vec::new();
    while packed.iter().any(|&byte| byte != 0) {
        if !packed.starts_with(GZIP) {
            let reason = io::Error::other("something else follows them");
            return Err(Fault::GzipCorrupt { unpacked: content.len(), reason });
        }
        let more = limit.saturating_add(1) - content.len() as u64;
        let mut decoder = GzDecoder::new(packed).take(more);
        if let Err(reason) = decoder.read_to_end(&mut content) {
            let unpacked = content.len();
            return Err(match reason.kind() {
                io::ErrorKind::UnexpectedEof => Fault::GzipTruncated { unpacked },
                _ => Fault::GzipCorrupt { unpacked, reason },
            });
        }
        if content.len() as u64 > limit {
            break;
        }
        packed = decoder.into_inner().into_inner();
    }
    Ok(content)
}

/// Returns the images in a file's content.
fn images(mut content: Vec<u8>) -> Result<Images, Fault> {
    let [count, height, width] = header(&content, IMAGES)?;
    if count == 0 || height == 0 || width == 0 {
        return Err(Fault::NoImages { count, height, width });
    }
    let wanted = 16 + u128::from(count) * u128::from(height) * u128::from(width);
    check_length(&content, wanted, || format!("{count} images of {height}×{width} pixels"))?;
    content.drain(..16);
    // They are no larger than the content, so they fit.
    Ok(Images { height: height as usize, width: width as usize, pixels: content })
}

/// Returns the labels in a file's content.
fn labels(mut content: Vec<u8>) -> Result<Vec<u8>, Fault> {
    let [count] = header(&content, LABELS)?;
    if count == 0 {
        return Err(Fault::NoLabels);
    }
    check_length(&content, 8 + u128::from(count), || format!("{count} labels"))?;
    content.drain(..8);
    Ok(content)
}

/// Checks the magic number and gives the `N` sizes after it.
fn header<const N: usize>(content: &[u8], magic: u32) -> Result<[u32; N], Fault> {
    let (words, _) = content.as_chunks::<4>();
    let mut words = words.iter().map(|&word| u32::from_be_bytes(word));
    // What kind of file it is says more than that it is short.
    match words.next() {
        Some(found) if found != magic => return Err(Fault::Magic { found, wanted: magic }),
        _ if content.len() < 4 + 4 * N => {
            return Err(Fault::NoHeader { found: content.len(), wanted: 4 + 4 * N });
        }
        _ => {}
    }
    Ok(std::array::from_fn(|_| words.next().unwrap_or_default()))
}

/// Checks that there are as many bytes as the header says.
fn check_length(content: &[u8], wanted: u128, header: impl Fn() -> String) -> Result<(), Fault> {
    let found = content.len();
    match (found as u128).cmp(&wanted) {
        std::cmp::Ordering::Less => Err(Fault::Truncated { header: header(), wanted, found }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(Fault::Trailing { header: header(), wanted, found }),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::{fs, io::Write};

    pub fn image_file(count: u32, height: u32, width: u32, pixels: &[u8]) -> Vec<u8> {
        let words = [IMAGES, count, height, width].map(u32::to_be_bytes);
        [words.as_flattened(), pixels].concat()
    }

    pub fn label_file(count: u32, labels: &[u8]) -> Vec<u8> {
        let words = [LABELS, count].map(u32::to_be_bytes);
        [words.as_flattened(), labels].concat()
    }

    pub fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn image_error(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some-images");
        fs::write(&path, bytes).unwrap();
        let message = read_images(&path).unwrap_err().to_string();
        message.strip_prefix(&format!("{}: ", path.display())).expect("the path comes first").to_owned()
    }

    fn label_error(bytes: Vec<u8>) -> String {
        Content { path: "some-labels".into(), bytes }.labels().unwrap_err().to_string()
    }

    #[test]
    fn images_and_labels_come_back_plain_and_gzipped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("whatever its name says.gz");
        let pixels: Vec<u8> = (0..24).collect();
        let file = image_file(2, 4, 3, &pixels);
        // The last one is two gzip streams in a row, which is one file to every gzip program.
        for bytes in [file.clone(), gzip(&file), [gzip(&file[..9]), gzip(&file[9..])].concat()] {
            fs::write(&path, bytes).unwrap();
            let images = read_images(&path).unwrap();
            assert_eq!((images.len(), images.height, images.width), (2, 4, 3));
            assert_eq!(images.pixels(), pixels);
        }
        let labels = label_file(3, &[0, 255, 5]);
        // `gzip -t` accepts zeros after the end, and nothing else.
        for behind in [0, 1, 500] {
            fs::write(&path, [gzip(&labels), vec![0; behind]].concat()).unwrap();
            assert_eq!(Content::read(&path).unwrap().labels().unwrap(), [0, 255, 5]);
        }
        fs::write(&path, [gzip(&labels), b"\0\0more".to_vec()].concat()).unwrap();
        let message = Content::read(&path).err().unwrap().to_string();
        assert!(message.contains("the gzip data are damaged after 11 unpacked bytes"), "{message}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let message = read_images(Path::new("/not/there")).unwrap_err().to_string();
        assert!(message.starts_with("/not/there: cannot be read: "), "{message}");
    }

    #[test]
    fn a_truncated_file_says_what_is_missing() {
        let file = image_file(2, 4, 3, &[7; 24]);
        assert_eq!(
            image_error(&file[..30]),
            "truncated: the header says 2 images of 4×3 pixels, so 40 bytes, but the file ends after 30. Delete \
             the file and download or copy it again"
        );
        assert!(image_error(&file[..10]).starts_with("ends after 10 bytes, but the header alone takes 16"));
        assert!(image_error(&[]).starts_with("ends after 0 bytes, but the header alone takes 16"));
        let message = label_error(label_file(5, &[1, 2]));
        assert!(
            message.contains("the header says 5 labels, so 13 bytes, but the file ends after 10"),
            "{message}"
        );
    }

    #[test]
    fn no_truncation_is_accepted_and_none_panics() {
        let file = image_file(2, 4, 3, &[7; 24]);
        let packed = gzip(&file);
        for (whole, what) in [(&file, "plain"), (&packed, "gzip")] {
            for end in 0..whole.len() {
                assert!(unpack(whole[..end].to_vec(), LIMIT).and_then(images).is_err(), "{what} {end}");
            }
        }
    }

    #[test]
    fn broken_gzip_says_how_far_it_went() {
        // Noise, so that the packed data are not over before they have begun.
        let noise: Vec<u8> = (0..40_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let mut packed = gzip(&image_file(100, 20, 20, &noise));
        let message = image_error(&packed[..packed.len() / 2]);
        assert!(message.starts_with("the gzip data end too early, after "), "{message}");
        assert!(message.ends_with("download or copy it again"), "{message}");
        // The checksum at the end.
        let at = packed.len() - 6;
        packed[at] ^= 1;
        let message = image_error(&packed);
        assert!(message.starts_with("the gzip data are damaged after 40016 unpacked bytes"), "{message}");
    }

    #[test]
    fn a_web_page_is_called_one() {
        let page = b"\r\n<!DOCTYPE html><html><body>Please log in</body></html>";
        for bytes in [page.to_vec(), gzip(page), b"<?xml version=\"1.0\"?><Error/>".to_vec()] {
            let message = image_error(&bytes);
            assert!(message.starts_with("this is an HTML or XML page"), "{message}");
        }
    }

    #[test]
    fn a_wrong_magic_says_which_it_is() {
        assert_eq!(
            image_error(&label_file(1, &[1])),
            "holds labels, where images are wanted (0x00000801, not 0x00000803, at byte 0). See whether files \
             have been mixed up"
        );
        let message = label_error(image_file(1, 1, 1, &[1]));
        assert!(message.starts_with("some-labels: holds images, where labels are wanted"), "{message}");
        let message = image_error(b"\x89PNG\r\n");
        assert!(message.contains("neither IDX images nor IDX labels"), "{message}");
        assert!(message.contains("0x89504e47"), "{message}");
    }

    #[test]
    fn nothing_to_use_is_an_error() {
        assert!(image_error(&image_file(0, 28, 28, &[])).starts_with("the header says 0 images of 28×28"));
        assert!(image_error(&image_file(1, 28, 0, &[])).starts_with("the header says 1 images of 28×0"));
        assert!(label_error(label_file(0, &[])).contains("the header says 0 labels"));
    }

    #[test]
    fn trailing_bytes_are_counted() {
        let message = image_error(&image_file(1, 2, 2, &[0; 7]));
        assert!(
            message.starts_with("the header says 1 images of 2×2 pixels, so 20 bytes, but 3 more follow"),
            "{message}"
        );
    }

    #[test]
    fn an_absurd_header_takes_no_memory() {
        let message = image_error(&image_file(u32::MAX, u32::MAX, u32::MAX, &[0; 4]));
        assert!(
            message.contains("so 79228162458924105385300197391 bytes, but the file ends after 20"),
            "{message}"
        );
    }

    #[test]
    fn unpacking_stops_at_the_limit() {
        let bomb = gzip(&[0; 100_000]);
        assert!(bomb.len() < 1000);
        assert!(matches!(unpack(bomb.clone(), 99_999), Err(Fault::TooLarge(99_999))));
        assert_eq!(unpack(bomb, 100_000).unwrap().len(), 100_000);
        assert!(matches!(unpack(vec![0; 11], 10), Err(Fault::TooLarge(10))));
    }
}
