use core::sync::atomic::{Ordering::SeqCst, compiler_fence};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// Memory that behaves as NOR flash does: an erase sets all bits of whole sectors, a write clears
/// bits. It writes words of 4 bytes and erases sectors of 4096.
///
/// It serves in tests, in examples, and on boards whose flash is only emulated.
#[derive(Debug)]
pub struct MemoryFlash<'m>(&'m mut [u8]);

impl<'m> MemoryFlash<'m> {
    /// Creates a flash in `memory`, and keeps what is in there.
    pub fn new(memory: &'m mut [u8]) -> Self {
        Self(memory)
    }
}

impl ErrorType for MemoryFlash<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for MemoryFlash<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        bytes.copy_from_slice(&self.0[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for MemoryFlash<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        self.0[from as usize..to as usize].fill(0xff);
        settle();
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        self.0[offset as usize..].iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        settle();
        Ok(())
    }
}

/// Keeps the compiler from moving one operation into another: the program may end at any
/// instruction, and the memory may outlive it.
fn settle() {
    compiler_fence(SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erasing_sets_and_writing_clears() {
        let mut memory = [0; 2 * 4096];
        let mut flash = MemoryFlash::new(&mut memory);
        flash.erase(4096, 8192).unwrap();
        flash.write(4096, &[0xf0; 4]).unwrap();
        flash.write(4096, &[0x3c; 4]).unwrap();
        let mut read = [0; 12];
        flash.read(4092, &mut read).unwrap();
        assert_eq!(read, [0, 0, 0, 0, 0x30, 0x30, 0x30, 0x30, 0xff, 0xff, 0xff, 0xff]);
    }

    #[test]
    fn what_is_beyond_or_across_is_refused() {
        let mut memory = [0; 4096];
        let mut flash = MemoryFlash::new(&mut memory);
        assert_eq!(flash.capacity(), 4096);
        assert_eq!(flash.erase(0, 8192), Err(NorFlashErrorKind::OutOfBounds));
        assert_eq!(flash.erase(0, 2048), Err(NorFlashErrorKind::NotAligned));
        assert_eq!(flash.write(4096, &[0; 4]), Err(NorFlashErrorKind::OutOfBounds));
        assert_eq!(flash.write(2, &[0; 4]), Err(NorFlashErrorKind::NotAligned));
        assert_eq!(flash.read(4095, &mut [0; 2]), Err(NorFlashErrorKind::OutOfBounds));
    }
}
