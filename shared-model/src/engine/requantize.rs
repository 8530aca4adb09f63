//! The one rounding of the engine.
//!
//! An accumulator holds a sum of products at the scale `s_in · s_w`; the layer's output has the
//! scale `s_out`. The ratio `r = s_in · s_w / s_out` is stored as the integer `multiplier = round(r
//! · 2^32)`, 0 ≤ `multiplier` < 2^31, and
//!
//! ```text
//! q = floor((accumulator · multiplier + 2^31) / 2^32)
//! ```
//!
//! in exact integers: `accumulator · multiplier / 2^32`, rounded to the nearest integer, halves
//! towards +∞. There is no second rounding, by which other runtimes differ by one from each other.
//! On a Cortex-M with DSP instructions the whole formula is one `SMMULR`.
//!
//! The formula never decreases when the accumulator grows. So a maximum can be computed before or
//! after it, `max(q(a), q(b)) = q(max(a, b))`, and a max pool works on accumulators.
//!
//! ```
//! use shared_model::{engine::requantize::requantize, inspect::Element};
//!
//! // A quarter of 10 is 2.5, which rounds up, and a quarter of −10 is −2.5, which rounds up, too.
//! let quarter = 1 << 30;
//! assert_eq!(requantize(10, quarter, Element::Signed) as i8, 3);
//! assert_eq!(requantize(-10, quarter, Element::Signed) as i8, -2);
//! assert_eq!(requantize(10_000, quarter, Element::Unsigned), 255);
//! ```

use crate::model::tensor::Element;

/// Returns `floor((accumulator · multiplier + 2^31) / 2^32)`, exactly: see the [module](self).
#[inline(always)]
pub const fn round_scale(accumulator: i32, multiplier: i32) -> i32 {
    let product = accumulator as i64 * multiplier as i64;
    if cfg!(dsp) {
        return ((product + (1 << 31)) >> 32) as i32; // the compiler makes an SMMULR of it
    }
    // The same from the upper half and the bit below it. Both are words, so that the saturation is
    // one of words, too.
    let (high, low) = ((product >> 32) as i32, product as u32);
    high.wrapping_add((low >> 31) as i32)
}

/// Returns the byte of [`round_scale`], saturated to the range of `element`.
#[inline(always)]
pub const fn requantize(accumulator: i32, multiplier: i32, element: Element) -> u8 {
    let (low, high) = element.range();
    let q = round_scale(accumulator, multiplier);
    let saturated = if q < low {
        low
    } else if q > high {
        high
    } else {
        q
    };
    saturated as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_towards_positive_infinity() {
        let half = 1 << 30; // 0.25 · 2^32
        assert_eq!(round_scale(2, half), 1); // 0.5
        assert_eq!(round_scale(-2, half), 0); // −0.5
        assert_eq!(round_scale(6, half), 2); // 1.5
        assert_eq!(round_scale(-6, half), -1); // −1.5
        assert_eq!(round_scale(5, half), 1); // 1.25
        assert_eq!(round_scale(-5, half), -1); // −1.25
    }

    #[test]
    fn extremes_do_not_overflow() {
        assert_eq!(round_scale(i32::MAX, i32::MAX), (1 << 30) - 1);
        assert_eq!(round_scale(i32::MIN, i32::MAX), -(1 << 30) + 1);
        assert_eq!(round_scale(i32::MIN, 0), 0);
    }

    #[test]
    fn saturates_to_the_element() {
        let one = i32::MAX; // 0.5 of a step
        assert_eq!(requantize(1_000, one, Element::Unsigned), 255);
        assert_eq!(requantize(-1_000, one, Element::Unsigned), 0);
        assert_eq!(requantize(1_000, one, Element::Signed) as i8, 127);
        assert_eq!(requantize(-1_000, one, Element::Signed) as i8, -127);
    }

    #[test]
    fn never_decreases() {
        for multiplier in [0, 1, 3, 0x1234_5678, i32::MAX] {
            let mut last = i32::MIN;
            for accumulator in (i32::MIN..i32::MAX - 100_000).step_by(99_991) {
                let q = round_scale(accumulator, multiplier);
                assert!(q >= last);
                last = q;
            }
        }
    }
}
