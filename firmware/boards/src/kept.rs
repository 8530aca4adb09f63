//! Words of RAM that outlast a restart: the start-up code leaves them alone.

use core::sync::atomic::AtomicU32;
use tinytriplet_device::hardware::KEPT_LEN;

/// Their content is whatever was there, and not the zeros that stand here.
#[unsafe(link_section = ".uninit.kept")]
static WORDS: [AtomicU32; KEPT_LEN] = [const { AtomicU32::new(0) }; KEPT_LEN];

/// Returns the words. After a loss of power they may be anything.
pub fn read() -> [u32; KEPT_LEN] {
    // SAFETY: reads a word of a static. Volatile: the compiler must not take the zeros for its content.
    WORDS.each_ref().map(|word| unsafe { word.as_ptr().read_volatile() })
}

/// Writes the words.
pub fn write(words: [u32; KEPT_LEN]) {
    for (kept, word) in WORDS.iter().zip(words) {
        // SAFETY: writes a word of a static that may change, and that only the application's loop uses.
        unsafe { kept.as_ptr().write_volatile(word) };
    }
}
