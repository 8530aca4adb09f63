//! The things a device knows: what has been enrolled, and which of it an embedding is nearest to.
//!
//! A [`Gallery`] lies in memory that its owner gives it: as many entries as fit. An entry is its bytes, the same in
//! RAM, in flash, and on the wire; all integers are little-endian:
//!
//! | bytes | |
//! |---|---|
//! | 32 | the label: its length, then UTF-8, then zeros |
//! | 4 | count: how many images were enrolled, 1 to [`MAX_COUNT`] |
//! | 4 · D | sums: of each of the embedding's D values over those images, `i32` |
//! | K · D | exemplars: the last K embeddings, that of image number i (from 0) at place i mod K; zeros where none is yet |
//!
//! What follows the label is the entry's *value*. The prototype is sums / count, and is never rounded: see
//! [`Distance::to_prototype`].

pub mod distance;
mod recognise;

use crate::model::{decode::Model, format::Distance, tensor::Element};
use serde::{Deserialize, Serialize};

/// Most bytes of a label.
pub const MAX_LABEL: usize = 31;
/// Most images that an entry is made of: sums then fit 24 bits and a sign.
pub const MAX_COUNT: u32 = 65_535;
/// Most exemplars that [`Method::Neighbours`] asks.
pub const MAX_NEIGHBOURS: usize = 15;

/// Bytes of a label's place in an entry.
const LABEL: usize = MAX_LABEL + 1;
const COUNT: usize = 4;

/// Bytes of an entry's value, for embeddings of `dim` values and that many exemplars.
pub const fn value_len(dim: usize, exemplars: usize) -> usize {
    COUNT + 4 * dim + exemplars * dim
}

/// Bytes of an entry.
pub const fn entry_len(dim: usize, exemplars: usize) -> usize {
    LABEL + value_len(dim, exemplars)
}

/// Enrolled things, and how to tell which an embedding is.
#[derive(Debug)]
pub struct Gallery<'m> {
    memory: &'m mut [u8],
    len: usize,
    format: Format,
}

/// What is the same in all entries of a gallery.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Format {
    dim: usize,
    exemplars: usize,
    element: Element,
    distance: Distance,
}

impl Format {
    fn entry_len(&self) -> usize {
        entry_len(self.dim, self.exemplars)
    }

    /// Adds an embedding to an entry's value, and returns the count that it has then.
    fn add(&self, embedding: &[u8], value: &mut [u8]) -> u32 {
        let (head, exemplars) = value.split_at_mut(COUNT + 4 * self.dim);
        let (count_bytes, sums) = head.split_at_mut(COUNT);
        let before = count_bytes.first_chunk().map_or(0, |&bytes| u32::from_le_bytes(bytes));
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
        let entries = self.memory.get(..used).unwrap_or_default();
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

    /// Which entries an embedding is nearest to. Of two at the same distance the one comes first whose label does, byte
    /// by byte: the answer does not depend on the order in which things were enrolled.
    ///
    /// # Errors
    /// The embedding has the wrong length, or exemplars are asked for and none are kept.
    pub fn nearest(&self, embedding: &[u8], method: Method) -> Result<Nearest<'_>, GalleryError> {
        if embedding.len() != self.format.dim {
            return Err(GalleryError::Length);
        }
        match method {
            Method::Prototype => Ok(Nearest::of(self.entries().map(|entry| Match {
                label: entry.label(),
                distance: entry.distance_to_prototype(embedding),
            }))),
            Method::Neighbours(_) if self.format.exemplars == 0 => Err(GalleryError::NoExemplars),
            Method::Neighbours(k) => Ok(self.vote(embedding, usize::from(k).clamp(1, MAX_NEIGHBOURS))),
        }
    }

    /// k-NN: the nearest k exemplars vote. Of labels with as many votes each the one with the nearest exemplar wins.
    fn vote(&self, embedding: &[u8], k: usize) -> Nearest<'_> {
        let mut ballot: heapless::Vec<Match<'_>, MAX_NEIGHBOURS> = heapless::Vec::new();
        for entry in self.entries() {
            for exemplar in entry.exemplars() {
                let distance = self.format.distance.between(embedding, exemplar, self.format.element);
                let candidate = Match { label: entry.label(), distance };
                let place = ballot.iter().position(|other| candidate < *other).unwrap_or(ballot.len());
                if place < k {
                    ballot.truncate(k - 1);
                    // There is room: k is at most the capacity.
                    let _ = ballot.insert(place, candidate);
                }
            }
        }
        let votes = |label: &str| ballot.iter().filter(|other| other.label == label).count();
        // The ballot is sorted: of equals, the first is the nearest.
        let winner =
            ballot.iter().rev().max_by_key(|candidate| votes(candidate.label)).map(|best| best.label);
        let best = |entry: Entry<'_>| {
            let of = |exemplar| self.format.distance.between(embedding, exemplar, self.format.element);
            entry.exemplars().map(of).min()
        };
        let (mut first, mut second): (Option<Match<'_>>, Option<Match<'_>>) = (None, None);
        for entry in self.entries() {
            let Some(distance) = best(entry) else { continue };
            let candidate = Match { label: entry.label(), distance };
            if winner == Some(candidate.label) {
                first = Some(candidate);
            } else if second.is_none_or(|other| candidate < other) {
                second = Some(candidate);
            }
        }
        Nearest { first, second }
    }
}

/// How an embedding is compared with what is enrolled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Method {
    /// With the mean of each entry's embeddings.
    #[default]
    Prototype,
    /// With every exemplar: the nearest k, 1 to [`MAX_NEIGHBOURS`], vote.
    Neighbours(u8),
}

/// The nearest two entries of different labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nearest<'a> {
    /// The answer; by [`Method::Neighbours`] the label that was voted for, at the distance of its nearest exemplar.
    /// `None` where nothing is enrolled.
    pub first: Option<Match<'a>>,
    /// The nearest of the others.
    pub second: Option<Match<'a>>,
}

impl<'a> Nearest<'a> {
    fn of(matches: impl Iterator<Item = Match<'a>>) -> Self {
        matches.fold(Self::default(), |Self { first, second }, candidate| match first {
            Some(best) if best < candidate => {
                let second = second.filter(|other| *other < candidate).or(Some(candidate));
                Self { first, second }
            }
            _ => Self { first: Some(candidate), second: first },
        })
    }
}

/// An entry and its distance from what is asked about. Ordered by distance, then by label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Match<'a> {
    /// The entry's label.
    pub label: &'a str,
    /// In the integers of the model's [`Distance`].
    pub distance: u32,
}

impl Ord for Match<'_> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        (self.distance, self.label).cmp(&(other.distance, other.label))
    }
}

impl PartialOrd for Match<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// One enrolled thing.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'g> {
    bytes: &'g [u8],
    format: Format,
}

impl<'g> Entry<'g> {
    /// What it is called.
    pub fn label(&self) -> &'g str {
        let len = usize::from(self.bytes.first().copied().unwrap_or(0));
        // It was a text when it was put in.
        self.bytes.get(1..1 + len).and_then(|label| str::from_utf8(label).ok()).unwrap_or_default()
    }

    /// What follows the label: see the [module](self).
    pub fn value(&self) -> &'g [u8] {
        self.bytes.get(LABEL..).unwrap_or_default()
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

    pub(crate) fn distance_to_prototype(&self, embedding: &[u8]) -> u32 {
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
        self.bytes.first_chunk().map_or(0, |&bytes| u32::from_le_bytes(bytes))
    }

    /// The sum of each of the embedding's values over those images.
    pub fn sums(self) -> impl Iterator<Item = i32> + Clone + 'v {
        let sums = self.bytes.get(COUNT..COUNT + 4 * self.dim).unwrap_or_default();
        sums.as_chunks::<4>().0.iter().map(|&bytes| i32::from_le_bytes(bytes))
    }

    /// The embeddings that are kept, in the order of their places.
    pub fn exemplars(self) -> impl Iterator<Item = &'v [u8]> + 'v {
        let kept = self.exemplars.min(self.count() as usize);
        let exemplars = self.bytes.get(COUNT + 4 * self.dim..).unwrap_or_default();
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

/// Why a text is no label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LabelError {
    /// It has no characters.
    Empty,
    /// It has more than [`MAX_LABEL`] bytes.
    TooLong,
    /// It has control characters.
    Control,
}

impl core::fmt::Display for LabelError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Empty => f.write_str("a label has at least one character"),
            Self::TooLong => write!(f, "a label has at most {MAX_LABEL} bytes (of UTF-8)"),
            Self::Control => f.write_str("a label has no control characters"),
        }
    }
}

impl core::error::Error for LabelError {}

/// Why a gallery did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum GalleryError {
    /// The label is none.
    Label(LabelError),
    /// There is no room for another label.
    Full,
    /// The entry has [`MAX_COUNT`] images.
    TooManyImages,
    /// No exemplars are kept.
    NoExemplars,
    /// An embedding or a value has another length than those of this gallery.
    Length,
    /// A value has a count or sums that no enrolling leads to.
    Value,
}

impl core::fmt::Display for GalleryError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Label(error) => error.fmt(f),
            Self::Full => f.write_str("the gallery is full: forget a label first"),
            Self::TooManyImages => write!(f, "the label has {MAX_COUNT} images, which is the most"),
            Self::NoExemplars => f.write_str(
                "the gallery keeps no exemplars to vote: build the firmware with TINYTRIPLET_EXEMPLARS=5, say",
            ),
            Self::Length => f.write_str("the entry is of another gallery: its length differs"),
            Self::Value => f.write_str("the entry is damaged: no images have such sums"),
        }
    }
}

impl core::error::Error for GalleryError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeMap, string::String, vec, vec::Vec};

    fn gallery(distance: Distance, element: Element, exemplars: usize, memory: &mut [u8]) -> Gallery<'_> {
        Gallery { memory, len: 0, format: Format { dim: 3, exemplars, element, distance } }
    }

    /// At once, which must come to the same as computing the value first.
    fn enrol(gallery: &mut Gallery<'_>, label: &str, embedding: &[u8]) -> Result<u32, GalleryError> {
        let mut value = vec![0xaa; gallery.value_len()];
        let first = gallery.enrolled(label, embedding, &mut value);
        let count = gallery.enrol(label, embedding);
        assert_eq!(count, first);
        if count.is_ok() {
            assert_eq!(gallery.find(label).map(|entry| entry.value()), Some(&*value));
        }
        count
    }

    /// A deterministic byte.
    fn random(state: &mut u32) -> u8 {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 24) as u8
    }

    #[test]
    fn an_entry_in_bytes() {
        let mut memory = [0xee; 2 * entry_len(3, 2)];
        let mut gallery = gallery(Distance::SquaredL2, Element::Signed, 2, &mut memory);
        for (image, embedding) in [[1, 2, 0xff], [3, 4, 0xfe], [5, 6, 0xfd]].iter().enumerate() {
            assert_eq!(enrol(&mut gallery, "né", embedding), Ok(image as u32 + 1));
        }
        let mut expected = vec![3, b'n', 0xc3, 0xa9];
        expected.resize(32, 0);
        expected.extend([3, 0, 0, 0, 9, 0, 0, 0, 12, 0, 0, 0, 0xfa, 0xff, 0xff, 0xff]);
        // The third image's embedding is in the place of the first's.
        expected.extend([5, 6, 0xfd, 3, 4, 0xfe]);
        assert_eq!(gallery.memory[..entry_len(3, 2)], expected);
        let entry = gallery.find("né").unwrap();
        assert_eq!((entry.label(), entry.count()), ("né", 3));
        assert_eq!(entry.sums().collect::<Vec<_>>(), [9, 12, -6]);
        assert_eq!(entry.exemplars().collect::<Vec<_>>(), [[5, 6, 0xfd], [3, 4, 0xfe]]);
    }

    #[test]
    fn full_and_forgotten() {
        let mut memory = [0; 2 * entry_len(3, 0) + 5];
        let mut gallery = gallery(Distance::SquaredL2, Element::Unsigned, 0, &mut memory);
        assert_eq!(gallery.capacity(), 2);
        assert_eq!(enrol(&mut gallery, "a", &[1, 1, 1]), Ok(1));
        assert_eq!(enrol(&mut gallery, "b", &[2, 2, 2]), Ok(1));
        assert_eq!(enrol(&mut gallery, "c", &[3, 3, 3]), Err(GalleryError::Full));
        // Not another label.
        assert_eq!(enrol(&mut gallery, "b", &[2, 2, 2]), Ok(2));
        assert!(gallery.remove("a") && !gallery.remove("a"));
        assert_eq!(gallery.find("b").unwrap().sums().collect::<Vec<_>>(), [4, 4, 4]);
        assert_eq!(enrol(&mut gallery, "c", &[3, 3, 3]), Ok(1));
        assert_eq!(gallery.len(), 2);
        gallery.clear();
        assert!(gallery.is_empty() && gallery.find("b").is_none());
    }

    #[test]
    fn labels_have_bounds() {
        assert_eq!(check_label(""), Err(LabelError::Empty));
        assert_eq!(check_label(&"x".repeat(31)), Ok(()));
        assert_eq!(check_label(&"x".repeat(32)), Err(LabelError::TooLong));
        // 31 bytes, and one more than 31 in 16 characters.
        assert_eq!(check_label(&("é".repeat(15) + "x")), Ok(()));
        assert_eq!(check_label(&"é".repeat(16)), Err(LabelError::TooLong));
        assert_eq!(check_label("a\u{1b}[2J"), Err(LabelError::Control));
        assert_eq!(check_label("a\u{9b}2J"), Err(LabelError::Control));
    }

    #[test]
    fn values_from_outside_are_checked() {
        let mut memory = [0; 2 * entry_len(3, 1)];
        let mut gallery = gallery(Distance::Cosine, Element::Signed, 1, &mut memory);
        let value = |count: u32, sums: [i32; 3]| {
            let mut value = count.to_le_bytes().to_vec();
            value.extend(sums.iter().flat_map(|sum| sum.to_le_bytes()));
            value.extend([1, 2, 3]);
            value
        };
        assert_eq!(gallery.insert("a", &value(2, [254, -256, 0])), Ok(()));
        for bad in [
            value(0, [0, 0, 0]),
            value(2, [255, 0, 0]),
            value(2, [0, -257, 0]),
            value(MAX_COUNT + 1, [0, 0, 0]),
        ] {
            assert_eq!(gallery.insert("b", &bad), Err(GalleryError::Value));
        }
        assert_eq!(gallery.insert("b", &value(1, [0; 3])[1..]), Err(GalleryError::Length));
        assert_eq!(gallery.len(), 1);
        // The most images, and then no more.
        let most = value(MAX_COUNT, [127 * 65_535, 0, -128 * 65_535]);
        assert_eq!(gallery.insert("a", &most), Ok(()));
        assert_eq!(enrol(&mut gallery, "a", &[1, 1, 1]), Err(GalleryError::TooManyImages));
        assert_eq!(gallery.find("a").unwrap().value(), most);
    }

    #[test]
    fn the_nearest_two_and_ties_by_label() {
        let mut memory = [0; 4 * entry_len(3, 0)];
        let mut gallery = gallery(Distance::SquaredL2, Element::Unsigned, 0, &mut memory);
        let nearest = |gallery: &Gallery<'_>, embedding: &[u8]| {
            let found = gallery.nearest(embedding, Method::Prototype).unwrap();
            [found.first, found.second].map(|one| one.map(|one| (String::from(one.label), one.distance)))
        };
        assert_eq!(nearest(&gallery, &[0, 0, 0]), [None, None]);
        enrol(&mut gallery, "c", &[10, 0, 0]).unwrap();
        assert_eq!(nearest(&gallery, &[0, 0, 0]), [Some(("c".into(), 100)), None]);
        enrol(&mut gallery, "b", &[0, 10, 0]).unwrap();
        enrol(&mut gallery, "a", &[0, 0, 10]).unwrap();
        enrol(&mut gallery, "d", &[1, 0, 0]).unwrap();
        let two = [Some(("d".into(), 1)), Some(("a".into(), 100))];
        assert_eq!(nearest(&gallery, &[0, 0, 0]), two);
        assert_eq!(gallery.nearest(&[0; 2], Method::Prototype), Err(GalleryError::Length));
        assert_eq!(gallery.nearest(&[0; 3], Method::Neighbours(1)), Err(GalleryError::NoExemplars));
    }

    /// A prototype's distance is that of the exact mean, rounded down: by fractions of 128-bit integers.
    #[test]
    fn prototypes_are_exact() {
        let mut state = 1;
        for case in 0..2_000 {
            let element = [Element::Unsigned, Element::Signed][case % 2];
            let (dim, count) = (1 + case % 7, 1 + case % 11 * (case % 3) * 900);
            let mut sums = vec![0i32; dim];
            for _ in 0..count {
                sums.iter_mut().for_each(|sum| *sum += element.value(random(&mut state)));
            }
            let embedding: Vec<u8> = (0..dim).map(|_| random(&mut state)).collect();
            let distance = |distance: Distance| {
                distance.to_prototype(&embedding, element, sums.iter().copied(), count as u32)
            };
            let values = || embedding.iter().map(|&byte| i128::from(element.value(byte)));
            let pairs = || values().zip(sums.iter().map(|&sum| i128::from(sum)));
            let n = count as i128;
            let squares: i128 = pairs().map(|(value, sum)| (n * value - sum).pow(2)).sum();
            assert_eq!(i128::from(distance(Distance::SquaredL2)), squares.div_euclid(n * n));

            let dot: i128 = pairs().map(|(value, sum)| value * sum).sum();
            let norms = values().map(|value| value * value).sum::<i128>()
                * pairs().map(|(_, sum)| sum * sum).sum::<i128>();
            let (one, norm) = (1i128 << 30, norms.isqrt());
            let cosine = if norm == 0 { 0 } else { (one * dot).div_euclid(norm).clamp(-one, one) };
            assert_eq!(i128::from(distance(Distance::Cosine)), one - cosine, "case {case}");
        }
    }

    #[test]
    fn the_prototype_of_one_image_is_its_embedding() {
        let mut state = 7;
        for element in [Element::Unsigned, Element::Signed] {
            for distance in [Distance::SquaredL2, Distance::Cosine] {
                let [a, b] = [(); 2].map(|()| [(); 1024].map(|()| random(&mut state)));
                let sums = b.iter().map(|&byte| element.value(byte));
                assert_eq!(distance.to_prototype(&a, element, sums, 1), distance.between(&a, &b, element));
            }
        }
    }

    /// The largest sums there are.
    #[test]
    fn prototypes_do_not_overflow() {
        for (element, byte, value) in [(Element::Unsigned, 255, 255), (Element::Signed, 0x80, -128)] {
            let sums = [value * MAX_COUNT as i32; 1024];
            for distance in [Distance::SquaredL2, Distance::Cosine] {
                let to =
                    |byte: u8| distance.to_prototype(&[byte; 1024], element, sums.iter().copied(), MAX_COUNT);
                assert_eq!(to(byte), 0);
                let far = distance.between(&[byte; 1024], &[127; 1024], element);
                assert_eq!(to(127), far);
            }
        }
    }

    /// k-NN against a sort of all exemplars.
    #[test]
    fn neighbours_vote() {
        let mut state = 3;
        for case in 0..300 {
            let mut memory = vec![0; 5 * entry_len(3, 3)];
            let mut gallery = gallery(Distance::SquaredL2, Element::Unsigned, 3, &mut memory);
            let mut kept: BTreeMap<&str, Vec<[u8; 3]>> = BTreeMap::new();
            for _ in 0..case % 20 {
                let label = ["e", "d", "c", "b", "a"][usize::from(random(&mut state)) % 5];
                let embedding = [(); 3].map(|()| random(&mut state) / 64); // many ties
                enrol(&mut gallery, label, &embedding).unwrap();
                let list = kept.entry(label).or_default();
                list.push(embedding);
                if list.len() > 3 {
                    list.remove(0);
                }
            }
            let query = [2, 1, 1];
            let k = 1 + case % 6;
            let mut all: Vec<(u32, &str)> = kept
                .iter()
                .flat_map(|(&label, list)| list.iter().map(move |one| (label, one)))
                .map(|(label, one)| (Distance::SquaredL2.between(&query, one, Element::Unsigned), label))
                .collect();
            all.sort_unstable();
            let ballot = &all[..all.len().min(k)];
            let votes = |label: &str| ballot.iter().filter(|vote| vote.1 == label).count();
            let most = ballot.iter().map(|vote| votes(vote.1)).max();
            let winner = ballot.iter().find(|vote| Some(votes(vote.1)) == most).map(|vote| vote.1);
            let best = |label: Option<&str>, same: bool| {
                all.iter()
                    .find(|one| (Some(one.1) == label) == same)
                    .map(|one| Match { label: one.1, distance: one.0 })
            };
            let expected = Nearest { first: best(winner, true), second: best(winner, false) };
            assert_eq!(gallery.nearest(&query, Method::Neighbours(k as u8)), Ok(expected), "case {case}");
        }
    }
}
