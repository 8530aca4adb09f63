use super::{
    entry::{Entry, Format, LABEL, MAX_COUNT, Value, check_label},
    error::GalleryError,
};
use crate::{contract::fitting, model::decode::Model};

/// Enrolled things, and how to tell which an embedding is.
#[derive(Debug)]
pub struct Gallery<'m> {
    pub(super) memory: &'m mut [u8],
    pub(super) len: usize,
    pub(super) format: Format,
}

impl<'m> Gallery<'m> {
    /// An empty gallery of embeddings of `model`, which keeps `exemplars` of each entry. It holds as many entries as fit
    /// `memory`, [`entry_len`] bytes each; what is in there does not matter.
    pub fn new(model: &Model<'_>, exemplars: usize, memory: &'m mut [u8]) -> Self {
        let format = Format {
            dim: model.embedding_len(),
            exemplars,
            element: model.output().element,
            distance: model.distance(),
        };
        Self { memory, len: 0, format }
    }

    /// True if the gallery's embeddings are like those of `model`.
    pub(super) fn is_of(&self, model: &Model<'_>) -> bool {
        let Format { dim, element, distance, .. } = self.format;
        (dim, element, distance) == (model.embedding_len(), model.output().element, model.distance())
    }

    /// Entries it holds at most.
    pub fn capacity(&self) -> usize {
        self.memory.len() / self.format.entry_len()
    }

    /// Entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is enrolled.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Embeddings that are kept of each entry, at most.
    pub fn exemplars(&self) -> usize {
        self.format.exemplars
    }

    /// Bytes of an entry's value.
    pub fn value_len(&self) -> usize {
        self.format.entry_len() - LABEL
    }

    /// The entries. Their order has no meaning, and changes when one is removed.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let used = self.len * self.format.entry_len();
        let entries = fitting(self.memory.get(..used));
        entries.chunks_exact(self.format.entry_len()).map(|bytes| Entry { bytes, format: self.format })
    }

    /// The entry of this label.
    pub fn find(&self, label: &str) -> Option<Entry<'_>> {
        self.entries().find(|entry| entry.label() == label)
    }

    fn position(&self, label: &str) -> Option<usize> {
        self.entries().position(|entry| entry.label() == label)
    }

    /// Adds an embedding to the entry of `label`, and returns how many the entry is made of then.
    ///
    /// # Errors
    /// The label is none, the gallery is full, the entry has all images it can have, or the embedding's length is wrong.
    /// Nothing has changed then.
    pub fn enrol(&mut self, label: &str, embedding: &[u8]) -> Result<u32, GalleryError> {
        let position = self.check_enrolment(label, embedding)?;
        let (format, is_new) = (self.format, position == self.len);
        let value = self.place(position, label)?;
        if is_new {
            value.fill(0);
        }
        let count = format.add(embedding, value);
        self.len = self.len.max(position + 1);
        Ok(count)
    }

    /// Writes to `value`, of [`value_len`](Self::value_len) bytes, the value that the entry of `label` has with one more
    /// embedding, and returns its count. The gallery stays as it is until the value is [inserted](Self::insert), so that
    /// it can be stored first.
    ///
    /// # Errors
    /// As [`enrol`](Self::enrol), or the value's length is wrong.
    pub fn enrolled(&self, label: &str, embedding: &[u8], value: &mut [u8]) -> Result<u32, GalleryError> {
        self.check_enrolment(label, embedding)?;
        if value.len() != self.value_len() {
            return Err(GalleryError::Length);
        }
        match self.find(label) {
            Some(entry) => value.copy_from_slice(entry.value()),
            None => value.fill(0),
        }
        Ok(self.format.add(embedding, value))
    }

    /// Whether an embedding can be added to the entry of `label`, and the number that the entry then has.
    fn check_enrolment(&self, label: &str, embedding: &[u8]) -> Result<usize, GalleryError> {
        check_label(label).map_err(GalleryError::Label)?;
        if embedding.len() != self.format.dim {
            return Err(GalleryError::Length);
        }
        match self.entries().enumerate().find(|(_, entry)| entry.label() == label) {
            Some((_, entry)) if entry.count() >= MAX_COUNT => Err(GalleryError::TooManyImages),
            Some((position, _)) => Ok(position),
            None if self.len == self.capacity() => Err(GalleryError::Full),
            None => Ok(self.len),
        }
    }

    /// Puts an entry in, in place of the one of its label if there is one. Both may come from anywhere.
    ///
    /// # Errors
    /// As [`check`](Self::check). Nothing has changed then.
    pub fn insert(&mut self, label: &str, value: &[u8]) -> Result<(), GalleryError> {
        let position = self.check(label, value)?;
        self.place(position, label)?.copy_from_slice(value);
        self.len = self.len.max(position + 1);
        Ok(())
    }

    /// Writes `label` to the entry at `position`, and returns where its value is.
    fn place(&mut self, position: usize, label: &str) -> Result<&mut [u8], GalleryError> {
        let len = self.format.entry_len();
        let entry = self.memory.get_mut(position * len..(position + 1) * len).ok_or(GalleryError::Full)?;
        let (place, value) = entry.split_at_mut(LABEL);
        place.fill(0);
        place[0] = label.len() as u8; // at most MAX_LABEL
        place[1..=label.len()].copy_from_slice(label.as_bytes());
        Ok(value)
    }

    /// Whether an entry can be [inserted](Self::insert), and the number that it then has.
    ///
    /// # Errors
    /// The label is none, the gallery is full, or the value is no entry's: its length is another, its count out of
    /// range, or its sums are none that so many embeddings can have.
    pub fn check(&self, label: &str, value: &[u8]) -> Result<usize, GalleryError> {
        check_label(label).map_err(GalleryError::Label)?;
        self.check_value(value)?;
        match self.position(label) {
            Some(position) => Ok(position),
            None if self.len == self.capacity() => Err(GalleryError::Full),
            None => Ok(self.len),
        }
    }

    fn check_value(&self, value: &[u8]) -> Result<(), GalleryError> {
        Value::new(value, self.format.dim, self.format.exemplars, self.format.element).map(|_| ())
    }

    /// Takes an entry out; false where there was none of this label.
    pub fn remove(&mut self, label: &str) -> bool {
        let Some(position) = self.position(label) else { return false };
        let len = self.format.entry_len();
        self.len -= 1;
        self.memory.copy_within(self.len * len..(self.len + 1) * len, position * len);
        true
    }

    /// Takes all entries out.
    pub fn clear(&mut self) {
        self.len = 0;
    }
}
