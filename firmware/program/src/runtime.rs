//! The parts that every program for a board has: the board's name in the file, a log, and handlers
//! of panics and faults.

use core::{
    panic::PanicInfo,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};
use defmt_rtt as _;
use tinytriplet_boards::{BOARD, reset};

/// The board's name: the launcher reads it from the program to know where to run it.
#[used]
#[unsafe(export_name = "FIRMWARE_BOARD")]
static NAME: [u8; BOARD.name.len()] = {
    let mut name = [0; BOARD.name.len()];
    name.copy_from_slice(BOARD.name.as_bytes());
    name
};

/// Logs the panic, then restarts: a board must not stay silent. A panic of the log itself is not
/// logged.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    static IS_PANICKING: AtomicBool = AtomicBool::new(false);
    if !IS_PANICKING.load(Relaxed) {
        IS_PANICKING.store(true, Relaxed);
        defmt::error!("{}", defmt::Display2Format(info));
    }
    reset()
}

#[cfg(target_arch = "arm")]
#[cortex_m_rt::exception]
unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
    defmt::error!("fault at {=u32:#010x}", frame.pc());
    reset()
}

/// Serves every exception.
#[cfg(target_arch = "riscv32")]
#[unsafe(export_name = "ExceptionHandler")]
extern "C" fn fault(_: &riscv_rt::TrapFrame) -> ! {
    let (cause, at) = (riscv::register::mcause::read().bits(), riscv::register::mepc::read());
    defmt::error!("fault {=usize} at {=usize:#010x}", cause, at);
    reset()
}
