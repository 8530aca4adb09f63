//! The content of a report, as data. The page draws it (it is in the page as JSON), and so do the
//! plots.
//!
//! Shares are from 0 to 1. Distances are in real units: squared L2, or `1 − cos`. `f64::NAN` is
//! `null` in JSON and means that the data give nothing to measure. Images are named by their place
//! in [`Findings::images`].

use crate::table::Table;
use serde::Serialize;
use tinytriplet_data::Label;
use tinytriplet_evaluation::strangers::StrangerRates;
use tinytriplet_evaluation::{
    history::HistoryRow,
    metrics::{ClassTriplets, Rates},
    scores::Scores,
};

/// All that a report shows of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// Name of the run.
    pub name: String,
    /// Version of the program that made the report.
    pub tool: String,
    /// The verdict, for a person.
    pub verdict: Verdict,
    /// The data that it was trained and tested on.
    pub data: DataFacts,
    /// The recipe, as TOML.
    pub recipe: String,
    /// The course of the training.
    pub training: Training,
    /// The float net's scores on the test set.
    pub float: Scores,
    /// The int8 engine's.
    pub int8: Scores,
    /// The table of both, with the words and the intervals of its rows.
    pub table: Table,
    /// Distances of pairs of test images, int8; absent where there are no pairs.
    pub distances: Option<Distances>,
    /// The origin's table, int8; empty where no triplet can be made.
    pub triplets: Vec<ClassTriplets>,
    /// The confusion of test images by five-shot prototypes of all classes, int8.
    pub confusion: Confusion,
    /// The most wrong test images of classes that were trained on, the worst first: the nearest
    /// other one has another label.
    pub mistakes: Vec<Mistake>,
    /// The number of all mistakes of this kind.
    pub mistakes_in_all: usize,
    /// Test images that are shown: those of the scatter plots first, in their order, then others
    /// that are mentioned.
    pub images: Images,
    /// The test set, or an even part of it, raw and embedded.
    pub scatter: Scatter,
    /// The net, what int8 does to it and what it takes.
    pub net: NetFacts,
    /// The cost on each board of the ledger; empty if a layer takes a kernel there that the ledger has
    /// not counted.
    pub boards: Vec<BoardEstimate>,
    /// The layers that take a plain kernel on a board and need not, a sentence each.
    pub slow_layers: Vec<String>,
}

/// The first thing that is read.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The grade, for the page's colour.
    pub grade: Grade,
    /// One sentence.
    pub sentence: String,
    /// Advice on what to look at or to try, one sentence each; the most important first.
    pub advice: Vec<String>,
}

/// The quality of an embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Ready for use.
    Good,
    /// Usable, with known weak points.
    Fair,
    /// Something went wrong.
    Poor,
}

/// The data that a net was trained and tested on.
#[derive(Clone, Debug, Serialize)]
pub struct DataFacts {
    /// Name of the data set.
    pub name: String,
    /// True if the images are the program's own drawings, which has to be said wherever a number is
    /// shown.
    pub drawn: bool,
    /// Number of training images, of classes that were trained on.
    pub train_images: usize,
    /// Number of training images that were held out, which thresholds were calibrated on.
    pub held_out_images: usize,
    /// What nets that were trained without some of the classes and decoys make of these, which thresholds were
    /// calibrated on instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strangers: Option<StrangerRates>,
    /// Number of test images.
    pub test_images: usize,
    /// Rows and columns of an image.
    pub size: [usize; 2],
    /// Names of all classes, by label.
    pub classes: Vec<String>,
    /// Labels that were not trained on.
    pub unseen: Vec<Label>,
}

/// The course of the training.
#[derive(Clone, Debug, Serialize)]
pub struct Training {
    /// Name of the loss and the miner, as the recipe has it.
    pub loss: String,
    /// The unit of [`HistoryRow::mined`].
    pub unit: String,
    /// Images that went through the net, repetitions counted.
    pub images_seen: u64,
    /// Time spent in training; NaN where the history is not known.
    pub seconds: f64,
    /// By ascending step; empty where it is not known.
    pub history: Vec<HistoryRow>,
}

/// Distances of pairs of test images of the classes that were trained on.
#[derive(Clone, Debug, Serialize)]
pub struct Distances {
    /// `squared_l2` or `cosine`.
    pub kind: &'static str,
    /// Share of the pairs of one class in each bin.
    pub same: Vec<f64>,
    /// Share of the pairs of two classes in each bin.
    pub different: Vec<f64>,
    /// The beginning of each bin, and the end of the last one: one more than there are bins.
    pub edges: Vec<f64>,
    /// Thresholds for "unknown" in the model file, with what they do on these pairs.
    pub thresholds: Vec<Threshold>,
    /// Receiver operating characteristic, by ascending threshold.
    pub roc: Vec<Rates<f64>>,
    /// The rate at which both errors are equally frequent.
    pub equal_error_rate: f64,
}

/// A threshold beyond which something is unknown.
#[derive(Clone, Debug, Serialize)]
pub struct Threshold {
    /// `equal error`, or `accepts 1 %`.
    pub name: &'static str,
    /// The threshold, and its errors on test pairs.
    #[serde(flatten)]
    pub rates: Rates<f64>,
}

/// The confusion of test images by prototypes of five training images per class, over twenty draws.
#[derive(Clone, Debug, Serialize)]
pub struct Confusion {
    /// The labels of rows and columns: all labels, those that were not trained on among them; of
    /// very many, those that are recognised least.
    pub labels: Vec<Label>,
    /// A row for each label; how often its images were nearest to each label's prototype, as shares
    /// of the row. NaN in the row of a label without test images.
    pub rows: Vec<Vec<f64>>,
}

/// A test image, and what misled it.
#[derive(Clone, Debug, Serialize)]
pub struct Mistake {
    /// The image.
    pub image: usize,
    /// A small copy of the picture that it was made of, as a data URI; `None` if it was none.
    pub original: Option<String>,
    /// The distance by which the nearest image of its own class is farther than the nearest one at
    /// all.
    pub margin: f64,
    /// The nearest other test images, ascending, with a distance each.
    pub neighbours: Vec<Neighbour>,
}

/// Something near.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Neighbour {
    /// The image.
    pub image: usize,
    /// Its distance.
    pub distance: f64,
}

/// Small copies of test images.
#[derive(Clone, Debug, Serialize)]
pub struct Images {
    /// A PNG file as a `data:` URL: a grid of tiles, row after row, image 0 first.
    pub sprite: String,
    /// Rows and columns of a tile in pixels.
    pub tile: [usize; 2],
    /// Tiles in a row of the grid.
    pub columns: usize,
    /// The label of each.
    pub labels: Vec<Label>,
    /// The index of each in the test set.
    pub test_index: Vec<usize>,
}

/// Test images as points in a plane: the origin's two pictures.
#[derive(Clone, Debug, Serialize)]
pub struct Scatter {
    /// By pixels, from 0 to 1, of images as large as a [tile](Images::tile).
    pub raw: Cloud,
    /// By the int8 engine's embeddings.
    pub embedded: Cloud,
}

/// Points for the first images of [`Images`].
#[derive(Clone, Debug, Serialize)]
pub struct Cloud {
    /// The two main components of a principal component analysis.
    pub pca: Vec<[f32; 2]>,
    /// Share of the variance that each of the two has.
    pub pca_variance: [f64; 2],
    /// A map that keeps neighbours together; what is far apart in it says little.
    pub neighbour_map: Vec<[f32; 2]>,
    /// The method of [`neighbour_map`](Self::neighbour_map), such as `t-SNE`.
    pub neighbour_map_name: &'static str,
    /// The nearest of the other points, in the space that the plane shows; ascending, the same
    /// number for each.
    pub nearest: Vec<Vec<Neighbour>>,
}

/// The net.
#[derive(Clone, Debug, Serialize)]
pub struct NetFacts {
    /// Hash of the model file.
    pub hash: String,
    /// Rows, columns, channels of the image.
    pub input: [usize; 3],
    /// Values of an embedding.
    pub embedding: usize,
    /// Weights and biases.
    pub parameters: usize,
    /// Multiply-accumulates of an inference.
    pub macs: u64,
    /// Bytes of the model in flash, its weights packed for a board.
    pub flash: usize,
    /// Bytes of RAM for an inference: image, scratch, embedding; without the stack.
    pub ram: usize,
    /// The layers, in the order of the engine's steps.
    pub layers: Vec<LayerFacts>,
}

/// A layer: what it is, what int8 does to it, and what it takes.
#[derive(Clone, Debug, Serialize)]
pub struct LayerFacts {
    /// The layer as `inspect` shows it, such as `conv 3x3 relu max 2x2`.
    pub operation: String,
    /// Rows, columns, channels of its input.
    pub input: [usize; 3],
    /// Rows, columns, channels of its output.
    pub output: [usize; 3],
    /// Weights and biases.
    pub parameters: usize,
    /// Bytes of its weights in flash, packed for a board.
    pub flash: usize,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Bytes of RAM in use on a board while the layer runs: image, embedding, and what the engine
    /// works in. Convolutions that run in turns, row by row, have the same.
    pub ram: usize,
    /// The ratio of the float net's outputs to int8's error, in dB: `10·log10(Σx² / Σ(x − x̂)²)`
    /// over test images, `x̂` being the engine's integers times their scale. `null` in JSON where
    /// they are equal.
    pub signal_to_noise_db: f64,
    /// Share of outputs that int8 clips: the float net's lie beyond the largest integer.
    pub clipped: f64,
    /// Share of outputs that are 0 in int8.
    pub zeros: f64,
    /// Histogram of the sizes of int8 outputs: 32 bins from 0 to the largest integer, as shares.
    pub histogram: Vec<f64>,
}

/// The cost of an inference on a board.
#[derive(Clone, Debug, Serialize)]
pub struct BoardEstimate {
    /// The board's name in the ledger, such as `pico`.
    pub board: String,
    /// Such as `Raspberry Pi Pico, a Cortex-M0+ at 125 MHz`.
    pub description: String,
    /// Instructions of one embedding.
    pub instructions: u64,
    /// True if they were counted for this very net; otherwise they were estimated by its layers
    /// from those of the ledger.
    pub counted: bool,
    /// Milliseconds of one embedding where the ledger knows cycles and clock.
    pub milliseconds: Option<f64>,
    /// Bytes of RAM of an inference, its stack included; where it is estimated, the largest stack
    /// that was measured.
    pub ram: usize,
    /// Bytes of the model in flash.
    pub flash: usize,
}
