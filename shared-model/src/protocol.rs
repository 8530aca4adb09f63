//! What is said between a PC and a board.
//!
//! A message is one frame: `COBS(postcard(message) ++ CRC-32 of it, little-endian) ++ 0x00`
//! ([`encode_frame`], [`FrameReader`], [`decode_message`]). The PC sends a [`Request`], the board answers
//! each with one [`Response`] that carries the request's id. A frame that the board cannot read is
//! answered too, with id [`NO_ID`].

pub use crate::frame::{FrameError, FrameFull, FrameReader, decode_message, encode_frame};
use crate::{Distance, EmbedError, Model, Tensor};
use serde::{Deserialize, Serialize};

/// Version of the protocol described here; a board tells its own in [`Info`].
pub const VERSION: u8 = 1;

/// The id of a response to a frame that could not be read. Requests use other ids.
pub const NO_ID: u32 = 0;

/// What a PC asks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request<'a> {
    /// Chosen by the PC, repeated in the response; not [`NO_ID`].
    pub id: u32,
    /// What is asked.
    #[serde(borrow)]
    pub body: RequestBody<'a>,
}

/// The questions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum RequestBody<'a> {
    /// Are you there? Answered by [`ResponseBody::Pong`].
    Ping,
    /// Who are you? Answered by [`ResponseBody::Info`].
    Info,
    /// The embedding of an image. Answered by [`ResponseBody::Embedding`].
    Embed {
        /// Height × width × channels bytes.
        #[serde(borrow)]
        pixels: &'a [u8],
    },
    /// The distance of two images' embeddings. Answered by [`ResponseBody::Distance`].
    Compare {
        /// One image.
        #[serde(borrow)]
        a: &'a [u8],
        /// The other.
        #[serde(borrow)]
        b: &'a [u8],
    },
}

/// What a board answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response<'a> {
    /// The request's id, or [`NO_ID`].
    pub id: u32,
    /// The answer.
    #[serde(borrow)]
    pub body: ResponseBody<'a>,
}

/// The answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum ResponseBody<'a> {
    /// To [`RequestBody::Ping`].
    Pong,
    /// To [`RequestBody::Info`].
    #[serde(borrow)]
    Info(Info<'a>),
    /// To [`RequestBody::Embed`]: the engine's bytes.
    Embedding(&'a [u8]),
    /// To [`RequestBody::Compare`]: the model's integer distance.
    Distance(u32),
    /// The request was not carried out.
    Error(RequestError),
}

/// A board and the model on it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Info<'a> {
    /// [`VERSION`] of the board's firmware.
    pub protocol: u8,
    /// Name of the board.
    pub board: &'a str,
    /// Version of the firmware.
    pub firmware: &'a str,
    /// The model.
    #[serde(borrow)]
    pub model: ModelInfo<'a>,
}

/// What a PC needs to know of a model to talk about it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo<'a> {
    /// [`Model::hash`].
    pub hash: [u8; 8],
    /// Name of the model.
    pub name: &'a str,
    /// The image.
    pub input: Tensor,
    /// The embedding.
    pub embedding: Tensor,
    /// How embeddings are compared.
    pub distance: Distance,
    /// [`Model::ram_len`].
    pub ram: u32,
}

impl<'a> ModelInfo<'a> {
    /// What is to be said of `model`.
    pub fn of(model: &Model<'a>) -> Self {
        Self {
            hash: model.hash(),
            name: model.metadata().name,
            input: model.input(),
            embedding: model.output(),
            distance: model.distance(),
            ram: model.ram_len() as u32,
        }
    }
}

/// Why a request was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RequestError {
    /// The frame could not be read; the response's id is [`NO_ID`].
    Frame(FrameError),
    /// An image has another number of bytes than the model's input.
    ImageLength {
        /// Bytes of an image of this model.
        expected: u32,
        /// Bytes that were sent.
        actual: u32,
    },
    /// The board could not compute it, though the request is well formed: a fault of the firmware.
    Internal,
}

impl From<EmbedError> for RequestError {
    /// The lengths of an image are checked before; the buffers are the firmware's own.
    fn from(_: EmbedError) -> Self {
        Self::Internal
    }
}

impl core::fmt::Display for RequestError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::ImageLength { expected, actual } => {
                write!(f, "the image has {actual} bytes, the model on the board takes {expected}")
            }
            Self::Internal => f.write_str("the board failed to compute a well-formed request"),
        }
    }
}

impl core::error::Error for RequestError {}
