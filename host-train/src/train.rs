//! The training loop: sampler → net → miner → loss → optimizer, step after step.

mod collapse;

use crate::{
    augment::distort,
    config::{AugmentConfig, Backend, BatchConfig, Schedule, TrainConfig, ValidConfig, WarmUp},
    data::{Label, Split},
    loss::{Loss, TripletMargin, squared_distances, triplet_distances},
    metrics::{Embeddings, precision_at_1},
    miner::{Distances, Miner, miner},
    net::{Net, NetError, floats},
    rng::Rng,
    sampler::{SamplerError, classes, hold_out, sampler},
};
use burn::{
    module::Module,
    optim::{AdamConfig, GradientsParams},
    tensor::Device,
};
use collapse::Watch;
use rayon::prelude::*;
use serde::Serialize;
use shared_model::Shape;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Hears how training goes. Every method does nothing unless it is implemented.
pub trait Observer {
    /// A step is done.
    fn step(&mut self, _progress: &Progress) {}

    /// The history has a new row.
    fn row(&mut self, _row: &HistoryRow) {}
}

impl Observer for () {}

/// How far training is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps done, from 1.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// The pass over the data that the step belongs to, from 1.
    pub epoch: usize,
    /// Passes in all, the last of which may be cut short.
    pub epochs: usize,
    /// Loss of the step; 0 where no triplet was mined.
    pub loss: f32,
    /// Triplets that the step trained on.
    pub triplets: usize,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Images trained on in a second, so far.
    pub images_per_second: f64,
}

/// A line of the training history: means over the steps since the line before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistoryRow {
    /// Steps done.
    pub step: usize,
    /// Images that went through the net in training, repetitions counted.
    pub images_seen: u64,
    /// Time spent in training, without evaluation.
    pub seconds: f64,
    /// Mean loss.
    pub loss: f64,
    /// Mean number of triplets in a step.
    pub triplets: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Share of held-out images whose nearest other held-out image has the same label; none are held out
    /// where the config says so, or where every class is too small.
    pub precision_at_1: Option<f64>,
}

/// What training gives.
#[derive(Debug)]
pub struct Trained {
    /// The net, for inference.
    pub net: Net,
    /// How it went.
    pub history: Vec<HistoryRow>,
    /// Images that went through the net in training, repetitions counted.
    pub images_seen: u64,
    /// Time spent in training, without evaluation.
    pub train_seconds: f64,
    /// Images that were held out, as ascending indices into the training set.
    pub held_out: Vec<usize>,
}

/// Why training did not end well.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum TrainError {
    /// The net does not fit the images.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The data do not suffice.
    #[error(transparent)]
    Data(#[from] SamplerError),
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
        "step {step}: all embeddings are the same, and the loss ({loss}) stays at the margin ({margin}); the \
         training collapsed. Lower train.lr (now {lr}), warm up longer, take the semi_hard miner, or set \
         net.normalise = true"
    )]
    Collapsed {
        /// The step, from 1.
        step: usize,
        /// The loss.
        loss: f32,
        /// The config's margin.
        margin: f64,
        /// The config's learning rate.
        lr: f64,
    },
}

impl Backend {
    /// The device that computes, without gradients.
    #[allow(deprecated)] // Burn would like everybody to use Flex, which is the default here.
    pub fn device(self) -> Device {
        match self {
            Self::Flex => Device::flex(),
            Self::Ndarray => Device::ndarray(),
        }
    }
}

/// Trains a net on `data`, as `config` says, on `device`. Given the same config, data and machine, the weights
/// are the same to the last bit, whatever the number of threads.
///
/// # Errors
/// The net or the batches do not fit the data, or the training diverges or collapses.
pub fn train(
    config: &ValidConfig,
    data: &Split,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainError> {
    let recipe = &config.train;
    let seed = Rng::new(config.seed);
    let [mut weights, sampling, distortion, mut mining, mut dropping] =
        [0, 1, 2, 3, 4].map(|i| seed.stream(i));

    let mut training = classes(data.labels());
    let held_out = hold_out(&mut training, recipe.hold_out)?;
    let mut sampler = sampler(recipe, training, sampling)?;
    let batches_per_epoch = sampler.batches_per_epoch();
    let steps = recipe.steps.unwrap_or_else(|| recipe.epochs.unwrap_or(1) * batches_per_epoch);

    let device = device.clone().autodiff();
    let mut net = Net::new(&config.net, shape(data)?, &mut weights, &device)?;
    let mut optimizer = AdamConfig::new().with_epsilon(1e-7).init();
    let margin = recipe.margin as f32;
    let loss = TripletMargin { margin };
    let miner: Option<Box<dyn Miner>> = match recipe.batch {
        BatchConfig::Balanced(batch) => Some(miner(batch.miner, margin)),
        BatchConfig::Triplets(_) => None,
    };

    let mut watch = Watch::new(margin);
    let mut history = Vec::new();
    let mut since_row = Sums::default();
    let (mut images_seen, mut spent) = (0, Duration::ZERO);
    for step in 1..=steps {
        let started = Instant::now();
        let learning_rate = learning_rate(recipe, step - 1, steps);
        let batch = sampler.batch();
        let pixels = pixels(data, &batch.images, recipe.augment.as_ref(), &distortion.stream(step as u64));
        let embeddings = net.forward(net.images(pixels, &device), Some(&mut dropping));
        let squared = squared_distances(embeddings);
        let distances = Distances::new(floats(squared.clone()), batch.images.len());
        let triplets = match (batch.triplets, &miner) {
            (Some(triplets), _) => triplets,
            (None, Some(miner)) => miner.mine(&distances, &batch.labels, &mut mining),
            (None, None) => Vec::new(),
        };
        let mut value = 0.0;
        if !triplets.is_empty() {
            let (positive, negative) = triplet_distances(squared, &triplets);
            let loss = loss.loss(positive, negative);
            value = floats(loss.clone())[0];
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = optimizer.step(learning_rate, net, gradients);
        }
        spent += started.elapsed();
        images_seen += batch.images.len() as u64;

        let (lr, margin) = (recipe.lr, recipe.margin);
        let spread = distances.mean();
        if !value.is_finite() || !spread.is_finite() {
            return Err(TrainError::Diverged { step, lr });
        }
        if watch.collapsed(spread, value) {
            return Err(TrainError::Collapsed { step, loss: value, margin, lr });
        }
        since_row.add(value, triplets.len());
        observer.step(&Progress {
            step,
            steps,
            epoch: (step - 1) / batches_per_epoch + 1,
            epochs: steps.div_ceil(batches_per_epoch),
            loss: value,
            triplets: triplets.len(),
            learning_rate,
            images_per_second: images_seen as f64 / spent.as_secs_f64().max(1e-9),
        });
        if step % recipe.validate_every == 0 || step == steps {
            let (loss, triplets) = std::mem::take(&mut since_row).means();
            let precision_at_1 =
                (!held_out.is_empty()).then(|| held_out_precision(config, &net, data, &held_out));
            let seconds = spent.as_secs_f64();
            let row =
                HistoryRow { step, images_seen, seconds, loss, triplets, learning_rate, precision_at_1 };
            observer.row(&row);
            history.push(row);
        }
    }
    Ok(Trained { net: net.valid(), history, images_seen, train_seconds: spent.as_secs_f64(), held_out })
}

/// Shape of the data's images.
///
/// # Errors
/// They are too large.
pub fn shape(data: &Split) -> Result<Shape, TrainError> {
    match (u16::try_from(data.height), u16::try_from(data.width)) {
        (Ok(height), Ok(width)) => Ok(Shape::new(height, width, 1)),
        _ => Err(TrainError::ImageSize { height: data.height, width: data.width }),
    }
}

/// The rate of step `step`, counted from 0.
fn learning_rate(recipe: &TrainConfig, step: usize, steps: usize) -> f64 {
    let factor = match recipe.schedule {
        Schedule::Constant => 1.0,
        Schedule::Cosine(WarmUp { warm_up }) if step < warm_up => (step + 1) as f64 / warm_up as f64,
        Schedule::Cosine(WarmUp { warm_up }) => {
            let share = (step - warm_up) as f64 / steps.saturating_sub(warm_up).max(1) as f64;
            0.5 + 0.5 * (std::f64::consts::PI * share).cos()
        }
    };
    recipe.lr * factor / (1.0 + recipe.decay * step as f64)
}

/// The batch's pixels from 0 to 1, distorted where asked. Each image draws from a stream of its own, so that
/// they can be done in parallel.
fn pixels(data: &Split, images: &[usize], augment: Option<&AugmentConfig>, rng: &Rng) -> Vec<f32> {
    let size = [data.height, data.width];
    let mut pixels = vec![0.0; images.len() * data.height * data.width];
    let places = pixels.par_chunks_exact_mut(data.height * data.width).zip(images).enumerate();
    places.for_each(|(place, (out, &index))| match augment {
        Some(limits) => distort(data.image(index), size, limits, &mut rng.stream(place as u64), out),
        None => {
            out.iter_mut().zip(data.image(index)).for_each(|(out, &pixel)| *out = f32::from(pixel) / 255.0)
        }
    });
    pixels
}

fn held_out_precision(config: &ValidConfig, net: &Net, data: &Split, held_out: &[usize]) -> f64 {
    let rows = net.embed(held_out.iter().map(|&index| data.image(index)));
    let embeddings = Embeddings::from_floats(rows, held_out.len(), config.net.distance());
    let labels: Vec<Label> = held_out.iter().map(|&index| data.label(index)).collect();
    precision_at_1(&embeddings, &labels)
}

/// Sums over steps.
#[derive(Default)]
struct Sums {
    steps: usize,
    loss: f64,
    triplets: usize,
}

impl Sums {
    fn add(&mut self, loss: f32, triplets: usize) {
        self.steps += 1;
        self.loss += f64::from(loss);
        self.triplets += triplets;
    }

    fn means(self) -> (f64, f64) {
        let steps = self.steps.max(1) as f64;
        (self.loss / steps, self.triplets as f64 / steps)
    }
}

#[cfg(test)]
mod tests;
