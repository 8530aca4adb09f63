//! `[train]`: how the net is trained.

use crate::{
    batch::{BalancedConfig, BatchConfig},
    check::Check,
    data::{HoldOut, is_zero},
    error::ConfigError,
    loss::LossConfig,
};
use serde::{Deserialize, Serialize};

/// The training of a net, with Adam (Kingma and Ba 2015).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Length of the training in steps, 1 to 10,000,000. Either this or `epochs` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Length of the training in passes over the data, 1 to 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// The batch of a step.
    pub batch: BatchConfig,
    /// The loss.
    pub loss: LossConfig,
    /// Learning rate, above 0, up to 1.
    pub lr: f64,
    /// The schedule of the learning rate.
    #[serde(default)]
    pub schedule: Schedule,
    /// The rate is divided by `1 + decay · step`, as by the optimizers of Keras 2: 0 to 1.
    #[serde(default)]
    pub decay: f64,
    /// Share of each weight that a step takes away, times the learning rate (Loshchilov and Hutter
    /// 2019): 0 to 1.
    #[serde(default)]
    pub weight_decay: f64,
    /// Takes the running mean of the weights in place of the last ones (Polyak and Juditsky 1992):
    /// the share of it that a step keeps, 0 to below 1. Less at first, so that early weights are
    /// forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<f64>,
    /// Ends the training when this many looks at the held-out images in a row have found nothing
    /// better, and goes back to the best weights: 1 to 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// True if turned and mirrored images count as classes of their own, eight in place of one: for
    /// nets that shall recognise classes that they are not trained on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub turned_classes: bool,
    /// Random distortion of every image, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<AugmentConfig>,
    /// The decoys of a batch that are pieced together from the run's own images, at most 256: what every class
    /// is to be kept apart from.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pieced: usize,
    /// Nets that are trained beforehand without some of the classes and decoys, and asked about them: how many
    /// strangers are accepted, and which threshold suits. 0 for none, otherwise 2 to 10; each takes a part of the
    /// steps, such that all together take as long as the training.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub folds: usize,
    /// What else is done where the run's own images are few pictures in a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub few: Option<FewConfig>,
    /// The part of the data that is never trained on: it tells how good the net is, and calibrates
    /// the thresholds.
    #[serde(default)]
    pub hold_out: HoldOut,
    /// Steps from one look at the held-out images to the next, at least 1.
    #[serde(default = "defaults::validate_every")]
    pub validate_every: usize,
}

/// The schedule of the learning rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// It stays.
    #[default]
    Constant,
    /// It rises for some steps, then falls to zero along a half cosine (Loshchilov and Hutter
    /// 2017).
    Cosine(WarmUp),
}

/// The rise of a learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarmUp {
    /// Steps until the rate has its full height; 0 for none.
    #[serde(default)]
    pub warm_up: usize,
}

/// Limits of the random distortion of an image; each is drawn evenly from ± its limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentConfig {
    /// Rotation in degrees, 0 to 180.
    pub degrees: f64,
    /// Share by which it grows or shrinks, 0 to 0.9.
    pub scale: f64,
    /// Shear, 0 to 1.
    pub shear: f64,
    /// Shift in pixels, 0 to 100.
    pub shift: f64,
    /// Bending: the pixels by which the points of a coarse grid wander, with all between them, 0 to
    /// 100.
    #[serde(default, skip_serializing_if = "is_zero_real")]
    pub elastic: f64,
    /// Share by which each colour becomes lighter or darker, of a grey image its grey, 0 to 0.9.
    #[serde(default, skip_serializing_if = "is_zero_real")]
    pub colour: f64,
}

/// What changes where the run's own images are pictures in a folder, and few. A run's `config.toml` has the
/// changes in place of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FewConfig {
    /// The most images to train on that are few, 1 to 1,000,000.
    pub images: usize,
    /// True if `augment.degrees` becomes 180 if the pictures of a class show it at any angle.
    pub turn: bool,
    /// In place of [`TrainConfig::pieced`].
    pub pieced: usize,
    /// In place of [`TrainConfig::folds`].
    pub folds: usize,
    /// True if training begins with the weights of a net for made-up characters, where the program has one of the
    /// recipe's layers.
    pub pretrained: bool,
    /// The most steps of a training that begins with these weights, 1 to 10,000,000: it has less to learn.
    pub pretrained_steps: usize,
}

impl TrainConfig {
    /// Returns the same with what changes where images are few: they are at any angle if `any_angle`, there is
    /// something that folds can leave out if `may_fold`, and training begins with weights that have learned if
    /// `is_pretrained`. Where folds calibrate, no image need be held out.
    #[must_use]
    pub fn with_few(self, any_angle: bool, may_fold: bool, is_pretrained: bool) -> Self {
        let Some(FewConfig { turn, pieced, folds, pretrained_steps, .. }) = self.few else { return self };
        let steps = self.steps.map(|steps| if is_pretrained { steps.min(pretrained_steps) } else { steps });
        let degrees = |augment: AugmentConfig| match turn && any_angle {
            true => AugmentConfig { degrees: 180.0, ..augment },
            false => augment,
        };
        let pieced = if self.takes_pieced() { pieced } else { 0 };
        let folds = if may_fold { folds } else { 0 };
        let hold_out = match self.hold_out {
            HoldOut::Images if folds > 0 && self.patience.is_none() => HoldOut::None,
            hold_out => hold_out,
        };
        Self { steps, augment: self.augment.map(degrees), pieced, folds, hold_out, few: None, ..self }
    }

    /// Returns true if a batch may have pictures that are of no class and come once.
    fn takes_pieced(&self) -> bool {
        matches!(self.batch, BatchConfig::Balanced(_)) && !matches!(self.loss, LossConfig::Proxies(_))
    }

    pub(super) fn check(&self, check: &Check<'_>) -> Result<(), ConfigError> {
        match (self.steps, self.epochs) {
            (Some(steps), None) => check.within("train.steps", steps, (1, 10_000_000))?,
            (None, Some(epochs)) => check.within("train.epochs", epochs, (1, 10_000))?,
            (None, None) => check.that(false, "train.steps", "nothing", "given, or train.epochs")?,
            (Some(steps), Some(_)) => {
                check.that(false, "train.steps", steps, "left out where train.epochs is given")?;
            }
        }
        check.that(self.pieced <= 256, "train.pieced", self.pieced, "0 to 256")?;
        check.that(
            self.pieced == 0 || self.takes_pieced(),
            "train.pieced",
            self.pieced,
            "0 unless the batch is balanced, and the loss another one than proxies",
        )?;
        let folds_fit = |folds: usize| folds == 0 || (2..=10).contains(&folds);
        check.that(folds_fit(self.folds), "train.folds", self.folds, "0, or 2 to 10")?;
        if let Some(FewConfig { images, pieced, folds, pretrained_steps, .. }) = self.few {
            check.within("train.few.images", images, (1, 1_000_000))?;
            check.within("train.few.pretrained_steps", pretrained_steps, (1, 10_000_000))?;
            check.that(pieced <= 256, "train.few.pieced", pieced, "0 to 256")?;
            check.that(folds_fit(folds), "train.few.folds", folds, "0, or 2 to 10")?;
        }
        match self.batch {
            BatchConfig::Balanced(BalancedConfig { classes, images_per_class, .. }) => {
                check.within("train.batch.balanced.classes", classes, (2, 256))?;
                check.within("train.batch.balanced.images_per_class", images_per_class, (2, 256))?;
                check.that(
                    classes * images_per_class <= 2048,
                    "train.batch.balanced",
                    format_args!("{classes} classes of {images_per_class} images"),
                    "at most 2048 images together",
                )?;
            }
            BatchConfig::Triplets(count) => check.within("train.batch.triplets", count, (1, 1024))?,
        }
        check.that(self.lr > 0.0 && self.lr <= 1.0, "train.lr", self.lr, "above 0, up to 1")?;
        check.real("train.decay", self.decay, (0.0, 1.0))?;
        check.real("train.weight_decay", self.weight_decay, (0.0, 1.0))?;
        if let Some(average) = self.average {
            check.that((0.0..1.0).contains(&average), "train.average", average, "0 to below 1")?;
        }
        if let Some(patience) = self.patience {
            check.within("train.patience", patience, (1, 10_000))?;
            check.that(
                self.hold_out != HoldOut::None,
                "train.patience",
                patience,
                "left out where nothing is held out",
            )?;
        }
        check.that(self.validate_every > 0, "train.validate_every", self.validate_every, "1 or more")?;
        if let Schedule::Cosine(WarmUp { warm_up }) = self.schedule {
            check.within("train.schedule.cosine.warm_up", warm_up, (0, 1_000_000))?;
        }
        if let Some(augment) = self.augment {
            check.real("train.augment.degrees", augment.degrees, (0.0, 180.0))?;
            check.real("train.augment.scale", augment.scale, (0.0, 0.9))?;
            check.real("train.augment.shear", augment.shear, (0.0, 1.0))?;
            check.real("train.augment.shift", augment.shift, (0.0, 100.0))?;
            check.real("train.augment.elastic", augment.elastic, (0.0, 100.0))?;
            check.real("train.augment.colour", augment.colour, (0.0, 0.9))?;
        }
        Ok(())
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero_real(value: &f64) -> bool {
    *value == 0.0
}

pub(super) mod defaults {
    pub fn validate_every() -> usize {
        200
    }
}
