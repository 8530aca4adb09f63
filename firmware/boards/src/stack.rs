//! The stack that is used: the free part is painted, and searched for paint afterwards.

use core::arch::asm;

/// The most bytes that are painted.
const PAINTED: usize = 64 * 1024;
const PAINT: u32 = 0x5afe_c01d;

unsafe extern "C" {
    /// The linker's: the lowest word of the stack.
    static mut _stack_end: u32;
    /// The linker's: the upper end of the stack, which grows downwards.
    static mut _stack_start: u32;
}

/// Returns the most bytes of stack that were in use since [`paint`] was called, but no more than
/// were painted, and the bytes of stack in all.
pub fn most_used() -> (u32, u32) {
    let (start, end) = (start(), end());
    let used = start - lowest_used(end.max(start.saturating_sub(PAINTED)).next_multiple_of(4), pointer());
    (used as u32, (start - end) as u32)
}

/// Returns the address of the lowest word of the stack, from `bottom` on, that has lost its paint;
/// `top` if none has.
pub fn lowest_used(bottom: usize, top: usize) -> usize {
    let mut lowest = bottom;
    while lowest < top && read(lowest) == PAINT {
        lowest += 4;
    }
    lowest
}

fn start() -> usize {
    (&raw mut _stack_start) as usize
}

fn end() -> usize {
    (&raw mut _stack_end) as usize
}

/// Paints the free stack, and returns its lowest address.
#[inline(never)]
pub fn paint() -> usize {
    let bottom = end().next_multiple_of(4).max(pointer().saturating_sub(PAINTED));
    // The loop is in one piece with reading the stack pointer: a compiler may make room on the
    // stack anywhere else.
    // SAFETY: writes words of RAM that the linker left to the stack, aligned, and below the frames
    // of all functions that run. No value lives there but an interrupt's while it runs, and then
    // this does not. The processors write nothing below the stack pointer.
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

/// Returns the stack pointer.
#[inline(always)]
pub fn pointer() -> usize {
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
