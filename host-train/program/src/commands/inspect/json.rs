//! The same for programs.

use serde::Serialize;
use shared_model::{
    Distance, Model,
    inspect::{Element, Kernel, Shape, Step, Tensor},
    model::format::{Background, CalibratedThreshold, Fit},
};
use tinytriplet_report::text::{hex, operation, path};

/// The output of `--json`, which the command's help describes.
#[derive(Serialize)]
pub struct Report<'a> {
    name: &'a str,
    hash: String,
    hash_matches: bool,
    crc32: String,
    format_version: u16,
    bytes: usize,
    training: Training<'a>,
    input: [u16; 3],
    fit: Fit,
    background: Background,
    embedding: Embedding,
    distance: &'static str,
    equal_error: Option<Threshold>,
    false_accept_1_percent: Option<Threshold>,
    background_prototypes: u16,
    parameters: usize,
    macs: u64,
    board: Board,
    layers: Vec<Layer>,
}

#[derive(Serialize)]
struct Training<'a> {
    dataset: &'a str,
    tool: &'a str,
    seed: u64,
    images_seen: u64,
    precision_at_1: f32,
}

/// The vector that stands for an image.
#[derive(Serialize)]
pub struct Embedding {
    values: usize,
    element: &'static str,
    scale: f32,
}

/// A threshold beyond which something is unknown, and how often it errs.
#[derive(Serialize)]
pub struct Threshold {
    distance: f32,
    false_accept_rate: f32,
    false_reject_rate: f32,
}

/// A board's needs, the weights packed.
#[derive(Serialize)]
struct Board {
    flash_bytes: usize,
    ram_bytes: usize,
}

#[derive(Serialize)]
struct Layer {
    layer: usize,
    kind: String,
    output: [u16; 3],
    element: &'static str,
    scale: f32,
    parameters: usize,
    macs: u64,
    board_path: &'static str,
}

impl<'a> Report<'a> {
    /// Describes the model in `file`; `packed` is the same with its weights packed, which takes
    /// `packed_len` bytes.
    pub fn new(model: &Model<'a>, file: &[u8], packed: &Model<'_>, packed_len: usize) -> Self {
        let (metadata, header) = (model.metadata(), model.header());
        let threshold = |threshold| Threshold::new(threshold, metadata.distance, model.output());
        Self {
            name: metadata.name,
            hash: hex(model.hash()),
            hash_matches: model.hash_matches(file),
            crc32: format!("{:08x}", header.crc),
            format_version: header.version,
            bytes: file.len(),
            training: Training {
                dataset: metadata.training.dataset,
                tool: metadata.training.tool,
                seed: metadata.training.seed,
                images_seen: metadata.training.images_seen,
                precision_at_1: metadata.training.precision_at_1,
            },
            input: shape(metadata.input),
            fit: metadata.preprocessing.fit,
            background: metadata.preprocessing.background,
            embedding: Embedding::new(model.output()),
            distance: distance(metadata.distance),
            equal_error: metadata.thresholds.equal_error.map(threshold),
            false_accept_1_percent: metadata.thresholds.false_accept_1_percent.map(threshold),
            background_prototypes: metadata.background_prototypes,
            parameters: model.parameters(),
            macs: model.macs(),
            board: Board { flash_bytes: packed_len, ram_bytes: packed.ram_len() },
            layers: model
                .steps()
                .zip(packed.steps())
                .map(|(step, packed)| Layer::new(&step, packed.kernel))
                .collect(),
        }
    }
}

impl Layer {
    /// `on_board` is the path that a board takes.
    fn new(step: &Step<'_>, on_board: Kernel) -> Self {
        Self {
            layer: step.layer,
            kind: operation(step),
            output: shape(step.output.shape),
            element: element(step.output.element),
            scale: step.output.scale,
            parameters: step.parameters(),
            macs: step.macs(),
            board_path: path(on_board),
        }
    }
}

impl Embedding {
    /// `output` is the model's.
    pub fn new(output: Tensor) -> Self {
        Self { values: output.len(), element: element(output.element), scale: output.scale }
    }
}

impl Threshold {
    /// `output` is the model's.
    pub fn new(threshold: CalibratedThreshold, distance: Distance, output: Tensor) -> Self {
        let CalibratedThreshold { distance: threshold, false_accept_rate, false_reject_rate } = threshold;
        Self { distance: distance.real(threshold, output.scale), false_accept_rate, false_reject_rate }
    }
}

/// Returns height, width and channels.
pub fn shape(Shape { height, width, channels }: Shape) -> [u16; 3] {
    [height, width, channels]
}

/// Returns NumPy's name of it.
pub fn element(element: Element) -> &'static str {
    match element {
        Element::Unsigned => "uint8",
        Element::Signed => "int8",
    }
}

/// Returns a recipe's name of it.
pub fn distance(distance: Distance) -> &'static str {
    match distance {
        Distance::SquaredL2 => "squared_l2",
        Distance::Cosine => "cosine",
    }
}
