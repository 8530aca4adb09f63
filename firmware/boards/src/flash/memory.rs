//! The gallery in plain memory, or in flash that is written to as if it were plain memory.

use super::GALLERY;
use core::ptr;
use static_cell::ConstStaticCell;

/// Takes the gallery's memory.
///
/// # Panics
/// Panics if it was taken before.
pub fn take() -> &'static mut [u8] {
    static ONCE: ConstStaticCell<()> = ConstStaticCell::new(());
    ONCE.take();
    // SAFETY: the table of boards has memory there, and by the linker's script no part of the
    // program is in it. This is the only reference to it: a second `take` would have panicked.
    unsafe {
        &mut *ptr::slice_from_raw_parts_mut(
            ptr::with_exposed_provenance_mut(GALLERY.origin as usize),
            GALLERY.len,
        )
    }
}
