//! What to train, and how: a file that a person writes.
//!
//! A [`Config`] is what the file says, a [`ValidConfig`] is a config whose every field is known to be in range;
//! training takes only the latter. Files are TOML, or JSON. The configuration of the project that this one
//! descends from, `{"exp_name", "lr", "decay", "num_epochs", "batch_size"}`, loads too and means its recipe.

mod change;
mod check;
mod data;
mod error;
mod locate;
mod loss;
mod net;
mod origin;
mod train;

use check::Check;
pub use data::{DataConfig, HoldOut};
pub use error::ConfigError;
pub use loss::*;
pub use net::*;
use origin::OriginConfig;
use serde::{Deserialize, Serialize};
use shared_model::model::format::MAX_TEXT;
use std::{ops::Deref, path::Path};
pub use train::*;

/// Everything that decides a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the run and of the model: 1 to 64 bytes, no control characters.
    pub name: String,
    /// Same seed, same weights. 0 to 2^63 − 1.
    #[serde(default = "defaults::seed")]
    pub seed: u64,
    /// What computes.
    #[serde(default)]
    pub backend: Backend,
    /// What becomes of images, and which of them are tested with.
    #[serde(default)]
    pub data: DataConfig,
    /// The net.
    pub net: NetConfig,
    /// How it is trained.
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

mod defaults {
    pub fn seed() -> u64 {
        1
    }
}

/// The configs that come with the program: name and content.
pub const PRESETS: [(&str, &str); 7] = [
    ("default", include_str!("../../../configs/default.toml")),
    ("origin", include_str!("../../../configs/origin.json")),
    ("best", include_str!("../../../configs/best.toml")),
    ("lenet5", include_str!("../../../configs/lenet5.toml")),
    ("quick", include_str!("../../../configs/quick.toml")),
    ("tiny", include_str!("../../../configs/tiny.toml")),
    ("unseen", include_str!("../../../configs/unseen.toml")),
];

impl Config {
    /// The text of the config in [`PRESETS`] that has this name.
    ///
    /// # Errors
    /// There is none.
    pub fn preset_text(name: &str) -> Result<&'static str, ConfigError> {
        let names = PRESETS.map(|(name, _)| name);
        let found = PRESETS.iter().find(|(preset, _)| *preset == name);
        found.map(|(_, text)| *text).ok_or_else(|| ConfigError::unknown_preset(name, &names))
    }

    /// The config of [`PRESETS`] that has this name.
    ///
    /// # Errors
    /// There is none.
    pub fn preset(name: &str) -> Result<Self, ConfigError> {
        Self::parse(Self::preset_text(name)?, name)
    }

    /// The text of a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read_text(path: &Path) -> Result<String, ConfigError> {
        std::fs::read_to_string(path)
            .map_err(|why| ConfigError::Read { file: path.display().to_string(), why })
    }

    /// Reads a file and checks it.
    ///
    /// # Errors
    /// It cannot be read, or as [`parse`](Self::parse) and [`validate`](Self::validate).
    pub fn read(path: &Path) -> Result<ValidConfig, ConfigError> {
        let (text, file) = (Self::read_text(path)?, path.display().to_string());
        Self::parse(&text, &file)?.validate(&file).map_err(|error| error.located(&text))
    }

    /// Reads TOML, or JSON where the text begins with a brace. `file` is named in errors.
    ///
    /// # Errors
    /// The syntax is wrong, a field is missing, unknown or of another type. Ranges are not checked here.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        if !text.trim_start().starts_with('{') {
            return toml::from_str(text).map_err(|error| ConfigError::toml(&error, text, file));
        }
        let json = |error| ConfigError::json(&error, file);
        let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).map_err(json)?;
        if fields.contains_key("exp_name") || fields.contains_key("num_epochs") {
            serde_json::from_str::<OriginConfig>(text).map(Self::from).map_err(json)
        } else {
            serde_json::from_str(text).map_err(json)
        }
    }

    /// The config as TOML; [`parse`](Self::parse) gives the same back.
    ///
    /// # Errors
    /// A number does not fit TOML, which no valid config has.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// Checks every field. `file` is named in errors.
    ///
    /// # Errors
    /// A field is out of its range; the first one found is named.
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
        self.train.loss.check(self.train.batch, self.net.normalise, &check)?;
        Ok(ValidConfig(self))
    }
}

/// A config whose every field is in range.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidConfig(Config);

impl ValidConfig {
    /// The config, to be changed and validated again.
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

#[cfg(test)]
mod tests;
