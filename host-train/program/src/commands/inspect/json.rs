//! The same for programs.

use serde::Serialize;
use shared_model::{
    Distance, Model,
    inspect::{Element, Kernel, Shape, Step},
    model::format::{Background, CalibratedThreshold, Centring, Fit, SHOTS},
    wire::ModelInfo,
};
use tinytriplet_report::{
    BoardEstimate,
    boards::estimates,
    text::{hex, operation, path},
};

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
    #[serde(flatten)]
    facts: Facts,
    background_prototypes: u16,
    views: u8,
    parameters: usize,
    macs: u64,
    board: Board,
    layers: Vec<Layer>,
    boards: Vec<BoardEstimate>,
    slow_layers: Vec<String>,
}

#[derive(Serialize)]
struct Training<'a> {
    dataset: &'a str,
    tool: &'a str,
    seed: u64,
    images_seen: u64,
    precision_at_1: f32,
}

/// What can be told of a model without its layers: a board tells it, too.
#[derive(Serialize)]
pub struct Facts {
    input: [u16; 3],
    fit: Fit,
    background: Background,
    centring: Centring,
    embedding: Embedding,
    distance: &'static str,
    equal_error: Option<Threshold>,
    false_accept_1_percent: Option<Threshold>,
    by_shots: Option<Vec<ShotsThreshold>>,
}

/// The vector that stands for an image.
#[derive(Serialize)]
struct Embedding {
    values: usize,
    element: &'static str,
    scale: f32,
}

/// A threshold beyond which something is unknown, and how often it errs.
#[derive(Serialize)]
struct Threshold {
    distance: f32,
    false_accept_rate: f32,
    false_reject_rate: f32,
}

/// The threshold for a label of at least so many images.
#[derive(Serialize)]
struct ShotsThreshold {
    shots: u32,
    #[serde(flatten)]
    threshold: Threshold,
}

/// A board's needs, the weights packed.
#[derive(Serialize)]
pub struct Board {
    /// The length of the packed file.
    pub flash_bytes: usize,
    /// Image, maps and embedding, without the stack.
    pub ram_bytes: usize,
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
            facts: Facts::new(&ModelInfo::of(model)),
            background_prototypes: metadata.background_prototypes,
            views: metadata.views,
            parameters: model.parameters(),
            macs: model.macs(),
            board: Board { flash_bytes: packed_len, ram_bytes: packed.ram_len() },
            layers: model
                .steps()
                .zip(packed.steps())
                .map(|(step, packed)| Layer::new(&step, packed.kernel))
                .collect(),
            boards: estimates(packed, packed_len),
            slow_layers: super::costs::slow(packed, None),
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

impl Facts {
    /// Describes the model.
    pub fn new(model: &ModelInfo<'_>) -> Self {
        let ModelInfo { preprocessing, embedding, thresholds, .. } = *model;
        let threshold = |CalibratedThreshold { distance, false_accept_rate, false_reject_rate }| Threshold {
            distance: model.distance.real(distance, embedding.scale),
            false_accept_rate,
            false_reject_rate,
        };
        Self {
            input: shape(model.input.shape),
            fit: preprocessing.fit,
            background: preprocessing.background,
            centring: preprocessing.centring,
            embedding: Embedding {
                values: embedding.len(),
                element: element(embedding.element),
                scale: embedding.scale,
            },
            distance: distance(model.distance),
            equal_error: thresholds.equal_error.map(threshold),
            false_accept_1_percent: thresholds.false_accept_1_percent.map(threshold),
            by_shots: thresholds.by_shots.map(|by_shots| {
                let each = SHOTS.into_iter().zip(by_shots);
                each.map(|(shots, of)| ShotsThreshold { shots, threshold: threshold(of) }).collect()
            }),
        }
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
fn distance(distance: Distance) -> &'static str {
    match distance {
        Distance::SquaredL2 => "squared_l2",
        Distance::Cosine => "cosine",
    }
}
