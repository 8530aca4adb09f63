use super::Draws;
pub use super::{Group, Images, Pool};
pub use crate::metrics::testing::{model_file, places};

pub const DRAWS: Draws = Draws { episodes: 200, seed: 7 };

/// Returns classes without a group.
pub fn one_group(classes: impl IntoIterator<Item = Images>) -> Pool {
    Pool { groups: vec![Group { name: String::new(), classes: classes.into_iter().collect() }] }
}
