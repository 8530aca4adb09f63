//! Sums of four channels over the pixels of a line.

use crate::engine::fast::misfit;

// r0: the first pixel's bytes, r1: from a pixel to the next, r2: pixels, r3: where both words go.
function!(
    fn asm_sum_four(from: *const u8, step: usize, pixels: usize, to: *mut [u32; 2]),
    r#"
    push {{r4-r6, lr}}
    mov r4, #0
    mov r5, #0
1:
    ldr r6, [r0]
    add r0, r0, r1
    uxtab16 r4, r4, r6
    uxtab16 r5, r5, r6, ror #8
    subs r2, r2, #1
    bne 1b
    strd r4, r5, [r3]
    pop {{r4-r6, pc}}
"#
);

/// Returns the sums of the first four unsigned bytes of each pixel, `step` bytes from one to the next:
/// of bytes 0 and 2, and of bytes 1 and 3, in the lanes of a word. 257 pixels do not overflow.
pub fn sum_four(line: &[u8], step: usize, pixels: usize) -> [u32; 2] {
    let mut sums = [0; 2];
    match pixels.checked_sub(1) {
        Some(more) if line.len() >= more * step + 4 => {
            // SAFETY: pixel `p` of `pixels` is read at `p · step`, four bytes, and the last of them are
            // inside of the line.
            unsafe { asm_sum_four(line.as_ptr(), step, pixels, &mut sums) }
            sums
        }
        Some(_) => misfit(),
        None => sums,
    }
}
