//! The gallery in sectors of an STM32F4's flash, those of 16 KiB.

use super::GALLERY;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use stm32f4xx_hal::{
    flash::{self, FlashExt, UnlockedFlash},
    pac::FLASH,
};

/// The address of the flash.
const ORIGIN: u32 = 0x0800_0000;
/// Offset of the gallery in it.
const OFFSET: usize = (GALLERY.origin - ORIGIN) as usize;
/// Number of the gallery's first sector. Those before it are of the same size.
const FIRST: u8 = (OFFSET / SectorFlash::ERASE_SIZE) as u8;

/// The gallery's sectors. The processor stands still while one is erased, for 0.8 seconds at
/// most.
pub struct SectorFlash(FLASH);

impl SectorFlash {
    /// Creates the gallery's sectors from the registers that change the flash.
    pub fn new(registers: FLASH) -> Self {
        Self(registers)
    }

    /// Lets `f` change the gallery.
    fn change(
        &mut self,
        f: impl FnOnce(&mut UnlockedFlash<'_>) -> Result<(), flash::Error>,
    ) -> Result<(), NorFlashErrorKind> {
        /// OPERR, WRPERR, PGAERR, PGPERR and PGSERR, each of which is cleared by writing it.
        const ERRORS: u32 = 1 << 1 | 0b1111 << 4;
        // Earlier errors, a debugger's for example, would pass for errors of `f`.
        // SAFETY: clears the flags of errors, and does nothing else.
        self.0.sr().write(|w| unsafe { w.bits(ERRORS) });
        let result = f(&mut self.0.unlocked());
        // The cache still has the sector's old content (reference manual RM0390, 3.5.3). It can be
        // reset while it is off.
        self.0.acr().modify(|_, w| w.dcen().clear_bit());
        self.0.acr().modify(|_, w| w.dcrst().set_bit());
        self.0.acr().modify(|_, w| w.dcrst().clear_bit().dcen().set_bit());
        result.map_err(|error| error.kind())
    }
}

impl ErrorType for SectorFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for SectorFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        bytes.copy_from_slice(&self.0.read()[OFFSET + offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        GALLERY.len
    }
}

impl NorFlash for SectorFlash {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = 16 * 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        let [from, to] = [from, to].map(|offset| FIRST + (offset as usize / Self::ERASE_SIZE) as u8);
        (from..to).try_for_each(|sector| self.change(|flash| flash.erase(sector)))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        self.change(|flash| flash.program(OFFSET + offset as usize, bytes.iter()))
    }
}
