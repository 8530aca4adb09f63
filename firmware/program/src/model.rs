//! The model that is built into the firmware: `models/default.model.postcard`, or the file that
//! `TINYTRIPLET_MODEL` named at build time. The build script has checked it, and laid its weights
//! out for the board.

/// Weights are read in place, in sections aligned from the beginning of the file.
#[repr(C, align(16))]
struct Aligned<Bytes: ?Sized>(Bytes);

/// The model file.
pub static FILE: &[u8] = &ALIGNED.0;

include!(concat!(env!("OUT_DIR"), "/model.rs"));
