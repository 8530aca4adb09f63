//! Sums of two gathered windows, or of differences of windows, with 16-bit weights.

use super::{STEP2, aligned, global_asm, offset_of, register};
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
    /// Stages after the first one.
    stages: usize,
    /// Bytes of code that the first pass skips.
    way_in: usize,
    /// Passes over the unrolled code after the first one.
    passes: usize,
    weight_bytes: usize,
    pub signed: usize,
    stages_left: usize,
    passes_left: usize,
}

consecutive!(Arguments: panel, weights, first, second, end, stages, way_in, passes, weight_bytes, signed, stages_left, passes_left);
const _: () = assert!(size_of::<Arguments>() == 4 * 12 && register(offset_of!(Arguments, weights)) == 2);

/// Steps of the unrolled code, each of two words.
const STEPS: usize = 8;

// r0: arguments.
function!(
    "tinytriplet_taps",
    offsets: Arguments {
        panel, first, end, stages, way_in, passes, weight_bytes, signed, stages_left, passes_left
    },
    constants: { size = size_of::<Arguments>(), steps = STEPS, step = STEP2 },
    macros: [more, step2, relu2x2, signed, taps_finish, assert_length],
    r#"
    push {{r4-r11, lr}}
    ldm r0, {{r1-r12}}
    push {{r1-r12}}
    mov r1, r2                  // weights
    ldr r2, [sp, #{passes}]
    cmp r2, #1                  // carry: more than one pass
1:
    ldr r0, [sp, #{panel}]
    ldr r2, [sp, #{stages}]
    str r2, [sp, #{stages_left}]
    mov r10, #0
    mov r11, #0
    mov r12, #0
    mov lr, #0
2:
    ldr r2, [sp, #{way_in}]
    add pc, r2
    nop
3:
    .rept {steps}
    step2
    .endr
9:
    assert_length 3b, 9b, ({steps} * {step})
    bcs.w 8f
4:
    ldr r2, [sp, #{stages_left}]
    cbz r2, 5f
    sub r2, r2, #1
    str r2, [sp, #{stages_left}]
    relu2x2
    ldr r2, [sp, #{weight_bytes}]
    sub r1, r1, r2
    b.w 2b
5:
    taps_finish 1b, 0
8:
    more sp, {passes_left}, sp, {passes}, 3b, 4b
"#
);

unsafe extern "C" {
    fn tinytriplet_taps(arguments: *const Arguments);
}

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
            stages: 0,
            way_in: 0,
            passes: 0,
            weight_bytes: 0,
            signed: usize::from(to == Element::Signed),
            stages_left: 0,
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
    let (stages, weight_bytes) = (stages - 1, 8 * words);
    let arguments = Arguments { stages, way_in, passes, weight_bytes, passes_left: passes, ..arguments };
    // SAFETY: panel and weights are read up to the lengths that `new` has checked; each pair writes
    // 2 bytes at `2 · pair` of the tiles' `outputs` bytes.
    unsafe { tinytriplet_taps(&arguments) }
}

/// Sums the windows of outputs that are side by side, two in each panel of `2 · words`.
pub fn sum_row(panels: &[u32], weights: &[i16], words: usize, to: Element, out: Pixels<'_>) {
    if words < 2 || !words.is_multiple_of(2) {
        return misfit();
    }
    let steps = words / 2;
    let passes = (steps - 1) / STEPS;
    let way_in = STEP2 * (STEPS - 1 - (steps - 1) % STEPS);
    let Pixels { bytes: out, channels } = out;
    let panels = panels.chunks_exact((2 * words).max(1));
    for (panel, out) in panels.zip(out.chunks_mut((2 * channels).max(1))) {
        let lengths = Lengths { panel: 2 * words, record: 4 * words + 8 };
        let Some(arguments) = Arguments::new(panel, weights, lengths, to, Pixels { bytes: out, channels })
        else {
            return misfit();
        };
        let arguments = Arguments { way_in, passes, passes_left: passes, ..arguments };
        // SAFETY: as in `sum`.
        unsafe { tinytriplet_taps(&arguments) }
    }
}
