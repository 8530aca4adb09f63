use super::{
    entry::{Entry, Format, LABEL, Value, check_label},
    error::GalleryError,
    limits::MAX_COUNT,
};
use crate::{contract::fitting, model::decode::Model};

/// The enrolled things of a device.
#[derive(Debug)]
pub struct Gallery<'m> {
    pub(super) memory: &'m mut [u8],
    pub(super) len: usize,
    pub(super) format: Format,
    /// The identity of the model whose embeddings are enrolled.
    pub(super) model: [u8; 8],
}

impl<'m> Gallery<'m> {
    /// Creates an empty gallery of embeddings of `model`, which keeps up to `exemplars` embeddings
    /// per entry.
    ///
    /// It holds as many entries as fit into `memory`, [`entry_len`](super::entry_len) bytes each.
    /// The content of the memory does not matter.
    pub fn new(model: &Model<'_>, exemplars: usize, memory: &'m mut [u8]) -> Self {
        let format = Format {
            dim: model.embedding_len(),
            exemplars,
            element: model.output().element,
            distance: model.distance(),
        };
        Self { memory, len: 0, format, model: model.hash() }
    }

    /// Returns true if the gallery's embeddings are like those of `model`.
    pub(super) fn is_of(&self, model: &Model<'_>) -> bool {
        self.model == model.hash()
    }

    /// Returns the largest number of entries.
    pub fn capacity(&self) -> usize {
        self.memory.len() / self.format.entry_len()
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns true if nothing is enrolled.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the largest number of embeddings that are kept per entry.
    pub fn exemplars(&self) -> usize {
        self.format.exemplars
    }

    /// Returns the number of bytes of an entry's value.
    pub fn value_len(&self) -> usize {
        self.format.entry_len() - LABEL
    }

    /// Returns the entries. Their order has no meaning, and changes when one is removed.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let used = self.len * self.format.entry_len();
        let entries = fitting(self.memory.get(..used));
        entries.chunks_exact(self.format.entry_len()).map(|bytes| Entry { bytes, format: self.format })
    }

    /// Returns the entry with this label.
    pub fn find(&self, label: &str) -> Option<Entry<'_>> {
        self.entries().find(|entry| entry.label() == label)
    }

    fn position(&self, label: &str) -> Option<usize> {
        self.entries().position(|entry| entry.label() == label)
    }

    /// Adds an embedding to the entry of `label`, and returns the number of images that the entry
    /// then has.
    ///
    /// ```
    /// # use shared_model::{Gallery, Model, gallery::entry_len};
    /// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
    /// # let model = Model::decode(FILE)?;
    /// # let mut memory = vec![0; 2 * entry_len(8, 0)];
    /// # let mut gallery = Gallery::new(&model, 0, &mut memory);
    /// assert_eq!(gallery.enrol("blue mug", &[1; 8]), Ok(1));
    /// assert_eq!(gallery.enrol("blue mug", &[3; 8]), Ok(2));
    /// let entry = gallery.find("blue mug").expect("it was enrolled");
    /// assert!(entry.sums().all(|sum| sum == 4));
    /// # Ok::<(), shared_model::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`GalleryError::Label`] if the label is not valid, [`GalleryError::Full`] if there
    /// is no room for another label, [`GalleryError::TooManyImages`] if the entry has [`MAX_COUNT`]
    /// images, and [`GalleryError::Length`] if the embedding has the wrong length. Nothing has
    /// changed then.
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

    /// Computes the value of the entry of `label` with one more embedding, without changing the
    /// gallery: so it can be stored before it is [inserted](Self::insert). Returns the number of
    /// images in it.
    ///
    /// `value` has [`value_len`](Self::value_len) bytes.
    ///
    /// ```
    /// # use shared_model::{Gallery, Model, gallery::entry_len};
    /// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
    /// # let model = Model::decode(FILE)?;
    /// # let mut memory = vec![0; 2 * entry_len(8, 0)];
    /// # let mut gallery = Gallery::new(&model, 0, &mut memory);
    /// # fn store(label: &str, value: &[u8]) {}
    /// let mut value = vec![0; gallery.value_len()];
    /// gallery.enrolled("blue mug", &[1; 8], &mut value)?;
    /// store("blue mug", &value);
    /// gallery.insert("blue mug", &value)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`enrol`](Self::enrol), and [`GalleryError::Length`] if `value` has
    /// the wrong length.
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

    /// Computes the value of the entry of `label` without the image that was enrolled last, of which this is the
    /// embedding, without changing the gallery. Returns the number of images in it; of 0, the entry is to be
    /// [removed](Self::remove). The embedding must be the one that was enrolled last: nothing here can tell.
    ///
    /// `value` has [`value_len`](Self::value_len) bytes.
    ///
    /// ```
    /// # use shared_model::{Gallery, Model, gallery::entry_len};
    /// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
    /// # let model = Model::decode(FILE)?;
    /// # let mut memory = vec![0; 2 * entry_len(8, 0)];
    /// # let mut gallery = Gallery::new(&model, 0, &mut memory);
    /// gallery.enrol("blue mug", &[1; 8])?;
    /// gallery.enrol("blue mug", &[9; 8])?;
    /// let mut value = vec![0; gallery.value_len()];
    /// assert_eq!(gallery.taken_back("blue mug", &[9; 8], &mut value)?, 1);
    /// gallery.insert("blue mug", &value)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`GalleryError::Replaced`] if the image has taken an older exemplar's place, and
    /// [`GalleryError::Length`] if there is no such entry, or if embedding or value have the wrong length.
    pub fn taken_back(&self, label: &str, embedding: &[u8], value: &mut [u8]) -> Result<u32, GalleryError> {
        let entry = self.find(label).ok_or(GalleryError::Length)?;
        if embedding.len() != self.format.dim || value.len() != self.value_len() {
            return Err(GalleryError::Length);
        }
        value.copy_from_slice(entry.value());
        self.format.take_back(embedding, value).ok_or(GalleryError::Replaced)
    }

    /// Checks that an embedding can be added to the entry of `label`, and returns the position that
    /// the entry then has.
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

    /// Adds an entry, or replaces the one with the same label. Label and value need not be trusted.
    ///
    /// # Errors
    /// Returns the errors of [`check`](Self::check). Nothing has changed then.
    pub fn insert(&mut self, label: &str, value: &[u8]) -> Result<(), GalleryError> {
        let position = self.check(label, value)?;
        self.place(position, label)?.copy_from_slice(value);
        self.len = self.len.max(position + 1);
        Ok(())
    }

    /// Writes `label` to the entry at `position`, and returns the place of its value.
    fn place(&mut self, position: usize, label: &str) -> Result<&mut [u8], GalleryError> {
        let len = self.format.entry_len();
        let entry = self.memory.get_mut(position * len..(position + 1) * len).ok_or(GalleryError::Full)?;
        let (place, value) = entry.split_at_mut(LABEL);
        place.fill(0);
        place[0] = label.len() as u8; // at most MAX_LABEL
        place[1..=label.len()].copy_from_slice(label.as_bytes());
        Ok(value)
    }

    /// Checks that an entry can be [inserted](Self::insert), and returns the position that it then
    /// has.
    ///
    /// # Errors
    /// Returns [`GalleryError::Label`] if the label is not valid, [`GalleryError::Full`] if there
    /// is no room for another label, [`GalleryError::Length`] if the value has the wrong length,
    /// and [`GalleryError::Value`] if its count is out of range, or if so many embeddings cannot
    /// have its sums.
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

    /// Removes an entry. Returns false if no entry has this label.
    pub fn remove(&mut self, label: &str) -> bool {
        let Some(position) = self.position(label) else { return false };
        let len = self.format.entry_len();
        self.len -= 1;
        self.memory.copy_within(self.len * len..(self.len + 1) * len, position * len);
        true
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.len = 0;
    }
}
