//! The products of four windows with two output channels.

use super::aligned;
use crate::engine::fast::misfit;

// r0 and r1 as `step4x2` has them; r2: 8 sums; r3: end of the panel.
function!(
    fn asm_dot4x2(panel: *const u32, weights: *const u8, sums: *mut i32, end: *const u32),
    macros: [clear4x2, step4x2],
    r#"
    push {{r2, r4-r11, lr}}
    push {{r3}}
    clear4x2
1:
    .rept 4
    step4x2
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
        unsafe { asm_dot4x2(panel.as_ptr(), weights, sums.as_flattened_mut().as_mut_ptr(), end) }
    } else {
        misfit()
    }
    let [a, b] = sums;
    (a, b)
}
