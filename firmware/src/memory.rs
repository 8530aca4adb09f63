//! How many bytes of RAM the application needs, computed from the model: in `build.rs`, which refuses a
//! model that is too large for the board, and where the buffers are declared.

use shared_model::gallery;

/// Bytes that a `u32` takes at most in postcard.
const VARINT: usize = 5;
/// Bytes that a message takes besides what it is about: version, id, kind, CRC.
const MESSAGE: usize = 1 + VARINT + 1 + 4;
/// Bytes of the longest answer to "info" besides what every message has.
const INFO: usize = 256;
/// Bytes of a label, or of any other text.
const TEXT: usize = VARINT + 31;

/// Bytes of the RAM that holds received bytes until the application reads them, beyond one request.
const RX_SPARE: usize = 64;

/// Bytes of a frame that carries `message` bytes: byte stuffing adds one in 254, and the frame's end one.
const fn frame_len(message: usize) -> usize {
    message + message / 254 + 2
}

/// Bytes of the longest frame that asks something: two images, or a label and an entry's value.
pub const fn request_len(input_len: usize, dim: usize, exemplars: usize) -> usize {
    frame_len(MESSAGE + max(2 * (VARINT + input_len), TEXT + VARINT + gallery::value_len(dim, exemplars)))
}

/// Bytes of the longest frame that answers: an entry, or "info".
pub const fn response_len(dim: usize, exemplars: usize) -> usize {
    frame_len(MESSAGE + max(TEXT + VARINT + gallery::value_len(dim, exemplars), INFO))
}

/// Bytes of [`Memory::buffer`](crate::app::Memory): an image, two embeddings, the value of an entry, an answer.
pub const fn buffer_len(input_len: usize, dim: usize, exemplars: usize) -> usize {
    input_len + 2 * dim + gallery::value_len(dim, exemplars) + response_len(dim, exemplars)
}

/// Bytes of a gallery of so many entries.
pub const fn gallery_len(dim: usize, exemplars: usize, capacity: usize) -> usize {
    capacity * gallery::entry_len(dim, exemplars)
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// Bytes of a board's receive queue, for requests of at most `request` bytes: one of them and some, so that a PC may send
/// one request while the board computes another.
pub const fn rx_queue_len(request: usize) -> usize {
    request + RX_SPARE
}

/// RAM that is left to the stack, at least. Decoding the model, whose metadata are values of some kilobytes, takes
/// most of it, below 6 KB on every board; an inference takes 2. The ledger in `tests/golden/` has both.
pub const STACK_LEN: usize = 12 * 1024;

/// RAM for what is not the application's: the log's buffer and the board's variables.
pub const OTHER_LEN: usize = 2 * 1024;

/// What a model and the gallery's size decide of the RAM.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Bytes of an image.
    pub input_len: usize,
    /// Words of 32 bits to compute in.
    pub scratch_len: usize,
    /// Values of an embedding.
    pub dim: usize,
    /// Embeddings that are kept of each entry.
    pub exemplars: usize,
    /// Entries of the gallery.
    pub capacity: usize,
}

/// All RAM that a board needs.
pub const fn ram_len(sizes: Sizes) -> usize {
    let Sizes { input_len, scratch_len, dim, exemplars, capacity } = sizes;
    let request = request_len(input_len, dim, exemplars);
    let received = request + rx_queue_len(request);
    let gallery = gallery_len(dim, exemplars, capacity);
    4 * scratch_len + buffer_len(input_len, dim, exemplars) + gallery + received + OTHER_LEN + STACK_LEN
}
