//! The gallery's memory: flash, or memory that stands for it.

#[cfg(not(any(feature = "nucleo-f446re", feature = "pico", feature = "pico2")))]
pub mod memory;
#[cfg(any(feature = "pico", feature = "pico2"))]
pub mod rom;
#[cfg(feature = "nucleo-f446re")]
pub mod sectors;

use crate::{BOARD, Region};

/// The region of the gallery. The linker keeps the program out of there.
const GALLERY: Region = BOARD.gallery;
