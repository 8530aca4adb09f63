//! The inner loops in assembly, for Cortex-M4, M7 and M33: one instruction multiplies two pairs of 16-bit values and
//! adds both products. `docs/KERNELS.md` explains the tricks and the use of registers.
//!
//! What the loops do not cover, a signed output or a sum that does not fit 16 bits, is finished in Rust.

use super::{FilterShape, Finish, LANES, portable, winograd::POSITIONS};
use crate::Element;
use core::arch::global_asm;

#[cfg(not(armv7em))]
global_asm!(".cpu cortex-m33");

// Convolves 4 transformed tiles with the transformed filters of pairs of channels.
//
// r0: tiles [position][word][tile], r1: filters [pair][position][word][channel], r2: `Winograd`.
//
// A position's 8 sums stay in r6 to r12 and lr. They are stored on the stack, [position][tile][channel]; then each tile's
// 4 outputs of 2 channels are made of them, in r4 to r11.
global_asm!(
    r#"
    .syntax unified
    .section .text.tinytriplet_winograd4, "ax", %progbits
    .balign 4               // ADR counts from a multiple of 4
    .global tinytriplet_winograd4
    .type tinytriplet_winograd4, %function
    .thumb_func
tinytriplet_winograd4:
    .set SUM, 512           // where the next sums go
    .set TILES_END, 516
    .set TILES, 520
    .set JUMP, 524          // where the run of a position begins
    .set BIAS, 528          // two
    .set MULTIPLIER, 536    // two
    .set BIASES, 544
    .set MULTIPLIERS, 548
    .set OUTPUT, 552
    .set STRIDE, 556
    .set PAIRS, 560
    .set SUMS, 564          // where outputs go that are not finished, or 0
    .set FILTERS, 568
    push {{r4-r11, lr}}
    sub sp, #572
    ldm r2, {{r3-r9}}
    add r10, sp, #BIASES
    stm r10, {{r3-r7, r9}}
    add r10, r0, r8, lsl #8
    strd r10, r0, [sp, #TILES_END]
    adr.w r10, 3f
    sub r8, #1
    mov r11, #44
    mls r10, r8, r11, r10
    orr r10, #1
    str r10, [sp, #JUMP]
1:
    ldrd r2, r3, [sp, #BIASES]
    ldrd r4, r5, [r2], #8
    ldrd r6, r7, [r3], #8
    strd r2, r3, [sp, #BIASES]
    add r8, sp, #BIAS
    stm r8, {{r4-r7}}
    ldr r0, [sp, #TILES]
    mov r2, sp
    str r2, [sp, #SUM]
2:
    ldrd r2, r3, [r1], #8
    ldrd r4, r5, [r0], #8
    smuad r6, r4, r2
    smuad r7, r4, r3
    smuad r8, r5, r2
    smuad r9, r5, r3
    ldrd r4, r5, [r0], #8
    smuad r10, r4, r2
    smuad r11, r4, r3
    smuad r12, r5, r2
    smuad lr, r5, r3
    ldr pc, [sp, #JUMP]
    .rept 31
    ldrd r2, r3, [r1], #8
    ldrd r4, r5, [r0], #8
    smlad r6, r4, r2, r6
    smlad r7, r4, r3, r7
    smlad r8, r5, r2, r8
    smlad r9, r5, r3, r9
    ldrd r4, r5, [r0], #8
    smlad r10, r4, r2, r10
    smlad r11, r4, r3, r11
    smlad r12, r5, r2, r12
    smlad lr, r5, r3, lr
    .endr
3:
    ldrd r2, r3, [sp, #SUM]
    stm r2!, {{r6-r12, lr}}
    str r2, [sp, #SUM]
    cmp r0, r3
    bne.w 2b
    str r1, [sp, #FILTERS]

    // Sums of a column of positions, of two channels: the upper output's part to x, the lower one's to y.
    .macro COLUMN column, x0, x1, y0, y1
    ldrd \x0, \x1, [sp, #(TILE * \column + AT)]
    ldrd \y0, \y1, [sp, #(4 * TILE + TILE * \column + AT)]
    add \x0, \y0
    add \x1, \y1
    ldrd r12, lr, [sp, #(8 * TILE + TILE * \column + AT)]
    add \x0, r12
    add \x1, lr
    sub \y0, r12
    sub \y1, lr
    ldrd r12, lr, [sp, #(12 * TILE + TILE * \column + AT)]
    sub \y0, r12
    sub \y1, lr
    .endm
    // The outputs of a tile: r4, r5 the two channels' upper left, r6, r7 upper right, r8, r9 lower left, r10, r11
    // lower right.
    .macro OUTPUTS
    COLUMN 0, r4, r5, r8, r9
    COLUMN 1, r6, r7, r10, r11
    add r4, r6
    add r5, r7
    add r8, r10
    add r9, r11
    COLUMN 2, r0, r1, r2, r3
    add r4, r0
    add r5, r1
    sub r6, r0
    sub r7, r1
    add r8, r2
    add r9, r3
    sub r10, r2
    sub r11, r3
    COLUMN 3, r0, r1, r2, r3
    sub r6, r0
    sub r7, r1
    sub r10, r2
    sub r11, r3
    .endm
    // Biases in r12 and lr, then multipliers in r2 and r3: the largest of the four, finished, the two channels' bytes
    // in the lower half of r4.
    .macro LARGEST
    smmulr r4, r4, r2
    smmulr r5, r5, r3
    smmulr r6, r6, r2
    smmulr r7, r7, r3
    smmulr r8, r8, r2
    smmulr r9, r9, r3
    smmulr r10, r10, r2
    smmulr r11, r11, r3
    pkhbt r4, r4, r5, lsl #16
    pkhbt r6, r6, r7, lsl #16
    pkhbt r8, r8, r9, lsl #16
    pkhbt r10, r10, r11, lsl #16
    ssub16 r5, r4, r6
    sel r4, r4, r6
    ssub16 r5, r8, r10
    sel r8, r8, r10
    ssub16 r5, r4, r8
    sel r4, r4, r8
    usat16 r4, #8, r4
    orr r4, r4, r4, lsr #8
    .endm
    .macro UNSCALED
    add r4, r12, r4, asr #2
    add r5, lr, r5, asr #2
    add r6, r12, r6, asr #2
    add r7, lr, r7, asr #2
    add r8, r12, r8, asr #2
    add r9, lr, r9, asr #2
    add r10, r12, r10, asr #2
    add r11, lr, r11, asr #2
    .endm
    .set TILE, 32
    .set AT, 0
    .rept 4
    OUTPUTS
    ldr r0, [sp, #SUMS]
    cmp r0, #0
    beq 4f
    stm r0!, {{r4-r11}}
    str r0, [sp, #SUMS]
    b 5f
4:
    ldrd r12, lr, [sp, #BIAS]
    UNSCALED
    ldrd r2, r3, [sp, #MULTIPLIER]
    LARGEST
    ldrd r0, r2, [sp, #OUTPUT]
    strh r4, [r0]
    add r0, r2
    str r0, [sp, #OUTPUT]
5:
    .set AT, AT + 8
    .endr
    // Back to the first tile's pixel, and on to the next pair of channels.
    ldrd r0, r2, [sp, #OUTPUT]
    sub r0, r0, r2, lsl #2
    add r0, #2
    ldr r1, [sp, #FILTERS]
    ldr r3, [sp, #PAIRS]
    subs r3, #1
    str r0, [sp, #OUTPUT]
    str r3, [sp, #PAIRS]
    bne.w 1b
    add sp, #572
    pop {{r4-r11, pc}}
    .size tinytriplet_winograd4, . - tinytriplet_winograd4
"#
);

// The same with one tile.
//
// Filters' words are in r2 to r5, the tile's in r8 and r9, the sums in r6 and r7; r10 is where the run begins, r12 where
// the next sums go, lr the tile's end.
global_asm!(
    r#"
    .section .text.tinytriplet_winograd1, "ax", %progbits
    .balign 4               // ADR counts from a multiple of 4
    .global tinytriplet_winograd1
    .type tinytriplet_winograd1, %function
    .thumb_func
tinytriplet_winograd1:
    .set TILES_END, 128
    .set TILES, 132
    .set JUMP, 136
    .set FILTERS, 140
    .set BIASES, 144
    .set MULTIPLIERS, 148
    .set OUTPUT, 152
    .set PAIRS, 160
    .set SUMS, 164
    push {{r4-r11, lr}}
    sub sp, #172
    ldm r2, {{r3-r9}}
    add r10, sp, #BIASES
    stm r10, {{r3-r7, r9}}
    add r10, r0, r8, lsl #6
    strd r10, r0, [sp, #TILES_END]
    adr.w r10, 3f
    sub r8, #2
    mov r11, #12
    mls r10, r8, r11, r10
    orr r10, #1
    str r10, [sp, #JUMP]
    str r1, [sp, #FILTERS]
1:
    ldr lr, [sp, #TILES_END]
    ldrd r10, r1, [sp, #JUMP]
    ldr r0, [sp, #TILES]
    mov r12, sp
2:
    ldm.w r1!, {{r2-r5}}
    ldrd r8, r9, [r0], #8
    smuad r6, r8, r2
    smuad r7, r8, r3
    smlad r6, r9, r4, r6
    smlad r7, r9, r5, r7
    bx r10
    .balign 4
    .rept 15
    ldm.w r1!, {{r2-r5}}
    ldrd r8, r9, [r0], #8
    smlad r6, r8, r2, r6
    smlad r7, r8, r3, r7
    smlad r6, r9, r4, r6
    smlad r7, r9, r5, r7
    .endr
3:
    strd r6, r7, [r12], #8
    cmp r0, lr
    bne.w 2b
    str r1, [sp, #FILTERS]
    .set TILE, 8
    .set AT, 0
    OUTPUTS
    ldr r0, [sp, #SUMS]
    cmp r0, #0
    beq 4f
    stm r0!, {{r4-r11}}
    b 5f
4:
    ldrd r2, r3, [sp, #BIASES]
    ldrd r12, lr, [r2], #8
    ldrd r0, r1, [r3], #8
    strd r2, r3, [sp, #BIASES]
    UNSCALED
    mov r2, r0
    mov r3, r1
    LARGEST
    ldr r0, [sp, #OUTPUT]
    strh r4, [r0], #2
    str r0, [sp, #OUTPUT]
5:
    ldr r3, [sp, #PAIRS]
    subs r3, #1
    str r3, [sp, #PAIRS]
    bne.w 1b
    add sp, #172
    pop {{r4-r11, pc}}
    .size tinytriplet_winograd1, . - tinytriplet_winograd1
"#
);

/// What the assembly is told; the order of the fields is theirs.
#[repr(C)]
struct Winograd {
    biases: *const i32,
    multipliers: *const i32,
    output: *mut u8,
    /// Bytes from one tile's pixel to the next.
    stride: usize,
    pairs: usize,
    words: usize,
    /// Where 8 outputs of each tile go as they are, or null to finish and pool them.
    sums: *mut i32,
}

unsafe extern "C" {
    fn tinytriplet_winograd4(tiles: *const u32, filters: *const u32, job: *const Winograd);
    fn tinytriplet_winograd1(tiles: *const u32, filters: *const u32, job: *const Winograd);
}

pub(super) use portable::transform;

/// See [`portable::winograd`].
pub(super) fn winograd(tiles: &[u32], filters: &[u32], count: usize) -> [[i32; 8]; LANES] {
    let mut sums = [[0; 8]; LANES];
    let words = filters.len() / (2 * POSITIONS);
    if !fits(tiles, filters, words, count, 1) {
        return sums;
    }
    let nothing = [0; 2];
    let job = Winograd {
        biases: nothing.as_ptr(),
        multipliers: nothing.as_ptr(),
        output: core::ptr::null_mut(),
        stride: 0,
        pairs: 1,
        words,
        sums: sums.as_mut_ptr().cast(),
    };
    // SAFETY: tiles and filters have the lengths that the job says (checked above), two biases and multipliers are read,
    // and 8 sums are written for each of up to 4 tiles. Nothing is written to the output.
    unsafe {
        match count {
            1 => tinytriplet_winograd1(tiles.as_ptr(), filters.as_ptr(), &job),
            _ => tinytriplet_winograd4(tiles.as_ptr(), filters.as_ptr(), &job),
        }
    }
    sums
}

/// See [`portable::winograd_pooled`].
pub(super) fn winograd_pooled(
    tiles: &[u32],
    filters: &[u32],
    count: usize,
    finish: &Finish<'_>,
    output: &mut [u8],
) {
    let channels = finish.biases.len();
    let (pairs, words) = (channels / 2, tiles.len() / POSITIONS / count.max(1));
    if finish.element == Element::Signed || !finish.narrow {
        return portable::winograd_pooled_by(winograd, tiles, filters, count, finish, output);
    }
    if !fits(tiles, filters, words, count, pairs)
        || !channels.is_multiple_of(2)
        || finish.multipliers.len() != channels
        || output.len() < count * channels
    {
        return;
    }
    let job = Winograd {
        biases: finish.biases.as_ptr(),
        multipliers: finish.multipliers.as_ptr(),
        output: output.as_mut_ptr(),
        stride: channels,
        pairs,
        words,
        sums: core::ptr::null_mut(),
    };
    // SAFETY: tiles and filters have the lengths that the job says, there is a bias and a multiplier for both channels
    // of each pair, and the output has as many bytes for each tile: all checked above. Two bytes are written together, at
    // any address: the processors can do that.
    unsafe {
        match count {
            1 => tinytriplet_winograd1(tiles.as_ptr(), filters.as_ptr(), &job),
            _ => tinytriplet_winograd4(tiles.as_ptr(), filters.as_ptr(), &job),
        }
    }
}

/// Whether lengths are those of `count` tiles, 1 or [`LANES`], and of the filters of some pairs of channels, which the
/// assembly takes: an even number of words, up to 32.
fn fits(tiles: &[u32], filters: &[u32], words: usize, count: usize, pairs: usize) -> bool {
    (count == 1 || count == LANES)
        && words.is_multiple_of(2)
        && (2..=32).contains(&words)
        && tiles.len() == POSITIONS * words * count
        && filters.len() == 2 * POSITIONS * words * pairs
        && pairs > 0
}

// Convolves a row of windows of one channel, 3 x 3 or 5 x 5 with a stride of 1, and pools it.
//
// r0: `Windows`, which has the rest. A patch of 4 x 4 or 6 x 6 bytes, the windows of one output, becomes words on the
// stack: of each of its lines the neighbours that share a word, then the last two columns' values with those below.
// The sums of the four windows are in r4 to r7 for one channel and in r8 to r11 for the other, their weights in r2 and
// r3, two windows' words in r12 and lr.
global_asm!(
    r#"
    .macro UPPER op
    \op r4, r12, r2, r4
    \op r5, lr, r2, r5
    \op r8, r12, r3, r8
    \op r9, lr, r3, r9
    .endm
    .macro LOWER op
    \op r6, r12, r2, r6
    \op r7, lr, r2, r7
    \op r10, r12, r3, r10
    \op r11, lr, r3, r11
    .endm
    // Biases and the first weights. What a register holds is used up before it becomes a sum.
    .macro FIRST line
    ldm r1!, {{r2, r3, r10, r11}}
    ldrd r12, lr, [sp]
    smlad r4, r12, r10, r2
    smlad r5, lr, r10, r2
    smlad r8, r12, r11, r3
    smlad r9, lr, r11, r3
    ldrd r12, lr, [sp, #\line]
    smlad r6, r12, r10, r2
    smlad r7, lr, r10, r2
    smlad r10, r12, r11, r3
    smlad r11, lr, r11, r3
    .endm
    // The next weights, with the line that is in r12 and lr for the upper windows, and the one at `line` for the lower.
    .macro NEXT line
    ldrd r2, r3, [r1], #8
    UPPER smlad
    ldrd r12, lr, [sp, #\line]
    LOWER smlad
    .endm
    // The last weights of the last column, which has an odd number: the word at `line` holds both windows' values.
    .macro LAST line
    ldrd r2, r3, [r1], #8
    ldrd r12, lr, [sp, #\line]
    UPPER smlabb
    LOWER smlatb
    .endm
    // Finishes a pair of channels, and goes on with the next at 2 until END, the records' end.
    .macro STORE
    ldrd r2, r3, [r1], #8
    smmulr r4, r4, r2
    smmulr r5, r5, r2
    smmulr r6, r6, r2
    smmulr r7, r7, r2
    smmulr r8, r8, r3
    smmulr r9, r9, r3
    smmulr r10, r10, r3
    smmulr r11, r11, r3
    pkhbt r4, r4, r8, lsl #16
    pkhbt r5, r5, r9, lsl #16
    pkhbt r6, r6, r10, lsl #16
    pkhbt r7, r7, r11, lsl #16
    ssub16 r12, r4, r5
    sel r4, r4, r5
    ssub16 r12, r6, r7
    sel r6, r6, r7
    ssub16 r12, r4, r6
    sel r4, r4, r6
    usat16 r4, #8, r4
    orr r4, r4, r4, lsr #8
    strh r4, [r0], #2
    ldr r2, [sp, #END]
    cmp r1, r2
    bne.w 2b
    .endm

    .section .text.tinytriplet_windows3, "ax", %progbits
    .balign 4               // ADR counts from a multiple of 4
    .global tinytriplet_windows3
    .type tinytriplet_windows3, %function
    .thumb_func
tinytriplet_windows3:
    .set FILTERS, 56
    .set END, 60
    .set OUTPUT, 64
    .set COUNT, 68
    .set LINES, 72
    .set COLUMN, 76
    push {{r4-r11, lr}}
    sub sp, #84
    ldm r0, {{r1-r5}}
    mov r6, #0
    add r0, sp, #FILTERS
    stm r0, {{r1-r6}}
1:
    ldrd r0, r1, [sp, #LINES]
    ldm r0, {{r4-r7}}
    ldr r4, [r4, r1]
    ldr r5, [r5, r1]
    ldr r6, [r6, r1]
    ldr r7, [r7, r1]
    add r1, #2
    str r1, [sp, #COLUMN]
    uxtb16 r8, r4
    uxtb16 r9, r4, ror #8
    uxtb16 r10, r5
    uxtb16 r11, r5, ror #8
    pkhbt r2, r8, r9, lsl #16
    pkhbt r3, r9, r8
    pkhbt r4, r10, r11, lsl #16
    pkhbt r5, r11, r10
    stm sp, {{r2-r5}}
    pkhtb r2, r10, r8, asr #16
    pkhtb r3, r11, r9, asr #16
    strd r2, r3, [sp, #32]
    uxtb16 r8, r6
    uxtb16 r9, r6, ror #8
    pkhbt r2, r8, r9, lsl #16
    pkhbt r3, r9, r8
    strd r2, r3, [sp, #16]
    pkhtb r2, r8, r10, asr #16
    pkhtb r3, r9, r11, asr #16
    strd r2, r3, [sp, #40]
    uxtb16 r10, r7
    uxtb16 r11, r7, ror #8
    pkhbt r2, r10, r11, lsl #16
    pkhbt r3, r11, r10
    strd r2, r3, [sp, #24]
    pkhtb r2, r10, r8, asr #16
    pkhtb r3, r11, r9, asr #16
    strd r2, r3, [sp, #48]
    ldr r1, [sp, #FILTERS]
    ldr r0, [sp, #OUTPUT]
2:
    FIRST 8
    NEXT 16
    NEXT 24
    ldrd r12, lr, [sp, #32]
    NEXT 40
    LAST 48
    STORE
    str r0, [sp, #OUTPUT]
    ldr r3, [sp, #COUNT]
    subs r3, #1
    str r3, [sp, #COUNT]
    bne.w 1b
    add sp, #84
    pop {{r4-r11, pc}}
    .size tinytriplet_windows3, . - tinytriplet_windows3

    .section .text.tinytriplet_windows5, "ax", %progbits
    .balign 4               // ADR counts from a multiple of 4
    .global tinytriplet_windows5
    .type tinytriplet_windows5, %function
    .thumb_func
tinytriplet_windows5:
    .set FILTERS, 136
    .set END, 140
    .set OUTPUT, 144
    .set COUNT, 148
    .set LINES, 152
    .set COLUMN, 156
    push {{r4-r11, lr}}
    sub sp, #164
    ldm r0, {{r1-r5}}
    mov r6, #0
    add r0, sp, #FILTERS
    stm r0, {{r1-r6}}
1:
    ldrd r2, r12, [sp, #LINES]
    mov r1, sp
    .set LINE, 0
    .rept 6
    ldr r3, [r2, #(4 * LINE)]
    ldr r4, [r3, r12]
    add r3, r12
    ldrh r5, [r3, #4]
    uxtb16 r6, r4
    uxtb16 r7, r4, ror #8
    pkhbt r8, r6, r7, lsl #16
    pkhbt r9, r7, r6
    pkhtb r10, r7, r6, asr #16
    lsr r11, r7, #16
    uxtb r6, r5
    lsr r5, r5, #8
    orr r11, r11, r6, lsl #16
    stm r1!, {{r8-r11}}
    .if LINE > 0
    orr r8, r0, r6, lsl #16
    orr r9, lr, r5, lsl #16
    strd r8, r9, [sp, #(96 + 8 * LINE - 8)]
    .endif
    .if LINE < 5
    mov r0, r6
    mov lr, r5
    .endif
    .set LINE, LINE + 1
    .endr
    add r12, #2
    str r12, [sp, #COLUMN]
    ldr r1, [sp, #FILTERS]
    ldr r0, [sp, #OUTPUT]
2:
    FIRST 16
    NEXT 32
    NEXT 48
    NEXT 64
    NEXT 80
    ldrd r12, lr, [sp, #8]
    NEXT 24
    NEXT 40
    NEXT 56
    NEXT 72
    NEXT 88
    ldrd r12, lr, [sp, #96]
    NEXT 104
    ldrd r12, lr, [sp, #112]
    NEXT 120
    LAST 128
    STORE
    str r0, [sp, #OUTPUT]
    ldr r3, [sp, #COUNT]
    subs r3, #1
    str r3, [sp, #COUNT]
    bne.w 1b
    add sp, #164
    pop {{r4-r11, pc}}
    .size tinytriplet_windows5, . - tinytriplet_windows5
"#
);

/// What the assembly is told; the order of the fields is theirs.
#[repr(C)]
struct Windows {
    filters: *const u32,
    filters_end: *const u32,
    output: *mut u8,
    count: usize,
    lines: *const *const u8,
}

// Multiplies 4 windows with two rows of byte-packed weights.
//
// r0: panel [word][window], r1: weights [word][pair], of which one pair is read, r2: words, r3: where 8 sums go.
// Sums with the halves are in r6 to r9, with their upper bytes in r10 to r12 and lr.
global_asm!(
    r#"
    .section .text.tinytriplet_rows4, "ax", %progbits
    .balign 4               // ADR counts from a multiple of 4
    .global tinytriplet_rows4
    .type tinytriplet_rows4, %function
    .thumb_func
tinytriplet_rows4:
    push {{r3-r11, lr}}
    add r4, r0, r2, lsl #4
    push {{r4}}
    ands r2, #15
    ite eq
    moveq r2, #16
    movne r2, r2
    adr.w r3, 3f
    mov r4, #48
    mls r3, r2, r4, r3
    orr r3, #1
    mov r6, #0
    mov r7, #0
    mov r8, #0
    mov r9, #0
    mov r10, #0
    mov r11, #0
    mov r12, #0
    mov lr, #0
    bx r3
    .balign 4
2:
    .rept 16
    ldr r2, [r1], #8
    ldrd r4, r5, [r0], #8
    sxtb16 r3, r2, ror #8
    smlad r6, r2, r4, r6
    smlad r7, r2, r5, r7
    smlad r10, r3, r4, r10
    smlad r11, r3, r5, r11
    ldrd r4, r5, [r0], #8
    smlad r8, r2, r4, r8
    smlad r9, r2, r5, r9
    smlad r12, r3, r4, r12
    smlad lr, r3, r5, lr
    .endr
3:
    ldr r2, [sp]
    cmp r0, r2
    bne.w 2b
    ldr r3, [sp, #4]
    stm r3, {{r6-r12, lr}}
    add sp, #8
    pop {{r4-r11, pc}}
    .size tinytriplet_rows4, . - tinytriplet_rows4
"#
);

// Multiplies one window with four rows of byte-packed weights.
//
// r0: words of the window, r1: weights [word][pair], r2: words, a multiple of 4, r3: where 4 sums go. Sums with the
// halves are in r2 and r4, with their upper bytes in r3 and r5.
global_asm!(
    r#"
    .section .text.tinytriplet_dense4, "ax", %progbits
    .balign 4               // ADR counts from a multiple of 4
    .global tinytriplet_dense4
    .type tinytriplet_dense4, %function
    .thumb_func
tinytriplet_dense4:
    push {{r3-r11, lr}}
    add r4, r0, r2, lsl #2
    push {{r4}}
    lsr r2, r2, #2
    ands r2, #7
    ite eq
    moveq r2, #8
    movne r2, r2
    adr.w r12, 3f
    mov r4, #108
    mls r12, r2, r4, r12
    orr r12, #1
    mov r2, #0
    mov r3, #0
    mov r4, #0
    mov r5, #0
    bx r12
    .balign 4
2:
    .rept 8
    ldm.w r0!, {{r10-r12, lr}}
    ldm.w r1!, {{r6-r9}}
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
    ldm.w r1!, {{r6-r9}}
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
3:
    ldr r6, [sp]
    cmp r0, r6
    bne.w 2b
    ldr r6, [sp, #4]
    stm r6, {{r2-r5}}
    add sp, #8
    pop {{r4-r11, pc}}
    .size tinytriplet_dense4, . - tinytriplet_dense4
"#
);

unsafe extern "C" {
    fn tinytriplet_windows3(job: *const Windows);
    fn tinytriplet_windows5(job: *const Windows);
    fn tinytriplet_rows4(panel: *const u32, weights: *const u32, words: usize, sums: *mut i32);
    fn tinytriplet_dense4(window: *const u32, weights: *const u32, words: usize, sums: *mut i32);
}

/// See [`portable::windows`].
pub(super) fn windows(
    lines: &[&[u8]],
    filters: FilterShape,
    weights: &[u32],
    finish: &Finish<'_>,
    output: &mut [u8],
) -> bool {
    let FilterShape { channels, kernel: [size, _], .. } = filters;
    let count = output.len() / channels.max(1);
    let usable = filters.depth == 1
        && (filters.kernel == [3, 3] || filters.kernel == [5, 5])
        && channels.is_multiple_of(2)
        && finish.narrow
        && finish.element == Element::Unsigned
        && count > 0
        && output.len() == count * channels
        && weights.len() == channels / 2 * (2 * filters.tap_words() + 4)
        && lines.len() == size + 1
        && lines.iter().all(|line| line.len() >= 2 * count + size - 1);
    if !usable {
        return false;
    }
    let mut starts = [core::ptr::null(); 6];
    starts.iter_mut().zip(lines).for_each(|(start, line)| *start = line.as_ptr());
    let filters = weights.as_ptr_range();
    let job = Windows {
        filters: filters.start,
        filters_end: filters.end,
        output: output.as_mut_ptr(),
        count,
        lines: starts.as_ptr(),
    };
    // SAFETY: there are as many lines as a patch has; of each, `size + 1` bytes are read at every second of `count`
    // columns; the records are read whole; each output has two bytes a pair of channels: all checked above. Words and
    // half-words of bytes lie at any address: the processors can read and write those.
    unsafe { if size == 3 { tinytriplet_windows3(&job) } else { tinytriplet_windows5(&job) } }
    true
}

/// See [`portable::lanes`].
pub(super) fn lanes(
    panel: &[u32],
    weights: &[u32],
    bytes: bool,
    pooled: bool,
    finish: &Finish<'_>,
    output: &mut [u8],
) {
    if !bytes {
        return portable::lanes(panel, weights, bytes, pooled, finish, output);
    }
    portable::byte_lanes(panel, weights, pooled, finish, output, |panel, rows, pair| {
        let mut sums = [[0; LANES]; 2];
        let words = panel.len() / LANES;
        let Some(rows) = rows.get(pair..) else { return sums };
        if words == 0 || pair > 1 || rows.len() + 1 < 2 * words {
            return sums;
        }
        // SAFETY: the panel has `words` words for each window; every second of the rows' words is read, as many as
        // that, of which the last is theirs (checked above); 8 sums are written.
        unsafe { tinytriplet_rows4(panel.as_ptr(), rows.as_ptr(), words, sums.as_mut_ptr().cast()) };
        sums
    });
}

/// See [`portable::dense`].
pub(super) fn dense(input: &[u32], weights: &[u32], finish: &Finish<'_>, output: &mut [u8]) {
    portable::dense_by(input, weights, finish, output, |input, rows| {
        let mut sums = [0; 4];
        if input.is_empty() || !input.len().is_multiple_of(4) || rows.len() != 2 * input.len() {
            return sums;
        }
        // SAFETY: the rows have two words for each of the input's, which are a multiple of 4 (checked above); 4 sums are
        // written.
        unsafe { tinytriplet_dense4(input.as_ptr(), rows.as_ptr(), input.len(), sums.as_mut_ptr()) };
        sums
    });
}
