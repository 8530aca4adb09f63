//! How much stack a function takes: the free stack is painted before it runs, and looked through afterwards.

use core::arch::asm;

/// Bytes that are painted at most; a function may take less than these.
const PAINTED: usize = 64 * 1024;
const PAINT: u32 = 0x5afe_c01d;

unsafe extern "C" {
    /// The linker's: the lowest word of the stack.
    static mut _stack_end: u32;
}

/// Bytes of stack below its caller's that `f` takes. Interrupts must be masked.
#[inline(never)]
pub fn used_by(f: impl FnOnce()) -> u32 {
    let bottom = paint();
    let top = pointer();
    call(f);
    let mut lowest = bottom;
    while lowest < top && read(lowest) == PAINT {
        lowest += 4;
    }
    assert!(lowest > bottom, "the stack that is painted is too little");
    (top - lowest) as u32
}

/// With a frame of its own, so that all that `f` takes is below the caller's.
#[inline(never)]
fn call(f: impl FnOnce()) {
    f();
}

/// Paints the free stack, and returns where it begins.
#[inline(never)]
fn paint() -> usize {
    let end = (&raw mut _stack_end) as usize;
    let bottom = end.next_multiple_of(4).max(pointer().saturating_sub(PAINTED));
    // The loop is one piece with reading the stack pointer: a compiler may make room on the stack anywhere else.
    // SAFETY: writes words of RAM that the linker left to the stack, aligned, and below the frames of all functions
    // that run: no value lives there. No interrupt can put one there, and the processors write nothing below the
    // stack pointer.
    #[cfg(target_arch = "arm")]
    unsafe {
        asm!(
            "mov {top}, sp",
            "2:",
            "cmp {at}, {top}",
            "bhs 3f",
            "str {paint}, [{at}]",
            "adds {at}, #4",
            "b 2b",
            "3:",
            at = inout(reg) bottom => _,
            top = out(reg) _,
            paint = in(reg) PAINT,
            options(nostack),
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "riscv32")]
    unsafe {
        asm!(
            "2:",
            "bgeu {at}, sp, 3f",
            "sw {paint}, 0({at})",
            "addi {at}, {at}, 4",
            "j 2b",
            "3:",
            at = inout(reg) bottom => _,
            paint = in(reg) PAINT,
            options(nostack),
        );
    }
    bottom
}

fn read(address: usize) -> u32 {
    // SAFETY: a word of the stack that `paint` has written.
    unsafe { core::ptr::with_exposed_provenance::<u32>(address).read_volatile() }
}

/// The stack pointer.
#[inline(always)]
fn pointer() -> usize {
    let pointer: usize;
    #[cfg(target_arch = "arm")]
    // SAFETY: copies a register.
    unsafe {
        asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    #[cfg(target_arch = "riscv32")]
    // SAFETY: as above.
    unsafe {
        asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    pointer
}
