//! Recipes as text: the presets, and files.

use crate::{
    config::{Config, ValidConfig},
    error::ConfigError,
    example::in_json,
    fields, locate,
    nesting::{TOO_DEEP, too_deep},
    origin::OriginConfig,
    value::Value,
};
use serde::de::DeserializeOwned;
use std::path::Path;

/// The configs that come with the program: name and content.
pub const PRESETS: [(&str, &str); 15] = [
    ("default", include_str!("../../../configs/default.toml")),
    ("origin", include_str!("../../../configs/origin.json")),
    ("best", include_str!("../../../configs/best.toml")),
    ("characters", include_str!("../../../configs/characters.toml")),
    ("characters-large", include_str!("../../../configs/characters-large.toml")),
    ("characters-small", include_str!("../../../configs/characters-small.toml")),
    ("conv4", include_str!("../../../configs/conv4.toml")),
    ("depthwise", include_str!("../../../configs/depthwise.toml")),
    ("dscnn", include_str!("../../../configs/dscnn.toml")),
    ("lenet5", include_str!("../../../configs/lenet5.toml")),
    ("mobilenet", include_str!("../../../configs/mobilenet.toml")),
    ("quick", include_str!("../../../configs/quick.toml")),
    ("resnet8", include_str!("../../../configs/resnet8.toml")),
    ("tiny", include_str!("../../../configs/tiny.toml")),
    ("unseen", include_str!("../../../configs/unseen.toml")),
];

/// Reads TOML that a person wrote. `file` is named in errors.
///
/// # Errors
/// Returns [`ConfigError::Syntax`], [`ConfigError::Unknown`] or [`ConfigError::Range`] if the syntax
/// is wrong, or a field is missing, unknown or of another type.
pub fn from_toml<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, ConfigError> {
    if let Some(at) = too_deep(text) {
        let line = Some(1 + text[..at].matches('\n').count());
        return Err(ConfigError::Syntax { file: file.to_owned(), line, message: TOO_DEEP.into() });
    }
    let value = toml::from_str(text).map_err(|error| ConfigError::toml(&error, text, file))?;
    let line = |path: &str| locate::line(text, path);
    fields::read(&value).map_err(|wrong| wrong.in_file(file, line, str::to_owned))
}

impl Config {
    /// Returns the text of the config in [`PRESETS`] that has this name.
    ///
    /// # Errors
    /// Returns [`ConfigError::Recipe`] if no preset has this name.
    pub fn preset_text(name: &str) -> Result<&'static str, ConfigError> {
        let names = PRESETS.map(|(name, _)| name);
        let found = PRESETS.iter().find(|(preset, _)| *preset == name);
        found.map(|(_, text)| *text).ok_or_else(|| ConfigError::unknown_preset(name, &names))
    }

    /// Returns the config of [`PRESETS`] that has this name.
    ///
    /// # Errors
    /// Returns [`ConfigError::Recipe`] if no preset has this name.
    pub fn preset(name: &str) -> Result<Self, ConfigError> {
        Self::parse(Self::preset_text(name)?, name)
    }

    /// Returns the text of a file.
    ///
    /// # Errors
    /// Returns [`ConfigError::Read`] if it cannot be read.
    pub fn read_text(path: &Path) -> Result<String, ConfigError> {
        std::fs::read_to_string(path)
            .map_err(|why| ConfigError::Read { file: path.display().to_string(), why })
    }

    /// Reads a file and checks it.
    ///
    /// # Errors
    /// Returns [`ConfigError::Read`] if it cannot be read, and the errors of [`parse`](Self::parse)
    /// and [`validate`](Self::validate).
    pub fn read(path: &Path) -> Result<ValidConfig, ConfigError> {
        let (text, file) = (Self::read_text(path)?, path.display().to_string());
        Self::parse(&text, &file)?.validate(&file).map_err(|error| error.located(&text))
    }

    /// Reads TOML, or JSON where the text begins with a brace. `file` is named in errors.
    ///
    /// # Errors
    /// Returns [`ConfigError::Syntax`], [`ConfigError::Unknown`] or [`ConfigError::Range`] if the
    /// syntax is wrong, or a field is missing, unknown or of another type. Ranges are not checked
    /// here.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        if !text.trim_start().starts_with('{') {
            return from_toml(text, file);
        }
        let value: Value = serde_json::from_str(text).map_err(|error| ConfigError::json(&error, file))?;
        let is_origin = value.has("exp_name") || value.has("num_epochs");
        let read = if is_origin {
            fields::read::<OriginConfig>(&value).map(Self::from)
        } else {
            fields::read(&value)
        };
        read.map_err(|wrong| wrong.in_file(file, |path| locate::line(text, path), in_json))
    }

    /// Returns the config as TOML; [`parse`](Self::parse) gives the same back.
    ///
    /// # Errors
    /// Returns an error if a number does not fit TOML, which no valid config has.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}
