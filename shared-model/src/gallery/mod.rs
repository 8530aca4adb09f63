//! The things that a device has been taught, and the one of them that an embedding shows.
//!
//! A [`Gallery`] lies in memory that its owner provides, and holds as many entries as fit. An entry
//! has the same bytes in RAM, in flash, and on the wire. All integers are little-endian:
//!
//! | bytes | |
//! |---|---|
//! | 32 | the label: its length, then UTF-8, then zeros |
//! | 4 | count: the number of images that were enrolled, 1 to [`MAX_COUNT`] |
//! | 4 · D | sums: the sum of each of the embedding's D values over those images, `i32` |
//! | K · D | exemplars: the last K embeddings, that of image number i (from 0) at place i mod K, then zeros |
//!
//! Everything after the label is the entry's *value*. The prototype is sums / count, and is never
//! rounded: see [`Distance::to_prototype`](crate::Distance::to_prototype).
//!
//! ```
//! use shared_model::{
//!     Gallery, Model, Threshold,
//!     gallery::{Method, entry_len},
//! };
//!
//! # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
//! let model = Model::decode(FILE)?;
//! // Room for 16 labels, without exemplars.
//! let mut memory = vec![0; 16 * entry_len(model.embedding_len(), 0)];
//! let mut gallery = Gallery::new(&model, 0, &mut memory);
//! gallery.enrol("blue mug", &[1; 8])?;
//! gallery.enrol("red mug", &[9; 8])?;
//! let seen = gallery.recognise(&model, &[2; 8], Method::Prototype, Threshold::Own)?;
//! assert_eq!(seen.label(), Some("blue mug"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod distance;
mod doubt;
mod enrol;
mod entry;
mod error;
mod limits;
mod nearest;
mod recognise;
#[cfg(test)]
mod tests;
mod threshold;

pub use doubt::Doubt;
pub use enrol::Gallery;
pub use entry::{Entry, Value, check_label, entry_len, value_len};
pub use error::{GalleryError, LabelError};
pub use limits::{MAX_COUNT, MAX_LABEL};
pub use nearest::{MAX_NEIGHBOURS, Match, Method, Nearest};
pub use recognise::{RecogniseError, Recognition};
pub use threshold::Threshold;
