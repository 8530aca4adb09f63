//! A panic on a board: no function here is known to panic, and if one did, it must not return to C.

use core::panic::PanicInfo;

/// Executes an instruction that no processor has, so that the program's own fault handler decides.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        // SAFETY: it touches neither memory nor registers.
        unsafe {
            #[cfg(target_arch = "arm")]
            core::arch::asm!("udf #0");
            #[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
            core::arch::asm!("unimp");
        }
    }
}
