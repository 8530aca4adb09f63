//! Sums of two gathered windows, or of differences of windows, with 16-bit weights.

use super::{SIGNED, STEP2, aligned, offset_of, register};
use crate::{
    engine::fast::{conv::Pixels, misfit, panel::Stages},
    model::tensor::Element,
};

/// Arguments, which the assembly copies to its stack.
#[repr(C)]
pub struct Arguments {
    pub panel: *const u32,
    pub weights: *const i16,
    /// The outputs of the first tile.
    pub first: *mut u8,
    /// The outputs of the second tile.
    pub second: *mut u8,
    /// End of the weights.
    pub end: *const i16,
    panel_end: *const u32,
    /// Bytes of code that the first pass skips.
    way_in: usize,
    /// Passes over the unrolled code after the first one.
    passes: usize,
    weight_bytes: usize,
    pub signed: usize,
    passes_left: usize,
}

consecutive!(Arguments: panel, weights, first, second, end, panel_end, way_in, passes, weight_bytes, signed, passes_left);
const _: () = assert!(size_of::<Arguments>() == 4 * 11 && register(offset_of!(Arguments, weights)) == 2);

/// Steps of the unrolled code, each of two words.
const STEPS: usize = 16;

// r0: arguments.
function!(
    fn asm_taps(arguments: *const Arguments),
    offsets: Arguments {
        panel, first, end, way_in, passes, weight_bytes, signed, panel_end, passes_left
    },
    constants: { size = size_of::<Arguments>(), steps = STEPS, step = STEP2 },
    macros: [more, step2, relu2x2, signed, taps_finish, assert_length],
    r#"
    push {{r4-r11, lr}}
    ldm r0, {{r1-r11}}
    push {{r1-r11}}
    mov r1, r2                  // weights
    adr.w r2, 3f
    add r2, r2, r7
    add r2, r2, #1              // Thumb bit
    str r2, [sp, #{way_in}]
    cmp r8, #1                  // carry: more than one pass
1:
    ldr r0, [sp, #{panel}]
    mov r10, #0
    mov r11, #0
    mov r12, #0
    mov lr, #0
    ldr pc, [sp, #{way_in}]
3:
    .rept {steps}
    step2
    .endr
9:
    assert_length 3b, 9b, ({steps} * {step})
    bcs.w 8f
4:
    ldr r2, [sp, #{panel_end}]
    teq r0, r2
    beq 5f
    relu2x2
    ldr r2, [sp, #{weight_bytes}]
    sub r1, r1, r2
    ldr pc, [sp, #{way_in}]
5:
    taps_finish 1b, 0
8:
    more sp, {passes_left}, sp, {passes}, 3b, 4b
"#
);

/// The lengths of what a kernel reads.
pub struct Lengths {
    /// Words of the panel.
    pub panel: usize,
    /// Halves of a record of weights.
    pub record: usize,
}

impl Arguments {
    /// Returns `None` if a slice is too short.
    pub fn new(
        panel: &[u32],
        weights: &[i16],
        lengths: Lengths,
        to: Element,
        out: Pixels<'_>,
    ) -> Option<Self> {
        let Pixels { bytes: out, channels: outputs } = out;
        let pairs = outputs / 2;
        let fits = pairs > 0
            && outputs % 2 == 0
            && panel.len() >= lengths.panel
            && weights.len() >= pairs * lengths.record
            && aligned(weights)
            && out.len() >= outputs;
        if !fits {
            return None;
        }
        let first = out.as_mut_ptr();
        // A second tile that is not there is written to the first one's place, and overwritten.
        let second = if out.len() >= 2 * outputs { first.wrapping_add(outputs) } else { first };
        Some(Self {
            panel: panel.as_ptr(),
            weights: weights.as_ptr(),
            first,
            second,
            end: weights.as_ptr().wrapping_add(pairs * lengths.record),
            panel_end: core::ptr::null(),
            way_in: 0,
            passes: 0,
            weight_bytes: 0,
            signed: usize::from(to == Element::Signed),
            passes_left: 0,
        })
    }
}

/// Sums the panel's tiles, as the portable `sum` does.
pub fn sum(panel: &[u32], weights: &[i16], stages: Stages, to: Element, out: Pixels<'_>) {
    let Stages { count: stages, words } = stages;
    if words < 2 || words % 2 != 0 || stages == 0 {
        return misfit();
    }
    let steps = words / 2;
    let passes = (steps - 1) / STEPS;
    let lengths = Lengths { panel: 2 * stages * words, record: 4 * words + 8 };
    let Some(arguments) = Arguments::new(panel, weights, lengths, to, out) else { return misfit() };
    let way_in = STEP2 * (STEPS - 1 - (steps - 1) % STEPS);
    let panel_end = panel.as_ptr().wrapping_add(2 * stages * words);
    let weight_bytes = 8 * words;
    let arguments = Arguments { panel_end, way_in, passes, weight_bytes, passes_left: passes, ..arguments };
    // SAFETY: panel and weights are read up to the lengths that `new` has checked; each pair writes
    // 2 bytes at `2 · pair` of the tiles' `outputs` bytes.
    unsafe { asm_taps(&arguments) }
}

/// Arguments of [`sum_row`], which the assembly copies to its stack and updates as it goes on.
#[repr(C)]
struct Row {
    /// The first tile's next two outputs.
    out: *mut u8,
    /// Bytes from a tile's outputs to the next one's.
    outputs: usize,
    /// End of the weights.
    end: *const i16,
    panel: *const u32,
    /// From a record to its biases.
    tail: usize,
    /// Bytes of code that the first pass for two tiles skips; in the copy, the address behind them.
    way_in: usize,
    weights: *const i16,
    /// Bytes of code that the first pass for one tile skips.
    way_in_one: usize,
    /// The flags: see [`UNUSUAL`] and [`SIGNED`].
    flags: usize,
    /// Bytes of a panel.
    panel_len: usize,
    /// Pairs of tiles that are left.
    pairs: usize,
    /// 1 if a single tile follows them.
    odd: usize,
}

consecutive!(Row: out, outputs, end, panel, tail, way_in, weights, way_in_one, flags, panel_len, pairs, odd);
const _: () = assert!(
    size_of::<Row>() == 4 * 12
        && offset_of!(Row, out) == 0
        && register(offset_of!(Row, way_in)) == 6
        && register(offset_of!(Row, flags)) == 9
        && register(offset_of!(Row, pairs)) == 11
);

/// The carry flag: there is more than one pass over the unrolled code, or outputs are signed. TEQ and
/// SUB leave it as it is.
const UNUSUAL: usize = 1 << 29;

/// Steps of the unrolled code of [`sum_row`], each of two words, after a first step of its own for two
/// tiles; the bytes of one for a single tile.
const ROW_STEPS: usize = 16;
const STEP1: usize = 22;

// Two words of the first of two tiles, as `step2`.
assembler_macro!(
    step1,
    "",
    r"
    ldmia r1!, {{r2-r5}}
    ldrd r6, r7, [r0], #16
    smlad r10, r6, r2, r10
    smlad r11, r6, r3, r11
    smlad r10, r7, r4, r10
    smlad r11, r7, r5, r11"
);

// r0: arguments. Sums begin with the biases.
function!(
    fn asm_taps_row(row: *const Row),
    offsets: Row { panel, weights, out, way_in, end, way_in_one, tail, panel_len, pairs, odd },
    constants: { size = size_of::<Row>(), steps = ROW_STEPS, step = STEP2, single = STEP1 },
    macros: [step1, step2, step2_biased, signed, assert_length],
    r#"
    push {{r4-r11, lr}}
    ldm r0, {{r1-r12}}
    adr.w r0, 3f
    add r6, r6, r0
    add r6, r6, #1               // Thumb bit
    push {{r1-r12}}
    msr APSR_nzcvq, r9
    teq r11, #0
    beq.w 6f
1:
    ldr r1, [sp, #{weights}]
2:
    ldrd r0, r2, [sp, #{panel}]  // and the tail
    add r2, r2, r1
    ldrd r10, r11, [r2]
    step2_biased
    ldr pc, [sp, #{way_in}]
3:
    .rept {steps}
    step2
    .endr
4:
    assert_length 3b, 4b, ({steps} * {step})
    bcs.w 13f
44:
    ldmia r1!, {{r2-r5}}
    smmulr r10, r10, r4
    smmulr r11, r11, r5
    smmulr r12, r12, r4
    smmulr lr, lr, r5
    usat r10, #8, r10
    usat r11, #8, r11
    usat r12, #8, r12
    usat lr, #8, lr
5:
    ldm sp, {{r6-r8}}            // outputs, from tile to tile, end
    bfi r10, r11, #8, #8
    bfi r12, lr, #8, #8
    strh r12, [r6, r7]
    strh r10, [r6], #2
    str r6, [sp, #{out}]
    teq r1, r8
    bne.w 2b
    add r6, r6, r7
    str r6, [sp, #{out}]
    str r0, [sp, #{panel}]       // the next one
    ldr r5, [sp, #{pairs}]
    sub r5, r5, #1
    str r5, [sp, #{pairs}]
    cbz r5, 14f
    b.w 1b
14:
    ldr r5, [sp, #{odd}]
    cbnz r5, 6f
    add sp, #{size}
    pop {{r4-r11, pc}}
6:
    ldr r1, [sp, #{weights}]
    ldr r8, [sp, #{panel}]
    ldr r9, [sp, #{panel_len}]
    add r9, r9, r8
    ldr r12, [sp, #{out}]
    ldr lr, [sp, #{tail}]
7:
    add r2, r1, lr
    ldrd r10, r11, [r2]
    ldr r3, [sp, #{way_in_one}]
    mov r0, r8
    add pc, r3
    nop
8:
    .rept {steps}
    step1
    .endr
88:
    assert_length 8b, 88b, ({steps} * {single})
    teq r0, r9
    bne.w 8b
    ldmia r1!, {{r2-r5}}
    smmulr r10, r10, r4
    smmulr r11, r11, r5
    bvs 12f
    usat r10, #8, r10
    usat r11, #8, r11
11:
    bfi r10, r11, #8, #8
    strh r10, [r12], #2
    ldr r2, [sp, #{end}]
    teq r1, r2
    bne.w 7b
    add sp, #{size}
    pop {{r4-r11, pc}}
12:
    signed r10
    signed r11
    b 11b
13:
    ldr r2, [sp, #{panel}]
    ldr r3, [sp, #{panel_len}]
    add r2, r2, r3
    teq r0, r2
    bne.w 3b
    bvc.w 44b
    ldmia r1!, {{r2-r5}}
    smmulr r10, r10, r4
    smmulr r11, r11, r5
    smmulr r12, r12, r4
    smmulr lr, lr, r5
    signed r10
    signed r11
    signed r12
    signed lr
    b.w 5b
"#
);

/// Sums `tiles` windows of outputs that are side by side, two in each panel of `2 · words`.
pub fn sum_row(panels: &[u32], tiles: usize, weights: &[i16], words: usize, to: Element, out: Pixels<'_>) {
    let Pixels { bytes: out, channels: outputs } = out;
    if words < 2 || !words.is_multiple_of(2) || outputs < 2 || !outputs.is_multiple_of(2) {
        return misfit();
    }
    let (record, panel_len) = (4 * words + 8, 2 * words);
    let fits = tiles > 0
        && out.len() >= tiles * outputs
        && panels.len() >= tiles.div_ceil(2) * panel_len
        && weights.len() >= outputs / 2 * record
        && aligned(weights);
    if !fits {
        return misfit();
    }
    let steps = words / 2;
    // Of the first pass, after the first step.
    let in_pass = match steps - 1 {
        0 => 0,
        others => (others - 1) % ROW_STEPS + 1,
    };
    let flags = match to {
        Element::Signed => UNUSUAL | SIGNED,
        Element::Unsigned if steps - 1 > ROW_STEPS => UNUSUAL,
        Element::Unsigned => 0,
    };
    let row = Row {
        panel: panels.as_ptr(),
        weights: weights.as_ptr(),
        out: out.as_mut_ptr(),
        outputs,
        tail: 8 * words,
        way_in: STEP2 * (ROW_STEPS - in_pass),
        end: weights.as_ptr().wrapping_add(outputs / 2 * record),
        way_in_one: STEP1 * (ROW_STEPS - 1 - (steps - 1) % ROW_STEPS),
        flags,
        panel_len: 4 * panel_len,
        pairs: tiles / 2,
        odd: tiles % 2,
    };
    // SAFETY: each two tiles have a panel of `panel_len` words, which is read as a whole, or, of a
    // single tile, every second pair of words; a record has `words` words of each of two channels
    // and a tail of 4 words, and `end` is that of the last of `outputs / 2` records; each of them
    // writes 2 bytes of each tile's `outputs`.
    unsafe { asm_taps_row(&row) }
}
