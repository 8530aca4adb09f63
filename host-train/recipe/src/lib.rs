//! The recipe: what to train and how, in a file that a person writes.
//!
//! A [`Config`] is what the file says, a [`ValidConfig`] is a config whose every field is known to
//! be in range; training takes only the latter. Files are TOML, or JSON. The configuration of the
//! project that this one descends from, `{"exp_name", "lr", "decay", "num_epochs", "batch_size"}`,
//! loads too and means its recipe.

mod batch;
mod change;
mod characters;
mod check;
mod config;
mod data;
mod error;
mod example;
mod fields;
mod locate;
mod loss;
mod nesting;
mod net;
mod origin;
mod read;
mod size;
mod teacher;
mod train;
mod value;

pub use batch::{BalancedConfig, BatchConfig};
pub use characters::{CharactersConfig, StrokeKind};
pub use config::{Backend, Config, ValidConfig};
pub use data::{DataConfig, HoldOut, SourceConfig};
pub use error::ConfigError;
pub use loss::*;
pub use net::*;
pub use read::{PRESETS, from_toml};
pub use size::Size;
pub use teacher::TeacherConfig;
pub use train::*;

#[cfg(test)]
mod tests;
