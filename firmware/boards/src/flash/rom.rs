//! The gallery in the flash of a Raspberry Pi chip, whose ROM has the functions that erase and
//! program it.

use super::GALLERY;
use core::ptr;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
#[cfg(feature = "pico2")]
use rp235x_hal::rom_data;
#[cfg(feature = "pico")]
use rp2040_hal::{pac, rom_data};

/// The address of the flash.
const FLASH: u32 = 0x1000_0000;
/// Words of the code that makes the flash readable there.
const READ_SETUP_LEN: usize = 64;
/// On an RP2040 that code is the second boot stage.
#[cfg(feature = "pico")]
const READ_SETUP: *const [u32; READ_SETUP_LEN] = FLASH as *const _;
/// On an RP2350 the ROM leaves it at the beginning of the "boot RAM" (datasheet, 5.4.8.10).
#[cfg(feature = "pico2")]
const READ_SETUP: *const [u32; READ_SETUP_LEN] = 0x400e_0000 as *const _;

/// The gallery's part of the flash. While it is erased or programmed, no interrupt is served:
/// nothing can be read from the flash, and the handlers are there.
pub struct RomFlash(());

impl RomFlash {
    /// Returns the gallery's part of the flash.
    ///
    /// # Safety
    /// There is no other one, the second processor is off, and no DMA reads from the flash.
    pub const unsafe fn new() -> Self {
        Self(())
    }
}

impl ErrorType for RomFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for RomFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        let from = ptr::with_exposed_provenance::<u8>((GALLERY.origin + offset) as usize);
        for (index, byte) in bytes.iter_mut().enumerate() {
            // SAFETY: within the gallery, which only `change` changes.
            *byte = unsafe { from.add(index).read_volatile() };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        GALLERY.len
    }
}

impl NorFlash for RomFlash {
    const WRITE_SIZE: usize = 256;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        for sector in (from..to).step_by(Self::ERASE_SIZE) {
            change(sector, Change::Erase);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        for (page, bytes) in (offset..).step_by(Self::WRITE_SIZE).zip(bytes.chunks_exact(Self::WRITE_SIZE)) {
            // The ROM cannot program bytes that are in flash.
            let mut copy = [0; RomFlash::WRITE_SIZE];
            copy.copy_from_slice(bytes);
            change(page, Change::Program(&copy));
        }
        Ok(())
    }
}

/// Returns the number that the maker of the flash chip has given it: no two are alike.
///
/// # Safety
/// As for [`RomFlash::new`].
#[cfg(feature = "pico")]
pub unsafe fn unique_id() -> [u8; 8] {
    let mut id = [0; 8];
    change(0, Change::ReadId(&mut id));
    id
}

enum Change<'a> {
    /// Erases a sector.
    Erase,
    /// Programs a page.
    Program(&'a [u8; RomFlash::WRITE_SIZE]),
    /// Changes nothing, and asks for the chip's number.
    #[cfg(feature = "pico")]
    ReadId(&'a mut [u8; 8]),
}

/// Changes one sector or page of the gallery, so that interrupts are served between two changes.
fn change(offset: u32, mut change: Change<'_>) {
    let functions = Functions {
        connect: rom_data::connect_internal_flash::ptr(),
        exit_reading: rom_data::flash_exit_xip::ptr(),
        erase: rom_data::flash_range_erase::ptr(),
        program: rom_data::flash_range_program::ptr(),
        flush_cache: rom_data::flash_flush_cache::ptr(),
        // SAFETY: the chip has put the code there.
        setup_reading: unsafe { READ_SETUP.read_volatile() },
    };
    critical_section::with(|_| {
        // SAFETY: within the gallery, on a boundary of a sector or page. Nothing reads from the
        // flash meanwhile: neither this function, nor a handler, nor anything else, as `new` was
        // promised.
        unsafe { change_from_ram(&functions, GALLERY.origin - FLASH + offset, &mut change) };
    });
}

/// The functions that [`change_from_ram`] calls.
struct Functions {
    connect: unsafe extern "C" fn(),
    exit_reading: unsafe extern "C" fn(),
    erase: unsafe extern "C" fn(u32, usize, u32, u8),
    program: unsafe extern "C" fn(u32, *const u8, usize),
    flush_cache: unsafe extern "C" fn(),
    setup_reading: [u32; READ_SETUP_LEN],
}

/// The part that lies in RAM, because the program in flash cannot be read while it works.
///
/// # Safety
/// `offset` in flash is the beginning of a sector or page that may be changed, and nothing reads
/// from the flash.
#[inline(never)]
#[unsafe(link_section = ".data.change_from_ram")]
unsafe fn change_from_ram(functions: &Functions, offset: u32, change: &mut Change<'_>) {
    /// The command of flash chips that erases a block, and the block's length: not for a sector.
    const BLOCK: (u32, u8) = (1 << 16, 0xd8);
    // SAFETY: the ROM's functions, in the order that it prescribes. The code that sets up reading
    // is position-independent (bit 0 of an address says that it is Thumb code), and returns.
    unsafe {
        (functions.connect)();
        (functions.exit_reading)();
        match change {
            Change::Erase => (functions.erase)(offset, RomFlash::ERASE_SIZE, BLOCK.0, BLOCK.1),
            Change::Program(page) => (functions.program)(offset, (*page).as_ptr(), RomFlash::WRITE_SIZE),
            #[cfg(feature = "pico")]
            Change::ReadId(id) => read_id(id),
        }
        (functions.flush_cache)();
        let code = functions.setup_reading.as_ptr().wrapping_byte_add(1);
        core::mem::transmute::<*const u32, unsafe extern "C" fn()>(code)();
    }
}

/// Asks the flash chip for its number: sends the command, and takes what comes back after it.
///
/// # Safety
/// The chip is connected, and takes commands: nothing reads from the flash.
#[cfg(feature = "pico")]
#[inline(always)]
unsafe fn read_id(id: &mut [u8; 8]) {
    /// "Read Unique ID Number" (W25Q16JV datasheet, 8.2.32), followed by 4 bytes without meaning.
    const COMMAND: u8 = 0x4b;
    const BEFORE: usize = 5;
    /// What makes the chip listen: the value of the pin's OUTOVER (RP2040 datasheet, 2.19.6.2).
    const LOW: u8 = 2;
    const HIGH: u8 = 3;
    // SAFETY: the two peripherals belong to the flash, with which nothing else works now.
    unsafe {
        let (pins, bus) = (&*pac::IO_QSPI::ptr(), &*pac::XIP_SSI::ptr());
        pins.gpio_qspiss().gpio_ctrl().modify(|_, w| w.outover().bits(LOW));
        // One at a time, so that the bus has room for each answer.
        for at in 0..BEFORE + id.len() {
            let byte = if at == 0 { COMMAND } else { 0 };
            bus.dr0().write(|w| w.bits(byte.into()));
            while bus.sr().read().rfne().bit_is_clear() {}
            let answer = bus.dr0().read().bits() as u8;
            if let Some(byte) = at.checked_sub(BEFORE).and_then(|at| id.get_mut(at)) {
                *byte = answer;
            }
        }
        pins.gpio_qspiss().gpio_ctrl().modify(|_, w| w.outover().bits(HIGH));
    }
}
