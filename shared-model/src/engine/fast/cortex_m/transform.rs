//! Winograd's transform of tiles of unsigned pixels.

use super::offset_of;
use crate::engine::fast::{misfit, panel::TilePlace};

/// Pixels of a line that three tiles read, which is the most: each tile begins two pixels after the
/// one before.
const PIXELS: usize = 8;
/// Bytes of stack of a transformed pixel column: two words for each of its four rows.
const COLUMN: usize = 32;

/// Arguments, which the assembly updates as it goes on. Distances in bytes.
#[repr(C)]
struct Arguments {
    lines: [*const u8; 4],
    panel: *mut u32,
    /// From a position to that of the next column.
    column: usize,
    /// From a row's last position to the next row's first.
    back: isize,
    quads: usize,
    /// Bytes of a line at which its pixels begin; 0 of a pixel outside of the input.
    columns: [usize; PIXELS],
    tiles: usize,
    /// Address of an element of `columns`.
    next: usize,
    /// Tiles that are left.
    left: usize,
    /// From a tile's words to the next one's.
    tile: usize,
    /// From the end of the last tile's words to the next four channels' of the first.
    quad: usize,
    /// Stack that the columns take.
    pushed: usize,
}

const _: () = assert!(offset_of!(Arguments, lines) == 0);
consecutive!(Arguments: column, back);
consecutive!(Arguments: next, left);
consecutive!(Arguments: quad, pushed);

// B times a (r4, r5), b (r7, r8), c (r9, r10), d (r11, r12): a - c, b + c (r6, r7), c - b, b - d.
assembler_macro!(
    transform_lanes,
    "",
    r"
    ssub16 r4, r4, r9
    ssub16 r5, r5, r10
    ssub16 r11, r7, r11
    ssub16 r12, r8, r12
    sadd16 r6, r7, r9
    ssub16 r9, r9, r7
    sadd16 r7, r8, r10
    ssub16 r10, r10, r8"
);

// A pixel column at r6: 4 bytes of 4 rows to lanes, B transposed times them, on the stack.
assembler_macro!(
    pixel_column,
    "",
    r"
    cbnz r6, 77f
    mov r4, #0
    mov r5, #0
    mov r7, #0
    mov r9, #0
    mov r10, #0
    mov r11, #0
    mov r12, #0
    b 78f
77:
    ldr r5, [r0, r6]
    ldr r8, [r1, r6]
    ldr r10, [r2, r6]
    ldr r12, [r3, r6]
    uxtb16 r4, r5
    uxtb16 r7, r8
    uxtb16 r9, r10
    uxtb16 r11, r12
    uxtb16 r5, r5, ror #8
    uxtb16 r8, r8, ror #8
    uxtb16 r10, r10, ror #8
    uxtb16 r12, r12, ror #8
    transform_lanes
78:
    push {{r4-r7, r9-r12}}"
);

// A row of the tile times B, to four positions from r0 on; r1: bytes from a position to that of the
// next column.
assembler_macro!(
    position_row,
    "at, half",
    r"
    ldrd r4, r5, [sp, #(3 * {pixels} + \at)]
    ldrd r7, r8, [sp, #(2 * {pixels} + \at)]
    ldrd r9, r10, [sp, #({pixels} + \at)]
    ldrd r11, r12, [sp, #\at]
    transform_lanes
    .if \half == 4
    strd r4, r5, [r0]
    add r0, r0, r1
    strd r6, r7, [r0]
    add r0, r0, r1
    strd r9, r10, [r0]
    add r0, r0, r1
    strd r11, r12, [r0]
    .else
    str r4, [r0]
    str r5, [r0, #\half]
    add r0, r0, r1
    str r6, [r0]
    str r7, [r0, #\half]
    add r0, r0, r1
    str r9, [r0]
    str r10, [r0, #\half]
    add r0, r0, r1
    str r11, [r0]
    str r12, [r0, #\half]
    .endif"
);

// The whole function. r0: arguments. \half: bytes from a tile's word to its next one. Each tile
// begins with the last two columns of the one before it.
assembler_macro!(
    transform,
    "half",
    r"
    push {{r4-r11, lr}}
    mov lr, r0
1:
    ldm lr, {{r0-r3}}
    ldr r6, [lr, #{columns}]
    pixel_column
    ldr r6, [lr, #({columns} + 4)]
    pixel_column
    add r6, lr, #({columns} + 8)
    ldr r7, [lr, #{tiles}]
    strd r6, r7, [lr, #{next}]   // place of the next column, tiles left
2:
    ldr r7, [lr, #{next}]
    ldr r6, [r7]
    pixel_column
    ldr r7, [lr, #{next}]
    ldr r6, [r7, #4]
    add r7, r7, #8
    str r7, [lr, #{next}]
    pixel_column
    ldr r0, [lr, #{panel}]
    ldrd r1, r2, [lr, #{column}]
    ldr r3, [lr, #{tile}]
    add r3, r3, r0
    str r3, [lr, #{panel}]
    position_row 16, \half
    add r0, r0, r2
    position_row 8, \half
    add r0, r0, r2
    position_row 0, \half
    add r0, r0, r2
    position_row 24, \half
    ldm lr, {{r0-r3}}
    ldr r4, [lr, #{left}]
    subs r4, r4, #1
    str r4, [lr, #{left}]
    bne.w 2b
    add r0, r0, #4
    add r1, r1, #4
    add r2, r2, #4
    add r3, r3, #4
    stm lr, {{r0-r3}}
    ldrd r4, r5, [lr, #{quad}]   // and bytes pushed
    add sp, r5
    ldr r6, [lr, #{panel}]
    add r6, r6, r4
    str r6, [lr, #{panel}]
    ldr r4, [lr, #{quads}]
    subs r4, r4, #1
    str r4, [lr, #{quads}]
    bne.w 1b
    pop {{r4-r11, pc}}"
);

function!(
    fn asm_transform2(arguments: *mut Arguments),
    offsets: Arguments { panel, column, quads, columns, tiles, next, left, tile, quad },
    constants: { pixels = COLUMN },
    macros: [transform, position_row, pixel_column, transform_lanes],
    "transform 4"
);

function!(
    fn asm_transform3(arguments: *mut Arguments),
    offsets: Arguments { panel, column, quads, columns, tiles, next, left, tile, quad },
    constants: { pixels = COLUMN },
    macros: [transform, position_row, pixel_column, transform_lanes],
    "transform 12"
);

/// A run of columns of a map.
#[derive(Clone, Copy)]
pub struct Columns {
    /// The first column. Those before 0 and from `width` on are zeros.
    pub first: isize,
    pub width: usize,
    /// Bytes of a pixel.
    pub depth: usize,
}

/// Transforms `tiles` tiles of unsigned pixels, which lie side by side from the first column on.
/// `lines` are whole, or empty outside of the input; then `zeros` has as many bytes of 0 as the
/// tiles' columns.
pub fn transform(lines: [&[u8]; 4], columns: Columns, zeros: &[u32], to: TilePlace<'_>, tiles: usize) {
    let Columns { first, width, depth } = columns;
    let TilePlace { panel, count, tile: first_tile } = to;
    let len = (2 * tiles + 2) * depth;
    let fits = depth >= 4
        && depth.is_multiple_of(4)
        && (count == 2 || count == 3)
        && tiles > 0
        && first_tile + tiles <= count
        && panel.len() >= 8 * depth * count
        && lines.iter().all(|line| line.len() >= width * depth || line.is_empty() && 4 * zeros.len() >= len);
    if !fits {
        return misfit();
    }
    // Lines begin a pixel early, so that no pixel of the input is at 0.
    let mut columns = [1, 2, 3, 4, 5, 6, 7, 8].map(|column| column * depth);
    if first < 0 || first.unsigned_abs() + 2 * tiles + 2 > width {
        for (index, place) in columns.iter_mut().enumerate() {
            // Those before the first column are large numbers here.
            if first.wrapping_add_unsigned(index) as usize >= width {
                *place = 0;
            }
        }
    }
    let start = (first - 1).wrapping_mul(depth as isize);
    let lines = lines.map(|line| match line.is_empty() {
        true => zeros.as_ptr().cast::<u8>().wrapping_sub(depth),
        false => line.as_ptr().wrapping_offset(start),
    });
    let position = 2 * depth * count; // bytes
    let (tile, quad) = if count == 3 { (4, 24) } else { (8, 16) };
    let mut arguments = Arguments {
        lines,
        panel: panel.as_mut_ptr().wrapping_add(tile / 4 * first_tile),
        column: 4 * position,
        back: -11 * position as isize,
        quads: depth / 4,
        columns,
        tiles,
        next: 0,
        left: 0,
        tile,
        quad: quad - tiles * tile,
        pushed: (2 + 2 * tiles) * COLUMN,
    };
    // SAFETY: a pixel of `depth` bytes is read from a line at columns from 0 to `width` only, and
    // from the zeros at as many as the tiles have; the panel has 16 positions of `position` bytes,
    // and in each of them the tiles' words are written, of which the last ends at `position` or
    // before.
    unsafe {
        match count {
            2 => asm_transform2(&mut arguments),
            3 => asm_transform3(&mut arguments),
            _ => {}
        }
    }
}
