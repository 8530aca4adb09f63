//! A photograph of a sign, whose preparation the measuring program counts: drawn by a formula, so
//! that a board and the PC have the same.

/// The height and width of the photograph.
pub const SIZE: [u16; 2] = [120, 160];
/// The bytes of the photograph: one grey per pixel.
pub const LEN: usize = SIZE[0] as usize * SIZE[1] as usize;

/// Draws a 7 on paper, under light that falls from the left to the right, with a sensor's noise.
pub fn draw(greys: &mut [u8]) {
    let mut noise = 1u32;
    let width = usize::from(SIZE[1]);
    for (index, grey) in greys.iter_mut().enumerate() {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (y, x) = (index / width, index % width);
        let paper = 240 - 90 * x / (width - 1) - (noise >> 29) as usize;
        *grey = if is_ink(y, x) { paper * 2 / 5 } else { paper } as u8;
    }
}

/// Returns whether the pen was there: a bar, and a line downwards from its right end.
fn is_ink(y: usize, x: usize) -> bool {
    let is_bar = (34..40).contains(&y) && (58..104).contains(&x);
    let line = 98 - (y.max(40) - 40) * 24 / 50;
    is_bar || (40..90).contains(&y) && (line..line + 6).contains(&x)
}
