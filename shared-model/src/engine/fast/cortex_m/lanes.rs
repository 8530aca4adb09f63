//! Single instructions on two 16-bit lanes of a word.

use super::asm;

macro_rules! lanes {
    ($($(#[$text:meta])* $name:ident = $code:literal $(, $option:ident)?;)*) => {$(
        $(#[$text])*
        #[inline(always)]
        pub fn $name(a: u32, b: u32) -> u32 {
            let result: u32;
            // SAFETY: one instruction that reads two registers and writes a third.
            unsafe {
                asm!(concat!(cpu!(), $code), result = lateout(reg) result, a = in(reg) a, b = in(reg) b,
                    options(pure, nomem, nostack $(, $option)?));
            }
            result
        }
    )*};
}

// The first two change the GE flags.
lanes! {
    /// Returns `a + b` in each lane.
    add16 = "sadd16 {result}, {a}, {b}";
    /// Returns `a - b` in each lane.
    sub16 = "ssub16 {result}, {a}, {b}";
    /// Returns the low lanes of `a` and `b`: `a`'s becomes the low one.
    pack_low = "pkhbt {result}, {a}, {b}, lsl #16", preserves_flags;
    /// Returns the high lanes of `a` and `b`: `a`'s becomes the low one.
    pack_high = "pkhtb {result}, {b}, {a}, asr #16", preserves_flags;
    /// Returns the low lane of `a` and the high lane of `b`, each in its place.
    pack_low_high = "pkhbt {result}, {a}, {b}", preserves_flags;
}
