use super::GALLERY;
use core::ptr;
use static_cell::ConstStaticCell;

/// The gallery's memory, where it is plain memory, or flash that is written to as if it were.
pub fn take() -> &'static mut [u8] {
    static ONCE: ConstStaticCell<()> = ConstStaticCell::new(());
    ONCE.take();
    // SAFETY: the table of boards says that there is memory, and build.rs has the linker put nothing into it. This is
    // the only reference to it: a second `take` would have panicked.
    unsafe {
        &mut *ptr::slice_from_raw_parts_mut(
            ptr::with_exposed_provenance_mut(GALLERY.origin as usize),
            GALLERY.len,
        )
    }
}
