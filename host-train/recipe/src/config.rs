//! The whole recipe.

use crate::{
    batch::BatchConfig,
    check::Check,
    data::{DataConfig, SourceConfig},
    error::ConfigError,
    loss::LossConfig,
    net::NetConfig,
    teacher::TeacherConfig,
    train::TrainConfig,
};
use serde::{Deserialize, Serialize};
use shared_model::model::format::MAX_TEXT;
use std::ops::Deref;

/// Everything that decides a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the run and of the model: 1 to 64 bytes, no control characters.
    pub name: String,
    /// Same seed, same weights. 0 to 2^63 − 1.
    #[serde(default = "defaults::seed")]
    pub seed: u64,
    /// The backend that computes.
    #[serde(default)]
    pub backend: Backend,
    /// The way that images become pixels, and which of them are for testing.
    #[serde(default)]
    pub data: DataConfig,
    /// The net.
    pub net: NetConfig,
    /// The model that the net learns from, with the loss `distillation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<TeacherConfig>,
    /// The training.
    pub train: TrainConfig,
}

/// A backend of Burn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// Burn's CPU backend; several times faster.
    #[default]
    Flex,
    /// The one built on the `ndarray` crate.
    Ndarray,
    /// NVIDIA's GPUs; takes a build with the feature `cuda`.
    Cuda,
    /// GPUs by Vulkan, Metal or DirectX; takes a build with the feature `wgpu`.
    Wgpu,
}

pub(crate) mod defaults {
    pub fn seed() -> u64 {
        1
    }
}

impl Config {
    /// Returns the recipe for a run whose own data are what a word such as `mnist` names if `are(word)`: sources
    /// that are for others only, [`only_with`](crate::SourceConfig::only_with), are left out, and their share of
    /// a batch with them.
    #[must_use]
    pub fn for_own(mut self, are: impl Fn(&str) -> bool) -> Self {
        let share = |mixture: &[SourceConfig]| mixture.iter().map(|source| source.share).sum::<f64>();
        let mixture = &mut self.data.mixture;
        let all = share(mixture);
        mixture.retain(|source| source.only_with.is_empty() || source.only_with.iter().any(|word| are(word)));
        let left = share(mixture);
        mixture.iter_mut().for_each(|source| source.only_with.clear());
        if left > 0.0 && left < all {
            self.train.batch = self.train.batch.times(left / all);
        }
        if let [SourceConfig { source: None, .. }] = mixture[..] {
            mixture.clear(); // the run's own data, which are trained on without a mixture
        }
        self
    }

    /// Checks every field. `file` is named in errors.
    ///
    /// # Errors
    /// Returns [`ConfigError::Range`] if a field is out of its range; the first one found is named.
    pub fn validate(self, file: &str) -> Result<ValidConfig, ConfigError> {
        let check = Check { file };
        let name_fits = (1..=MAX_TEXT).contains(&self.name.len()) && !self.name.chars().any(char::is_control);
        check.that(
            name_fits,
            "name",
            format_args!("{:?}", self.name),
            "1 to 64 bytes without control characters",
        )?;
        check.that(self.seed <= i64::MAX as u64, "seed", self.seed, "0 to 2^63 - 1")?;
        self.data.check(&check)?;
        self.net.check(&check)?;
        self.train.check(&check)?;
        let is_balanced = matches!(self.train.batch, BatchConfig::Balanced(_));
        let has_decoys = self.data.decoys.as_ref().map(|folder| folder.display().to_string());
        check.that(
            has_decoys.is_none() || is_balanced,
            "data.decoys",
            has_decoys.unwrap_or_default(),
            "left out unless train.batch is balanced",
        )?;
        self.train.loss.check(self.train.batch, self.net.normalise, &check)?;
        let is_taught = matches!(self.train.loss, LossConfig::Distillation(_));
        match &self.teacher {
            Some(teacher) => {
                let allowed = "left out unless train.loss is `distillation`";
                check.that(is_taught, "teacher.model", teacher.model.display(), allowed)?;
                teacher.check(&check)?;
            }
            None => {
                check.that(!is_taught, "teacher.model", "nothing", "given, for the loss `distillation`")?
            }
        }
        Ok(ValidConfig(self))
    }
}

/// A config whose every field is in range.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidConfig(Config);

impl ValidConfig {
    /// Returns the config, to be changed and validated again.
    pub fn into_inner(self) -> Config {
        self.0
    }
}

impl Deref for ValidConfig {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.0
    }
}
