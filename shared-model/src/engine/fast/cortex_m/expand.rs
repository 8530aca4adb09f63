//! Expands bytes to words of two 16-bit lanes.

use super::global_asm;
use crate::engine::fast::misfit;

// r0: bytes, r1: their end, r2: words, r3: from a word to the next one of the same four bytes; on
// the stack: from there to the next four's. Returns the sum.
function!(
    "tinytriplet_expand",
    r#"
    push {{r4-r6, lr}}
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
    pop {{r4-r6, pc}}
"#
);

unsafe extern "C" {
    fn tinytriplet_expand(from: *const u8, end: *const u8, to: *mut u32, half: usize, quad: usize) -> u32;
}

/// Expands each four bytes to two words, the first at a multiple of `quad` words and the second
/// `half` words after it. Returns the sum of the bytes. Writes nothing if there is not room for
/// all.
pub fn expand(quads: &[[u8; 4]], to: &mut [u32], [half, quad]: [usize; 2]) -> u32 {
    match quads.len().checked_sub(1) {
        Some(more) if to.len() > more * quad + half => {
            let bytes = quads.as_flattened().as_ptr_range();
            // SAFETY: the bytes are read four at a time, and there are some; the last word that is
            // written is the one whose place is compared with the length.
            unsafe { tinytriplet_expand(bytes.start, bytes.end, to.as_mut_ptr(), 4 * half, 4 * quad) }
        }
        Some(_) => misfit(),
        None => 0,
    }
}
