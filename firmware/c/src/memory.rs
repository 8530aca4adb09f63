//! Memory that C passes: a pointer and a length.

use crate::status::tt_status;
use core::{ops::Range, slice};

/// An array that C passed. It is there and aligned, and its bytes do not wrap around the end of the
/// address space; nothing refers to it yet.
#[derive(Clone, Copy)]
pub struct Array<T> {
    start: *mut T,
    len: usize,
}

impl<T> Array<T> {
    /// Checks a pointer and the length of what it points to.
    pub fn new(start: *const T, len: usize) -> Result<Self, tt_status> {
        if start.is_null() {
            return Err(tt_status::TT_NULL);
        }
        if !start.is_aligned() {
            return Err(tt_status::TT_UNALIGNED);
        }
        let bytes = len.checked_mul(size_of::<T>()).filter(|&bytes| isize::try_from(bytes).is_ok());
        match bytes.and_then(|bytes| start.addr().checked_add(bytes)) {
            Some(_) => Ok(Self { start: start.cast_mut(), len }),
            None => Err(tt_status::TT_ARGUMENT),
        }
    }

    /// Returns the addresses of its bytes.
    pub fn addresses(&self) -> Range<usize> {
        let start = self.start.addr();
        start..start + self.len * size_of::<T>()
    }

    /// Returns it as a slice.
    ///
    /// # Safety
    /// The memory is there, and nothing writes to it during `'a`.
    pub unsafe fn read<'a>(self) -> &'a [T] {
        // SAFETY: `new` has checked all but what the caller promises.
        unsafe { slice::from_raw_parts(self.start, self.len) }
    }

    /// Returns it as a slice that can be written to.
    ///
    /// # Safety
    /// The memory is there, and nothing else uses it during `'a`.
    pub unsafe fn write<'a>(self) -> &'a mut [T] {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts_mut(self.start, self.len) }
    }
}

/// Checks a pointer to one value.
pub fn one<T>(place: *const T) -> Result<Range<usize>, tt_status> {
    Array::new(place, 1).map(|array| array.addresses())
}

/// Checks that no array that is written to overlaps another, or one that is read.
pub fn disjoint<const W: usize, const R: usize>(
    written: [Range<usize>; W],
    read: [Range<usize>; R],
) -> Result<(), tt_status> {
    let overlap = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
    let mut rest = written.iter();
    while let Some(array) = rest.next() {
        if rest.clone().chain(&read).any(|other| overlap(array, other)) {
            return Err(tt_status::TT_OVERLAP);
        }
    }
    Ok(())
}
