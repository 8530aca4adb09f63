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
unsafe extern "C" {
    /// The linker's: the lower end of the stack.
    static _stack_end: u32;
    /// The linker's: the upper end of the stack.
    static _stack_start: u32;
}

/// Serves every fault. If the stack was too small it has run out of the RAM, and the fault's own frame is not there
/// either: nothing is read from it, and the handler gets the whole stack, as nothing returns.
#[cfg(target_arch = "arm")]
#[unsafe(naked)]
#[unsafe(export_name = "HardFault")]
unsafe extern "C" fn hard_fault() -> ! {
    core::arch::naked_asm!(
        "mrs r1, msp",
        "movs r0, #0",
        "ldr r2, 3f",
        "cmp r1, r2",
        "bls 2f", // with a stack limit, the pointer is at it
        "ldr r0, [r1, #24]", // the frame's program counter
        "2:",
        "ldr r2, 4f",
        "mov sp, r2",
        "bl {report}",
        "udf #0",
        ".balign 4",
        "3: .word {stack_end}",
        "4: .word {stack_start}",
        report = sym report_fault,
        stack_end = sym _stack_end,
        stack_start = sym _stack_start,
    )
}

/// Logs a fault, and restarts. It was at 0 if there was no stack left.
#[cfg(target_arch = "arm")]
extern "C" fn report_fault(at: u32) -> ! {
    if at == 0 {
        defmt::error!("the stack is too small");
    } else {
        defmt::error!("fault at {=u32:#010x}", at);
    }
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
