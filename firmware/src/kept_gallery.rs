//! A gallery that outlasts the power: every change is stored, and read back, before it counts.

use crate::storage::{Owner, Store, StoreError};
use embedded_storage::nor_flash::NorFlash;
use shared_model::{
    Gallery, Model,
    wire::{GalleryInfo, RequestError, Storage},
};

/// A gallery in RAM, and the same in flash where the board has one for it.
#[derive(Debug)]
pub struct KeptGallery<'m, Flash, const CAPACITY: usize> {
    gallery: Gallery<'m>,
    store: Option<Store<Flash, CAPACITY>>,
    storage: Storage,
    /// Room for the value of an entry.
    value: &'m mut [u8],
}

impl<'m, Flash: NorFlash, const CAPACITY: usize> KeptGallery<'m, Flash, CAPACITY> {
    /// Loads what `flash` holds into `gallery`, which is empty and holds `CAPACITY` entries. `value` has
    /// [`Gallery::value_len`] bytes; what is in there does not matter.
    pub fn load(model: &Model<'_>, gallery: Gallery<'m>, flash: Option<Flash>, value: &'m mut [u8]) -> Self {
        let mut kept = Self { gallery, store: None, storage: Storage::Ram, value };
        let Some(flash) = flash else { return kept };
        match Store::mount(flash, model.hash(), kept.gallery.value_len()) {
            Ok(store) => {
                let store = kept.store.insert(store);
                kept.storage = match store.owner() {
                    Owner::Other(hash) => Storage::OtherModel(hash),
                    Owner::Mine => Storage::Flash,
                };
                if kept.read_all().is_err() {
                    kept.gallery.clear();
                    kept.storage = Storage::Failed;
                }
            }
            Err(error) => {
                log!(error, "no gallery: {}", error);
                kept.storage = Storage::Failed;
            }
        }
        kept
    }

    fn read_all(&mut self) -> Result<(), RequestError> {
        let Some(store) = &mut self.store else { return Ok(()) };
        for index in 0..store.len() {
            let key = store.read(index, self.value).map_err(stored)?;
            // Only labels are written, so that this is one.
            let label = str::from_utf8(&key).map_err(|_| RequestError::Storage)?;
            self.gallery.insert(label, self.value)?;
        }
        Ok(())
    }

    /// The entries.
    ///
    /// # Errors
    /// There is no gallery of this model.
    pub fn get(&self) -> Result<&Gallery<'m>, RequestError> {
        match self.storage {
            Storage::Ram | Storage::Flash => Ok(&self.gallery),
            Storage::OtherModel(_) | Storage::Failed => Err(RequestError::NoGallery(self.storage)),
        }
    }

    /// What there is to say of it.
    pub fn info(&self) -> GalleryInfo {
        GalleryInfo {
            len: self.gallery.len() as u16,
            capacity: self.gallery.capacity() as u16,
            exemplars: self.gallery.exemplars() as u16,
            storage: self.storage,
        }
    }

    /// Adds an image's embedding to the entry of `label`, and returns how many the entry is made of then.
    ///
    /// # Errors
    /// As [`Gallery::enrolled`]; there is no gallery; or it could not be stored. Nothing has changed then.
    pub fn enrol(&mut self, label: &str, embedding: &[u8]) -> Result<u32, RequestError> {
        self.get()?;
        let count = self.gallery.enrolled(label, embedding, self.value)?;
        if let Some(store) = &mut self.store {
            store.put(label.as_bytes(), self.value).map_err(stored)?;
        }
        self.gallery.insert(label, self.value)?;
        Ok(count)
    }

    /// Puts an entry in, in place of the one of its label if there is one.
    ///
    /// # Errors
    /// As [`Gallery::insert`]; there is no gallery; or it could not be stored. Nothing has changed then.
    pub fn import(&mut self, label: &str, value: &[u8]) -> Result<(), RequestError> {
        self.get()?;
        self.gallery.check(label, value)?;
        if let Some(store) = &mut self.store {
            store.put(label.as_bytes(), value).map_err(stored)?;
        }
        Ok(self.gallery.insert(label, value)?)
    }

    /// Takes an entry out.
    ///
    /// # Errors
    /// There is no such entry, or no gallery; or that could not be stored. Nothing has changed then.
    pub fn forget(&mut self, label: &str) -> Result<(), RequestError> {
        if self.get()?.find(label).is_none() {
            return Err(RequestError::NoEntry);
        }
        if let Some(store) = &mut self.store {
            store.remove(label.as_bytes()).map_err(stored)?;
        }
        self.gallery.remove(label);
        Ok(())
    }

    /// Takes all entries out, those of another model too: from then on the flash is this one's.
    ///
    /// # Errors
    /// That could not be stored.
    pub fn clear(&mut self) -> Result<(), RequestError> {
        match &mut self.store {
            Some(store) => {
                store.clear().map_err(stored)?;
                self.storage = Storage::Flash;
            }
            None if self.storage == Storage::Failed => return Err(RequestError::NoGallery(self.storage)),
            None => {}
        }
        self.gallery.clear();
        Ok(())
    }
}

fn stored(error: StoreError) -> RequestError {
    log!(error, "{}", error);
    RequestError::Storage
}
