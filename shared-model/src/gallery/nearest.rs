use super::{enrol::Gallery, entry::Entry, error::GalleryError};
use serde::{Deserialize, Serialize};

/// Most exemplars that [`Method::Neighbours`] asks.
pub const MAX_NEIGHBOURS: usize = 15;

impl Gallery<'_> {
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
