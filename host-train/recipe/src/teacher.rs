//! `[teacher]`: the model that a net learns from.

use crate::{check::Check, error::ConfigError};
use serde::{Deserialize, Serialize};
use shared_model::model::format::MAX_VIEWS;
use std::path::PathBuf;

/// The model whose embeddings the net learns to give, with the loss `distillation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherConfig {
    /// [`CHARACTERS_LARGE`](Self::CHARACTERS_LARGE), or the path of a model file or of a run's folder. It takes
    /// images of the run's size, compares by cosine, and gives embeddings of the net's length.
    pub model: PathBuf,
    /// The number of views of an image whose embeddings it averages, 1 to 9; the model's own number if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub views: Option<u8>,
}

impl TeacherConfig {
    /// The word for the program's own large net, which was trained on made-up characters.
    pub const CHARACTERS_LARGE: &str = "characters-large";

    pub(super) fn check(&self, check: &Check<'_>) -> Result<(), ConfigError> {
        self.views.map_or(Ok(()), |views| check.within("teacher.views", views.into(), (1, MAX_VIEWS.into())))
    }
}
