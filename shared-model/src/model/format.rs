//! The bytes of a model file. `docs/FORMAT.md` is the specification; the types here are its Rust form.
//!
//! ```text
//! header (32 bytes) | metadata (postcard) | zeros up to a multiple of 16 | data (raw sections)
//! ```
//!
//! Metadata is small and decoded into values. Weights, biases, multipliers and background prototypes are read in place:
//! each section begins at a multiple of [`ALIGNMENT`] from the start of the file.

use super::{
    crc::CRC32,
    tensor::{Element, Shape},
};
use heapless::Vec;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// First bytes of every model file.
pub const MAGIC: [u8; 8] = *b"TINYTRIP";
/// Version of the format described here. A reader refuses every other one.
pub const VERSION: u16 = 3;
/// Length of the header in bytes.
pub const HEADER_LEN: usize = 32;
/// Raw sections begin at multiples of this many bytes.
pub const ALIGNMENT: usize = 16;
/// Most layers a model has.
pub const MAX_LAYERS: usize = 32;
/// Most bytes a feature map has.
pub const MAX_TENSOR: u32 = 1 << 24;
/// Most values an embedding has.
pub const MAX_EMBEDDING: usize = 1024;
/// Most background prototypes a model has.
pub const MAX_BACKGROUND_PROTOTYPES: u16 = 64;
/// Most bytes a string in the metadata has.
pub const MAX_TEXT: usize = 64;

/// All of a model but its weights, biases and multipliers, and its background prototypes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata<'a> {
    /// Name of the model, for people.
    #[serde(borrow)]
    pub name: &'a str,
    /// Shape of the image. Its elements are unsigned.
    pub input: Shape,
    /// Real value of one step of a pixel (1/255 for pixels taken as 0 to 1).
    pub input_scale: f32,
    /// How an image became pixels in training, and must become them for this model.
    pub preprocessing: Preprocessing,
    /// What the net computes, in order.
    pub layers: Vec<Layer, MAX_LAYERS>,
    /// The distance that the embedding was trained for.
    pub distance: Distance,
    /// From which distance on something counts as unknown.
    pub thresholds: Thresholds,
    /// Where the model comes from.
    pub training: TrainingSummary<'a>,
    /// CRC-32 of the embeddings of [`TestImage::ALL`](crate::engine::TestImage::ALL), one behind the other, as the plain kernels
    /// compute them. Decoding takes it as it is: [`Model::self_test`](crate::model::Model::self_test) compares.
    pub golden_crc: u32,
    /// How many background prototypes there are, at most [`MAX_BACKGROUND_PROTOTYPES`]: see
    /// [`Model::background_prototypes`](crate::model::Model::background_prototypes).
    pub background_prototypes: u16,
}

/// How any image becomes one of the input's shape. The engine does not look at it: who hands it pixels does.
/// `docs/FORMAT.md` defines every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// How the image is brought to the input's size.
    pub fit: Fit,
    /// Which end of the scale of greys is the background.
    pub background: Background,
}

impl Preprocessing {
    /// As MNIST was made.
    pub const MNIST: Self = Self { fit: Fit::Centre, background: Background::Auto };
}

/// How an image is brought to the input's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Scaled to the size, whatever that does to its shape.
    Stretch,
    /// Scaled to fit wholly, its shape kept; what is left free is background.
    Contain,
    /// What stands out from the background is scaled to fit 20/28 of the size, its shape kept, and set with its
    /// centre of mass in the middle.
    Centre,
}

/// Which end of the scale of greys is the background, which is 0 in the pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Background {
    /// Black: greys are taken as they are.
    Dark,
    /// White: greys are inverted.
    Light,
    /// The one that the median of the image's border is nearer to.
    #[default]
    Auto,
}

/// Which distance a model's embedding was trained for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Distance {
    /// `Σ (a − b)²`. Real squared distance = integer · scale².
    SquaredL2,
    /// Cosine distance `1 − cos`, in units of 2^−30: 0 (same direction) to 2^31 (opposite).
    ///
    /// With `n = isqrt(Σa² · Σb²)` (the integer square root, rounded down) it is
    /// `2^30 − clamp(floor(2^30 · Σab / n), −2^30, 2^30)`, and `2^30` where `n` is 0: an embedding
    /// that is all zero has no direction and is orthogonal to everything.
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
    /// Convolution; sections: multipliers, biases, weights.
    Conv2d(Conv2d),
    /// Largest value of each window.
    MaxPool2d(Pool),
    /// Mean of each window, at a scale of its own.
    AveragePool2d(AveragePool),
    /// Fully connected; sections: multipliers, biases, weights.
    Dense(Dense),
}

impl Layer {
    /// What people call the layer.
    pub const fn kind(&self) -> &'static str {
        match self {
            Layer::Conv2d(_) => "conv2d",
            Layer::MaxPool2d(_) => "max_pool2d",
            Layer::AveragePool2d(_) => "average_pool2d",
            Layer::Dense(_) => "dense",
        }
    }
}

/// A convolution. Pairs are (rows, columns).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conv2d {
    /// Channels of the output; a multiple of `groups`.
    pub out_channels: u16,
    /// Size of the kernel, at least 1.
    pub kernel: [u8; 2],
    /// Step from one window to the next, at least 1.
    pub stride: [u8; 2],
    /// Zeros above, below, left and right of the input, each smaller than the kernel.
    pub padding: [u8; 4],
    /// Input and output channels are split into this many groups, at least 1; as many as input channels
    /// is a depthwise convolution.
    pub groups: u16,
    /// What follows the convolution.
    pub activation: Activation,
    /// Real value of one step of the output.
    pub scale: f32,
}

/// The window of a pool, without padding. Pairs are (rows, columns).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Size of the window, at least 1.
    pub kernel: [u8; 2],
    /// Step from one window to the next, at least 1.
    pub stride: [u8; 2],
}

/// An average pool; as large as the map it is a global average pool.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AveragePool {
    /// The window.
    pub pool: Pool,
    /// `round(s_in / (s_out · window size) · 2^32)`, not negative; see [`requantize`](crate::engine::requantize).
    pub multiplier: i32,
    /// Real value of one step of the output.
    pub scale: f32,
}

/// A fully connected layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dense {
    /// Values of the output.
    pub out_features: u16,
    /// What follows the layer.
    pub activation: Activation,
    /// Real value of one step of the output.
    pub scale: f32,
}

/// What follows a layer's sum, by way of how its output saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activation {
    /// Nothing: the output is [`Element::Signed`].
    Linear,
    /// `max(0, x)`: the output is [`Element::Unsigned`].
    Relu,
}

impl Activation {
    /// The element of an output behind this activation.
    pub const fn element(self) -> Element {
        match self {
            Activation::Linear => Element::Signed,
            Activation::Relu => Element::Unsigned,
        }
    }
}

/// Calibrated thresholds: a distance up to and including the threshold counts as the same thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Where false accepts are as frequent as false rejects.
    pub equal_error: Option<CalibratedThreshold>,
    /// Where one different pair in a hundred is accepted.
    pub false_accept_1_percent: Option<CalibratedThreshold>,
}

/// A threshold, and how often it errs on the pairs that it was calibrated on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibratedThreshold {
    /// Largest distance that is accepted, in the integers of the model's [`Distance`].
    pub distance: u32,
    /// Share of different pairs that are accepted, 0 to 1.
    pub false_accept_rate: f32,
    /// Share of same pairs that are rejected, 0 to 1.
    pub false_reject_rate: f32,
}

/// Where a model comes from. Figures are those of the int8 engine on the held-out part of the training set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingSummary<'a> {
    /// What it was trained on.
    #[serde(borrow)]
    pub dataset: &'a str,
    /// Program and version that wrote the file.
    pub tool: &'a str,
    /// Seed of the run.
    pub seed: u64,
    /// Images that went through the net, repetitions counted.
    pub images_seen: u64,
    /// Share of held-out images whose nearest other held-out image has the same label, 0 to 1.
    pub precision_at_1: f32,
}

/// How the weights in a model file are laid out; its number is in the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u16)]
pub enum Layout {
    /// As they are: what training exports, and the reference kernels read.
    #[default]
    Plain = 0,
    /// As the fast kernels of a board read them.
    Packed = 1,
}

impl TryFrom<u16> for Layout {
    type Error = UnknownLayout;

    fn try_from(number: u16) -> Result<Self, UnknownLayout> {
        match number {
            0 => Ok(Layout::Plain),
            // Its words are read as they lie there.
            1 if cfg!(target_endian = "little") => Ok(Layout::Packed),
            _ => Err(UnknownLayout),
        }
    }
}

/// There is no such layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLayout;

/// The header's fields, checked against nothing but each other's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// See [`VERSION`].
    pub version: u16,
    /// How the weights are laid out: a [`Layout`]'s number, if it is a known one.
    pub layout: u16,
    /// Bytes of metadata, directly behind the header.
    pub metadata_len: u32,
    /// Bytes of data, at the next multiple of [`ALIGNMENT`].
    pub data_len: u32,
    /// First eight bytes of the SHA-256 of everything behind the header of the plain file: the identity of the model.
    pub hash: [u8; 8],
    /// CRC-32 of the whole file without these four bytes.
    pub crc: u32,
}

impl Header {
    /// Reads the fields; `None` where the magic is another.
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

/// CRC-32 of a file, its own four bytes left out.
pub(crate) fn file_crc(file: &[u8]) -> u32 {
    let mut digest = CRC32.digest();
    digest.update(&file[..HEADER_LEN - 4]);
    digest.update(&file[HEADER_LEN..]);
    digest.finalize()
}

/// Identity of a file's content: the first eight bytes of the SHA-256 of what is behind the header.
pub(crate) fn content_hash(file: &[u8]) -> [u8; 8] {
    let digest = Sha256::digest(&file[HEADER_LEN..]);
    let mut hash = [0; 8];
    hash.copy_from_slice(&digest[..8]);
    hash
}

/// The next multiple of [`ALIGNMENT`].
pub const fn align(offset: usize) -> usize {
    offset.next_multiple_of(ALIGNMENT)
}

/// Writes a model file to the front of `file` and returns its length. `data` holds, for each
/// convolution and dense layer in order, multipliers, biases and weights, and then the background prototypes, each section
/// padded with zeros to a multiple of [`ALIGNMENT`].
///
/// It checks nothing but lengths: [`Model::decode`](crate::model::Model::decode) does, and should be asked
/// before such a file is given away.
///
/// # Errors
/// `file` is too short, or a length does not fit its field.
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

/// Why a model file could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
