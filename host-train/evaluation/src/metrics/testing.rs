//! A model and embeddings that can be reckoned with by hand.

use super::Embeddings;
use shared_model::{
    Distance,
    inspect::{Element, Shape},
    model::format::{
        self, Activation, CalibratedThreshold, Dense, Layer, Metadata, Preprocessing, Thresholds,
        TrainingSummary,
    },
};

/// Returns a model of one pixel, which is its embedding, with background prototypes at 10 and 40, and with
/// this default threshold, if any.
pub fn model_file(threshold: Option<u32>) -> Vec<u8> {
    let calibrated =
        |distance| CalibratedThreshold { distance, false_accept_rate: 0.0, false_reject_rate: 0.0 };
    let dense = Dense { out_features: 1, activation: Activation::Relu, scale: 1.0 };
    let metadata = Metadata {
        name: "",
        input: Shape::new(1, 1, 1),
        input_scale: 1.0,
        preprocessing: Preprocessing::MNIST,
        views: 1,
        layers: heapless::Vec::from_slice(&[Layer::Dense(dense)]).unwrap(),
        distance: Distance::SquaredL2,
        thresholds: Thresholds { equal_error: threshold.map(calibrated), ..Thresholds::default() },
        training: TrainingSummary { dataset: "", tool: "", seed: 0, images_seen: 0, precision_at_1: 0.0 },
        golden_crc: 0,
        background_prototypes: 2,
    };
    // Multiplier, bias, weight, prototypes: a pixel times 4 / 4.
    let mut data = [0; 4 * format::ALIGNMENT];
    data[..4].copy_from_slice(&(1i32 << 30).to_le_bytes());
    data[2 * format::ALIGNMENT] = 4;
    data[3 * format::ALIGNMENT..][..2].copy_from_slice(&[10, 40]);
    let mut file = vec![0; 512];
    let len = format::encode(&metadata, &data, &mut file).unwrap();
    file.truncate(len);
    file
}

/// Returns embeddings of one value, which is its place on a line.
pub fn places(places: &[u8]) -> Embeddings<i16> {
    Embeddings::from_bytes(places, places.len(), Element::Unsigned, Distance::SquaredL2, 1.0)
}
