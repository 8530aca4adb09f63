//! Expands bytes to words of two 16-bit lanes: a run of them, or windows of a line.

use super::offset_of;
use crate::engine::fast::{misfit, panel::LineWindows};

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

/// Arguments, in the order of the registers.
#[repr(C)]
struct Arguments {
    bytes: *const u8,
    step: usize,
    to: *mut [u32; 4],
    /// Bytes of the unrolled code that the first pass over a window skips.
    way_in: usize,
    /// Where a window after the last one would begin.
    end: *const u8,
    /// Bytes of a panel.
    panel: usize,
    /// Bytes from the first window's place to the second's: within a panel, or to the next one.
    advance: usize,
    /// Passes over the unrolled code after the first one.
    passes: usize,
}

consecutive!(Arguments: bytes, step, to, way_in, end, panel, advance, passes);
const _: () = assert!(offset_of!(Arguments, bytes) == 0 && size_of::<Arguments>() == 4 * 8);

/// Steps of the unrolled code, each of four bytes of a window; the bytes of one. What the last one of
/// a window reads of the bytes after it meets weights of 0.
const STEPS: usize = 8;
const STEP: usize = 16;

// r0: arguments; then a window's first byte, less what the first pass skips, and r2 its place in the
// panel, likewise. r8: passes that are left. The carry flag, which TEQ leaves as it is: there are more
// than one.
function!(
    fn asm_expand_windows(arguments: *const Arguments),
    constants: { step = STEP, steps = STEPS },
    macros: [assert_length],
    r#"
    push {{r4-r12, lr}}
    ldm r0, {{r0-r7}}
    cmp r7, #1                   // carry: more than one pass
    mov r8, r7
    .set .Ltinytriplet_at, 0
1:
    add pc, r3
    nop
2:
    .rept {steps}
    ldr r11, [r0, #(4 * .Ltinytriplet_at)]
    uxtb16 r12, r11, ror #8
    uxtb16 r11, r11
    strd r11, r12, [r2, #(16 * .Ltinytriplet_at)]
    .set .Ltinytriplet_at, .Ltinytriplet_at + 1
    .endr
3:
    assert_length 2b, 3b, ({steps} * {step})
    bcs 5f
4:
    add r0, r0, r1
    add r2, r2, r6
    rsb r6, r6, r5
    teq r0, r4
    bne 1b
    pop {{r4-r12, pc}}
5:
    teq r8, #0
    beq 6f
    sub r8, r8, #1
    add r0, r0, #(4 * {steps})
    add r2, r2, #(16 * {steps})
    b 2b
6:
    mov r8, r7
    sub r0, r0, r7, lsl #5
    sub r2, r2, r7, lsl #7
    b 4b
"#
);

/// Where windows go: two share a panel of `panel_len` steps, each of which has two words of both.
pub struct Panels<'p> {
    /// The panels, from the first step of the windows' line on.
    pub steps: &'p mut [[u32; 4]],
    /// Steps of a panel.
    pub panel_len: usize,
}

/// Expands `count` windows of a line, of which the first one has the number `first` in the panels.
/// Returns false, and has done nothing, if not all are followed by enough of the line for reads of
/// whole words.
#[inline(never)]
pub fn windows(lines: &LineWindows<'_>, first: usize, count: usize, to: &mut Panels<'_>) -> bool {
    let &LineWindows { bytes, step, run } = lines;
    let &mut Panels { ref mut steps, panel_len } = to;
    let quads = run.div_ceil(4);
    let Some(more) = count.checked_sub(1) else { return true };
    if more * step + 4 * quads > bytes.len() {
        return false;
    }
    if quads == 0 || step == 0 || quads > panel_len || steps.len() < (first + more) / 2 * panel_len + quads {
        return misfit();
    }
    let passes = (quads - 1) / STEPS;
    let skipped = STEPS - 1 - (quads - 1) % STEPS;
    let within = size_of::<[u32; 2]>();
    let panel = size_of::<[u32; 4]>() * panel_len;
    let odd = first % 2;
    let bytes = bytes.as_ptr().wrapping_sub(4 * skipped);
    let to = steps.as_mut_ptr().wrapping_add(first / 2 * panel_len).wrapping_byte_add(odd * within);
    let arguments = Arguments {
        bytes,
        step,
        to: to.wrapping_sub(skipped),
        way_in: STEP * skipped,
        end: bytes.wrapping_add(count * step),
        panel,
        advance: if odd == 0 { within } else { panel - within },
        passes,
    };
    // SAFETY: the words of window `w` of `count` are read from `w · step` on, and all of them are
    // inside of the line; they are written to every second pair of words of its panel, and the last
    // one's place is inside of the panels.
    unsafe { asm_expand_windows(&arguments) }
    true
}
