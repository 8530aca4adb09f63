//! The hardware of each board: every module has an `init` that returns the `Parts` of its board.

#[cfg(any(feature = "mps2-an385", feature = "mps2-an386", feature = "mps2-an500", feature = "mps2-an505"))]
mod mps2;
#[cfg(any(
    feature = "mps2-an385",
    feature = "mps2-an386",
    feature = "mps2-an500",
    feature = "mps2-an505"
))]
use mps2 as chosen;

#[cfg(feature = "nrf52840-dk")]
mod nrf52840_dk;
#[cfg(feature = "nrf52840-dk")]
use nrf52840_dk as chosen;

#[cfg(feature = "nucleo-f446re")]
mod nucleo_f446re;
#[cfg(feature = "nucleo-f446re")]
use nucleo_f446re as chosen;

#[cfg(any(feature = "pico", feature = "pico2"))]
mod pico;
#[cfg(any(feature = "pico", feature = "pico2"))]
use pico as chosen;

#[cfg(feature = "riscv-virt")]
mod riscv_virt;
#[cfg(feature = "riscv-virt")]
use riscv_virt as chosen;

use crate::{Board, find, serial::RECEIVED};
use heapless::spsc::QueueView;
use tinytriplet_device::hardware::Parts;

/// The board that this is built for.
pub const BOARD: &Board = match find(env!("TINYTRIPLET_BOARD")) {
    Some(board) => board,
    None => panic!("a feature of this crate is not a board of the table"),
};

/// Starts the board's hardware, and returns its parts. What the serial port receives waits in
/// `received`.
pub fn init(received: &'static mut QueueView<u8>) -> Parts<chosen::Hardware> {
    RECEIVED.set_memory(received);
    chosen::init()
}

#[cfg(any(feature = "nrf52840-dk", feature = "pico", feature = "pico2"))]
pub use chosen::{Bus, USB_INTERRUPT, ticks};
#[cfg(any(feature = "pico", feature = "pico2"))]
pub use pico::{Spare, enter_bootloader};

/// As [`init`], and returns what the application leaves free: for a camera or a screen, for example.
#[cfg(any(feature = "pico", feature = "pico2"))]
pub fn init_with_spare(received: &'static mut QueueView<u8>) -> (Parts<pico::Hardware>, pico::Spare) {
    RECEIVED.set_memory(received);
    pico::init_with_spare()
}

/// Restarts the board.
pub fn reset() -> ! {
    #[cfg(target_arch = "arm")]
    cortex_m::peripheral::SCB::sys_reset();
    #[cfg(target_arch = "riscv32")]
    riscv_virt::reset()
}
