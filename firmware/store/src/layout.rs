//! The places of banks and slots in a region.

use crate::{
    crc32::CRC_LEN,
    error::MountError,
    header::{COPIES, HEADER_LEN},
    key::MAX_KEY_LEN,
};
use embedded_storage::nor_flash::NorFlash;

/// Bytes that are read or written at once. It is a multiple of every word size.
pub const CHUNK: usize = 256;

/// Bytes of a record before its value: its kind, the length of the key, the key.
pub const VALUE: usize = 2 + MAX_KEY_LEN;

/// Bytes of a word: reads and writes are multiples of it.
pub const fn word<Flash: NorFlash>() -> usize {
    let [write, read] = [Flash::WRITE_SIZE, Flash::READ_SIZE];
    let larger = if write > read { write } else { read };
    if larger > CRC_LEN { larger } else { CRC_LEN }
}

/// Bytes of a record with a value of `value_len` bytes, in whole words; `None` if no number is that
/// large.
const fn slot_len(value_len: usize, word: usize) -> Option<usize> {
    VALUE.saturating_add(value_len).saturating_add(CRC_LEN).checked_next_multiple_of(word)
}

/// Returns the most records, with values of `value_len` bytes, that a region of `region_len` bytes
/// of such a flash holds: one fewer than fit into half of it, because a change has to fit after
/// them.
///
/// It can be checked when a program is built:
///
/// ```
/// use tinytriplet_store::{MemoryFlash, most_records};
///
/// const _: () = assert!(most_records::<MemoryFlash>(2 * 4096, 64) >= 16);
/// ```
pub const fn most_records<Flash: NorFlash>(region_len: usize, value_len: usize) -> usize {
    most_in_words(region_len, value_len, word::<Flash>())
}

const fn most_in_words(region_len: usize, value_len: usize, word: usize) -> usize {
    let bank = (region_len / 2).saturating_sub(COPIES * HEADER_LEN.next_multiple_of(word));
    match slot_len(value_len, word) {
        Some(slot_len) => (bank / slot_len).saturating_sub(1),
        None => 0,
    }
}

/// The places of banks and slots in a region.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    bank_len: u32,
    /// Bytes of a word: reads and writes are multiples of it.
    word: u16,
    pub value_len: u16,
    pub slot_len: u16,
    /// Slots for records in a bank.
    pub slots: u16,
    /// The most records. A bank has more slots.
    pub most: u16,
}

impl Layout {
    /// Words have `word` bytes, and there are at most `wanted` records.
    pub fn new<Flash: NorFlash>(
        flash: &Flash,
        value_len: usize,
        word: usize,
        wanted: usize,
    ) -> Result<Self, MountError> {
        let divides = |size: usize| size > 0 && word.is_multiple_of(size);
        if !divides(Flash::WRITE_SIZE)
            || !divides(Flash::READ_SIZE)
            || word < CRC_LEN
            || !CHUNK.is_multiple_of(word)
        {
            return Err(MountError::WordSize);
        }
        let bank_len = flash.capacity() / 2;
        if bank_len == 0
            || !flash.capacity().is_multiple_of(2)
            || !bank_len.is_multiple_of(Flash::ERASE_SIZE)
            || !bank_len.is_multiple_of(word)
            || u32::try_from(flash.capacity()).is_err()
        {
            return Err(MountError::Region);
        }
        let slot_len = slot_len(value_len, word).and_then(|len| u16::try_from(len).ok());
        let slot_len = slot_len.ok_or(MountError::ValueLength)?;
        let most = most_in_words(flash.capacity(), value_len, word);
        if most < wanted.max(1) {
            return Err(MountError::TooSmall { most, wanted });
        }
        Ok(Self {
            bank_len: bank_len as u32,
            word: word as u16,
            value_len: value_len as u16,
            slot_len,
            slots: (most + 1).min(u16::MAX.into()) as u16,
            most: wanted.min(most).min(usize::from(u16::MAX) - 1) as u16,
        })
    }

    /// Returns `len` rounded up to whole words.
    pub fn whole_words(&self, len: usize) -> usize {
        len.next_multiple_of(self.word.into())
    }

    /// Returns the bytes of a padded header.
    pub fn header_len(&self) -> usize {
        self.whole_words(HEADER_LEN)
    }

    /// Returns the bytes of a value.
    pub fn value_len(&self) -> usize {
        self.value_len.into()
    }

    /// Returns the bytes of a slot.
    pub fn slot_len(&self) -> usize {
        self.slot_len.into()
    }

    /// Returns the offset of a copy of a bank's header.
    pub fn header(&self, bank: u8, copy: usize) -> u32 {
        self.bank(bank) + (copy * self.header_len()) as u32
    }

    /// Returns the offset of a bank.
    pub fn bank(&self, bank: u8) -> u32 {
        u32::from(bank) * self.bank_len
    }

    /// Returns the offset of a slot.
    pub fn slot(&self, bank: u8, slot: u16) -> u32 {
        self.header(bank, COPIES) + u32::from(slot) * u32::from(self.slot_len)
    }
}
