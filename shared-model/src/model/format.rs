//! The bytes of a model file. `docs/FORMAT.md` is the specification, and the types here are its
//! Rust form.
//!
//! ```text
//! header (32 bytes) | metadata (postcard) | zeros up to a multiple of 16 | data (raw sections)
//! ```
//!
//! Metadata is small, and decoded into values. Weights, biases, multipliers and background
//! prototypes are read in place: each section begins at a multiple of [`ALIGNMENT`] from the start
//! of the file.
//!
//! The order of fields and variants is that of the bytes: it never changes within a [`VERSION`].

use super::{
    crc::CRC32,
    tensor::{Element, Shape},
};
use heapless::Vec;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The first bytes of every model file.
pub const MAGIC: [u8; 8] = *b"TINYTRIP";
/// The version of the format described here. A reader refuses every other one.
pub const VERSION: u16 = 4;
/// The length of the header in bytes.
pub const HEADER_LEN: usize = 32;
/// Raw sections begin at multiples of this many bytes from the start of the file.
pub const ALIGNMENT: usize = 16;
/// The largest number of layers.
pub const MAX_LAYERS: usize = 32;
/// The largest number of bytes of a feature map.
pub const MAX_TENSOR: u32 = 1 << 24;
/// The largest number of values of an embedding.
pub const MAX_EMBEDDING: usize = 1024;
/// The largest number of background prototypes.
pub const MAX_BACKGROUND_PROTOTYPES: u16 = 64;
/// The numbers of images of an entry that [`Thresholds::by_shots`] has thresholds for.
pub const SHOTS: [u32; 4] = [1, 3, 5, 10];
/// The largest number of bytes of a string in the metadata.
pub const MAX_TEXT: usize = 64;
/// The largest [work](crate::Model::work) of an inference. It bounds the time that a file can ask
/// for: a Cortex-M4 at 168 MHz that multiplies once a cycle takes 6 seconds. MobileNetV1 0.25 for
/// 96 × 96 pixels and ResNet-8 for 32 × 32 have about a hundredth of it.
pub const MAX_WORK: u64 = 1 << 30;
/// The largest multiplier of an [`Add`]: with two of them, no sum exceeds 32 bits.
pub const MAX_ADD_MULTIPLIER: u32 = 1 << 22;
/// The largest number of [views](Metadata::views) of an image.
pub const MAX_VIEWS: u8 = 9;
/// The [work](crate::Model::work) of a window in addition to its values: it is found, and its
/// result is requantized and stored.
pub const WINDOW_WORK: u64 = 16;

/// Everything in a model file but the weights, biases, multipliers and background prototypes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata<'a> {
    /// The name of the model, for people.
    #[serde(borrow)]
    pub name: &'a str,
    /// The shape of the image. Its elements are unsigned.
    pub input: Shape,
    /// The real value of one step of a pixel: 1/255 if pixels mean 0 to 1.
    pub input_scale: f32,
    /// The way in which an image became pixels in training, and must become pixels for this model.
    pub preprocessing: Preprocessing,
    /// The number of views of an image whose embeddings are averaged, 1 to [`MAX_VIEWS`]: see
    /// [`views`](crate::engine::views). Each costs an inference; 1 is the image alone.
    pub views: u8,
    /// The layers of the net, in order.
    pub layers: Vec<Layer, MAX_LAYERS>,
    /// The distance that the embedding was trained for.
    pub distance: Distance,
    /// The distances beyond which a thing is unknown.
    pub thresholds: Thresholds,
    /// The origin of the model.
    pub training: TrainingSummary<'a>,
    /// The CRC-32 of the embeddings of [`TestImage::ALL`](crate::engine::TestImage::ALL), one after
    /// another, as the plain kernels compute them. Decoding does not check it:
    /// [`Model::self_test`](crate::Model::self_test) does.
    pub golden_crc: u32,
    /// The number of background prototypes, at most [`MAX_BACKGROUND_PROTOTYPES`]: see
    /// [`Model::background_prototypes`](crate::Model::background_prototypes).
    pub background_prototypes: u16,
}

/// The way in which any image becomes one of the input's shape. `docs/FORMAT.md` defines every
/// step.
///
/// The engine does not use it: the program that gives pixels to the engine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// The way in which the image gets the input's size.
    pub fit: Fit,
    /// The end of the grey scale that is the background.
    pub background: Background,
    /// The way in which [`Fit::Centre`] finds the sign; the other fits do not look for one.
    pub centring: Centring,
}

impl Preprocessing {
    /// The preprocessing that makes pixels like MNIST's.
    pub const MNIST: Self = Self::new(Fit::Centre, Background::Auto);

    /// Returns the preprocessing with the usual [`Centring`].
    pub const fn new(fit: Fit, background: Background) -> Self {
        Self { fit, background, centring: Centring::USUAL }
    }
}

/// The way in which [`Fit::Centre`] finds a sign on paper. [`USUAL`](Self::USUAL) was chosen on
/// photographs of MNIST's training digits: see `docs/IMAGES.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Centring {
    /// Ink stands out of the paper by this many 256ths of the strongest ink, at least 1.
    pub threshold: u8,
    /// A line of the paper crosses at least this many of eight strips, 5 to 8; 0 keeps lines.
    pub line: u8,
    /// A part of a sign has at least this many 256ths of the main part's ink; what has less is a
    /// speck.
    pub speck: u8,
}

impl Centring {
    /// The usual values.
    pub const USUAL: Self = Self { threshold: 85, line: 7, speck: 38 };

    /// Returns true if every value is within its range.
    pub const fn is_valid(self) -> bool {
        self.threshold > 0 && matches!(self.line, 0 | 5..=8)
    }
}

impl Default for Centring {
    fn default() -> Self {
        Self::USUAL
    }
}

/// The way in which an image gets the input's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The image is scaled to the size; its aspect ratio may change.
    Stretch,
    /// The image is scaled to fit, with its aspect ratio; the rest is background.
    Contain,
    /// The sign on the paper is found, whatever the light and the lines of the paper, and scaled to
    /// fit 20/28 of the size, with its aspect ratio; its centre of mass is put in the middle.
    Centre,
}

/// The end of the grey scale that is the background, which is 0 in the pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Background {
    /// Black: greys stay as they are.
    Dark,
    /// White: greys are inverted.
    Light,
    /// The end that is nearer to the median of the image's border; for [`Fit::Centre`], the one
    /// that most of the image is nearer to, where there is a contrast.
    #[default]
    Auto,
}

/// The distance that a model's embedding was trained for.
///
/// Both kinds are exact integers, and smaller means more alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Distance {
    /// `Σ (a − b)²`. Real squared distance = integer · scale².
    SquaredL2,
    /// Cosine distance `1 − cos`, in units of 2^−30: from 0 (same direction) to 2^31 (opposite).
    ///
    /// With `n = isqrt(Σa² · Σb²)` (the integer square root, rounded down) it is
    /// `2^30 − clamp(floor(2^30 · Σab / n), −2^30, 2^30)`, and `2^30` if `n` is 0: an embedding
    /// of zeros has no direction, and counts as orthogonal to everything.
    Cosine,
}

impl core::fmt::Display for Distance {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Distance::SquaredL2 => "squared L2",
            Distance::Cosine => "cosine",
        })
    }
}

/// One layer of a net.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Layer {
    /// A convolution. Sections: multipliers, biases, weights.
    Conv2d(Conv2d),
    /// The largest value of each window.
    MaxPool2d(Pool),
    /// The mean of each window, at a scale of its own.
    AveragePool2d(AveragePool),
    /// A fully connected layer. Sections: multipliers, biases, weights.
    Dense(Dense),
    /// Keeps the map that it reads for the next [`Layer::Add`], and hands it on as it is.
    Skip,
    /// Keeps a convolution of the map that it reads for the next [`Layer::Add`]; the next layer reads
    /// the same map. Sections: multipliers, biases, weights.
    Shortcut(Conv2d),
    /// The sum of the kept map and the one that it reads, at a scale of its own.
    Add(Add),
}

impl Layer {
    /// The name of a [`Layer::Conv2d`] for people.
    pub const CONV2D: &'static str = "conv2d";
    /// The name of a [`Layer::MaxPool2d`] for people.
    pub const MAX_POOL2D: &'static str = "max_pool2d";
    /// The name of a [`Layer::AveragePool2d`] for people.
    pub const AVERAGE_POOL2D: &'static str = "average_pool2d";
    /// The name of a [`Layer::Dense`] for people.
    pub const DENSE: &'static str = "dense";
    /// The name of a [`Layer::Skip`] for people.
    pub const SKIP: &'static str = "skip";
    /// The name of a [`Layer::Shortcut`] for people.
    pub const SHORTCUT: &'static str = "shortcut";
    /// The name of a [`Layer::Add`] for people.
    pub const ADD: &'static str = "add";

    /// Returns true if the layer keeps a map for the next [`Layer::Add`].
    pub(crate) const fn keeps(&self) -> bool {
        matches!(self, Layer::Skip | Layer::Shortcut(_))
    }

    /// Returns the layer's name for people.
    pub const fn kind(&self) -> &'static str {
        match self {
            Layer::Conv2d(_) => Self::CONV2D,
            Layer::MaxPool2d(_) => Self::MAX_POOL2D,
            Layer::AveragePool2d(_) => Self::AVERAGE_POOL2D,
            Layer::Dense(_) => Self::DENSE,
            Layer::Skip => Self::SKIP,
            Layer::Shortcut(_) => Self::SHORTCUT,
            Layer::Add(_) => Self::ADD,
        }
    }
}

/// A convolution. Pairs are (rows, columns).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conv2d {
    /// The channels of the output, a multiple of `groups`.
    pub out_channels: u16,
    /// The size of the kernel, at least 1.
    pub kernel: [u8; 2],
    /// The step from one window to the next, at least 1.
    pub stride: [u8; 2],
    /// Rows or columns of zeros above, below, left and right of the input, each fewer than the
    /// kernel has.
    pub padding: [u8; 4],
    /// Input and output channels are split into this many groups, at least 1. With one group per
    /// input channel it is a depthwise convolution.
    pub groups: u16,
    /// The activation after the convolution.
    pub activation: Activation,
    /// The real value of one step of the output.
    pub scale: f32,
}

/// The window of a pool, which has no padding. Pairs are (rows, columns).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// The size of the window, at least 1.
    pub kernel: [u8; 2],
    /// The step from one window to the next, at least 1.
    pub stride: [u8; 2],
}

impl Pool {
    /// Returns the number of values of a window.
    pub(crate) fn window_len(&self) -> u32 {
        u32::from(self.kernel[0]) * u32::from(self.kernel[1])
    }
}

/// An average pool. If it is as large as the map, it is a global average pool.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AveragePool {
    /// The window.
    pub pool: Pool,
    /// `round(s_in / (s_out · window size) · 2^32)`, not negative; see
    /// [`requantize`](crate::engine::requantize).
    pub multiplier: i32,
    /// The real value of one step of the output.
    pub scale: f32,
}

/// A fully connected layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dense {
    /// The number of values of the output.
    pub out_features: u16,
    /// The activation after the layer.
    pub activation: Activation,
    /// The real value of one step of the output.
    pub scale: f32,
}

/// A residual add: both maps have the same shape.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Add {
    /// `round(s_in / s_out · 2^16)` of the kept map and of the one that is read, each at most
    /// [`MAX_ADD_MULTIPLIER`]; see [`add`](crate::engine::kernel::add).
    pub multipliers: [u32; 2],
    /// The activation after the sum.
    pub activation: Activation,
    /// The real value of one step of the output.
    pub scale: f32,
}

/// The activation after a layer's sum. It is the range to which the output saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activation {
    /// Nothing: the output is [`Element::Signed`].
    Linear,
    /// `max(0, x)`: the output is [`Element::Unsigned`].
    Relu,
}

impl Activation {
    /// Returns the element of an output after this activation.
    pub const fn element(self) -> Element {
        match self {
            Activation::Linear => Element::Signed,
            Activation::Relu => Element::Unsigned,
        }
    }
}

/// Calibrated thresholds. A distance up to and including the threshold counts as the same thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// The threshold at which false accepts are as frequent as false rejects.
    pub equal_error: Option<CalibratedThreshold>,
    /// The threshold at which one different pair in a hundred is accepted.
    pub false_accept_1_percent: Option<CalibratedThreshold>,
    /// Thresholds for entries of as many images as [`SHOTS`] says, in its order: calibrated on
    /// things that training did not see, some of which were enrolled and some of which were not.
    pub by_shots: Option<[CalibratedThreshold; SHOTS.len()]>,
}

impl Thresholds {
    /// Returns the model's own threshold for an entry of `count` images: that for the most
    /// [`SHOTS`] that are no more than `count`, or, in a model without thresholds by shots, the one
    /// of equal errors. `None` if it has neither.
    pub fn own(&self, count: u32) -> Option<CalibratedThreshold> {
        let Some(by_shots) = self.by_shots else { return self.equal_error };
        let enough = by_shots.into_iter().zip(SHOTS).rfind(|&(_, shots)| shots <= count);
        Some(enough.map_or(by_shots[0], |(threshold, _)| threshold))
    }
}

/// A threshold, and how often it errs on what it was calibrated on: pairs of images, or, in
/// [`Thresholds::by_shots`], questions to a gallery.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibratedThreshold {
    /// The largest distance that is accepted, in the integers of the model's [`Distance`].
    pub distance: u32,
    /// The share of different pairs, or of strangers, that are accepted, 0 to 1.
    pub false_accept_rate: f32,
    /// The share of same pairs that are rejected, or of enrolled things that are not named right, 0
    /// to 1.
    pub false_reject_rate: f32,
}

/// The origin of a model. Figures are those of the int8 engine on the held-out part of the training
/// set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingSummary<'a> {
    /// The name of the training set.
    #[serde(borrow)]
    pub dataset: &'a str,
    /// The program that wrote the file, and its version.
    pub tool: &'a str,
    /// The seed of the run.
    pub seed: u64,
    /// The number of images that went through the net, with repetitions.
    pub images_seen: u64,
    /// The share of held-out images whose nearest other held-out image has the same label, 0 to 1.
    pub precision_at_1: f32,
}

/// The order of the weights in a model file. Its number is in the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u16)]
pub enum Layout {
    /// The plain order: training exports it, and the reference kernels read it.
    #[default]
    Plain = 0,
    /// The order in which the fast kernels of a board read the weights.
    Packed = 1,
}

impl TryFrom<u16> for Layout {
    type Error = UnknownLayout;

    fn try_from(number: u16) -> Result<Self, UnknownLayout> {
        match number {
            0 => Ok(Layout::Plain),
            // Its words are read in place.
            1 if cfg!(target_endian = "little") => Ok(Layout::Packed),
            _ => Err(UnknownLayout),
        }
    }
}

/// No layout has this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLayout;

/// The fields of the header, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// See [`VERSION`].
    pub version: u16,
    /// The number of a [`Layout`], if it is known.
    pub layout: u16,
    /// Bytes of metadata, directly after the header.
    pub metadata_len: u32,
    /// Bytes of data, at the next multiple of [`ALIGNMENT`].
    pub data_len: u32,
    /// The first eight bytes of the SHA-256 of everything after the header of the plain file: the
    /// identity of the model.
    pub hash: [u8; 8],
    /// The CRC-32 of the whole file without these four bytes.
    pub crc: u32,
}

impl Header {
    /// Reads the fields. Returns `None` if the bytes do not begin with [`MAGIC`].
    pub fn read(bytes: &[u8; HEADER_LEN]) -> Option<Self> {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let mut hash = [0; 8];
        hash.copy_from_slice(&bytes[20..28]);
        (bytes[..8] == MAGIC).then(|| Self {
            version: u16::from_le_bytes([bytes[8], bytes[9]]),
            layout: u16::from_le_bytes([bytes[10], bytes[11]]),
            metadata_len: word(12),
            data_len: word(16),
            hash,
            crc: word(28),
        })
    }

    pub(crate) fn write(&self, bytes: &mut [u8]) {
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&self.version.to_le_bytes());
        bytes[10..12].copy_from_slice(&self.layout.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.metadata_len.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.data_len.to_le_bytes());
        bytes[20..28].copy_from_slice(&self.hash);
        bytes[28..32].copy_from_slice(&self.crc.to_le_bytes());
    }
}

/// Returns the CRC-32 of a file without its own four bytes.
pub(crate) fn file_crc(file: &[u8]) -> u32 {
    let mut digest = CRC32.digest();
    digest.update(&file[..HEADER_LEN - 4]);
    digest.update(&file[HEADER_LEN..]);
    digest.finalize()
}

/// Returns the identity of a file's content: the first eight bytes of the SHA-256 of everything
/// after the header.
pub(crate) fn content_hash(file: &[u8]) -> [u8; 8] {
    let digest = Sha256::digest(&file[HEADER_LEN..]);
    let mut hash = [0; 8];
    hash.copy_from_slice(&digest[..8]);
    hash
}

/// Returns the [work](crate::Model::work) of so many windows of `values` values each: the exact
/// number up to [`MAX_WORK`], a larger one than [`MAX_WORK`] if the exact number is.
pub const fn work(windows: u64, values: u32) -> u64 {
    let windows = if windows > MAX_WORK { MAX_WORK + 1 } else { windows };
    windows * (values as u64 + WINDOW_WORK)
}

/// Returns the next multiple of [`ALIGNMENT`].
pub const fn align(offset: usize) -> usize {
    offset.next_multiple_of(ALIGNMENT)
}

/// Writes a model file with plain weights to the front of `file` and returns its length.
///
/// `data` holds the multipliers, biases and weights of each convolution and dense layer in order,
/// and then the background prototypes. Each section is padded with zeros to a multiple of
/// [`ALIGNMENT`].
///
/// Only lengths are checked. [`Model::decode`](crate::Model::decode) checks the rest, and should do
/// so before the file is used.
///
/// ```
/// use shared_model::{Distance, Model, inspect::Shape, model::format::*};
///
/// let dense = Dense { out_features: 4, activation: Activation::Linear, scale: 0.5 };
/// let metadata = Metadata {
///     name: "example",
///     input: Shape::new(2, 2, 1),
///     input_scale: 1.0 / 255.0,
///     preprocessing: Preprocessing::MNIST,
///     views: 1,
///     layers: heapless::Vec::from_slice(&[Layer::Dense(dense)]).unwrap(),
///     distance: Distance::SquaredL2,
///     thresholds: Thresholds::default(),
///     training: TrainingSummary { dataset: "", tool: "", seed: 0, images_seen: 0, precision_at_1: 0.0 },
///     golden_crc: 0,
///     background_prototypes: 0,
/// };
/// // Four multipliers, four biases, 4 × 4 weights.
/// let data = [0; 3 * ALIGNMENT];
/// let mut file = [0; 256];
/// let len = encode(&metadata, &data, &mut file)?;
/// assert_eq!(Model::decode(&file[..len])?.parameters(), 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns [`EncodeError::Full`] if `file` is too short, and [`EncodeError::TooLarge`] if a length
/// does not fit its field.
pub fn encode(metadata: &Metadata<'_>, data: &[u8], file: &mut [u8]) -> Result<usize, EncodeError> {
    let body = file.get_mut(HEADER_LEN..).ok_or(EncodeError::Full)?;
    let metadata_len = postcard::to_slice(metadata, body).map_err(|_| EncodeError::Full)?.len();
    let data_start = align(HEADER_LEN + metadata_len);
    let len = data_start + data.len();
    let file = file.get_mut(..len).ok_or(EncodeError::Full)?;
    file[HEADER_LEN + metadata_len..data_start].fill(0);
    file[data_start..].copy_from_slice(data);

    let mut header = Header {
        version: VERSION,
        layout: Layout::Plain as u16,
        metadata_len: metadata_len.try_into().map_err(|_| EncodeError::TooLarge)?,
        data_len: data.len().try_into().map_err(|_| EncodeError::TooLarge)?,
        hash: content_hash(file),
        crc: 0,
    };
    header.write(file);
    header.crc = file_crc(file);
    header.write(file);
    Ok(len)
}

/// The reason for not writing a model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// The buffer is shorter than the file.
    Full,
    /// Metadata or data exceed 4 GiB.
    TooLarge,
}

impl core::fmt::Display for EncodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            EncodeError::Full => "the buffer is shorter than the model file",
            EncodeError::TooLarge => "a model file's metadata and data are limited to 4 GiB each",
        })
    }
}

impl core::error::Error for EncodeError {}
