//! Windows of 3 × 3 values of four channels, each channel with its own filter, and the lines under
//! them.

use super::{aligned, offset_of, register};
use crate::{
    engine::fast::{
        conv::Pixels,
        depthwise::{CHANNELS, Filter, Lanes, Places, Strip},
        misfit,
    },
    model::tensor::Element,
};

/// Values of a window.
pub const TAPS: usize = 9;

/// Arguments, which the assembly copies to its stack.
#[repr(C)]
struct Arguments {
    panel: *const Lanes,
    weights: *const Lanes,
    biases: *const i32,
    multipliers: *const i32,
    out: *mut u8,
    /// Bytes from an output to the next one.
    out_step: usize,
    /// Bytes from a window to the next one.
    step: usize,
    /// Windows.
    count: usize,
    signed: usize,
}

consecutive!(Arguments: panel, weights, biases, multipliers, out, out_step, step, count, signed);
const _: () = assert!(
    size_of::<Arguments>() == 4 * 9
        && register(offset_of!(Arguments, signed)) == 9
        && size_of::<[i32; CHANNELS]>() == 4 * 4
);

// r0: arguments. Sums of the channels 0 to 3: r8 to r11.
function!(
    fn asm_depthwise9(arguments: *const Arguments),
    offsets: Arguments { panel, biases, multipliers, out, step, signed },
    constants: { size = size_of::<Arguments>(), pairs = TAPS / 2 },
    macros: [signed],
    r#"
    push {{r4-r11, lr}}
    ldm r0, {{r1-r9}}
    push {{r1-r9}}
1:
    ldr r8, [sp, #{biases}]
    ldm r8, {{r8-r11}}
    ldrd r12, lr, [sp, #{panel}]
    .rept {pairs}
    ldmia r12!, {{r0-r3}}
    ldmia lr!, {{r4-r7}}
    smlabb r8, r0, r4, r8
    smlabb r9, r1, r5, r9
    smlatt r10, r0, r4, r10
    smlatt r11, r1, r5, r11
    smlabb r8, r2, r6, r8
    smlabb r9, r3, r7, r9
    smlatt r10, r2, r6, r10
    smlatt r11, r3, r7, r11
    .endr
    ldm r12, {{r0, r1}}
    ldm lr, {{r4, r5}}
    smlabb r8, r0, r4, r8
    smlabb r9, r1, r5, r9
    smlatt r10, r0, r4, r10
    smlatt r11, r1, r5, r11
    ldr r0, [sp, #{multipliers}]
    ldm r0, {{r0-r3}}
    smmulr r0, r0, r8
    smmulr r1, r1, r9
    smmulr r2, r2, r10
    smmulr r3, r3, r11
    ldr r4, [sp, #{signed}]
    cbnz r4, 3f
    usat r0, #8, r0
    usat r1, #8, r1
    usat r2, #8, r2
    usat r3, #8, r3
2:
    ldrd r4, r5, [sp, #{out}]
    strb r0, [r4]
    strb r1, [r4, #1]
    strb r2, [r4, #2]
    strb r3, [r4, #3]
    add r4, r4, r5
    str r4, [sp, #{out}]
    ldr r4, [sp, #{panel}]
    ldrd r5, r6, [sp, #{step}]
    add r4, r4, r5
    str r4, [sp, #{panel}]
    subs r6, r6, #1
    str r6, [sp, #({step} + 4)]
    bne 1b
    add sp, #{size}
    pop {{r4-r11, pc}}
3:
    signed r0
    signed r1
    signed r2
    signed r3
    b 2b
"#
);

/// Computes the first four channels of each pixel from windows of [`TAPS`] values, as the portable
/// [`Filter::run`] does.
pub fn nine(filter: &Filter<'_>, places: Places<'_>, to: Element, out: Pixels<'_>) {
    let Filter { weights, biases, multipliers } = *filter;
    let Places { panel, step } = places;
    let Pixels { bytes: out, channels } = out;
    // The last pixel may have only these four.
    let count = out.len().div_ceil(channels.max(1));
    let more = count.saturating_sub(1);
    let fits = count > 0
        && out.len() >= more * channels + CHANNELS
        && panel.len() >= more * step + TAPS
        && weights.len() >= TAPS
        && aligned(weights);
    if !fits {
        return misfit();
    }
    let arguments = Arguments {
        panel: panel.as_ptr(),
        weights: weights.as_ptr(),
        biases: biases.as_ptr(),
        multipliers: multipliers.as_ptr(),
        out: out.as_mut_ptr(),
        out_step: channels,
        step: size_of::<Lanes>() * step,
        count,
        signed: usize::from(to == Element::Signed),
    };
    // SAFETY: window `w` of `count` is read at `w · step` of the panel, 9 pairs of words, and its
    // four bytes are written at `w · channels`: the last of both are inside. Weights, biases and
    // multipliers have the lengths of their types or the one that was compared.
    unsafe { asm_depthwise9(&arguments) }
}

// r0: the first pixel's bytes, r1: from a pixel to the next, r2: lanes, r3: from lanes to the next;
// on the stack: how many.
function!(
    fn asm_depthwise_line(from: *const u8, pixel: usize, to: *mut Lanes, step: usize, count: usize),
    r#"
    push {{r4-r6, lr}}
    ldr r6, [sp, #16]
1:
    ldr r4, [r0]
    add r0, r0, r1
    uxtb16 r5, r4, ror #8
    uxtb16 r4, r4
    strd r4, r5, [r2]
    add r2, r2, r3
    subs r6, r6, #1
    bne 1b
    pop {{r4-r6, pc}}
"#
);

/// Expands the first four unsigned bytes of each pixel of a line, `channels` bytes from one to the
/// next, into every `step`th lanes.
pub fn line(line: &[u8], channels: usize, to: &mut [Lanes], step: usize) {
    if channels < CHANNELS || step == 0 {
        return misfit();
    }
    // The last pixel of the line may have only these four bytes left, and is whole then.
    let pixels = (line.len() + channels).saturating_sub(CHANNELS) / channels;
    let count = pixels.min(to.len().div_ceil(step));
    if count > 0 {
        // SAFETY: pixel `p` of `count` is read at `p · channels`, four bytes that end at most where
        // the line does, by the number of pixels; its lanes are written at `p · step`, which is
        // less than the length.
        unsafe {
            let bytes = size_of::<Lanes>() * step;
            asm_depthwise_line(line.as_ptr(), channels, to.as_mut_ptr(), bytes, count);
        }
    }
}

// r0: the first pixel's bytes in the first line, r1: from a pixel to the next, r2: lanes, r3: from
// the first line to the second; on the stack: from the first line to the third, and how many pixels.
function!(
    fn asm_depthwise_lines3(from: *const u8, pixel: usize, to: *mut Lanes, second: usize, third: usize, count: usize),
    r#"
    push {{r4-r10, lr}}
    add r4, sp, #32
    ldm r4, {{r4, r12}}
1:
    ldr r5, [r0]
    ldr r7, [r0, r3]
    ldr r9, [r0, r4]
    add r0, r0, r1
    uxtb16 r6, r5, ror #8
    uxtb16 r5, r5
    uxtb16 r8, r7, ror #8
    uxtb16 r7, r7
    uxtb16 r10, r9, ror #8
    uxtb16 r9, r9
    stmia r2!, {{r5-r10}}
    subs r12, r12, #1
    bne 1b
    pop {{r4-r10, pc}}
"#
);

/// Expands four channels of three lines into lanes, the three of a column side by side. Returns
/// false, and has done nothing, if a line or the room for the lanes is shorter.
pub fn lines3(lines: [&[u8]; 3], strip: Strip, to: &mut [Lanes]) -> bool {
    let Strip { first, channels, pixels } = strip;
    let end = first + pixels.saturating_sub(1) * channels + CHANNELS;
    let [a, b, c] = lines;
    if pixels == 0 || a.len() < end || b.len() < end || c.len() < end || to.len() < 3 * pixels {
        return false;
    }
    let [from, second, third] = [a, b, c].map(<[u8]>::as_ptr);
    // SAFETY: pixel `p` of `pixels` is read at `first + p · channels` of each line, four bytes that
    // are inside of it; the other lines are found from the first one by the differences of their
    // addresses. Each pixel has three lanes of the room.
    unsafe {
        asm_depthwise_lines3(
            from.wrapping_add(first),
            channels,
            to.as_mut_ptr(),
            second.addr().wrapping_sub(from.addr()),
            third.addr().wrapping_sub(from.addr()),
            pixels,
        );
    }
    true
}

/// The values of a column of four channels: for each, those of the first two lines, and those of the
/// next two.
pub type Column = [u32; 2 * CHANNELS];

/// Arguments of [`lines4`], in the order of the registers.
#[repr(C)]
struct Lines {
    /// The first pixel's bytes in the first line.
    from: *const u8,
    /// Bytes from a pixel to the next one.
    pixel: usize,
    to: *mut Column,
    /// From the first line to the others.
    others: [usize; 3],
}

// r0: arguments, r1: pixels.
function!(
    fn asm_depthwise_lines4(lines: *const Lines, pixels: usize),
    r#"
    push {{r4-r11, lr}}
    mov r12, r1
    ldm r0, {{r0-r5}}
1:
    ldr r6, [r0]
    ldr r7, [r0, r3]
    pkhbt r8, r6, r7, lsl #16
    pkhtb r9, r7, r6, asr #16
    ldr r6, [r0, r4]
    ldr r7, [r0, r5]
    pkhbt r10, r6, r7, lsl #16
    pkhtb r11, r7, r6, asr #16
    uxtb16 r6, r8
    uxtb16 r7, r10
    strd r6, r7, [r2]
    uxtb16 r6, r8, ror #8
    uxtb16 r7, r10, ror #8
    strd r6, r7, [r2, #8]
    uxtb16 r6, r9
    uxtb16 r7, r11
    strd r6, r7, [r2, #16]
    uxtb16 r6, r9, ror #8
    uxtb16 r7, r11, ror #8
    strd r6, r7, [r2, #24]
    add r0, r0, r1
    add r2, r2, #32
    subs r12, r12, #1
    bne 1b
    pop {{r4-r11, pc}}
"#
);

/// Expands four channels of four lines.
pub fn lines4(lines: [&[u8]; 4], strip: Strip, to: &mut [Column]) {
    let Strip { first, channels, pixels } = strip;
    let end = first + pixels.saturating_sub(1) * channels + CHANNELS;
    if pixels == 0 || lines.iter().any(|line| line.len() < end) || to.len() < pixels {
        return misfit();
    }
    let [a, b, c, d] = lines.map(<[u8]>::as_ptr);
    let other = |line: *const u8| line.addr().wrapping_sub(a.addr());
    let lines = Lines {
        from: a.wrapping_add(first),
        pixel: channels,
        to: to.as_mut_ptr(),
        others: [other(b), other(c), other(d)],
    };
    // SAFETY: pixel `p` of `pixels` is read at `first + p · channels` of each line, four bytes that
    // are inside of it; the other lines are found from the first one by the differences of their
    // addresses. Each pixel has a column.
    unsafe { asm_depthwise_lines4(&lines, pixels) }
}

/// Arguments of [`two_rows`].
#[repr(C)]
struct TwoRows {
    panel: *const Column,
    weights: *const Lanes,
    biases: *const i32,
    multipliers: *const i32,
    /// The first outputs of both rows.
    upper: *mut u8,
    lower: *mut u8,
    /// Bytes from an output to the next one.
    out_step: usize,
    /// Where the upper row's outputs end.
    end: *const u8,
}

consecutive!(TwoRows: panel, weights, biases, multipliers, upper, lower, out_step, end);

// Three taps of a column of two words each, to the pairs of the first and the second, and of the
// second and the third, for each of four channels, 32 bytes from a channel to the next one.
assembler_macro!(
    column_pairs,
    "column",
    r"
    ldmia r1!, {{r2-r7}}
    pkhbt r8, r2, r4, lsl #16
    pkhbt r9, r4, r6, lsl #16
    strd r8, r9, [sp, #(8 + 8 * \column)]
    pkhbt r8, r3, r5, lsl #16
    pkhbt r9, r5, r7, lsl #16
    strd r8, r9, [sp, #(40 + 8 * \column)]
    pkhtb r8, r4, r2, asr #16
    pkhtb r9, r6, r4, asr #16
    strd r8, r9, [sp, #(72 + 8 * \column)]
    pkhtb r8, r5, r3, asr #16
    pkhtb r9, r7, r5, asr #16
    strd r8, r9, [sp, #(104 + 8 * \column)]"
);

// The products of a column's pairs x (r6, r7) with weights a and b: upper window r2, lower window r8.
assembler_macro!(
    column_products,
    "a, b",
    r"
    smlad r2, r6, \a, r2
    smlad r8, r7, \b, r8
    smlabt r2, r7, \b, r2
    smlatb r8, r6, \a, r8"
);

// A channel of both windows. r0: panel, r1: bias, multiplier, and three columns' weights.
assembler_macro!(
    two_windows,
    "channel",
    r"
    ldmia r1!, {{r2-r5}}
    ldrd r6, r7, [r0, #(8 * \channel)]
    smlad r8, r7, r5, r2
    smlad r2, r6, r4, r2
    smlatb r8, r6, r4, r8
    smlabt r2, r7, r5, r2
    ldmia r1!, {{r4, r5, r10, r11}}
    ldrd r6, r7, [r0, #(32 + 8 * \channel)]
    column_products r4, r5
    ldrd r6, r7, [r0, #(64 + 8 * \channel)]
    column_products r10, r11
    smmulr r8, r8, r3
    smmulr r2, r2, r3
    usat r8, #8, r8
    usat r2, #8, r2
    strb r8, [lr, #\channel]
    strb r2, [r12, #\channel]"
);

// r0: arguments. What each channel needs is on the stack, in the order in which it is read.
function!(
    fn asm_depthwise_two_rows(arguments: *const TwoRows),
    macros: [column_pairs, column_products, two_windows],
    r#"
    push {{r4-r11, lr}}
    ldm r0, {{r0-r3, r9-r12}}    // panel, weights, biases, multipliers, upper, lower, step, end
    push {{r12}}
    sub sp, #128
    ldm r2, {{r4, r6, r8, r12}}
    ldr r5, [r3]
    ldr r7, [r3, #4]
    strd r4, r5, [sp]
    strd r6, r7, [sp, #32]
    ldrd r5, r7, [r3, #8]
    strd r8, r5, [sp, #64]
    strd r12, r7, [sp, #96]
    mov r12, r9
    mov lr, r10
    mov r10, r11
    column_pairs 0
    column_pairs 1
    column_pairs 2
    mov r9, r10
1:
    mov r1, sp
    two_windows 0
    two_windows 1
    two_windows 2
    two_windows 3
    add r0, r0, #32
    add r12, r12, r9
    add lr, lr, r9
    ldr r2, [sp, #128]
    cmp r12, r2
    bne.w 1b
    add sp, #132
    pop {{r4-r11, pc}}
"#
);

/// Computes the first four channels of each pixel of one or two rows, from 3 × 3 windows side by
/// side. The second row may be empty.
pub fn two_rows(filter: &Filter<'_>, panel: &[Column], rows: [&mut [u8]; 2], channels: usize) {
    let Filter { weights, biases, multipliers } = *filter;
    let [upper, lower] = rows;
    // Windows are as many as columns, but for two.
    let count = panel.len().saturating_sub(2);
    let len = count.saturating_sub(1) * channels + CHANNELS;
    let fits = count > 0
        && upper.len() >= len
        && (lower.is_empty() || lower.len() >= len)
        && weights.len() >= TAPS
        && aligned(weights);
    if !fits {
        return misfit();
    }
    let upper = upper.as_mut_ptr();
    let arguments = TwoRows {
        panel: panel.as_ptr(),
        weights: weights.as_ptr(),
        biases: biases.as_ptr(),
        multipliers: multipliers.as_ptr(),
        upper,
        // The upper row is written last: there it replaces a lower one that is not there.
        lower: if lower.is_empty() { upper } else { lower.as_mut_ptr() },
        out_step: channels,
        end: upper.wrapping_add(count * channels),
    };
    // SAFETY: window `w` of `count` is read from the columns `w` to `w + 2`, and its four bytes are
    // written at `w · channels` of each row: the last of both are inside. Weights, biases and
    // multipliers have the lengths of their types or the one that was compared.
    unsafe { asm_depthwise_two_rows(&arguments) }
}
