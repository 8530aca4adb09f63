//! Measures of embeddings.
//!
//! Everything here is exact and the same on every run: neighbours are found by comparing all pairs,
//! ties go to the lowest index. Embeddings are those of the net in floats, or the int8 engine's
//! integers, whose distances are then the engine's own, to the last bit.

mod distances;
mod embeddings;
mod episodes;
mod histogram;
mod interval;
mod neighbours;
mod open_set;
mod pairs;
mod prototypes;
mod retrieval;
mod roc;
#[cfg(test)]
pub(crate) mod testing;
mod thresholds;
mod triplets;

pub use embeddings::{Embeddings, Value};
pub use episodes::{
    Besides, ClosedSet, Draws, EpisodeShare, Episodes, Group, Images, Measured, OpenSetAnswers,
    OpenSetEpisodes, OpenSetRates, Pool, SCORES, episodes, score_errors,
};
pub use histogram::Histogram;
pub use interval::{SeparatePairs, interval_95};
pub use neighbours::{gallery_precision_at_1, nearest, nearest_others, precision_at_1};
pub use open_set::{OpenSet, open_set};
pub use pairs::Pairs;
pub use prototypes::{FewShot, Support, prototype_accuracy, prototype_confusion, support};
pub use retrieval::{RECALL_AT, Retrieval, retrieval};
pub use thresholds::{Rates, Verification, verification};
pub use triplets::{ClassTriplets, TripletReport, triplet_report};
