//! The facts on which the engine relies without checking them again: lengths fit each other, as
//! decoding has found.
//!
//! A board should carry no code for what cannot happen, and never panic. If a part were missing
//! after all, it would count as empty there. Where debug assertions are on, as in every test on a
//! PC, it is a panic.

/// Returns the part of a slice, or the value in it, that is known to be there.
#[inline(always)]
#[track_caller]
pub(crate) fn fitting<T: Default>(part: Option<T>) -> T {
    debug_assert!(part.is_some(), "a length does not fit");
    part.unwrap_or_default()
}

/// Marks a branch that is never taken.
#[inline(always)]
#[track_caller]
pub(crate) fn never() {
    debug_assert!(false, "a length does not fit");
}

/// Returns the bytes of words. There always are some, but where the compiler cannot see that, [`bytemuck`] would link
/// a panic.
#[inline(always)]
pub(crate) fn bytes(words: &mut [u32]) -> &mut [u8] {
    fitting(bytemuck::try_cast_slice_mut(words).ok())
}
