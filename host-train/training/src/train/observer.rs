//! Reports while training goes on.

use tinytriplet_evaluation::history::HistoryRow;

/// Hears how training goes. Every method does nothing unless it is implemented.
pub trait Observer {
    /// Called when a step is done.
    fn step(&mut self, _progress: &Progress) {}

    /// Called when the history has a new row, the last of `history`.
    fn row(&mut self, _history: &[HistoryRow]) {}

    /// Returns true if training is to stop after the step that is done.
    fn interrupted(&self) -> bool {
        false
    }
}

impl Observer for () {}

/// The progress of a training.
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
    /// The unit of [`mined`](Self::mined).
    pub unit: &'static str,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Images trained on in a second, so far.
    pub images_per_second: f64,
}
