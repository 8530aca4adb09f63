//! tinytriplet for C: `include/tinytriplet.h` is this crate's interface, and cbindgen writes it.
//!
//! Nothing is allocated, and everything lies in memory of the caller's: see `README.md`.
//!
//! # Pointers
//!
//! All functions take pointers by one contract, which the header has at its top (`cbindgen.toml`), and
//! which is not repeated with each: null pointers, lengths, alignment, overlaps, and structs that were
//! never made or were copied are checked. The caller promises what cannot be checked: that a pointer is
//! good for what it points to, and that nothing else uses that memory during the call.
#![no_std]
#![allow(non_camel_case_types)]
#![allow(clippy::missing_safety_doc, reason = "one contract for all functions: see above")]

// On a PC, a panic aborts the program at the boundary.
#[cfg(not(target_os = "none"))]
extern crate std;

/// The version of this interface. It is raised when a program has to be compiled again or changed. The
/// symbols end with it: a program whose header has another one does not link.
pub const TT_ABI_VERSION: u32 = 3;

/// Returns the symbol of a function. For C, the header defines `tt_embed` as its symbol, and so on.
macro_rules! symbol {
    ($function:ident) => {
        concat!(stringify!($function), "_abi", 3)
    };
}
const _: () =
    assert!(matches!(symbol!(tt).as_bytes(), [.., end] if (*end - b'0') as u32 == TT_ABI_VERSION % 10));

mod flash;
mod frame;
mod gallery;
mod handle;
mod memory;
mod model;
mod status;
mod strokes;
#[cfg(target_os = "none")]
mod trap;

pub use flash::tt_flash;
pub use frame::{
    TT_PREPARER_WORDS, tt_format, tt_frame, tt_prepare_begin, tt_prepare_finish, tt_prepare_row, tt_preparer,
};
pub use gallery::{
    TT_GALLERY_WORDS, TT_LABEL_LEN, TT_STORED_ENTRIES, tt_entry, tt_gallery, tt_gallery_capacity,
    tt_gallery_clear, tt_gallery_count, tt_gallery_enrol, tt_gallery_entry, tt_gallery_forget,
    tt_gallery_health, tt_gallery_init, tt_gallery_insert, tt_gallery_load, tt_gallery_recognise, tt_health,
    tt_recognition, tt_threshold,
};
pub use model::{
    TT_MODEL_WORDS, tt_embed, tt_model, tt_model_decode, tt_model_self_test, tt_model_sizes, tt_sizes,
};
pub use status::{tt_status, tt_status_text};
pub use strokes::{tt_point, tt_prepare_strokes};
