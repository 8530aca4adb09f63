//! What every program for a board needs: its name in the file, a log, and where it ends up when something is
//! wrong with itself.

use crate::board;
use core::panic::PanicInfo;
use defmt_rtt as _;

/// Name of the board: the launcher reads it from the program to know where to run it.
#[used]
#[unsafe(export_name = "FIRMWARE_BOARD")]
static BOARD: [u8; env!("FIRMWARE_BOARD").len()] = {
    let mut name = [0; env!("FIRMWARE_BOARD").len()];
    name.copy_from_slice(env!("FIRMWARE_BOARD").as_bytes());
    name
};

/// Says what happened, then starts anew: a board must not stay silent.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    board::reset()
}

#[cfg(target_arch = "arm")]
#[cortex_m_rt::exception]
unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
    defmt::error!("fault at {=u32:#010x}", frame.pc());
    board::reset()
}

/// Serves every exception.
#[cfg(target_arch = "riscv32")]
#[unsafe(export_name = "ExceptionHandler")]
extern "C" fn fault(_: &riscv_rt::TrapFrame) -> ! {
    let (cause, at) = (riscv::register::mcause::read().bits(), riscv::register::mepc::read());
    defmt::error!("fault {=usize} at {=usize:#010x}", cause, at);
    board::reset()
}
