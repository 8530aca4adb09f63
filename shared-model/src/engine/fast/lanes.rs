//! Arithmetic on two 16-bit lanes of a word: one instruction of the DSP extension, a few of any
//! other processor.

#[cfg(dsp)]
pub(super) use super::cortex_m::lanes::{add16, pack_high, pack_low, pack_low_high, sub16};

/// The sign bits of both lanes.
#[cfg(not(dsp))]
const SIGNS: u32 = 0x8000_8000;

/// Returns `a + b` in each lane.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) const fn add16(a: u32, b: u32) -> u32 {
    ((a & !SIGNS) + (b & !SIGNS)) ^ ((a ^ b) & SIGNS)
}

/// Returns `a - b` in each lane.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) const fn sub16(a: u32, b: u32) -> u32 {
    ((a | SIGNS) - (b & !SIGNS)) ^ ((a ^ !b) & SIGNS)
}

/// Returns bytes 0 and 2 of a word, as lanes. (One instruction on any core with the DSP extension:
/// the compiler finds it.)
#[inline(always)]
pub(super) const fn even_unsigned(word: u32) -> u32 {
    word & 0x00ff_00ff
}

/// Returns bytes 1 and 3 of a word, as lanes.
#[inline(always)]
pub(super) const fn odd_unsigned(word: u32) -> u32 {
    (word >> 8) & 0x00ff_00ff
}

/// Returns bytes 0 and 2 of a word, and bytes 1 and 3, as lanes. `signed` extends their signs.
#[inline(always)]
pub(super) fn bytes16(word: u32, signed: bool) -> [u32; 2] {
    let (even, odd) = (even_unsigned(word), odd_unsigned(word));
    if signed {
        const SIGN: u32 = 0x0080_0080;
        [sub16(even ^ SIGN, SIGN), sub16(odd ^ SIGN, SIGN)]
    } else {
        [even, odd]
    }
}

/// Returns the low lane, sign-extended.
#[inline(always)]
pub(super) const fn low(word: u32) -> i32 {
    word as i16 as i32
}

/// Returns the high lane, sign-extended.
#[inline(always)]
pub(super) const fn high(word: u32) -> i32 {
    word as i32 >> 16
}

/// Returns the word and the lane of the input channel or tap `index` in the order of [`bytes16`]:
/// word `2q + h` holds the elements `4q + h` and `4q + 2 + h`.
#[inline(always)]
pub(super) const fn place(index: usize) -> (usize, usize) {
    (2 * (index / 4) + (index & 1), (index >> 1) & 1)
}

/// Adds the products of a word's two lanes with the weights of two channels, `[channel][lane]`.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) fn add_lanes([a, b]: [i32; 2], word: u32, w: &[i16; 4]) -> [i32; 2] {
    let (x, y) = (low(word), high(word));
    [
        a.wrapping_add(x.wrapping_mul(w[0].into())).wrapping_add(y.wrapping_mul(w[1].into())),
        b.wrapping_add(x.wrapping_mul(w[2].into())).wrapping_add(y.wrapping_mul(w[3].into())),
    ]
}

/// Keeps the compiler from loading values of the code after this early. A small core has no
/// registers for them, so they would be spilled. Costs no instruction; does nothing on a PC. Nothing
/// but the ledger in `tests/golden/ledger/` can tell what this and the next two functions save.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) fn barrier() {
    if cfg!(target_os = "none") {
        core::hint::black_box(());
    }
}

/// Returns a value that the compiler does not know. Costs a few instructions on a board; does
/// nothing on a PC.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) fn opaque(value: usize) -> usize {
    if cfg!(target_os = "none") { core::hint::black_box(value) } else { value }
}

/// Branches without effect, so that the code before and after this is compiled apart and the values
/// of one do not occupy the other's registers.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) fn seam(value: i32) {
    if value == 0 {
        barrier();
    }
}

/// Splits the weights of two words.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) fn split_weights(w: &[i16; 8]) -> [&[i16; 4]; 2] {
    match w.as_chunks().0 {
        [first, second] => [first, second],
        _ => [&[0; 4]; 2], // never: 8 is twice 4
    }
}
