//! The things a device knows: what has been enrolled, and which of it an embedding is nearest to.
//!
//! A [`Gallery`] lies in memory that its owner gives it: as many entries as fit. An entry is its bytes, the same in
//! RAM, in flash, and on the wire; all integers are little-endian:
//!
//! | bytes | |
//! |---|---|
//! | 32 | the label: its length, then UTF-8, then zeros |
//! | 4 | count: how many images were enrolled, 1 to [`MAX_COUNT`] |
//! | 4 · D | sums: of each of the embedding's D values over those images, `i32` |
//! | K · D | exemplars: the last K embeddings, that of image number i (from 0) at place i mod K; zeros where none is yet |
//!
//! What follows the label is the entry's *value*. The prototype is sums / count, and is never rounded: see
//! [`Distance::to_prototype`].

pub mod distance;
mod enrol;
mod entry;
mod error;
mod nearest;
mod recognise;
#[cfg(test)]
mod tests;
mod threshold;

pub use enrol::Gallery;
pub use entry::{Entry, MAX_COUNT, MAX_LABEL, Value, check_label, entry_len, value_len};
pub use error::{GalleryError, LabelError};
pub use nearest::{MAX_NEIGHBOURS, Match, Method, Nearest};
pub use recognise::{RecogniseError, Recognition};
pub use threshold::Threshold;
