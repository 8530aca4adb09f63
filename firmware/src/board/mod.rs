//! What differs from board to board: each module has an `init` that returns the `Parts` of its board.

#[cfg(any(feature = "mps2-an385", feature = "mps2-an386", feature = "mps2-an500", feature = "mps2-an505"))]
mod mps2;
#[cfg(any(
    feature = "mps2-an385",
    feature = "mps2-an386",
    feature = "mps2-an500",
    feature = "mps2-an505"
))]
pub use mps2::init;

#[cfg(feature = "nucleo-f446re")]
mod nucleo_f446re;
#[cfg(feature = "nucleo-f446re")]
pub use nucleo_f446re::init;

#[cfg(feature = "pico")]
mod pico;
#[cfg(feature = "pico")]
pub use pico::init;

#[cfg(feature = "riscv-virt")]
mod riscv_virt;
#[cfg(feature = "riscv-virt")]
pub use riscv_virt::{init, reset};

#[cfg(not(any(feature = "nucleo-f446re", feature = "pico")))]
mod gallery_memory;
#[cfg(feature = "pico")]
mod gallery_rom;
#[cfg(feature = "nucleo-f446re")]
mod gallery_sectors;
/// For boards without a HAL.
#[cfg(not(any(feature = "nucleo-f446re", feature = "pico")))]
mod registers;
mod rx_queue;
mod serial;
pub mod stack;
mod system;
#[cfg(target_arch = "arm")]
mod systick;

use firmware::boards::{self, Region};

/// Where the gallery lies: build.rs keeps the program out of there.
const GALLERY: Region = match boards::find(env!("FIRMWARE_BOARD")) {
    Some(board) => board.gallery,
    None => panic!("build.rs takes boards from the same table"),
};

/// Starts the board anew.
#[cfg(target_arch = "arm")]
pub fn reset() -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
