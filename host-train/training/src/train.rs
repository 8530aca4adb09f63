//! The training loop: sampler → net → loss (and its miner) → optimizer, step after step.

mod average;
mod checkpoint;
mod collapse;
mod learner;

use crate::{
    augment::distort,
    dihedral::Dihedral,
    loss::{Embedded, loss},
    net::{Net, NetError, floats},
    sampler::{SamplerError, sampler},
};
use average::Average;
use burn::{
    module::Module,
    optim::{AdamWConfig, GradientsParams},
    tensor::Device,
};
pub use checkpoint::{CheckpointError, Checkpoints};
use checkpoint::{Loaded, Saved, State, fingerprint};
use collapse::{Spread, Watch};
use learner::Learner;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use shared_model::Shape;
use std::time::Instant;
use thiserror::Error;
use tinytriplet_data::{Label, Rng, Split, TooFewToHoldOut, classes, hold_out};
use tinytriplet_evaluation::{
    export::{ExportError, check_untrained},
    history::HistoryRow,
    metrics::{Embeddings, precision_at_1},
};
use tinytriplet_recipe::{AugmentConfig, Schedule, TrainConfig, ValidConfig, WarmUp};

/// Hears how training goes. Every method does nothing unless it is implemented.
pub trait Observer {
    /// A step is done.
    fn step(&mut self, _progress: &Progress) {}

    /// The history has a new row, the last of `history`.
    fn row(&mut self, _history: &[HistoryRow]) {}

    /// Whether to stop behind the step that is done.
    fn interrupted(&self) -> bool {
        false
    }
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
    /// Loss of the step; 0 where the batch had nothing to learn from.
    pub loss: f32,
    /// Triplets, pairs or images that the loss rests on.
    pub mined: usize,
    /// What [`mined`](Self::mined) counts.
    pub unit: &'static str,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Images trained on in a second, so far.
    pub images_per_second: f64,
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
    /// Steps done.
    pub steps: usize,
    /// Why there were no more.
    pub ended: Ended,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All steps are done.
    Done,
    /// The held-out images said that it would not get better; the net is the best one of the run.
    Early,
    /// The observer wanted it.
    Interrupted,
}

/// Why training did not end well.
#[derive(Debug, PartialEq, Error)]
pub enum TrainError {
    /// The net does not fit the images.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The data do not suffice.
    #[error(transparent)]
    Data(#[from] SamplerError),
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
         {unit}); the training collapsed. Lower train.lr (now {lr}), warm up longer, mine semi_hard or raise \
         train.loss.triplet.warm_up, or set net.normalise = true"
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
        /// What these are.
        unit: &'static str,
        /// The config's learning rate.
        lr: f64,
    },
    /// Turned, the classes are more than there are labels.
    #[error("train.turned_classes makes more than 65536 classes of those in the data; leave it out")]
    TooManyClasses,
    /// The net could be trained, but not run on a board.
    #[error("the engine cannot run this net: {0}")]
    Engine(#[from] Box<ExportError>),
    /// A checkpoint cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Where a training begins, and where it leaves checkpoints.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// From random weights, without checkpoints.
    New,
    /// From random weights, with checkpoints.
    Saving(&'a Checkpoints),
    /// From the newest checkpoint, with more of them.
    Resuming(&'a Checkpoints),
}

/// Trains a net on `data`, as `config` says, on `device`. Given the same config, data and machine, the weights
/// are the same to the last bit, whatever the number of threads, and whether or not it was interrupted.
///
/// # Errors
/// The net or the batches do not fit the data, the engine cannot run such a net, the training diverges or
/// collapses, or a checkpoint cannot be read or written.
pub fn train(
    config: &ValidConfig,
    data: &Split,
    device: &Device,
    start: Start<'_>,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainError> {
    let recipe = &config.train;
    let seed = Rng::new(config.seed);
    let [mut weights, sampling, distortion, mining, dropping] = [0, 1, 2, 3, 4].map(|i| seed.stream(i));

    let mut training = classes(data.labels());
    let held_out = hold_out(&mut training, recipe.hold_out)?;
    let turns = if recipe.turned_classes { Dihedral::all(data) } else { Dihedral::none(data) };
    let training = turns.classes(&training).ok_or(TrainError::TooManyClasses)?;
    let class_labels: Vec<Label> = training.iter().map(|class| class.label).collect();
    let mut sampler = sampler(recipe, training, sampling)?;
    let batches_per_epoch = sampler.batches_per_epoch();
    let steps = recipe.steps.unwrap_or_else(|| recipe.epochs.unwrap_or(1) * batches_per_epoch);

    let device = device.clone().autodiff();
    let loss = loss(recipe);
    let proxies = loss.wants_proxies().then_some(class_labels.len());
    let mut learner = Learner::new(&config.net, shape(data)?, proxies, &mut weights, &device)?;
    check_untrained(&learner.net.to_float_net(), &config.net).map_err(Box::new)?;
    let optimizer = AdamWConfig::new().with_epsilon(1e-7).with_weight_decay(recipe.weight_decay as f32);
    let mut optimizer = optimizer.init();
    let mut average = recipe.average.map(|keep| Average::new(&learner, keep));
    let mut best: Option<Learner> = None;
    let checkpoints = match start {
        Start::New => None,
        Start::Saving(checkpoints) | Start::Resuming(checkpoints) => Some(checkpoints),
    };
    let fingerprint = checkpoints.map_or(String::new(), |_| fingerprint(data));
    let mut state = State { data: fingerprint.clone(), ..State::default() };
    if let Start::Resuming(checkpoints) = start {
        let loaded = checkpoints.load(&fingerprint, learner, optimizer)?;
        Loaded { learner, optimizer, best, state, .. } = loaded;
        average = recipe.average.zip(loaded.average).map(|(keep, learner)| Average::new(&learner, keep));
        (0..state.step).for_each(|_| drop(sampler.batch()));
    }

    let mut watch = Watch::default();
    let mut ended = Ended::Done;
    while state.step < steps {
        let started = Instant::now();
        let step = state.step as u64 + 1;
        let learning_rate = learning_rate(recipe, state.step, steps);
        let batch = sampler.batch();
        let pixels = pixels(data, turns, &batch.images, recipe.augment.as_ref(), &distortion.stream(step));
        let images = learner.net.images(pixels, &device);
        let embeddings = learner.net.forward(images, Some(&mut dropping.stream(step)));
        let spread = Spread::new(&floats(embeddings.clone()), learner.net.embedding_len());
        let embedded = Embedded {
            embeddings,
            labels: &batch.labels,
            triplets: batch.triplets.as_deref(),
            proxies: learner.proxies.as_ref().map(|proxies| proxies.val()),
            classes: &class_labels,
            step: state.step,
        };
        let (mut value, mut mined) = (0.0, 0);
        if let Some(found) = loss.loss(&embedded, &mut mining.stream(step)) {
            (value, mined) = (floats(found.loss.clone())[0], found.count);
            let gradients = GradientsParams::from_grads(found.loss.backward(), &learner);
            learner = optimizer.step(learning_rate, learner, gradients);
        }
        state.step += 1;
        if let Some(average) = &mut average {
            average.add(&learner, state.step);
        }
        state.seconds += started.elapsed().as_secs_f64();
        state.images_seen += batch.images.len() as u64;

        let (step, lr, unit) = (state.step, recipe.lr, recipe.loss.unit());
        if !value.is_finite() || !spread.distance.is_finite() {
            return Err(TrainError::Diverged { step, lr });
        }
        if watch.collapsed(spread) {
            return Err(TrainError::Collapsed {
                step,
                distance: spread.distance,
                loss: value,
                mined,
                unit,
                lr,
            });
        }
        state.since_row.add(value, mined);
        observer.step(&Progress {
            step,
            steps,
            epoch: (step - 1) / batches_per_epoch + 1,
            epochs: steps.div_ceil(batches_per_epoch),
            loss: value,
            mined,
            unit,
            learning_rate,
            images_per_second: state.images_seen as f64 / state.seconds.max(1e-9),
        });
        let row_is_due = step % recipe.validate_every == 0 || step == steps;
        if row_is_due {
            let now = average.as_ref().map_or(&learner, Average::learner);
            let precision = held_out_precision(config, &now.net, data, &held_out);
            state.add_row(learning_rate, precision);
            observer.row(&state.history);
            if let (Some(patience), Some(precision)) = (recipe.patience, precision) {
                if best.is_none() || precision > state.best_precision {
                    best = Some(now.valid());
                    (state.best_precision, state.without_progress) = (precision, 0);
                } else {
                    state.without_progress += 1;
                }
                if state.without_progress >= patience {
                    ended = Ended::Early;
                }
            }
        }
        if ended == Ended::Done && step < steps && observer.interrupted() {
            ended = Ended::Interrupted;
        }
        if let Some(checkpoints) = checkpoints
            && (row_is_due || ended == Ended::Interrupted)
        {
            let average = average.as_ref().map(Average::learner);
            let (learner, optimizer, best) = (&learner, &optimizer, best.as_ref());
            checkpoints.save(&Saved { learner, optimizer, average, best, state: &state })?;
        }
        if ended != Ended::Done {
            break;
        }
    }
    let last = average.as_ref().map_or(&learner, Average::learner);
    let net = best.as_ref().unwrap_or(last).net.valid();
    let State { step, images_seen, seconds, history, .. } = state;
    Ok(Trained { net, history, images_seen, train_seconds: seconds, held_out, steps: step, ended })
}

impl State {
    /// Closes a line of the history.
    fn add_row(&mut self, learning_rate: f64, precision_at_1: Option<f64>) {
        let (loss, mined) = std::mem::take(&mut self.since_row).means();
        let &mut Self { step, images_seen, seconds, .. } = self;
        self.history.push(HistoryRow {
            step,
            images_seen,
            seconds,
            loss,
            mined,
            learning_rate,
            precision_at_1,
        });
    }
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

/// The batch's pixels from 0 to 1, turned and distorted where asked. Each image draws from a stream of its own, so
/// that they can be done in parallel.
fn pixels(
    data: &Split,
    turns: Dihedral,
    images: &[usize],
    augment: Option<&AugmentConfig>,
    rng: &Rng,
) -> Vec<f32> {
    let size = [data.height, data.width];
    let mut pixels = vec![0.0; images.len() * data.height * data.width];
    let places = pixels.par_chunks_exact_mut(data.height * data.width).zip(images).enumerate();
    places.for_each_init(Vec::new, |turned, (place, (out, &number))| {
        let image = turns.image(data, number, turned);
        match augment {
            Some(limits) => distort(image, size, limits, &mut rng.stream(place as u64), out),
            None => out.iter_mut().zip(image).for_each(|(out, &pixel)| *out = f32::from(pixel) / 255.0),
        }
    });
    pixels
}

/// `None` where nothing is held out.
fn held_out_precision(config: &ValidConfig, net: &Net, data: &Split, held_out: &[usize]) -> Option<f64> {
    if held_out.is_empty() {
        return None;
    }
    let rows = net.embed(held_out.iter().map(|&index| data.image(index)));
    let embeddings = Embeddings::from_floats(rows, held_out.len(), config.net.distance());
    let labels: Vec<Label> = held_out.iter().map(|&index| data.label(index)).collect();
    Some(precision_at_1(&embeddings, &labels))
}

/// Sums over steps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Sums {
    steps: usize,
    loss: f64,
    mined: usize,
}

impl Sums {
    fn add(&mut self, loss: f32, mined: usize) {
        self.steps += 1;
        self.loss += f64::from(loss);
        self.mined += mined;
    }

    fn means(self) -> (f64, f64) {
        let steps = self.steps.max(1) as f64;
        (self.loss / steps, self.mined as f64 / steps)
    }
}

#[cfg(test)]
mod tests;
