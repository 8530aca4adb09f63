//! The storage of the gallery: a few records, each with a key, in a region of NOR flash.
//!
//! The region is two banks. One counts: its records, in the order in which they were written, are the gallery;
//! a later record replaces an earlier one of the same key, or says that it is gone. When the bank is full, the
//! records that count are copied to the other bank, and its header, which is written last, makes that the one
//! that counts. `docs/STORAGE.md` has the layout, what is assumed of a flash, and why this and no library.
//!
//! Two rules make it simple to trust:
//!
//! * Everything lies in slots of one length. A record cut off by a power failure fails its CRC, costs its slot, and
//!   cannot be mistaken for the beginning of what follows.
//! * Nothing is programmed but what this mount has erased itself. So the first change after a mount moves to the
//!   other bank, and a word that the power may have left half programmed, or half erased, is never written to.

use core::fmt;
use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use embedded_storage::nor_flash::{NorFlash, NorFlashError, NorFlashErrorKind};
use heapless::Vec;

/// Without its table of 1 KiB: a flash is slower than this.
const CRC32: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// The CRC-32 of anything that ends with its own CRC-32.
const RESIDUE: u32 = 0x2144_df1c;

/// Most bytes of a key.
pub const MAX_KEY_LEN: usize = 31;

/// What a record is found by.
pub type Key = Vec<u8, MAX_KEY_LEN>;

/// Bytes that are read or written at once. Every word size divides it.
const CHUNK: usize = 256;

/// What a header begins with.
const MAGIC: [u8; 4] = *b"TTGL";

/// The version of the layout of records.
const VERSION: u16 = 1;

/// Bytes of a header, in every version, before it is padded to whole words.
const HEADER_LEN: usize = 28;

/// Bytes of a record before its value: what it is, the length of the key, the key.
const VALUE: usize = 2 + MAX_KEY_LEN;

/// Bytes of a CRC-32.
const CRC_LEN: usize = 4;

/// Up to `CAPACITY` records, each with a key and a value of one length, in a region of NOR flash. Every change is whole
/// or not at all, whenever the power is cut, and lasts once it is acknowledged.
#[derive(Debug)]
pub struct Store<Flash, const CAPACITY: usize> {
    flash: Flash,
    layout: Layout,
    owner: [u8; 8],
    active: Option<Active>,
    /// The slots of the records that count, in the order in which their keys came.
    index: Vec<u16, CAPACITY>,
    /// The slot for the next record, if this mount has erased it and nothing went wrong since.
    next: Option<u16>,
}

/// The bank that counts.
#[derive(Clone, Copy, Debug)]
struct Active {
    bank: u8,
    sequence: u32,
    owner: Owner,
}

/// Whose records a region holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub enum Owner {
    /// Those of the owner that it was mounted for, or none at all.
    Mine,
    /// Those of the owner given here, which this mount can neither read nor change, but [`Store::clear`]. It is the
    /// mount's own name where it wrote values of another length, more records than now fit, or in a later version.
    Other([u8; 8]),
}

impl<Flash: NorFlash, const CAPACITY: usize> Store<Flash, CAPACITY> {
    /// Reads what the flash holds; it writes nothing. `flash` is the region, from offset 0 to its capacity. `owner` is
    /// what the values mean something to: a model's hash. All values are of `value_len` bytes.
    ///
    /// # Errors
    /// The region cannot hold `CAPACITY` records of that length, or cannot be read.
    pub fn mount(flash: Flash, owner: [u8; 8], value_len: usize) -> Result<Self, MountError> {
        let layout = Layout::new(&flash, value_len, CAPACITY)?;
        let mut store = Self { flash, layout, owner, active: None, index: Vec::new(), next: None };
        for bank in [0, 1] {
            let Some(header) = store.read_header(bank)? else { continue };
            if store.active.is_none_or(|active| active.sequence < header.sequence) {
                let mine = header == store.header(header.sequence);
                let owner = if mine { Owner::Mine } else { Owner::Other(header.owner) };
                store.active = Some(Active { bank, sequence: header.sequence, owner });
            }
        }
        if let Some(active) = store.active
            && active.owner == Owner::Mine
            && !store.read_index(active.bank)?
        {
            store.index.clear();
            store.active = Some(Active { owner: Owner::Other(owner), ..active });
        }
        Ok(store)
    }

    /// Whose records the region holds.
    pub fn owner(&self) -> Owner {
        self.active.map_or(Owner::Mine, |active| active.owner)
    }

    /// The number of records; 0 where they are another owner's.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are no records, or only another owner's.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The number of slots for records in a bank: between two moves there are as many changes, less the records moved.
    pub fn slots(&self) -> usize {
        self.layout.slots.into()
    }

    /// How often the records have moved to the other bank since the region was new. Each bank has been erased half as
    /// often, not counting moves that were cut off.
    pub fn moves(&self) -> u32 {
        self.active.map_or(0, |active| active.sequence)
    }

    /// The key of the `index`-th record, in the order in which the keys came, and its value into `value`.
    ///
    /// # Errors
    /// There is no such record, `value` is not as long as a value, or the flash gives back something else than was
    /// written.
    pub fn read(&mut self, index: usize, value: &mut [u8]) -> Result<Key, StoreError> {
        let (Some(active), Some(&slot)) = (self.active, self.index.get(index)) else {
            return Err(StoreError::Index);
        };
        if value.len() != self.layout.value_len() {
            return Err(StoreError::ValueLength);
        }
        match self.read_slot(active.bank, slot, Some(value))? {
            Some((Kind::Put, key)) => Ok(key),
            _ => Err(StoreError::Damaged),
        }
    }

    /// Adds a record, or replaces the value of the one with this key. After `Ok` it has been read back from the flash.
    /// After an error that the flash caused it is there or not, as the next mount will show; until then it is not.
    ///
    /// # Errors
    /// The key has no byte or more than [`MAX_KEY_LEN`], the value's length is not that of values, there are `CAPACITY`
    /// other records, they are another owner's, or the flash fails.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.check_owner()?;
        let key = Key::from_slice(key).map_err(|_| StoreError::KeyLength)?;
        if key.is_empty() {
            return Err(StoreError::KeyLength);
        }
        if value.len() != self.layout.value_len() {
            return Err(StoreError::ValueLength);
        }
        match self.position(&key)? {
            Some(position) => {
                let slot = self.append(Kind::Put, &key, value)?;
                self.index[position] = slot;
            }
            None if self.index.is_full() => return Err(StoreError::Full),
            None => {
                let slot = self.append(Kind::Put, &key, value)?;
                self.index.push(slot).map_err(|_| StoreError::Full)?;
            }
        }
        Ok(())
    }

    /// Removes the record with this key; false where there is none. Errors are as with [`Self::put`].
    ///
    /// # Errors
    /// The records are another owner's, or the flash fails.
    pub fn remove(&mut self, key: &[u8]) -> Result<bool, StoreError> {
        self.check_owner()?;
        let Ok(key) = Key::from_slice(key) else { return Ok(false) };
        let Some(position) = self.position(&key)? else {
            // That it is not there has to last, too, whatever was left half written.
            if self.active.is_some() && self.next.is_none() {
                self.move_to_other_bank(self.index.clone())?;
            }
            return Ok(false);
        };
        self.append(Kind::Remove, &key, &[])?;
        self.index.remove(position);
        Ok(true)
    }

    /// Removes all records, also those of another owner: from then on the region is this one's.
    ///
    /// # Errors
    /// The flash fails; the records are all there or all gone, as with [`Self::put`].
    pub fn clear(&mut self) -> Result<(), StoreError> {
        self.move_to_other_bank(Vec::new()).map(drop)
    }

    fn check_owner(&self) -> Result<(), StoreError> {
        if self.owner() == Owner::Mine { Ok(()) } else { Err(StoreError::OtherOwner) }
    }

    /// Where in the index the record with this key is.
    fn position(&mut self, key: &Key) -> Result<Option<usize>, NorFlashErrorKind> {
        let Some(active) = self.active else { return Ok(None) };
        for position in 0..self.index.len() {
            let offset = self.layout.slot(active.bank, self.index[position]);
            let mut start = [0; CHUNK];
            let start = &mut start[..self.layout.whole_words(VALUE)];
            self.read_flash(offset, start)?;
            if start[1..2 + key.len()].split_first() == Some((&(key.len() as u8), key)) {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// Reads all slots of a bank; false where they hold more records than the index can.
    fn read_index(&mut self, bank: u8) -> Result<bool, NorFlashErrorKind> {
        for slot in 0..self.layout.slots {
            let Some((kind, key)) = self.read_slot(bank, slot, None)? else { continue };
            match (kind, self.position(&key)?) {
                (Kind::Put, Some(position)) => self.index[position] = slot,
                (Kind::Put, None) => {
                    if self.index.push(slot).is_err() {
                        return Ok(false);
                    }
                }
                (Kind::Remove, Some(position)) => {
                    self.index.remove(position);
                }
                (Kind::Remove, None) => {}
            }
        }
        Ok(true)
    }

    /// What a slot holds, and its value into `value`. None: it is empty, or was cut off.
    fn read_slot(
        &mut self,
        bank: u8,
        slot: u16,
        mut value: Option<&mut [u8]>,
    ) -> Result<Option<(Kind, Key)>, NorFlashErrorKind> {
        let mut crc = CRC32.digest();
        let mut start = [0; VALUE];
        for at in (0..self.layout.slot_len()).step_by(CHUNK) {
            let mut chunk = [0; CHUNK];
            let chunk = &mut chunk[..CHUNK.min(self.layout.slot_len() - at)];
            self.read_flash(self.layout.slot(bank, slot) + at as u32, chunk)?;
            crc.update(chunk);
            if at == 0 {
                start.copy_from_slice(&chunk[..VALUE]);
            }
            if let Some(value) = &mut value {
                let (from, to) = (at.max(VALUE), (at + chunk.len()).min(VALUE + value.len()));
                if from < to {
                    value[from - VALUE..to - VALUE].copy_from_slice(&chunk[from - at..to - at]);
                }
            }
        }
        let [kind, key_len, key @ ..] = &start;
        let kind = match kind {
            1 => Kind::Put,
            2 => Kind::Remove,
            _ => return Ok(None),
        };
        let key = key.get(..usize::from(*key_len)).and_then(|key| Key::from_slice(key).ok());
        Ok(key.filter(|_| crc.finalize() == RESIDUE).map(|key| (kind, key)))
    }

    /// Writes a record to the next slot, and says to which.
    fn append(&mut self, kind: Kind, key: &Key, value: &[u8]) -> Result<u16, StoreError> {
        let (bank, slot) = match (self.active, self.next) {
            (Some(active), Some(slot)) if slot < self.layout.slots => (active.bank, slot),
            _ => self.move_to_other_bank(self.index.clone())?,
        };
        // Only what goes well has a next slot: a record that fails may be whole on the flash all the same, and would
        // count beside what came after it in this bank.
        self.next = None;
        let mut crc = CRC32.digest();
        for at in (0..self.layout.slot_len()).step_by(CHUNK) {
            let mut chunk = [0; CHUNK];
            let chunk = &mut chunk[..CHUNK.min(self.layout.slot_len() - at)];
            for (at, byte) in (at..).zip(&mut *chunk) {
                *byte = match at {
                    0 => kind as u8,
                    1 => key.len() as u8,
                    2..VALUE => key.get(at - 2).copied().unwrap_or(0),
                    _ => value.get(at - VALUE).copied().unwrap_or(0xff),
                };
            }
            let (body, end) = chunk.split_at_mut(chunk.len().min(self.layout.slot_len() - CRC_LEN - at));
            crc.update(body);
            end.copy_from_slice(&crc.clone().finalize().to_le_bytes()[..end.len()]);
            self.program(self.layout.slot(bank, slot) + at as u32, chunk)?;
        }
        self.next = Some(slot + 1);
        Ok(slot)
    }

    /// Erases the bank that does not count, copies the records in these slots to it, and makes it the one that counts.
    /// Which that is, and its first free slot.
    fn move_to_other_bank(&mut self, mut index: Vec<u16, CAPACITY>) -> Result<(u8, u16), StoreError> {
        // Where this fails, the other bank may count all the same: nothing may be added to this one.
        self.next = None;
        let (from, sequence) = self.active.map_or((1, 0), |active| (active.bank, active.sequence));
        let sequence = sequence.checked_add(1).ok_or(StoreError::WornOut)?;
        let to = 1 - from;
        self.erase(to)?;
        for (slot, source) in (0..).zip(&mut index) {
            self.copy_slot((from, *source), (to, slot))?;
            *source = slot;
        }
        let mut padded = [0xff; CHUNK];
        padded[..HEADER_LEN].copy_from_slice(&self.header(sequence).to_bytes());
        self.program(self.layout.bank(to), &padded[..self.layout.header_len()])?;
        self.active = Some(Active { bank: to, sequence, owner: Owner::Mine });
        let next = index.len() as u16;
        self.next = Some(next);
        self.index = index;
        Ok((to, next))
    }

    fn copy_slot(&mut self, from: (u8, u16), to: (u8, u16)) -> Result<(), StoreError> {
        let mut crc = CRC32.digest();
        for at in (0..self.layout.slot_len()).step_by(CHUNK) {
            let mut chunk = [0; CHUNK];
            let chunk = &mut chunk[..CHUNK.min(self.layout.slot_len() - at)];
            self.read_flash(self.layout.slot(from.0, from.1) + at as u32, chunk)?;
            crc.update(chunk);
            self.program(self.layout.slot(to.0, to.1) + at as u32, chunk)?;
        }
        if crc.finalize() == RESIDUE { Ok(()) } else { Err(StoreError::Damaged) }
    }

    /// The header that this mount writes.
    fn header(&self, sequence: u32) -> Header {
        let Layout { value_len, slot_len, .. } = self.layout;
        Header { version: VERSION, value_len, slot_len, sequence, owner: self.owner }
    }

    fn read_header(&mut self, bank: u8) -> Result<Option<Header>, NorFlashErrorKind> {
        let mut padded = [0; CHUNK];
        self.read_flash(self.layout.bank(bank), &mut padded[..self.layout.header_len()])?;
        Ok(padded.first_chunk().and_then(Header::from_bytes))
    }

    /// Erases a bank, and makes sure of it: a record left there would count.
    fn erase(&mut self, bank: u8) -> Result<(), StoreError> {
        let (from, to) = (self.layout.bank(bank), self.layout.bank(bank + 1));
        self.flash.erase(from, to).map_err(|error| error.kind())?;
        for offset in (from..to).step_by(CHUNK) {
            let mut chunk = [0; CHUNK];
            let chunk = &mut chunk[..CHUNK.min((to - offset) as usize)];
            self.read_flash(offset, chunk)?;
            if chunk.iter().any(|&byte| byte != 0xff) {
                return Err(StoreError::ReadBack);
            }
        }
        Ok(())
    }

    /// Programs whole words, at most [`CHUNK`] bytes, and reads them back.
    fn program(&mut self, offset: u32, bytes: &[u8]) -> Result<(), StoreError> {
        self.flash.write(offset, bytes).map_err(|error| error.kind())?;
        let mut read = [0; CHUNK];
        let read = &mut read[..bytes.len()];
        self.read_flash(offset, read)?;
        if read == bytes { Ok(()) } else { Err(StoreError::ReadBack) }
    }

    fn read_flash(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        self.flash.read(offset, bytes).map_err(|error| error.kind())
    }
}

/// What a record does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Put = 1,
    Remove = 2,
}

/// Bytes of a word: what reads and writes are multiples of.
const fn word<Flash: NorFlash>() -> usize {
    let [write, read] = [Flash::WRITE_SIZE, Flash::READ_SIZE];
    let larger = if write > read { write } else { read };
    if larger > CRC_LEN { larger } else { CRC_LEN }
}

/// Bytes of a record with a value of `value_len`, in whole words; `None` where no number is that large.
const fn slot_len(value_len: usize, word: usize) -> Option<usize> {
    VALUE.saturating_add(value_len).saturating_add(CRC_LEN).checked_next_multiple_of(word)
}

/// The most records with values of `value_len` bytes that a region of `region_len` bytes of such a flash holds: one fewer
/// than fit half of it, because a change has to fit behind them.
pub const fn most_records<Flash: NorFlash>(region_len: usize, value_len: usize) -> usize {
    let word = word::<Flash>();
    let bank = (region_len / 2).saturating_sub(HEADER_LEN.next_multiple_of(word));
    match slot_len(value_len, word) {
        Some(slot_len) => (bank / slot_len).saturating_sub(1),
        None => 0,
    }
}

/// Where things are in a region.
#[derive(Clone, Copy, Debug)]
struct Layout {
    bank_len: u32,
    /// Bytes of a word: what reads and writes are multiples of.
    word: u16,
    value_len: u16,
    slot_len: u16,
    /// Slots for records in a bank.
    slots: u16,
}

impl Layout {
    fn new<Flash: NorFlash>(flash: &Flash, value_len: usize, capacity: usize) -> Result<Self, MountError> {
        let word = word::<Flash>();
        let divides = |size: usize| size > 0 && word.is_multiple_of(size);
        if !divides(Flash::WRITE_SIZE) || !divides(Flash::READ_SIZE) || !CHUNK.is_multiple_of(word) {
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
        let most = most_records::<Flash>(flash.capacity(), value_len);
        if most < capacity.max(1) {
            return Err(MountError::TooSmall { most, wanted: capacity });
        }
        Ok(Self {
            bank_len: bank_len as u32,
            word: word as u16,
            value_len: value_len as u16,
            slot_len,
            slots: (most + 1).min(u16::MAX.into()) as u16,
        })
    }

    fn whole_words(&self, len: usize) -> usize {
        len.next_multiple_of(self.word.into())
    }

    fn header_len(&self) -> usize {
        self.whole_words(HEADER_LEN)
    }

    fn value_len(&self) -> usize {
        self.value_len.into()
    }

    fn slot_len(&self) -> usize {
        self.slot_len.into()
    }

    /// Where a bank begins.
    fn bank(&self, bank: u8) -> u32 {
        u32::from(bank) * self.bank_len
    }

    /// Where a slot begins.
    fn slot(&self, bank: u8, slot: u16) -> u32 {
        self.bank(bank) + self.header_len() as u32 + u32::from(slot) * u32::from(self.slot_len)
    }
}

/// What a bank begins with, and is written last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    version: u16,
    value_len: u16,
    slot_len: u16,
    sequence: u32,
    owner: [u8; 8],
}

impl Header {
    fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&self.version.to_le_bytes());
        bytes[6..8].copy_from_slice(&self.value_len.to_le_bytes());
        bytes[8..10].copy_from_slice(&self.slot_len.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.owner);
        let crc = CRC32.checksum(&bytes[..24]);
        bytes[24..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// None: it is none, or was cut off.
    fn from_bytes(bytes: &[u8; HEADER_LEN]) -> Option<Self> {
        if bytes[..4] != MAGIC || CRC32.checksum(bytes) != RESIDUE {
            return None;
        }
        let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let &[.., s0, s1, s2, s3, o0, o1, o2, o3, o4, o5, o6, o7, _, _, _, _] = bytes;
        Some(Self {
            version: u16_at(4),
            value_len: u16_at(6),
            slot_len: u16_at(8),
            sequence: u32::from_le_bytes([s0, s1, s2, s3]),
            owner: [o0, o1, o2, o3, o4, o5, o6, o7],
        })
    }
}

/// Why a region cannot be mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub enum MountError {
    /// The flash reads or writes in words of which 256 bytes are no multiple.
    WordSize,
    /// The region is not two times as many whole erase units, or more than 4 GiB.
    Region,
    /// Values this long do not fit into slots of 64 KiB.
    ValueLength,
    /// The region is too small.
    TooSmall {
        /// The most records that it holds.
        most: usize,
        /// The records that it shall hold.
        wanted: usize,
    },
    /// The flash could not be read.
    Flash(NorFlashErrorKind),
}

impl From<NorFlashErrorKind> for MountError {
    fn from(kind: NorFlashErrorKind) -> Self {
        Self::Flash(kind)
    }
}

impl fmt::Display for MountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WordSize => f.write_str("the flash's words are of a size that is not supported"),
            Self::Region => f.write_str("the region is not two banks of whole erase units"),
            Self::ValueLength => f.write_str("the values are too long"),
            Self::TooSmall { most, wanted } => {
                write!(f, "the region holds {most} records and shall hold {wanted}")
            }
            Self::Flash(kind) => write!(f, "the flash cannot be read: {kind}"),
        }
    }
}

impl core::error::Error for MountError {}

/// Why a record cannot be read or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub enum StoreError {
    /// The region holds another owner's records.
    OtherOwner,
    /// There are as many records as there may be.
    Full,
    /// There is no record of this index.
    Index,
    /// The key has no byte, or too many.
    KeyLength,
    /// The value is not as long as values are.
    ValueLength,
    /// A record is no longer what was written. The next mount leaves it out.
    Damaged,
    /// The flash took what was written or erased, and gave back something else.
    ReadBack,
    /// The records have moved 2³² - 1 times.
    WornOut,
    /// The flash refused to read, write or erase.
    Flash(NorFlashErrorKind),
}

impl From<NorFlashErrorKind> for StoreError {
    fn from(kind: NorFlashErrorKind) -> Self {
        Self::Flash(kind)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherOwner => f.write_str("the records belong to another owner"),
            Self::Full => f.write_str("there is no room for another record"),
            Self::Index => f.write_str("there is no such record"),
            Self::KeyLength => write!(f, "a key has 1 to {MAX_KEY_LEN} bytes"),
            Self::ValueLength => f.write_str("the value is of another length"),
            Self::Damaged => f.write_str("the record is damaged"),
            Self::ReadBack => f.write_str("the flash does not hold what was written"),
            Self::WornOut => f.write_str("the records have moved too often"),
            Self::Flash(kind) => write!(f, "the flash fails: {kind}"),
        }
    }
}

impl core::error::Error for StoreError {}
