//! Few-shot evaluation by episodes: small tasks that are drawn at random, each with classes and images
//! of its own, as a board meets them.

mod closed_set;
mod open_set;
mod pool;
mod score;
mod share;
#[cfg(test)]
mod testing;

pub use closed_set::ClosedSet;
pub use open_set::{OpenSetAnswers, OpenSetEpisodes, OpenSetRates};
pub use pool::{Group, Images, Pool, QUERIES};
pub use score::{Besides, SCORES, score_errors};
pub use share::EpisodeShare;

use super::Embeddings;
use serde::Serialize;
use shared_model::Model;

/// Classes of an episode.
const WAYS: [usize; 2] = [5, 20];
/// Images that are enrolled of each.
const SHOTS: [usize; 2] = [1, 5];
/// The same where there are strangers as well.
const OPEN_SET_SHOTS: [usize; 4] = [1, 3, 5, 10];

/// The number of episodes of each kind, and what they are drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Draws {
    /// The number of episodes.
    pub episodes: usize,
    /// The seed: equal ones draw equal episodes.
    pub seed: u64,
}

impl Draws {
    /// As many as in Snell, Swersky and Zemel, "Prototypical networks", 2017, for Omniglot.
    pub const DEFAULT: Self = Self { episodes: 1_000, seed: 1 };
}

/// The outcome of all episodes on a data set, by what a board runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Episodes {
    /// Their number and seed.
    #[serde(flatten)]
    pub draws: Draws,
    /// The most images that are asked about of each class.
    pub queries: usize,
    /// True if the net was trained on other images of the same classes; episodes then enrol training
    /// images, and ask about test images.
    pub trained_on: bool,
    /// Classes of one episode are of one group, such as an alphabet; absent without groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_groups: Option<Measured>,
    /// Classes of an episode are any.
    pub all_classes: Measured,
}

/// The outcome of episodes whose classes are drawn in one way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The number of classes that episodes are drawn from.
    pub classes: usize,
    /// All classes that are asked about are enrolled.
    pub closed_set: Vec<ClosedSet>,
    /// As many others are not.
    pub open_set: Vec<OpenSetEpisodes>,
}

/// Returns the outcome of episodes on a pool of images, whose embeddings are `model`'s. `trained_on` is told
/// with it.
pub fn episodes(
    model: &Model<'_>,
    embeddings: &Embeddings<i16>,
    pool: &Pool,
    trained_on: bool,
    draws: Draws,
) -> Episodes {
    let measured = |pool: &Pool| Measured {
        classes: pool.classes(),
        closed_set: WAYS
            .iter()
            .flat_map(|&ways| {
                SHOTS.map(|shots| closed_set::closed_set(model, embeddings, pool, (ways, shots), draws))
            })
            .flatten()
            .collect(),
        open_set: OPEN_SET_SHOTS
            .iter()
            .filter_map(|&shots| open_set::open_set_episodes(model, embeddings, pool, shots, draws))
            .collect(),
    };
    Episodes {
        draws,
        queries: QUERIES,
        trained_on,
        within_groups: pool.within_groups().as_ref().map(measured),
        all_classes: measured(&pool.in_one_group()),
    }
}
