//! Pooled 5 × 5 windows of one channel: a whole row of outputs without a panel. Weights are
//! [`taps`](crate::engine::fast::taps)' records; the largest of four outputs is found on their
//! rounded values, two channels at a time, which needs values that fit 16 bits.

use super::{aligned, offset_of};

/// Arguments, which the assembly copies to its stack.
#[repr(C)]
struct Arguments {
    records: *const i16,
    records_end: *const i16,
    output: *mut u8,
    count: usize,
    lines: *const *const u8,
}

consecutive!(Arguments: records, records_end, output, count, lines);
const _: () = assert!(size_of::<Arguments>() == 4 * 5);

/// Bytes of a record's weights: 14 words of two channels.
const WEIGHT_BYTES: usize = 2 * 14 * 4;
/// Halves of a record: the weights, two biases and two multipliers.
pub const RECORD: usize = (WEIGHT_BYTES + 4 * 4) / 2;

/// Bytes of stack of a patch: three words for each of its six rows, and four pairs of words of its
/// last columns.
const ROWS: usize = 6 * 3 * 4;
const PATCH: usize = ROWS + 4 * 2 * 4;

// Words of a row of the patch. x and y: columns 2 and 4, 3 and 5; x2 and y2: those of two rows
// above.
assembler_macro!(
    patch_row,
    "row, x, y, x2, y2",
    r"
    ldr r3, [r2, #(4 * \row)]
    ldr r4, [r3, r12]
    add r3, r12
    ldr \y, [r3, #2]
    uxtb16 r5, r4, ror #8
    uxtb16 r4, r4
    uxtb16 \x, \y
    uxtb16 \y, \y, ror #8
    stm r1!, {{r4, r5, \x}}
    .if \row >= 2
    pkhtb \x2, \x, \x2, asr #16
    pkhtb \y2, \y, \y2, asr #16
    strd \x2, \y2, [sp, #({columns} + 8 * (\row - 2))]
    .endif"
);

// Adds a word's products to the sums of the upper windows.
assembler_macro!(
    upper,
    "op",
    r"
    \op r4, r12, r2, r4
    \op r5, lr, r2, r5
    \op r8, r12, r3, r8
    \op r9, lr, r3, r9"
);

// Adds a word's products to the sums of the lower windows.
assembler_macro!(
    lower,
    "op",
    r"
    \op r6, r12, r2, r6
    \op r7, lr, r2, r7
    \op r10, r12, r3, r10
    \op r11, lr, r3, r11"
);

// A word of weights with the words that are in r12 and lr for the upper windows, and those at
// `next` for the lower.
assembler_macro!(
    word,
    "op, weights, next",
    r"
    ldrd r2, r3, [r1, #\weights]
    upper \op
    ldrd r12, lr, [sp, #\next]
    lower \op"
);

// r0: arguments, which are copied to the stack after the patch, and the column after them. A patch
// of 6 × 6 bytes, the four windows of one output, becomes words on the stack: for each row r the
// columns (0, 2), (1, 3), (2, 4), of which the left windows use the first two and the right ones
// the last two; then for the columns 4 and 5, the windows' last, the rows (r, r + 2). The sums of
// the four windows are in r4 to r7 for one channel and in r8 to r11 for the other, their weights in
// r2 and r3, words of the left and of the right window in r12 and lr. What the upper windows use of
// a row, the lower ones use of the next: it is loaded once for both.
function!(
    fn asm_windows5(arguments: *const Arguments),
    offsets: Arguments { records, records_end, output, count, lines },
    constants: {
        frame = PATCH + size_of::<Arguments>() + 4,
        patch = PATCH,
        columns = ROWS,
        column = size_of::<Arguments>(),
        record = 2 * RECORD,
        biases = WEIGHT_BYTES,
    },
    macros: [patch_row, upper, lower, word],
    r#"
    push {{r4-r11, lr}}
    sub sp, #{frame}
    ldm r0, {{r1-r5}}
    mov r6, #0
    add r0, sp, #{patch}
    stm r0, {{r1-r6}}
1:
    ldrd r2, r12, [sp, #({patch} + {lines})]
    mov r1, sp
    patch_row 0, r6, r7, r8, r9
    patch_row 1, r8, r9, r10, r11
    patch_row 2, r10, r11, r6, r7
    patch_row 3, r6, r7, r8, r9
    patch_row 4, r8, r9, r10, r11
    patch_row 5, r10, r11, r6, r7
    add r12, #2
    str r12, [sp, #({patch} + {column})]
    ldr r1, [sp, #({patch} + {records})]
    ldr r0, [sp, #({patch} + {output})]
2:
    // The first word, with the biases. What a register holds is used up before it becomes a sum.
    ldrd r2, r3, [r1, #{biases}]
    ldrd r10, r11, [r1]
    ldrd r12, lr, [sp]
    smlad r4, r12, r10, r2
    smlad r5, lr, r10, r2
    smlad r8, r12, r11, r3
    smlad r9, lr, r11, r3
    ldrd r12, lr, [sp, #12]
    smlad r6, r12, r10, r2
    smlad r7, lr, r10, r2
    smlad r10, r12, r11, r3
    smlad r11, lr, r11, r3
    word smlad, 16, 24
    word smlad, 32, 36
    word smlad, 48, 48
    word smlad, 64, 60
    ldrd r12, lr, [sp, #4]
    word smlad, 8, 16
    word smlad, 24, 28
    word smlad, 40, 40
    word smlad, 56, 52
    word smlad, 72, 64
    // The last column: rows (0, 2), (1, 3), and 4, which is the upper half of the words of rows (2,
    // 4) and (3, 5).
    ldrd r12, lr, [sp, #{columns}]
    word smlad, 80, 80
    word smlad, 88, 88
    word smlatb, 96, 96
    ldrd r2, r3, [r1, #({biases} + 8)]
    add r1, #{record}
    smmulr r4, r4, r2
    smmulr r5, r5, r2
    smmulr r6, r6, r2
    smmulr r7, r7, r2
    smmulr r8, r8, r3
    smmulr r9, r9, r3
    smmulr r10, r10, r3
    smmulr r11, r11, r3
    pkhbt r4, r4, r8, lsl #16
    pkhbt r5, r5, r9, lsl #16
    pkhbt r6, r6, r10, lsl #16
    pkhbt r7, r7, r11, lsl #16
    ssub16 r12, r4, r5
    sel r4, r4, r5
    ssub16 r12, r6, r7
    sel r6, r6, r7
    ssub16 r12, r4, r6
    sel r4, r4, r6
    usat16 r4, #8, r4
    orr r4, r4, r4, lsr #8
    strh r4, [r0], #2
    ldr r2, [sp, #({patch} + {records_end})]
    cmp r1, r2
    bne.w 2b
    str r0, [sp, #({patch} + {output})]
    ldr r3, [sp, #({patch} + {count})]
    subs r3, #1
    str r3, [sp, #({patch} + {count})]
    bne.w 1b
    add sp, #{frame}
    pop {{r4-r11, pc}}
"#
);

/// Computes a row of pooled outputs, unsigned both before and after, whose sums, rounded, fit 16
/// bits. `lines` are the six rows of the input, `outputs` the output channels, which are even.
/// Returns false, and writes nothing, if a length does not fit.
pub fn row(lines: [&[u8]; 6], records: &[i16], outputs: usize, output: &mut [u8]) -> bool {
    let Some(count) = output.len().checked_div(outputs) else { return false };
    let fits = count > 0
        && outputs.is_multiple_of(2)
        && output.len() == count * outputs
        && records.len() == outputs / 2 * RECORD
        && aligned(records)
        && lines.iter().all(|line| line.len() >= 2 * count + 4);
    if !fits {
        return false;
    }
    let lines = lines.map(<[u8]>::as_ptr);
    let records = records.as_ptr_range();
    let arguments = Arguments {
        records: records.start,
        records_end: records.end,
        output: output.as_mut_ptr(),
        count,
        lines: lines.as_ptr(),
    };
    // SAFETY: of each of six lines, 6 bytes are read at every second of `count` columns; the
    // records are read whole, in words, at which they are aligned; each output has 2 bytes for each
    // record: all checked above. Words and half-words of bytes may lie at any address: these
    // processors read and write those.
    unsafe { asm_windows5(&arguments) };
    true
}
