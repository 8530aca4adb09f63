//! What to train, and how: a file that a person writes.
//!
//! A [`Config`] is what the file says, a [`ValidConfig`] is a config whose every field is known to be in range;
//! training takes only the latter. Files are TOML, or JSON. The configuration of the project that this one
//! descends from, `{"exp_name", "lr", "decay", "num_epochs", "batch_size"}`, loads too and means its recipe.

mod change;
mod data;
mod error;
mod locate;

pub use data::{DataConfig, HoldOut};
pub use error::ConfigError;
use serde::{Deserialize, Serialize, de};
use shared_model::{Distance, format::MAX_TEXT};
use std::{fmt, ops::Deref, path::Path};

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
}

/// A sequential net from an image to its embedding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetConfig {
    /// Whether the embedding is scaled to length 1. It is then compared by cosine, otherwise by squared L2.
    pub normalise: bool,
    /// The layers, in order; 1 to 32. The output of the last one, flattened, is the embedding.
    pub layers: Vec<LayerConfig>,
}

impl NetConfig {
    /// How embeddings of this net are compared.
    pub fn distance(&self) -> Distance {
        if self.normalise { Distance::Cosine } else { Distance::SquaredL2 }
    }
}

/// One layer. Sizes are one number for rows and columns alike, or `[rows, columns]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerConfig {
    /// Convolution with bias.
    Conv(ConvConfig),
    /// Largest value of each window.
    MaxPool(PoolConfig),
    /// Mean of each window.
    AveragePool(PoolConfig),
    /// Mean of the whole map, one value a channel.
    GlobalAveragePool,
    /// Sets this share of values to zero while training: 0 to below 1 (Srivastava et al. 2014).
    Dropout(f64),
    /// Batch normalization, one scale and offset a channel (Ioffe and Szegedy 2015). It has to be foldable:
    /// directly behind a convolution or dense layer without ReLU, or (with at most dropout and average pools
    /// between) before a dense layer or a convolution without padding.
    BatchNorm(BatchNormConfig),
    /// Fully connected, with bias; the map before it is flattened.
    Dense(DenseConfig),
}

impl LayerConfig {
    /// The layer's name in a config file.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Conv(_) => "conv",
            Self::MaxPool(_) => "max_pool",
            Self::AveragePool(_) => "average_pool",
            Self::GlobalAveragePool => "global_average_pool",
            Self::Dropout(_) => "dropout",
            Self::BatchNorm(_) => "batch_norm",
            Self::Dense(_) => "dense",
        }
    }
}

/// A convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvConfig {
    /// 1 to 4,096.
    pub out_channels: usize,
    /// 1 to 31.
    pub kernel: Size,
    /// From one window to the next, 1 to 31.
    #[serde(default = "defaults::stride")]
    pub stride: Size,
    /// Zeros on each side, fewer than the kernel is large.
    #[serde(default = "defaults::padding")]
    pub padding: Size,
    /// Whether `max(0, x)` follows.
    #[serde(default)]
    pub relu: bool,
}

/// A pool, without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolConfig {
    /// Size of the window, 1 to 31.
    pub kernel: Size,
    /// From one window to the next, 1 to 31; as large as the window where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Size>,
}

/// A batch normalization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNormConfig {
    /// Whether `max(0, x)` follows; only directly behind a convolution or dense layer without ReLU.
    #[serde(default)]
    pub relu: bool,
}

/// A fully connected layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseConfig {
    /// 1 to 4,096.
    pub out_features: usize,
    /// Whether `max(0, x)` follows.
    #[serde(default)]
    pub relu: bool,
}

/// How a net is trained, with Adam (Kingma and Ba 2015).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Length of the training in steps, 1 to 10,000,000. Either this or `epochs` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Length of the training in passes over the data, 1 to 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// What a step sees.
    pub batch: BatchConfig,
    /// What is made small.
    pub loss: LossConfig,
    /// Learning rate, above 0, up to 1.
    pub lr: f64,
    /// How the learning rate runs.
    #[serde(default)]
    pub schedule: Schedule,
    /// The rate is divided by `1 + decay · step`, as by the optimizers of Keras 2: 0 to 1.
    #[serde(default)]
    pub decay: f64,
    /// Share of each weight that a step takes away, times the learning rate (Loshchilov and Hutter 2019): 0 to 1.
    #[serde(default)]
    pub weight_decay: f64,
    /// Takes the running mean of the weights in place of the last ones (Polyak and Juditsky 1992): the share of it
    /// that a step keeps, 0 to below 1. Less at first, so that early weights are forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<f64>,
    /// Ends the training when this many looks at the held-out images in a row have found nothing better, and goes
    /// back to the best weights: 1 to 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// Random distortion of every image, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<AugmentConfig>,
    /// What is never trained on, tells how good the net is, and calibrates the thresholds.
    #[serde(default)]
    pub hold_out: HoldOut,
    /// Steps from one look at the held-out images to the next, at least 1.
    #[serde(default = "defaults::validate_every")]
    pub validate_every: usize,
}

/// What a step sees, and where its triplets come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchConfig {
    /// The same number of images of several classes (P × K), of which triplets are mined.
    #[serde(rename_all = "snake_case")]
    Balanced(BalancedConfig),
    /// This many of the origin's triplets, 1 to 1,024: two consecutive images of a class, and one of another.
    Triplets(usize),
}

/// A P × K batch; at most 2,048 images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalancedConfig {
    /// P, 2 to 256. Data with fewer classes give all of theirs.
    pub classes: usize,
    /// K, 2 to 256.
    pub images_per_class: usize,
}

/// What is made small; see [`loss`](crate::loss).
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
}

/// The triplet loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TripletConfig {
    /// By how much a negative should be farther than a positive: above 0, up to 1,000; or `"soft"`, which always
    /// wants more. Below 4 (2 without `squared`) where embeddings are normalised, which cannot be farther apart.
    pub margin: Margin,
    /// Whether distances are squared.
    #[serde(default = "defaults::squared")]
    pub squared: bool,
    /// Which triplets of the batch are trained on; not where `train.batch` brings its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub miner: Option<MinerConfig>,
    /// Steps in which `semi_hard` mines before `miner` does: batch-hard mining collapses without, 0 to 1,000,000.
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
    /// How far apart different things should be, above 0, up to 1,000; up to 2 where embeddings are normalised.
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
    /// How generously pairs are mined, 0 to 2.
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

/// Which triplets of a batch are trained on; see [`miner`](crate::miner).
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

/// How the learning rate runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// It stays.
    #[default]
    Constant,
    /// It rises for some steps, then falls to zero along a half cosine (Loshchilov and Hutter 2017).
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
    /// Bending: the pixels by which the points of a coarse grid wander, with all between them, 0 to 100.
    #[serde(default, skip_serializing_if = "is_zero_real")]
    pub elastic: f64,
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

/// Rows and columns; written as one number where they are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub [usize; 2]);

impl Serialize for Size {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [rows, columns] = self.0;
        if rows == columns { rows.serialize(serializer) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a whole number, or [rows, columns]")
            }

            fn visit_u64<E: de::Error>(self, size: u64) -> Result<Size, E> {
                Ok(Size([size as usize; 2]))
            }

            fn visit_i64<E: de::Error>(self, size: i64) -> Result<Size, E> {
                u64::try_from(size)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(size), &self))
                    .and_then(|size| self.visit_u64(size))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut sequence: A) -> Result<Size, A::Error> {
                let mut sizes = Vec::new();
                while let Some(size) = sequence.next_element()? {
                    sizes.push(size);
                }
                let count = sizes.len();
                sizes.try_into().map(Size).map_err(|_| de::Error::invalid_length(count, &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [rows, columns] = self.0;
        if rows == columns { write!(f, "{rows}") } else { write!(f, "[{rows}, {columns}]") }
    }
}

fn is_zero(value: &usize) -> bool {
    *value == 0
}

fn is_zero_real(value: &f64) -> bool {
    *value == 0.0
}

mod defaults {
    use super::Size;

    pub fn seed() -> u64 {
        1
    }
    pub fn stride() -> Size {
        Size([1, 1])
    }
    pub fn padding() -> Size {
        Size([0, 0])
    }
    pub fn squared() -> bool {
        true
    }
    /// As Khosla et al. 2020 chose.
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
    pub fn validate_every() -> usize {
        200
    }
}

/// The configs that come with the program: name and content.
pub const READY: [(&str, &str); 3] = [
    ("default", include_str!("../../configs/default.toml")),
    ("origin", include_str!("../../configs/origin.json")),
    ("unseen", include_str!("../../configs/unseen.toml")),
];

impl Config {
    /// The text of the config in [`READY`] that has this name.
    ///
    /// # Errors
    /// There is none.
    pub fn ready_text(name: &str) -> Result<&'static str, ConfigError> {
        let names = READY.map(|(name, _)| name);
        let found = READY.iter().find(|(ready, _)| *ready == name);
        found.map(|(_, text)| *text).ok_or_else(|| ConfigError::unknown_config(name, &names))
    }

    /// The config of [`READY`] that has this name.
    ///
    /// # Errors
    /// There is none.
    pub fn ready(name: &str) -> Result<Self, ConfigError> {
        Self::parse(Self::ready_text(name)?, name)
    }

    /// The text of a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read_text(path: &Path) -> Result<String, ConfigError> {
        std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { file: path.display().to_string(), source })
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
        check.that(name_fits, "name", &self.name, "1 to 64 bytes without control characters")?;
        check.that(self.seed <= i64::MAX as u64, "seed", self.seed, "0 to 2^63 - 1")?;
        self.data.check(&check)?;
        check.net(&self.net)?;
        check.train(&self.train)?;
        check.loss(&self.train, self.net.normalise)?;
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

/// What `batch_all` may find in a batch; a triplet takes 24 bytes.
const MOST_TRIPLETS: usize = 4_000_000;

struct Check<'a> {
    file: &'a str,
}

impl Check<'_> {
    fn that(
        &self,
        holds: bool,
        field: impl fmt::Display,
        value: impl fmt::Display,
        allowed: impl fmt::Display,
    ) -> Result<(), ConfigError> {
        if holds { Ok(()) } else { Err(ConfigError::range(self.file, field, value, allowed)) }
    }

    fn within(
        &self,
        field: impl fmt::Display,
        value: usize,
        (low, high): (usize, usize),
    ) -> Result<(), ConfigError> {
        self.that((low..=high).contains(&value), field, value, format_args!("{low} to {high}"))
    }

    fn real(&self, field: impl fmt::Display, value: f64, (low, high): (f64, f64)) -> Result<(), ConfigError> {
        self.that((low..=high).contains(&value), field, value, format_args!("{low} to {high}"))
    }

    fn size(&self, field: impl fmt::Display, size: Size) -> Result<(), ConfigError> {
        self.that(size.0.iter().all(|size| (1..=31).contains(size)), field, size, "1 to 31")
    }

    fn net(&self, net: &NetConfig) -> Result<(), ConfigError> {
        let count = net.layers.len();
        self.that((1..=32).contains(&count), "net.layers", format_args!("{count} layers"), "1 to 32 layers")?;
        net.layers.iter().enumerate().try_for_each(|(index, layer)| self.layer(index, layer))
    }

    fn layer(&self, index: usize, layer: &LayerConfig) -> Result<(), ConfigError> {
        let field = |name| format!("net.layers[{index}].{}{name}", layer.kind());
        match *layer {
            LayerConfig::Conv(conv) => {
                self.within(field(".out_channels"), conv.out_channels, (1, 4096))?;
                self.size(field(".kernel"), conv.kernel)?;
                self.size(field(".stride"), conv.stride)?;
                let padding_fits =
                    conv.padding.0[0] < conv.kernel.0[0] && conv.padding.0[1] < conv.kernel.0[1];
                self.that(padding_fits, field(".padding"), conv.padding, "smaller than the kernel")
            }
            LayerConfig::MaxPool(pool) | LayerConfig::AveragePool(pool) => {
                self.size(field(".kernel"), pool.kernel)?;
                pool.stride.map_or(Ok(()), |stride| self.size(field(".stride"), stride))
            }
            LayerConfig::Dropout(share) => {
                self.that((0.0..1.0).contains(&share), field(""), share, "0 to below 1")
            }
            LayerConfig::Dense(dense) => self.within(field(".out_features"), dense.out_features, (1, 4096)),
            LayerConfig::GlobalAveragePool | LayerConfig::BatchNorm(_) => Ok(()),
        }
    }

    fn train(&self, train: &TrainConfig) -> Result<(), ConfigError> {
        match (train.steps, train.epochs) {
            (Some(steps), None) => self.within("train.steps", steps, (1, 10_000_000))?,
            (None, Some(epochs)) => self.within("train.epochs", epochs, (1, 10_000))?,
            (None, None) => self.that(false, "train.steps", "nothing", "given, or train.epochs")?,
            (Some(steps), Some(_)) => {
                self.that(false, "train.steps", steps, "left out where train.epochs is given")?;
            }
        }
        match train.batch {
            BatchConfig::Balanced(BalancedConfig { classes, images_per_class, .. }) => {
                self.within("train.batch.balanced.classes", classes, (2, 256))?;
                self.within("train.batch.balanced.images_per_class", images_per_class, (2, 256))?;
                self.that(
                    classes * images_per_class <= 2048,
                    "train.batch.balanced",
                    format_args!("{classes} classes of {images_per_class} images"),
                    "at most 2048 images together",
                )?;
            }
            BatchConfig::Triplets(count) => self.within("train.batch.triplets", count, (1, 1024))?,
        }
        self.that(train.lr > 0.0 && train.lr <= 1.0, "train.lr", train.lr, "above 0, up to 1")?;
        self.real("train.decay", train.decay, (0.0, 1.0))?;
        self.real("train.weight_decay", train.weight_decay, (0.0, 1.0))?;
        if let Some(average) = train.average {
            self.that((0.0..1.0).contains(&average), "train.average", average, "0 to below 1")?;
        }
        if let Some(patience) = train.patience {
            self.within("train.patience", patience, (1, 10_000))?;
            self.that(
                train.hold_out != HoldOut::None,
                "train.patience",
                patience,
                "left out where nothing is held out",
            )?;
        }
        self.that(train.validate_every > 0, "train.validate_every", train.validate_every, "1 or more")?;
        if let Schedule::Cosine(WarmUp { warm_up }) = train.schedule {
            self.within("train.schedule.cosine.warm_up", warm_up, (0, 1_000_000))?;
        }
        if let Some(augment) = train.augment {
            self.real("train.augment.degrees", augment.degrees, (0.0, 180.0))?;
            self.real("train.augment.scale", augment.scale, (0.0, 0.9))?;
            self.real("train.augment.shear", augment.shear, (0.0, 1.0))?;
            self.real("train.augment.shift", augment.shift, (0.0, 100.0))?;
            self.real("train.augment.elastic", augment.elastic, (0.0, 100.0))?;
        }
        Ok(())
    }

    fn loss(&self, train: &TrainConfig, normalised: bool) -> Result<(), ConfigError> {
        let needs_cosines = |name| {
            let allowed = "used with net.normalise = true, because it compares by cosine";
            self.that(normalised, "train.loss", name, allowed)
        };
        match train.loss {
            LossConfig::Triplet(triplet) => self.triplet(&triplet, train.batch, normalised),
            LossConfig::Contrastive(ContrastiveConfig { margin }) => {
                let most = if normalised { 2.0 } else { 1000.0 };
                let field = "train.loss.contrastive.margin";
                self.that(
                    margin > 0.0 && margin <= most,
                    field,
                    margin,
                    format_args!("above 0, up to {most}"),
                )
            }
            LossConfig::SupCon(SupConConfig { temperature }) => {
                self.real("train.loss.sup_con.temperature", temperature, (0.01, 10.0))?;
                needs_cosines("sup_con")
            }
            LossConfig::MultiSimilarity(MultiSimilarityConfig { alpha, beta, base, epsilon }) => {
                self.real("train.loss.multi_similarity.alpha", alpha, (0.01, 100.0))?;
                self.real("train.loss.multi_similarity.beta", beta, (0.01, 100.0))?;
                self.real("train.loss.multi_similarity.base", base, (-1.0, 1.0))?;
                self.real("train.loss.multi_similarity.epsilon", epsilon, (0.0, 2.0))?;
                needs_cosines("multi_similarity")
            }
            LossConfig::Proxies(ProxiesConfig { scale, margin }) => {
                self.real("train.loss.proxies.scale", scale, (1.0, 100.0))?;
                self.real("train.loss.proxies.margin", margin, (0.0, 1.0))?;
                needs_cosines("proxies")
            }
        }
    }

    fn triplet(
        &self,
        triplet: &TripletConfig,
        batch: BatchConfig,
        normalised: bool,
    ) -> Result<(), ConfigError> {
        let TripletConfig { margin, squared, miner, warm_up } = *triplet;
        if let Margin::Hard(margin) = margin {
            let fits = margin > 0.0 && margin <= 1000.0;
            self.that(fits, "train.loss.triplet.margin", margin, "above 0, up to 1000; or \"soft\"")?;
            let farthest = if squared { 4.0 } else { 2.0 };
            self.that(
                !normalised || margin < farthest,
                "train.loss.triplet.margin",
                margin,
                format_args!("below {farthest}, the largest distance of normalised embeddings"),
            )?;
        }
        self.within("train.loss.triplet.warm_up", warm_up, (0, 1_000_000))?;
        match (batch, miner) {
            (BatchConfig::Triplets(_), Some(_)) => self.that(
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
                self.that(
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

/// The configuration file of triplet-loss-mnist (Keras, 2018).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OriginConfig {
    exp_name: String,
    lr: f64,
    decay: f64,
    num_epochs: usize,
    batch_size: usize,
}

impl From<OriginConfig> for Config {
    /// The origin's net and loss: raw outputs of a ReLU, margin 1, all images trained on.
    fn from(origin: OriginConfig) -> Self {
        let conv = LayerConfig::Conv(ConvConfig {
            out_channels: 32,
            kernel: Size([3, 3]),
            stride: defaults::stride(),
            padding: defaults::padding(),
            relu: true,
        });
        let pool = LayerConfig::MaxPool(PoolConfig { kernel: Size([2, 2]), stride: None });
        let dense = LayerConfig::Dense(DenseConfig { out_features: 128, relu: true });
        Self {
            name: origin.exp_name,
            seed: defaults::seed(),
            backend: Backend::default(),
            data: DataConfig::default(),
            net: NetConfig {
                normalise: false,
                layers: vec![conv, pool, conv, pool, LayerConfig::Dropout(0.25), dense],
            },
            train: TrainConfig {
                steps: None,
                epochs: Some(origin.num_epochs),
                batch: BatchConfig::Triplets(origin.batch_size),
                loss: LossConfig::Triplet(TripletConfig {
                    margin: Margin::Hard(1.0),
                    squared: true,
                    miner: None,
                    warm_up: 0,
                }),
                lr: origin.lr,
                schedule: Schedule::Constant,
                decay: origin.decay,
                weight_decay: 0.0,
                average: None,
                patience: None,
                augment: None,
                hold_out: HoldOut::None,
                validate_every: defaults::validate_every(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
