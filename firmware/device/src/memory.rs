//! The bytes of RAM that the application needs, computed from the model's lengths.
//!
//! All of it is `const`: a program declares its buffers by it, and its build script refuses a model
//! that is too large for the board.

use shared_model::{
    Model, gallery,
    prepare::{self, strokes},
};

/// The most bytes of an image in one request, and of a row of a frame: 1,024 grey pixels, 512 of
/// two bytes, 341 in RGB888. A client learns it from "info".
pub const CHUNK_LEN: usize = 1_024;

/// The most pixels of an image in one answer.
pub const PIXELS_LEN: usize = 256;

/// The most bytes of a `u32` in postcard.
const VARINT: usize = 5;
/// Bytes of a message besides its content: version, id, kind, CRC.
const MESSAGE: usize = 1 + VARINT + 1 + 4;
/// Bytes of the longest answer to "info", besides those of every message.
const INFO: usize = 320;
/// Bytes of a label, or of any other text.
const TEXT: usize = VARINT + 31;

/// Bytes of the receive queue beyond one request.
const RX_SPARE: usize = 64;

/// Returns the bytes of a frame that carries `message` bytes. Byte stuffing adds one in 254, and
/// the frame's end one.
const fn frame_len(message: usize) -> usize {
    message + message / 254 + 2
}

/// Returns the bytes of the longest request's frame: a chunk of an image, or a label and an entry's
/// value.
pub const fn request_len(dim: usize, exemplars: usize) -> usize {
    frame_len(MESSAGE + max(2 * VARINT + CHUNK_LEN, TEXT + VARINT + gallery::value_len(dim, exemplars)))
}

/// Returns the bytes of the longest response's frame: an entry, or pixels, or "info".
pub const fn response_len(dim: usize, exemplars: usize) -> usize {
    let entry = TEXT + VARINT + gallery::value_len(dim, exemplars);
    frame_len(MESSAGE + max(entry, max(VARINT + PIXELS_LEN, INFO)))
}

/// Returns the words of 32 bits that a board prepares frames, draws strokes and computes in, one
/// after the other: the most of these. Strokes are grey, so nothing is drawn for a model of several
/// values per pixel.
pub fn scratch_len(model: &Model<'_>) -> usize {
    let shape = model.input().shape;
    let frames = prepare::scratch_len(model.metadata().preprocessing, shape);
    let strokes = match shape.channels {
        1 => strokes::scratch_len([shape.height, shape.width]),
        _ => 0,
    };
    model.scratch_len().max(frames).max(strokes)
}

/// Returns the bytes of [`Memory::buffer`](crate::app::Memory): an image, two embeddings, the value
/// of an entry, an answer.
pub const fn buffer_len(input_len: usize, dim: usize, exemplars: usize) -> usize {
    input_len + 2 * dim + gallery::value_len(dim, exemplars) + response_len(dim, exemplars)
}

/// Returns the bytes of a gallery with room for `capacity` entries.
pub const fn gallery_len(dim: usize, exemplars: usize, capacity: usize) -> usize {
    capacity * gallery::entry_len(dim, exemplars)
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// Returns the bytes of a board's receive queue, for requests of at most `request` bytes: one
/// request and some more, so that a PC may send a request while the board computes another.
pub const fn rx_queue_len(request: usize) -> usize {
    request + RX_SPARE
}

/// Bytes of the stack. Decoding the model needs most of it, up to 7 KB: its metadata have some
/// kilobytes. An inference needs up to 3 KB. The ledger has both for each core; a firmware has used
/// 10 KB, and interrupts come on top.
pub const STACK_LEN: usize = 16 * 1024;

/// Bytes of RAM besides the application's: the log's buffer and the board's variables.
pub const OTHER_LEN: usize = 2 * 1024;

/// The lengths that decide how much RAM is needed.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Bytes of an image.
    pub input_len: usize,
    /// Words of 32 bits that frames are prepared and the engine computes in: [`scratch_len`].
    pub scratch_len: usize,
    /// Values of an embedding.
    pub dim: usize,
    /// Embeddings that the gallery keeps of each entry.
    pub exemplars: usize,
    /// Entries of the gallery.
    pub capacity: usize,
}

/// Returns all bytes of RAM that a board needs.
pub const fn ram_len(sizes: Sizes) -> usize {
    let Sizes { input_len, scratch_len, dim, exemplars, capacity } = sizes;
    let request = request_len(dim, exemplars);
    let received = request + rx_queue_len(request);
    let gallery = gallery_len(dim, exemplars, capacity);
    4 * scratch_len + buffer_len(input_len, dim, exemplars) + gallery + received + OTHER_LEN + STACK_LEN
}
