//! What is said between a PC and a board. `docs/PROTOCOL.md` is the specification; the types here are its Rust form.
//!
//! A message is one frame: `COBS(version ++ postcard(message) ++ CRC-32 of both, little-endian) ++ 0x00`
//! ([`encode_frame`], [`FrameReader`], [`decode_message`]). The PC sends a [`Request`], the board answers
//! each with one [`Response`] that carries the request's id. A frame that the board cannot read is
//! answered too, with id [`NO_ID`].
//!
//! A request may be sent again, as the same bytes, when its answer did not arrive whole: a board that has carried it out
//! answers again and does nothing.

#[cfg(feature = "std")]
pub mod client;
mod frame;
mod message;

pub use frame::{FrameError, FrameFull, FrameReader, VERSION, decode_message, encode_frame};
pub use message::{
    GalleryInfo, Info, MAX_RUNS, ModelInfo, NO_ID, Request, RequestBody, RequestError, Response,
    ResponseBody, Restart, Storage,
};
