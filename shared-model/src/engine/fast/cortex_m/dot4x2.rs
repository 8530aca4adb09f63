//! The products of four windows with two output channels.

use super::{aligned, global_asm};
use crate::engine::fast::misfit;

// r0: panel, four words per step; r1: weights, every second word; r2: 8 sums; r3: end of the panel.
function!(
    "tinytriplet_dot4x2",
    r#"
    push {{r2, r4-r11, lr}}
    push {{r3}}
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
    smlad lr, r3, r5, lr
    .endr
    ldr r4, [sp]
    cmp r0, r4
    bne 1b
    sub r6, r6, r10, lsl #8
    sub r7, r7, r11, lsl #8
    sub r8, r8, r12, lsl #8
    sub r9, r9, lr, lsl #8
    pop {{r3, r4}}
    stm r4, {{r6-r12, lr}}
    pop {{r4-r11, pc}}
"#
);

unsafe extern "C" {
    fn tinytriplet_dot4x2(panel: *const u32, weights: *const u8, sums: *mut i32, end: *const u32);
}

/// Returns the sums that the portable `dot4x2` does.
pub fn dot4x2(panel: &[u32], weights: &[u8], pair: usize) -> ([i32; 4], [i32; 4]) {
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
        // SAFETY: `4 · words` words are read from the panel, a multiple of 16, and every second
        // word of `8 · words` bytes of weights; 8 sums are written.
        unsafe { tinytriplet_dot4x2(panel.as_ptr(), weights, sums.as_flattened_mut().as_mut_ptr(), end) }
    } else {
        misfit()
    }
    let [a, b] = sums;
    (a, b)
}
