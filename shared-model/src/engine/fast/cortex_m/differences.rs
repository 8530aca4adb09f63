//! Differences of the four windows of a pooled output, of unsigned pixels, straight from the lines.

use super::{offset_of, register};
use crate::engine::fast::panel::{Tile, Windows};

/// Arguments, which the assembly copies to its stack. Distances in bytes.
#[repr(C)]
struct Arguments {
    last_line: *const *const u8,
    /// From a window to the one to its right.
    next: usize,
    /// From a stage of the panel to the next one.
    stage: usize,
    quads: usize,
    panel: *mut u32,
    row: usize,
    /// First of the last four bytes of a row.
    last_quad: usize,
    /// Bits of these that belong to the four bytes before.
    last_shift: usize,
}

consecutive!(Arguments: last_line, next, stage, quads, panel, row, last_quad, last_shift);
const _: () = {
    assert!(size_of::<Arguments>() == 4 * 8);
    assert!(register(offset_of!(Arguments, stage)) == 3);
};

// r0: arguments. The word after them on the stack is how far a row's words are shifted. For each
// four values of a row of the windows, the loop goes from the last line to the first: r4-r7 hold
// the left and the right window's values, r10 and r11 the left one's of the line below. For the
// last line, the first two stages are written beyond their end; the next stage then overwrites
// that.
function!(
    fn asm_differences(arguments: *const Arguments),
    offsets: Arguments { last_line, quads, panel, last_quad, last_shift },
    constants: { size = size_of::<Arguments>() },
    r#"
    push {{r4-r11, lr}}
    ldm r0, {{r1-r8}}
    mov r9, #0
    push {{r1-r9}}
    mov lr, r3                  // stage
    mov r1, #0
1:
    ldr r3, [sp, #{panel}]
    ldr r8, [sp, #{quads}]
    subs r8, r8, #1
    str r8, [sp, #{quads}]
    bne 2f
    ldr r1, [sp, #{last_quad}]
    ldr r8, [sp, #{last_shift}]
    str r8, [sp, #{size}]
2:
    add r3, r3, lr
    ldrd r0, r2, [sp, #{last_line}]
3:
    ldr r12, [r0], #-4
    add r12, r12, r1
    ldr r4, [r12]
    ldr r6, [r12, r2]
    ldr r12, [sp, #{size}]
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
    ldrd r8, r9, [sp, #{panel}]
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
    str r8, [sp, #{panel}]
    add r1, r1, #4
    ldr r8, [sp, #{quads}]
    cmp r8, #0
    bne 1b
    add sp, #({size} + 4)
    pop {{r4-r11, pc}}
"#
);

/// Writes the differences of the four windows of a pooled output, as the portable `expand` does, of
/// unsigned pixels. Returns false, and writes nothing, where a length does not fit.
pub fn expand(lines: [&[u8]; 6], windows: Windows, tile: Tile<'_>) -> bool {
    let (Windows { left, next, rows, run }, Tile { panel, index: tile }) = (windows, tile);
    let quads = run.div_ceil(4);
    let row = 16 * quads;
    // Of fewer than four bytes, those that follow meet weights of 0.
    let fits = run > 0
        && tile < 2
        && panel.len() >= 4 * rows * quads
        && lines.iter().take(rows + 1).all(|line| line.len() >= left + next + run.max(4));
    let lines = lines.map(|line| line.as_ptr().wrapping_add(left));
    if !fits || !(1..lines.len()).contains(&rows) {
        return false;
    }
    let arguments = Arguments {
        last_line: lines.as_ptr().wrapping_add(rows),
        next,
        stage: rows * row,
        quads,
        panel: panel.as_mut_ptr().cast::<u32>().wrapping_add(2 * tile),
        row,
        last_quad: run.saturating_sub(4),
        last_shift: if run < 4 { 0 } else { 8 * (4 * quads - run) },
    };
    // SAFETY: of the lines 0 to `rows`, `run` bytes, or four, are read from `left` on and `next` bytes
    // after that: the last four of them last, so that nothing after them is. A tile's words of four
    // stages of `rows` times `quads` steps are written. Pointers to lines are read downwards from
    // `last_line`, which is in their array, to its first one.
    unsafe { asm_differences(&arguments) };
    true
}
