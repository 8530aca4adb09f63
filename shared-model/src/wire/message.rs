use super::{
    frame::FrameError,
    image::{ImageError, ImageForm},
};
use crate::{
    engine::EmbedError,
    gallery::{Doubt, GalleryError, Method, RecogniseError, Recognition, Threshold},
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

/// The rate of a serial line on which nothing else was agreed, in bits a second.
pub const BASE_BAUD: u32 = 115_200;

/// The time without a request, in microseconds, after which a board's serial line has
/// [`BASE_BAUD`] again.
pub const SILENCE_MICROS: u32 = 2_000_000;

/// The product name of a board on USB, by which a PC finds it.
pub const USB_PRODUCT: &str = "tinytriplet";

/// The vendor and the product of a board on USB: <https://pid.codes/1209/0001/>, which is for tests,
/// and not for boards that are sold.
pub const USB_IDS: (u16, u16) = (0x1209, 0x0001);

/// The largest number of embeddings that [`RequestBody::Bench`] measures.
pub const MAX_RUNS: u16 = 1_000;

/// A message from the PC to the board.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request<'a> {
    /// The id, which the PC chooses and the response repeats. It is not [`NO_ID`], and differs from
    /// that of the request before, unless this is that request again.
    pub id: u32,
    /// The request itself.
    #[serde(borrow)]
    pub body: RequestBody<'a>,
}

/// The requests.
///
/// *The image* is the last one that was sent: announced by [`Image`](Self::Image), in full by
/// [`Chunk`](Self::Chunk). [`image_requests`](super::image_requests) makes both of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum RequestBody<'a> {
    /// Asks whether the board is there. Answered by [`ResponseBody::Pong`].
    Ping,
    /// Asks for facts about the board. Answered by [`ResponseBody::Info`].
    Info,
    /// Announces an image, of which the bytes follow in chunks. What is left of another is dropped.
    /// Answered by [`ResponseBody::Done`].
    Image {
        /// The meaning of its bytes.
        form: ImageForm,
    },
    /// Brings the next bytes of the image: of a frame, whole rows. With the last ones, the board
    /// computes the image's embedding. Answered by [`ResponseBody::Done`].
    Chunk {
        /// The number of bytes before.
        offset: u32,
        /// The bytes: at most [`Info::chunk`].
        bytes: &'a [u8],
    },
    /// Asks for pixels of the image, as the net takes them. Answered by [`ResponseBody::Pixels`].
    Pixels {
        /// The first one, from 0.
        offset: u32,
    },
    /// Asks for the image's embedding. Answered by [`ResponseBody::Embedding`].
    Embed,
    /// Asks for the distance of the image and the one before it. Answered by
    /// [`ResponseBody::Distance`].
    Compare,
    /// Enrols the image. Answered by [`ResponseBody::Enrolled`], after it has been stored.
    Enrol {
        /// The label.
        label: &'a str,
    },
    /// Asks what the image shows. Answered by [`ResponseBody::Recognition`].
    Recognise {
        /// The way of comparing it with the entries.
        method: Method,
        /// The distance beyond which it is unknown.
        threshold: Threshold,
    },
    /// Asks for the entry with this number, below [`GalleryInfo::len`]. Answered by
    /// [`ResponseBody::Entry`].
    Entry {
        /// The number, from 0.
        index: u16,
    },
    /// Adds an entry, or replaces the one with the same label. Answered by [`ResponseBody::Done`],
    /// after it has been stored.
    Import {
        /// The label.
        label: &'a str,
        /// The [value](crate::gallery).
        value: &'a [u8],
    },
    /// Removes an entry. Answered by [`ResponseBody::Done`].
    Forget {
        /// The label.
        label: &'a str,
    },
    /// Removes all entries, also those of another model. Answered by [`ResponseBody::Done`].
    Clear,
    /// Asks for a CRC-32 of the output of each step of the net for the image. Answered by
    /// [`ResponseBody::Digests`].
    Parity,
    /// Asks for the time that an embedding takes. Afterwards there is no image. Answered by
    /// [`ResponseBody::Bench`].
    Bench {
        /// The number of embeddings, 1 to [`MAX_RUNS`].
        runs: u16,
    },
    /// Asks for the model's self-test. Afterwards there is no image. Answered by
    /// [`ResponseBody::SelfTest`].
    SelfTest,
    /// Restarts the board. Answered by [`ResponseBody::Done`] before it happens.
    Restart(Restart),
    /// Changes the rate of the serial line, until no request has come for [`SILENCE_MICROS`].
    /// Answered by [`ResponseBody::Done`], at the rate before.
    Rate {
        /// Bits a second.
        baud: u32,
    },
    /// Takes the image that was enrolled last out of its entry again, as long as it is the last image that the
    /// board has seen, and the gallery has not changed since. Answered by [`ResponseBody::TakenBack`].
    TakeBack,
}

/// The way in which a board stops before it restarts.
///
/// [`Panic`](Self::Panic), [`Hang`](Self::Hang) and [`Overflow`](Self::Overflow) should never happen.
/// They test that the board comes back, and only a firmware with the feature `fault-injection`
/// carries them out; others answer [`RequestError::NoFaultInjection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Restart {
    /// It resets on purpose.
    Reset,
    /// It panics, as if it had found a fault in itself.
    Panic,
    /// It hangs until the watchdog, if it has one, restarts it.
    Hang,
    /// It resets into its boot loader, where it waits for another firmware over USB. A board without
    /// one answers [`RequestError::NoBootloader`].
    Bootloader,
    /// It calls functions until its stack is full, and faults.
    Overflow,
}

/// A message from the board to the PC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response<'a> {
    /// The id of the request, or [`NO_ID`].
    pub id: u32,
    /// The response itself.
    #[serde(borrow)]
    pub body: ResponseBody<'a>,
}

/// The responses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ResponseBody<'a> {
    /// The request was not carried out, and nothing has changed.
    Error(RequestError),
    /// To [`RequestBody::Ping`].
    Pong,
    /// The request was carried out.
    Done,
    /// To [`RequestBody::Info`].
    #[serde(borrow)]
    Info(Info<'a>),
    /// To [`RequestBody::Pixels`]: as many as fit an answer, at least one.
    Pixels(&'a [u8]),
    /// To [`RequestBody::Embed`]: the engine's bytes.
    Embedding(&'a [u8]),
    /// To [`RequestBody::Compare`]: the model's integer distance.
    Distance(u32),
    /// To [`RequestBody::Enrol`].
    Enrolled {
        /// The number of images that the entry now has.
        count: u32,
        /// The number of entries in the gallery.
        entries: u16,
        /// The reason why it may be a mistake: see [`Gallery::doubt`](crate::Gallery::doubt).
        doubt: Option<Doubt<'a>>,
    },
    /// To [`RequestBody::Recognise`].
    Recognition(Recognition<'a>),
    /// To [`RequestBody::Entry`].
    Entry {
        /// The label.
        label: &'a str,
        /// The [value](crate::gallery).
        value: &'a [u8],
    },
    /// To [`RequestBody::Parity`]: the result of [`Model::digests`].
    Digests(Vec<u32, MAX_LAYERS>),
    /// To [`RequestBody::Bench`].
    Bench {
        /// The number of embeddings.
        runs: u16,
        /// The microseconds that all of them took, by the board's clock.
        microseconds: u64,
    },
    /// To [`RequestBody::SelfTest`]: two CRC-32 of embeddings, which should be equal.
    SelfTest {
        /// The CRC-32 in the model file.
        expected: u32,
        /// The CRC-32 that the board computes.
        actual: u32,
    },
    /// To [`RequestBody::TakeBack`].
    TakenBack {
        /// The label that it was enrolled as.
        label: &'a str,
        /// The number of images that the label has left; at 0, it is no longer there.
        count: u32,
    },
}

/// A board, the model on it, and its gallery.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Info<'a> {
    /// The name of the board.
    pub board: &'a str,
    /// The version of the firmware.
    pub firmware: &'a str,
    /// The milliseconds since it started.
    pub uptime: u64,
    /// The most bytes of stack that were in use so far, and the bytes of stack, if the board knows.
    pub stack: Option<(u32, u32)>,
    /// The most bytes of a [`RequestBody::Chunk`], and of a row of a frame.
    pub chunk: u16,
    /// The model.
    #[serde(borrow)]
    pub model: ModelInfo<'a>,
    /// The gallery.
    pub gallery: GalleryInfo,
}

/// The facts about a model that a PC needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo<'a> {
    /// The [`Model::hash`].
    pub hash: [u8; 8],
    /// The name of the model.
    pub name: &'a str,
    /// The image.
    pub input: Tensor,
    /// The way in which any image becomes one of this shape.
    pub preprocessing: Preprocessing,
    /// The embedding.
    pub embedding: Tensor,
    /// The distance of embeddings.
    pub distance: Distance,
    /// The calibrated thresholds.
    pub thresholds: Thresholds,
    /// The [`Model::ram_len`].
    pub ram: u32,
}

impl<'a> ModelInfo<'a> {
    /// Returns the facts about `model`.
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
    /// The number of entries.
    pub len: u16,
    /// The largest number of entries.
    pub capacity: u16,
    /// The largest number of embeddings that are kept per entry.
    pub exemplars: u16,
    /// The place where it is kept.
    pub storage: Storage,
    /// The number of times that its flash was rewritten, which each time erases half of it.
    pub compactions: u32,
    /// The number of faults that were found in its flash since it was cleared.
    pub damage: u16,
}

/// The place where a board keeps its gallery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Storage {
    /// RAM: the board has no memory that outlasts a reset.
    Ram,
    /// Flash.
    Flash,
    /// The flash holds the gallery of the model with this hash until it is cleared. Until then, the
    /// board's model has no gallery.
    OtherModel([u8; 8]),
    /// The flash is too small, or could not be read when the board started. There is no gallery
    /// until the next start.
    Failed,
}

/// The reason why a request was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RequestError {
    /// The frame could not be read; the response's id is [`NO_ID`].
    Frame(FrameError),
    /// The number of bytes of an image, sent as pixels, differs from the model's input.
    ImageLength {
        /// The bytes of an image of this model.
        expected: u32,
        /// The bytes that were sent.
        actual: u32,
    },
    /// The gallery refuses the request.
    Gallery(GalleryError),
    /// No entry has this label or number.
    NoEntry,
    /// The model has no such threshold: it was not calibrated.
    NoThreshold,
    /// The number of runs is 0, or more than [`MAX_RUNS`].
    Runs,
    /// There is no gallery, because [`GalleryInfo::storage`] is this.
    NoGallery(Storage),
    /// The flash failed to store the change. As far as the board can tell, nothing has changed.
    Storage,
    /// The board failed to compute a well-formed request: a fault of the firmware.
    Internal,
    /// The firmware was built without fault injection: the board neither panics nor hangs on
    /// request.
    NoFaultInjection,
    /// The image, or a part of it, is refused, or is not there.
    Image(ImageError),
    /// The serial line does not have this rate.
    NoRate,
    /// The board has no boot loader that takes a firmware over USB.
    NoBootloader,
    /// The model in the board's flash is not as it was built in.
    DamagedModel,
    /// There is no image to take back: none was enrolled since the board started, or something else has happened
    /// since.
    NothingToTakeBack,
    /// The change has to erase flash, which the board does only so often, so that nobody wears it out. Nothing has
    /// changed.
    Resting {
        /// The seconds after which it can be asked for again.
        seconds: u16,
    },
}

impl From<ImageError> for RequestError {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

impl From<EmbedError> for RequestError {
    /// A board checks the length of an image before; the other buffers are its own.
    fn from(_: EmbedError) -> Self {
        Self::Internal
    }
}

impl From<RecogniseError> for RequestError {
    fn from(error: RecogniseError) -> Self {
        match error {
            // A board makes its gallery for its model.
            RecogniseError::OtherModel => Self::Internal,
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
                write!(f, "the image has {actual} bytes, the model on the board needs {expected}")
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
            Self::Image(error) => error.fmt(f),
            Self::Resting { seconds } => write!(
                f,
                "its flash rests, so that nobody wears it out, and the change is not stored: ask again in {seconds} s"
            ),
            Self::NothingToTakeBack => f.write_str(
                "nothing can be taken back: only the image that was enrolled last, until another is shown, something \
                 else is changed, or the board restarts",
            ),
            Self::NoRate => f.write_str("its serial line does not have this rate"),
            Self::NoBootloader => f.write_str(
                "it has no boot loader that takes a firmware over USB: flash it through its debug probe",
            ),
            Self::DamagedModel => f.write_str("the model in its flash is damaged: flash it again"),
        }
    }
}

impl core::error::Error for RequestError {}

/// Returns the requests that bring an image to a board which takes chunks of at most `chunk` bytes.
/// `bytes` are all of the image's, the rows of a frame without gaps.
///
/// ```
/// use shared_model::wire::{ImageForm, RequestBody, image_requests};
///
/// let form = ImageForm::Pixels { len: 5 };
/// let requests: Vec<_> = image_requests(form, &[1, 2, 3, 4, 5], 3).collect();
/// assert_eq!(
///     requests,
///     [
///         RequestBody::Image { form },
///         RequestBody::Chunk { offset: 0, bytes: &[1, 2, 3] },
///         RequestBody::Chunk { offset: 3, bytes: &[4, 5] },
///     ]
/// );
/// ```
pub fn image_requests(
    form: ImageForm,
    bytes: &[u8],
    chunk: usize,
) -> impl Iterator<Item = RequestBody<'_>> + Clone {
    // A row that is too long for a chunk is for the board to refuse.
    let row = form.row_len().max(1);
    let len = (chunk / row).max(1) * row;
    let chunks = bytes.chunks(len).zip((0..).step_by(len));
    let chunks = chunks.map(|(bytes, offset)| RequestBody::Chunk { offset, bytes });
    core::iter::once(RequestBody::Image { form }).chain(chunks)
}

#[cfg(all(test, documents))]
mod tests {
    use super::*;
    use crate::{
        gallery::{LabelError, Match},
        model::tensor::{Element, Shape},
        prepare::Format,
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
        let form = ImageForm::Camera { format: Format::Grey8, width: 2, height: 2, crop: None };
        for (id, body) in (298..).zip(image_requests(form, &[0, 255, 7, 0], 1024)) {
            is_shown(&Request { id, body });
            is_shown(&Response { id, body: ResponseBody::Done });
        }
        is_shown(&Request { id: 300, body: RequestBody::Enrol { label: "é" } });
        is_shown(&Response { id: 300, body: ResponseBody::Enrolled { count: 3, entries: 12, doubt: None } });
        let error = ImageError::Offset { expected: 4, actual: 0 };
        is_shown(&Response { id: 301, body: ResponseBody::Error(error.into()) });
        is_shown(&Request { id: 302, body: RequestBody::Rate { baud: 921_600 } });
        is_shown(&Response { id: 302, body: ResponseBody::Done });
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
        let (bytes, label) = (&[][..], "");
        are_numbered(&[
            RequestBody::Ping,
            RequestBody::Info,
            RequestBody::Image { form: ImageForm::Pixels { len: 0 } },
            RequestBody::Chunk { offset: 0, bytes },
            RequestBody::Pixels { offset: 0 },
            RequestBody::Embed,
            RequestBody::Compare,
            RequestBody::Enrol { label },
            RequestBody::Recognise { method: Method::Prototype, threshold: Threshold::None },
            RequestBody::Entry { index: 0 },
            RequestBody::Import { label, value: bytes },
            RequestBody::Forget { label },
            RequestBody::Clear,
            RequestBody::Parity,
            RequestBody::Bench { runs: 1 },
            RequestBody::SelfTest,
            RequestBody::Restart(Restart::Reset),
            RequestBody::Rate { baud: 0 },
            RequestBody::TakeBack,
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
            RequestError::Image(ImageError::None),
            RequestError::NoRate,
            RequestError::NoBootloader,
            RequestError::DamagedModel,
            RequestError::NothingToTakeBack,
            RequestError::Resting { seconds: 60 },
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
        let gallery = GalleryInfo {
            len: 0,
            capacity: 0,
            exemplars: 0,
            storage: Storage::Ram,
            compactions: 0,
            damage: 0,
        };
        are_numbered(&[
            ResponseBody::Error(RequestError::Internal),
            ResponseBody::Pong,
            ResponseBody::Done,
            ResponseBody::Info(Info {
                board: "",
                firmware: "",
                uptime: 0,
                stack: None,
                chunk: 0,
                model,
                gallery,
            }),
            ResponseBody::Pixels(&[]),
            ResponseBody::Embedding(&[]),
            ResponseBody::Distance(0),
            ResponseBody::Enrolled { count: 0, entries: 0, doubt: None },
            ResponseBody::Recognition(Recognition {
                nearest: None,
                runner_up: None,
                threshold: 0,
                background: None,
            }),
            ResponseBody::Entry { label, value: bytes },
            ResponseBody::Digests(heapless::Vec::new()),
            ResponseBody::Bench { runs: 0, microseconds: 0 },
            ResponseBody::SelfTest { expected: 0, actual: 0 },
            ResponseBody::TakenBack { label, count: 0 },
        ]);
    }

    /// The variants within fields, which have no rows of their own.
    #[test]
    fn the_document_numbers_what_is_inside() {
        fn number(value: impl Serialize) -> u8 {
            postcard::to_slice(&value, &mut [0; 32]).unwrap()[0]
        }
        assert_eq!(
            [Restart::Reset, Restart::Panic, Restart::Hang, Restart::Bootloader, Restart::Overflow]
                .map(number),
            [0, 1, 2, 3, 4]
        );
        assert_eq!([Method::Prototype, Method::Neighbours(3)].map(number), [0, 1]);
        use Threshold as T;
        let thresholds = [T::EqualError, T::FalseAccept1Percent, T::Distance(0), T::None, T::Own];
        assert_eq!(thresholds.map(number), [0, 1, 2, 3, 4]);
        let doubts = [Doubt::Like(Match { label: "", distance: 0 }), Doubt::Unlike(0)];
        assert_eq!(doubts.map(number), [0, 1]);
        let storage = [Storage::Ram, Storage::Flash, Storage::OtherModel([0; 8]), Storage::Failed];
        assert_eq!(storage.map(number), [0, 1, 2, 3]);
        use FrameError::*;
        assert_eq!([TooLong, Cobs, Crc, Version(2), Message].map(number), [0, 1, 2, 3, 4]);
        use GalleryError as G;
        let label = G::Label(LabelError::Empty);
        let errors = [label, G::Full, G::TooManyImages, G::NoExemplars, G::Length, G::Value, G::Replaced];
        assert_eq!(errors.map(number), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!([LabelError::Empty, LabelError::TooLong, LabelError::Control].map(number), [0, 1, 2]);
        use Format::*;
        let formats = [Grey8, Rgb888, Rgb565LittleEndian, Rgb565BigEndian, Yuyv, Uyvy];
        assert_eq!(formats.map(number), [0, 1, 2, 3, 4, 5]);
        let frame = ImageForm::Camera { format: Grey8, width: 0, height: 0, crop: None };
        assert_eq!([ImageForm::Pixels { len: 0 }, frame].map(number), [0, 1]);
        use ImageError as I;
        let errors = [
            I::None,
            I::Unfinished { received: 0, expected: 0 },
            I::OnlyOne,
            I::NotBegun,
            I::Offset { expected: 0, actual: 0 },
            I::TooLong { expected: 0, actual: 0 },
            I::Row { expected: 0 },
            I::TooWide { row: 0, most: 0 },
            I::Empty,
            I::OddWidth,
            I::Crop,
            I::NoPreparation,
        ];
        assert_eq!(errors.map(number), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    }
}
