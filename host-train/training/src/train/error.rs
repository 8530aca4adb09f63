//! The reason why a training fails.

use super::{checkpoint::CheckpointError, teacher::TeacherError};
use crate::{
    net::{NetError, PretrainedError},
    sampler::SamplerError,
};
use thiserror::Error;
use tinytriplet_data::TooFewToHoldOut;
use tinytriplet_evaluation::export::ExportError;

/// The reason why training did not end well.
#[derive(Debug, PartialEq, Error)]
pub enum TrainError {
    /// The net does not fit the images.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The pretrained net is another one.
    #[error("net.pretrained: {0}; name a model of the same layers, or leave it out")]
    Pretrained(PretrainedError),
    /// The teacher does not fit the net.
    #[error("teacher.model: {0}; name a model that fits, or take another train.loss")]
    Teacher(TeacherError),
    /// The images of a source do not suffice.
    #[error("{reason}")]
    Data {
        /// The place of the source among the [parts](tinytriplet_data::TrainingData::parts) of the data.
        part: usize,
        /// The fault.
        reason: SamplerError,
    },
    /// There are too few classes to hold any out.
    #[error(transparent)]
    HoldOut(#[from] TooFewToHoldOut),
    /// The images have sides that a model file cannot state.
    #[error("images of {height}x{width} pixels are too large; sides may have 65535 pixels")]
    ImageSize {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// The loss or an embedding is infinite or no number.
    #[error(
        "step {step}: the loss or an embedding is no finite number any more; the training diverged. Lower \
         train.lr (now {lr}), or let it rise more slowly (train.schedule.cosine.warm_up)"
    )]
    Diverged {
        /// The step, from 1.
        step: usize,
        /// The config's learning rate.
        lr: f64,
    },
    /// The net answers the same to every image.
    #[error(
        "step {step}: all embeddings are the same (mean squared distance {distance:.1e}, loss {loss:.3} over {mined} \
         {unit}); the training collapsed. {advice}"
    )]
    Collapsed {
        /// The step, from 1.
        step: usize,
        /// The mean squared distance between embeddings of the batch.
        distance: f64,
        /// The loss.
        loss: f32,
        /// Triplets, pairs or images that the loss rests on.
        mined: usize,
        /// The unit of `mined`.
        unit: &'static str,
        /// What to change in the config.
        advice: String,
    },
    /// Made-up characters come once, and something wants classes that come again.
    #[error(
        "{field} needs classes that come again, and made-up characters do not: {advice}, or leave them out of data.mixture"
    )]
    Endless {
        /// The field of the config.
        field: &'static str,
        /// What to change in the config.
        advice: &'static str,
    },
    /// The classes, and decoys, each of which counts as one, are more than there are labels.
    #[error("with {field}, the classes and decoys in training are more than 65536; {advice}")]
    TooManyClasses {
        /// The field of the config that makes them too many.
        field: &'static str,
        /// What to change in the config.
        advice: &'static str,
    },
    /// The net could be trained, but not run on a board.
    #[error("the engine cannot run this net: {0}")]
    Engine(Box<ExportError>),
    /// A checkpoint cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}
