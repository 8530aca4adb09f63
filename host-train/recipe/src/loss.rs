//! `train.loss`: what is made small.

use crate::{
    batch::{BalancedConfig, BatchConfig},
    check::Check,
    data::is_zero,
    error::ConfigError,
};
use serde::{Deserialize, Serialize, de};
use std::fmt;

/// The loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossConfig {
    /// Over triplets.
    Triplet(TripletConfig),
    /// Over pairs: pulls the same together, pushes others apart.
    Contrastive(ContrastiveConfig),
    /// Supervised contrastive: each image against the whole batch. Needs `net.normalise`.
    SupCon(SupConConfig),
    /// Over mined and softly weighted pairs. Needs `net.normalise`.
    MultiSimilarity(MultiSimilarityConfig),
    /// Against a learned point for each class. Needs `net.normalise`.
    Proxies(ProxiesConfig),
    /// Against the embeddings of a teacher, [`Config::teacher`](crate::Config::teacher). Needs `net.normalise`.
    Distillation(DistillationConfig),
}

/// The triplet loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TripletConfig {
    /// By how much a negative should be farther than a positive: above 0, up to 1,000; or `"soft"`,
    /// which always wants more. Below 4 (2 without `squared`) where embeddings are normalised,
    /// which cannot be farther apart.
    pub margin: Margin,
    /// True if distances are squared.
    #[serde(default = "defaults::squared")]
    pub squared: bool,
    /// Which triplets of the batch are trained on; not where `train.batch` brings its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub miner: Option<MinerConfig>,
    /// Steps in which `semi_hard` mines before `miner` does: batch-hard mining collapses without, 0
    /// to 1,000,000.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warm_up: usize,
}

/// A margin of the triplet loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// A negative that is this much farther than the positive is far enough.
    Hard(f64),
    /// `ln(1 + exp(x))` in place of `max(0, x + margin)`.
    Soft,
}

/// The contrastive loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContrastiveConfig {
    /// The distance that different things should be apart, above 0, up to 1,000; up to 2 if
    /// embeddings are normalised.
    pub margin: f64,
}

/// The supervised contrastive loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupConConfig {
    /// 0.01 to 10.
    #[serde(default = "defaults::temperature")]
    pub temperature: f64,
}

/// The multi-similarity loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiSimilarityConfig {
    /// Sharpness on positives, 0.01 to 100.
    #[serde(default = "defaults::alpha")]
    pub alpha: f64,
    /// Sharpness on negatives, 0.01 to 100.
    #[serde(default = "defaults::beta")]
    pub beta: f64,
    /// The similarity that parts positives from negatives, −1 to 1.
    #[serde(default = "defaults::base")]
    pub base: f64,
    /// The slack with which pairs are mined, 0 to 2: the larger, the more pairs.
    #[serde(default = "defaults::epsilon")]
    pub epsilon: f64,
}

/// The proxy loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxiesConfig {
    /// Sharpness, 1 to 100.
    #[serde(default = "defaults::scale")]
    pub scale: f64,
    /// By how much the own proxy's cosine should be above all others, 0 to 1.
    #[serde(default = "defaults::proxy_margin")]
    pub margin: f64,
}

/// Distillation of a teacher's embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistillationConfig {}

/// Which triplets of a batch are trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MinerConfig {
    /// For each pair of a class, the nearest negative that is farther than the positive.
    #[default]
    SemiHard,
    /// For each image, the farthest positive and the nearest negative. Wants `warm_up`.
    BatchHard,
    /// All triplets that have a loss; of batches that have at most 4,000,000 triplets.
    BatchAll,
    /// For each pair of a class, any negative.
    Random,
}

impl Serialize for Margin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Hard(margin) => margin.serialize(serializer),
            Self::Soft => "soft".serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Margin {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Margin;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a number, or \"soft\"")
            }

            fn visit_f64<E: de::Error>(self, margin: f64) -> Result<Margin, E> {
                Ok(Margin::Hard(margin))
            }

            fn visit_i64<E: de::Error>(self, margin: i64) -> Result<Margin, E> {
                Ok(Margin::Hard(margin as f64))
            }

            fn visit_u64<E: de::Error>(self, margin: u64) -> Result<Margin, E> {
                Ok(Margin::Hard(margin as f64))
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Margin, E> {
                match word {
                    "soft" => Ok(Margin::Soft),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl fmt::Display for Margin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hard(margin) => margin.fmt(f),
            Self::Soft => f.write_str("soft"),
        }
    }
}

impl LossConfig {
    /// Returns what the loss counts in a batch: `triplets`, `pairs` or `images`.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Triplet(_) => "triplets",
            Self::Contrastive(_) | Self::SupCon(_) | Self::MultiSimilarity(_) => "pairs",
            Self::Proxies(_) | Self::Distillation(_) => "images",
        }
    }

    /// `normalised`: whether embeddings have length 1.
    pub(super) fn check(
        &self,
        batch: BatchConfig,
        normalised: bool,
        check: &Check<'_>,
    ) -> Result<(), ConfigError> {
        let needs_cosines = |name| {
            let allowed = "used with net.normalise = true, because it compares by cosine";
            check.that(normalised, "train.loss", name, allowed)
        };
        match *self {
            LossConfig::Triplet(triplet) => triplet.check(batch, normalised, check),
            LossConfig::Contrastive(ContrastiveConfig { margin }) => {
                let most = if normalised { 2.0 } else { 1000.0 };
                let field = "train.loss.contrastive.margin";
                check.that(
                    margin > 0.0 && margin <= most,
                    field,
                    margin,
                    format_args!("above 0, up to {most}"),
                )
            }
            LossConfig::SupCon(SupConConfig { temperature }) => {
                check.real("train.loss.sup_con.temperature", temperature, (0.01, 10.0))?;
                needs_cosines("sup_con")
            }
            LossConfig::MultiSimilarity(MultiSimilarityConfig { alpha, beta, base, epsilon }) => {
                check.real("train.loss.multi_similarity.alpha", alpha, (0.01, 100.0))?;
                check.real("train.loss.multi_similarity.beta", beta, (0.01, 100.0))?;
                check.real("train.loss.multi_similarity.base", base, (-1.0, 1.0))?;
                check.real("train.loss.multi_similarity.epsilon", epsilon, (0.0, 2.0))?;
                needs_cosines("multi_similarity")
            }
            LossConfig::Proxies(ProxiesConfig { scale, margin }) => {
                check.real("train.loss.proxies.scale", scale, (1.0, 100.0))?;
                check.real("train.loss.proxies.margin", margin, (0.0, 1.0))?;
                needs_cosines("proxies")
            }
            LossConfig::Distillation(DistillationConfig {}) => needs_cosines("distillation"),
        }
    }
}

/// The most triplets that `batch_all` may find in a batch; a triplet takes 24 bytes.
const MOST_TRIPLETS: usize = 4_000_000;

impl TripletConfig {
    fn check(&self, batch: BatchConfig, normalised: bool, check: &Check<'_>) -> Result<(), ConfigError> {
        let TripletConfig { margin, squared, miner, warm_up } = *self;
        if let Margin::Hard(margin) = margin {
            let fits = margin > 0.0 && margin <= 1000.0;
            check.that(fits, "train.loss.triplet.margin", margin, "above 0, up to 1000; or \"soft\"")?;
            let farthest = if squared { 4.0 } else { 2.0 };
            check.that(
                !normalised || margin < farthest,
                "train.loss.triplet.margin",
                margin,
                format_args!("below {farthest}, the largest distance of normalised embeddings"),
            )?;
        }
        check.within("train.loss.triplet.warm_up", warm_up, (0, 1_000_000))?;
        match (batch, miner) {
            (BatchConfig::Triplets(_), Some(_)) => check.that(
                false,
                "train.loss.triplet.miner",
                "given",
                "left out where train.batch brings its own triplets",
            ),
            (
                BatchConfig::Balanced(BalancedConfig { classes, images_per_class }),
                Some(MinerConfig::BatchAll),
            ) => {
                let images = classes * images_per_class;
                let triplets = images * (images_per_class - 1) * (images - images_per_class);
                check.that(
                    triplets <= MOST_TRIPLETS,
                    "train.loss.triplet.miner",
                    format_args!("batch_all, of {triplets} triplets in a batch,"),
                    format_args!("another, or the batch smaller: at most {MOST_TRIPLETS} triplets"),
                )
            }
            _ => Ok(()),
        }
    }
}

mod defaults {
    pub fn squared() -> bool {
        true
    }
    /// Returns the choice of Khosla et al. 2020.
    pub fn temperature() -> f64 {
        0.1
    }
    // As Wang et al. 2019 chose.
    pub fn alpha() -> f64 {
        2.0
    }
    pub fn beta() -> f64 {
        50.0
    }
    pub fn base() -> f64 {
        0.5
    }
    pub fn epsilon() -> f64 {
        0.1
    }
    pub fn scale() -> f64 {
        16.0
    }
    pub fn proxy_margin() -> f64 {
        0.2
    }
}
