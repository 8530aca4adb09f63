use super::error::{GalleryError, LabelError};
use crate::contract::fitting;
use crate::model::{format::Distance, tensor::Element};

/// Most bytes of a label.
pub const MAX_LABEL: usize = 31;
/// Most images that an entry is made of: sums then fit 24 bits and a sign.
pub const MAX_COUNT: u32 = 65_535;

/// Bytes of a label's place in an entry.
pub(super) const LABEL: usize = MAX_LABEL + 1;
const COUNT: usize = 4;

/// Bytes of an entry's value, for embeddings of `dim` values and that many exemplars.
pub const fn value_len(dim: usize, exemplars: usize) -> usize {
    COUNT + 4 * dim + exemplars * dim
}

/// Bytes of an entry.
pub const fn entry_len(dim: usize, exemplars: usize) -> usize {
    LABEL + value_len(dim, exemplars)
}

/// What is the same in all entries of a gallery.
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

    /// Adds an embedding to an entry's value, and returns the count that it has then.
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

/// One enrolled thing.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'g> {
    pub(super) bytes: &'g [u8],
    pub(super) format: Format,
}

impl<'g> Entry<'g> {
    /// What it is called.
    pub fn label(&self) -> &'g str {
        let len = usize::from(fitting(self.bytes.first().copied()));
        // It was a text when it was put in.
        fitting(self.bytes.get(1..1 + len).and_then(|label| str::from_utf8(label).ok()))
    }

    /// What follows the label: see the [module](self).
    pub fn value(&self) -> &'g [u8] {
        fitting(self.bytes.get(LABEL..))
    }

    fn parts(&self) -> Value<'g> {
        Value { bytes: self.value(), dim: self.format.dim, exemplars: self.format.exemplars }
    }

    /// How many images were enrolled.
    pub fn count(&self) -> u32 {
        self.parts().count()
    }

    /// The sum of each of the embedding's values over those images.
    pub fn sums(&self) -> impl Iterator<Item = i32> + Clone + 'g {
        self.parts().sums()
    }

    /// The embeddings that are kept, in the order of their places.
    pub fn exemplars(&self) -> impl Iterator<Item = &'g [u8]> + 'g {
        self.parts().exemplars()
    }

    pub(super) fn distance_to_prototype(&self, embedding: &[u8]) -> u32 {
        self.format.distance.to_prototype(embedding, self.format.element, self.sums(), self.count())
    }
}

/// An entry's value, taken apart: see the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Value<'v> {
    bytes: &'v [u8],
    dim: usize,
    exemplars: usize,
}

impl<'v> Value<'v> {
    /// The value in `bytes`, of a gallery of embeddings of `dim` such elements that keeps so many exemplars.
    ///
    /// # Errors
    /// It has another length, or a count or sums that no enrolling leads to.
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

    /// How many images were enrolled.
    pub fn count(self) -> u32 {
        fitting(self.bytes.first_chunk().map(|&bytes| u32::from_le_bytes(bytes)))
    }

    /// The sum of each of the embedding's values over those images.
    pub fn sums(self) -> impl Iterator<Item = i32> + Clone + 'v {
        let sums = fitting(self.bytes.get(COUNT..COUNT + 4 * self.dim));
        sums.as_chunks::<4>().0.iter().map(|&bytes| i32::from_le_bytes(bytes))
    }

    /// The embeddings that are kept, in the order of their places.
    pub fn exemplars(self) -> impl Iterator<Item = &'v [u8]> + 'v {
        let kept = self.exemplars.min(self.count() as usize);
        let exemplars = fitting(self.bytes.get(COUNT + 4 * self.dim..));
        exemplars.chunks_exact(self.dim.max(1)).take(kept)
    }
}

/// Whether `label` may name an entry: 1 to [`MAX_LABEL`] bytes, without control characters, which a terminal would obey.
///
/// # Errors
/// What is wrong with it.
pub fn check_label(label: &str) -> Result<(), LabelError> {
    match label {
        "" => Err(LabelError::Empty),
        _ if label.len() > MAX_LABEL => Err(LabelError::TooLong),
        _ if label.chars().any(char::is_control) => Err(LabelError::Control),
        _ => Ok(()),
    }
}
