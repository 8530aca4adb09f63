//! Values that live in memory of the caller's, behind a C type of fixed size.

use crate::{memory::one, status::tt_status};
use core::mem::MaybeUninit;

/// What a C type holds. The seal says that there is a value, and that it was put where it is: a copy
/// that C makes of the bytes is not sealed.
#[repr(C)]
pub struct Handle<T> {
    seal: usize,
    value: MaybeUninit<T>,
}

/// Any number that memory has by chance only.
const SEAL: usize = 0x7472_6970;

impl<T> Handle<T> {
    fn at<C>(place: *const C) -> Result<*mut Self, tt_status> {
        const { assert!(size_of::<Self>() <= size_of::<C>() && align_of::<Self>() <= align_of::<C>()) }
        one(place).map(|_| place.cast_mut().cast())
    }

    fn seal(handle: *const Self) -> usize {
        SEAL ^ handle.addr() ^ size_of::<T>()
    }

    fn busy(handle: *const Self) -> usize {
        !Self::seal(handle)
    }

    /// Puts what `make` returns into the C type at `place`, which holds nothing if `make` fails. Calls
    /// on it that come while `make` runs are refused.
    ///
    /// # Safety
    /// If `place` is not null, it points to a `C` that nothing else uses, but for such calls.
    pub unsafe fn make<C>(
        place: *mut C,
        make: impl FnOnce() -> Result<T, tt_status>,
    ) -> Result<(), tt_status> {
        let handle = Self::at(place)?;
        // SAFETY: a C type has room for the handle, and nothing has to be dropped. C has initialised
        // the number or does not care which one it is.
        unsafe {
            if (&raw const (*handle).seal).read() == Self::busy(handle) {
                return Err(tt_status::TT_BUSY);
            }
            (&raw mut (*handle).seal).write(Self::busy(handle));
            let made = make();
            (&raw mut (*handle).seal).write(0);
            let value = MaybeUninit::new(made?);
            handle.write(Self { seal: Self::seal(handle), value });
        }
        Ok(())
    }

    /// Breaks the seal of the C type at `place`: it holds nothing then.
    ///
    /// # Safety
    /// If `place` is not null, it points to a `C` that nothing else uses.
    pub unsafe fn clear<C>(place: *mut C) -> Result<(), tt_status> {
        let handle = Self::at(place)?;
        // SAFETY: a C type has room for the handle.
        unsafe { (&raw mut (*handle).seal).write(0) };
        Ok(())
    }

    /// Returns the value in the C type at `place`.
    ///
    /// # Safety
    /// If `place` is not null, it points to a `C` that nothing changes during `'a`.
    pub unsafe fn get<'a, C>(place: *const C) -> Result<&'a T, tt_status> {
        // SAFETY: as the caller promises.
        unsafe { Self::sealed(place) }.map(|value| unsafe { &*value })
    }

    /// Returns the value in the C type at `place`, to be changed.
    ///
    /// # Safety
    /// If `place` is not null, it points to a `C` that nothing else uses during `'a`.
    pub unsafe fn get_mut<'a, C>(place: *mut C) -> Result<&'a mut T, tt_status> {
        // SAFETY: as the caller promises.
        unsafe { Self::sealed(place) }.map(|value| unsafe { &mut *value })
    }

    /// Lets `change` change the value in the C type at `place`. Calls on it that come while `change`
    /// runs, from a function of C's that it calls, are refused.
    ///
    /// # Safety
    /// If `place` is not null, it points to a `C` that nothing else uses, but for such calls.
    pub unsafe fn change<C>(
        place: *mut C,
        change: impl FnOnce(&mut T) -> Result<(), tt_status>,
    ) -> Result<(), tt_status> {
        // SAFETY: as the caller promises. The value and the seal do not overlap.
        unsafe {
            let value = Self::sealed(place)?;
            let handle = Self::at(place)?;
            (&raw mut (*handle).seal).write(Self::busy(handle));
            let changed = change(&mut *value);
            (&raw mut (*handle).seal).write(Self::seal(handle));
            changed
        }
    }

    /// # Safety
    /// If `place` is not null, it points to a `C`.
    unsafe fn sealed<C>(place: *const C) -> Result<*mut T, tt_status> {
        let handle = Self::at(place)?;
        // SAFETY: a C type has room for the handle, and C has initialised the number or does not care
        // which one it is.
        match unsafe { (&raw const (*handle).seal).read() } {
            // What has been sealed is a `T`.
            seal if seal == Self::seal(handle) => Ok(unsafe { &raw mut (*handle).value }.cast()),
            seal if seal == Self::busy(handle) => Err(tt_status::TT_BUSY),
            _ => Err(tt_status::TT_NOT_INITIALISED),
        }
    }
}
