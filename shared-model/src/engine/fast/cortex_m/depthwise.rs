//! Windows of 3 × 3 values of four channels, each channel with its own filter, and the lines under
//! them.

use super::{aligned, global_asm, offset_of, register};
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
    "tinytriplet_depthwise9",
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

unsafe extern "C" {
    fn tinytriplet_depthwise9(arguments: *const Arguments);
}

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
    unsafe { tinytriplet_depthwise9(&arguments) }
}

// r0: the first pixel's bytes, r1: from a pixel to the next, r2: lanes, r3: from lanes to the next;
// on the stack: how many.
function!(
    "tinytriplet_depthwise_line",
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

unsafe extern "C" {
    fn tinytriplet_depthwise_line(from: *const u8, pixel: usize, to: *mut Lanes, step: usize, count: usize);
}

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
            tinytriplet_depthwise_line(line.as_ptr(), channels, to.as_mut_ptr(), bytes, count);
        }
    }
}

// r0: the first pixel's bytes in the first line, r1: from a pixel to the next, r2: lanes, r3: from
// the first line to the second; on the stack: from the first line to the third, and how many pixels.
function!(
    "tinytriplet_depthwise_lines3",
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

unsafe extern "C" {
    fn tinytriplet_depthwise_lines3(
        from: *const u8,
        pixel: usize,
        to: *mut Lanes,
        second: usize,
        third: usize,
        count: usize,
    );
}

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
        tinytriplet_depthwise_lines3(
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
