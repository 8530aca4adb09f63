//! Two 16-bit lanes in a word: what one instruction of the DSP extension does, in a few of any processor.

#[cfg(dsp)]
pub(super) use super::cortex_m::lanes::{add16, pack_high, pack_low, pack_low_high, sub16};

/// The sign bits of both lanes.
#[cfg(not(dsp))]
const SIGNS: u32 = 0x8000_8000;

/// `a + b` in each lane.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) const fn add16(a: u32, b: u32) -> u32 {
    ((a & !SIGNS) + (b & !SIGNS)) ^ ((a ^ b) & SIGNS)
}

/// `a - b` in each lane.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) const fn sub16(a: u32, b: u32) -> u32 {
    ((a | SIGNS) - (b & !SIGNS)) ^ ((a ^ !b) & SIGNS)
}

/// Bytes 0 and 2 of a word, as lanes. (One instruction on any core with the DSP extension: the compiler knows it.)
#[inline(always)]
pub(super) const fn even_unsigned(word: u32) -> u32 {
    word & 0x00ff_00ff
}

/// Bytes 1 and 3 of a word, as lanes.
#[inline(always)]
pub(super) const fn odd_unsigned(word: u32) -> u32 {
    (word >> 8) & 0x00ff_00ff
}

/// Bytes 0 and 2 (shift by 0) or 1 and 3 (by 8) of a word, signed or not.
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

/// The low lane, sign-extended.
#[inline(always)]
pub(super) const fn low(word: u32) -> i32 {
    word as i16 as i32
}

/// The high lane, sign-extended.
#[inline(always)]
pub(super) const fn high(word: u32) -> i32 {
    word as i32 >> 16
}

/// Where the input channel or tap `index` lies among i16 that are in the order of [`bytes16`]: word `2q + h` holds
/// the elements `4q + h` and `4q + 2 + h`.
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

/// Keeps the compiler from loading ahead of here what comes behind: a small core has no registers for it, and what is
/// loaded ahead would be spilled. No instruction; nothing on a PC.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) fn barrier() {
    if cfg!(target_os = "none") {
        core::hint::black_box(());
    }
}

/// Hides a value from the compiler. A few instructions on a board; nothing on a PC.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) fn opaque(value: usize) -> usize {
    if cfg!(target_os = "none") { core::hint::black_box(value) } else { value }
}

/// A branch on nothing: what stands before and behind is compiled apart, and the values of one do not take the other's
/// registers.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) fn seam(value: i32) {
    if value == 0 {
        barrier();
    }
}

/// The weights of two words.
#[cfg(not(dsp))]
#[inline(always)]
pub(super) fn split_weights(w: &[i16; 8]) -> [&[i16; 4]; 2] {
    match w.as_chunks().0 {
        [first, second] => [first, second],
        _ => [&[0; 4]; 2], // never: 8 is twice 4
    }
}
