//! Winograd's products of two or three tiles, and the outputs made of them.

use super::{STEP2, aligned, offset_of};
use crate::engine::fast::{
    conv::{Channels, Pixels},
    misfit,
    panel::Tiles,
};
use crate::model::tensor::Element;

/// What is done with the sums of a pair of channels.
#[repr(usize)]
enum Finish {
    /// The largest of each tile is requantized.
    Pool = 0,
    /// They are requantized.
    Write = 1,
    /// They are left to the caller.
    Dump = 2,
}

/// Arguments, and values for which the assembly has no register.
#[repr(C)]
struct Arguments {
    /// The multipliers of the pair that is being finished.
    multipliers: [i32; 2],
    /// Bytes from a tile's outputs to the next one's.
    stride: usize,
    panel: *const u32,
    weights: *const i16,
    /// The outputs of the last tile.
    out: *mut u8,
    biases: *const i32,
    all_multipliers: *const i32,
    pairs: usize,
    /// Passes over the unrolled code after the first one.
    passes: usize,
    /// Three tiles: words of the first pass. Two tiles: bytes of code that the first pass skips.
    first: usize,
    /// End of the panel.
    end: *const u32,
    ways_in: [usize; 4],
    passes_left: usize,
    /// What is done with sums: a [`Finish`].
    finish: Finish,
    /// Receives the sums.
    dump: *mut [[i32; 2]; 4],
    /// Bytes from the upper outputs of a tile to the lower ones.
    lower: usize,
    /// Bytes from the left outputs of each tile to the right ones. The first is not a tile's.
    right: [usize; 4],
    signed: usize,
}

const _: () = assert!(offset_of!(Arguments, multipliers) == 0 && offset_of!(Arguments, stride) == 8);
consecutive!(Arguments: panel, weights);
consecutive!(Arguments: biases, all_multipliers);

/// Steps of the unrolled code for three tiles, each of one word, and the bytes of one.
const STEPS3: usize = 16;
const STEP3: usize = 28;
/// Steps of the unrolled code for two tiles, each of two words.
const STEPS2: usize = 8;

/// Bytes of stack for the sums of one of the four columns of positions.
const COLUMN3: usize = 4 * 3 * 8;
const COLUMN2: usize = 4 * 2 * 4;

/// The top of the stack while two tiles are computed, when no register is left.
#[repr(C)]
struct Top {
    way_in: usize,
    end: *const u32,
    passes_left: usize,
    arguments: *mut Arguments,
}
consecutive!(Top: way_in, end, passes_left, arguments);

// Finishes both channels of a tile: the largest of its 4 outputs (2 x 2), biases, rounding,
// saturation and writing. Its sums lie at \c and \e in column 3, \column bytes further on in each
// column before. y01 + r(y00 - y01) with y00 = c0 + c1 + c2, y01 = c1 - c2 - c3; then the lower
// row; then of both.
assembler_macro!(
    pool_tile,
    "tile, c, e, column",
    r"
    ldrd r2, r3, [sp, #(\c + 8 * \tile + 3 * \column)]
    ldrd r4, r5, [sp, #(\c + 8 * \tile + 2 * \column)]
    ldrd r6, r7, [sp, #(\c + 8 * \tile + \column)]
    ldrd r8, r9, [sp, #(\c + 8 * \tile)]
    add r8, r8, r6
    add r9, r9, r7
    add r2, r2, r6
    add r3, r3, r7
    add r2, r2, r8
    add r3, r3, r9
    usat r2, #31, r2
    usat r3, #31, r3
    add r2, r2, r4
    add r3, r3, r5
    sub r2, r2, r8
    sub r3, r3, r9
    ldrd r4, r5, [sp, #(\e + 8 * \tile + 3 * \column)]
    ldrd r6, r7, [sp, #(\e + 8 * \tile + 2 * \column)]
    ldrd r8, r9, [sp, #(\e + 8 * \tile + \column)]
    ldrd r10, r11, [sp, #(\e + 8 * \tile)]
    add r10, r10, r8
    add r11, r11, r9
    add r4, r4, r8
    add r5, r5, r9
    add r4, r4, r10
    add r5, r5, r11
    usat r4, #31, r4
    usat r5, #31, r5
    add r4, r4, r6
    add r5, r5, r7
    sub r4, r4, r10
    sub r5, r5, r11
    sub r2, r2, r4
    sub r3, r3, r5
    usat r2, #31, r2
    usat r3, #31, r3
    add r2, r2, r4
    add r3, r3, r5
    ldm lr, {{r4-r6}}           // multipliers, stride
    add r2, r0, r2, asr #2      // bias + sum
    add r3, r1, r3, asr #2
    smmulr r2, r2, r4
    smmulr r3, r3, r5
    usat r2, #8, r2
    usat r3, #8, r3
    orr r2, r2, r3, lsl #8
    strh r2, [r12]
    sub r12, r12, r6"
);

// Writes two of a tile's outputs for both channels to r12.
assembler_macro!(
    dump_row,
    "tile, sums, column",
    r"
    ldrd r2, r3, [sp, #(\sums + 8 * \tile + 3 * \column)]
    ldrd r4, r5, [sp, #(\sums + 8 * \tile + 2 * \column)]
    ldrd r6, r7, [sp, #(\sums + 8 * \tile + \column)]
    ldrd r8, r9, [sp, #(\sums + 8 * \tile)]
    add r2, r2, r4
    add r3, r3, r5
    add r2, r2, r6
    add r3, r3, r7
    sub r4, r4, r6
    sub r5, r5, r7
    sub r4, r4, r8
    sub r5, r5, r9
    stm r12!, {{r2-r5}}"
);

// Requantizes two outputs of a tile for both channels. r0, r1: biases; r10: where their sums are
// found; flags: ne if outputs are signed. Then r2 and r4 have the left and the right ones.
assembler_macro!(
    finish_row,
    "sums, column, there, back",
    r"
    ldrd r2, r3, [r10, #(\sums + 3 * \column)]
    ldrd r4, r5, [r10, #(\sums + 2 * \column)]
    ldrd r6, r7, [r10, #(\sums + \column)]
    ldrd r8, r9, [r10, #\sums]
    add r2, r2, r4
    add r3, r3, r5
    add r2, r2, r6
    add r3, r3, r7
    sub r4, r4, r6
    sub r5, r5, r7
    sub r4, r4, r8
    sub r5, r5, r9
    ldrd r6, r7, [lr, #{multipliers}]
    add r2, r0, r2, asr #2
    add r3, r1, r3, asr #2
    add r4, r0, r4, asr #2
    add r5, r1, r5, asr #2
    smmulr r2, r2, r6
    smmulr r3, r3, r7
    smmulr r4, r4, r6
    smmulr r5, r5, r7
    bne.w \there
    usat r2, #8, r2
    usat r3, #8, r3
    usat r4, #8, r4
    usat r5, #8, r5
\back:
    bfi r2, r3, #8, #8
    bfi r4, r5, #8, #8"
);

// Writes the outputs of \tiles tiles for both channels, the last tile first, and of each the lower
// row and the right column first: what is not there has the place of what is. r12: outputs of the
// last tile. \upper and \lower: bytes of stack before the sums of these rows.
assembler_macro!(
    write_tiles,
    "tiles, upper, lower, column",
    r"
    mov r11, #\tiles
61:
    ldr r6, [lr, #{signed}]
    cmp r6, #0
    add r10, sp, r11, lsl #3    // a tile's sums, and 8
    finish_row (\lower - 8), \column, 63f, 64
    add r7, lr, r11, lsl #2
    ldr r7, [r7, #{right}]
    ldr r6, [lr, #{lower}]
    add r6, r6, r12
    strh r4, [r6, r7]
    strh r2, [r6]
    finish_row (\upper - 8), \column, 65f, 66
    add r7, lr, r11, lsl #2
    ldr r7, [r7, #{right}]
    strh r4, [r12, r7]
    strh r2, [r12]
    ldr r6, [lr, #{stride}]
    sub r12, r12, r6
    subs r11, r11, #1
    bne.w 61b
    b.w 60b
63:
    signed r2
    signed r3
    signed r4
    signed r5
    b.w 64b
65:
    signed r2
    signed r3
    signed r4
    signed r5
    b.w 66b"
);

// Loads what finishing a pair needs (lr: arguments): biases to r0 and r1, multipliers to the front
// of the arguments, the last tile's output to r12. Saves how far the weights were read.
assembler_macro!(
    pair_parameters,
    "",
    r"
    str r1, [lr, #{weights}]
    ldrd r2, r3, [lr, #{biases}]
    ldrd r0, r1, [r2], #8
    ldrd r4, r5, [r3], #8
    strd r2, r3, [lr, #{biases}]
    strd r4, r5, [lr, #{multipliers}]
    ldr r12, [lr, #{out}]
    add r2, r12, #2
    str r2, [lr, #{out}]"
);

// Three tiles by two channels of one word: r0 V, r1 U, sums in r7-r12.
assembler_macro!(
    step3,
    "",
    r"
    ldmia r1!, {{r2, r3}}
    ldmia r0!, {{r4-r6}}
    smlad r7, r4, r2, r7
    smlad r8, r4, r3, r8
    smlad r9, r5, r2, r9
    smlad r10, r5, r3, r10
    smlad r11, r6, r2, r11
    smlad r12, r6, r3, r12"
);

// r0: arguments. The sums of row 2, of rows 2 + 1, c and e are pushed for each column: 24 bytes
// each.
function!(
    fn asm_winograd3(arguments: *mut Arguments),
    offsets: Arguments {
        multipliers, stride, panel, weights, out, biases, pairs, passes, first, end, ways_in,
        passes_left, finish, dump, lower, right, signed
    },
    constants: { steps = STEPS3, step = STEP3, column = COLUMN3 },
    macros: [
        more, pool_tile, write_tiles, finish_row, signed, dump_row, pair_parameters, step3, assert_length
    ],
    r#"
    push {{r4-r11, lr}}
    mov lr, r0
    ldr r2, [lr, #{first}]
    mov r3, #{step}
    mul r2, r2, r3
    adr.w r4, 12f
    sub r4, r4, r2
    add r4, r4, #({step} + 1)   // one step less; Thumb bit
    str r4, [lr, #{ways_in}]
    adr.w r4, 22f
    sub r4, r4, r2
    orr r4, r4, #1
    str r4, [lr, #({ways_in} + 4)]
    adr.w r4, 32f
    sub r4, r4, r2
    orr r4, r4, #1
    str r4, [lr, #({ways_in} + 8)]
    adr.w r4, 42f
    sub r4, r4, r2
    orr r4, r4, #1
    str r4, [lr, #({ways_in} + 12)]
1:
    ldrd r0, r1, [lr, #{panel}]
    ldr r2, [lr, #{passes}]
    str r2, [lr, #{passes_left}]
    cmp r2, #1                  // carry: more than one pass
5:
    ldmia r1!, {{r2, r3}}
    ldmia r0!, {{r4-r6}}
    smuad r7, r4, r2
    smuad r8, r4, r3
    smuad r9, r5, r2
    smuad r10, r5, r3
    smuad r11, r6, r2
    smuad r12, r6, r3
    ldr pc, [lr, #{ways_in}]
11:
    .rept {steps}
    step3
    .endr
12:
    assert_length 11b, 12b, ({steps} * {step})
    bcs.w 13f
14:
    push {{r7-r12}}             // row 2
    ldr pc, [lr, #({ways_in} + 4)]
21:
    .rept {steps}
    step3
    .endr
22:
    bcs.w 23f
24:
    push {{r7-r12}}             // rows 2 + 1
    ldr pc, [lr, #({ways_in} + 8)]
31:
    .rept {steps}
    step3
    .endr
32:
    bcs.w 33f
34:
    push {{r7-r12}}             // c: rows 2 + 1 + 0
    add r2, sp, #24
    ldm r2!, {{r7-r12}}
    ldm r2!, {{r3-r6}}
    sub r7, r7, r3, lsl #1      // rows 1 - 2
    sub r8, r8, r4, lsl #1
    sub r9, r9, r5, lsl #1
    sub r10, r10, r6, lsl #1
    ldm r2, {{r3, r4}}
    sub r11, r11, r3, lsl #1
    sub r12, r12, r4, lsl #1
    ldr pc, [lr, #({ways_in} + 12)]
41:
    .rept {steps}
    step3
    .endr
42:
    bcs.w 43f
44:
    push {{r7-r12}}             // e: rows 1 - 2 - 3
    ldr r2, [lr, #{end}]
    teq r0, r2
    bne.w 5b
    ldr r2, [lr, #{finish}]
    cmp r2, #0
    bne.w 6f
    pair_parameters
    pool_tile 2, 24, 0, {column}
    pool_tile 1, 24, 0, {column}
    pool_tile 0, 24, 0, {column}
60:
    add sp, #(4 * {column})
    ldr r2, [lr, #{pairs}]
    subs r2, r2, #1
    str r2, [lr, #{pairs}]
    bne.w 1b
    pop {{r4-r11, pc}}
6:
    cmp r2, #1
    bne.w 7f
    pair_parameters
    write_tiles 3, 24, 0, {column}
7:
    ldr r12, [lr, #{dump}]
    dump_row 0, 24, {column}
    dump_row 0, 0, {column}
    dump_row 1, 24, {column}
    dump_row 1, 0, {column}
    dump_row 2, 24, {column}
    dump_row 2, 0, {column}
    add sp, #(4 * {column})
    pop {{r4-r11, pc}}
13:
    more lr, {passes_left}, lr, {passes}, 11b, 14b
23:
    more lr, {passes_left}, lr, {passes}, 21b, 24b
33:
    more lr, {passes_left}, lr, {passes}, 31b, 34b
43:
    more lr, {passes_left}, lr, {passes}, 41b, 44b
"#
);

// As `more`, with \depth bytes on the stack above `Top`.
assembler_macro!(
    more2,
    "depth, again, after",
    r"
    ldr r2, [sp, #(\depth + {passes_left})]
    cbz r2, 77f
    sub r2, r2, #1
    str r2, [sp, #(\depth + {passes_left})]
    b.w \again
77:
    ldr r2, [sp, #(\depth + {arguments})]
    ldr r2, [r2, #{passes}]
    str r2, [sp, #(\depth + {passes_left})]
    b.w \after"
);

// r0: arguments. Above `Top`, c and e are pushed for each column: 16 bytes each.
function!(
    fn asm_winograd2(arguments: *mut Arguments),
    offsets: Arguments {
        multipliers, stride, panel, weights, out, biases, pairs, passes, first, end, finish, dump, lower,
        right, signed
    },
    constants: {
        steps = STEPS2,
        step = STEP2,
        column = COLUMN2,
        top = size_of::<Top>(),
        way_in = offset_of!(Top, way_in),
        passes_left = offset_of!(Top, passes_left),
        arguments = offset_of!(Top, arguments),
    },
    macros: [
        more2, pool_tile, write_tiles, finish_row, signed, dump_row, pair_parameters, step2, step2_first,
        assert_length
    ],
    r#"
    push {{r4-r11, lr}}
    mov lr, r0
1:
    ldrd r0, r1, [lr, #{panel}]
    ldr r6, [lr, #{first}]
    ldr r7, [lr, #{end}]
    ldr r8, [lr, #{passes}]
    mov r9, lr
    push {{r6-r9}}              // `Top`
    cmp r8, #1                  // carry: more than one pass
5:
    step2_first
    ldr r2, [sp, #{way_in}]
    add r2, r2, #{step}         // the first step is done
    add pc, r2
    nop
11:
    .rept {steps}
    step2
    .endr
12:
    assert_length 11b, 12b, ({steps} * {step})
    bcs.w 13f
14:
    push {{r10-r12, lr}}        // row 2
    ldr r2, [sp, #({way_in} + 16)]
    add pc, r2
    nop
21:
    .rept {steps}
    step2
    .endr
    bcs.w 23f
24:
    push {{r10-r12, lr}}        // rows 2 + 1
    ldr r2, [sp, #({way_in} + 32)]
    add pc, r2
    nop
31:
    .rept {steps}
    step2
    .endr
    bcs.w 33f
34:
    pop {{r2-r9}}
    push {{r10-r12, lr}}        // c: rows 2 + 1 + 0
    sub r10, r2, r6, lsl #1     // rows 1 - 2
    sub r11, r3, r7, lsl #1
    sub r12, r4, r8, lsl #1
    sub lr, r5, r9, lsl #1
    ldr r2, [sp, #({way_in} + 16)]
    add pc, r2
    nop
41:
    .rept {steps}
    step2
    .endr
    bcs.w 43f
44:
    pop {{r2-r9}}
    push {{r2-r5, r10-r12, lr}} // c, and e: rows 1 - 2 - 3
    push {{r6-r9}}
    teq r0, r7
    bne.w 5b
    mov lr, r9
    ldr r2, [lr, #{finish}]
    cmp r2, #0
    bne.w 6f
    pair_parameters
    pool_tile 1, {top}, {top} + 16, {column}
    pool_tile 0, {top}, {top} + 16, {column}
60:
    add sp, #(4 * {column} + {top})
    ldr r2, [lr, #{pairs}]
    subs r2, r2, #1
    str r2, [lr, #{pairs}]
    bne.w 1b
    pop {{r4-r11, pc}}
6:
    cmp r2, #1
    bne.w 7f
    pair_parameters
    write_tiles 2, {top}, ({top} + 16), {column}
7:
    ldr r12, [lr, #{dump}]
    dump_row 0, {top}, {column}
    dump_row 0, {top} + 16, {column}
    dump_row 1, {top}, {column}
    dump_row 1, {top} + 16, {column}
    add sp, #(4 * {column} + {top})
    pop {{r4-r11, pc}}
13:
    more2 0, 11b, 14b
23:
    more2 16, 21b, 24b
33:
    more2 32, 31b, 34b
43:
    more2 16, 41b, 44b
"#
);

impl Arguments {
    #[inline(always)]
    fn new(panel: &[u32], weights: &[i16], depth: usize, count: usize) -> Self {
        let words = depth / 2;
        let (passes, first) = if count == 3 {
            ((words - 1) / STEPS3, (words - 1) % STEPS3 + 1)
        } else {
            let steps = words / 2;
            ((steps - 1) / STEPS2, STEP2 * (STEPS2 - 1 - (steps - 1) % STEPS2))
        };
        Self {
            multipliers: [0; 2],
            stride: 0,
            panel: panel.as_ptr(),
            weights: weights.as_ptr(),
            out: core::ptr::null_mut(),
            biases: core::ptr::null(),
            all_multipliers: core::ptr::null(),
            pairs: 1,
            passes,
            first,
            end: panel.as_ptr().wrapping_add(16 * words * count),
            ways_in: [0; 4],
            passes_left: 0,
            finish: Finish::Pool,
            dump: core::ptr::null_mut(),
            lower: 0,
            right: [0; 4],
            signed: 0,
        }
    }
}

/// Returns whether the panel of `count` tiles and the weights of `pairs` pairs of outputs are
/// there.
fn fits(panel: &[u32], weights: &[i16], depth: usize, count: usize, pairs: usize) -> bool {
    depth > 0
        && depth.is_multiple_of(4)
        && (count == 2 || count == 3)
        && panel.len() >= 8 * depth * count
        && weights.len() >= 32 * depth * pairs
        && aligned(weights)
}

/// Computes a pair of output channels, as the portable `multiply` does.
pub fn multiply(panel: &[u32], weights: &[i16], depth: usize, count: usize, sums: &mut [[[i32; 2]; 4]; 3]) {
    if !fits(panel, weights, depth, count, 1) {
        return misfit();
    }
    let mut arguments = Arguments::new(panel, weights, depth, count);
    arguments.finish = Finish::Dump;
    arguments.dump = sums.as_mut_ptr();
    // SAFETY: the panel and the pair's weights are as long as `fits` says, and are read only up to
    // there; `sums` has room for three tiles; biases, multipliers and output are not touched when
    // there is a dump.
    unsafe { if count == 3 { asm_winograd3(&mut arguments) } else { asm_winograd2(&mut arguments) } }
}

/// Computes all output channels, pooled, as the portable `multiply_pool` does.
pub fn multiply_pool(
    panel: &[u32],
    weights: &[i16],
    channels: Channels<'_>,
    depth: usize,
    tiles: Tiles,
    out: Pixels<'_>,
) {
    let (Tiles { count, valid }, Pixels { bytes: out, channels: outputs }) = (tiles, out);
    let pairs = outputs / 2;
    if !fits(panel, weights, depth, count, pairs)
        || pairs == 0
        || outputs % 2 != 0
        || channels.biases.len() < outputs
        || channels.multipliers.len() < outputs
        || valid == 0
        || (valid != count && valid != 1)
        || out.len() < valid * outputs
    {
        return misfit();
    }
    // Tiles are written from the last to the first. If only the first counts, all go to its place.
    let stride = if valid == count { outputs } else { 0 };
    let mut arguments = Arguments::new(panel, weights, depth, count);
    arguments.stride = stride;
    arguments.out = out.as_mut_ptr().wrapping_add((count - 1) * stride);
    arguments.biases = channels.biases.as_ptr();
    arguments.all_multipliers = channels.multipliers.as_ptr();
    arguments.pairs = pairs;
    // SAFETY: panel, weights, biases and multipliers are read up to the lengths checked above. Each
    // pair writes 2 bytes at `2 · pair` of each of the tiles' `outputs` bytes in `out`.
    unsafe { if count == 3 { asm_winograd3(&mut arguments) } else { asm_winograd2(&mut arguments) } }
}

/// The place of tiles' outputs where no pool follows.
pub struct Place<'a> {
    /// From the first tile's upper left output on.
    pub out: &'a mut [u8],
    /// Columns and output channels of the map.
    pub width: usize,
    pub outputs: usize,
    /// Columns from the first tile on.
    pub columns: usize,
}

/// Computes all output channels of tiles, as the portable `multiply` and what follows it do.
pub fn multiply_write(
    panel: &[u32],
    weights: &[i16],
    channels: Channels<'_>,
    depth: usize,
    Tiles { count, valid }: Tiles,
    to: Element,
    Place { out, width, outputs, columns }: Place<'_>,
) {
    let pairs = outputs / 2;
    // The last tile may have one column, and all of them one row.
    let columns = columns.min(2 * valid);
    let row = columns * outputs;
    let lower = if out.len() > width * outputs { width * outputs } else { 0 };
    if !fits(panel, weights, depth, count, pairs)
        || pairs == 0
        || outputs % 2 != 0
        || channels.biases.len() < outputs
        || channels.multipliers.len() < outputs
        || valid == 0
        || (valid != count && valid != 1)
        || columns + 1 < 2 * valid
        || out.len() < lower + row
    {
        return misfit();
    }
    // Tiles are written from the last to the first. If only the first counts, all go to its place.
    let stride = if valid == count { 2 * outputs } else { 0 };
    let last = if columns == 2 * valid { outputs } else { 0 };
    let mut right = [outputs; 4];
    if valid == 1 {
        right = [last; 4];
    } else if let Some(right) = right.get_mut(valid) {
        *right = last;
    }
    let mut arguments = Arguments::new(panel, weights, depth, count);
    arguments.stride = stride;
    arguments.out = out.as_mut_ptr().wrapping_add((count - 1) * stride);
    arguments.biases = channels.biases.as_ptr();
    arguments.all_multipliers = channels.multipliers.as_ptr();
    arguments.pairs = pairs;
    arguments.finish = Finish::Write;
    arguments.lower = lower;
    arguments.right = right;
    arguments.signed = usize::from(to == Element::Signed);
    // SAFETY: panel, weights, biases and multipliers are read up to the lengths checked above. Each
    // pair writes 2 bytes at `2 · pair` of each of the tiles' pixels, of which the last in the lower
    // row ends `lower + row` bytes after the beginning of `out`.
    unsafe { if count == 3 { asm_winograd3(&mut arguments) } else { asm_winograd2(&mut arguments) } }
}
