//! Makes a model file of a trained net: the durable artefact of a run.

use crate::{
    calibrate::{Enrolled, by_shots},
    engine::Engine,
    float_net::FloatNet,
    metrics::{Rates, precision_at_1, verification},
    quantize::{INPUT_SCALE, QuantizeError, QuantizedNet, quantize, quantize_untrained, too_much_work},
    scores::int8_embeddings,
    strangers::{Questions, calibrated},
};
use shared_model::{
    DecodeError, Distance, Model,
    inspect::Element,
    model::format::{
        self, CalibratedThreshold, EncodeError, MAX_BACKGROUND_PROTOTYPES, MAX_TEXT, Metadata, Preprocessing,
        SHOTS, Thresholds, TrainingSummary,
    },
};
use std::cmp::Reverse;
use tinytriplet_data::{
    Class, Dataset, Label, MADE_UP_CHARACTERS, Split, TooFewToHoldOut, classes, evenly, hold_out, is_among,
    trains_on_own,
};
use tinytriplet_recipe::{HoldOut, NetConfig, ValidConfig};

/// Images that the activations' scales are chosen on.
const CALIBRATION_IMAGES: usize = 512;
/// Images of a class that its background prototype is the mean of, at most.
const BACKGROUND_IMAGES: usize = 500;

/// Quantizes `net`, which was trained on `data` as `config` says, and calibrates its thresholds on
/// `questions` about strangers, or else on pairs of the images that training held out, and
/// [by shots](by_shots); without either it has none, and no background prototypes, which take one. `decoys`
/// become background prototypes, too.
///
/// # Errors
/// Returns [`ExportError`] if the net holds what a model file or the engine cannot.
pub fn export(
    net: &FloatNet,
    config: &ValidConfig,
    data: &Dataset,
    images_seen: u64,
    questions: Option<&Questions>,
    decoys: Option<&Split>,
) -> Result<Vec<u8>, ExportError> {
    let mut trained_on = classes(data.train.labels());
    let held_out = hold_out(&mut trained_on, config.train.hold_out)?;
    // A few of every class, evenly spread.
    let calibration: Vec<usize> = trained_on.iter().flat_map(|class| &class.images).copied().collect();
    let calibration = evenly(&calibration, CALIBRATION_IMAGES);
    let images: Vec<&[u8]> = calibration.iter().map(|&index| data.train.image(index)).collect();
    let quantized = quantize(net, &images).map_err(|error| error.in_config(&config.net))?;

    let dataset = tinytriplet_data::trained_on(data, &config.data);
    let mut description = Description {
        name: &config.name,
        preprocessing: data.preprocessing,
        views: config.net.views,
        distance: config.net.distance(),
        thresholds: Thresholds::default(),
        dataset: &dataset,
        seed: config.seed,
        images_seen,
        precision_at_1: 0.0,
        background: Vec::new(),
    };
    let file = encode(net, &quantized, &description)?;
    let questions = questions.filter(|questions| questions.suffice());
    if held_out.is_empty() && questions.is_none() {
        return Ok(file);
    }
    // Distances do not depend on what the file says of them: the finished file gives the same.
    let model = decode(&file)?;
    let engine = Engine::new(&model);
    let embeddings = int8_embeddings(&engine, &data.train, &held_out);
    let labels: Vec<Label> = held_out.iter().map(|&index| data.train.label(index)).collect();
    // Held-out classes of one image each have no precision, nor has nothing.
    description.precision_at_1 = precision_at_1(&embeddings, &labels).max(0.0) as f32;
    // Classes that are not trained on, such as made-up characters to evaluate with, are no background.
    let is_own = trains_on_own(data, &config.data);
    let background =
        || background(&engine, &data.train, if is_own { trained_on } else { Vec::new() }, decoys);
    if let Some(questions) = questions {
        let of = |rates| Some(calibrated(&rates, model.distance(), model.output().scale));
        description.thresholds = Thresholds {
            equal_error: of(questions.of_folds(model.distance())),
            false_accept_1_percent: of(questions.accepting_1_percent()),
            by_shots: None,
        };
        description.background = background();
    } else if let Some(verification) = verification(&embeddings, &labels) {
        description.thresholds = Thresholds {
            equal_error: Some(threshold(&verification.equal_error)),
            false_accept_1_percent: Some(threshold(&verification.false_accept_1_percent)),
            by_shots: None,
        };
        description.background = background();
        let file = encode(net, &quantized, &description)?;
        let model = decode(&file)?;
        let enrolled = match config.train.hold_out {
            _ if dataset == MADE_UP_CHARACTERS => Some(Enrolled::AnySigns),
            HoldOut::Classes => Some(Enrolled::Untrained(&data.train, &held_out)),
            // A net that has only ever seen its own classes takes every other sign for one of them: what it
            // took to refuse those would refuse a tenth of its own.
            HoldOut::Images if is_own && is_among(MADE_UP_CHARACTERS, &dataset) => {
                Some(Enrolled::Trained(&data.train, &held_out))
            }
            HoldOut::Images | HoldOut::None => None,
        };
        let engine = Engine::new(&model);
        description.thresholds.by_shots = enrolled.and_then(|enrolled| by_shots(&engine, enrolled));
    }
    encode(net, &quantized, &description)
}

/// Returns a prototype of each of these classes, or of as many of the largest as a model file holds, by
/// ascending label; and the embeddings of decoys, evenly spread, as far as there is room.
fn background(
    engine: &Engine<'_>,
    split: &Split,
    mut classes: Vec<Class>,
    decoys: Option<&Split>,
) -> Vec<Vec<u8>> {
    classes.sort_by_key(|class| Reverse(class.images.len()));
    classes.truncate(MAX_BACKGROUND_PROTOTYPES.into());
    classes.sort_by_key(|class| class.label);
    let (output, distance) = (engine.model().output(), engine.model().distance());
    let prototype = |class: Class| {
        let images = evenly(&class.images, BACKGROUND_IMAGES);
        let embeddings = int8_embeddings(engine, split, &images);
        let mut sums = vec![0; engine.model().embedding_len()];
        for index in 0..embeddings.len() {
            sums.iter_mut().zip(embeddings.row(index)).for_each(|(sum, &value)| *sum += i64::from(value));
        }
        rounded(&sums, embeddings.len() as i64, distance, output.element)
    };
    let mut prototypes: Vec<Vec<u8>> = classes.into_iter().map(prototype).collect();
    let room = usize::from(MAX_BACKGROUND_PROTOTYPES) - prototypes.len();
    if let (Some(decoys), 1..) = (decoys, room) {
        let chosen = evenly(&(0..decoys.len()).collect::<Vec<_>>(), room);
        let embeddings = int8_embeddings(engine, decoys, &chosen);
        prototypes.extend((0..embeddings.len()).map(|index| embeddings.bytes(index)));
    }
    prototypes
}

/// Returns the embedding nearest to the mean of `count` that add up to `sums`. Cosine distance does not
/// look at its length, which is made the largest there is: the less is rounded.
fn rounded(sums: &[i64], count: i64, distance: Distance, element: Element) -> Vec<u8> {
    let largest = if element == Element::Signed { 127 } else { 255 };
    let (times, over) = match distance {
        Distance::SquaredL2 => (1, count),
        Distance::Cosine => (largest, sums.iter().map(|sum| sum.abs()).max().unwrap_or(0)),
    };
    // Halves are rounded up.
    sums.iter().map(|sum| (2 * times * sum + over).div_euclid((2 * over).max(1)) as u8).collect()
}

/// Returns a model file of a net that nobody has trained: to see what quantization does to it. The
/// activations' scales are chosen on `images`; there are no thresholds.
///
/// # Errors
/// Returns [`ExportError`] if the net holds what a model file or the engine cannot.
pub fn export_untrained(net: &FloatNet, images: &[&[u8]]) -> Result<Vec<u8>, ExportError> {
    encode(net, &quantize(net, images)?, &UNTRAINED)
}

/// Returns the model file `plain` with another number of views. Its thresholds stay those of the old
/// number.
///
/// # Errors
/// Returns [`ExportError::Refused`] if the file is not valid, or with that number of views would not be.
pub fn with_views(plain: &[u8], views: u8) -> Result<Vec<u8>, ExportError> {
    with_metadata(plain, Metadata { views, ..decode(plain)?.metadata().clone() })
}

/// Returns the model file `plain` with other thresholds by shots.
///
/// # Errors
/// Returns [`ExportError::Refused`] if the file is not valid.
pub fn with_thresholds(
    plain: &[u8],
    by_shots: [CalibratedThreshold; SHOTS.len()],
) -> Result<Vec<u8>, ExportError> {
    let mut metadata = decode(plain)?.metadata().clone();
    metadata.thresholds.by_shots = Some(by_shots);
    with_metadata(plain, metadata)
}

/// Returns the model file `plain` with other metadata.
fn with_metadata(plain: &[u8], metadata: Metadata<'_>) -> Result<Vec<u8>, ExportError> {
    let data = &plain[plain.len() - decode(plain)?.header().data_len as usize..];
    finish(metadata, data)
}

/// Checks that the engine can run nets of these layers, whatever training makes of the weights.
/// `net` is an untrained one, built from `config`.
///
/// # Errors
/// Returns an error if it cannot; the layer is named as the config has it.
pub fn check_untrained(net: &FloatNet, config: &NetConfig) -> Result<(), ExportError> {
    untrained(net, config).map(drop)
}

/// Returns the file of a net that is not trained, whose shapes, lengths and work are those that it has
/// when it is. `net` is built from `config`.
///
/// # Errors
/// Returns the errors of [`check_untrained`].
pub fn untrained(net: &FloatNet, config: &NetConfig) -> Result<Vec<u8>, ExportError> {
    let quantized = quantize_untrained(net).map_err(|error| error.in_config(config))?;
    match encode(net, &quantized, &UNTRAINED) {
        Ok(file) => Ok(file),
        Err(ExportError::Refused(DecodeError::Work(layer))) => {
            Err(too_much_work(net, layer).in_config(config).into())
        }
        Err(error) => Err(error),
    }
}

const UNTRAINED: Description<'static> = Description {
    name: "untrained",
    preprocessing: Preprocessing::MNIST,
    views: 1,
    distance: Distance::SquaredL2,
    thresholds: Thresholds { equal_error: None, false_accept_1_percent: None, by_shots: None },
    dataset: "none",
    seed: 0,
    images_seen: 0,
    precision_at_1: 0.0,
    background: Vec::new(),
};

fn threshold(rates: &Rates<u32>) -> CalibratedThreshold {
    CalibratedThreshold {
        distance: rates.threshold,
        false_accept_rate: rates.false_accept_rate as f32,
        false_reject_rate: rates.false_reject_rate as f32,
    }
}

/// The metadata of a model file.
#[derive(Clone, Debug)]
struct Description<'a> {
    /// Name of the model; cut at 64 bytes.
    name: &'a str,
    /// The way that the images it was trained on were made.
    preprocessing: Preprocessing,
    /// The number of views of an image.
    views: u8,
    /// The distance that the embedding was trained for.
    distance: Distance,
    /// Calibrated thresholds.
    thresholds: Thresholds,
    /// The data set's name; cut at 64 bytes.
    dataset: &'a str,
    /// Seed of the run.
    seed: u64,
    /// Images that went through the net, repetitions counted.
    images_seen: u64,
    /// The int8 engine's P@1 on the held-out part of the training set.
    precision_at_1: f32,
    /// Prototypes of what was trained on, and decoys, at most as many as the format holds.
    background: Vec<Vec<u8>>,
}

/// The reason why a net could not become a model file.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum ExportError {
    /// The data are not those that were trained on.
    #[error(transparent)]
    Data(#[from] TooFewToHoldOut),
    /// The net cannot be quantized.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// More layers than the format holds.
    #[error("the net has {0} layers without its dropouts and batch norms, a model file holds {max}", max = format::MAX_LAYERS)]
    TooManyLayers(usize),
    /// The format's own check found something; nothing of the kind is known.
    #[error("the model file would be refused by the board: {0}")]
    Refused(DecodeError),
    /// Metadata or data do not fit.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Returns the bytes of the model file, which [`Model::decode`] has accepted.
///
/// # Errors
/// Returns [`ExportError::TooManyLayers`] or [`ExportError::Encode`] if the net or its embedding is
/// too long for the format.
fn encode(
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
        preprocessing: description.preprocessing,
        views: description.views,
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
        golden_crc: 0,
        background_prototypes: description.background.len() as u16,
    };
    let mut data = quantized.data.clone();
    data.extend(description.background.iter().flatten());
    data.resize(format::align(data.len()), 0);
    finish(metadata, &data)
}

/// Returns the file, with its golden CRC.
fn finish(mut metadata: Metadata<'_>, data: &[u8]) -> Result<Vec<u8>, ExportError> {
    // What the net computes does not depend on what the file says of its origin.
    metadata.golden_crc = test_crc(&decode(&write(&metadata, data)?)?);
    let file = write(&metadata, data)?;
    decode(&file)?;
    Ok(file)
}

fn decode(file: &[u8]) -> Result<Model<'_>, ExportError> {
    Model::decode(file).map_err(ExportError::Refused)
}

fn write(metadata: &Metadata<'_>, data: &[u8]) -> Result<Vec<u8>, EncodeError> {
    // Metadata take a few hundred bytes; 4 KiB hold the most that the format allows.
    let mut file = vec![0; format::HEADER_LEN + 4096 + data.len()];
    let len = format::encode(metadata, data, &mut file)?;
    file.truncate(len);
    Ok(file)
}

/// Returns [`Model::test_crc`], by the plain kernels, which are the definition: the file is not packed.
fn test_crc(model: &Model<'_>) -> u32 {
    let [mut pixels, mut embedding] = [model.input_len(), model.embedding_len()].map(|len| vec![0; len]);
    let mut scratch = vec![0; model.scratch_len()];
    model.test_crc(&mut pixels, &mut scratch, &mut embedding).expect("buffers of the model's lengths")
}

/// Returns the longest beginning of `text` that a model file holds, as a name.
pub fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::float_net::FloatLayer;
    use shared_model::inspect::Shape;
    use tinytriplet_data::drawn;
    use tinytriplet_recipe::{Config, SourceConfig};

    /// Digits, in a run that trains on them, or on other things alone.
    #[test]
    fn what_a_net_is_not_trained_on_is_no_background() {
        let kernel = [7, 7];
        let layers = vec![FloatLayer::AveragePool { kernel, stride: kernel }];
        let net = FloatNet { input: Shape::new(28, 28, 1), layers };
        let digits = drawn::dataset(1, 12, 2);
        let told = |mixture: &[&str]| {
            let source = |word: &&str| SourceConfig {
                source: Some((*word).into()),
                share: 1.0,
                only_with: Vec::new(),
            };
            let mut config = Config::preset("tiny").unwrap();
            config.data.mixture = mixture.iter().map(source).collect();
            let config = config.validate("tiny").unwrap();
            let file = export(&net, &config, &digits, 0, None, None).unwrap();
            let metadata = decode(&file).unwrap().metadata().clone();
            assert!(metadata.thresholds.equal_error.is_some());
            (metadata.background_prototypes, metadata.thresholds.by_shots.is_some())
        };
        assert_eq!(told(&[]), (10, false));
        assert_eq!(told(&["characters"]), (0, true));
        assert_eq!(told(&["characters", "signs"]), (0, false));
    }

    #[test]
    fn prototypes_by_hand() {
        let round = |distance, element, sums: &[i64]| {
            rounded(sums, 4, distance, element)
                .into_iter()
                .map(|byte| element.value(byte))
                .collect::<Vec<_>>()
        };
        use {Distance::*, Element::*};
        assert_eq!(round(SquaredL2, Unsigned, &[1020, 5, 6, 0]), [255, 1, 2, 0]);
        assert_eq!(round(SquaredL2, Signed, &[-508, -5, -6, 508]), [-127, -1, -1, 127]);
        assert_eq!(round(Cosine, Signed, &[2, -4, 1]), [64, -127, 32]);
        assert_eq!(round(Cosine, Unsigned, &[2, 4, 0]), [128, 255, 0]);
        // No direction at all.
        assert_eq!(round(Cosine, Signed, &[0, 0]), [0, 0]);
    }
}
