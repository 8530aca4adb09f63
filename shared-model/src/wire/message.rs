use super::frame::FrameError;
use crate::{
    engine::EmbedError,
    gallery::{GalleryError, Method, RecogniseError, Recognition, Threshold},
    model::{
        decode::Model,
        format::{Distance, MAX_LAYERS, Preprocessing, Thresholds},
        tensor::Tensor,
    },
};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// The id of a response to a frame that could not be read. Requests use other ids.
pub const NO_ID: u32 = 0;

/// Most embeddings that [`RequestBody::Bench`] measures.
pub const MAX_RUNS: u16 = 1_000;

/// What a PC asks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request<'a> {
    /// Chosen by the PC, repeated in the response; not [`NO_ID`], and another one than that of the request before, unless
    /// this is that request again.
    pub id: u32,
    /// What is asked.
    #[serde(borrow)]
    pub body: RequestBody<'a>,
}

/// The questions. An image is height × width × channels bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum RequestBody<'a> {
    /// Are you there? Answered by [`ResponseBody::Pong`].
    Ping,
    /// Who are you? Answered by [`ResponseBody::Info`].
    Info,
    /// The embedding of an image. Answered by [`ResponseBody::Embedding`].
    Embed {
        /// The image.
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
    /// This image is one of these. Answered by [`ResponseBody::Enrolled`], after it has been stored.
    Enrol {
        /// What it is called.
        label: &'a str,
        /// The image.
        #[serde(borrow)]
        pixels: &'a [u8],
    },
    /// What is this? Answered by [`ResponseBody::Recognition`].
    Recognise {
        /// The image.
        #[serde(borrow)]
        pixels: &'a [u8],
        /// What it is compared with.
        method: Method,
        /// From which distance on it is unknown.
        threshold: Threshold,
    },
    /// The entry of this number, from 0; [`GalleryInfo::len`] says how many there are. Answered by
    /// [`ResponseBody::Entry`].
    Entry {
        /// Its number.
        index: u16,
    },
    /// Puts an entry in, in place of the one of its label if there is one. Answered by [`ResponseBody::Done`], after it
    /// has been stored.
    Import {
        /// What it is called.
        label: &'a str,
        /// Its [value](crate::gallery).
        value: &'a [u8],
    },
    /// Takes an entry out. Answered by [`ResponseBody::Done`].
    Forget {
        /// Which one.
        label: &'a str,
    },
    /// Takes all entries out, those of another model too. Answered by [`ResponseBody::Done`].
    Clear,
    /// A CRC-32 of what each step of the net computes from an image. Answered by [`ResponseBody::Digests`].
    Parity {
        /// The image.
        #[serde(borrow)]
        pixels: &'a [u8],
    },
    /// How long does an embedding take? Answered by [`ResponseBody::Bench`].
    Bench {
        /// How often it is computed, at most [`MAX_RUNS`] times.
        runs: u16,
    },
    /// Does the engine compute what the model file says that it must? Answered by [`ResponseBody::SelfTest`].
    SelfTest,
    /// Start anew. Answered by [`ResponseBody::Done`] before it happens.
    Restart(Restart),
}

/// How a board ends before it starts anew: two ways that should never happen, to see that it comes back from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Restart {
    /// On purpose.
    Reset,
    /// As if it had found a fault in itself.
    Panic,
    /// It does nothing any more, until the watchdog, where it has one, starts it anew.
    Hang,
}

/// What a board answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response<'a> {
    /// The request's id, or [`NO_ID`].
    pub id: u32,
    /// The answer.
    #[serde(borrow)]
    pub body: ResponseBody<'a>,
}

/// The answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ResponseBody<'a> {
    /// The request was not carried out, and nothing has changed.
    Error(RequestError),
    /// To [`RequestBody::Ping`].
    Pong,
    /// It is done.
    Done,
    /// To [`RequestBody::Info`].
    #[serde(borrow)]
    Info(Info<'a>),
    /// To [`RequestBody::Embed`]: the engine's bytes.
    Embedding(&'a [u8]),
    /// To [`RequestBody::Compare`]: the model's integer distance.
    Distance(u32),
    /// To [`RequestBody::Enrol`].
    Enrolled {
        /// Images that the entry is made of now.
        count: u32,
        /// Entries in the gallery.
        entries: u16,
    },
    /// To [`RequestBody::Recognise`].
    Recognition(Recognition<'a>),
    /// To [`RequestBody::Entry`].
    Entry {
        /// What it is called.
        label: &'a str,
        /// Its [value](crate::gallery).
        value: &'a [u8],
    },
    /// To [`RequestBody::Parity`]: as [`Model::digests`] gives them.
    Digests(Vec<u32, MAX_LAYERS>),
    /// To [`RequestBody::Bench`].
    Bench {
        /// How often an embedding was computed.
        runs: u16,
        /// Microseconds that all of them took, by the board's clock.
        microseconds: u64,
    },
    /// To [`RequestBody::SelfTest`]: two CRC-32 of embeddings, which should be equal.
    SelfTest {
        /// What the model file says.
        expected: u32,
        /// What the board computes.
        actual: u32,
    },
}

/// A board, the model on it, and its gallery.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Info<'a> {
    /// Name of the board.
    pub board: &'a str,
    /// Version of the firmware.
    pub firmware: &'a str,
    /// Milliseconds since it started.
    pub uptime: u64,
    /// Most bytes of stack that it has used so far, and bytes of stack there are, where the board knows.
    pub stack: Option<(u32, u32)>,
    /// The model.
    #[serde(borrow)]
    pub model: ModelInfo<'a>,
    /// What is enrolled.
    pub gallery: GalleryInfo,
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
    /// How an image from outside becomes one.
    pub preprocessing: Preprocessing,
    /// The embedding.
    pub embedding: Tensor,
    /// How embeddings are compared.
    pub distance: Distance,
    /// Its thresholds_.
    pub thresholds: Thresholds,
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
            preprocessing: model.metadata().preprocessing,
            embedding: model.output(),
            distance: model.distance(),
            thresholds: model.metadata().thresholds,
            ram: model.ram_len() as u32,
        }
    }
}

/// A board's gallery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GalleryInfo {
    /// Entries there are.
    pub len: u16,
    /// Entries it holds at most.
    pub capacity: u16,
    /// Embeddings that are kept of each entry, at most.
    pub exemplars: u16,
    /// Where it is kept.
    pub storage: Storage,
}

/// Where a board keeps its gallery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Storage {
    /// In RAM: the board has no memory that outlasts a reset.
    Ram,
    /// In flash.
    Flash,
    /// In flash lies the gallery of the model with this hash, and stays there until it is cleared. Until then there is
    /// none of the model on the board.
    OtherModel([u8; 8]),
    /// The flash could not be read when the board started, or is too small. There is no gallery until the next start.
    Failed,
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
    /// The gallery does not do that.
    Gallery(GalleryError),
    /// There is no entry of this label or number.
    NoEntry,
    /// The model has no such threshold: it was not calibrated.
    NoThreshold,
    /// The number of runs is 0, or more than [`MAX_RUNS`].
    Runs,
    /// There is no gallery: see [`GalleryInfo::storage`], which is this.
    NoGallery(Storage),
    /// The change could not be stored: the flash failed. Nothing has changed, as far as the board can tell.
    Storage,
    /// The board could not compute it, though the request is well formed: a fault of the firmware.
    Internal,
    /// The firmware was built without fault injection: the board neither panics nor hangs on request.
    NoFaultInjection,
}

impl From<EmbedError> for RequestError {
    /// The lengths of an image are checked before; the buffers are the firmware's own.
    fn from(_: EmbedError) -> Self {
        Self::Internal
    }
}

impl From<RecogniseError> for RequestError {
    fn from(error: RecogniseError) -> Self {
        match error {
            RecogniseError::NoThreshold => Self::NoThreshold,
            RecogniseError::Gallery(error) => Self::Gallery(error),
        }
    }
}

impl From<GalleryError> for RequestError {
    fn from(error: GalleryError) -> Self {
        Self::Gallery(error)
    }
}

impl core::fmt::Display for RequestError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::ImageLength { expected, actual } => {
                write!(f, "the image has {actual} bytes, the model on the board takes {expected}")
            }
            Self::Gallery(error) => error.fmt(f),
            Self::NoEntry => f.write_str("no such label is enrolled"),
            Self::NoThreshold => f.write_str("the model has no calibrated threshold: give a distance"),
            Self::Runs => write!(f, "the number of runs is from 1 to {MAX_RUNS}"),
            Self::NoGallery(Storage::OtherModel(hash)) => write!(
                f,
                "its flash holds the gallery of another model or firmware ({:016x}), which is kept: flash that one \
                 again to use it, or clear it",
                u64::from_be_bytes(*hash)
            ),
            Self::NoGallery(_) => {
                f.write_str("the flash that holds its gallery failed when the board started: restart it")
            }
            Self::Storage => f.write_str("the flash failed: the change is not stored"),
            Self::Internal => f.write_str("the board failed to compute a well-formed request"),
            Self::NoFaultInjection => f.write_str("its firmware was built without fault injection"),
        }
    }
}

impl core::error::Error for RequestError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gallery::LabelError,
        model::tensor::{Element, Shape},
        wire::frame::{VERSION, encode_frame},
    };
    use std::{format, string::String, vec::Vec};

    const DOCUMENT: &str = include_str!("../../../docs/PROTOCOL.md");

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn is_shown(message: &impl Serialize) {
        let mut buffer = [0; 64];
        let frame = hex(encode_frame(message, &mut buffer).unwrap());
        assert!(DOCUMENT.lines().any(|line| line == frame), "docs/PROTOCOL.md should show {frame}");
    }

    #[test]
    fn the_document_shows_whole_frames() {
        is_shown(&Request { id: 1, body: RequestBody::Ping });
        is_shown(&Response { id: 1, body: ResponseBody::Pong });
        let body = RequestBody::Enrol { label: "é", pixels: &[0, 255, 7, 0] };
        is_shown(&Request { id: 300, body });
        is_shown(&Response { id: 300, body: ResponseBody::Enrolled { count: 3, entries: 12 } });
        let error = RequestError::Frame(FrameError::Crc);
        is_shown(&Response { id: NO_ID, body: ResponseBody::Error(error) });
        assert!(DOCUMENT.starts_with(&format!("# The protocol, version {VERSION}\n")));
    }

    /// A row of the document's tables for each variant, with its number on the wire.
    #[track_caller]
    fn are_numbered<T: Serialize + core::fmt::Debug>(variants: &[T]) {
        for (number, variant) in variants.iter().enumerate() {
            let mut buffer = [0; 512];
            let bytes = postcard::to_slice(variant, &mut buffer).unwrap();
            assert_eq!(usize::from(bytes[0]), number, "{variant:?}");
            let debug = format!("{variant:?}");
            let name: &str = debug.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            let row = format!("| {number} | {name} |");
            assert!(DOCUMENT.contains(&row), "docs/PROTOCOL.md should have a row {row}");
        }
    }

    #[test]
    fn the_document_numbers_every_message() {
        let (pixels, label) = (&[][..], "");
        are_numbered(&[
            RequestBody::Ping,
            RequestBody::Info,
            RequestBody::Embed { pixels },
            RequestBody::Compare { a: pixels, b: pixels },
            RequestBody::Enrol { label, pixels },
            RequestBody::Recognise { pixels, method: Method::Prototype, threshold: Threshold::None },
            RequestBody::Entry { index: 0 },
            RequestBody::Import { label, value: pixels },
            RequestBody::Forget { label },
            RequestBody::Clear,
            RequestBody::Parity { pixels },
            RequestBody::Bench { runs: 1 },
            RequestBody::SelfTest,
            RequestBody::Restart(Restart::Reset),
        ]);
        are_numbered(&[
            RequestError::Frame(FrameError::Crc),
            RequestError::ImageLength { expected: 0, actual: 0 },
            RequestError::Gallery(GalleryError::Full),
            RequestError::NoEntry,
            RequestError::NoThreshold,
            RequestError::Runs,
            RequestError::NoGallery(Storage::Failed),
            RequestError::Storage,
            RequestError::Internal,
            RequestError::NoFaultInjection,
        ]);
        let tensor = Tensor { shape: Shape::new(1, 1, 1), element: Element::Signed, scale: 1.0 };
        let model = ModelInfo {
            hash: [0; 8],
            name: "",
            input: tensor,
            preprocessing: Preprocessing::MNIST,
            embedding: tensor,
            distance: Distance::Cosine,
            thresholds: Thresholds::default(),
            ram: 0,
        };
        let gallery = GalleryInfo { len: 0, capacity: 0, exemplars: 0, storage: Storage::Ram };
        are_numbered(&[
            ResponseBody::Error(RequestError::Internal),
            ResponseBody::Pong,
            ResponseBody::Done,
            ResponseBody::Info(Info { board: "", firmware: "", uptime: 0, stack: None, model, gallery }),
            ResponseBody::Embedding(&[]),
            ResponseBody::Distance(0),
            ResponseBody::Enrolled { count: 0, entries: 0 },
            ResponseBody::Recognition(Recognition {
                nearest: None,
                runner_up: None,
                threshold: 0,
                background: None,
            }),
            ResponseBody::Entry { label, value: pixels },
            ResponseBody::Digests(heapless::Vec::new()),
            ResponseBody::Bench { runs: 0, microseconds: 0 },
            ResponseBody::SelfTest { expected: 0, actual: 0 },
        ]);
    }

    /// The variants within fields, which have no rows of their own.
    #[test]
    fn the_document_numbers_what_is_inside() {
        fn number(value: impl Serialize) -> u8 {
            postcard::to_slice(&value, &mut [0; 32]).unwrap()[0]
        }
        assert_eq!([Restart::Reset, Restart::Panic, Restart::Hang].map(number), [0, 1, 2]);
        assert_eq!([Method::Prototype, Method::Neighbours(3)].map(number), [0, 1]);
        let thresholds =
            [Threshold::EqualError, Threshold::FalseAccept1Percent, Threshold::Distance(0), Threshold::None];
        assert_eq!(thresholds.map(number), [0, 1, 2, 3]);
        let storage = [Storage::Ram, Storage::Flash, Storage::OtherModel([0; 8]), Storage::Failed];
        assert_eq!(storage.map(number), [0, 1, 2, 3]);
        use FrameError::*;
        assert_eq!([TooLong, Cobs, Crc, Version(2), Message].map(number), [0, 1, 2, 3, 4]);
        use GalleryError as G;
        let errors =
            [G::Label(LabelError::Empty), G::Full, G::TooManyImages, G::NoExemplars, G::Length, G::Value];
        assert_eq!(errors.map(number), [0, 1, 2, 3, 4, 5]);
        assert_eq!([LabelError::Empty, LabelError::TooLong, LabelError::Control].map(number), [0, 1, 2]);
    }
}
