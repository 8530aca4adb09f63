//! A dense layer's outputs, four at a time.

use super::{aligned, offset_of, register};
use crate::{
    engine::fast::{
        misfit,
        panel::{Fours, Panel},
    },
    model::tensor::Element,
};

/// Arguments, which the assembly copies to its stack.
#[repr(C)]
struct Arguments {
    panel: *const u32,
    biases: *const i32,
    weights: *const u8,
    /// Bytes of code that the first pass skips.
    way_in: usize,
    panel_end: *const u32,
    offset: i32,
    multipliers: *const i32,
    out: *mut u8,
    weights_end: *const u8,
    signed: usize,
}

consecutive!(Arguments: panel, biases, weights, way_in, panel_end, offset, multipliers, out, weights_end, signed);
const _: () = {
    assert!(size_of::<Arguments>() == 4 * 10);
    assert!(register(offset_of!(Arguments, weights)) == 3);
};

/// Steps of the unrolled code, each of four words, and the bytes of one.
const STEPS: usize = 8;
const STEP: usize = 108;

// r0: arguments. Four outputs' sums are in r2-r5; they begin with the biases.
function!(
    fn asm_dense(arguments: *const Arguments),
    offsets: Arguments { panel, biases, way_in, panel_end, offset, multipliers, weights_end, signed },
    constants: { size = size_of::<Arguments>(), steps = STEPS, step = STEP },
    macros: [signed, assert_length],
    r#"
    push {{r4-r11, lr}}
    ldm r0, {{r1-r10}}
    push {{r1-r10}}
    mov r1, r3                  // weights
1:
    ldrd r0, r6, [sp, #{panel}]
    ldr r7, [sp, #{offset}]
    ldm r6!, {{r2-r5}}
    str r6, [sp, #{biases}]
    sub r2, r2, r7
    sub r4, r4, r7
    ldr r6, [sp, #{way_in}]
    add r2, r2, r3, lsl #8
    add r4, r4, r5, lsl #8
    add pc, r6
    nop
2:
    .rept {steps}
    ldm r0!, {{r10-r12, lr}}
    ldm r1!, {{r6-r9}}
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
    ldm r1!, {{r6-r9}}
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
5:
    assert_length 2b, 5b, ({steps} * {step})
    ldr r6, [sp, #{panel_end}]
    cmp r0, r6
    bne.w 2b
    ldrd r10, r11, [sp, #{multipliers}]
    sub r2, r2, r3, lsl #8
    sub r4, r4, r5, lsl #8
    ldm r10!, {{r6-r9}}
    smmulr r2, r2, r6
    smmulr r3, r3, r7
    smmulr r4, r4, r8
    smmulr r5, r5, r9
    ldr r6, [sp, #{signed}]
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
    strd r10, r11, [sp, #{multipliers}]
    ldr r6, [sp, #{weights_end}]
    cmp r1, r6
    bne.w 1b
    add sp, #{size}
    pop {{r4-r11, pc}}
4:
    signed r2
    signed r3
    signed r4
    signed r5
    b 3b
"#
);

/// Computes groups of four outputs, as the portable `fours` does.
pub fn fours(panel: Panel<'_>, weights: &[u8], parameters: Fours<'_>, to: Element, out: &mut [[u8; 4]]) {
    let (Panel { words: panel, offset }, Fours { biases, multipliers }) = (panel, parameters);
    let words = panel.len();
    let len = 8 * words * out.len();
    if out.is_empty() {
        return;
    }
    if words == 0
        || words % 4 != 0
        || weights.len() < len
        || !aligned(weights)
        || biases.len() < out.len()
        || multipliers.len() < out.len()
    {
        return misfit();
    }
    let arguments = Arguments {
        panel: panel.as_ptr(),
        biases: biases.as_ptr().cast(),
        weights: weights.as_ptr(),
        way_in: STEP * (STEPS - 1 - (words / 4 - 1) % STEPS),
        panel_end: panel.as_ptr_range().end,
        offset,
        multipliers: multipliers.as_ptr().cast(),
        out: out.as_mut_ptr().cast(),
        weights_end: weights.as_ptr().wrapping_add(len),
        signed: usize::from(to == Element::Signed),
    };
    // SAFETY: `words`, a multiple of 4 that is not 0, are read from the panel, and for each of them
    // 8 bytes of weights for each element of `out`, which is not empty; an element needs 4 biases
    // and 4 multipliers, and is written once: all lengths are checked above.
    unsafe { asm_dense(&arguments) }
}
