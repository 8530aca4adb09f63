//! The protocol between a PC and a board. `docs/PROTOCOL.md` is the specification, and the types
//! here are its Rust form.
//!
//! A message is one frame: `COBS(version ++ postcard(message) ++ CRC-32 of both, little-endian) ++
//! 0x00`. The PC sends a [`Request`], and the board answers each with one [`Response`] that carries
//! the request's id. It also answers a frame that it cannot read, with the id [`NO_ID`].
//!
//! An image is announced ([`RequestBody::Image`]) and sent in chunks ([`RequestBody::Chunk`]);
//! requests about it follow. [`image_requests`] cuts it up.
//!
//! If the answer does not arrive whole, the request may be sent again as the same bytes: a board
//! that has carried it out repeats its answer and does nothing.
//!
//! ```
//! use shared_model::wire::{FrameReader, Request, RequestBody, decode_message, encode_frame};
//!
//! // The PC writes a frame.
//! let request = Request { id: 7, body: RequestBody::Ping };
//! let mut buffer = [0; 32];
//! let frame = encode_frame(&request, &mut buffer)?;
//!
//! // The board gathers it byte by byte, in a buffer that holds the longest frame it accepts.
//! let mut reader = FrameReader::<1024>::new();
//! for &byte in frame {
//!     if let Some(payload) = reader.push(byte) {
//!         assert_eq!(decode_message::<Request<'_>>(payload?)?, request);
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Fields and variants keep their order, which is that of their bytes, within a [`VERSION`].

#[cfg(all(feature = "std", not(all(docsrs, target_os = "none"))))]
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
pub mod client;
mod frame;
mod image;
mod message;

pub use frame::{FrameError, FrameFull, FrameReader, VERSION, decode_message, encode_frame};
pub use image::{ImageError, ImageForm};
pub use message::{
    BASE_BAUD, GalleryInfo, Info, MAX_RUNS, ModelInfo, NO_ID, Request, RequestBody, RequestError, Response,
    ResponseBody, Restart, SILENCE_MICROS, Storage, USB_IDS, USB_PRODUCT, image_requests,
};
