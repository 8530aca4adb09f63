//! The outputs of four windows: the products of `dot4x2` with all channels, and what follows them.

use super::{aligned, flags, offset_of};
use crate::{
    engine::fast::{
        conv::{Channels, Pixels},
        misfit,
    },
    model::tensor::Element,
};

/// Windows.
const WINDOWS: usize = 4;

/// Arguments, which the assembly copies to its stack.
#[repr(C)]
struct Arguments {
    /// −128 times the sums of the windows.
    offsets: [i32; WINDOWS],
    weights: *const u8,
    panel: *const u32,
    /// Bytes of the unrolled code that the first pass skips.
    way_in: usize,
    panel_end: *const u32,
    /// Biases of the next two channels.
    biases: *const i32,
    /// Multipliers of the next two channels.
    multipliers: *const i32,
    /// The first window's next two outputs.
    out: *mut u8,
    /// Bytes from a window's outputs to the next one's.
    out_step: usize,
    /// End of the first window's outputs.
    end: *const u8,
    /// Bytes from the end of a pair's weights to the next pair: back to the second word of the same
    /// four channels, or on to the next four.
    next: isize,
    /// The sum of this and the next `next`.
    both: isize,
    /// The flags: see [`SIGNED`](super::SIGNED).
    flags: usize,
}

const _: () = assert!(
    size_of::<Arguments>() == 4 * 16
        && offset_of!(Arguments, biases) == 4 * 8
        && offset_of!(Arguments, offsets) == 0
        && offset_of!(Arguments, weights) == 4 * 4
        && offset_of!(Arguments, way_in) == 4 + offset_of!(Arguments, panel)
        && offset_of!(Arguments, out_step) == 4 + offset_of!(Arguments, out)
        && offset_of!(Arguments, both) == 4 + offset_of!(Arguments, next)
        && offset_of!(Arguments, flags) == 4 * 15
);

/// Words of the windows in the unrolled code, and the bytes of one.
const STEPS: usize = 16;
const STEP: usize = 44;

// r0: arguments. Sums of halves: r6 to r9; of their upper bytes: r10 to r12 and lr. These begin with
// the upper channel's bias b, the others with a + 256 b - 128 Σx, because 256 times these are taken
// from them.
function!(
    fn asm_rows4(arguments: *const Arguments),
    offsets: Arguments { panel, biases, multipliers, out, panel_end, end, next },
    constants: { size = size_of::<Arguments>(), steps = STEPS, step = STEP },
    macros: [step4x2, signed, assert_length],
    r#"
    push {{r4-r11, lr}}
    add r1, r0, #{biases}
    ldm r1, {{r2-r9}}
    push {{r2-r9}}
    msr APSR_nzcvq, r9           // the flags, which come last
    ldm r0, {{r2-r9}}
    push {{r2-r9}}
    mov r1, r6                   // weights
1:
    ldr r5, [sp, #{biases}]
    ldmia r5!, {{r2, r10}}
    str r5, [sp, #{biases}]
    ldm sp, {{r6-r9}}            // offsets
    ldrd r0, r3, [sp, #{panel}]  // and the way in
    add r2, r2, r10, lsl #8
    add r6, r6, r2
    add r7, r7, r2
    add r8, r8, r2
    add r9, r9, r2
    mov r11, r10
    mov r12, r10
    mov lr, r10
    add pc, r3
    nop
2:
    .rept {steps}
    step4x2
    .endr
3:
    assert_length 2b, 3b, ({steps} * {step})
    ldr r4, [sp, #{panel_end}]
    teq r0, r4
    bne.w 2b
    sub r6, r6, r10, lsl #8
    sub r7, r7, r11, lsl #8
    sub r8, r8, r12, lsl #8
    sub r9, r9, lr, lsl #8
    ldr r5, [sp, #{multipliers}]
    ldmia r5!, {{r2, r3}}
    str r5, [sp, #{multipliers}]
    smmulr r6, r6, r2
    smmulr r7, r7, r2
    smmulr r8, r8, r2
    smmulr r9, r9, r2
    smmulr r10, r10, r3
    smmulr r11, r11, r3
    smmulr r12, r12, r3
    smmulr lr, lr, r3
    bvs 4f
    usat r6, #8, r6
    usat r7, #8, r7
    usat r8, #8, r8
    usat r9, #8, r9
    usat r10, #8, r10
    usat r11, #8, r11
    usat r12, #8, r12
    usat lr, #8, lr
3:
    bfi r6, r10, #8, #8
    bfi r7, r11, #8, #8
    bfi r8, r12, #8, #8
    bfi r9, lr, #8, #8
    ldrd r4, r5, [sp, #{out}]
    add r3, r4, r5, lsl #1
    strh r7, [r4, r5]
    strh r9, [r3, r5]
    strh r8, [r3]
    strh r6, [r4], #2
    str r4, [sp, #{out}]
    ldrd r2, r3, [sp, #{next}]
    add r1, r1, r2
    sub r2, r3, r2
    str r2, [sp, #{next}]
    ldr r5, [sp, #{end}]
    teq r4, r5
    bne.w 1b
    add sp, #{size}
    pop {{r4-r11, pc}}
4:
    signed r6
    signed r7
    signed r8
    signed r9
    signed r10
    signed r11
    signed r12
    signed lr
    b 3b
"#
);

/// Computes all channels, an even number, of four windows, whose sums are in `sums`.
pub fn rows4(
    panel: &[u32],
    sums: [i32; WINDOWS],
    weights: &[u8],
    channels: Channels<'_>,
    to: Element,
    out: Pixels<'_>,
) {
    let Channels { biases, multipliers } = channels;
    let Pixels { bytes: out, channels: outputs } = out;
    let words = panel.len() / WINDOWS;
    let fits = outputs > 0
        && outputs % 2 == 0
        && biases.len() >= outputs
        && multipliers.len() >= outputs
        && out.len() >= WINDOWS * outputs
        && words > 0
        && words.is_multiple_of(4)
        && panel.len() == WINDOWS * words
        && weights.len() >= outputs.next_multiple_of(4) * 2 * words
        && aligned(weights);
    if !fits {
        return misfit();
    }
    // A word of weights of two channels for each word of a window, beside that of two others.
    let pair = 8 * words as isize;
    let out = out.as_mut_ptr();
    let arguments = Arguments {
        panel: panel.as_ptr(),
        weights: weights.as_ptr(),
        biases: biases.as_ptr(),
        multipliers: multipliers.as_ptr(),
        out,
        out_step: outputs,
        panel_end: panel.as_ptr().wrapping_add(panel.len()),
        way_in: STEP * (STEPS - 1 - (words - 1) % STEPS),
        end: out.wrapping_add(outputs),
        flags: flags(to),
        next: 4 - pair,
        both: -pair,
        offsets: sums.map(|sum| sum.wrapping_mul(-128)),
    };
    // SAFETY: for each four channels, `8 · words` bytes of weights are read, half of them for each
    // pair, and there are as many fours as channels, rounded up; the panel is read as a whole, in
    // steps of 16 words; two biases, two multipliers and two outputs of each window for each pair
    // of channels are within the lengths that were compared.
    unsafe { asm_rows4(&arguments) }
}
