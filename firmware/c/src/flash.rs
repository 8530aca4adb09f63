//! Flash that functions of C read, write and erase.

use core::ffi::{c_int, c_void};
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};

/// A region of NOR flash, and the functions that work on it. Offsets count from its beginning. A
/// function returns 0 if it is done, and anything else if it has failed. While one runs, the gallery
/// that it works for refuses all calls with `TT_BUSY`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tt_flash {
    /// Is passed to the functions.
    pub context: *mut c_void,
    /// Reads `len` bytes.
    pub read:
        Option<unsafe extern "C" fn(context: *mut c_void, offset: u32, bytes: *mut u8, len: usize) -> c_int>,
    /// Writes whole words, up to 256 bytes, that are erased. `bytes` may begin at any address.
    pub write: Option<
        unsafe extern "C" fn(context: *mut c_void, offset: u32, bytes: *const u8, len: usize) -> c_int,
    >,
    /// Erases the unit at an offset: all its bits are 1 then.
    pub erase: Option<unsafe extern "C" fn(context: *mut c_void, offset: u32) -> c_int>,
    /// Bytes of the region: an even number of units.
    pub len: u32,
    /// Bytes of a unit.
    pub unit_len: u32,
    /// Bytes of a word, a power of 2 up to 256: reads and writes are of whole words.
    pub word_len: u32,
}

/// The functions of C, all there.
#[derive(Debug)]
pub struct Functions {
    context: *mut c_void,
    read: unsafe extern "C" fn(*mut c_void, u32, *mut u8, usize) -> c_int,
    write: unsafe extern "C" fn(*mut c_void, u32, *const u8, usize) -> c_int,
    erase: unsafe extern "C" fn(*mut c_void, u32) -> c_int,
    len: u32,
    unit_len: u32,
}

impl Functions {
    /// Returns the functions; `None` if one is missing.
    ///
    /// # Safety
    /// They do what [`tt_flash`] says, as long as they are used.
    pub unsafe fn new(flash: tt_flash) -> Option<Self> {
        let tt_flash { context, read, write, erase, len, unit_len, word_len: _ } = flash;
        Some(Self { context, read: read?, write: write?, erase: erase?, len, unit_len })
    }

    /// Returns true if the region is two halves of whole units.
    pub fn has_halves(&self) -> bool {
        self.unit_len > 0 && self.len.is_multiple_of(2) && (self.len / 2).is_multiple_of(self.unit_len)
    }
}

/// Returns what a function's number means.
fn result(number: c_int) -> Result<(), NorFlashErrorKind> {
    if number == 0 { Ok(()) } else { Err(NorFlashErrorKind::Other) }
}

impl ErrorType for Functions {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Functions {
    /// The store reads whole words, too, by what it is mounted with.
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        // SAFETY: C has promised that this is how to read.
        result(unsafe { (self.read)(self.context, offset, bytes.as_mut_ptr(), bytes.len()) })
    }

    fn capacity(&self) -> usize {
        self.len as usize
    }
}

impl NorFlash for Functions {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = 1;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        // SAFETY: C has promised that this is how to erase.
        (from..to)
            .step_by(self.unit_len as usize)
            .try_for_each(|unit| result(unsafe { (self.erase)(self.context, unit) }))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        // SAFETY: C has promised that this is how to write.
        result(unsafe { (self.write)(self.context, offset, bytes.as_ptr(), bytes.len()) })
    }
}
