//! The training loop: sampler → net → loss (and its miner) → optimizer, step after step.

mod adam;
mod average;
mod checkpoint;
mod collapse;
pub(crate) mod error;
mod learner;
mod observer;
mod outcome;
mod schedule;
mod state;
mod teacher;
mod training;

pub use checkpoint::{CheckpointError, Checkpoints, Start};
pub use error::TrainError;
pub use observer::{Observer, Progress};
pub use outcome::{Ended, Trained};
pub use teacher::TeacherError;
pub use training::{check_net, shape, untrained_file};

use crate::Device;
use shared_model::Model;
use tinytriplet_data::TrainingData;
use tinytriplet_evaluation::float_net::FloatNet;
use tinytriplet_recipe::ValidConfig;
use training::Training;

/// Other nets, which a training begins with or learns from.
#[derive(Clone, Copy, Debug, Default)]
pub struct OtherNets<'a> {
    /// The net whose weights it begins with; random ones without.
    pub pretrained: Option<&'a FloatNet>,
    /// The model whose embeddings the loss `distillation` learns; its layout is the plain one.
    pub teacher: Option<&'a Model<'a>>,
}

/// Trains a net on `data`, as `config` says, on `device`, with the help of other nets. Given the same config, data,
/// nets and machine, the weights are the same to the last bit, whatever the number of threads, and whether or not it
/// was interrupted.
///
/// # Errors
/// Returns [`TrainError`] if the net, the batches or the other nets do not fit the data, the engine cannot run such
/// a net, the training diverges or collapses, or a checkpoint cannot be read or written.
///
/// # Panics
/// The config's loss is `distillation`, and there is no teacher.
pub fn train<'a>(
    config: &'a ValidConfig,
    data: &'a TrainingData<'_>,
    others: OtherNets<'a>,
    device: &Device,
    start: Start<'a>,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainError> {
    let mut training = Training::begin(config, data, others, device, start)?;
    // The checkpoint may be that of an early end.
    let mut ended = if training.patience_is_over() { Ended::Early } else { Ended::Done };
    while !training.is_done() && ended == Ended::Done {
        let progress;
        (training, progress) = training.step()?;
        observer.step(&progress);
        let row_is_due = training.row_is_due();
        if row_is_due {
            observer.row(training.validate(progress.learning_rate));
            if training.patience_is_over() {
                ended = Ended::Early;
            }
        }
        if ended == Ended::Done && !training.is_done() && observer.interrupted() {
            ended = Ended::Interrupted;
        }
        if row_is_due || ended == Ended::Interrupted {
            training.save()?;
        }
    }
    Ok(training.end(ended))
}

#[cfg(test)]
mod tests;
