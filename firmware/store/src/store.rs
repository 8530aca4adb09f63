//! The store: records in slots, and an index of those that count.

use crate::{
    crc32::{CRC_LEN, CRC32, RESIDUE},
    error::{MountError, StoreError},
    header::{COPIES, HEADER_LEN, Header, VERSION},
    key::Key,
    layout::{CHUNK, Layout, VALUE, word},
};
use embedded_storage::nor_flash::{NorFlash, NorFlashError, NorFlashErrorKind};
use heapless::Vec;

/// Up to `CAPACITY` records, each with a key and a value of one length, in a region of NOR flash.
///
/// A change is made as a whole or not at all, whenever the power is cut. It lasts once it is
/// acknowledged.
///
/// ```
/// use tinytriplet_store::{MemoryFlash, Store};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut memory = [0xff; 2 * 4096];
/// let mut store = Store::<_, 8>::mount(MemoryFlash::new(&mut memory), *b"settings", 4)?;
/// store.put(b"baud", &115_200_u32.to_le_bytes())?;
/// store.put(b"volume", &7_u32.to_le_bytes())?;
/// store.remove(b"volume")?;
///
/// // After a reset or a power cut, the store is mounted again.
/// let mut store = Store::<_, 8>::mount(MemoryFlash::new(&mut memory), *b"settings", 4)?;
/// let mut value = [0; 4];
/// assert_eq!(store.len(), 1);
/// assert_eq!(store.read(0, &mut value)?, b"baud");
/// assert_eq!(u32::from_le_bytes(value), 115_200);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Store<Flash, const CAPACITY: usize> {
    flash: Flash,
    layout: Layout,
    owner: [u8; 8],
    active: Option<Active>,
    /// The slots of the records that count, in the order in which their keys came.
    index: Vec<u16, CAPACITY>,
    /// The slot for the next record, if this mount has erased it and nothing has gone wrong since.
    next: Option<u16>,
    /// Faults that were found.
    damage: u16,
    /// Compactions that are allowed.
    allowed: u32,
}

/// The bank that counts.
#[derive(Clone, Copy, Debug)]
struct Active {
    bank: u8,
    sequence: u32,
    owner: Owner,
}

/// The owner of a region's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Owner {
    /// The owner that the store was mounted for. A region without records has this owner, too.
    Mine,
    /// The owner given here. This mount can neither read nor change its records, but it can
    /// [`Store::clear`] them. It is the mount's own name where it wrote values of another length,
    /// more records than now fit, or a later version of the layout.
    Other([u8; 8]),
}

impl<Flash: NorFlash, const CAPACITY: usize> Store<Flash, CAPACITY> {
    /// Reads the records that the flash holds, and writes nothing. `flash` is the region, from
    /// offset 0 to its capacity. `owner` tells records of this use of the region from those of
    /// another. All values have `value_len` bytes.
    ///
    /// # Errors
    /// Returns [`MountError::WordSize`], [`MountError::Region`], [`MountError::ValueLength`] or
    /// [`MountError::TooSmall`] if such a region cannot hold `CAPACITY` records of that length, and
    /// [`MountError::Flash`] if it cannot be read.
    pub fn mount(flash: Flash, owner: [u8; 8], value_len: usize) -> Result<Self, MountError> {
        Self::mount_in_words(flash, owner, value_len, word::<Flash>(), CAPACITY)
    }

    /// As [`mount`](Self::mount), where the program learns only when it runs how long the words of
    /// the flash are, and how many records it has room for. Words have `word` bytes, a multiple of 4
    /// and of what `Flash` says; at most `most` records are kept, and at most `CAPACITY`.
    ///
    /// # Errors
    /// As for [`mount`](Self::mount).
    pub fn mount_in_words(
        flash: Flash,
        owner: [u8; 8],
        value_len: usize,
        word: usize,
        most: usize,
    ) -> Result<Self, MountError> {
        let layout = Layout::new(&flash, value_len, word, most.min(CAPACITY))?;
        let mut store = Self {
            flash,
            layout,
            owner,
            active: None,
            index: Vec::new(),
            next: None,
            damage: 0,
            allowed: u32::MAX,
        };
        for bank in [0, 1] {
            let Some((header, is_whole)) = store.read_header(bank)? else { continue };
            if store.active.is_none_or(|active| active.sequence < header.sequence) {
                let mine = header == Header { damage: header.damage, ..store.header(header.sequence) };
                let owner = if mine { Owner::Mine } else { Owner::Other(header.owner) };
                store.active = Some(Active { bank, sequence: header.sequence, owner });
                store.damage = header.damage.saturating_add(u16::from(!is_whole));
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

    /// Returns the owner of the region's records.
    pub fn owner(&self) -> Owner {
        self.active.map_or(Owner::Mine, |active| active.owner)
    }

    /// Returns the number of records, 0 if they belong to another owner.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Returns true if there are no records, or only another owner's.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Returns the number of slots for records in a bank. Between two compactions there are as many
    /// changes, less the records that the first of them copied.
    pub fn slots(&self) -> usize {
        self.layout.slots.into()
    }

    /// Returns how often the records have been copied to the other bank since the region was new.
    /// Each bank has been erased half as often, not counting compactions that were cut off.
    pub fn compactions(&self) -> u32 {
        self.active.map_or(0, |active| active.sequence)
    }

    /// Allows this many compactions from now on: a change that would need another one is refused with
    /// [`StoreError::Resting`], so that a program can limit how fast the flash wears out. A mount
    /// allows 2³² - 1.
    pub fn allow(&mut self, compactions: u32) {
        self.allowed = compactions;
    }

    /// Returns the number of compactions that are still allowed.
    pub fn allowed(&self) -> u32 {
        self.allowed
    }

    /// Returns the number of faults that were found since the region was new or [cleared](Self::clear):
    /// headers and records that are not as they were written. A header is there twice, and one copy is
    /// enough; a damaged record is lost, and its key has its former value, or none. A power cut in the
    /// middle of a change leaves a record, or a header, that cannot be told from a damaged one, and
    /// counts, too.
    ///
    /// No fault of a single bit or word goes unnoticed.
    pub fn damage(&self) -> u16 {
        self.damage
    }

    /// Reads the `index`-th record, in the order in which the keys came: returns its key, and
    /// copies its value into `value`.
    ///
    /// # Errors
    /// Returns [`StoreError::Index`] if there is no such record, [`StoreError::ValueLength`] if
    /// `value` is not as long as a value, [`StoreError::Damaged`] if the flash gives back something
    /// else than was written, and [`StoreError::Flash`] if it cannot be read.
    pub fn read(&mut self, index: usize, value: &mut [u8]) -> Result<Key, StoreError> {
        let (Some(active), Some(&slot)) = (self.active, self.index.get(index)) else {
            return Err(StoreError::Index);
        };
        if value.len() != self.layout.value_len() {
            return Err(StoreError::ValueLength);
        }
        match self.read_slot(active.bank, slot, Some(value))? {
            Slot::Whole(Kind::Put, key) => Ok(key),
            _ => Err(StoreError::Damaged),
        }
    }

    /// Adds a record, or replaces the value of the one with this key. After `Ok` it has been read
    /// back from the flash. After an error that the flash caused, this mount does not have it; the
    /// next mount may.
    ///
    /// # Errors
    /// Returns [`StoreError::KeyLength`] if the key has no byte or more than [`MAX_KEY_LEN`](crate::MAX_KEY_LEN),
    /// [`StoreError::ValueLength`] if the value is not as long as a value, [`StoreError::Full`] if
    /// there are as many other records as it may have, and [`StoreError::OtherOwner`] if the records are
    /// another owner's. Returns [`StoreError::Flash`], [`StoreError::ReadBack`],
    /// [`StoreError::Damaged`] or [`StoreError::WornOut`] if the flash fails, and
    /// [`StoreError::Resting`] if it may not be [erased](Self::allow).
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
            None if self.is_full() => return Err(StoreError::Full),
            None => {
                let slot = self.append(Kind::Put, &key, value)?;
                self.index.push(slot).map_err(|_| StoreError::Full)?;
            }
        }
        Ok(())
    }

    /// Removes the record with this key. Returns false if there is no such record.
    ///
    /// # Errors
    /// Returns [`StoreError::OtherOwner`] if the records are another owner's. If the flash fails or
    /// may not be erased, the errors and what they mean are those of [`Self::put`].
    pub fn remove(&mut self, key: &[u8]) -> Result<bool, StoreError> {
        self.check_owner()?;
        let Ok(key) = Key::from_slice(key) else { return Ok(false) };
        let Some(position) = self.position(&key)? else {
            // Its absence has to last, too, whatever was left half written.
            if self.active.is_some() && self.next.is_none() {
                self.compact(self.index.clone())?;
            }
            return Ok(false);
        };
        self.append(Kind::Remove, &key, &[])?;
        self.index.remove(position);
        Ok(true)
    }

    /// Removes all records, also those of another owner. From then on the region belongs to this
    /// owner. What is clear already is left alone, and not worn.
    ///
    /// # Errors
    /// Returns the errors of [`Self::put`] if the flash fails or may not be erased. The records are
    /// then all there or all gone.
    pub fn clear(&mut self) -> Result<(), StoreError> {
        // After a change of this mount, the absence of records is read back, and lasts.
        if self.owner() == Owner::Mine && self.is_empty() && self.next.is_some() && self.damage == 0 {
            return Ok(());
        }
        let damage = core::mem::take(&mut self.damage);
        let cleared = self.compact(Vec::new());
        if cleared.is_err() {
            self.damage = damage;
        }
        cleared.map(drop)
    }

    fn is_full(&self) -> bool {
        self.index.len() >= self.layout.most.into()
    }

    fn check_owner(&self) -> Result<(), StoreError> {
        if self.owner() == Owner::Mine { Ok(()) } else { Err(StoreError::OtherOwner) }
    }

    /// Returns the position in the index of the record with this key.
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

    /// Reads all slots of a bank. Returns false if they hold more records than the index can.
    fn read_index(&mut self, bank: u8) -> Result<bool, NorFlashErrorKind> {
        for slot in 0..self.layout.slots {
            let (kind, key) = match self.read_slot(bank, slot, None)? {
                Slot::Whole(kind, key) => (kind, key),
                Slot::Broken => {
                    self.damage = self.damage.saturating_add(1);
                    continue;
                }
                Slot::Erased => continue,
            };
            match (kind, self.position(&key)?) {
                (Kind::Put, Some(position)) => self.index[position] = slot,
                (Kind::Put, None) => {
                    if self.is_full() || self.index.push(slot).is_err() {
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

    /// Reads a slot, and copies its value into `value`.
    fn read_slot(
        &mut self,
        bank: u8,
        slot: u16,
        mut value: Option<&mut [u8]>,
    ) -> Result<Slot, NorFlashErrorKind> {
        let mut crc = CRC32.digest();
        let mut start = [0; VALUE];
        let mut is_erased = true;
        for at in (0..self.layout.slot_len()).step_by(CHUNK) {
            let mut chunk = [0; CHUNK];
            let chunk = &mut chunk[..CHUNK.min(self.layout.slot_len() - at)];
            self.read_flash(self.layout.slot(bank, slot) + at as u32, chunk)?;
            crc.update(chunk);
            is_erased &= chunk.iter().all(|&byte| byte == 0xff);
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
            _ if is_erased => return Ok(Slot::Erased),
            _ => return Ok(Slot::Broken),
        };
        let key = key.get(..usize::from(*key_len)).and_then(|key| Key::from_slice(key).ok());
        let key = key.filter(|_| crc.finalize() == RESIDUE);
        Ok(key.map_or(Slot::Broken, |key| Slot::Whole(kind, key)))
    }

    /// Writes a record to the next slot, and returns the slot.
    fn append(&mut self, kind: Kind, key: &Key, value: &[u8]) -> Result<u16, StoreError> {
        let (bank, slot) = match (self.active, self.next) {
            (Some(active), Some(slot)) if slot < self.layout.slots => (active.bank, slot),
            _ => self.compact(self.index.clone())?,
        };
        // There is a next slot only after success. A record that fails may be whole on the flash
        // all the same, and would then count beside those that came after it in this bank.
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

    /// Erases the bank that does not count, copies the records in these slots to it, and makes it
    /// the one that counts. Returns that bank and its first free slot.
    fn compact(&mut self, mut index: Vec<u16, CAPACITY>) -> Result<(u8, u16), StoreError> {
        let allowed = self.allowed.checked_sub(1).ok_or(StoreError::Resting)?;
        let (from, sequence) = self.active.map_or((1, 0), |active| (active.bank, active.sequence));
        let sequence = sequence.checked_add(1).ok_or(StoreError::WornOut)?;
        self.allowed = allowed;
        // If this fails, the other bank may count all the same: nothing may be added to this one.
        self.next = None;
        let to = 1 - from;
        self.erase(to)?;
        for (slot, source) in (0..).zip(&mut index) {
            self.copy_slot((from, *source), (to, slot))?;
            *source = slot;
        }
        let mut padded = [0xff; CHUNK];
        padded[..HEADER_LEN].copy_from_slice(&self.header(sequence).to_bytes());
        for copy in 0..COPIES {
            self.program(self.layout.header(to, copy), &padded[..self.layout.header_len()])?;
        }
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

    /// Returns the header that this mount writes.
    fn header(&self, sequence: u32) -> Header {
        let Layout { value_len, slot_len, .. } = self.layout;
        Header { version: VERSION, value_len, slot_len, damage: self.damage, sequence, owner: self.owner }
    }

    /// Returns a bank's header, if it has one, and whether both copies of it are whole.
    fn read_header(&mut self, bank: u8) -> Result<Option<(Header, bool)>, NorFlashErrorKind> {
        let mut copies = [None; COPIES];
        for (copy, header) in copies.iter_mut().enumerate() {
            let mut padded = [0; CHUNK];
            self.read_flash(self.layout.header(bank, copy), &mut padded[..self.layout.header_len()])?;
            *header = padded.first_chunk().and_then(Header::from_bytes);
        }
        let [first, second] = copies;
        Ok(first.or(second).map(|header| (header, first == second)))
    }

    /// Erases a bank and checks that it is erased: a record left there would count.
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

/// The content of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    /// Nothing has been written.
    Erased,
    /// A record that was cut off, or is damaged.
    Broken,
    /// A record.
    Whole(Kind, Key),
}

/// The effect of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Put = 1,
    Remove = 2,
}
