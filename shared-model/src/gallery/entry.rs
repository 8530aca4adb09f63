use super::{
    error::{GalleryError, LabelError},
    limits::{MAX_COUNT, MAX_LABEL},
};
use crate::contract::fitting;
use crate::model::{format::Distance, tensor::Element};

/// Bytes of an entry that hold the label.
pub(super) const LABEL: usize = MAX_LABEL + 1;
const COUNT: usize = 4;

/// Returns the number of bytes of an entry's value, for embeddings of `dim` values and so many
/// exemplars.
pub const fn value_len(dim: usize, exemplars: usize) -> usize {
    COUNT + 4 * dim + exemplars * dim
}

/// Returns the number of bytes of an entry, for embeddings of `dim` values and so many exemplars.
///
/// It is a `const fn`, to size the static memory of a gallery:
///
/// ```
/// use shared_model::gallery::entry_len;
///
/// // 16 labels, embeddings of 64 values, the last 5 of which are kept.
/// static GALLERY: [u8; 16 * entry_len(64, 5)] = [0; 16 * entry_len(64, 5)];
/// assert_eq!(GALLERY.len(), 16 * (32 + 4 + 4 * 64 + 5 * 64));
/// ```
pub const fn entry_len(dim: usize, exemplars: usize) -> usize {
    LABEL + value_len(dim, exemplars)
}

/// The properties that all entries of a gallery share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Format {
    pub dim: usize,
    pub exemplars: usize,
    pub element: Element,
    pub distance: Distance,
}

impl Format {
    pub fn entry_len(&self) -> usize {
        entry_len(self.dim, self.exemplars)
    }

    /// Adds an embedding to an entry's value, and returns its new count.
    pub fn add(&self, embedding: &[u8], value: &mut [u8]) -> u32 {
        let (head, exemplars) = value.split_at_mut(COUNT + 4 * self.dim);
        let (count_bytes, sums) = head.split_at_mut(COUNT);
        let before = fitting(count_bytes.first_chunk().map(|&bytes| u32::from_le_bytes(bytes)));
        let count = before + 1;
        count_bytes.copy_from_slice(&count.to_le_bytes());
        for (sum, &byte) in sums.as_chunks_mut::<4>().0.iter_mut().zip(embedding) {
            *sum = (i32::from_le_bytes(*sum) + self.element.value(byte)).to_le_bytes();
        }
        if let Some(place) = (before as usize).checked_rem(self.exemplars)
            && let Some(exemplar) = exemplars.chunks_exact_mut(self.dim).nth(place)
        {
            exemplar.copy_from_slice(embedding);
        }
        count
    }
}

impl Format {
    /// Takes the embedding that was added last out of an entry's value again, and returns its new count; `None` if
    /// the value has none, or if the embedding has replaced an exemplar, which is gone.
    pub fn take_back(&self, embedding: &[u8], value: &mut [u8]) -> Option<u32> {
        let (head, exemplars) = value.split_at_mut(COUNT + 4 * self.dim);
        let (count_bytes, sums) = head.split_at_mut(COUNT);
        let before = fitting(count_bytes.first_chunk().map(|&bytes| u32::from_le_bytes(bytes)));
        let count = before.checked_sub(1)?;
        if self.exemplars > 0 {
            let exemplar = exemplars.chunks_exact_mut(self.dim).nth(count as usize)?;
            exemplar.fill(0);
        }
        count_bytes.copy_from_slice(&count.to_le_bytes());
        for (sum, &byte) in sums.as_chunks_mut::<4>().0.iter_mut().zip(embedding) {
            *sum = (i32::from_le_bytes(*sum) - self.element.value(byte)).to_le_bytes();
        }
        Some(count)
    }
}

/// One enrolled thing.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'g> {
    pub(super) bytes: &'g [u8],
    pub(super) format: Format,
}

impl<'g> Entry<'g> {
    /// Returns the label.
    pub fn label(&self) -> &'g str {
        let len = usize::from(fitting(self.bytes.first().copied()));
        // Only texts are written there.
        fitting(self.bytes.get(1..1 + len).and_then(|label| str::from_utf8(label).ok()))
    }

    /// Returns everything after the label: see the [module](crate::gallery).
    pub fn value(&self) -> &'g [u8] {
        fitting(self.bytes.get(LABEL..))
    }

    fn parts(&self) -> Value<'g> {
        Value { bytes: self.value(), dim: self.format.dim, exemplars: self.format.exemplars }
    }

    /// Returns the number of images that were enrolled.
    pub fn count(&self) -> u32 {
        self.parts().count()
    }

    /// Returns the sum of each of the embedding's values over those images.
    pub fn sums(&self) -> impl Iterator<Item = i32> + Clone + 'g {
        self.parts().sums()
    }

    /// Returns the embeddings that are kept, in the order of their places.
    pub fn exemplars(&self) -> impl Iterator<Item = &'g [u8]> + 'g {
        self.parts().exemplars()
    }

    /// Returns the distance of the mean of all images but the last one, whose embedding this is; `None` if it is
    /// the only one.
    pub(super) fn distance_to_earlier(&self, embedding: &[u8]) -> Option<u32> {
        let Format { distance, element, .. } = self.format;
        let count = self.count().checked_sub(1).filter(|&count| count > 0)?;
        let sums = self.sums().zip(embedding).map(|(sum, &byte)| sum - element.value(byte));
        Some(distance.to_prototype(embedding, element, sums, count))
    }

    pub(super) fn distance_to_prototype(&self, embedding: &[u8]) -> u32 {
        self.format.distance.to_prototype(embedding, self.format.element, self.sums(), self.count())
    }
}

/// The parts of an entry's value: see the [module](crate::gallery).
#[derive(Clone, Copy, Debug)]
pub struct Value<'v> {
    bytes: &'v [u8],
    dim: usize,
    exemplars: usize,
}

impl<'v> Value<'v> {
    /// Checks the value in `bytes`, which belongs to a gallery of embeddings of `dim` such elements
    /// that keeps so many exemplars.
    ///
    /// # Errors
    /// Returns [`GalleryError::Length`] if it has another length, and [`GalleryError::Value`] if
    /// its count is out of range, or if so many embeddings cannot have its sums.
    pub fn new(
        bytes: &'v [u8],
        dim: usize,
        exemplars: usize,
        element: Element,
    ) -> Result<Self, GalleryError> {
        if bytes.len() != value_len(dim, exemplars) {
            return Err(GalleryError::Length);
        }
        let value = Self { bytes, dim, exemplars };
        let count = value.count();
        let (low, high) = match element {
            Element::Unsigned => (0, 255),
            Element::Signed => (-128, 127),
        };
        let range = i64::from(count) * low..=i64::from(count) * high;
        let whole =
            (1..=MAX_COUNT).contains(&count) && value.sums().all(|sum| range.contains(&i64::from(sum)));
        if whole { Ok(value) } else { Err(GalleryError::Value) }
    }

    /// Returns the number of images that were enrolled.
    pub fn count(self) -> u32 {
        fitting(self.bytes.first_chunk().map(|&bytes| u32::from_le_bytes(bytes)))
    }

    /// Returns the sum of each of the embedding's values over those images.
    pub fn sums(self) -> impl Iterator<Item = i32> + Clone + 'v {
        let sums = fitting(self.bytes.get(COUNT..COUNT + 4 * self.dim));
        sums.as_chunks::<4>().0.iter().map(|&bytes| i32::from_le_bytes(bytes))
    }

    /// Returns the embeddings that are kept, in the order of their places.
    pub fn exemplars(self) -> impl Iterator<Item = &'v [u8]> + 'v {
        let kept = self.exemplars.min(self.count() as usize);
        let exemplars = fitting(self.bytes.get(COUNT + 4 * self.dim..));
        exemplars.chunks_exact(self.dim.max(1)).take(kept)
    }
}

/// Checks that `label` can name an entry: it has 1 to [`MAX_LABEL`] bytes, and no control
/// characters, which a terminal would obey.
///
/// # Errors
/// Returns the [`LabelError`] that it has.
///
/// ```
/// use shared_model::gallery::{LabelError, check_label};
///
/// assert_eq!(check_label("größe"), Ok(()));
/// assert_eq!(check_label(""), Err(LabelError::Empty));
/// ```
pub fn check_label(label: &str) -> Result<(), LabelError> {
    match label {
        "" => Err(LabelError::Empty),
        _ if label.len() > MAX_LABEL => Err(LabelError::TooLong),
        _ if label.chars().any(char::is_control) => Err(LabelError::Control),
        _ => Ok(()),
    }
}
