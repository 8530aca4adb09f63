//! Windows of 3 × 3 values of four channels, each channel with its own filter, and the lines under
//! them.

use super::{flags, offset_of, register};
use crate::{
    engine::fast::{
        conv::Pixels,
        depthwise::{CHANNELS, Filter, Lanes, Places, Strip},
        misfit,
    },
    model::tensor::Element,
};
use core::ptr;

/// Values of a window.
pub const TAPS: usize = 9;

/// Arguments, which the assembly copies to its stack.
#[repr(C)]
struct Arguments {
    out: *mut u8,
    panel: *const Lanes,
    /// Bytes from an output to the next one.
    out_step: usize,
    /// Bytes from a window to the next one.
    step: usize,
    /// Where an output after the last one would be.
    end: *const u8,
    weights: *const Lanes,
    biases: *const i32,
    multipliers: *const i32,
    /// The flags: see [`SIGNED`](super::SIGNED).
    flags: usize,
}

consecutive!(Arguments: out, panel, out_step, step, end, weights, biases, multipliers, flags);
const _: () = assert!(
    size_of::<Arguments>() == 4 * 9
        && offset_of!(Arguments, out) == 0
        && register(offset_of!(Arguments, panel)) == 2
        && register(offset_of!(Arguments, flags)) == 9
        && size_of::<[i32; CHANNELS]>() == 4 * 4
);

// r0: arguments. Sums of the channels 0 to 3: r8 to r11.
function!(
    fn asm_depthwise9(arguments: *const Arguments),
    offsets: Arguments { weights, multipliers },
    constants: { size = size_of::<Arguments>(), pairs = TAPS / 2 },
    macros: [signed],
    r#"
    push {{r4-r11, lr}}
    ldm r0, {{r1-r9}}
    push {{r1-r9}}
    msr APSR_nzcvq, r9
    mov r12, r2                  // panel
1:
    ldrd lr, r8, [sp, #{weights}]    // and biases
    ldm r8, {{r8-r11}}
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
    bvs 3f
    usat r0, #8, r0
    usat r1, #8, r1
    usat r2, #8, r2
    usat r3, #8, r3
2:
    ldm sp, {{r4-r8}}            // outputs, panel, from one to the next, end
    strb r0, [r4]
    strb r1, [r4, #1]
    strb r2, [r4, #2]
    strb r3, [r4, #3]
    add r4, r4, r6
    add r12, r5, r7
    strd r4, r12, [sp]
    teq r4, r8
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
        && weights.len() >= TAPS;
    if !fits {
        return misfit();
    }
    let out = out.as_mut_ptr();
    let arguments = Arguments {
        out,
        panel: panel.as_ptr(),
        out_step: channels,
        step: size_of::<Lanes>() * step,
        end: out.wrapping_add(count * channels),
        weights: weights.as_ptr(),
        biases: biases.as_ptr(),
        multipliers: multipliers.as_ptr(),
        flags: flags(to),
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

/// The values of a column of four channels in three lines.
pub type Column3 = [Lanes; 3];

/// A row of outputs of 3 × 3 windows, computed four channels at a time.
pub struct OneRow<'a> {
    from: *const u8,
    pixel: usize,
    /// From the first line to the others.
    others: [usize; 2],
    panel: Panel<'a, Column3>,
    windows: Arguments,
}

impl<'a> OneRow<'a> {
    /// Takes windows that are `stride` columns apart, and their outputs. Returns `None` if a length does not
    /// fit.
    #[inline(always)]
    pub fn new(
        columns: Columns<'a, 3, Column3>,
        stride: usize,
        to: Element,
        out: &'a mut [u8],
    ) -> Option<Self> {
        let Columns { channels, lines: [from, b, c], filters, panel } = columns;
        let windows = panel.columns.len().checked_sub(3)?.checked_div(stride)? + 1;
        if out.len() < windows * channels {
            return None;
        }
        let out = out.as_mut_ptr();
        let windows = Arguments {
            out,
            panel: ptr::null(), // set by `next`
            out_step: channels,
            step: size_of::<Column3>() * stride,
            end: out.wrapping_add(windows * channels),
            weights: filters.weights.as_ptr(),
            biases: filters.biases.as_ptr(),
            multipliers: filters.multipliers.as_ptr(),
            flags: flags(to),
        };
        let others = [b, c].map(|line| line.addr().wrapping_sub(from.addr()));
        Some(Self { from, pixel: channels, others, panel, windows })
    }

    /// Computes the next four channels, if there are some, after `clear` has seen their columns.
    pub fn next(&mut self, clear: impl FnOnce(&mut [Column3])) -> bool {
        let Some(inside) = self.panel.next() else { return false };
        let (to, pixels, [second, third]) = (inside.as_mut_ptr().cast(), inside.len(), self.others);
        // SAFETY: these channels of all pixels are inside of each line, as `next` has found some that are
        // left; the second and the third line are found by differences of addresses, whose provenance is
        // exposed. Each pixel has a column.
        unsafe { asm_depthwise_lines3(self.from, self.pixel, to, second, third, pixels) }
        self.from = self.from.wrapping_add(CHANNELS);
        clear(inside);
        let windows = &mut self.windows;
        windows.panel = self.panel.columns.as_ptr().cast();
        // SAFETY: each window is read from three columns of the panel, and its four bytes are written one
        // pixel after those of the one before: the last of both are inside, as are the weights, biases
        // and multipliers of these channels.
        unsafe { asm_depthwise9(windows) }
        windows.weights = windows.weights.wrapping_add(TAPS);
        windows.biases = windows.biases.wrapping_add(CHANNELS);
        windows.multipliers = windows.multipliers.wrapping_add(CHANNELS);
        windows.out = windows.out.wrapping_add(CHANNELS);
        windows.end = windows.end.wrapping_add(CHANNELS);
        true
    }
}

/// The values of a column of four channels: for each, those of the first two lines, and those of the
/// next two.
pub type Column = [u32; 2 * CHANNELS];

/// Places of the four lines under two rows, in the order of the registers.
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

consecutive!(Lines: from, pixel, to, others);
const _: () = assert!(offset_of!(Lines, from) == 0 && size_of::<Lines>() == 4 * 6);

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
    strd r6, r7, [r2], #8
    uxtb16 r6, r8, ror #8
    uxtb16 r7, r10, ror #8
    strd r6, r7, [r2], #8
    uxtb16 r6, r9
    uxtb16 r7, r11
    strd r6, r7, [r2], #8
    uxtb16 r6, r9, ror #8
    uxtb16 r7, r11, ror #8
    strd r6, r7, [r2], #8
    add r0, r0, r1
    subs r12, r12, #1
    bne 1b
    pop {{r4-r11, pc}}
"#
);

/// Arguments for the windows of two rows.
#[repr(C)]
struct Rows {
    panel: *const Column,
    weights: *const Lanes,
    biases: *const i32,
    multipliers: *const i32,
    /// Bytes from an output to the next one.
    out_step: usize,
    /// Where the upper row's outputs end.
    end: *const u8,
    /// The first outputs of both rows.
    upper: *mut u8,
    lower: *mut u8,
}

consecutive!(Rows: panel, weights, biases, multipliers, out_step, end, upper, lower);

// Three taps of a column of two words each, to the pairs of the first and the second, and of the
// second and the third, for each of four channels, 32 bytes from a channel to the next one.
assembler_macro!(
    column_pairs,
    "column",
    r"
    ldmia r1!, {{r2-r7}}
    pkhbt r8, r2, r4, lsl #16
    pkhbt r11, r4, r6, lsl #16
    strd r8, r11, [sp, #(8 + 8 * \column)]
    pkhbt r8, r3, r5, lsl #16
    pkhbt r11, r5, r7, lsl #16
    strd r8, r11, [sp, #(40 + 8 * \column)]
    pkhtb r8, r4, r2, asr #16
    pkhtb r11, r6, r4, asr #16
    strd r8, r11, [sp, #(72 + 8 * \column)]
    pkhtb r8, r5, r3, asr #16
    pkhtb r11, r7, r5, asr #16
    strd r8, r11, [sp, #(104 + 8 * \column)]"
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

// A channel of both windows. r0: 56 bytes after where the first of three columns begins; the last
// channel moves it on to the next column. r1: bias, multiplier, and three columns' weights.
assembler_macro!(
    two_windows,
    "channel",
    r"
    ldmia r1!, {{r2-r5}}
    ldrd r6, r7, [r0, #(8 * \channel - 56)]
    smlad r8, r7, r5, r2
    smlad r2, r6, r4, r2
    smlatb r8, r6, r4, r8
    smlabt r2, r7, r5, r2
    ldmia r1!, {{r4, r5, r10, r11}}
    ldrd r6, r7, [r0, #(8 * \channel - 24)]
    column_products r4, r5
    .if \channel == 3
    ldrd r6, r7, [r0, #32]!
    .else
    ldrd r6, r7, [r0, #(8 * \channel + 8)]
    .endif
    column_products r10, r11
    smmulr r8, r8, r3
    smmulr r2, r2, r3
    usat r8, #8, r8
    usat r2, #8, r2
    strb r8, [lr, #\channel]
    strb r2, [r12, #\channel]"
);

// r0: arguments, which it moves on to the next four channels. What each channel needs is on the stack,
// in the order in which it is read.
function!(
    fn asm_depthwise_two_rows(arguments: *mut Rows),
    offsets: Rows { weights, end },
    constants: { filter = size_of::<[Lanes; TAPS]>() },
    macros: [column_pairs, column_products, two_windows],
    r#"
    push {{r4-r11, lr}}
    add r4, r0, #{weights}
    ldm r0, {{r0-r3, r9, r10, r12, lr}}    // panel, weights, biases, multipliers, step, end, both rows
    push {{r10}}
    sub sp, #128
    add r5, r1, #{filter}
    add r6, r2, #16
    add r7, r3, #16
    stm r4, {{r5-r7}}
    add r5, r10, #4
    add r6, r12, #4
    add r7, lr, #4
    add r4, r4, #({end} - {weights})
    stm r4, {{r5-r7}}
    ldm r2, {{r4, r6, r8, r11}}
    ldrd r5, r7, [r3]
    strd r4, r5, [sp]
    strd r6, r7, [sp, #32]
    ldrd r5, r7, [r3, #8]
    strd r8, r5, [sp, #64]
    strd r11, r7, [sp, #96]
    column_pairs 0
    column_pairs 1
    column_pairs 2
    add r0, r0, #56
1:
    mov r1, sp
    two_windows 0
    two_windows 1
    two_windows 2
    two_windows 3
    add r12, r12, r9
    add lr, lr, r9
    ldr r2, [sp, #128]
    cmp r12, r2
    bne.w 1b
    add sp, #132
    pop {{r4-r11, pc}}
"#
);

/// One or two rows of outputs of 3 × 3 windows side by side, computed four channels at a time.
pub struct TwoRows<'a> {
    lines: Lines,
    panel: Panel<'a, Column>,
    rows: Rows,
}

impl<'a> TwoRows<'a> {
    /// Takes both rows of outputs, of which the second one may be empty. Returns `None` if a length does not
    /// fit.
    #[inline(always)]
    pub fn new(columns: Columns<'a, 4, Column>, [upper, lower]: [&'a mut [u8]; 2]) -> Option<Self> {
        let Columns { channels, lines: [from, b, c, d], filters, panel } = columns;
        // Windows are as many as columns, but for two.
        let windows = panel.columns.len().checked_sub(2).filter(|&windows| windows > 0)?;
        let len = windows * channels;
        if upper.len() < len || (!lower.is_empty() && lower.len() < len) {
            return None;
        }
        let upper = upper.as_mut_ptr();
        let rows = Rows {
            panel: ptr::null(), // set by `next`
            weights: filters.weights.as_ptr(),
            biases: filters.biases.as_ptr(),
            multipliers: filters.multipliers.as_ptr(),
            out_step: channels,
            end: upper.wrapping_add(len),
            upper,
            // The upper row is written last: there it replaces a lower one that is not there.
            lower: if lower.is_empty() { upper } else { lower.as_mut_ptr() },
        };
        let others = [b, c, d].map(|line| line.addr().wrapping_sub(from.addr()));
        let lines = Lines { from, pixel: channels, to: ptr::null_mut(), others };
        Some(Self { lines, panel, rows })
    }

    /// Computes the next four channels, if there are some, after `clear` has seen their columns.
    pub fn next(&mut self, clear: impl FnOnce(&mut [Column])) -> bool {
        let Some(inside) = self.panel.next() else { return false };
        self.lines.to = inside.as_mut_ptr();
        // SAFETY: these channels of all pixels are inside of each line, as `next` has found some that are
        // left; the lines after the first one are found by differences of addresses, whose provenance is
        // exposed. Each pixel has a column.
        unsafe { asm_depthwise_lines4(&self.lines, inside.len()) }
        self.lines.from = self.lines.from.wrapping_add(CHANNELS);
        clear(inside);
        self.rows.panel = self.panel.columns.as_ptr();
        // SAFETY: each window is read from three columns of the panel, and its four bytes are written one
        // pixel after those of the one before: the last of both are inside, as are the weights, biases
        // and multipliers of these channels.
        unsafe { asm_depthwise_two_rows(&mut self.rows) }
        true
    }
}

/// The lines under a row of windows, and the columns into which four of their channels at a time are
/// expanded. All lengths fit.
pub struct Columns<'a, const LINES: usize, Column> {
    lines: [*const u8; LINES],
    channels: usize,
    filters: Filters<'a>,
    panel: Panel<'a, Column>,
}

impl<'a, const LINES: usize, Column> Columns<'a, LINES, Column> {
    /// Returns `None` if a length does not fit.
    #[inline(always)]
    pub fn new(
        lines: [&'a [u8]; LINES],
        Strip { channels, padding, pixels }: Strip,
        filters: Filters<'a>,
        columns: &'a mut [Column],
    ) -> Option<Self> {
        let quads = channels / CHANNELS;
        let fits = pixels > 0
            && quads > 0
            && channels == CHANNELS * quads
            && padding + pixels <= columns.len()
            && lines.iter().all(|line| line.len() >= pixels * channels)
            && filters.weights.len() >= quads * TAPS
            && filters.biases.len() >= channels
            && filters.multipliers.len() >= channels;
        let lines = lines.map(|line| {
            // The assembly finds all lines by the first one's address.
            line.as_ptr().expose_provenance();
            line.as_ptr()
        });
        let panel = Panel { columns, padding, pixels, quads };
        fits.then_some(Self { lines, channels, filters, panel })
    }
}

/// The columns under a row of windows, for four channels at a time.
struct Panel<'a, Column> {
    columns: &'a mut [Column],
    padding: usize,
    pixels: usize,
    /// Fours of channels that are left.
    quads: usize,
}

impl<Column> Panel<'_, Column> {
    /// Returns the columns of all pixels for the next four channels, if there are some.
    #[inline(always)]
    fn next(&mut self) -> Option<&mut [Column]> {
        self.quads = self.quads.checked_sub(1)?;
        self.columns.get_mut(self.padding..self.padding + self.pixels)
    }
}

/// The filters of all channels.
pub struct Filters<'a> {
    /// In the order of a window, four channels after the other.
    pub weights: &'a [Lanes],
    pub biases: &'a [i32],
    pub multipliers: &'a [i32],
}
