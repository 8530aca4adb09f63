//! `[data]`: what becomes of images in folders, and what is set aside.

use crate::{characters::CharactersConfig, check::Check, error::ConfigError, size::Size};
use serde::{Deserialize, Serialize};
use shared_model::{
    inspect::Shape,
    model::format::{Background, Centring, Fit, Preprocessing},
};
use std::path::PathBuf;

/// The way that images become pixels, and which of them are for testing. IDX files hold pixels
/// already: of all this, `fit` and `background` then only say how a client of the model makes the
/// like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// Rows and columns of the net's input, 1 to 1,024 each; 28 where it is not given.
    pub size: Size,
    /// The values of a pixel: 1, its grey, or 3: red, green and blue.
    #[serde(skip_serializing_if = "is_grey")]
    pub channels: u16,
    /// The way that an image is brought to this size: `contain`, `stretch` or `centre`. If it is
    /// not given, MNIST and drawn digits are `centre`, everything else is `contain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
    /// Which end of the scale of greys becomes 0: `dark`, `light`, or `auto`, which judges every
    /// image by the median of its border.
    pub background: Background,
    /// The way in which `centre` finds a sign on paper.
    #[serde(skip_serializing_if = "is_usual")]
    pub centring: Centring,
    /// Share of every class's images that is tested with, where a folder has no split of its own:
    /// above 0, up to 0.9.
    pub test_share: f64,
    /// Classes with fewer images are left out, of a folder of images; of one with a split of its own, the training
    /// images count. 0 leaves none out.
    #[serde(skip_serializing_if = "is_zero")]
    pub min_images: usize,
    /// Where the run's own images are, unless the command line says: what `--data` takes. Without it,
    /// they are looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What is trained on, where that is not the run's own images alone: several sources, each with a
    /// share of every batch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mixture: Vec<SourceConfig>,
    /// A folder of pictures of anything else, which need no classes: they are trained on as what every class
    /// is to be kept apart from, and never enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoys: Option<PathBuf>,
    /// How made-up characters are drawn, where a source is `characters`.
    #[serde(skip_serializing_if = "is_default")]
    pub characters: CharactersConfig,
    /// Names of the classes, or of groups of them, that are not trained on, so that it can be told how good the net is
    /// at things that it has never seen. At least two classes must be left.
    pub unseen: Vec<String>,
}

/// Returns true for a number that is left out when a recipe is written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Returns true for grey images, of which nothing is said when a recipe is written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_grey(channels: &u16) -> bool {
    *channels == 1
}

/// Returns true for a way to find a sign that is left out when a recipe is written.
fn is_usual(centring: &Centring) -> bool {
    *centring == Centring::USUAL
}

/// Returns true for a table that is left out when a recipe is written.
fn is_default(characters: &CharactersConfig) -> bool {
    *characters == CharactersConfig::default()
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            size: Size([28, 28]),
            channels: 1,
            fit: None,
            background: Background::Auto,
            centring: Centring::USUAL,
            test_share: 0.2,
            min_images: 0,
            source: None,
            mixture: Vec::new(),
            decoys: None,
            characters: CharactersConfig::default(),
            unseen: Vec::new(),
        }
    }
}

impl DataConfig {
    /// Returns the same for images of a model of this input and preprocessing.
    #[must_use]
    pub fn for_model(self, input: Shape, preprocessing: Preprocessing) -> Self {
        Self {
            size: Size([input.height.into(), input.width.into()]),
            channels: input.channels,
            fit: Some(preprocessing.fit),
            background: preprocessing.background,
            centring: preprocessing.centring,
            ..self
        }
    }

    /// Returns true if it makes the same images as `other` to evaluate with, whatever is set aside of them
    /// or trained on beside them.
    #[must_use]
    pub fn reads_as(&self, other: &Self) -> bool {
        let Self { unseen, mixture, decoys, characters, .. } = other.clone();
        Self { unseen, mixture, decoys, characters, ..self.clone() } == *other
    }

    /// Returns the input of a net for images in folders.
    pub fn shape(&self) -> Shape {
        let [height, width] = self.size.0.map(|side| side as u16);
        Shape::new(height, width, self.channels)
    }

    /// Returns the preprocessing of data that have `fit` where the config names none.
    pub fn preprocessing(&self, fit: Fit) -> Preprocessing {
        Preprocessing { fit: self.fit.unwrap_or(fit), background: self.background, centring: self.centring }
    }

    pub(super) fn check(&self, check: &Check<'_>) -> Result<(), ConfigError> {
        let size_fits = self.size.0.iter().all(|size| (1..=1024).contains(size));
        check.that(size_fits, "data.size", self.size, "1 to 1024")?;
        check.that(
            [1, 3].contains(&self.channels),
            "data.channels",
            self.channels,
            "1 (grey) or 3 (colour)",
        )?;
        check.that(
            self.channels == 1 || self.fit != Some(Fit::Centre),
            "data.fit",
            "centre",
            "stretch or contain where data.channels is 3: centre looks for ink on paper, in greys",
        )?;
        let Centring { threshold, line, .. } = self.centring;
        check.that(threshold > 0, "data.centring.threshold", threshold, "1 to 255")?;
        check.that(self.centring.is_valid(), "data.centring.line", line, "0, or 5 to 8")?;
        let share_fits = self.test_share > 0.0 && self.test_share <= 0.9;
        check.that(share_fits, "data.test_share", self.test_share, "above 0, up to 0.9")?;
        for (at, source) in self.mixture.iter().enumerate() {
            let fits = source.share > 0.0 && source.share <= 1000.0;
            check.that(
                fits,
                format_args!("data.mixture[{at}].share"),
                source.share,
                "above 0, up to 1000",
            )?;
            for word in &source.only_with {
                let field = format_args!("data.mixture[{at}].only_with");
                let allowed = "mnist, drawn, signs or characters";
                check.that(OWN.contains(&word.as_str()), field, format_args!("{word:?}"), allowed)?;
            }
        }
        self.characters.check(check)
    }
}

/// A source of images that are trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// What `--data` takes: a folder, `mnist`, `drawn` or `characters`. Without it, the run's own
    /// images, except what is held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its share of the classes of a batch, relative to the other sources': above 0, up to 1,000.
    pub share: f64,
    /// If any are named, it is left out, and its share of a batch with it, unless the run's own data are one of
    /// these: `mnist`, `drawn`, `signs` or `characters`. A run's `config.toml` has what came of that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_with: Vec<String>,
}

/// The data that [`SourceConfig::only_with`] may name.
const OWN: [&str; 4] = ["mnist", "drawn", "signs", "characters"];

/// The part of the data that is never trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldOut {
    /// A share of every class's images.
    #[default]
    Images,
    /// Whole classes, which tells what the net makes of things that it has never been trained on.
    Classes,
    /// Nothing: there is no validation, and the model has no thresholds.
    None,
}
