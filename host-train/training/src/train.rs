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
mod training;

pub use checkpoint::{CheckpointError, Checkpoints, Start};
pub use error::TrainError;
pub use observer::{Observer, Progress};
pub use outcome::{Ended, Trained};
pub use training::{check_net, shape, untrained_file};

use crate::Device;
use tinytriplet_data::TrainingData;
use tinytriplet_evaluation::float_net::FloatNet;
use tinytriplet_recipe::ValidConfig;
use training::Training;

/// Trains a net on `data`, as `config` says, on `device`; from the weights of `pretrained`, or from random
/// ones. Given the same config, data and machine,
/// the weights are the same to the last bit, whatever the number of threads, and whether or not it
/// was interrupted.
///
/// # Errors
/// Returns [`TrainError`] if the net or the batches do not fit the data, the engine cannot run such
/// a net, the training diverges or collapses, or a checkpoint cannot be read or written.
pub fn train(
    config: &ValidConfig,
    data: &TrainingData<'_>,
    pretrained: Option<&FloatNet>,
    device: &Device,
    start: Start<'_>,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainError> {
    let mut training = Training::begin(config, data, pretrained, device, start)?;
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
