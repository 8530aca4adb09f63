use super::{enrol::Gallery, entry::Entry, error::GalleryError};
use serde::{Deserialize, Serialize};

/// The largest number of exemplars that [`Method::Neighbours`] lets vote.
pub const MAX_NEIGHBOURS: usize = 15;

impl Gallery<'_> {
    /// Returns the two entries that are nearest to an embedding, however far they are.
    ///
    /// Of two at the same distance, the one whose label is smaller, byte by byte, comes first: the
    /// answer does not depend on the order in which things were enrolled.
    ///
    /// ```
    /// # use shared_model::{Gallery, Model, gallery::{Method, entry_len}};
    /// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
    /// # let model = Model::decode(FILE)?;
    /// # let mut memory = vec![0; 2 * entry_len(8, 0)];
    /// # let mut gallery = Gallery::new(&model, 0, &mut memory);
    /// gallery.enrol("blue mug", &[1; 8])?;
    /// gallery.enrol("red mug", &[9; 8])?;
    /// let nearest = gallery.nearest(&[2; 8], Method::Prototype)?;
    /// assert_eq!(nearest.first.map(|found| (found.label, found.distance)), Some(("blue mug", 8)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`GalleryError::Length`] if the embedding has the wrong length, and
    /// [`GalleryError::NoExemplars`] for [`Method::Neighbours`] if the gallery keeps no exemplars.
    pub fn nearest(&self, embedding: &[u8], method: Method) -> Result<Nearest<'_>, GalleryError> {
        if embedding.len() != self.format.dim {
            return Err(GalleryError::Length);
        }
        match method {
            Method::Prototype => Ok(Nearest::of(self.entries().map(|entry| Match::of(entry, embedding)))),
            Method::Neighbours(_) if self.format.exemplars == 0 => Err(GalleryError::NoExemplars),
            Method::Neighbours(k) => Ok(self.vote(embedding, usize::from(k).clamp(1, MAX_NEIGHBOURS))),
        }
    }

    /// Lets the nearest k exemplars vote (k-NN). Of labels with the same number of votes, the one
    /// with the nearest exemplar wins.
    fn vote(&self, embedding: &[u8], k: usize) -> Nearest<'_> {
        let mut ballot: heapless::Vec<Match<'_>, MAX_NEIGHBOURS> = heapless::Vec::new();
        for entry in self.entries() {
            for exemplar in entry.exemplars() {
                let distance = self.format.distance.between(embedding, exemplar, self.format.element);
                let candidate = Match { label: entry.label(), distance };
                let place = ballot.iter().position(|other| candidate < *other).unwrap_or(ballot.len());
                if place < k {
                    ballot.truncate(k - 1);
                    let inserted = ballot.insert(place, candidate);
                    debug_assert!(inserted.is_ok(), "k is at most the capacity");
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

/// The way of comparing an embedding with the entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Method {
    /// With the mean of each entry's embeddings.
    #[default]
    Prototype,
    /// With every exemplar. The nearest k of them vote, 1 to [`MAX_NEIGHBOURS`].
    Neighbours(u8),
}

/// The nearest two entries of different labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nearest<'a> {
    /// The nearest entry. By [`Method::Neighbours`] it is the entry that has won the vote, at the
    /// distance of its nearest exemplar. `None` if nothing is enrolled.
    pub first: Option<Match<'a>>,
    /// The nearest of the other entries.
    pub second: Option<Match<'a>>,
}

impl<'a> Nearest<'a> {
    pub(super) fn of(matches: impl Iterator<Item = Match<'a>>) -> Self {
        matches.fold(Self::default(), |Self { first, second }, candidate| match first {
            Some(best) if best < candidate => {
                let second = second.filter(|other| *other < candidate).or(Some(candidate));
                Self { first, second }
            }
            _ => Self { first: Some(candidate), second: first },
        })
    }
}

/// An entry, and its distance to an embedding. Matches are ordered by distance, then by label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Match<'a> {
    /// The entry's label.
    pub label: &'a str,
    /// The distance, in the integers of the model's [`Distance`](crate::Distance).
    pub distance: u32,
}

impl<'a> Match<'a> {
    /// Returns an entry, and the distance of its prototype.
    pub(super) fn of(entry: Entry<'a>, embedding: &[u8]) -> Self {
        Self { label: entry.label(), distance: entry.distance_to_prototype(embedding) }
    }
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
