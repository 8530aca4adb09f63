//! Expands bytes to words of two 16-bit lanes: a run of them, or windows of a line.

use super::{offset_of, register};
use crate::engine::fast::misfit;

// r0: bytes, r1: their end, r2: words, r3: from a word to the next one of the same four bytes; on
// the stack: from there to the next four's. Returns the sum.
function!(
    fn asm_expand(from: *const u8, end: *const u8, to: *mut u32, half: usize, quad: usize) -> u32,
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

/// Expands each four bytes to two words, the first at a multiple of `quad` words and the second
/// `half` words after it. Returns the sum of the bytes. Writes nothing if there is not room for
/// all.
pub fn expand(quads: &[[u8; 4]], to: &mut [u32], [half, quad]: [usize; 2]) -> u32 {
    match quads.len().checked_sub(1) {
        Some(more) if to.len() > more * quad + half => {
            let bytes = quads.as_flattened().as_ptr_range();
            // SAFETY: the bytes are read four at a time, and there are some; the last word that is
            // written is the one whose place is compared with the length.
            unsafe { asm_expand(bytes.start, bytes.end, to.as_mut_ptr(), 4 * half, 4 * quad) }
        }
        Some(_) => misfit(),
        None => 0,
    }
}

/// Windows of a line, each a run of bytes.
pub struct Lines<'a> {
    /// The line, from the first window on.
    pub bytes: &'a [u8],
    /// Bytes from a window to the next.
    pub step: usize,
    /// Bytes of a window.
    pub run: usize,
}

/// Arguments, in the order of the registers.
#[repr(C)]
struct Arguments {
    bytes: *const u8,
    step: usize,
    to: *mut u32,
    /// Words of a window. What the last one reads of the bytes after it meets weights of 0.
    quads: usize,
    /// Windows.
    count: usize,
    /// Bytes of a panel.
    panel: usize,
    /// Bytes from the first window's place to the second's: within a panel, or to the next one.
    advance: usize,
}

consecutive!(Arguments: bytes, step, to, quads, count, panel, advance);
const _: () = assert!(register(offset_of!(Arguments, advance)) == 7);

// r0: arguments.
function!(
    fn asm_expand_windows(arguments: *const Arguments),
    r#"
    push {{r4-r11, lr}}
    ldm r0, {{r0-r6}}
1:
    mov r8, r0
    mov r9, r2
    mov r10, r3
2:
    ldr r11, [r8], #4
    uxtb16 r12, r11, ror #8
    uxtb16 r11, r11
    strd r11, r12, [r9], #16
    subs r10, r10, #1
    bne 2b
    add r0, r0, r1
    add r2, r2, r6
    rsb r6, r6, r5
    subs r4, r4, #1
    bne 1b
    pop {{r4-r11, pc}}
"#
);

/// Expands up to `count` windows of a line into the panels, of `panel_len` steps each: the first one
/// has the number `first`, and two share a panel. Returns how many were written: those that are
/// followed by enough of the line for reads of whole words.
pub fn windows(
    &Lines { bytes, step, run }: &Lines<'_>,
    first: usize,
    panels: &mut [[u32; 4]],
    panel_len: usize,
    count: usize,
) -> usize {
    let words = run.div_ceil(4);
    let (mut written, mut end) = (count, count.saturating_sub(1) * step + 4 * words);
    while written > 0 && end > bytes.len() {
        (written, end) = (written - 1, end.wrapping_sub(step));
    }
    if written == 0 || words == 0 {
        return 0;
    }
    let last = (first + written - 1) / 2 * panel_len;
    if panels.len() < last + words || words > panel_len {
        return misfit();
    }
    let within = size_of::<[u32; 2]>();
    let panel = size_of::<[u32; 4]>() * panel_len;
    let odd = !first.is_multiple_of(2);
    let arguments = Arguments {
        bytes: bytes.as_ptr(),
        step,
        to: panels
            .as_mut_ptr()
            .wrapping_add(first / 2 * panel_len)
            .cast::<u32>()
            .wrapping_add(2 * (first % 2)),
        quads: words,
        count: written,
        panel,
        advance: if odd { panel - within } else { within },
    };
    // SAFETY: the words of window `w` of `written` are read from `w · step` on, and all of them are
    // inside of the line; they are written to every second pair of words of its panel, and the last
    // one's place is inside of the panels.
    unsafe { asm_expand_windows(&arguments) }
    written
}
