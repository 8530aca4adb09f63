//! tinytriplet for C: `include/tinytriplet.h` is this crate's interface, and cbindgen writes it.
//!
//! Nothing is allocated, and everything lies in memory of the caller's: see `README.md`. Whatever C
//! passes is checked as far as it can be: null pointers, lengths, alignment, overlaps, and handles
//! that were never made or were copied. What cannot be checked is whether a pointer is good for as
//! many bytes as its length says, and whether another thread uses the same memory.
#![no_std]
#![allow(non_camel_case_types)]

// On a PC, a panic aborts the program at the boundary.
#[cfg(not(target_os = "none"))]
extern crate std;

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

/// The version of this interface. It is raised when a program has to be compiled again or changed.
pub const TT_ABI_VERSION: u32 = 2;

/// Returns the version of the interface that the library has. A program compares it with the
/// `TT_ABI_VERSION` of its header, if the two may differ.
#[unsafe(no_mangle)]
pub extern "C" fn tt_abi_version() -> u32 {
    TT_ABI_VERSION
}
