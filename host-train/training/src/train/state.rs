//! The state of a training, beside its weights.

use super::collapse::CollapseDetector;
use serde::{Deserialize, Serialize};
use tinytriplet_evaluation::history::HistoryRow;

/// The state of a training beside the weights. Random numbers need none: every step draws from a
/// stream of its own, and the sampler is wound forward.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// [`fingerprint`](tinytriplet_data::Split::fingerprint) of the images that are trained on.
    pub data: String,
    /// The hash of the teacher, if there is one.
    #[serde(default)] // older checkpoints have none
    pub teacher: Option<[u8; 8]>,
    /// Steps done.
    pub step: usize,
    pub images_seen: u64,
    pub seconds: f64,
    pub history: Vec<HistoryRow>,
    pub since_row: Sums,
    /// Looks at the held-out images since the best one.
    pub without_progress: usize,
    pub best_precision: f64,
    #[serde(default)] // older checkpoints have none
    pub collapse: CollapseDetector,
}

impl State {
    /// Closes a line of the history.
    pub fn add_row(&mut self, learning_rate: f64, precision_at_1: Option<f64>) {
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

/// Sums over steps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sums {
    steps: usize,
    loss: f64,
    mined: usize,
}

impl Sums {
    pub fn add(&mut self, loss: f32, mined: usize) {
        self.steps += 1;
        self.loss += f64::from(loss);
        self.mined += mined;
    }

    fn means(self) -> (f64, f64) {
        let steps = self.steps.max(1) as f64;
        (self.loss / steps, self.mined as f64 / steps)
    }
}
