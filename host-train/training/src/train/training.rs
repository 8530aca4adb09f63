//! A training and its stages: begin, step, validate, save, end.

use super::{
    OtherNets,
    adam::Adam,
    average::Average,
    checkpoint::{Checkpoints, Loaded, Saved, Start},
    collapse::{Dispersion, advice},
    error::TrainError,
    learner::Learner,
    observer::Progress,
    outcome::{Ended, Trained},
    schedule::learning_rate,
    state::State,
    teacher::Teacher,
};
use crate::{
    augment::distort,
    loss::{EmbeddedBatch, Loss, loss},
    mixture::{Image, MixedBatch, Mixture},
    net::{Net, floats},
};
use burn::{
    module::Module,
    optim::{GradientsParams, ModuleOptimizer},
    tensor::{Device, Tensor, TensorData},
};
use rayon::prelude::*;
use shared_model::inspect::Shape;
use std::time::Instant;
use tinytriplet_data::{Label, Rng, Split, TrainingData, classes, hold_out};
use tinytriplet_evaluation::{
    export::{check_untrained, untrained},
    history::HistoryRow,
    metrics::{Embeddings, precision_at_1},
};
use tinytriplet_recipe::{AugmentConfig, LossConfig, NetConfig, ValidConfig};

/// A training that has begun.
pub(super) struct Training<'a> {
    config: &'a ValidConfig,
    data: &'a TrainingData<'a>,
    device: Device,
    checkpoints: Option<&'a Checkpoints>,
    streams: Streams,
    held_out: Vec<usize>,
    mixture: Mixture<'a>,
    loss: Box<dyn Loss>,
    teacher: Option<Teacher<'a>>,
    steps: usize,
    learner: Learner,
    optimizer: ModuleOptimizer,
    average: Option<Average>,
    /// The one with the best precision so far, where the training may end early.
    best: Option<Learner>,
    state: State,
}

/// The random numbers of what draws some in every step, a stream per step.
struct Streams {
    distortion: Rng,
    mining: Rng,
    dropping: Rng,
}

impl<'a> Training<'a> {
    /// Begins, or goes on from the newest checkpoint.
    pub fn begin(
        config: &'a ValidConfig,
        data: &'a TrainingData<'a>,
        others: OtherNets<'a>,
        device: &Device,
        start: Start<'a>,
    ) -> Result<Self, TrainError> {
        let recipe = &config.train;
        let seed = Rng::new(config.seed);
        let [mut weights, sampling, distortion, mining, dropping] = [0, 1, 2, 3, 4].map(|i| seed.stream(i));

        let mut own = classes(data.own.labels());
        let held_out = hold_out(&mut own, recipe.hold_out)?;
        let mixture = Mixture::new(recipe, data, &own, &sampling)?;
        let epochs = || recipe.epochs.unwrap_or(1) * mixture.batches_per_epoch().unwrap_or(1);
        let steps = recipe.steps.unwrap_or_else(epochs);

        let device = device.clone().autodiff();
        let loss = loss(recipe);
        let proxies = loss.wants_proxies().then_some(mixture.class_labels().len());
        let input = shape(data.own)?;
        let mut learner = Learner::new(&config.net, input, proxies, &mut weights, &device)?;
        if let Some(pretrained) = others.pretrained {
            learner.net = learner.net.with_weights(pretrained).map_err(TrainError::Pretrained)?;
        }
        check_engine(&learner.net, &config.net)?;
        let teach = |model| Teacher::new(model, input, learner.net.embedding_len());
        let teacher = others.teacher.map(teach).transpose().map_err(TrainError::Teacher)?;
        assert!(
            teacher.is_some() || !matches!(recipe.loss, LossConfig::Distillation(_)),
            "no teacher is given"
        );
        let begun = Self {
            config,
            data,
            device,
            checkpoints: None,
            streams: Streams { distortion, mining, dropping },
            held_out,
            mixture,
            loss,
            teacher,
            steps,
            average: recipe.average.map(|keep| Average::new(&learner, keep)),
            learner,
            optimizer: Adam::optimizer(recipe.weight_decay as f32),
            best: None,
            state: State::default(),
        };
        match start {
            Start::New => Ok(begun),
            Start::Saving(checkpoints) => Ok(begun.saving(checkpoints)),
            Start::Resuming(checkpoints) => begun.saving(checkpoints).resumed(checkpoints),
        }
    }

    /// Returns the same, with checkpoints.
    fn saving(mut self, checkpoints: &'a Checkpoints) -> Self {
        self.checkpoints = Some(checkpoints);
        self.state.data = self.data.fingerprint();
        self.state.teacher = self.teacher.as_ref().map(Teacher::hash);
        self
    }

    /// Goes on from the newest checkpoint.
    fn resumed(mut self, checkpoints: &Checkpoints) -> Result<Self, TrainError> {
        let keep = self.config.train.average;
        let Loaded { learner, optimizer, average, best, state } =
            checkpoints.load(&self.state, self.learner, self.optimizer, keep.is_some())?;
        let average = keep.zip(average);
        (0..state.step).for_each(|_| drop(self.mixture.batch()));
        Ok(Self {
            learner,
            optimizer,
            average: average.map(|(keep, learner)| Average::new(&learner, keep)),
            best,
            state,
            ..self
        })
    }

    /// Returns true if all steps are done.
    pub fn is_done(&self) -> bool {
        self.state.step >= self.steps
    }

    /// Trains on one batch.
    ///
    /// # Errors
    /// Returns [`TrainError::Diverged`] or [`TrainError::Collapsed`] if nothing can come of the
    /// training any more.
    pub fn step(mut self) -> Result<(Self, Progress), TrainError> {
        let started = Instant::now();
        let recipe = &self.config.train;
        let learning_rate = learning_rate(recipe, self.state.step, self.steps);
        let batch = self.mixture.batch();
        let (embedded, dispersion) = self.embed(&batch);
        let mut mining = self.streams.mining.stream(self.state.step as u64 + 1);
        let (mut value, mut mined) = (0.0, 0);
        if let Some(found) = self.loss.loss(&embedded, &mut mining) {
            (value, mined) = (floats(found.loss.clone())[0], found.count);
            drop(embedded);
            let gradients = GradientsParams::from_grads(found.loss.backward(), &self.learner);
            self.learner = self.optimizer.step(learning_rate, self.learner, gradients);
        }
        self.state.step += 1;
        if let Some(average) = &mut self.average {
            average.add(&self.learner, self.state.step);
        }
        self.state.seconds += started.elapsed().as_secs_f64();
        self.state.images_seen += batch.images.len() as u64;
        self.check(value, mined, dispersion)?;
        self.state.since_row.add(value, mined);
        let progress = self.progress(value, mined, learning_rate);
        Ok((self, progress))
    }

    /// Returns the batch's embeddings, and how far they are from each other.
    fn embed<'b>(&'b self, batch: &'b MixedBatch) -> (EmbeddedBatch<'b>, Dispersion) {
        let step = self.state.step as u64 + 1;
        let net = &self.learner.net;
        let pixels = self.pixels(&batch.images, &self.streams.distortion.stream(step));
        let taught = self.teacher.as_ref().map(|teacher| {
            let rows = TensorData::new(teacher.embed(&pixels), [batch.images.len(), net.embedding_len()]);
            Tensor::from_data(rows, &self.device)
        });
        let images = net.images(pixels, &self.device);
        let embeddings = net.forward(images, Some(&mut self.streams.dropping.stream(step)));
        let dispersion = Dispersion::new(&floats(embeddings.clone()), net.embedding_len());
        let embedded = EmbeddedBatch {
            embeddings,
            labels: &batch.labels,
            triplets: batch.triplets.as_deref(),
            proxies: self.learner.proxies.as_ref().map(|proxies| proxies.val()),
            taught,
            classes: self.mixture.class_labels(),
            step: self.state.step,
        };
        (embedded, dispersion)
    }

    /// Returns the images' pixels from 0 to 1, made up, turned and distorted where asked. Each image
    /// draws from a stream of its own, so that they can be done in parallel.
    fn pixels(&self, images: &[Image], rng: &Rng) -> Vec<f32> {
        let augment: Option<&AugmentConfig> = self.config.train.augment.as_ref();
        let mixture = &self.mixture;
        let (shape, len) = (self.data.own.shape(), self.data.own.image_len());
        let mut pixels = vec![0.0; images.len() * len];
        let places = pixels.par_chunks_exact_mut(len).zip(images).enumerate();
        places.for_each_init(Vec::new, |turned, (place, (out, &image))| {
            mixture.with_pixels(image, turned, |image| match augment {
                Some(limits) => {
                    distort(image, shape, limits, &mut rng.stream(place as u64), out);
                }
                None => out.iter_mut().zip(image).for_each(|(out, &pixel)| *out = f32::from(pixel) / 255.0),
            });
        });
        pixels
    }

    /// Ends a training that leads nowhere.
    fn check(&mut self, loss: f32, mined: usize, dispersion: Dispersion) -> Result<(), TrainError> {
        let recipe = &self.config.train;
        let (step, distance) = (self.state.step, dispersion.distance);
        if !loss.is_finite() || !distance.is_finite() {
            return Err(TrainError::Diverged { step, lr: recipe.lr });
        }
        if self.state.collapse.collapsed(dispersion) {
            let (unit, advice) = (recipe.loss.unit(), advice(self.config));
            return Err(TrainError::Collapsed { step, distance, loss, mined, unit, advice });
        }
        Ok(())
    }

    fn progress(&self, loss: f32, mined: usize, learning_rate: f64) -> Progress {
        let State { step, images_seen, seconds, .. } = self.state;
        // Without images in memory, all of it is one epoch.
        let batches_per_epoch = self.mixture.batches_per_epoch().unwrap_or(self.steps);
        Progress {
            step,
            steps: self.steps,
            epoch: (step - 1) / batches_per_epoch + 1,
            epochs: self.steps.div_ceil(batches_per_epoch),
            loss,
            mined,
            unit: self.config.train.loss.unit(),
            learning_rate,
            images_per_second: images_seen as f64 / seconds.max(1e-9),
        }
    }

    /// Returns true if it is time to look at the held-out images.
    pub fn row_is_due(&self) -> bool {
        self.state.step.is_multiple_of(self.config.train.validate_every) || self.is_done()
    }

    /// Looks at the held-out images and adds a row to the history.
    pub fn validate(&mut self, learning_rate: f64) -> &[HistoryRow] {
        let precision = self.held_out_precision();
        self.state.add_row(learning_rate, precision);
        if let (Some(_), Some(precision)) = (self.config.train.patience, precision) {
            if self.best.is_none() || precision > self.state.best_precision {
                self.best = Some(self.current().valid());
                (self.state.best_precision, self.state.without_progress) = (precision, 0);
            } else {
                self.state.without_progress += 1;
            }
        }
        &self.state.history
    }

    /// Returns true if the held-out images have found nothing better for too long.
    pub fn patience_is_over(&self) -> bool {
        self.config.train.patience.is_some_and(|patience| self.state.without_progress >= patience)
    }

    /// Returns the weights that are judged: the running mean, where there is one.
    fn current(&self) -> &Learner {
        self.average.as_ref().map_or(&self.learner, Average::learner)
    }

    /// Returns `None` where nothing is held out.
    fn held_out_precision(&self) -> Option<f64> {
        let Self { data: TrainingData { own, .. }, held_out, .. } = self;
        if held_out.is_empty() {
            return None;
        }
        let rows = self.current().net.embed(held_out.iter().map(|&index| own.image(index)));
        let embeddings = Embeddings::from_floats(rows, held_out.len(), self.config.net.distance());
        let labels: Vec<Label> = held_out.iter().map(|&index| own.label(index)).collect();
        Some(precision_at_1(&embeddings, &labels))
    }

    /// Writes a checkpoint, where the training has a place for them.
    pub fn save(&self) -> Result<(), TrainError> {
        let Some(checkpoints) = self.checkpoints else { return Ok(()) };
        let Self { learner, optimizer, average, best, state, .. } = self;
        let average = average.as_ref().map(Average::learner);
        Ok(checkpoints.save(&Saved { learner, optimizer, average, best: best.as_ref(), state })?)
    }

    /// Returns the net that the training gives: the best one, where there is one.
    pub fn end(self, ended: Ended) -> Trained {
        let net: Net = self.best.as_ref().unwrap_or(self.current()).net.valid();
        let State { step, images_seen, seconds, history, .. } = self.state;
        let held_out = self.held_out;
        Trained { net, history, images_seen, train_seconds: seconds, held_out, steps: step, ended }
    }
}

/// Checks that the engine can run a net of this config, which `net` is.
fn check_engine(net: &Net, config: &NetConfig) -> Result<(), TrainError> {
    check_untrained(&net.to_float_net(), config).map_err(|error| TrainError::Engine(Box::new(error)))
}

/// Checks that a net can be built for images of this shape, and that the engine can run it.
///
/// # Errors
/// Returns the same errors as [`train`](super::train) does at its beginning.
pub fn check_net(config: &NetConfig, input: Shape) -> Result<(), TrainError> {
    untrained_file(config, input).map(drop)
}

/// Returns the model file of a net for images of this shape before it is trained: its shapes, lengths and
/// work are those that it will have.
///
/// # Errors
/// Returns the errors of [`check_net`].
pub fn untrained_file(config: &NetConfig, input: Shape) -> Result<Vec<u8>, TrainError> {
    let net = Net::new(config, input, &mut Rng::new(0), &Device::flex())?;
    untrained(&net.to_float_net(), config).map_err(|error| TrainError::Engine(Box::new(error)))
}

/// Returns the shape of the data's images.
///
/// # Errors
/// Returns [`TrainError::ImageSize`] if they are too large.
pub fn shape(data: &Split) -> Result<Shape, TrainError> {
    let &Split { height, width, channels, .. } = data;
    match (u16::try_from(height), u16::try_from(width)) {
        (Ok(height), Ok(width)) => Ok(Shape::new(height, width, channels as u16)),
        _ => Err(TrainError::ImageSize { height, width }),
    }
}
