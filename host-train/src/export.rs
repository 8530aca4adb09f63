//! Writes a quantized net as a model file: the durable artefact of a run.

use crate::{float_net::FloatNet, quantize::{INPUT_SCALE, QuantizedNet}};
use shared_model::{
    DecodeError, Distance, Model,
    format::{self, MAX_TEXT, Metadata, Thresholds, TrainingSummary},
};

/// What a model file says beside the net itself.
#[derive(Clone, Debug)]
pub struct Description<'a> {
    /// Name of the model; cut at 64 bytes.
    pub name: &'a str,
    /// The distance that the embedding was trained for.
    pub distance: Distance,
    /// Calibrated limits.
    pub thresholds: Thresholds,
    /// What it was trained on; cut at 64 bytes.
    pub dataset: &'a str,
    /// Seed of the run.
    pub seed: u64,
    /// Images that went through the net, repetitions counted.
    pub images_seen: u64,
    /// Of the int8 engine, on the held-out part of the training set.
    pub precision_at_1: f32,
}

/// Why a net could not become a model file.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum ExportError {
    /// More layers than the format holds.
    #[error("the net has {0} layers without its dropouts and batch norms, a model file holds {max}", max = format::MAX_LAYERS)]
    TooManyLayers(usize),
    /// The format's own check found something; nothing of the kind is known.
    #[error("the model file would be refused by the board: {0}")]
    Refused(#[from] DecodeError),
    /// Metadata or data do not fit.
    #[error("{0}")]
    Encode(#[from] format::EncodeError),
}

/// The bytes of the model file, which [`Model::decode`] has accepted.
///
/// # Errors
/// The net has too many layers, or an embedding too long for the format.
pub fn encode(
    net: &FloatNet,
    quantized: &QuantizedNet,
    description: &Description<'_>,
) -> Result<Vec<u8>, ExportError> {
    let layers = heapless::Vec::from_slice(&quantized.layers)
        .map_err(|_| ExportError::TooManyLayers(quantized.layers.len()))?;
    let metadata = Metadata {
        name: cut(description.name),
        input: net.input,
        input_scale: INPUT_SCALE,
        layers,
        distance: description.distance,
        thresholds: description.thresholds,
        training: TrainingSummary {
            dataset: cut(description.dataset),
            tool: concat!("host-train ", env!("CARGO_PKG_VERSION")),
            seed: description.seed,
            images_seen: description.images_seen,
            precision_at_1: description.precision_at_1,
        },
    };
    // Metadata take a few hundred bytes; 4 KiB hold the most that the format allows.
    let mut file = vec![0; format::HEADER_LEN + 4096 + quantized.data.len()];
    let len = format::encode(&metadata, &quantized.data, &mut file)?;
    file.truncate(len);
    Model::decode(&file)?;
    Ok(file)
}

/// The longest beginning of `text` that fits the format.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}

#[cfg(test)]
pub(crate) fn encode_for_test(net: &FloatNet, quantized: &QuantizedNet) -> Vec<u8> {
    let description = Description {
        name: "test",
        distance: Distance::SquaredL2,
        thresholds: Thresholds::default(),
        dataset: "none",
        seed: 0,
        images_seen: 0,
        precision_at_1: 0.0,
    };
    encode(net, quantized, &description).unwrap()
}
