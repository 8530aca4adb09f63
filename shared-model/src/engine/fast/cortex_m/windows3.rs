//! Pooled 3 × 3 windows of one channel: the differences of a pooled output's four windows are
//! written to a panel and summed. The panel has tiles for two outputs.

use super::{
    offset_of, register,
    taps::{Arguments, Lengths},
};
use crate::{
    engine::fast::{conv::Pixels, misfit},
    model::tensor::Element,
};

/// A panel of two tiles. Each step has two words of each tile.
pub type Panel = [[u32; 4]; 10];

/// Words of a record's weights for each channel: five, and the same five again.
const WORDS: usize = 10;
const WEIGHT_BYTES: usize = 2 * WORDS * 4;
/// Halves of a record: the weights of two channels, their biases and multipliers.
pub const RECORD: usize = (WEIGHT_BYTES + 4 * 4) / 2;
const LENGTHS: Lengths = Lengths { panel: 40, record: RECORD };

// `step2` for the last word of a stage and the first one of the next.
assembler_macro!(
    step2_relu,
    "",
    r"
    ldmia r1!, {{r2-r5}}
    ldmia r0!, {{r6-r9}}
    smlad r10, r6, r2, r10
    smlad r11, r6, r3, r11
    smlad r12, r8, r2, r12
    smlad lr, r8, r3, lr
    relu2x2
    smlad r10, r7, r4, r10
    smlad r11, r7, r5, r11
    smlad r12, r9, r4, r12
    smlad lr, r9, r5, lr"
);

// Four stages of five words, for both tiles. r0: arguments.
function!(
    fn asm_windows3_two(arguments: *const Arguments),
    offsets: Arguments { panel, first, end, signed },
    constants: { size = size_of::<Arguments>(), weight_bytes = WEIGHT_BYTES },
    macros: [step2, step2_first, step2_relu, relu2x2, signed, taps_finish],
    r#"
    push {{r4-r11, lr}}
    ldm r0, {{r1-r11}}
    push {{r1-r11}}
    mov r1, r2                  // weights
    cmp r10, #1                 // carry: signed
1:
    ldr r0, [sp, #{panel}]
    step2_first
    step2
    step2_relu
    step2
    step2
    relu2x2
    sub r1, r1, #{weight_bytes}
    step2
    step2
    step2_relu
    step2
    step2
    taps_finish 1b, 1
"#
);
const _: () = {
    assert!(register(offset_of!(Arguments, weights)) == 2);
    assert!(register(offset_of!(Arguments, signed)) == 10);
};

// Two words of one tile, which are every second pair of the panel. Sums: r10 and r11.
assembler_macro!(
    step1,
    "is_first, relu",
    r"
    ldmia r1!, {{r2-r5}}
    ldrd r6, r7, [r0], #16
    .if \is_first
    smuad r10, r6, r2
    smuad r11, r6, r3
    .else
    smlad r10, r6, r2, r10
    smlad r11, r6, r3, r11
    .endif
    .if \relu
    usat r10, #31, r10
    usat r11, #31, r11
    .endif
    smlad r10, r7, r4, r10
    smlad r11, r7, r5, r11"
);

// The same for the first tile. r0: arguments.
function!(
    fn asm_windows3_one(arguments: *const Arguments),
    offsets: Arguments { panel, weights, first, end, signed },
    constants: { weight_bytes = WEIGHT_BYTES },
    macros: [step1, signed],
    r#"
    push {{r4-r11, lr}}
    ldr r12, [r0, #{panel}]
    ldr r1, [r0, #{weights}]
    ldr lr, [r0, #{first}]
    ldr r8, [r0, #{end}]
    ldr r9, [r0, #{signed}]
1:
    mov r0, r12
    step1 1, 0
    step1 0, 0
    step1 0, 1
    step1 0, 0
    step1 0, 0
    usat r10, #31, r10
    usat r11, #31, r11
    sub r1, r1, #{weight_bytes}
    step1 0, 0
    step1 0, 0
    step1 0, 1
    step1 0, 0
    step1 0, 0
    ldmia r1!, {{r2-r5}}
    add r10, r10, r2
    add r11, r11, r3
    smmulr r10, r10, r4
    smmulr r11, r11, r5
    cmp r9, #0
    bne 3f
    usat r10, #8, r10
    usat r11, #8, r11
2:
    bfi r10, r11, #8, #8
    strh r10, [lr], #2
    cmp r1, r8
    bne 1b
    pop {{r4-r11, pc}}
3:
    signed r10
    signed r11
    b 2b
"#
);

// A row of a 4 x 4 patch: r4 columns 0 and 2, r5 columns 1 and 3, r6 columns 0 and 1, r7 columns 1
// and 2; r8 and r9 the differences of columns 0 - 1, 1 - 2 and (high lane of r9) 2 - 3.
assembler_macro!(
    patch_row,
    "line",
    r"
    ldr r5, [\line], #2
    uxtb16 r4, r5
    uxtb16 r5, r5, ror #8
    pkhbt r6, r4, r5, lsl #16
    pkhbt r7, r5, r4
    ssub16 r8, r6, r7
    ssub16 r9, r4, r5"
);

// Writes the differences of the windows. r0: 4 lines, which advance, r1: panel, r2: tiles. A step
// of the panel has 16 bytes. r10 and r11 keep r7 and r5 of the row above, r12 its r9.
function!(
    fn asm_windows3_differences(lines: *mut *const u8, panel: *mut u32, tiles: usize),
    macros: [patch_row],
    r#"
    push {{r0, r2, r4-r11, lr}}
    mov lr, r1
    ldm r0, {{r0-r3}}
1:
    patch_row r0
    str r8, [lr]
    mov r10, r7
    mov r11, r5
    mov r12, r9
    patch_row r1
    str r8, [lr, #4]
    str r8, [lr, #(16 * 5)]
    pkhtb r12, r9, r12, asr #16
    str r12, [lr, #(16 * 1 + 4)]
    mov r12, r9
    str r7, [lr, #(16 * 7 + 4)]
    ssub16 r6, r10, r6
    str r6, [lr, #(16 * 2 + 4)]
    ssub16 r4, r11, r4
    str r4, [lr, #(16 * 4 + 4)]  // only for now
    mov r10, r7
    mov r11, r5
    patch_row r2
    str r8, [lr, #(16 * 1)]
    str r8, [lr, #(16 * 5 + 4)]
    pkhtb r12, r9, r12, asr #16
    str r12, [lr, #(16 * 6 + 4)]
    lsr r12, r9, #16
    str r12, [lr, #(16 * 2)]
    str r7, [lr, #(16 * 8)]
    ssub16 r6, r10, r6
    str r6, [lr, #(16 * 3)]
    ssub16 r4, r11, r4
    ldr r6, [lr, #(16 * 4 + 4)]
    pkhtb r6, r4, r6, asr #16
    str r6, [lr, #(16 * 4)]
    pkhtb r6, r5, r11, asr #16
    str r6, [lr, #(16 * 9)]
    mov r10, r7
    mov r11, r5
    patch_row r3
    str r8, [lr, #(16 * 6)]
    lsr r9, r9, #16
    str r9, [lr, #(16 * 7)]
    str r7, [lr, #(16 * 8 + 4)]
    ssub16 r6, r10, r6
    str r6, [lr, #(16 * 3 + 4)]
    ssub16 r4, r11, r4
    lsr r4, r4, #16
    str r4, [lr, #(16 * 4 + 4)]
    lsr r5, r5, #16
    str r5, [lr, #(16 * 9 + 4)]
    add lr, lr, #8
    ldrd r4, r5, [sp]
    subs r5, r5, #1
    str r5, [sp, #4]
    bne 1b
    stm r4, {{r0-r3}}
    add sp, #8
    pop {{r4-r11, pc}}
"#
);

/// Arguments of [`row`], which the assembly updates as it goes on.
#[repr(C)]
struct Row {
    lines: [*const u8; 4],
    tiles: usize,
    /// Bytes of the outputs of two tiles.
    step: usize,
    arguments: Arguments,
}

const _: () = assert!(offset_of!(Row, lines) == 0);

// r0: `Row`.
function!(
    fn asm_windows3(row: *mut Row),
    offsets: Row { tiles, step, arguments },
    constants: { panel = offset_of!(Row, arguments.panel), first = offset_of!(Row, arguments.first) },
    functions: {
        differences = asm_windows3_differences,
        one = asm_windows3_one,
        two = asm_windows3_two,
    },
    r#"
    push {{r4-r6, lr}}
    mov r4, r0
    ldr r5, [r4, #{tiles}]
1:
    mov r0, r4
    ldr r1, [r4, #{panel}]
    cmp r5, #1
    beq 2f
    mov r2, #2
    bl {differences}
    add r0, r4, #{arguments}
    bl {two}
    ldrd r0, r1, [r4, #{first}]
    ldr r2, [r4, #{step}]
    add r0, r0, r2
    add r1, r1, r2
    strd r0, r1, [r4, #{first}]
    subs r5, r5, #2
    bne 1b
    pop {{r4-r6, pc}}
2:
    mov r2, #1
    bl {differences}
    add r0, r4, #{arguments}
    pop {{r4-r6, lr}}
    b.w {one}
"#
);

/// Sums the panel's differences with every record, and writes the outputs of those tiles that `out`
/// has room for.
pub fn sum(panel: &Panel, weights: &[i16], to: Element, out: Pixels<'_>) {
    let Some(arguments) = Arguments::new(panel.as_flattened(), weights, LENGTHS, to, out) else {
        return misfit();
    };
    // SAFETY: as in `taps::sum`; a record has 10 words of each of two channels and a tail of 4
    // words. The second function touches the first tile only.
    unsafe {
        if arguments.first == arguments.second {
            asm_windows3_one(&arguments);
        } else {
            asm_windows3_two(&arguments);
        }
    }
}

/// Computes a row of pooled outputs of unsigned pixels: the differences and the sums of all of its
/// tiles. Returns false, and writes nothing, if a length does not fit.
pub fn row(
    lines: [&[u8]; 4],
    panel: &mut Panel,
    tiles: usize,
    weights: &[i16],
    to: Element,
    out: Pixels<'_>,
) -> bool {
    let outputs = out.channels;
    let fits = tiles > 0
        && out.bytes.len() >= tiles * outputs
        && lines.iter().all(|line| line.len() >= 2 * tiles + 2);
    let arguments = Arguments::new(panel.as_flattened(), weights, LENGTHS, to, out);
    let (true, Some(mut arguments)) = (fits, arguments) else { return false };
    let lines = lines.map(|line| line.as_ptr());
    // The panel is written, too.
    arguments.panel = panel.as_mut_ptr().cast::<u32>();
    let mut row = Row { lines, tiles, step: 2 * outputs, arguments };
    // SAFETY: of each of the lines 4 bytes are read at every second of `tiles` columns; a tile's 20
    // words are written to one of two places in the panel; the sums are as in `sum`, of two tiles,
    // whose outputs `out` has, or of the last one.
    unsafe { asm_windows3(&mut row) };
    true
}
