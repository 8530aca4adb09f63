//! Images and their labels in memory.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The number of the class that an image shows.
pub type Label = u16;

/// Images of one size, grey or in colour, and a label each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Values of a pixel: 1, its grey, or 3: red, green and blue.
    pub channels: usize,
    pixels: Vec<u8>,
    labels: Vec<Label>,
    /// The picture that each image was made of; empty if they were none.
    files: Vec<PathBuf>,
}

/// The reason why pixels and labels make no [`Split`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SplitError {
    /// An image without a pixel.
    #[error("images of {height}×{width} pixels hold nothing")]
    EmptyImages {
        /// Rows of an image.
        height: usize,
        /// Columns of an image.
        width: usize,
    },
    /// Pixels and labels disagree about the number of images.
    #[error(
        "{labels} labels and {pixels} values of pixels, which are not as many images of {height}×{width}×{channels}"
    )]
    Lengths {
        /// Number of labels.
        labels: usize,
        /// Number of values, all images together.
        pixels: usize,
        /// Rows of an image.
        height: usize,
        /// Columns of an image.
        width: usize,
        /// Values of a pixel.
        channels: usize,
    },
}

impl Split {
    /// Returns grey images one after another, row by row, 0 for the background, and a label for each.
    ///
    /// # Errors
    /// Returns [`SplitError::EmptyImages`] if an image has no pixels, and [`SplitError::Lengths`]
    /// if there are not `labels.len()` images in `pixels`.
    pub fn new(height: usize, width: usize, pixels: Vec<u8>, labels: Vec<Label>) -> Result<Self, SplitError> {
        Self::of_shape([height, width, 1], pixels, labels)
    }

    /// Returns images of so many rows, columns and values per pixel, as [`new`](Self::new) does.
    ///
    /// # Errors
    /// Returns the same errors as [`new`](Self::new).
    pub fn of_shape(
        [height, width, channels]: [usize; 3],
        pixels: Vec<u8>,
        labels: Vec<Label>,
    ) -> Result<Self, SplitError> {
        if height == 0 || width == 0 || channels == 0 {
            return Err(SplitError::EmptyImages { height, width });
        }
        let sizes = [height, width, channels, labels.len()];
        if sizes.into_iter().try_fold(1, usize::checked_mul) != Some(pixels.len()) {
            let (labels, pixels) = (labels.len(), pixels.len());
            return Err(SplitError::Lengths { labels, pixels, height, width, channels });
        }
        Ok(Self { height, width, channels, pixels, labels, files: Vec::new() })
    }

    /// Returns rows, columns and values per pixel.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        [self.height, self.width, self.channels]
    }

    /// Returns the number of values of an image.
    #[must_use]
    pub fn image_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Adds the file that each image was made of.
    ///
    /// # Panics
    /// There are not as many files as images.
    #[must_use]
    pub fn with_files(self, files: Vec<PathBuf>) -> Self {
        assert_eq!(files.len(), self.len(), "a file for each image");
        Self { files, ..self }
    }

    /// Returns the file that an image was made of; `None` if it was none, as in IDX files.
    #[must_use]
    pub fn file(&self, index: usize) -> Option<&Path> {
        self.files.get(index).map(PathBuf::as_path)
    }

    /// Returns the number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Returns true if there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Returns the pixels of one image, row by row.
    ///
    /// # Panics
    /// `index` is not below [`len`](Self::len).
    #[must_use]
    pub fn image(&self, index: usize) -> &[u8] {
        let len = self.image_len();
        &self.pixels[index * len..][..len]
    }

    /// Returns the pixels of all images.
    pub fn images(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.pixels.chunks_exact(self.image_len())
    }

    /// Returns the label of one image.
    ///
    /// # Panics
    /// `index` is not below [`len`](Self::len).
    #[must_use]
    pub fn label(&self, index: usize) -> Label {
        self.labels[index]
    }

    /// Returns the labels of all images.
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// Returns what tells these images from others: the first 8 bytes of the SHA-256 of all pixels
    /// and labels, in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (image, label) in self.images().zip(&self.labels) {
            hash.update(image);
            hash.update(label.to_le_bytes());
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Returns the images at `indices`, in that order.
    ///
    /// # Panics
    /// An index is not below [`len`](Self::len).
    #[must_use]
    pub fn subset(&self, indices: &[usize]) -> Self {
        Self {
            height: self.height,
            width: self.width,
            channels: self.channels,
            pixels: indices.iter().flat_map(|&index| self.image(index)).copied().collect(),
            labels: indices.iter().map(|&index| self.label(index)).collect(),
            files: indices.iter().filter_map(|&index| self.file(index)).map(Path::to_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_is_checked_and_cut() {
        assert_eq!(Split::new(0, 3, vec![], vec![1]), Err(SplitError::EmptyImages { height: 0, width: 3 }));
        let error = Split::new(2, 2, vec![0; 7], vec![1, 2]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 labels and 7 values of pixels, which are not as many images of 2×2×1"
        );
        assert!(Split::new(usize::MAX, 2, vec![], vec![1]).is_err());

        let split = Split::new(1, 2, (0..8).collect(), vec![2, 0, 2, 1]).unwrap();
        let subset = split.subset(&[3, 0]);
        assert_eq!((subset.image(0), subset.image(1)), (&[6, 7][..], &[0, 1][..]));
        assert_eq!(subset.labels(), [1, 2]);
        assert!(split.subset(&[]).is_empty());
        assert_eq!(split.subset(&[1]).file(0), None);
        let split = split.with_files((0..4).map(|file| format!("{file}.png").into()).collect());
        assert_eq!(split.subset(&[3, 0]).file(1), Some(Path::new("0.png")));
    }

    /// The values are those of `sha256sum`.
    #[test]
    fn fingerprints_differ_by_a_pixel_a_label_and_the_order() {
        let of = |pixels: &[u8], labels: &[Label]| {
            Split::new(1, 2, pixels.to_vec(), labels.to_vec()).unwrap().fingerprint()
        };
        assert_eq!(of(&[1, 2, 3, 4], &[0, 258]), "b8090226747869f6");
        assert_eq!(of(&[], &[]), "e3b0c44298fc1c14");
        let others = [of(&[1, 2, 3, 5], &[0, 258]), of(&[1, 2, 3, 4], &[0, 2]), of(&[3, 4, 1, 2], &[258, 0])];
        assert!(others.iter().all(|other| *other != "b8090226747869f6"), "{others:?}");
    }
}
