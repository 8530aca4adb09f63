//! `[net]`: the layers from an image to its embedding.

use crate::{check::Check, error::ConfigError, size::Size};
use serde::{Deserialize, Serialize};
use shared_model::{Distance, model::format::MAX_VIEWS};
use std::path::PathBuf;

/// A sequential net from an image to its embedding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetConfig {
    /// True if the embedding is scaled to length 1. It is then compared by cosine, otherwise by
    /// squared L2.
    pub normalise: bool,
    /// The number of views of an image whose embeddings the exported model averages, 1 to 9.
    #[serde(default = "one")]
    pub views: u8,
    /// True if training standardises the filters of convolutions (Qiao et al. 2019).
    #[serde(default)]
    pub weight_standardization: bool,
    /// The weights that training begins with, in place of random ones: [`CHARACTERS`](Self::CHARACTERS), or the
    /// path of a model file or of a run's folder. Its layers must be these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<PathBuf>,
    /// The layers, in order; 1 to 32. The output of the last one, flattened, is the embedding.
    pub layers: Vec<LayerConfig>,
}

const fn one() -> u8 {
    1
}

impl NetConfig {
    /// The word for the program's own nets, which were trained on made-up characters.
    pub const CHARACTERS: &str = "characters";

    /// Returns true if it can begin with the weights of a model file, which has neither batch normalization nor
    /// standardised filters.
    pub fn takes_pretrained(&self) -> bool {
        let has_norm = self.layers.iter().any(|layer| matches!(layer, LayerConfig::BatchNorm(_)));
        !has_norm && !self.weight_standardization
    }

    pub(super) fn check(&self, check: &Check<'_>) -> Result<(), ConfigError> {
        let count = self.layers.len();
        check.that(
            (1..=32).contains(&count),
            "net.layers",
            format_args!("{count} layers"),
            "1 to 32 layers",
        )?;
        if let Some(pretrained) = &self.pretrained {
            check.that(
                self.takes_pretrained(),
                "net.pretrained",
                pretrained.display(),
                "left out with net.weight_standardization or a batch_norm, which a model file does not have",
            )?;
        }
        check.within("net.views", self.views.into(), (1, MAX_VIEWS.into()))?;
        self.layers.iter().enumerate().try_for_each(|(index, layer)| layer.check(index, check))
    }

    /// Returns the name of the layer that is number `index`, from 0, of those that a board runs:
    /// `net.layers[3] (dense)`. Dropout and batch normalization are not among them.
    pub fn board_layer(&self, index: usize) -> Option<String> {
        let (index, layer) =
            self.layers.iter().enumerate().filter(|(_, layer)| layer.is_on_board()).nth(index)?;
        Some(format!("net.layers[{index}] ({})", layer.kind()))
    }

    /// Returns the distance that compares embeddings of this net.
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
    /// Convolution with bias in which each channel has a filter of its own.
    DepthwiseConv(DepthwiseConvConfig),
    /// Largest value of each window.
    MaxPool(PoolConfig),
    /// Mean of each window.
    AveragePool(PoolConfig),
    /// Mean of the whole map, one value per channel.
    GlobalAveragePool,
    /// Sets this share of values to zero while training: 0 to below 1 (Srivastava et al. 2014).
    Dropout(f64),
    /// Batch normalization, one scale and offset per channel (Ioffe and Szegedy 2015). It has to be
    /// foldable: directly after a convolution or dense layer without ReLU, or (with at most
    /// dropout and average pools between) before a dense layer or a convolution without padding.
    BatchNorm(BatchNormConfig),
    /// Fully connected, with bias; the map before it is flattened.
    Dense(DenseConfig),
    /// Keeps the map before it for the next `add` (He et al. 2016). From there to the `add` are at
    /// least one layer and no other `skip` or `shortcut`.
    Skip,
    /// Keeps a convolution of the map before it in place of the map itself; the next layer reads the
    /// map, not the convolution.
    Shortcut(ConvConfig),
    /// Sum of the map before it and the kept one, which has the same shape.
    Add(AddConfig),
}

impl LayerConfig {
    fn check(&self, index: usize, check: &Check<'_>) -> Result<(), ConfigError> {
        let field = |name| format!("net.layers[{index}].{}{name}", self.kind());
        match *self {
            LayerConfig::Conv(ConvConfig { kernel, stride, padding, .. })
            | LayerConfig::Shortcut(ConvConfig { kernel, stride, padding, .. })
            | LayerConfig::DepthwiseConv(DepthwiseConvConfig { kernel, stride, padding, .. }) => {
                if let LayerConfig::Conv(conv) | LayerConfig::Shortcut(conv) = self {
                    check.within(field(".out_channels"), conv.out_channels, (1, 4096))?;
                }
                check.size(field(".kernel"), kernel)?;
                check.size(field(".stride"), stride)?;
                let padding_fits = padding.0[0] < kernel.0[0] && padding.0[1] < kernel.0[1];
                check.that(padding_fits, field(".padding"), padding, "smaller than the kernel")
            }
            LayerConfig::MaxPool(pool) | LayerConfig::AveragePool(pool) => {
                check.size(field(".kernel"), pool.kernel)?;
                pool.stride.map_or(Ok(()), |stride| check.size(field(".stride"), stride))
            }
            LayerConfig::Dropout(share) => {
                check.that((0.0..1.0).contains(&share), field(""), share, "0 to below 1")
            }
            LayerConfig::Dense(dense) => check.within(field(".out_features"), dense.out_features, (1, 4096)),
            LayerConfig::GlobalAveragePool
            | LayerConfig::BatchNorm(_)
            | LayerConfig::Skip
            | LayerConfig::Add(_) => Ok(()),
        }
    }

    /// Returns true if a board runs it: dropout and batch normalization are gone by then.
    pub fn is_on_board(&self) -> bool {
        !matches!(self, LayerConfig::Dropout(_) | LayerConfig::BatchNorm(_))
    }

    /// Returns the layer's name in a config file.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Conv(_) => "conv",
            Self::DepthwiseConv(_) => "depthwise_conv",
            Self::MaxPool(_) => "max_pool",
            Self::AveragePool(_) => "average_pool",
            Self::GlobalAveragePool => "global_average_pool",
            Self::Dropout(_) => "dropout",
            Self::BatchNorm(_) => "batch_norm",
            Self::Dense(_) => "dense",
            Self::Skip => "skip",
            Self::Shortcut(_) => "shortcut",
            Self::Add(_) => "add",
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
    /// The distance from one window to the next, 1 to 31.
    #[serde(default = "defaults::stride")]
    pub stride: Size,
    /// Zeros on each side, fewer than the kernel is large.
    #[serde(default = "defaults::padding")]
    pub padding: Size,
    /// True if `max(0, x)` follows.
    #[serde(default)]
    pub relu: bool,
}

/// A depthwise convolution, which has as many output channels as its input has channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepthwiseConvConfig {
    /// 1 to 31.
    pub kernel: Size,
    /// The distance from one window to the next, 1 to 31.
    #[serde(default = "defaults::stride")]
    pub stride: Size,
    /// Zeros on each side, fewer than the kernel is large.
    #[serde(default = "defaults::padding")]
    pub padding: Size,
    /// True if `max(0, x)` follows.
    #[serde(default)]
    pub relu: bool,
}

/// A pool, without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolConfig {
    /// Size of the window, 1 to 31.
    pub kernel: Size,
    /// The distance from one window to the next, 1 to 31; by default, the window's size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Size>,
}

/// A batch normalization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNormConfig {
    /// True if `max(0, x)` follows; only directly after a convolution or dense layer without ReLU.
    #[serde(default)]
    pub relu: bool,
}

/// A fully connected layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseConfig {
    /// 1 to 4,096.
    pub out_features: usize,
    /// True if `max(0, x)` follows.
    #[serde(default)]
    pub relu: bool,
}

/// A sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddConfig {
    /// True if `max(0, x)` follows.
    #[serde(default)]
    pub relu: bool,
}

pub(super) mod defaults {
    use crate::size::Size;

    pub fn stride() -> Size {
        Size([1, 1])
    }
    pub fn padding() -> Size {
        Size([0, 0])
    }
}
