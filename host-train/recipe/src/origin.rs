//! The recipe file of the project that this one descends from.

use crate::{
    batch::BatchConfig,
    config::{self, Backend, Config},
    data::{DataConfig, HoldOut},
    loss::{LossConfig, Margin, TripletConfig},
    net::{self, ConvConfig, DenseConfig, LayerConfig, NetConfig, PoolConfig},
    size::Size,
    train::{self, Schedule, TrainConfig},
};
use serde::Deserialize;

/// The configuration file of triplet-loss-mnist (Keras, 2018).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OriginConfig {
    exp_name: String,
    lr: f64,
    decay: f64,
    num_epochs: usize,
    batch_size: usize,
}

impl From<OriginConfig> for Config {
    /// Returns the origin's net and loss: raw outputs of a ReLU, margin 1, all images trained on.
    fn from(origin: OriginConfig) -> Self {
        let conv = LayerConfig::Conv(ConvConfig {
            out_channels: 32,
            kernel: Size([3, 3]),
            stride: net::defaults::stride(),
            padding: net::defaults::padding(),
            relu: true,
        });
        let pool = LayerConfig::MaxPool(PoolConfig { kernel: Size([2, 2]), stride: None });
        let dense = LayerConfig::Dense(DenseConfig { out_features: 128, relu: true });
        Self {
            name: origin.exp_name,
            seed: config::defaults::seed(),
            backend: Backend::default(),
            data: DataConfig::default(),
            net: NetConfig {
                normalise: false,
                views: 1,
                pretrained: None,
                weight_standardization: false,
                layers: vec![conv, pool, conv, pool, LayerConfig::Dropout(0.25), dense],
            },
            teacher: None,
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
                turned_classes: false,
                pieced: 0,
                folds: 0,
                few: None,
                augment: None,
                hold_out: HoldOut::None,
                validate_every: train::defaults::validate_every(),
            },
        }
    }
}
