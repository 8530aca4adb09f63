//! How many bytes of RAM the application needs, computed from the model: in `build.rs`, which refuses a
//! model that is too large for the board, and where the buffers are declared.

/// Bytes that a `u32` takes at most in postcard.
const VARINT: usize = 5;
/// Bytes that a message takes besides its images or embedding: id, kind, CRC.
const MESSAGE: usize = VARINT + 1 + 4;
/// Bytes of the longest answer to "info" besides what every message has.
const INFO: usize = 192;

/// Bytes of the RAM that holds received bytes until the application reads them, beyond one request.
const RX_SPARE: usize = 64;

/// Bytes of a frame that carries `message` bytes: byte stuffing adds one in 254, and the frame's end one.
const fn frame_len(message: usize) -> usize {
    message + message / 254 + 2
}

/// Bytes of the longest frame that asks something: two images.
pub const fn request_len(input_len: usize) -> usize {
    frame_len(MESSAGE + 2 * (VARINT + input_len))
}

/// Bytes of the longest frame that answers: an embedding, or "info".
pub const fn response_len(embedding_len: usize) -> usize {
    let body = VARINT + embedding_len;
    frame_len(MESSAGE + if body > INFO { body } else { INFO })
}

/// Bytes that [`App::new`](crate::app::App::new) takes beside the engine's scratch: two embeddings, an answer.
pub const fn buffer_len(embedding_len: usize) -> usize {
    2 * embedding_len + response_len(embedding_len)
}

/// Bytes of a board's receive queue: the longest request and some, so that a PC may send one request while
/// the board computes another.
pub const fn rx_queue_len(input_len: usize) -> usize {
    request_len(input_len) + RX_SPARE
}

/// RAM that is left to the stack, at least. Decoding the model, whose metadata are values of some kilobytes, takes
/// most of it, below 6 KB on every board; an inference takes 2. The ledger in `tests/golden/` has both.
pub const STACK_LEN: usize = 12 * 1024;

/// RAM for what is not the application's: the log's buffer and the board's variables.
pub const OTHER_LEN: usize = 2 * 1024;

/// All RAM that a board needs; `scratch_len` is in words.
pub const fn ram_len(input_len: usize, scratch_len: usize, embedding_len: usize) -> usize {
    let received = request_len(input_len) + rx_queue_len(input_len);
    4 * scratch_len + buffer_len(embedding_len) + received + OTHER_LEN + STACK_LEN
}
