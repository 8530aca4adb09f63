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

#[cfg(feature = "nrf52840-dk")]
mod nrf52840_dk;
#[cfg(feature = "nrf52840-dk")]
pub use nrf52840_dk::init;

#[cfg(feature = "nucleo-f446re")]
mod nucleo_f446re;
#[cfg(feature = "nucleo-f446re")]
pub use nucleo_f446re::init;

#[cfg(any(feature = "pico", feature = "pico2"))]
mod pico;
#[cfg(any(feature = "pico", feature = "pico2"))]
pub use pico::init;

#[cfg(feature = "riscv-virt")]
mod riscv_virt;
#[cfg(feature = "riscv-virt")]
pub use riscv_virt::{init, reset};

#[cfg(not(any(feature = "nucleo-f446re", feature = "pico", feature = "pico2")))]
mod gallery_memory;
#[cfg(any(feature = "pico", feature = "pico2"))]
mod gallery_rom;
#[cfg(feature = "nucleo-f446re")]
mod gallery_sectors;
#[cfg(feature = "nrf52840-dk")]
mod nrf52840_timer;
/// For boards without a HAL.
#[cfg(not(any(feature = "nrf52840-dk", feature = "nucleo-f446re", feature = "pico", feature = "pico2")))]
mod registers;
mod rx_queue;
mod serial;
pub mod stack;
mod system;
#[cfg(all(target_arch = "arm", not(feature = "nrf52840-dk")))]
mod systick;

use firmware::boards::{self, Region};

/// Where the gallery lies: build.rs keeps the program out of there.
pub const GALLERY: Region = match boards::find(env!("FIRMWARE_BOARD")) {
    Some(board) => board.gallery,
    None => panic!("build.rs takes boards from the same table"),
};

/// Starts the board anew.
#[cfg(target_arch = "arm")]
pub fn reset() -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
