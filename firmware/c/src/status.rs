use core::ffi::{CStr, c_char};
use shared_model::{
    DecodeError, EmbedError, GalleryError,
    gallery::RecogniseError,
    prepare::{FrameError, PrepareError, strokes::StrokesError},
};
use tinytriplet_device::persistent_gallery::{Persistence, PersistentGalleryError};
use tinytriplet_store::{MountError, StoreError};

/// The result of a call. Numbers keep their meaning.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tt_status {
    /// It is done.
    TT_OK = 0,

    /// A pointer is null.
    TT_NULL = 1,
    /// A pointer is not aligned: scratch to 4 bytes, a packed model file to 4, a struct as C does it.
    TT_UNALIGNED = 2,
    /// An array that is written to overlaps another one.
    TT_OVERLAP = 3,
    /// A number is not one of the constants, or a length exceeds the address space.
    TT_ARGUMENT = 4,
    /// The struct was not initialised by its function, or it is a copy of one that was.
    TT_NOT_INITIALISED = 5,
    /// The gallery belongs to another model.
    TT_OTHER_MODEL = 6,
    /// The struct is in use: the call comes from a function that a call on the same struct has called.
    TT_BUSY = 7,

    /// The model file is cut short, or has another length than its header says.
    TT_MODEL_LENGTH = 16,
    /// It is not a model file.
    TT_MODEL_MAGIC = 17,
    /// The model file is in a version of the format that this library does not read.
    TT_MODEL_VERSION = 18,
    /// The model file was damaged: its CRC does not match.
    TT_MODEL_CRC = 19,
    /// The model file is not valid.
    TT_MODEL_INVALID = 20,
    /// The model does not compute the right bytes on this processor.
    TT_SELF_TEST = 21,

    /// The image does not have `input_len` bytes.
    TT_INPUT_LENGTH = 32,
    /// The scratch is too short.
    TT_SCRATCH_LENGTH = 33,
    /// The embedding does not have `embedding_len` bytes.
    TT_EMBEDDING_LENGTH = 34,

    /// There can be no such frame: it is empty, its crop reaches beyond it, its stride is shorter
    /// than a row, or its width is odd in YUV 4:2:2.
    TT_FRAME = 48,
    /// A row has fewer bytes than its pixels, or more than the stride.
    TT_ROW_LENGTH = 49,
    /// The frame has no further row.
    TT_TOO_MANY_ROWS = 50,
    /// The frame is incomplete.
    TT_MISSING_ROWS = 51,
    /// The net takes pixels that are neither grey nor in colour (red, green and blue), or signs on paper
    /// in colour: no frame is made into its image here.
    TT_CHANNELS = 52,
    /// The drawing has no points.
    TT_NO_POINTS = 53,

    /// The label is empty, longer than 31 bytes, not UTF-8, or has control characters.
    TT_LABEL = 64,
    /// The gallery has no room for another label.
    TT_FULL = 65,
    /// The label has as many images as there can be.
    TT_TOO_MANY_IMAGES = 66,
    /// The gallery keeps no exemplars that could vote.
    TT_NO_EXEMPLARS = 67,
    /// The value of the entry is damaged, or one of another gallery.
    TT_VALUE = 68,
    /// The gallery has no such label, or no entry at that index.
    TT_NO_ENTRY = 69,
    /// The model has no such threshold.
    TT_NO_THRESHOLD = 70,

    /// The flash region is unusable: it is not two halves of whole units, its words are not of 1 to
    /// 256 bytes, a power of 2, or it is too small for the entries.
    TT_FLASH_REGION = 80,
    /// A function for the flash has failed.
    TT_FLASH = 81,
    /// The flash does not hold what was written to it, or is not erased after an erase.
    TT_FLASH_READ_BACK = 82,
    /// An entry in the flash is no longer as it was written.
    TT_FLASH_DAMAGED = 83,
    /// The flash has been rewritten as often as can be counted.
    TT_FLASH_WORN_OUT = 84,
}

use tt_status::*;

impl tt_status {
    fn text(self) -> &'static CStr {
        match self {
            TT_OK => c"done",
            TT_NULL => c"a pointer is null",
            TT_UNALIGNED => c"a pointer is not aligned",
            TT_OVERLAP => c"an array that is written to overlaps another one",
            TT_ARGUMENT => c"a number is out of range",
            TT_NOT_INITIALISED => c"a struct was not initialised, or was copied",
            TT_OTHER_MODEL => c"the gallery belongs to another model",
            TT_BUSY => c"a function for the flash has called what it works for",
            TT_MODEL_LENGTH => c"the model file has the wrong length",
            TT_MODEL_MAGIC => c"not a model file",
            TT_MODEL_VERSION => c"the model file is in another version: export it again",
            TT_MODEL_CRC => c"the model file was damaged",
            TT_MODEL_INVALID => c"the model file is not valid",
            TT_SELF_TEST => c"the model computes other bytes on this processor",
            TT_INPUT_LENGTH => c"the image has the wrong length",
            TT_SCRATCH_LENGTH => c"the scratch is too short",
            TT_EMBEDDING_LENGTH => c"the embedding has the wrong length",
            TT_FRAME => c"there can be no such frame",
            TT_ROW_LENGTH => c"a row is shorter than its pixels or longer than the stride",
            TT_TOO_MANY_ROWS => c"the frame has no further row",
            TT_MISSING_ROWS => c"the frame is incomplete",
            TT_CHANNELS => c"the net takes other pixels than a frame gives",
            TT_NO_POINTS => c"nothing is drawn",
            TT_LABEL => c"a label has 1 to 31 bytes of UTF-8 and no control characters",
            TT_FULL => c"the gallery is full: forget a label first",
            TT_TOO_MANY_IMAGES => c"the label has as many images as there can be",
            TT_NO_EXEMPLARS => c"the gallery keeps no exemplars that could vote",
            TT_VALUE => c"the value of the entry is damaged",
            TT_NO_ENTRY => c"the gallery has no such entry",
            TT_NO_THRESHOLD => c"the model has no such threshold",
            TT_FLASH_REGION => c"the region of flash has no two halves, odd words, or too little room",
            TT_FLASH => c"the flash cannot be read, written or erased",
            TT_FLASH_READ_BACK => c"the flash does not hold what was written",
            TT_FLASH_DAMAGED => c"an entry in the flash is damaged",
            TT_FLASH_WORN_OUT => c"the flash has been written too often",
        }
    }

    /// All of them.
    const ALL: [Self; 35] = [
        TT_OK,
        TT_NULL,
        TT_UNALIGNED,
        TT_OVERLAP,
        TT_ARGUMENT,
        TT_NOT_INITIALISED,
        TT_OTHER_MODEL,
        TT_BUSY,
        TT_MODEL_LENGTH,
        TT_MODEL_MAGIC,
        TT_MODEL_VERSION,
        TT_MODEL_CRC,
        TT_MODEL_INVALID,
        TT_SELF_TEST,
        TT_INPUT_LENGTH,
        TT_SCRATCH_LENGTH,
        TT_EMBEDDING_LENGTH,
        TT_FRAME,
        TT_ROW_LENGTH,
        TT_TOO_MANY_ROWS,
        TT_MISSING_ROWS,
        TT_CHANNELS,
        TT_NO_POINTS,
        TT_LABEL,
        TT_FULL,
        TT_TOO_MANY_IMAGES,
        TT_NO_EXEMPLARS,
        TT_VALUE,
        TT_NO_ENTRY,
        TT_NO_THRESHOLD,
        TT_FLASH_REGION,
        TT_FLASH,
        TT_FLASH_READ_BACK,
        TT_FLASH_DAMAGED,
        TT_FLASH_WORN_OUT,
    ];
}

/// Returns a sentence for people, in English, or "unknown status".
#[unsafe(export_name = symbol!(tt_status_text))]
pub extern "C" fn tt_status_text(status: i32) -> *const c_char {
    let known = tt_status::ALL.into_iter().find(|known| *known as i32 == status);
    known.map_or(c"unknown status", tt_status::text).as_ptr()
}

/// Returns the status of a call whose parts end early when one fails.
pub fn status(call: impl FnOnce() -> Result<(), tt_status>) -> tt_status {
    call().err().unwrap_or(TT_OK)
}

impl From<DecodeError> for tt_status {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Truncated | DecodeError::TrailingBytes => TT_MODEL_LENGTH,
            DecodeError::Magic => TT_MODEL_MAGIC,
            DecodeError::Version(_) => TT_MODEL_VERSION,
            DecodeError::Crc => TT_MODEL_CRC,
            DecodeError::Unaligned => TT_UNALIGNED,
            _ => TT_MODEL_INVALID,
        }
    }
}

impl From<EmbedError> for tt_status {
    fn from(error: EmbedError) -> Self {
        match error {
            EmbedError::InputLength => TT_INPUT_LENGTH,
            EmbedError::ScratchLength => TT_SCRATCH_LENGTH,
            EmbedError::EmbeddingLength => TT_EMBEDDING_LENGTH,
            _ => TT_ARGUMENT,
        }
    }
}

impl From<FrameError> for tt_status {
    fn from(_: FrameError) -> Self {
        TT_FRAME
    }
}

impl From<PrepareError> for tt_status {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::ScratchLength => TT_SCRATCH_LENGTH,
            PrepareError::PixelsLength => TT_INPUT_LENGTH,
            PrepareError::RowLength => TT_ROW_LENGTH,
            PrepareError::TooManyRows => TT_TOO_MANY_ROWS,
            PrepareError::MissingRows => TT_MISSING_ROWS,
            _ => TT_FRAME,
        }
    }
}

impl From<GalleryError> for tt_status {
    fn from(error: GalleryError) -> Self {
        match error {
            GalleryError::Label(_) => TT_LABEL,
            GalleryError::Full => TT_FULL,
            GalleryError::TooManyImages => TT_TOO_MANY_IMAGES,
            GalleryError::NoExemplars => TT_NO_EXEMPLARS,
            GalleryError::Length => TT_EMBEDDING_LENGTH,
            GalleryError::Value => TT_VALUE,
            _ => TT_ARGUMENT,
        }
    }
}

impl From<RecogniseError> for tt_status {
    fn from(error: RecogniseError) -> Self {
        match error {
            RecogniseError::OtherModel => TT_OTHER_MODEL,
            RecogniseError::NoThreshold => TT_NO_THRESHOLD,
            RecogniseError::Gallery(error) => error.into(),
            _ => TT_ARGUMENT,
        }
    }
}

impl From<StrokesError> for tt_status {
    fn from(error: StrokesError) -> Self {
        match error {
            StrokesError::NoPoints => TT_NO_POINTS,
            StrokesError::ScratchLength => TT_SCRATCH_LENGTH,
            StrokesError::PixelsLength => TT_INPUT_LENGTH,
            // A net that is too large to be drawn in.
            _ => TT_CHANNELS,
        }
    }
}

impl From<MountError> for tt_status {
    fn from(error: MountError) -> Self {
        match error {
            MountError::Flash(_) => TT_FLASH,
            _ => TT_FLASH_REGION,
        }
    }
}

impl From<StoreError> for tt_status {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::OtherOwner => TT_OTHER_MODEL,
            StoreError::Full => TT_FULL,
            StoreError::Damaged => TT_FLASH_DAMAGED,
            StoreError::ReadBack => TT_FLASH_READ_BACK,
            StoreError::WornOut => TT_FLASH_WORN_OUT,
            // Here all erases are allowed.
            StoreError::Flash(_) | StoreError::Resting => TT_FLASH,
            StoreError::Index | StoreError::KeyLength | StoreError::ValueLength => TT_ARGUMENT,
        }
    }
}

impl From<PersistentGalleryError> for tt_status {
    fn from(error: PersistentGalleryError) -> Self {
        match error {
            PersistentGalleryError::Gallery(error) => error.into(),
            PersistentGalleryError::NoEntry => TT_NO_ENTRY,
            PersistentGalleryError::Unavailable(Persistence::OtherModel(_)) => TT_OTHER_MODEL,
            PersistentGalleryError::Unavailable(_) => TT_FLASH,
            PersistentGalleryError::Store(error) => error.into(),
            PersistentGalleryError::Resting { .. } => StoreError::Resting.into(),
        }
    }
}
