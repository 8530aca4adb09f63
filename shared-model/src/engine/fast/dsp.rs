//! Inner loops for cores with the DSP extension (Cortex-M4, M7, M33): the one file with `unsafe`.
//!
//! An assembly function reads and writes through pointers that a safe function next to it takes from slices, after
//! it has compared the slices' lengths with what the assembly touches. LDM and LDRD need addresses that are multiples
//! of 4: slices of words have them, and weights in narrower slices are checked.
//!
//! Where a loop's body is unrolled, the first pass enters it in the middle, so that any count can be done. Whether
//! more passes follow is kept in the carry flag: nothing between touches it.

use super::Channels;
use crate::model::tensor::Element;
use core::arch::{asm, global_asm};

/// The extension is optional for Armv8-M, and the assembler has to be told that it is there.
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

macro_rules! lanes {
    ($($(#[$text:meta])* $name:ident = $code:literal;)*) => {$(
        $(#[$text])*
        #[inline(always)]
        pub(super) fn $name(a: u32, b: u32) -> u32 {
            let result: u32;
            // SAFETY: one instruction that reads two registers and writes a third.
            unsafe {
                asm!(concat!(cpu!(), $code), result = lateout(reg) result, a = in(reg) a, b = in(reg) b,
                    options(pure, nomem, nostack, preserves_flags));
            }
            result
        }
    )*};
}

lanes! {
    /// `a + b` in each lane.
    add16 = "sadd16 {result}, {a}, {b}";
    /// `a - b` in each lane.
    sub16 = "ssub16 {result}, {a}, {b}";
    /// The low lanes of `a` and `b`: `a`'s becomes the low one.
    pack_low = "pkhbt {result}, {a}, {b}, lsl #16";
    /// The high lanes of `a` and `b`: `a`'s becomes the low one.
    pack_high = "pkhtb {result}, {b}, {a}, asr #16";
    /// The low lane of `a` and the high lane of `b`, where they are.
    pack_low_high = "pkhbt {result}, {a}, {b}";
}

/// Whether LDM may read from there.
fn aligned<T>(slice: &[T]) -> bool {
    slice.as_ptr().addr().is_multiple_of(4)
}

global_asm!(
    cpu!(),
    r#"
    .syntax unified
    .thumb

// Multi-pass loops: jumped to with the carry set. \cnt passes are left of \all.
.macro tt_more reg, cnt, all_base, all, block, after
    ldr r2, [\reg, #\cnt]
    cbz r2, 77f
    sub r2, r2, #1
    str r2, [\reg, #\cnt]
    b.w \block
77:
    ldr r2, [\all_base, #\all]
    str r2, [\reg, #\cnt]
    b.w \after
.endm

// The larger of 4 outputs (2 x 2) of the tile whose sums lie at \c and \e of column 3, \d bytes a column:
// y01 + r(y00 - y01) with y00 = c0 + c1 + c2, y01 = c1 - c2 - c3; then the lower row; then of both.
.macro tt_pool_tile c, e, d
    ldrd r2, r3, [sp, #(\c + 3*\d)]
    ldrd r4, r5, [sp, #(\c + 2*\d)]
    ldrd r6, r7, [sp, #(\c + \d)]
    ldrd r8, r9, [sp, #(\c)]
    add r8, r8, r6
    add r9, r9, r7
    add r2, r2, r6
    add r3, r3, r7
    add r2, r2, r8
    add r3, r3, r9
    usat r2, #31, r2
    usat r3, #31, r3
    add r2, r2, r4
    add r3, r3, r5
    sub r2, r2, r8
    sub r3, r3, r9
    ldrd r4, r5, [sp, #(\e + 3*\d)]
    ldrd r6, r7, [sp, #(\e + 2*\d)]
    ldrd r8, r9, [sp, #(\e + \d)]
    ldrd r10, r11, [sp, #(\e)]
    add r10, r10, r8
    add r11, r11, r9
    add r4, r4, r8
    add r5, r5, r9
    add r4, r4, r10
    add r5, r5, r11
    usat r4, #31, r4
    usat r5, #31, r5
    add r4, r4, r6
    add r5, r5, r7
    sub r4, r4, r10
    sub r5, r5, r11
    sub r2, r2, r4
    sub r3, r3, r5
    usat r2, #31, r2
    usat r3, #31, r3
    add r2, r2, r4
    add r3, r3, r5
    ldm lr, {r4-r6}             // multipliers, bytes from a tile's outputs to the next one's
    add r2, r0, r2, asr #2      // bias + sum
    add r3, r1, r3, asr #2
    smmulr r2, r2, r4
    smmulr r3, r3, r5
    usat r2, #8, r2
    usat r3, #8, r3
    orr r2, r2, r3, lsl #8
    strh r2, [r12]
    sub r12, r12, r6
.endm

// Two of a tile's outputs for both channels, to r12.
.macro tt_dump_row c, d
    ldrd r2, r3, [sp, #(\c + 3*\d)]
    ldrd r4, r5, [sp, #(\c + 2*\d)]
    ldrd r6, r7, [sp, #(\c + \d)]
    ldrd r8, r9, [sp, #(\c)]
    add r2, r2, r4
    add r3, r3, r5
    add r2, r2, r6
    add r3, r3, r7
    sub r4, r4, r6
    sub r5, r5, r7
    sub r4, r4, r8
    sub r5, r5, r9
    stm r12!, {r2-r5}
.endm

// Loads what finishing a pair needs (lr: arguments): biases to r0 and r1, multipliers to the arguments' front, the
// last tile's output to r12; saves how far the weights were read.
.macro tt_pair_parameters
    str r1, [lr, #16]
    ldrd r2, r3, [lr, #24]
    ldrd r0, r1, [r2], #8
    ldrd r4, r5, [r3], #8
    strd r2, r3, [lr, #24]
    strd r4, r5, [lr, #0]
    ldr r12, [lr, #20]
    add r2, r12, #2
    str r2, [lr, #20]
.endm

// 3 tiles x 2 channels of one word: r0 V, r1 U, sums in r7-r12.
.macro tt_w3_step
    ldmia r1!, {r2, r3}
    ldmia r0!, {r4-r6}
    smlad r7, r4, r2, r7
    smlad r8, r4, r3, r8
    smlad r9, r5, r2, r9
    smlad r10, r5, r3, r10
    smlad r11, r6, r2, r11
    smlad r12, r6, r3, r12
.endm

    .section .text.tinytriplet_winograd3,"ax",%progbits
    .balign 4
    .global tinytriplet_winograd3
    .type tinytriplet_winograd3,%function
    .thumb_func
// r0: arguments, see `winograd::Arguments`
tinytriplet_winograd3:
    push {r4-r11, lr}
    mov lr, r0
    ldr r2, [lr, #40]           // words of the first pass
    mov r3, #28                 // bytes of a step's code
    mul r2, r2, r3
    adr.w r4, 12f
    sub r4, r4, r2
    add r4, r4, #29             // one step less; Thumb bit
    str r4, [lr, #48]
    adr.w r4, 22f
    sub r4, r4, r2
    orr r4, r4, #1
    str r4, [lr, #52]
    adr.w r4, 32f
    sub r4, r4, r2
    orr r4, r4, #1
    str r4, [lr, #56]
    adr.w r4, 42f
    sub r4, r4, r2
    orr r4, r4, #1
    str r4, [lr, #60]
1:
    ldrd r0, r1, [lr, #12]
    ldr r2, [lr, #36]
    str r2, [lr, #64]
    cmp r2, #1                  // carry: more than one pass
5:
    ldmia r1!, {r2, r3}
    ldmia r0!, {r4-r6}
    smuad r7, r4, r2
    smuad r8, r4, r3
    smuad r9, r5, r2
    smuad r10, r5, r3
    smuad r11, r6, r2
    smuad r12, r6, r3
    ldr pc, [lr, #48]
11:
    .rept 16
    tt_w3_step
    .endr
12:
    bcs.w 13f
14:
    push {r7-r12}               // row 2
    ldr pc, [lr, #52]
21:
    .rept 16
    tt_w3_step
    .endr
22:
    bcs.w 23f
24:
    push {r7-r12}               // rows 2 + 1
    ldr pc, [lr, #56]
31:
    .rept 16
    tt_w3_step
    .endr
32:
    bcs.w 33f
34:
    push {r7-r12}               // c: rows 2 + 1 + 0
    add r2, sp, #24
    ldm r2!, {r7-r12}
    ldm r2!, {r3-r6}
    sub r7, r7, r3, lsl #1      // rows 1 - 2
    sub r8, r8, r4, lsl #1
    sub r9, r9, r5, lsl #1
    sub r10, r10, r6, lsl #1
    ldm r2, {r3, r4}
    sub r11, r11, r3, lsl #1
    sub r12, r12, r4, lsl #1
    ldr pc, [lr, #60]
41:
    .rept 16
    tt_w3_step
    .endr
42:
    bcs.w 43f
44:
    push {r7-r12}               // e: rows 1 - 2 - 3
    ldr r2, [lr, #44]
    teq r0, r2
    bne.w 5b
    ldr r2, [lr, #68]
    cmp r2, #0
    bne.w 6f
    tt_pair_parameters
    tt_pool_tile 40, 16, 96
    tt_pool_tile 32, 8, 96
    tt_pool_tile 24, 0, 96
    add sp, #384
    ldr r2, [lr, #32]
    subs r2, r2, #1
    str r2, [lr, #32]
    bne.w 1b
    pop {r4-r11, pc}
6:
    mov r12, r2
    tt_dump_row 24, 96
    tt_dump_row 0, 96
    tt_dump_row 32, 96
    tt_dump_row 8, 96
    tt_dump_row 40, 96
    tt_dump_row 16, 96
    add sp, #384
    pop {r4-r11, pc}
13:
    tt_more lr, 64, lr, 36, 11b, 14b
23:
    tt_more lr, 64, lr, 36, 21b, 24b
33:
    tt_more lr, 64, lr, 36, 31b, 34b
43:
    tt_more lr, 64, lr, 36, 41b, 44b
    .size tinytriplet_winograd3, .-tinytriplet_winograd3

// 2 x 2 sums of two words: r0 x, r1 weights; sums r10 (tile 0, channel 0), r11 (0, 1), r12 (1, 0), lr (1, 1).
.macro tt_step2 op=smlad
    ldmia r1!, {r2-r5}
    ldmia r0!, {r6-r9}
    smlad r10, r6, r2, r10
    smlad r11, r6, r3, r11
    smlad r12, r8, r2, r12
    smlad lr, r8, r3, lr
    smlad r10, r7, r4, r10
    smlad r11, r7, r5, r11
    smlad r12, r9, r4, r12
    smlad lr, r9, r5, lr
.endm
.macro tt_step2_first
    ldmia r1!, {r2-r5}
    ldmia r0!, {r6-r9}
    smuad r10, r6, r2
    smuad r11, r6, r3
    smuad r12, r8, r2
    smuad lr, r8, r3
    smlad r10, r7, r4, r10
    smlad r11, r7, r5, r11
    smlad r12, r9, r4, r12
    smlad lr, r9, r5, lr
.endm
.macro tt_more2 depth, block, after
    ldr r2, [sp, #(\depth + 8)]
    cbz r2, 77f
    sub r2, r2, #1
    str r2, [sp, #(\depth + 8)]
    b.w \block
77:
    ldr r2, [sp, #(\depth + 12)]
    ldr r2, [r2, #36]
    str r2, [sp, #(\depth + 8)]
    b.w \after
.endm

    .section .text.tinytriplet_winograd2,"ax",%progbits
    .balign 4
    .global tinytriplet_winograd2
    .type tinytriplet_winograd2,%function
    .thumb_func
// r0: arguments. No register is left for them: on top of the stack lie the way into the loops, the panel's end, the
// passes that are left, and the arguments' address.
tinytriplet_winograd2:
    push {r4-r11, lr}
    mov lr, r0
1:
    ldrd r0, r1, [lr, #12]
    ldr r6, [lr, #40]
    ldr r7, [lr, #44]
    ldr r8, [lr, #36]
    mov r9, lr
    push {r6-r9}
    cmp r8, #1                  // carry: more than one pass
5:
    tt_step2_first
    ldr r2, [sp]
    add r2, r2, #38
    add pc, r2
    nop
11:
    .rept 8
    tt_step2
    .endr
    bcs.w 13f
14:
    push {r10-r12, lr}          // row 2
    ldr r2, [sp, #16]
    add pc, r2
    nop
21:
    .rept 8
    tt_step2
    .endr
    bcs.w 23f
24:
    push {r10-r12, lr}          // rows 2 + 1
    ldr r2, [sp, #32]
    add pc, r2
    nop
31:
    .rept 8
    tt_step2
    .endr
    bcs.w 33f
34:
    pop {r2-r9}
    push {r10-r12, lr}          // c: rows 2 + 1 + 0
    sub r10, r2, r6, lsl #1     // rows 1 - 2
    sub r11, r3, r7, lsl #1
    sub r12, r4, r8, lsl #1
    sub lr, r5, r9, lsl #1
    ldr r2, [sp, #16]
    add pc, r2
    nop
41:
    .rept 8
    tt_step2
    .endr
    bcs.w 43f
44:
    pop {r2-r9}
    push {r2-r5, r10-r12, lr}   // c, and e: rows 1 - 2 - 3
    push {r6-r9}
    teq r0, r7
    bne.w 5b
    mov lr, r9
    ldr r2, [lr, #68]
    cmp r2, #0
    bne.w 6f
    tt_pair_parameters
    tt_pool_tile 24, 40, 32
    tt_pool_tile 16, 32, 32
    add sp, #144
    ldr r2, [lr, #32]
    subs r2, r2, #1
    str r2, [lr, #32]
    bne.w 1b
    pop {r4-r11, pc}
6:
    mov r12, r2
    tt_dump_row 16, 32
    tt_dump_row 32, 32
    tt_dump_row 24, 32
    tt_dump_row 40, 32
    add sp, #144
    pop {r4-r11, pc}
13:
    tt_more2 0, 11b, 14b
23:
    tt_more2 16, 21b, 24b
33:
    tt_more2 32, 31b, 34b
43:
    tt_more2 16, 41b, 44b
    .size tinytriplet_winograd2, .-tinytriplet_winograd2

// A pixel column at r6: 4 bytes of 4 rows to lanes, B transposed times them, on the stack: two words a row.
.macro tt_transform_column
    ldr r5, [r0, r6]
    ldr r8, [r1, r6]
    ldr r10, [r2, r6]
    ldr r12, [r3, r6]
    uxtb16 r4, r5
    uxtb16 r7, r8
    uxtb16 r9, r10
    uxtb16 r11, r12
    uxtb16 r5, r5, ror #8
    uxtb16 r8, r8, ror #8
    uxtb16 r10, r10, ror #8
    uxtb16 r12, r12, ror #8
    tt_transform_lanes
    push {r4-r7, r9-r12}
.endm
// B times a (r4, r5), b (r7, r8), c (r9, r10), d (r11, r12): a - c, b + c (r6, r7), c - b, b - d.
.macro tt_transform_lanes
    ssub16 r4, r4, r9
    ssub16 r5, r5, r10
    ssub16 r11, r7, r11
    ssub16 r12, r8, r12
    sadd16 r6, r7, r9
    ssub16 r9, r9, r7
    sadd16 r7, r8, r10
    ssub16 r10, r10, r8
.endm
// A row of the tile times B, to four positions from r0 on; r1: bytes from a column's positions to the next one's.
.macro tt_transform_row at, half
    ldrd r4, r5, [sp, #(96 + \at)]
    ldrd r7, r8, [sp, #(64 + \at)]
    ldrd r9, r10, [sp, #(32 + \at)]
    ldrd r11, r12, [sp, #\at]
    tt_transform_lanes
    .if \half == 4
    strd r4, r5, [r0]
    add r0, r0, r1
    strd r6, r7, [r0]
    add r0, r0, r1
    strd r9, r10, [r0]
    add r0, r0, r1
    strd r11, r12, [r0]
    .else
    str r4, [r0]
    str r5, [r0, #\half]
    add r0, r0, r1
    str r6, [r0]
    str r7, [r0, #\half]
    add r0, r0, r1
    str r9, [r0]
    str r10, [r0, #\half]
    add r0, r0, r1
    str r11, [r0]
    str r12, [r0, #\half]
    .endif
.endm
.macro tt_transform name, half
    .section .text.\name,"ax",%progbits
    .balign 4
    .global \name
    .type \name,%function
    .thumb_func
// r0: arguments, see `winograd::Transform`. Each tile takes the last two columns of the one before it.
\name:
    push {r4-r11, lr}
    mov lr, r0
1:
    ldm lr, {r0-r3}
    ldr r6, [lr, #32]
    tt_transform_column
    ldr r6, [lr, #36]
    tt_transform_column
    add r6, lr, #40
    ldr r7, [lr, #64]
    strd r6, r7, [lr, #72]      // place of the next column, tiles left
2:
    ldr r7, [lr, #72]
    ldr r6, [r7]
    tt_transform_column
    ldr r7, [lr, #72]
    ldr r6, [r7, #4]
    add r7, r7, #8
    str r7, [lr, #72]
    tt_transform_column
    ldr r0, [lr, #16]
    ldrd r1, r2, [lr, #20]
    ldr r3, [lr, #80]
    add r3, r3, r0
    str r3, [lr, #16]
    tt_transform_row 16, \half
    add r0, r0, r2
    tt_transform_row 8, \half
    add r0, r0, r2
    tt_transform_row 0, \half
    add r0, r0, r2
    tt_transform_row 24, \half
    ldm lr, {r0-r3}
    ldr r4, [lr, #76]
    subs r4, r4, #1
    str r4, [lr, #76]
    bne.w 2b
    add r0, r0, #4
    add r1, r1, #4
    add r2, r2, #4
    add r3, r3, #4
    stm lr, {r0-r3}
    ldrd r4, r5, [lr, #84]      // to the next quad's words, bytes of the columns
    add sp, r5
    ldr r6, [lr, #16]
    add r6, r6, r4
    str r6, [lr, #16]
    ldr r4, [lr, #28]
    subs r4, r4, #1
    str r4, [lr, #28]
    bne.w 1b
    pop {r4-r11, pc}
    .size \name, .-\name
.endm
    tt_transform tinytriplet_transform2, 4
    tt_transform tinytriplet_transform3, 12

// To -127..127 without flags: -128 becomes -127.
.macro tt_signed reg
    ssat \reg, #8, \reg
    add \reg, \reg, #127
    usat \reg, #8, \reg
    sub \reg, \reg, #127
.endm

// Bias, rounding, saturation and writing of 2 x 2 outputs; the record's tail is at r1. Repeats from \pair on.
.macro tt_taps_finish pair, carry_is_signed
    ldmia r1!, {r2-r5}
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
    ldr r2, [sp, #36]
    cbnz r2, 87f
    .endif
    usat r10, #8, r10
    usat r11, #8, r11
    usat r12, #8, r12
    usat lr, #8, lr
86:
    ldrd r6, r7, [sp, #8]
    bfi r10, r11, #8, #8
    bfi r12, lr, #8, #8
    strh r12, [r7], #2
    strh r10, [r6], #2
    strd r6, r7, [sp, #8]
    ldr r2, [sp, #16]
    teq r1, r2
    bne.w \pair
    add sp, #48
    pop {r4-r11, pc}
87:
    tt_signed r10
    tt_signed r11
    tt_signed r12
    tt_signed lr
    b 86b
.endm

    .section .text.tinytriplet_taps,"ax",%progbits
    .balign 4
    .global tinytriplet_taps
    .type tinytriplet_taps,%function
    .thumb_func
// r0: arguments, see `taps::Arguments`: x 0, weights 4, outputs of both tiles 8, end of the weights 16, stages behind the first 20,
// way in 24, passes behind the first 28, bytes of the weights 32, signed 36, stages left 40, passes left 44.
tinytriplet_taps:
    push {r4-r11, lr}
    ldm r0, {r1-r12}
    push {r1-r12}
    mov r1, r2
    ldr r2, [sp, #28]
    cmp r2, #1                  // carry: more than one pass
1:
    ldr r0, [sp]
    ldr r2, [sp, #20]
    str r2, [sp, #40]
    mov r10, #0
    mov r11, #0
    mov r12, #0
    mov lr, #0
2:
    ldr r2, [sp, #24]
    add pc, r2
    nop
3:
    .rept 8
    tt_step2
    .endr
    bcs.w 8f
4:
    ldr r2, [sp, #40]
    cbz r2, 5f
    sub r2, r2, #1
    str r2, [sp, #40]
    usat r10, #31, r10
    usat r11, #31, r11
    usat r12, #31, r12
    usat lr, #31, lr
    ldr r2, [sp, #32]
    sub r1, r1, r2
    b.w 2b
5:
    tt_taps_finish 1b, 0
8:
    tt_more sp, 44, sp, 28, 3b, 4b
    .size tinytriplet_taps, .-tinytriplet_taps

.macro tt_relu4
    usat r10, #31, r10
    usat r11, #31, r11
    usat r12, #31, r12
    usat lr, #31, lr
.endm
// The last word of a stage and the first one of the next.
.macro tt_step2_relu
    ldmia r1!, {r2-r5}
    ldmia r0!, {r6-r9}
    smlad r10, r6, r2, r10
    smlad r11, r6, r3, r11
    smlad r12, r8, r2, r12
    smlad lr, r8, r3, lr
    tt_relu4
    smlad r10, r7, r4, r10
    smlad r11, r7, r5, r11
    smlad r12, r9, r4, r12
    smlad lr, r9, r5, lr
.endm
    .section .text.tinytriplet_taps5,"ax",%progbits
    .balign 4
    .global tinytriplet_taps5
    .type tinytriplet_taps5,%function
    .thumb_func
// Four stages of 5 words; a record has each word twice. Arguments as for tinytriplet_taps.
tinytriplet_taps5:
    push {r4-r11, lr}
    ldm r0, {r1-r12}
    push {r1-r12}
    mov r1, r2
    cmp r10, #1                 // carry: signed
1:
    ldr r0, [sp]
    tt_step2_first
    tt_step2
    tt_step2_relu
    tt_step2
    tt_step2
    tt_relu4
    sub r1, r1, #80
    tt_step2
    tt_step2
    tt_step2_relu
    tt_step2
    tt_step2
    tt_taps_finish 1b, 1
    .size tinytriplet_taps5, .-tinytriplet_taps5

// The same for one tile (sums in r10 and r11), whose words are every second pair of the panel.
.macro tt_step1 first, relu
    ldmia r1!, {r2-r5}
    ldrd r6, r7, [r0], #16
    .if \first
    smuad r10, r6, r2
    smuad r11, r6, r3
    .else
    smlad r10, r6, r2, r10
    smlad r11, r6, r3, r11
    .endif
    .if \relu
    usat r10, #31, r10
    usat r11, #31, r11
    .endif
    smlad r10, r7, r4, r10
    smlad r11, r7, r5, r11
.endm
    .section .text.tinytriplet_taps5_single,"ax",%progbits
    .balign 4
    .global tinytriplet_taps5_single
    .type tinytriplet_taps5_single,%function
    .thumb_func
tinytriplet_taps5_single:
    push {r4-r11, lr}
    ldr r12, [r0]               // x
    ldr r1, [r0, #4]
    ldr lr, [r0, #8]            // output
    ldr r8, [r0, #16]           // end of the weights
    ldr r9, [r0, #36]           // signed
1:
    mov r0, r12
    tt_step1 1, 0
    tt_step1 0, 0
    tt_step1 0, 1
    tt_step1 0, 0
    tt_step1 0, 0
    usat r10, #31, r10
    usat r11, #31, r11
    sub r1, r1, #80
    tt_step1 0, 0
    tt_step1 0, 0
    tt_step1 0, 1
    tt_step1 0, 0
    tt_step1 0, 0
    ldmia r1!, {r2-r5}
    add r10, r10, r2
    add r11, r11, r3
    smmulr r10, r10, r4
    smmulr r11, r11, r5
    cmp r9, #0
    bne 3f
    usat r10, #8, r10
    usat r11, #8, r11
2:
    bfi r10, r11, #8, #8
    strh r10, [lr], #2
    cmp r1, r8
    bne 1b
    pop {r4-r11, pc}
3:
    tt_signed r10
    tt_signed r11
    b 2b
    .size tinytriplet_taps5_single, .-tinytriplet_taps5_single

// A row of a 4 x 4 patch: r4 columns 0 and 2, r5 columns 1 and 3, r6 columns 0 and 1, r7 columns 1 and 2; r8 and r9
// the differences of columns 0 - 1, 1 - 2 and (high lane of r9) 2 - 3.
.macro tt_patch_row line
    ldr r5, [\line], #2
    uxtb16 r4, r5
    uxtb16 r5, r5, ror #8
    pkhbt r6, r4, r5, lsl #16
    pkhbt r7, r5, r4
    ssub16 r8, r6, r7
    ssub16 r9, r4, r5
.endm
    .section .text.tinytriplet_expand3,"ax",%progbits
    .balign 4
    .global tinytriplet_expand3
    .type tinytriplet_expand3,%function
    .thumb_func
// r0: 4 lines, which advance, r1: panel, r2: tiles. r10 and r11 keep r7 and r5 of the row above, r12 its r9.
tinytriplet_expand3:
    push {r0, r2, r4-r11, lr}
    mov lr, r1
    ldm r0, {r0-r3}
1:
    tt_patch_row r0
    str r8, [lr]
    mov r10, r7
    mov r11, r5
    mov r12, r9
    tt_patch_row r1
    str r8, [lr, #4]
    str r8, [lr, #80]
    pkhtb r12, r9, r12, asr #16
    str r12, [lr, #20]
    mov r12, r9
    str r7, [lr, #116]
    ssub16 r6, r10, r6
    str r6, [lr, #36]
    ssub16 r4, r11, r4
    str r4, [lr, #68]           // only for now
    mov r10, r7
    mov r11, r5
    tt_patch_row r2
    str r8, [lr, #16]
    str r8, [lr, #84]
    pkhtb r12, r9, r12, asr #16
    str r12, [lr, #100]
    lsr r12, r9, #16
    str r12, [lr, #32]
    str r7, [lr, #128]
    ssub16 r6, r10, r6
    str r6, [lr, #48]
    ssub16 r4, r11, r4
    ldr r6, [lr, #68]
    pkhtb r6, r4, r6, asr #16
    str r6, [lr, #64]
    pkhtb r6, r5, r11, asr #16
    str r6, [lr, #144]
    mov r10, r7
    mov r11, r5
    tt_patch_row r3
    str r8, [lr, #96]
    lsr r9, r9, #16
    str r9, [lr, #112]
    str r7, [lr, #132]
    ssub16 r6, r10, r6
    str r6, [lr, #52]
    ssub16 r4, r11, r4
    lsr r4, r4, #16
    str r4, [lr, #68]
    lsr r5, r5, #16
    str r5, [lr, #148]
    add lr, lr, #8
    ldrd r4, r5, [sp]
    subs r5, r5, #1
    str r5, [sp, #4]
    bne 1b
    stm r4, {r0-r3}
    add sp, #8
    pop {r4-r11, pc}
    .size tinytriplet_expand3, .-tinytriplet_expand3

    .section .text.tinytriplet_row3,"ax",%progbits
    .balign 4
    .global tinytriplet_row3
    .type tinytriplet_row3,%function
    .thumb_func
// r0: `taps::Row3`: lines 0, tiles 16, bytes of two tiles' outputs 20, arguments 24
tinytriplet_row3:
    push {r4-r6, lr}
    mov r4, r0
    ldr r5, [r4, #16]
1:
    mov r0, r4
    ldr r1, [r4, #24]
    cmp r5, #1
    beq 2f
    mov r2, #2
    bl tinytriplet_expand3
    add r0, r4, #24
    bl tinytriplet_taps5
    ldrd r0, r1, [r4, #32]
    ldr r2, [r4, #20]
    add r0, r0, r2
    add r1, r1, r2
    strd r0, r1, [r4, #32]
    subs r5, r5, #2
    bne 1b
    pop {r4-r6, pc}
2:
    mov r2, #1
    bl tinytriplet_expand3
    add r0, r4, #24
    pop {r4-r6, lr}
    b.w tinytriplet_taps5_single
    .size tinytriplet_row3, .-tinytriplet_row3

    .section .text.tinytriplet_expand_pooled,"ax",%progbits
    .balign 4
    .global tinytriplet_expand_pooled
    .type tinytriplet_expand_pooled,%function
    .thumb_func
// r0: arguments, see `taps::Windows`; on the stack behind them how far a row's words are shifted. For each four values
// of a row of the windows, the lines from the last to the first: r4-r7 left and right window's, r10 and r11 the left one's
// of the line below. What is written of the last line to the first two stages is the next stage's and is overwritten.
tinytriplet_expand_pooled:
    push {r4-r11, lr}
    ldm r0, {r1-r8}
    mov r9, #0
    push {r1-r9}
    mov lr, r3
    mov r1, #0
1:
    ldr r3, [sp, #16]
    ldr r8, [sp, #12]
    subs r8, r8, #1
    str r8, [sp, #12]
    bne 2f
    ldr r1, [sp, #24]
    ldr r8, [sp, #28]
    str r8, [sp, #32]
2:
    add r3, r3, lr
    ldrd r0, r2, [sp]
3:
    ldr r12, [r0], #-4
    add r12, r12, r1
    ldr r4, [r12]
    ldr r6, [r12, r2]
    ldr r12, [sp, #32]
    lsr r4, r4, r12
    lsr r6, r6, r12
    uxtb16 r5, r4, ror #8
    uxtb16 r7, r6, ror #8
    uxtb16 r4, r4
    uxtb16 r6, r6
    ssub16 r8, r6, r10
    ssub16 r9, r7, r11
    add r12, r3, lr
    strd r8, r9, [r12]
    mov r10, r4
    mov r11, r5
    ssub16 r4, r4, r6
    ssub16 r5, r5, r7
    strd r4, r5, [r3]
    ldrd r8, r9, [sp, #16]
    cmp r3, r8
    beq 4f
    sub r3, r3, r9
    sub r12, r12, r9
    add r12, r12, lr
    strd r4, r5, [r12]
    add r12, r12, lr
    strd r6, r7, [r12]
    b 3b
4:
    add r8, r8, #16
    str r8, [sp, #16]
    add r1, r1, #4
    ldr r8, [sp, #12]
    cmp r8, #0
    bne 1b
    add sp, #36
    pop {r4-r11, pc}
    .size tinytriplet_expand_pooled, .-tinytriplet_expand_pooled

    .section .text.tinytriplet_expand,"ax",%progbits
    .balign 4
    .global tinytriplet_expand
    .type tinytriplet_expand,%function
    .thumb_func
// r0: bytes, r1: their end, r2: words, r3: from a word to the next one of the same four bytes; on the stack: from there to
// the next four's. Returns the sum.
tinytriplet_expand:
    push {r4-r6, lr}
    ldr r6, [sp, #16]
    mov r12, #0
    mov lr, #0
1:
    ldr r4, [r0], #4
    usada8 lr, r4, r12, lr
    uxtb16 r5, r4, ror #8
    uxtb16 r4, r4
    str r4, [r2]
    str r5, [r2, r3]
    add r2, r2, r6
    cmp r0, r1
    bne 1b
    mov r0, lr
    pop {r4-r6, pc}
    .size tinytriplet_expand, .-tinytriplet_expand

    .section .text.tinytriplet_dense,"ax",%progbits
    .balign 4
    .global tinytriplet_dense
    .type tinytriplet_dense,%function
    .thumb_func
// r0: arguments, see `rows::Arguments`. Four outputs' sums are in r2-r5; they begin with the biases.
tinytriplet_dense:
    push {r4-r11, lr}
    ldm r0, {r1-r10}
    push {r1-r10}
    mov r1, r3
1:
    ldrd r0, r6, [sp]
    ldr r7, [sp, #20]
    ldm r6!, {r2-r5}
    str r6, [sp, #4]
    sub r2, r2, r7
    sub r4, r4, r7
    ldr r6, [sp, #12]
    add r2, r2, r3, lsl #8
    add r4, r4, r5, lsl #8
    add pc, r6
    nop
2:
    .rept 8
    ldm r0!, {r10-r12, lr}
    ldm r1!, {r6-r9}
    smlad r2, r6, r10, r2
    sxtb16 r6, r6, ror #8
    smlad r4, r7, r10, r4
    sxtb16 r7, r7, ror #8
    smlad r3, r6, r10, r3
    smlad r5, r7, r10, r5
    smlad r2, r8, r11, r2
    sxtb16 r8, r8, ror #8
    smlad r4, r9, r11, r4
    sxtb16 r9, r9, ror #8
    smlad r3, r8, r11, r3
    smlad r5, r9, r11, r5
    ldm r1!, {r6-r9}
    smlad r2, r6, r12, r2
    sxtb16 r6, r6, ror #8
    smlad r4, r7, r12, r4
    sxtb16 r7, r7, ror #8
    smlad r3, r6, r12, r3
    smlad r5, r7, r12, r5
    smlad r2, r8, lr, r2
    sxtb16 r8, r8, ror #8
    smlad r4, r9, lr, r4
    sxtb16 r9, r9, ror #8
    smlad r3, r8, lr, r3
    smlad r5, r9, lr, r5
    .endr
    ldr r6, [sp, #16]
    cmp r0, r6
    bne.w 2b
    ldrd r10, r11, [sp, #24]
    sub r2, r2, r3, lsl #8
    sub r4, r4, r5, lsl #8
    ldm r10!, {r6-r9}
    smmulr r2, r2, r6
    smmulr r3, r3, r7
    smmulr r4, r4, r8
    smmulr r5, r5, r9
    ldr r6, [sp, #36]
    cbnz r6, 4f
    usat r2, #8, r2
    usat r3, #8, r3
    usat r4, #8, r4
    usat r5, #8, r5
3:
    bfi r2, r3, #8, #8
    bfi r2, r4, #16, #8
    bfi r2, r5, #24, #8
    str r2, [r11], #4
    strd r10, r11, [sp, #24]
    ldr r6, [sp, #32]
    cmp r1, r6
    bne.w 1b
    add sp, #40
    pop {r4-r11, pc}
4:
    tt_signed r2
    tt_signed r3
    tt_signed r4
    tt_signed r5
    b 3b
    .size tinytriplet_dense, .-tinytriplet_dense

    .section .text.tinytriplet_dot4x2,"ax",%progbits
    .balign 4
    .global tinytriplet_dot4x2
    .type tinytriplet_dot4x2,%function
    .thumb_func
// r0: x, four words a step; r1: weights, every second word; r2: 8 sums; r3: end of x
tinytriplet_dot4x2:
    push {r2, r4-r11, lr}
    push {r3}
    mov r6, #0
    mov r7, #0
    mov r8, #0
    mov r9, #0
    mov r10, #0
    mov r11, #0
    mov r12, #0
    mov lr, #0
1:
    .rept 4
    ldr r2, [r1], #8
    ldmia r0!, {r4, r5}
    sxtb16 r3, r2, ror #8
    smlad r6, r2, r4, r6
    smlad r10, r3, r4, r10
    smlad r7, r2, r5, r7
    smlad r11, r3, r5, r11
    ldmia r0!, {r4, r5}
    smlad r8, r2, r4, r8
    smlad r12, r3, r4, r12
    smlad r9, r2, r5, r9
    smlad lr, r3, r5, lr
    .endr
    ldr r4, [sp]
    cmp r0, r4
    bne 1b
    sub r6, r6, r10, lsl #8
    sub r7, r7, r11, lsl #8
    sub r8, r8, r12, lsl #8
    sub r9, r9, lr, lsl #8
    pop {r3, r4}
    stm r4, {r6-r12, lr}
    pop {r4-r11, pc}
    .size tinytriplet_dot4x2, .-tinytriplet_dot4x2
"#,
    options(raw)
);

unsafe extern "C" {
    fn tinytriplet_winograd2(arguments: *mut winograd::Arguments);
    fn tinytriplet_winograd3(arguments: *mut winograd::Arguments);
    fn tinytriplet_transform2(arguments: *mut winograd::Transform);
    fn tinytriplet_transform3(arguments: *mut winograd::Transform);
    fn tinytriplet_taps(arguments: *const taps::Arguments);
    fn tinytriplet_taps5(arguments: *const taps::Arguments);
    fn tinytriplet_taps5_single(arguments: *const taps::Arguments);
    fn tinytriplet_row3(row: *mut taps::Row3);
    fn tinytriplet_expand_pooled(windows: *const taps::Windows);
    fn tinytriplet_expand(from: *const u8, end: *const u8, to: *mut u32, half: usize, quad: usize) -> u32;
    fn tinytriplet_dense(arguments: *const rows::Arguments);
    fn tinytriplet_dot4x2(x: *const u32, weights: *const u8, sums: *mut i32, end: *const u32);
}

/// Winograd's products and transforms.
pub(super) mod winograd {
    use super::*;

    /// What the products' assembly reads by offset, and where it keeps what has no register.
    #[repr(C)]
    pub(in crate::engine::fast) struct Arguments {
        multipliers: [i32; 2],       // 0
        stride: usize,               // 8
        panel: *const u32,           // 12
        weights: *const i16,         // 16
        out: *mut u8,                // 20: of the last tile
        biases: *const i32,          // 24
        all_multipliers: *const i32, // 28
        pairs: usize,                // 32
        passes: usize,               // 36: behind the first one
        first: usize,                // 40: words (3 tiles) or bytes of code that are skipped (2 tiles)
        end: *const u32,             // 44: of the panel
        ways_in: [usize; 4],         // 48
        passes_left: usize,          // 64
        dump: *mut [[i32; 2]; 4],    // 68: null: pool and requantize
    }

    impl Arguments {
        fn new(panel: &[u32], weights: &[i16], depth: usize, count: usize) -> Self {
            let words = depth / 2;
            let (passes, first) = if count == 3 {
                ((words - 1) >> 4, ((words - 1) & 15) + 1)
            } else {
                let steps = words / 2;
                ((steps - 1) >> 3, 38 * (7 - ((steps - 1) & 7)))
            };
            Self {
                multipliers: [0; 2],
                stride: 0,
                panel: panel.as_ptr(),
                weights: weights.as_ptr(),
                out: core::ptr::null_mut(),
                biases: core::ptr::null(),
                all_multipliers: core::ptr::null(),
                pairs: 1,
                passes,
                first,
                end: panel.as_ptr().wrapping_add(16 * words * count),
                ways_in: [0; 4],
                passes_left: 0,
                dump: core::ptr::null_mut(),
            }
        }
    }

    /// Whether the panel of `count` tiles and the weights of `pairs` pairs of outputs are there.
    fn fits(panel: &[u32], weights: &[i16], depth: usize, count: usize, pairs: usize) -> bool {
        depth > 0
            && depth.is_multiple_of(4)
            && (count == 2 || count == 3)
            && panel.len() >= 8 * depth * count
            && weights.len() >= 32 * depth * pairs
            && aligned(weights)
    }

    /// See `multiply` of the portable loops.
    pub(in crate::engine::fast) fn multiply(
        panel: &[u32],
        weights: &[i16],
        depth: usize,
        count: usize,
        sums: &mut [[[i32; 2]; 4]; 3],
    ) {
        if !fits(panel, weights, depth, count, 1) {
            return;
        }
        let mut arguments =
            Arguments { dump: sums.as_mut_ptr(), ..Arguments::new(panel, weights, depth, count) };
        // SAFETY: the panel and the pair's weights are as long as `fits` says, and are read only up to there;
        // `sums` has room for three tiles; biases, multipliers and output are not touched when there is a dump.
        unsafe {
            if count == 3 {
                tinytriplet_winograd3(&mut arguments)
            } else {
                tinytriplet_winograd2(&mut arguments)
            }
        }
    }

    /// See `multiply_pool` of the portable loops.
    pub(in crate::engine::fast) fn multiply_pool(
        panel: &[u32],
        weights: &[i16],
        channels: Channels<'_>,
        depth: usize,
        (count, valid): (usize, usize),
        (out, outputs): (&mut [u8], usize),
    ) {
        let pairs = outputs / 2;
        if !fits(panel, weights, depth, count, pairs)
            || pairs == 0
            || outputs % 2 != 0
            || channels.biases.len() < outputs
            || channels.multipliers.len() < outputs
            || valid == 0
            || (valid != count && valid != 1)
            || out.len() < valid * outputs
        {
            return;
        }
        // Tiles are written from the last to the first. Where only the first counts, all go to its place.
        let stride = if valid == count { outputs } else { 0 };
        let mut arguments = Arguments {
            stride,
            out: out.as_mut_ptr().wrapping_add((count - 1) * stride),
            biases: channels.biases.as_ptr(),
            all_multipliers: channels.multipliers.as_ptr(),
            pairs,
            ..Arguments::new(panel, weights, depth, count)
        };
        // SAFETY: panel, weights, biases and multipliers are read up to the lengths checked above. Each pair
        // writes 2 bytes at `2 · pair` of each of the tiles' `outputs` bytes in `out`.
        unsafe {
            if count == 3 {
                tinytriplet_winograd3(&mut arguments)
            } else {
                tinytriplet_winograd2(&mut arguments)
            }
        }
    }

    /// What the input transform's assembly reads by offset, and where it keeps how far it is. Distances in bytes.
    #[repr(C)]
    pub(in crate::engine::fast) struct Transform {
        lines: [*const u8; 4], // 0
        panel: *mut u32,       // 16
        column: usize,         // 20: from a position to that of the next column
        back: isize,           // 24: from a row's last position to the next row's first
        quads: usize,          // 28
        columns: [usize; 8],   // 32: where they begin in a line
        tiles: usize,          // 64
        unused: usize,         // 68
        next: usize,           // 72: address of an element of `columns`
        left: usize,           // 76
        tile: usize,           // 80: from a tile's words to the next one's
        quad: usize, // 84: from behind the last tile's words to the next four channels' of the first
        pushed: usize, // 88
    }

    /// Transforms `tiles` tiles side by side, of which the first is the panel's tile `first`.
    fn run(
        lines: [*const u8; 4],
        depth: usize,
        (panel, count, first): (&mut [u32], usize, usize),
        tiles: usize,
    ) {
        if depth < 4
            || !depth.is_multiple_of(4)
            || !(count == 2 || count == 3)
            || tiles == 0
            || first + tiles > count
            || panel.len() < 8 * depth * count
        {
            return;
        }
        let position = 2 * depth * count; // bytes
        let (tile, quad) = if count == 3 { (4, 24) } else { (8, 16) };
        let mut arguments = Transform {
            lines,
            panel: panel.as_mut_ptr().wrapping_add(tile / 4 * first),
            column: 4 * position,
            back: -11 * position as isize,
            quads: depth / 4,
            columns: [0, 1, 2, 3, 4, 5, 6, 7].map(|column| column * depth),
            tiles,
            unused: 0,
            next: 0,
            left: 0,
            tile,
            quad: quad - tiles * tile,
            pushed: 64 + 64 * tiles,
        };
        // SAFETY: the callers' lines hold `2 · tiles + 2` pixels of `depth` bytes each, at most 8; the panel has 16
        // positions of `position` bytes, and in each of them the tiles' words are written, of which the last ends
        // at `position` or before.
        unsafe {
            match count {
                2 => tinytriplet_transform2(&mut arguments),
                3 => tinytriplet_transform3(&mut arguments),
                _ => {}
            }
        }
    }

    /// See `transform` of the portable loops; of all tiles from the first to `tiles`, side by side. False where a line is
    /// too short, or for signed elements: nothing is written then.
    pub(in crate::engine::fast) fn transform_tiles(
        lines: [&[u8]; 4],
        depth: usize,
        element: Element,
        (panel, count, tiles): (&mut [u32], usize, usize),
    ) -> bool {
        let fits =
            element == Element::Unsigned && lines.iter().all(|line| line.len() >= (2 * tiles + 2) * depth);
        if fits {
            run(lines.map(|line| line.as_ptr()), depth, (panel, count, 0), tiles);
        }
        fits
    }

    /// See `transform` of the portable loops.
    pub(in crate::engine::fast) fn transform(
        lines: [&[u8]; 4],
        depth: usize,
        element: Element,
        to: (&mut [u32], usize, usize),
    ) {
        if element == Element::Signed {
            crate::engine::fast::winograd::transform(lines, depth, element, to);
        } else if lines.iter().all(|line| line.len() >= 4 * depth) {
            run(lines.map(|line| line.as_ptr()), depth, to, 1);
        }
    }

    /// See `transform_words` of the portable loops.
    pub(in crate::engine::fast) fn transform_words(
        words: &[u32],
        depth: usize,
        element: Element,
        to: (&mut [u32], usize, usize),
    ) {
        if element == Element::Signed {
            crate::engine::fast::winograd::transform_words(words, depth, element, to);
        } else if words.len() >= 4 * depth {
            run([0, 1, 2, 3].map(|i| words.as_ptr().wrapping_add(i * depth).cast()), depth, to, 1);
        }
    }
}

/// Sums over windows with 16-bit weights.
pub(super) mod taps {
    use super::*;

    /// What the assembly copies to its stack.
    #[repr(C)]
    pub(in crate::engine::fast) struct Arguments {
        panel: *const u32,
        weights: *const i16,
        out: [*mut u8; 2],
        end: *const i16,
        stages: usize,
        way_in: usize,
        passes: usize,
        weight_bytes: usize,
        signed: usize,
        stages_left: usize,
        passes_left: usize,
    }

    impl Arguments {
        /// None where a length is too short; `record` and `panel_len` say what is read.
        fn new(
            (panel, panel_len): (&[u32], usize),
            (weights, record): (&[i16], usize),
            to: Element,
            (out, outputs): (&mut [u8], usize),
        ) -> Option<Self> {
            let pairs = outputs / 2;
            let fits = pairs > 0
                && outputs % 2 == 0
                && panel.len() >= panel_len
                && weights.len() >= pairs * record
                && aligned(weights)
                && out.len() >= outputs;
            if !fits {
                return None;
            }
            let first = out.as_mut_ptr();
            // Where there is no second tile, it is written first and then overwritten.
            let second = if out.len() >= 2 * outputs { first.wrapping_add(outputs) } else { first };
            Some(Self {
                panel: panel.as_ptr(),
                weights: weights.as_ptr(),
                out: [first, second],
                end: weights.as_ptr().wrapping_add(pairs * record),
                stages: 0,
                way_in: 0,
                passes: 0,
                weight_bytes: 0,
                signed: usize::from(to == Element::Signed),
                stages_left: 0,
                passes_left: 0,
            })
        }
    }

    /// See `sum` of the portable loops.
    pub(in crate::engine::fast) fn sum(
        panel: &[u32],
        weights: &[i16],
        (words, stages): (usize, usize),
        to: Element,
        out: (&mut [u8], usize),
    ) {
        if words < 2 || words % 2 != 0 || stages == 0 {
            return;
        }
        let (steps, record) = (words / 2, 4 * words + 8);
        let passes = (steps - 1) >> 3;
        if let Some(arguments) = Arguments::new((panel, 2 * stages * words), (weights, record), to, out) {
            let way_in = 38 * (7 - ((steps - 1) & 7));
            let (stages, weight_bytes) = (stages - 1, 8 * words);
            let arguments =
                Arguments { stages, way_in, passes, weight_bytes, passes_left: passes, ..arguments };
            // SAFETY: panel and weights are read up to the lengths that `new` has checked; each pair writes 2
            // bytes at `2 · pair` of the tiles' `outputs` bytes.
            unsafe { tinytriplet_taps(&arguments) }
        }
    }

    /// See `sum5` of the portable loops.
    pub(in crate::engine::fast) fn sum5(
        panel: &[[u32; 4]; 10],
        weights: &[i16],
        to: Element,
        out: (&mut [u8], usize),
    ) {
        if let Some(arguments) = Arguments::new((panel.as_flattened(), 40), (weights, 48), to, out) {
            let [first, second] = arguments.out;
            // SAFETY: as in `sum`; a record has 10 words of each of two channels and a tail of 4 words. The
            // second function touches the first tile only.
            unsafe {
                if first == second {
                    tinytriplet_taps5_single(&arguments);
                } else {
                    tinytriplet_taps5(&arguments);
                }
            }
        }
    }

    pub(in crate::engine::fast) use crate::engine::fast::taps::expand3;

    /// What the assembly of [`row3`] reads, and where it keeps how far it is.
    #[repr(C)]
    pub(in crate::engine::fast) struct Row3 {
        lines: [*const u8; 4],
        tiles: usize,
        step: usize,
        arguments: Arguments,
    }

    /// A row of pooled outputs of 3 × 3 windows of one channel: `expand3` and `sum5` of all of its tiles. False where that
    /// is not for it: nothing is written then.
    pub(in crate::engine::fast) fn row3(
        lines: [&[u8]; 4],
        (panel, tiles): (&mut [[u32; 4]; 10], usize),
        weights: &[i16],
        to: Element,
        (out, outputs): (&mut [u8], usize),
    ) -> bool {
        let fits =
            tiles > 0 && out.len() >= tiles * outputs && lines.iter().all(|line| line.len() >= 2 * tiles + 2);
        let arguments = Arguments::new((panel.as_flattened(), 40), (weights, 48), to, (out, outputs));
        let (true, Some(arguments)) = (fits, arguments) else { return false };
        let lines = lines.map(|line| line.as_ptr());
        // The panel is written, too.
        let arguments = Arguments { panel: panel.as_mut_ptr().cast::<u32>(), ..arguments };
        let mut row = Row3 { lines, tiles, step: 2 * outputs, arguments };
        // SAFETY: of each of the lines 4 bytes are read at every second of `tiles` columns; a tile's 20 words are written
        // to one of two places in the panel; the sums are as in `sum5`, of two tiles, whose outputs `out` has, or of the
        // last one.
        unsafe { tinytriplet_row3(&mut row) };
        true
    }

    /// What the assembly of [`expand_pooled`] copies to its stack. Distances in bytes.
    #[repr(C)]
    pub(in crate::engine::fast) struct Windows {
        last_line: *const *const u8,
        next: usize,
        stage: usize,
        quads: usize,
        panel: *mut u32,
        row: usize,
        last_quad: usize,
        last_shift: usize,
    }

    /// Differences of the four windows of a pooled output, of `rows` lines of `run` unsigned bytes that begin at `left`
    /// and `next` bytes behind it, as `expand` writes them. False where that is not for it: nothing is written then.
    pub(in crate::engine::fast) fn expand_pooled(
        lines: [&[u8]; 6],
        (left, next): (usize, usize),
        (rows, run): (usize, usize),
        (panel, tile): (&mut [[u32; 4]], usize),
    ) -> bool {
        let quads = run.div_ceil(4);
        let row = 16 * quads;
        let fits = run >= 4
            && tile < 2
            && panel.len() >= 4 * rows * quads
            && lines.iter().take(rows + 1).all(|line| line.len() >= left + next + run);
        let lines = lines.map(|line| line.as_ptr().wrapping_add(left));
        let (1.., Some(last_line), true) = (rows, lines.get(rows), fits) else { return false };
        let windows = Windows {
            last_line,
            next,
            stage: rows * row,
            quads,
            panel: panel.as_mut_ptr().cast::<u32>().wrapping_add(2 * tile),
            row,
            last_quad: run - 4,
            last_shift: 8 * (4 * quads - run),
        };
        // SAFETY: of the lines 0 to `rows`, `run` bytes are read from `left` on and `next` bytes behind that: the last
        // four of them last, so that nothing behind them is. A tile's words of four stages of `rows` times `quads` steps
        // are written. Pointers to lines are read downwards from `last_line`, which `get` took from within their array.
        unsafe { tinytriplet_expand_pooled(&windows) };
        true
    }
}

/// Sums over int8 weights.
pub(super) mod rows {
    use super::*;

    /// Expands each four bytes to a word at every `quad`th and one `half` words behind it; the sum of the bytes. Nothing
    /// where there is not room for all.
    pub(in crate::engine::fast) fn expand(
        quads: &[[u8; 4]],
        to: &mut [u32],
        [half, quad]: [usize; 2],
    ) -> u32 {
        match quads.len().checked_sub(1) {
            Some(more) if to.len() > more * quad + half => {
                let bytes = quads.as_flattened().as_ptr_range();
                // SAFETY: the bytes are read, which are not none, four at a time; the last word that is written is the
                // one whose place is compared with the length.
                unsafe { tinytriplet_expand(bytes.start, bytes.end, to.as_mut_ptr(), 4 * half, 4 * quad) }
            }
            _ => 0,
        }
    }

    /// What the assembly of [`fours`] copies to its stack.
    #[repr(C)]
    pub(in crate::engine::fast) struct Arguments {
        panel: *const u32,
        biases: *const i32,
        weights: *const u8,
        way_in: usize,
        panel_end: *const u32,
        offset: i32,
        multipliers: *const i32,
        out: *mut u8,
        weights_end: *const u8,
        signed: usize,
    }

    /// See `fours` of the portable driver.
    pub(in crate::engine::fast) fn fours(
        (panel, offset): (&[u32], i32),
        weights: &[u8],
        (biases, multipliers): (&[[i32; 4]], &[[i32; 4]]),
        to: Element,
        out: &mut [[u8; 4]],
    ) {
        let words = panel.len();
        let len = 8 * words * out.len();
        if len == 0
            || words % 4 != 0
            || weights.len() < len
            || !aligned(weights)
            || biases.len() < out.len()
            || multipliers.len() < out.len()
        {
            return;
        }
        let arguments = Arguments {
            panel: panel.as_ptr(),
            biases: biases.as_ptr().cast(),
            weights: weights.as_ptr(),
            way_in: 108 * (7 - ((words / 4 - 1) & 7)),
            panel_end: panel.as_ptr_range().end,
            offset,
            multipliers: multipliers.as_ptr().cast(),
            out: out.as_mut_ptr().cast(),
            weights_end: weights.as_ptr().wrapping_add(len),
            signed: usize::from(to == Element::Signed),
        };
        // SAFETY: `words`, a multiple of 4 that is not 0, are read from the panel, and for each of them 8 bytes of
        // weights for each element of `out`, which is not empty; an element takes 4 biases and 4 multipliers, and is
        // written once: all lengths are checked above.
        unsafe { tinytriplet_dense(&arguments) }
    }

    /// See `dot4x2` of the portable loops.
    pub(in crate::engine::fast) fn dot4x2(
        panel: &[u32],
        weights: &[u8],
        pair: usize,
    ) -> ([i32; 4], [i32; 4]) {
        let mut sums = [[0; 4]; 2];
        let words = panel.len() / 4;
        if words > 0
            && words.is_multiple_of(4)
            && panel.len().is_multiple_of(4)
            && weights.len() >= 8 * words
            && aligned(weights)
        {
            let end = panel.as_ptr().wrapping_add(4 * words);
            let weights = weights.as_ptr().wrapping_add(4 * (pair & 1));
            // SAFETY: `4 · words` words are read from the panel, a multiple of 16, and every second word of
            // `8 · words` bytes of weights; 8 sums are written.
            unsafe { tinytriplet_dot4x2(panel.as_ptr(), weights, sums.as_flattened_mut().as_mut_ptr(), end) }
        }
        let [a, b] = sums;
        (a, b)
    }
}
