//! Inner loops in assembly for cores with the DSP extension (Cortex-M4, M7, M33): the only `unsafe`
//! code of the crate.
//!
//! Each file holds a kernel: the struct that its assembly reads, the assembly, and a safe function
//! that compares the lengths of slices with what the assembly touches before it passes on their
//! pointers. LDM and LDRD need addresses that are multiples of 4: slices of words have them, and
//! weights in narrower slices are checked. The products in these comparisons do not overflow, because
//! decoding bounds a map by `MAX_TENSOR` bytes, and kernels, strides and paddings by a byte each.
//!
//! The assembly names a struct's fields and the lengths of its own unrolled code as `{constants}`:
//! see [`function!`]. If one instruction loads several fields, [`consecutive!`] checks their order;
//! if Rust computes a way into unrolled code, the assembler checks the length of a step. So a
//! struct and its assembly cannot disagree.
//!
//! Where a loop's body is unrolled, the first pass enters it in the middle, so that any count can
//! be done. The carry flag holds whether more passes follow: nothing between touches it.

use crate::model::tensor::Element;
use core::{arch::asm, mem::offset_of};

/// Tells the assembler about the extension, which is optional for Armv8-M.
#[cfg(armv8m)]
macro_rules! cpu {
    () => {
        ".cpu cortex-m33\n"
    };
}
#[cfg(not(armv8m))]
macro_rules! cpu {
    () => {
        ""
    };
}

/// Defines an assembler macro for [`function!`]: its name, its parameters and its body.
macro_rules! assembler_macro {
    ($name:ident, $parameters:literal, $body:literal) => {
        macro_rules! $name {
            () => {
                concat!(".macro ", stringify!($name), " ", $parameters, "\n", $body, "\n.endm")
            };
        }
    };
}

/// Defines a function in assembly. Its symbol is mangled as any other, so that two versions of this
/// crate can be linked into one program, and the linker leaves it out where it is not called.
///
/// `offsets` names a struct and those of its fields that the code uses, each as the constant
/// `{field}`, in bytes; `constants` defines others, and `functions` names what the code calls;
/// `macros` names the [assembler macros](assembler_macro) that the code uses.
macro_rules! function {
    (
        fn $name:ident($($argument:ident: $kind:ty),* $(,)?) $(-> $result:ty)?,
        $(offsets: $arguments:ty { $($field:ident),* $(,)? },)?
        $(constants: { $($constant:ident = $value:expr),* $(,)? },)?
        $(functions: { $($called:ident = $function:path),* $(,)? },)?
        $(macros: [$($macro:ident),* $(,)?],)?
        $code:literal $(,)?
    ) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name($($argument: $kind),*) $(-> $result)? {
            core::arch::naked_asm!(
                cpu!(),
                ".syntax unified",
                $($($macro!(),)*)?
                $code,
                $($(concat!(".purgem ", stringify!($macro)),)*)?
                $($($field = const offset_of!($arguments, $field),)*)?
                $($($constant = const $value,)*)?
                $($($called = sym $function,)*)?
            )
        }
    };
}

/// Checks that the fields of a struct are words which follow each other, as one instruction loads
/// or stores them.
macro_rules! consecutive {
    ($arguments:ty: $first:ident $(, $next:ident)*) => {
        const _: () = {
            let places = [offset_of!($arguments, $first) $(, offset_of!($arguments, $next))*];
            let mut index = 0;
            while index < places.len() {
                assert!(places[index] == places[0] + 4 * index);
                index += 1;
            }
        };
    };
}

// Fails to assemble if the code between two labels does not have the length that Rust assumes. The
// assembler knows lengths too late for `.if`, but it rejects a negative `.space` ("invalid number
// of bytes").
assembler_macro!(
    assert_length,
    "from, to, bytes",
    r"
    .space (\to - \from) - \bytes
    .space \bytes - (\to - \from)"
);

// Continues with the next pass of a loop over a panel's words, or leaves it after the last one.
// Jumped to with the carry set. At \left(\base) are the passes left, at \all(\all_base) how many
// there are after the first. Changes r2.
assembler_macro!(
    more,
    "base, left, all_base, all, again, after",
    r"
    ldr r2, [\base, #\left]
    cbz r2, 77f
    sub r2, r2, #1
    str r2, [\base, #\left]
    b.w \again
77:
    ldr r2, [\all_base, #\all]
    str r2, [\base, #\left]
    b.w \after"
);

/// Bytes of the code of `step2`.
const STEP2: usize = 38;

// Two words of two tiles by two channels. r0: panel, r1: weights; sums: r10 (tile 0, channel 0),
// r11 (0, 1), r12 (1, 0), lr (1, 1).
assembler_macro!(
    step2,
    "",
    r"
    ldmia r1!, {{r2-r5}}
    ldmia r0!, {{r6-r9}}
    smlad r10, r6, r2, r10
    smlad r11, r6, r3, r11
    smlad r12, r8, r2, r12
    smlad lr, r8, r3, lr
    smlad r10, r7, r4, r10
    smlad r11, r7, r5, r11
    smlad r12, r9, r4, r12
    smlad lr, r9, r5, lr"
);

// `step2` with sums that are 0 before.
assembler_macro!(
    step2_first,
    "",
    r"
    ldmia r1!, {{r2-r5}}
    ldmia r0!, {{r6-r9}}
    smuad r10, r6, r2
    smuad r11, r6, r3
    smuad r12, r8, r2
    smuad lr, r8, r3
    smlad r10, r7, r4, r10
    smlad r11, r7, r5, r11
    smlad r12, r9, r4, r12
    smlad lr, r9, r5, lr"
);

// `step2` with sums that begin with the biases: those of both channels are in r10 and r11.
assembler_macro!(
    step2_biased,
    "",
    r"
    ldmia r1!, {{r2-r5}}
    ldmia r0!, {{r6-r9}}
    smlad r12, r8, r2, r10
    smlad lr, r8, r3, r11
    smlad r10, r6, r2, r10
    smlad r11, r6, r3, r11
    smlad r12, r9, r4, r12
    smlad lr, r9, r5, lr
    smlad r10, r7, r4, r10
    smlad r11, r7, r5, r11"
);

// Replaces negative sums by 0.
assembler_macro!(
    relu2x2,
    "",
    r"
    usat r10, #31, r10
    usat r11, #31, r11
    usat r12, #31, r12
    usat lr, #31, lr"
);

// Sums of four windows by two channels, as `step4x2` adds to them.
assembler_macro!(
    clear4x2,
    "",
    r"
    mov r6, #0
    mov r7, #0
    mov r8, #0
    mov r9, #0
    mov r10, #0
    mov r11, #0
    mov r12, #0
    mov lr, #0"
);

// A step of four windows by two channels. r0: panel, four words; r1: weights, every second word; sums of halves: r6 to r9; of their upper bytes: r10 to r12 and lr.
assembler_macro!(
    step4x2,
    "",
    r"
    ldr r2, [r1], #8
    ldmia r0!, {{r4, r5}}
    sxtb16 r3, r2, ror #8
    smlad r6, r2, r4, r6
    smlad r10, r3, r4, r10
    smlad r7, r2, r5, r7
    smlad r11, r3, r5, r11
    ldmia r0!, {{r4, r5}}
    smlad r8, r2, r4, r8
    smlad r12, r3, r4, r12
    smlad r9, r2, r5, r9
    smlad lr, r3, r5, lr"
);

// Saturates to -127..127 without changing the flags: -128 becomes -127.
assembler_macro!(
    signed,
    "reg",
    r"
    ssat \reg, #8, \reg
    add \reg, \reg, #127
    usat \reg, #8, \reg
    sub \reg, \reg, #127"
);
// The end of a pair of channels for two tiles, and of the function after the last one; otherwise
// goes on from \again. Biases, rounding, saturation and writing; r1: the record's tail. On the
// stack: `taps::Arguments`.
assembler_macro!(
    taps_finish,
    "again, carry_is_signed",
    r"
    ldmia r1!, {{r2-r5}}
    add r10, r10, r2
    add r11, r11, r3
    add r12, r12, r2
    add lr, lr, r3
    smmulr r10, r10, r4
    smmulr r11, r11, r5
    smmulr r12, r12, r4
    smmulr lr, lr, r5
    .if \carry_is_signed
    bcs 87f
    .else
    ldr r2, [sp, #{signed}]
    cbnz r2, 87f
    .endif
    usat r10, #8, r10
    usat r11, #8, r11
    usat r12, #8, r12
    usat lr, #8, lr
86:
    ldrd r6, r7, [sp, #{first}]
    bfi r10, r11, #8, #8
    bfi r12, lr, #8, #8
    strh r12, [r7], #2
    strh r10, [r6], #2
    strd r6, r7, [sp, #{first}]
    ldr r2, [sp, #{end}]
    teq r1, r2
    bne.w \again
    add sp, #{size}
    pop {{r4-r11, pc}}
87:
    signed r10
    signed r11
    signed r12
    signed lr
    b 86b"
);

pub mod dense;
pub mod depthwise;
pub mod differences;
pub mod dot4x2;
pub mod expand;
pub mod lanes;
pub mod rows4;
pub mod sums;
pub mod taps;
pub mod transform;
pub mod windows3;
pub mod windows5;
pub mod winograd;

/// Returns the number of the register that LDM from r1 on loads a struct's word at `offset` into.
const fn register(offset: usize) -> usize {
    1 + offset / 4
}

/// The overflow flag: outputs are signed. TEQ and SUB leave it as it is.
const SIGNED: usize = 1 << 28;

/// Returns the flags for outputs of a type.
#[inline(always)]
fn flags(to: Element) -> usize {
    if to == Element::Signed { SIGNED } else { 0 }
}

/// Returns whether LDM and LDRD may read from there.
fn aligned<T>(slice: &[T]) -> bool {
    slice.as_ptr().addr().is_multiple_of(4)
}
