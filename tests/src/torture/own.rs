//! The firmware's store under torture.

use super::{Candidate, Contents, Failure, Gallery};
use crate::nor_flash::{SimulatedFlash, Step};
use embedded_storage::nor_flash::{NorFlashErrorKind, ReadNorFlash as _};
use tinytriplet_store::{MountError, Store, StoreError};

/// The firmware's store, for so many records.
pub struct Own<const CAPACITY: usize>;

const OWNER: [u8; 8] = *b"torture!";

impl<const CAPACITY: usize, const WORD: usize, const UNIT: usize> Candidate<WORD, UNIT> for Own<CAPACITY> {
    fn format(flash: &mut SimulatedFlash<WORD, UNIT>) {
        flash.name_steps(|flash, step| {
            let bank_len = flash.capacity() / 2;
            // Two copies, each of whole words.
            let headers = 2 * 28_usize.next_multiple_of(WORD.max(4));
            match step {
                Step::Erase(_) => "erase",
                Step::Program(offset) if offset % bank_len < headers => "header",
                Step::Program(offset) if flash.is_programmed(offset - offset % bank_len) => "record",
                Step::Program(_) => "copy",
            }
        });
    }

    fn mount<'f>(
        flash: &'f mut SimulatedFlash<WORD, UNIT>,
        value_len: usize,
    ) -> Result<Box<dyn Gallery + 'f>, Failure> {
        match Store::<_, CAPACITY>::mount(flash, OWNER, value_len) {
            Ok(store) => Ok(Box::new(OwnGallery { store, value: vec![0; value_len] })),
            Err(MountError::Flash(NorFlashErrorKind::Other)) => Err(Failure::Flash),
            Err(error) => Err(Failure::Broken(error.to_string())),
        }
    }

    fn ram(_: usize) -> usize {
        size_of::<Store<(), CAPACITY>>()
    }
}

struct OwnGallery<Flash, const CAPACITY: usize> {
    store: Store<Flash, CAPACITY>,
    value: Vec<u8>,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Flash(NorFlashErrorKind::Other) => Self::Flash,
            StoreError::Full => Self::Full,
            error => Self::Broken(error.to_string()),
        }
    }
}

impl<const CAPACITY: usize, const WORD: usize, const UNIT: usize> Gallery
    for OwnGallery<&mut SimulatedFlash<WORD, UNIT>, CAPACITY>
{
    fn contents(&mut self) -> Result<Contents, Failure> {
        let Self { store, value } = self;
        (0..store.len()).map(|index| Ok((store.read(index, value)?.to_vec(), value.clone()))).collect()
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        Ok(self.store.put(key, value)?)
    }

    fn remove(&mut self, key: &[u8]) -> Result<bool, Failure> {
        Ok(self.store.remove(key)?)
    }

    fn clear(&mut self) -> Result<(), Failure> {
        Ok(self.store.clear()?)
    }
}
